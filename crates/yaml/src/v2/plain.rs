//! A shorter way to read what nearly every document is made of: block mappings and sequences, scalars
//! on one line or several, block scalars, and flow collections on one line.
//!
//! It knows nothing of anchors, tags, tabs, directives, keys that aren't text, or mistakes. At the
//! first of these it gives up, and the document is read the long way: it never has to decide what is
//! an error, only to be sure of what is none.

use super::json_number;
use crate::limits::DEPTH_MAX;
use crate::lines::{self, Builder};
use crate::resolve::{self, Scalar};
use crate::scan::Style;
use value::{Key, Object, Value};

/// Bytes of a key: longer ones may be too long for the reference.
const KEY_BYTES_MAX: usize = 1000;
/// Collections inside one another: half of what is allowed, so that nobody has to count exactly.
const NESTING_MAX: usize = DEPTH_MAX / 2;
/// Members that a mapping mostly has.
const MEMBERS: usize = 4;

/// Reads a document; nothing if it has to be read the long way.
pub(super) fn read(text: &str, lines: Option<&mut Builder>) -> Option<Value> {
    if !is_plain(text) {
        return None;
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 0,
        column: 0,
        lines,
        depth: 0,
    };
    reader.document()
}

/// Returns true if lines end with line feeds only and nothing but spaces indents.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut is_ascii = true;
    for piece in bytes.chunks(256) {
        let (mut bad, mut high) = (false, false);
        for &b in piece {
            bad |= (b == b'\t') | (b == b'\r');
            high |= b >= 0x80;
        }
        if bad {
            return false;
        }
        is_ascii &= !high;
    }
    is_ascii || !text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{FEFF}'])
}

struct Reader<'a, 'l> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// From 0.
    line: u32,
    /// Of what stands at `at`, once a line with content was found.
    column: usize,
    lines: Option<&'l mut Builder>,
    depth: usize,
}

/// What a line may begin with.
enum Head<'a> {
    /// A key with its value behind it.
    Key(&'a str),
    /// Anything else.
    Other,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Option<Value> {
        if !self.next_line() {
            return Some(Value::Null);
        }
        if self.column == 0 && self.rest().starts_with(b"---") {
            self.at += 3;
            self.end_of_line()?;
            if !self.next_line() {
                return None;
            }
        }
        self.note(lines::ROOT, self.line);
        let value = self.block(None, lines::ROOT)?;
        (self.at >= self.bytes.len()).then_some(value)
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(b'\n')
    }

    fn note(&mut self, path: u64, line: u32) {
        if let Some(lines) = self.lines.as_deref_mut() {
            lines.add(path, line);
        }
    }

    fn child(&self, path: u64, key: &str) -> u64 {
        if self.lines.is_some() {
            lines::child(path, key)
        } else {
            path
        }
    }

    fn element(&self, path: u64, index: usize) -> u64 {
        if self.lines.is_some() {
            lines::element(path, index)
        } else {
            path
        }
    }

    /// Goes to the next line with content, from the start of a line; returns false at the end.
    fn next_line(&mut self) -> bool {
        loop {
            let start = self.at;
            while self.bytes.get(self.at) == Some(&b' ') {
                self.at += 1;
            }
            match self.bytes.get(self.at) {
                None => return false,
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.skip_line(),
                Some(_) => {
                    self.column = self.at - start;
                    return true;
                }
            }
            self.line += 1;
        }
    }

    /// Goes behind the next line feed, without counting it.
    fn skip_line(&mut self) {
        let end = memchr::memchr(b'\n', self.rest());
        self.at = end.map_or(self.bytes.len(), |n| self.at + n + 1);
    }

    /// Goes to the next line if there is nothing more on this one but spaces and a comment.
    fn end_of_line(&mut self) -> Option<()> {
        let before = self.at;
        self.skip_spaces();
        match self.bytes.get(self.at) {
            None => {}
            Some(b'\n') => {
                self.at += 1;
                self.line += 1;
            }
            Some(b'#') if self.at > before => {
                self.skip_line();
                self.line += 1;
            }
            _ => return None,
        }
        Some(())
    }

    fn skip_spaces(&mut self) {
        while self.byte(0) == b' ' {
            self.at += 1;
        }
    }

    fn is_entry(&self) -> bool {
        self.byte(0) == b'-' && matches!(self.byte(1), b' ' | b'\n')
    }

    /// Returns true at a line that begins with what may end a document.
    fn is_marker(&self) -> bool {
        self.column == 0 && (self.rest().starts_with(b"---") || self.rest().starts_with(b"..."))
    }

    /// Reads a node on a line of its own, inside a collection of this column.
    fn block(&mut self, outer: Option<usize>, path: u64) -> Option<Value> {
        self.depth += 1;
        if self.depth > NESTING_MAX || self.is_marker() {
            return None;
        }
        let value = if self.is_entry() {
            self.sequence(path)
        } else {
            match self.head()? {
                Head::Key(key) => self.mapping(key, path),
                Head::Other if matches!(self.byte(0), b'|' | b'>') => None,
                Head::Other => self.inline(outer?, path),
            }
        };
        self.depth -= 1;
        value
    }

    /// Takes a key and the `:` behind it, or leaves all as it is.
    fn head(&mut self) -> Option<Head<'a>> {
        let (start, from) = (self.at, self.rest());
        let text = match self.byte(0) {
            quote @ (b'"' | b'\'') => {
                let Some(text) = self.simple_quoted(quote) else {
                    return Some(Head::Other);
                };
                self.skip_spaces();
                if self.byte(0) != b':' || !matches!(self.byte(1), b' ' | b'\n') {
                    self.at = start;
                    return Some(Head::Other);
                }
                self.at += 1;
                return (text.len() < KEY_BYTES_MAX).then_some(Head::Key(text));
            }
            b'[' | b']' | b'{' | b'}' | b',' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%'
            | b'@' | b'`' => return Some(Head::Other),
            b'-' | b'?' | b':' if matches!(self.byte(1), b' ' | b'\n') => return None,
            _ => {
                let mut at = 0;
                loop {
                    at +=
                        memchr::memchr3(b':', b'\n', b'#', &from[at..]).unwrap_or(from.len() - at);
                    match from.get(at) {
                        None | Some(b'\n') => return Some(Head::Other),
                        Some(b'#') if from[at - 1] == b' ' => return Some(Head::Other),
                        Some(b':') if matches!(from.get(at + 1), None | Some(b' ' | b'\n')) => {
                            break;
                        }
                        _ => at += 1,
                    }
                }
                self.at += at + 1;
                self.text[start..start + at].trim_end_matches(' ')
            }
        };
        let is_text = matches!(
            resolve::v2(None, text, Style::Plain),
            Ok(Scalar::Text | Scalar::Timestamp(_))
        );
        (is_text && text != "<<" && text.len() < KEY_BYTES_MAX).then_some(Head::Key(text))
    }

    /// Reads a mapping whose first key was taken.
    fn mapping(&mut self, first: &'a str, path: u64) -> Option<Value> {
        let column = self.column;
        let mut object = Object::with_capacity(MEMBERS);
        let mut key = first;
        loop {
            let member = self.child(path, key);
            self.note(member, self.line);
            let value = self.value(column, member)?;
            // Of two members with one name, the long way knows more.
            if object.insert(Key::new(key), value).is_some() {
                return None;
            }
            if self.at >= self.bytes.len() || self.column < column {
                return Some(Value::Object(object));
            }
            if self.column > column || self.is_marker() || self.is_entry() {
                return None;
            }
            match self.head()? {
                Head::Key(next) => key = next,
                Head::Other => return None,
            }
        }
    }

    /// Reads what stands behind a key's `:`, and goes to the next line with content.
    fn value(&mut self, column: usize, path: u64) -> Option<Value> {
        let before = self.at;
        self.skip_spaces();
        let is_comment = self.byte(0) == b'#' && self.at > before;
        if self.byte(0) != b'\n' && !is_comment {
            return self.inline(column, path);
        }
        self.at = before;
        self.end_of_line()?;
        if !self.next_line() {
            return Some(Value::Null);
        }
        if self.column > column || (self.column == column && self.is_entry()) {
            return self.block(Some(column), path);
        }
        Some(Value::Null)
    }

    fn sequence(&mut self, path: u64) -> Option<Value> {
        let column = self.column;
        let mut items = Vec::with_capacity(MEMBERS);
        loop {
            let item = self.element(path, items.len());
            items.push(self.entry(column, item)?);
            if self.at >= self.bytes.len() || self.column < column {
                break;
            }
            if self.column > column {
                return None;
            }
            if !self.is_entry() || self.is_marker() {
                break;
            }
        }
        Some(Value::Array(items))
    }

    /// Reads what stands behind a `-`.
    fn entry(&mut self, column: usize, path: u64) -> Option<Value> {
        let (dash, line) = (self.at, self.line);
        self.at += 1;
        self.skip_spaces();
        if matches!(self.byte(0), b'\n' | b'#') {
            self.at = dash + 1;
            self.end_of_line()?;
            if !self.next_line() || self.column <= column {
                self.note(path, line);
                return Some(Value::Null);
            }
            self.note(path, self.line);
            return self.block(Some(column), path);
        }
        self.note(path, line);
        self.column = column + (self.at - dash);
        if self.is_entry() {
            return self.block(Some(column), path);
        }
        match self.head()? {
            Head::Key(key) => {
                self.depth += 1;
                if self.depth > NESTING_MAX {
                    return None;
                }
                let value = self.mapping(key, path);
                self.depth -= 1;
                value
            }
            Head::Other => self.inline(column, path),
        }
    }

    /// Reads a scalar or flow collection that begins on this line inside a collection of this
    /// column, and goes to the next line with content.
    fn inline(&mut self, column: usize, path: u64) -> Option<Value> {
        let value = match self.byte(0) {
            b'|' => return self.block_scalar(Style::Literal, column),
            b'>' => return self.block_scalar(Style::Folded, column),
            quote @ (b'"' | b'\'') => match self.simple_quoted(quote) {
                Some(text) => Value::from(text),
                None => Value::from(self.quoted(quote)?),
            },
            b'[' | b'{' => self.flow(path)?,
            b']' | b'}' | b',' | b'#' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`' => return None,
            b'-' | b'?' | b':' if matches!(self.byte(1), b' ' | b'\n') => return None,
            _ => return self.plain(column),
        };
        self.end_of_line()?;
        self.next_line();
        Some(value)
    }

    /// Takes the text in quotes if it needs no change, closing quote included.
    fn simple_quoted(&mut self, quote: u8) -> Option<&'a str> {
        let rest = &self.bytes[self.at + 1..];
        let length = match quote {
            b'\'' => memchr::memchr2(quote, b'\n', rest)?,
            _ => memchr::memchr3(quote, b'\n', b'\\', rest)?,
        };
        if rest[length] != quote || (quote == b'\'' && rest.get(length + 1) == Some(&quote)) {
            return None;
        }
        let start = self.at + 1;
        self.at = start + length + 1;
        Some(&self.text[start..start + length])
    }

    /// Takes text in quotes; its lines are joined like those of plain scalars.
    fn quoted(&mut self, quote: u8) -> Option<String> {
        let mut out = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let length = match quote {
                b'\'' => memchr::memchr2(quote, b'\n', rest)?,
                _ => memchr::memchr3(quote, b'\n', b'\\', rest)?,
            };
            let text = &self.text[self.at..self.at + length];
            self.at += length;
            if self.byte(0) == b'\n' {
                out.push_str(text.trim_end_matches(' '));
                let line = self.line;
                self.at += 1;
                if !self.next_line_of_text() || self.column == 0 {
                    return None;
                }
                match self.line - line {
                    0 => out.push(' '),
                    n => (0..n).for_each(|_| out.push('\n')),
                }
                self.line += 1;
                continue;
            }
            out.push_str(text);
            match (self.byte(0), self.byte(1)) {
                (b'\'', b'\'') => out.push('\''),
                (b'\'' | b'"', _) => {
                    self.at += 1;
                    return Some(out);
                }
                (b'\\', b'n') => out.push('\n'),
                (b'\\', b't') => out.push('\t'),
                (b'\\', b'r') => out.push('\r'),
                (b'\\', b'"') => out.push('"'),
                (b'\\', b'\\') => out.push('\\'),
                _ => return None,
            }
            self.at += 2;
        }
    }

    fn scalar(text: &str) -> Option<Value> {
        Some(match resolve::v2(None, text, Style::Plain).ok()? {
            Scalar::Text | Scalar::Timestamp(_) => Value::from(text),
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) => Value::Int(i),
            Scalar::Uint(u) => Value::UInt(u),
            Scalar::Float(f) if f.is_finite() => json_number(f),
            Scalar::Float(_) | Scalar::Binary(_) => return None,
        })
    }

    /// Takes the words of a plain scalar up to the end of the line; says whether a comment follows.
    fn words(&mut self) -> Option<(&'a str, bool)> {
        let rest = self.rest();
        let mut at = 0;
        let mut comment = false;
        loop {
            at += memchr::memchr3(b'\n', b':', b'#', &rest[at..]).unwrap_or(rest.len() - at);
            match rest.get(at) {
                None | Some(b'\n') => break,
                Some(b':') if matches!(rest.get(at + 1), None | Some(b' ' | b'\n')) => {
                    return None;
                }
                Some(b'#') if at > 0 && rest[at - 1] == b' ' => {
                    comment = true;
                    break;
                }
                _ => at += 1,
            }
        }
        let text = self.text[self.at..self.at + at].trim_end_matches(' ');
        self.at += at;
        self.skip_line();
        self.line += 1;
        Some((text, comment))
    }

    fn plain(&mut self, column: usize) -> Option<Value> {
        let (first, mut comment) = self.words()?;
        let mut joined = String::new();
        let mut line = self.line;
        while self.next_line_of_text() && self.column > column {
            if self.byte(0) == b'#' {
                break;
            }
            if comment || self.is_entry() {
                return None;
            }
            if joined.is_empty() {
                joined.push_str(first);
            }
            // One line break is a space, each further one stands for itself.
            match self.line - line {
                0 => joined.push(' '),
                n => (0..n).for_each(|_| joined.push('\n')),
            }
            let words;
            (words, comment) = self.words()?;
            joined.push_str(words);
            line = self.line;
        }
        if self.byte(0) == b'#' && self.at < self.bytes.len() {
            self.at -= self.column;
            self.next_line();
        }
        if joined.is_empty() {
            Self::scalar(first)
        } else {
            Self::scalar(&joined)
        }
    }

    /// Goes to the next line that isn't blank; returns false at the end.
    fn next_line_of_text(&mut self) -> bool {
        loop {
            let start = self.at;
            self.skip_spaces();
            if self.at >= self.bytes.len() {
                return false;
            }
            if self.byte(0) != b'\n' {
                self.column = self.at - start;
                return true;
            }
            self.at += 1;
            self.line += 1;
        }
    }

    /// Reads a block scalar inside a collection of this column.
    fn block_scalar(&mut self, style: Style, column: usize) -> Option<Value> {
        self.at += 1;
        let chomping = match self.byte(0) {
            b @ (b'-' | b'+') => {
                self.at += 1;
                b
            }
            _ => b' ',
        };
        self.end_of_line()?;
        let mut breaks = 0;
        let Some(indent) = self.first_indent(column, &mut breaks)? else {
            // Nothing but blank lines: only they can be kept.
            self.next_line();
            return (chomping != b'+').then(|| Value::from(""));
        };
        let mut text = String::new();
        let mut ended = false;
        let mut was_indented = false;
        loop {
            // Here a line begins whose indentation is `indent` at least.
            let from = self.at + indent;
            self.at = from;
            let is_indented = self.byte(0) == b' ';
            if style == Style::Folded && ended && !was_indented && !is_indented {
                if breaks == 0 {
                    text.push(' ');
                }
            } else if ended {
                text.push('\n');
            }
            (0..breaks).for_each(|_| text.push('\n'));
            was_indented = is_indented;
            let length = memchr::memchr(b'\n', self.rest());
            let end = length.map_or(self.bytes.len(), |n| from + n);
            text.push_str(&self.text[from..end]);
            ended = length.is_some();
            self.at = (end + 1).min(self.bytes.len());
            self.line += u32::from(ended);
            breaks = 0;
            if !self.line_of_block(indent, &mut breaks) {
                break;
            }
        }
        if chomping != b'-' && ended {
            text.push('\n');
        }
        if chomping == b'+' {
            (0..breaks).for_each(|_| text.push('\n'));
        }
        self.next_line();
        Some(Value::String(text.into_boxed_str()))
    }

    /// Finds the indentation of a block scalar by its first line, blank lines before it counted.
    /// Nothing inside if there is no such line.
    fn first_indent(&mut self, column: usize, breaks: &mut usize) -> Option<Option<usize>> {
        let mut deepest = 0;
        loop {
            let start = self.at;
            self.skip_spaces();
            let width = self.at - start;
            if self.at >= self.bytes.len() {
                // Spaces at the very end are another matter.
                return (width == 0).then_some(None);
            }
            if self.byte(0) != b'\n' {
                self.at = start;
                if width <= column {
                    return (deepest <= column).then_some(None);
                }
                return (deepest <= width).then_some(Some(width));
            }
            deepest = deepest.max(width);
            self.at += 1;
            self.line += 1;
            *breaks += 1;
        }
    }

    /// Goes over lines that are shorter than the indentation; returns true at the start of one that
    /// belongs to the scalar.
    fn line_of_block(&mut self, indent: usize, breaks: &mut usize) -> bool {
        loop {
            let rest = self.rest();
            let width = rest.iter().take(indent).take_while(|b| **b == b' ').count();
            if width == indent {
                // At the end of the text there is no line.
                return rest.len() > indent && {
                    if rest[indent] == b'\n' {
                        self.at += indent + 1;
                        self.line += 1;
                        *breaks += 1;
                        continue;
                    }
                    true
                };
            }
            if rest.get(width) != Some(&b'\n') {
                return false;
            }
            self.at += width + 1;
            self.line += 1;
            *breaks += 1;
        }
    }

    /// Reads a flow collection that stands on one line.
    fn flow(&mut self, path: u64) -> Option<Value> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return None;
        }
        let value = if self.byte(0) == b'[' {
            let mut items = Vec::new();
            self.at += 1;
            self.skip_spaces();
            while self.byte(0) != b']' {
                let item = self.element(path, items.len());
                self.note(item, self.line);
                items.push(self.flow_value(item)?);
                self.flow_separator(b']')?;
            }
            Value::Array(items)
        } else {
            let mut object = Object::new();
            self.at += 1;
            self.skip_spaces();
            while self.byte(0) != b'}' {
                let key = self.flow_key()?;
                let member = self.child(path, key);
                self.note(member, self.line);
                let value = self.flow_value(member)?;
                if object.insert(Key::new(key), value).is_some() {
                    return None;
                }
                self.flow_separator(b'}')?;
            }
            Value::Object(object)
        };
        self.at += 1;
        self.depth -= 1;
        Some(value)
    }

    /// Goes over a comma, or to the closing bracket.
    fn flow_separator(&mut self, closing: u8) -> Option<()> {
        self.skip_spaces();
        if self.byte(0) == b',' {
            self.at += 1;
            self.skip_spaces();
            // A comma before the bracket, or two commas, are for the long way.
            return (self.byte(0) != closing && self.byte(0) != b',').then_some(());
        }
        (self.byte(0) == closing).then_some(())
    }

    fn flow_key(&mut self) -> Option<&'a str> {
        let key = match self.byte(0) {
            quote @ (b'"' | b'\'') => self.simple_quoted(quote)?,
            _ => {
                let word = self.flow_word()?;
                let is_text = matches!(
                    resolve::v2(None, word, Style::Plain),
                    Ok(Scalar::Text | Scalar::Timestamp(_))
                );
                if !is_text || word == "<<" {
                    return None;
                }
                word
            }
        };
        if key.len() > KEY_BYTES_MAX || self.byte(0) != b':' || self.byte(1) != b' ' {
            return None;
        }
        self.at += 2;
        self.skip_spaces();
        Some(key)
    }

    fn flow_value(&mut self, path: u64) -> Option<Value> {
        match self.byte(0) {
            b'[' | b'{' => self.flow(path),
            quote @ (b'"' | b'\'') => match self.simple_quoted(quote) {
                Some(text) => Some(Value::from(text)),
                None => self.quoted(quote).map(Value::from),
            },
            _ => {
                let word = self.flow_word()?;
                Self::scalar(word)
            }
        }
    }

    /// Takes the simplest of words: what has a meaning anywhere isn't in it.
    fn flow_word(&mut self) -> Option<&'a str> {
        let is_plain = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'+' | b'$' | b'=')
        };
        let length = self.rest().iter().take_while(|b| is_plain(**b)).count();
        let word = &self.text[self.at..self.at + length];
        let next = self.byte(length);
        let ends = match next {
            b',' | b']' | b'}' => true,
            b':' => self.byte(length + 1) == b' ',
            _ => false,
        };
        if length == 0 || !ends || word == "-" || word.starts_with("---") {
            return None;
        }
        self.at += length;
        Some(word)
    }
}

#[cfg(test)]
mod tests;
