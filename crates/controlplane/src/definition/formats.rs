//! Formats of strings. What isn't known fits everything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr as _;

use base64::Engine as _;

/// Returns true if a text is of a format.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => date_time(text),
        "date" => date(text),
        "ipv4" => Ipv4Addr::from_str(text).is_ok(),
        "ipv6" => text.contains(':') && Ipv6Addr::from_str(text).is_ok(),
        "cidr" => cidr(text),
        "mac" => mac(text),
        "uri" => uri(text),
        "email" => email(text),
        "hostname" => hostname(text),
        "uuid" => uuid(text, None),
        "uuid3" => uuid(text, Some(b'3')),
        "uuid4" => uuid(text, Some(b'4')),
        "uuid5" => uuid(text, Some(b'5')),
        "byte" => base64::engine::general_purpose::STANDARD
            .decode(text)
            .is_ok(),
        "duration" => duration(text),
        "k8s-short-name" => text.len() <= 63 && crate::rules::is_label(text),
        "k8s-long-name" => text.len() <= 253 && text.split('.').all(crate::rules::is_label),
        _ => true,
    }
}

fn date(text: &str) -> bool {
    text.len() == 10 && jiff::civil::Date::from_str(text).is_ok()
}

fn date_time(text: &str) -> bool {
    let Some((day, time)) = text.split_once(['T', 't', ' ']) else {
        return false;
    };
    let zone = time.ends_with(['Z', 'z'])
        || time
            .rfind(['+', '-'])
            .is_some_and(|at| at > 0 && time.len() - at == 6);
    date(day) && zone && text.to_uppercase().parse::<jiff::Timestamp>().is_ok()
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let Ok(address) = IpAddr::from_str(address) else {
        return false;
    };
    let max = if address.is_ipv4() { 32 } else { 128 };
    !bits.is_empty()
        && bits.bytes().all(|b| b.is_ascii_digit())
        && (bits == "0" || !bits.starts_with('0'))
        && bits.parse::<u8>().is_ok_and(|b| b <= max)
}

fn mac(text: &str) -> bool {
    let groups = |separator: char, digits: usize, counts: &[usize]| {
        let parts: Vec<&str> = text.split(separator).collect();
        counts.contains(&parts.len())
            && parts
                .iter()
                .all(|p| p.len() == digits && p.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    groups(':', 2, &[6, 8, 20]) || groups('-', 2, &[6, 8, 20]) || groups('.', 4, &[3, 4, 10])
}

/// A URI of a request: absolute, or a path from the root.
fn uri(text: &str) -> bool {
    let bad = |c: char| c.is_control() || c == ' ';
    if text.is_empty() || text.contains(bad) {
        return false;
    }
    if text.starts_with('/') {
        return true;
    }
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
}

fn email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    !name.is_empty()
        && name.split('.').all(|part| !part.is_empty())
        && name.chars().all(plain)
        && !domain.is_empty()
        && domain
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// One label, or several of which the last has two letters or more.
fn hostname(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if text.len() > 255 || !text.split('.').all(label) {
        return false;
    }
    match text.rsplit_once('.') {
        None => true,
        Some((_, last)) => last.chars().count() >= 2 && last.chars().all(char::is_alphabetic),
    }
}

fn uuid(text: &str, version: Option<u8>) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let dashes = text.len() - digits.len();
    let placed = || {
        [8, 13, 18, 23]
            .iter()
            .all(|i| text.as_bytes().get(*i) == Some(&b'-'))
    };
    digits.len() == 32
        && digits.iter().all(u8::is_ascii_hexdigit)
        && (dashes == 0 || dashes == 4 && placed())
        && version.is_none_or(|v| digits[12] == v)
}

/// A duration as Go writes it (`1h30m`), or a number and a word (`2 weeks`).
fn duration(text: &str) -> bool {
    let text = text.trim().strip_prefix(['-', '+']).unwrap_or(text.trim());
    if text == "0" {
        return true;
    }
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() {
        let number = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        if number == 0 || !rest[..number].bytes().any(|b| b.is_ascii_digit()) {
            return false;
        }
        let after = rest[number..].trim_start();
        let unit = after
            .find(|c: char| !c.is_alphabetic() && c != '\u{b5}')
            .unwrap_or(after.len());
        const UNITS: [&str; 30] = [
            "ns",
            "nano",
            "nanos",
            "nanosecond",
            "nanoseconds",
            "us",
            "\u{b5}s",
            "\u{3bc}s",
            "micro",
            "micros",
            "microsecond",
            "microseconds",
            "ms",
            "milli",
            "millis",
            "millisecond",
            "milliseconds",
            "s",
            "sec",
            "secs",
            "second",
            "seconds",
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "h",
            "hr",
            "hour",
        ];
        const LONG: [&str; 8] = ["hours", "hrs", "d", "day", "days", "w", "week", "weeks"];
        let word = &after[..unit];
        if !UNITS.contains(&word) && !LONG.contains(&word) && word != "wk" {
            return false;
        }
        rest = &after[unit..];
        parts += 1;
    }
    parts > 0
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn formats_tell_what_fits() {
        let cases = [
            ("date-time", "2024-01-01T00:00:00Z", "2024-01-01"),
            (
                "date-time",
                "2024-01-01T00:00:00.5+02:00",
                "2024-13-01T00:00:00Z",
            ),
            ("date", "2024-02-29", "2023-02-29"),
            ("ipv4", "1.2.3.4", "1.2.3"),
            ("ipv6", "::1", "1.2.3.4"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "00:1a:2b:3c:4d:5e", "00:1a:2b"),
            ("uri", "https://a/b", "a b"),
            ("email", "a@b.c", "a.b.c"),
            ("hostname", "a.example", "a.b"),
            ("uuid", "11111111-1111-1111-1111-111111111111", "1111"),
            ("byte", "YQ==", "not base64!"),
            ("duration", "1h30m", "an hour"),
        ];
        for (format, good, bad) in cases {
            assert!(fits(format, good), "{format} {good}");
            assert!(!fits(format, bad), "{format} {bad}");
        }
        assert!(fits("password", "anything"));
    }
}
