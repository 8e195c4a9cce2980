//! Streams of manifests, cut and read as `kubectl` and Argo CD do it.
//!
//! A stream that begins with `{` is JSON, one value after the other; at the first thing that isn't
//! JSON, the rest is YAML. A YAML stream is cut at lines that begin with `---`, wherever they stand.

mod json;

use crate::error::{Error, ErrorKind};
use crate::lines::Lines;
use crate::v2::{self, Duplicate};
use value::Value;

/// What a document's error begins with.
const PREFIX: &str = "error converting YAML to JSON: yaml: ";
const PREFIX_CONVERSION: &str = "error converting YAML to JSON: ";

/// Bytes in which the first `{` must come for the stream to be JSON.
const GUESS_BYTES: usize = 4096;

/// One document of a stream.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it says; `null` if it is empty.
    pub value: Value,
    /// Where its parts stand in the file.
    pub lines: Lines,
    /// The line of the file on which it begins, from 1.
    pub line: u32,
    /// Keys that occur twice in one mapping; the later one is in `value`.
    pub duplicates: Vec<Duplicate>,
}

/// Reads all documents of a file.
///
/// # Errors
/// Fails at the first document that can't be read, with its line in the file.
pub fn manifests(text: &[u8]) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    read(text, &mut documents)?;
    Ok(documents)
}

/// Reads the documents of a file up to the first that can't be read, and says what is wrong with it.
#[must_use]
pub fn manifests_until_error(text: &[u8]) -> (Vec<Document>, Option<Error>) {
    let mut documents = Vec::new();
    let error = read(text, &mut documents).err();
    (documents, error)
}

/// Reads JSON values, one after the other, and nothing else.
///
/// # Errors
/// Fails at the first thing that isn't JSON.
pub fn json_documents(text: &[u8]) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    match json::documents(text, &mut documents) {
        None => Ok(documents),
        Some((_, error)) => Err(error),
    }
}

fn read(text: &[u8], documents: &mut Vec<Document>) -> Result<(), Error> {
    let head = &text[..text.len().min(GUESS_BYTES)];
    if String::from_utf8_lossy(head).trim_start().starts_with('{') {
        let rest = json::documents(text, documents);
        if let Some((from, error)) = rest {
            // After the second document there is no way back to YAML.
            if documents.len() > 1 {
                return Err(error);
            }
            return yaml_documents(text, from, documents).map_err(|_| error);
        }
        return Ok(());
    }
    yaml_documents(text, 0, documents)
}

/// Reads `text` from `from` on.
fn yaml_documents(text: &[u8], from: usize, documents: &mut Vec<Document>) -> Result<(), Error> {
    let mut line = count_lines(&text[..from]);
    let mut start = from;
    let mut start_line = line;
    let mut at = from;
    while at < text.len() {
        let end = text[at..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(text.len(), |i| at + i + 1);
        if let Some(rest) = text[at..end].strip_prefix(b"---") {
            let rest = String::from_utf8_lossy(rest);
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let message = format!("invalid Yaml document separator: {rest}");
                let error = Error::new(ErrorKind::Parse, message).with_prefix("");
                return Err(error.or_at(line + 1, 4));
            }
            // A separator with nothing before it belongs to the document behind it.
            if at > start {
                documents.push(document(&text[start..at], start_line)?);
                start = end;
                start_line = line + 1;
            }
        }
        at = end;
        line += 1;
    }
    if start < text.len() {
        documents.push(document(&text[start..], start_line)?);
    }
    Ok(())
}

fn document(text: &[u8], first_line: u32) -> Result<Document, Error> {
    // The reference reads whole lines: the last one gets a line break, which a block scalar shows.
    let decoded = if text.ends_with(b"\n") {
        v2::decode_at(text, first_line)
    } else {
        v2::decode_at(&[text, b"\n"].concat(), first_line)
    };
    let decoded = decoded.map_err(|e| {
        let prefix = if e.has_prefix() {
            PREFIX
        } else {
            PREFIX_CONVERSION
        };
        e.with_prefix(prefix)
    })?;
    Ok(Document {
        value: decoded.value,
        line: decoded.lines.at("").unwrap_or(first_line + 1),
        lines: decoded.lines,
        duplicates: decoded.duplicates,
    })
}

fn count_lines(text: &[u8]) -> u32 {
    let lines = text.iter().filter(|b| **b == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX)
}
