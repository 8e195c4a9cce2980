//! An index that is JSON, on as many lines as it likes.

use super::{Broken, Collector, ENTRY_BYTES_MAX};
use std::io::BufRead;
use value::Value;

/// Names of charts and fields.
const NAME_BYTES_MAX: usize = 4 << 10;

const NO_JSON: Broken = Broken::Unusual("it begins like JSON and isn't");

/// Scans an index. It ends with the chart that is looked for, wherever that is.
pub(super) fn scan(index: &mut impl BufRead, collector: &mut Collector<'_>) -> Result<(), Broken> {
    let mut json = Json { reader: index };
    json.expect(b'{')?;
    while let Some(name) = json.next_key()? {
        if name != "entries" {
            json.value(None)?;
            continue;
        }
        if json.peek()? != Some(b'{') {
            json.value(None)?;
            return Ok(());
        }
        json.expect(b'{')?;
        while let Some(name) = json.next_key()? {
            if !collector.chart(&name) {
                json.value(None)?;
                continue;
            }
            if json.peek()? != Some(b'[') {
                return Ok(());
            }
            return entries(&mut json, collector);
        }
        return Ok(());
    }
    Err(Broken::Invalid("it has no entries".to_owned()))
}

fn entries(json: &mut Json<'_, impl BufRead>, collector: &mut Collector<'_>) -> Result<(), Broken> {
    json.expect(b'[')?;
    let mut entry = Vec::new();
    while json.peek()? != Some(b']') {
        entry.clear();
        json.value(Some(&mut entry))?;
        let entry = Value::parse(&entry).map_err(|_| NO_JSON)?;
        collector.entry(&entry)?;
        if json.peek()? == Some(b',') {
            json.expect(b',')?;
        }
    }
    Ok(())
}

struct Json<'r, R> {
    reader: &'r mut R,
}

impl<R: BufRead> Json<'_, R> {
    /// Returns the next byte that isn't space, without taking it.
    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            if let Some(at) = buffer.iter().position(|b| !b.is_ascii_whitespace()) {
                let byte = buffer[at];
                self.reader.consume(at);
                return Ok(Some(byte));
            }
            let n = buffer.len();
            self.reader.consume(n);
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.peek()? != Some(byte) {
            return Err(NO_JSON);
        }
        self.reader.consume(1);
        Ok(())
    }

    /// Returns the next key of an object, its colon taken; nothing at the object's end.
    fn next_key(&mut self) -> Result<Option<String>, Broken> {
        if self.peek()? == Some(b',') {
            self.expect(b',')?;
        }
        if self.peek()? == Some(b'}') {
            self.expect(b'}')?;
            return Ok(None);
        }
        if self.peek()? != Some(b'"') {
            return Err(NO_JSON);
        }
        let mut name = Vec::new();
        self.string(Some((&mut name, NAME_BYTES_MAX)))?;
        let name = Value::parse(&name).map_err(|_| NO_JSON)?;
        self.expect(b':')?;
        Ok(Some(name.as_str().unwrap_or_default().to_owned()))
    }

    /// Takes a value of any kind; nesting costs nothing.
    fn value(&mut self, mut keep: Option<&mut Vec<u8>>) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            let byte = self.peek()?.ok_or(NO_JSON)?;
            match byte {
                b'"' => {
                    let keep = keep.as_deref_mut().map(|k| (k, ENTRY_BYTES_MAX));
                    self.string(keep)?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.byte(byte, keep.as_deref_mut())?;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(NO_JSON)?;
                    self.byte(byte, keep.as_deref_mut())?;
                }
                b',' | b':' if depth > 0 => {
                    self.byte(byte, keep.as_deref_mut())?;
                    continue;
                }
                b',' | b':' => return Err(NO_JSON),
                _ => self.word(keep.as_deref_mut())?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn byte(&mut self, byte: u8, keep: Option<&mut Vec<u8>>) -> Result<(), Broken> {
        self.reader.consume(1);
        push(keep.map(|k| (k, ENTRY_BYTES_MAX)).as_mut(), &[byte])
    }

    /// Takes a number, `true`, `false` or `null`.
    fn word(&mut self, keep: Option<&mut Vec<u8>>) -> Result<(), Broken> {
        let mut keep = keep.map(|k| (k, ENTRY_BYTES_MAX));
        loop {
            let buffer = self.reader.fill_buf()?;
            let ends =
                |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b':' | b']' | b'}' | b'"');
            let end = buffer.iter().position(ends);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            push(keep.as_mut(), part)?;
            let (n, is_end) = (part.len(), end.is_some() || buffer.is_empty());
            self.reader.consume(n);
            if is_end {
                return Ok(());
            }
        }
    }

    /// Takes a string with its quotes.
    fn string(&mut self, mut keep: Option<(&mut Vec<u8>, usize)>) -> Result<(), Broken> {
        self.reader.consume(1);
        push(keep.as_mut(), b"\"")?;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Err(NO_JSON);
            }
            let Some(at) = memchr::memchr2(b'"', b'\\', buffer) else {
                push(keep.as_mut(), buffer)?;
                let n = buffer.len();
                self.reader.consume(n);
                continue;
            };
            push(keep.as_mut(), &buffer[..=at])?;
            let is_end = buffer[at] == b'"';
            self.reader.consume(at + 1);
            if is_end {
                return Ok(());
            }
            // Whatever is escaped doesn't end the string.
            let escaped = self.reader.fill_buf()?.first().copied().ok_or(NO_JSON)?;
            push(keep.as_mut(), &[escaped])?;
            self.reader.consume(1);
        }
    }
}

fn push(keep: Option<&mut (&mut Vec<u8>, usize)>, bytes: &[u8]) -> Result<(), Broken> {
    if let Some((keep, max)) = keep {
        if keep.len() + bytes.len() > *max {
            return Err(Broken::Invalid(format!(
                "an entry has more than {max} bytes"
            )));
        }
        keep.extend_from_slice(bytes);
    }
    Ok(())
}
