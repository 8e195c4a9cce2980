//! The format of `allowed_signers`: who may sign with which SSH key, for what and when.

use jiff::Timestamp;
use jiff::civil::DateTime;
use ssh_key::PublicKey;

/// Lines of a file.
const LINES_MAX: usize = 100_000;

/// A line of it.
#[derive(Clone, Debug)]
pub(crate) struct AllowedSigner {
    pub(crate) principals: String,
    pub(crate) key: PublicKey,
    /// What the key may sign, in patterns; everything if there is none.
    pub(crate) namespaces: Vec<String>,
    pub(crate) valid_after: Option<Timestamp>,
    pub(crate) valid_before: Option<Timestamp>,
}

/// Returns the signers, and what can't be used.
pub(crate) fn parse(text: &str) -> (Vec<AllowedSigner>, Vec<String>) {
    let mut signers = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate().take(LINES_MAX) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match signer(line) {
            Ok(signer) => signers.push(signer),
            Err(why) => problems.push(format!("line {}: {why}", number + 1)),
        }
    }
    (signers, problems)
}

/// Takes the next word; quotes keep blanks together and are kept.
fn word<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    let (word, after) = text.split_at(end.unwrap_or(text.len()));
    *rest = after;
    word
}

fn signer(line: &str) -> Result<AllowedSigner, String> {
    let mut rest = line;
    let principals = word(&mut rest).trim_matches('"').to_owned();
    let mut options = "";
    let before = rest;
    let first = word(&mut rest);
    // What isn't the beginning of a key are options.
    let key = match PublicKey::from_openssh(before.trim_start()) {
        Ok(key) => Ok(key),
        Err(_) => {
            options = first;
            PublicKey::from_openssh(rest.trim_start())
        }
    };
    let key = key.map_err(|error| format!("the key can't be read: {error}"))?;
    let mut signer = AllowedSigner {
        principals,
        key,
        namespaces: Vec::new(),
        valid_after: None,
        valid_before: None,
    };
    let mut quoted = false;
    let options = options.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    for option in options.filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => signer.namespaces = value.split(',').map(str::to_owned).collect(),
            "valid-after" => signer.valid_after = Some(time(value)?),
            "valid-before" => signer.valid_before = Some(time(value)?),
            "cert-authority" => return Err("certificates aren't supported".to_owned()),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(signer)
}

/// Reads `YYYYMMDD[HHMM[SS]][Z]`, as UTC with or without the letter.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time");
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let is_long_enough = matches!(digits.len(), 8 | 12 | 14);
    if !is_long_enough || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let part = |from: usize, to: usize| {
        digits
            .get(from..to)
            .map_or(Ok(0), str::parse::<i16>)
            .map_err(|_| wrong())
    };
    let small =
        |from: usize, to: usize| part(from, to).and_then(|n| i8::try_from(n).map_err(|_| wrong()));
    let (hour, minute, second) = (small(8, 10)?, small(10, 12)?, small(12, 14)?);
    let time = DateTime::new(
        part(0, 4)?,
        small(4, 6)?,
        small(6, 8)?,
        hour,
        minute,
        second,
        0,
    );
    let time = time.map_err(|_| wrong())?;
    jiff::tz::Offset::UTC
        .to_timestamp(time)
        .map_err(|_| wrong())
}
