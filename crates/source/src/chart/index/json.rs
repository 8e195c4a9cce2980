//! An index that is JSON, on as many lines as it likes.

use super::{Broken, Collector, ENTRY_BYTES_MAX};
use std::io::BufRead;
use value::Value;

/// Names of charts and fields.
const NAME_BYTES_MAX: usize = 4 << 10;

const NO_JSON: Broken = Broken::Unusual("it begins like JSON and isn't");

/// Scans an index. It ends with the chart that is looked for, wherever that is.
pub(super) fn scan(index: &mut impl BufRead, collector: &mut Collector<'_>) -> Result<(), Broken> {
    let mut json = Json {
        reader: index,
        kept: Kept::default(),
    };
    json.expect(b'{')?;
    while let Some(name) = json.next_key()? {
        if name != "entries" {
            json.skip()?;
            continue;
        }
        if json.peek()? != Some(b'{') {
            return json.skip();
        }
        json.expect(b'{')?;
        while let Some(name) = json.next_key()? {
            if collector.chart(&name) {
                return entries(&mut json, collector);
            }
            json.skip()?;
        }
        return Ok(());
    }
    Err(Broken::Invalid("it has no entries".to_owned()))
}

fn entries(json: &mut Json<'_, impl BufRead>, collector: &mut Collector<'_>) -> Result<(), Broken> {
    if json.peek()? != Some(b'[') {
        return json.skip();
    }
    json.expect(b'[')?;
    while json.peek()? != Some(b']') {
        json.kept = Kept::up_to(ENTRY_BYTES_MAX);
        json.value()?;
        let entry = Value::parse(&json.kept.bytes).map_err(|_| NO_JSON)?;
        collector.entry(&entry)?;
        if json.peek()? == Some(b',') {
            json.expect(b',')?;
        }
    }
    Ok(())
}

/// The text of what is being read, if it is wanted.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    bytes_max: Option<usize>,
}

impl Kept {
    fn up_to(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bytes_max: Some(bytes_max),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let Some(max) = self.bytes_max else {
            return Ok(());
        };
        if self.bytes.len() + bytes.len() > max {
            let text = format!("an entry has more than {max} bytes");
            return Err(Broken::Invalid(text));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

struct Json<'r, R> {
    reader: &'r mut R,
    kept: Kept,
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
        self.kept = Kept::up_to(NAME_BYTES_MAX);
        self.string()?;
        let name = Value::parse(&self.kept.bytes).map_err(|_| NO_JSON)?;
        self.expect(b':')?;
        Ok(Some(name.as_str().unwrap_or_default().to_owned()))
    }

    /// Takes a value that nobody wants.
    fn skip(&mut self) -> Result<(), Broken> {
        self.kept = Kept::default();
        self.value()
    }

    /// Takes a value of any kind; nesting costs nothing.
    fn value(&mut self) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            let byte = self.peek()?.ok_or(NO_JSON)?;
            match byte {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.byte(byte)?;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(NO_JSON)?;
                    self.byte(byte)?;
                }
                b',' | b':' if depth > 0 => {
                    self.byte(byte)?;
                    continue;
                }
                b',' | b':' => return Err(NO_JSON),
                _ => self.word()?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn byte(&mut self, byte: u8) -> Result<(), Broken> {
        self.reader.consume(1);
        self.kept.push(&[byte])
    }

    /// Takes a number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), Broken> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let ends =
                |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b':' | b']' | b'}' | b'"');
            let end = buffer.iter().position(ends);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            self.kept.push(part)?;
            let (n, is_end) = (part.len(), end.is_some() || buffer.is_empty());
            self.reader.consume(n);
            if is_end {
                return Ok(());
            }
        }
    }

    /// Takes a string with its quotes.
    fn string(&mut self) -> Result<(), Broken> {
        self.byte(b'"')?;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Err(NO_JSON);
            }
            let Some(at) = memchr::memchr2(b'"', b'\\', buffer) else {
                self.kept.push(buffer)?;
                let n = buffer.len();
                self.reader.consume(n);
                continue;
            };
            self.kept.push(&buffer[..=at])?;
            let is_end = buffer[at] == b'"';
            self.reader.consume(at + 1);
            if is_end {
                return Ok(());
            }
            // Whatever is escaped doesn't end the string.
            let escaped = self.reader.fill_buf()?.first().copied().ok_or(NO_JSON)?;
            self.byte(escaped)?;
        }
    }
}
