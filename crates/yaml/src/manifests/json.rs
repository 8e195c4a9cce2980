//! JSON documents with their lines.

use super::{Document, count_lines};
use crate::error::{Error, ErrorKind};
use crate::lines::{self, Builder};
use crate::v2::Duplicate;
use serde_json::value::RawValue;
use value::Value;

/// Reads JSON values one after the other. Returns where it stopped and why, if that isn't the end.
pub(super) fn documents(text: &[u8], documents: &mut Vec<Document>) -> Option<(usize, Error)> {
    let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let mut consumed = 0;
    let mut line = 0;
    loop {
        let read = match stream.next() {
            None => return None,
            Some(Ok(raw)) => Value::parse(raw.get().as_bytes())
                .map(|value| (raw.get(), value))
                .map_err(|e| Error::new(ErrorKind::Limit, e.to_string()).or_at(line + 1, 0)),
            Some(Err(e)) => Err(syntax_error(&e)),
        };
        match read {
            Ok((raw, value)) => {
                let end = stream.byte_offset();
                let start = end - raw.len();
                line += count_lines(&text[consumed..start]);
                documents.push(document(raw, value, line));
                line += count_lines(&text[start..end]);
                consumed = end;
            }
            Err(error) => {
                return Some((after_blanks(text, consumed), error.with_prefix("json: ")));
            }
        }
    }
}

fn syntax_error(e: &serde_json::Error) -> Error {
    let text = e.to_string();
    // The place stands at the end of the text.
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Error::new(ErrorKind::Parse, message).or_at(number(e.line()), number(e.column()))
}

/// Skips white space up to the end of the line.
fn after_blanks(text: &[u8], from: usize) -> usize {
    let blanks = text[from..]
        .iter()
        .take_while(|b| b" \t\r".contains(b))
        .count();
    let at = from + blanks;
    at + usize::from(text.get(at) == Some(&b'\n'))
}

fn document(raw: &str, value: Value, first_line: u32) -> Document {
    let mut walk = Walk {
        bytes: raw.as_bytes(),
        at: 0,
        line: 0,
        line_start: 0,
        first_line,
        lines: Builder::default(),
        duplicates: Vec::new(),
    };
    walk.lines.add(lines::ROOT, 0);
    walk.value(lines::ROOT);
    Document {
        value,
        lines: walk.lines.build(first_line + 1),
        line: first_line + 1,
        duplicates: walk.duplicates,
    }
}

/// Walks over text that is known to be JSON of bounded depth, to note lines.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
    first_line: u32,
    lines: Builder,
    duplicates: Vec<Duplicate>,
}

impl Walk<'_> {
    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
            if self.bytes[self.at - 1] == b'\n' {
                self.line += 1;
                self.line_start = self.at;
            }
        }
    }

    fn value(&mut self, path: u64) {
        self.skip_blanks();
        match self.byte() {
            b'{' => self.object(path),
            b'[' => self.array(path),
            b'"' => {
                self.string();
            }
            _ => {
                while !matches!(
                    self.byte(),
                    b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | 0
                ) {
                    self.at += 1;
                }
            }
        }
        self.skip_blanks();
    }

    /// Takes a string and returns it as written.
    fn string(&mut self) -> &str {
        let start = self.at;
        self.at += 1;
        loop {
            match self.byte() {
                b'\\' => self.at += 2,
                b'"' | 0 => break,
                _ => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(self.bytes.len());
        std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or("\"\"")
    }

    fn array(&mut self, path: u64) {
        self.at += 1;
        self.skip_blanks();
        for i in 0.. {
            if matches!(self.byte(), b']' | 0) {
                break;
            }
            let path = lines::element(path, i);
            self.lines.add(path, self.line);
            self.value(path);
            self.skip_comma();
        }
        self.at += 1;
    }

    fn object(&mut self, path: u64) {
        self.at += 1;
        self.skip_blanks();
        let mut seen = std::collections::HashSet::new();
        while !matches!(self.byte(), b'}' | 0) {
            let (line, column) = (self.line, self.at - self.line_start + 1);
            let raw = self.string();
            let name: String = serde_json::from_str(raw).unwrap_or_default();
            let path = lines::child(path, &name);
            self.lines.add(path, line);
            if !seen.insert(path) {
                self.lines.overwrite();
                let column = u32::try_from(column).unwrap_or(u32::MAX);
                let key = format!("{name:?}");
                let duplicate = Duplicate::new(self.first_line + line + 1, column, key);
                self.duplicates.push(duplicate);
            }
            self.skip_blanks();
            // The colon.
            self.at += 1;
            self.value(path);
            self.skip_comma();
        }
        self.at += 1;
    }

    fn skip_comma(&mut self) {
        if self.byte() == b',' {
            self.at += 1;
        }
        self.skip_blanks();
    }
}
