//! Reading TOML.

use crate::json::NESTING_MAX;
use crate::strconv;
use crate::text;
use crate::time::Time;
use crate::value::{List, ListType, Map, MapType, Type, Value};

/// `[]map[string]interface {}`, what a list of tables is.
static TABLES: ListType = ListType {
    name: "[]map[string]interface {}",
    element: Type::MAP,
    named: false,
    methods: &[],
};

/// Reads a document: whole numbers are `int64`, tables in lists are typed as such.
pub(crate) fn read(text: &[u8]) -> Result<Value, String> {
    if let Err(error) = std::str::from_utf8(text) {
        let at = error.valid_up_to();
        let line = 1 + memchr::memchr_iter(b'\n', &text[..at]).count();
        let byte = text[at];
        return Err(format!(
            "toml: line {line}: invalid UTF-8 byte: {byte:#04x}"
        ));
    }
    let root = table();
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        last_key: String::new(),
        explicit: std::collections::HashSet::new(),
    };
    reader.document(&root)?;
    Ok(Value::Map(root))
}

fn table() -> Map {
    Map::new(MapType::ANY, Vec::<(crate::Str, Value)>::new())
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    last_key: String,
    /// Tables that a header made, which no second header may.
    explicit: std::collections::HashSet<String>,
}

type Read<T> = Result<T, String>;
type Keys = Vec<Vec<u8>>;

fn shown(keys: &[Vec<u8>]) -> String {
    let keys: Vec<_> = keys.iter().map(|k| String::from_utf8_lossy(k)).collect();
    keys.join(".")
}

impl Reader<'_> {
    fn error(&self, what: impl AsRef<str>) -> String {
        let (line, what) = (self.line, what.as_ref());
        if self.last_key.is_empty() {
            format!("toml: line {line}: {what}")
        } else {
            format!("toml: line {line} (last key {:?}): {what}", self.last_key)
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.text[self.at..].starts_with(with)
    }

    fn found(&self) -> String {
        match text::decode(&self.text[self.at..]) {
            None => "end of file".to_owned(),
            Some((c, _)) => format!("{c:?}"),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn comment(&mut self) {
        if self.peek() == Some(b'#') {
            while self.peek().is_some_and(|b| b != b'\n') {
                self.at += 1;
            }
        }
    }

    /// Goes over white space, line breaks and comments.
    fn blank(&mut self) {
        loop {
            self.space();
            self.comment();
            match self.peek() {
                Some(b'\n') => {
                    self.at += 1;
                    self.line += 1;
                }
                Some(b'\r') if self.starts(b"\r\n") => self.at += 1,
                _ => return,
            }
        }
    }

    fn end_of_line(&mut self) -> Read<()> {
        self.space();
        self.comment();
        match self.peek() {
            None | Some(b'\n') => Ok(()),
            Some(b'\r') if self.starts(b"\r\n") => Ok(()),
            _ => Err(self.error(format!(
                "expected a top-level item to end with a newline, comment, or EOF, but got {} instead",
                self.found()
            ))),
        }
    }

    fn document(&mut self, root: &Map) -> Read<()> {
        let mut current = root.clone();
        let mut prefix: Keys = Vec::new();
        loop {
            self.blank();
            let Some(first) = self.peek() else {
                return Ok(());
            };
            if first == b'[' {
                let is_list = self.starts(b"[[");
                self.at += if is_list { 2 } else { 1 };
                prefix = self.table_name()?;
                let close: &[u8] = if is_list { b"]]" } else { b"]" };
                if !self.starts(close) {
                    let mut wanted = "expected '.' or ']' to end table name";
                    if is_list && self.peek() == Some(b']') {
                        self.at += 1;
                        wanted = "expected end of table array name delimiter ']'";
                    }
                    let found = match self.peek() {
                        // Its reader knows no end here.
                        None => "'\\x00'".to_owned(),
                        Some(_) => self.found(),
                    };
                    let message = format!("{wanted}, but got {found} instead");
                    // The reference has taken the character that it names.
                    self.line += usize::from(self.peek() == Some(b'\n'));
                    return Err(self.error(message));
                }
                self.at += close.len();
                self.last_key = shown(&prefix);
                self.end_of_line()?;
                current = self.header(root, &prefix, is_list)?;
            } else {
                let keys = self.keys()?;
                let all: Keys = prefix.iter().chain(&keys).cloned().collect();
                self.equals()?;
                self.last_key = shown(&all);
                self.assign(&current, &keys, 0)?;
                self.last_key.clear();
                self.end_of_line()?;
            }
        }
    }

    fn header(&mut self, root: &Map, keys: &[Vec<u8>], is_list: bool) -> Read<Map> {
        let (last, parents) = keys.split_last().ok_or("toml: no key")?;
        let parent = self.descend(root, parents)?;
        let exists = || format!("Key '{}' has already been defined.", shown(keys));
        if is_list {
            let list = match parent.get(last.as_slice()) {
                None => {
                    let list = List::new(&TABLES, Vec::new());
                    parent.insert(&last[..], Value::List(list.clone()));
                    list
                }
                Some(Value::List(list)) if *list.list_type() == TABLES => list,
                Some(_) => return Err(self.error(exists())),
            };
            let inner = table();
            list.change(|items| items.push(Value::Map(inner.clone())));
            // The tables below begin anew with every element.
            let below = format!("{}.", shown(keys));
            self.explicit.retain(|k| !k.starts_with(&below));
            return Ok(inner);
        }
        if !self.explicit.insert(shown(keys)) {
            return Err(self.error(exists()));
        }
        match parent.get(last.as_slice()) {
            None => {
                let inner = table();
                parent.insert(&last[..], Value::Map(inner.clone()));
                Ok(inner)
            }
            Some(Value::Map(inner)) => Ok(inner),
            Some(_) => Err(self.error(exists())),
        }
    }

    /// Follows keys through tables, the last one of a list, and makes what is missing.
    fn descend(&self, from: &Map, keys: &[Vec<u8>]) -> Read<Map> {
        let mut current = from.clone();
        for key in keys {
            let next = match current.get(key.as_slice()) {
                None => {
                    let inner = table();
                    current.insert(&key[..], Value::Map(inner.clone()));
                    inner
                }
                Some(Value::Map(inner)) => inner,
                Some(Value::List(list)) => {
                    match list.len().checked_sub(1).and_then(|i| list.get(i)) {
                        Some(Value::Map(inner)) => inner,
                        _ => {
                            return Err(self.error(format!(
                                "Key '{}' has already been defined.",
                                shown(keys)
                            )));
                        }
                    }
                }
                Some(_) => {
                    return Err(
                        self.error(format!("Key '{}' has already been defined.", shown(keys)))
                    );
                }
            };
            current = next;
        }
        Ok(current)
    }

    fn equals(&mut self) -> Read<()> {
        self.space();
        match self.peek() {
            Some(b'=') => {}
            None => return Err(self.error("unexpected EOF; expected key separator '='")),
            Some(_) => {
                return Err(self.error(format!(
                    "expected '.' or '=', but got {} instead",
                    self.found()
                )));
            }
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Reads a value and puts it where the keys lead.
    fn assign(&mut self, into: &Map, keys: &[Vec<u8>], depth: usize) -> Read<()> {
        let value = self.value(depth)?;
        let (last, parents) = keys.split_last().ok_or("toml: no key")?;
        let target = self.descend(into, parents)?;
        if target.contains(last) {
            return Err(self.error(format!("Key '{}' has already been defined.", shown(keys))));
        }
        target.insert(&last[..], value);
        Ok(())
    }

    /// Reads the name of a table.
    fn table_name(&mut self) -> Read<Keys> {
        let mut keys = Vec::new();
        loop {
            self.space();
            match self.peek() {
                Some(b']') | None => {
                    let message = "unexpected end of table name (table names cannot be empty)";
                    return Err(self.error(message));
                }
                Some(b'.') => {
                    let message = "unexpected table separator (table names cannot be empty)";
                    return Err(self.error(message));
                }
                _ => {}
            }
            keys.push(self.key()?);
            self.space();
            if self.peek() != Some(b'.') {
                return Ok(keys);
            }
            self.at += 1;
        }
    }

    /// Reads one part of a name.
    fn key(&mut self) -> Read<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.basic_string(),
            Some(b'\'') => self.literal_string(),
            _ => {
                let start = self.at;
                let is_bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
                while self.peek().is_some_and(is_bare) {
                    self.at += 1;
                }
                Ok(self.text[start..self.at].to_vec())
            }
        }
    }

    fn keys(&mut self) -> Read<Keys> {
        let mut keys = Vec::new();
        loop {
            self.space();
            match (self.peek(), keys.is_empty()) {
                (None | Some(b'='), true) => {
                    return Err(self.error("unexpected '=': key name appears blank"));
                }
                (Some(b'.'), true) => {
                    return Err(self.error("unexpected '.': keys cannot start with a '.'"));
                }
                (None, false) => return Err(self.error("unexpected EOF; expected key")),
                (Some(b @ (b'=' | b'.')), false) => {
                    let c = char::from(b);
                    return Err(self.error(format!("unexpected '{c}'")));
                }
                _ => {}
            }
            let key = self.key()?;
            keys.push(key);
            self.space();
            if self.peek() != Some(b'.') {
                return Ok(keys);
            }
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        if depth > NESTING_MAX {
            return Err(self.error("values are nested too deep"));
        }
        match self.peek() {
            None => Err(self.error("unexpected EOF; expected value")),
            Some(b'"') if self.starts(b"\"\"\"") => Ok(self.multi_line(true)?.into()),
            Some(b'"') => Ok(self.basic_string()?.into()),
            Some(b'\'') if self.starts(b"'''") => Ok(self.multi_line(false)?.into()),
            Some(b'\'') => Ok(self.literal_string()?.into()),
            Some(b'[') => self.array(depth),
            Some(b'{') => self.inline_table(depth),
            Some(_) => self.scalar(),
        }
    }

    fn array(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.peek() == Some(b']') {
                break;
            }
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => {
                    return Err(self.error(format!(
                        "expected a comma (',') or array terminator (']'), but got {}",
                        self.found()
                    )));
                }
            }
        }
        self.at += 1;
        Ok(Value::list(items))
    }

    fn inline_table(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let inner = table();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(inner));
        }
        loop {
            self.space();
            let keys = self.keys()?;
            self.equals()?;
            self.assign(&inner, &keys, depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(inner));
                }
                _ => {
                    return Err(self.error(format!(
                        "expected a comma or an inline table terminator '}}', but got {} instead",
                        self.found()
                    )));
                }
            }
        }
    }

    fn literal_string(&mut self) -> Read<Vec<u8>> {
        self.at += 1;
        let start = self.at;
        while let Some(b) = self.peek() {
            match b {
                b'\'' => {
                    self.at += 1;
                    return Ok(self.text[start..self.at - 1].to_vec());
                }
                b'\n' => return Err(self.error("strings cannot contain newlines")),
                _ => self.at += 1,
            }
        }
        Err(self.error("unexpected EOF; expected \"'\""))
    }

    fn basic_string(&mut self) -> Read<Vec<u8>> {
        self.at += 1;
        let mut out = Vec::new();
        while let Some(b) = self.peek() {
            match b {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\n' => return Err(self.error("strings cannot contain newlines")),
                b'\\' => self.escape(&mut out)?,
                _ => {
                    out.push(b);
                    self.at += 1;
                }
            }
        }
        Err(self.error("unexpected EOF; expected '\"'"))
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Read<()> {
        self.at += 1;
        let Some(b) = self.peek() else {
            return Err(self.error("unexpected EOF; expected '\"'"));
        };
        self.at += 1;
        let byte = match b {
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'e' => 27,
            b'"' => b'"',
            b'\\' => b'\\',
            b'x' | b'u' | b'U' => {
                let count = match b {
                    b'x' => 2,
                    b'u' => 4,
                    _ => 8,
                };
                let digits = self.text.get(self.at..self.at + count).unwrap_or_default();
                let number = std::str::from_utf8(digits)
                    .ok()
                    .filter(|d| d.len() == count)
                    .and_then(|d| u32::from_str_radix(d, 16).ok())
                    .and_then(char::from_u32);
                let Some(c) = number else {
                    return Err(self.error("invalid unicode escape"));
                };
                text::push(out, c);
                self.at += count;
                return Ok(());
            }
            other => {
                let c = char::from(other);
                return Err(self.error(format!("invalid escape character '{c}'; only the following escape characters are allowed: \\b, \\t, \\n, \\f, \\r, \\\", \\\\, \\uXXXX, and \\UXXXXXXXX")));
            }
        };
        out.push(byte);
        Ok(())
    }

    fn multi_line(&mut self, escapes: bool) -> Read<Vec<u8>> {
        let quote: &[u8] = if escapes { b"\"\"\"" } else { b"'''" };
        self.at += 3;
        if self.starts(b"\r\n") {
            self.at += 1;
        }
        if self.peek() == Some(b'\n') {
            self.at += 1;
            self.line += 1;
        }
        let mut out = Vec::new();
        while let Some(b) = self.peek() {
            if self.starts(quote) {
                self.at += 3;
                // Up to two quotes may stand before the end.
                let mut extra = 0;
                while extra < 2 && self.peek() == Some(quote[0]) {
                    out.push(quote[0]);
                    self.at += 1;
                    extra += 1;
                }
                return Ok(out);
            }
            match b {
                b'\\' if escapes => {
                    let rest = &self.text[self.at + 1..];
                    let blanks = rest
                        .iter()
                        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
                        .count();
                    if rest.get(blanks) == Some(&b'\n') {
                        self.at += 1;
                        while let Some(b @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
                            self.line += usize::from(b == b'\n');
                            self.at += 1;
                        }
                    } else {
                        self.escape(&mut out)?;
                    }
                }
                _ => {
                    self.line += usize::from(b == b'\n');
                    out.push(b);
                    self.at += 1;
                }
            }
        }
        Err(self.error(format!(
            "unexpected EOF; expected '{}'",
            String::from_utf8_lossy(quote)
        )))
    }

    fn scalar(&mut self) -> Read<Value> {
        let start = self.at;
        while self.peek().is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'_' | b'.' | b':')
        }) {
            self.at += 1;
        }
        // A date may be followed by a space and a time.
        let rest = &self.text[self.at..];
        if self.at - start == 10
            && self.text[start + 4] == b'-'
            && rest.first() == Some(&b' ')
            && rest.get(1).is_some_and(u8::is_ascii_digit)
        {
            self.at += 1;
            while self.peek().is_some_and(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':')
            }) {
                self.at += 1;
            }
        }
        let word = &self.text[start..self.at];
        let value = match word {
            b"true" => Some(Value::Bool(true)),
            b"false" => Some(Value::Bool(false)),
            b"inf" | b"+inf" => Some(Value::Float(f64::INFINITY)),
            b"-inf" => Some(Value::Float(f64::NEG_INFINITY)),
            b"nan" | b"+nan" | b"-nan" => Some(Value::Float(f64::NAN)),
            _ => number(word).or_else(|| date(word)),
        };
        value.ok_or_else(|| {
            let what = if word.is_empty() {
                format!("expected value but found {} instead", self.found())
            } else {
                format!(
                    "expected value but found {:?} instead",
                    String::from_utf8_lossy(word)
                )
            };
            self.error(what)
        })
    }
}

fn number(word: &[u8]) -> Option<Value> {
    let unsigned = word
        .strip_prefix(b"+")
        .or(word.strip_prefix(b"-"))
        .unwrap_or(word);
    if !unsigned.first()?.is_ascii_digit() || !strconv::underscores_ok(word) {
        return None;
    }
    let plain: Vec<u8> = word.iter().copied().filter(|b| *b != b'_').collect();
    let digits = plain
        .strip_prefix(b"+")
        .or(plain.strip_prefix(b"-"))
        .unwrap_or(&plain);
    if matches!(digits, [b'0', b'x' | b'o' | b'b', ..]) && digits.len() == plain.len() {
        return strconv::parse_int(&plain, 0).ok().map(Value::int64);
    }
    if digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
        return None;
    }
    if digits.iter().all(u8::is_ascii_digit) {
        return strconv::parse_int(&plain, 10).ok().map(Value::int64);
    }
    let valid = digits
        .iter()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !valid
        || digits.ends_with(b".")
        || digits
            .windows(2)
            .any(|w| w[0] == b'.' && !w[1].is_ascii_digit())
    {
        return None;
    }
    strconv::parse_float(&plain).map(Value::Float)
}

fn date(word: &[u8]) -> Option<Value> {
    const LAYOUTS: [&[u8]; 4] = [
        b"2006-01-02T15:04:05.999999999Z07:00",
        b"2006-01-02T15:04:05.999999999",
        b"2006-01-02",
        b"15:04:05.999999999",
    ];
    let mut text = word.to_ascii_uppercase();
    if text.get(10) == Some(&b' ') {
        text[10] = b'T';
    }
    LAYOUTS
        .iter()
        .find_map(|layout| Time::parse(layout, &text).ok())
        .map(Time::value)
}
