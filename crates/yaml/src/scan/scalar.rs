//! Scalars in their five styles.

use super::{Scan, Scanner, Style, TokenKind};
use std::borrow::Cow;

/// The bytes at which a word of a plain scalar may end.
const MAY_END_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b"\0 \t\n\r:,?[]{}\xC2\xE2";
    let mut i = 0;
    while i < ends.len() {
        table[ends[i] as usize] = true;
        i += 1;
    }
    table
};

/// What becomes of the line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// The white space between two words of a scalar: blanks on one line, or line breaks.
#[derive(Default)]
struct Gap {
    blanks: (usize, usize),
    first_break: Option<&'static str>,
    more_breaks: String,
}

impl Gap {
    /// Appends the gap as a scalar has it: one line break is a space, further ones are kept.
    fn fold_into(&mut self, text: &str, out: &mut String) {
        match self.first_break.take() {
            None => out.push_str(&text[self.blanks.0..self.blanks.1]),
            Some("\n") if self.more_breaks.is_empty() => out.push(' '),
            Some("\n") => out.push_str(&self.more_breaks),
            Some(other) => {
                out.push_str(other);
                out.push_str(&self.more_breaks);
            }
        }
        self.more_breaks.clear();
        self.blanks = (0, 0);
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn fetch_plain_scalar(&mut self) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.at;
        let indent = self.indent + 1;
        // The scalar is a slice of the text until a second line begins.
        let mut joined: Option<String> = None;
        let mut end = start;
        let mut gap = Gap::default();
        loop {
            if self.at_document_indicator() || self.byte(0) == b'#' {
                break;
            }
            let word = self.at.offset;
            self.skip_word();
            if self.at.offset > word {
                if gap.first_break.is_some() && joined.is_none() {
                    joined = Some(self.text[start.offset..end.offset].to_owned());
                }
                if let Some(joined) = &mut joined {
                    gap.fold_into(self.text, joined);
                    joined.push_str(&self.text[word..self.at.offset]);
                }
                gap = Gap::default();
                end = self.at;
            }
            if !(self.is_blank(0) || self.break_len(0) > 0) {
                break;
            }
            self.skip_gap(&mut gap, indent)?;
            if self.flow_level == 0 && self.blank_column() < indent {
                break;
            }
        }
        if gap.first_break.is_some() {
            self.simple_key_allowed = true;
        }
        let text = match joined {
            Some(joined) => Cow::Owned(joined),
            None => Cow::Borrowed(&self.text[start.offset..end.offset]),
        };
        self.push_scalar(text, Style::Plain, start);
        Ok(())
    }

    fn push_scalar(&mut self, text: Cow<'a, str>, style: Style, start: super::Mark) {
        let kind = TokenKind::Scalar { text, style };
        self.tokens.push_back(super::Token { kind, start });
    }

    /// Skips to white space or to what ends a plain scalar.
    fn skip_word(&mut self) {
        let flow = self.flow_level > 0;
        loop {
            let rest = &self.bytes[self.at.offset..];
            let plain = rest.iter().position(|b| MAY_END_WORD[usize::from(*b)]);
            self.advance(plain.unwrap_or(rest.len()));
            match self.byte(0) {
                0 | b' ' | b'\t' | b'\n' | b'\r' => return,
                b':' if self.is_blank_or_end(1) => return,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if flow => return,
                0xC2 | 0xE2 if self.break_len(0) > 0 => return,
                _ => self.advance(1),
            }
        }
    }

    /// Skips blanks and line breaks between the lines of a plain scalar.
    fn skip_gap(&mut self, gap: &mut Gap, indent: i64) -> Scan<()> {
        let from = self.at.offset;
        loop {
            match self.byte(0) {
                b'\t' if gap.first_break.is_some() && self.blank_column() < indent => {
                    return Err(self.error("found a tab character that violates indentation"));
                }
                b' ' | b'\t' => {
                    self.advance(1);
                    if gap.first_break.is_none() {
                        gap.blanks = (from, self.at.offset);
                    }
                }
                _ => match self.skip_break() {
                    None => return Ok(()),
                    Some(b) if gap.first_break.is_none() => gap.first_break = Some(b),
                    Some(b) => gap.more_breaks.push_str(b),
                },
            }
        }
    }

    /// Returns the column where only white space stands before it on the line, or the first line
    /// of a scalar (then any large number will do).
    fn blank_column(&self) -> i64 {
        i64::try_from(self.at.offset - self.line_start).unwrap_or(i64::MAX)
    }

    pub(super) fn fetch_flow_scalar(&mut self, style: Style) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.at;
        let quote = self.byte(0);
        self.advance(1);
        let text = match self.simple_quoted(quote) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.quoted(quote)?),
        };
        self.advance(1);
        self.push_scalar(text, style, start);
        Ok(())
    }

    /// Takes the text up to the closing quote, if it needs no change.
    fn simple_quoted(&mut self, quote: u8) -> Option<&'a str> {
        let rest = &self.bytes[self.at.offset..];
        let len = rest
            .iter()
            .position(|&b| b == quote || b == b'\\' || matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2))?;
        let simple = rest[len] == quote && !(quote == b'\'' && rest.get(len + 1) == Some(&quote));
        if !simple {
            return None;
        }
        let text = &self.text[self.at.offset..self.at.offset + len];
        self.advance(len);
        Some(text)
    }

    fn quoted(&mut self, quote: u8) -> Scan<String> {
        let mut out = String::new();
        loop {
            if self.at_document_indicator() {
                return Err(self.error("found unexpected document indicator"));
            }
            if self.byte(0) == 0 {
                return Err(self.error("found unexpected end of stream"));
            }
            let line_joined = self.quoted_word(quote, &mut out)?;
            if self.byte(0) == quote {
                return Ok(out);
            }
            self.quoted_gap(line_joined, &mut out);
        }
    }

    /// Takes characters up to white space or the closing quote. Returns true if it stopped behind
    /// an escaped line break.
    fn quoted_word(&mut self, quote: u8, out: &mut String) -> Scan<bool> {
        loop {
            let from = self.at.offset;
            while !(self.byte(0) == quote || self.byte(0) == b'\\' || self.is_blank_or_end(0)) {
                self.advance(1);
            }
            out.push_str(&self.text[from..self.at.offset]);
            match self.byte(0) {
                b'\'' if quote == b'\'' && self.byte(1) == b'\'' => {
                    out.push('\'');
                    self.advance(2);
                }
                b'\\' if quote == b'\'' => {
                    out.push('\\');
                    self.advance(1);
                }
                b'\\' if self.break_len(1) > 0 => {
                    self.advance(1);
                    self.skip_break();
                    return Ok(true);
                }
                b'\\' => self.escape(out)?,
                _ => return Ok(false),
            }
        }
    }

    /// Takes white space inside quotes. Behind an escaped line break leading blanks vanish.
    fn quoted_gap(&mut self, line_joined: bool, out: &mut String) {
        let mut gap = Gap::default();
        let from = self.at.offset;
        let mut breaks = line_joined;
        loop {
            if self.is_blank(0) {
                self.advance(1);
                if !breaks {
                    gap.blanks = (from, self.at.offset);
                }
            } else if let Some(b) = self.skip_break() {
                if breaks {
                    gap.more_breaks.push_str(b);
                } else {
                    gap.first_break = Some(b);
                    breaks = true;
                }
            } else {
                break;
            }
        }
        if line_joined {
            out.push_str(&gap.more_breaks);
        } else {
            gap.fold_into(self.text, out);
        }
    }

    fn escape(&mut self, out: &mut String) -> Scan<()> {
        let (c, digits) = match self.byte(1) {
            b'0' => ('\0', 0),
            b'a' => ('\x07', 0),
            b'b' => ('\x08', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\x0B', 0),
            b'f' => ('\x0C', 0),
            b'r' => ('\r', 0),
            b'e' => ('\x1B', 0),
            b' ' => (' ', 0),
            b'"' => ('"', 0),
            b'\'' => ('\'', 0),
            b'\\' => ('\\', 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{A0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return Err(self.error("found unknown escape character")),
        };
        self.advance(2);
        if digits == 0 {
            out.push(c);
            return Ok(());
        }
        let mut value: u32 = 0;
        for i in 0..digits {
            let Some(digit) = char::from(self.byte(i)).to_digit(16) else {
                return Err(self.error("did not find expected hexdecimal number"));
            };
            value = value << 4 | digit;
        }
        let Some(c) = char::from_u32(value) else {
            return Err(self.error("found invalid Unicode character escape code"));
        };
        out.push(c);
        self.advance(digits);
        Ok(())
    }

    pub(super) fn fetch_block_scalar(&mut self, style: Style) -> Scan<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let start = self.at;
        self.advance(1);
        let (chomping, increment) = self.block_header()?;
        let mut indent = match increment {
            0 => 0,
            n => self.indent.max(0) + n,
        };
        let mut text = String::new();
        let mut breaks = String::new();
        self.block_breaks(&mut indent, &mut breaks)?;

        // In a folded scalar, a line break between two lines that both begin with a word is a space.
        let mut line_break = "";
        let mut was_indented = false;
        while self.blank_column() == indent && self.byte(0) != 0 {
            let is_indented = self.is_blank(0);
            let folds = style == Style::Folded && !was_indented && !is_indented;
            if folds && line_break == "\n" {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(line_break);
            }
            text.push_str(&breaks);
            breaks.clear();
            was_indented = is_indented;

            let from = self.at.offset;
            self.skip_line();
            text.push_str(&self.text[from..self.at.offset]);
            line_break = self.skip_break().unwrap_or("");
            self.block_breaks(&mut indent, &mut breaks)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(line_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        self.push_scalar(Cow::Owned(text), style, start);
        Ok(())
    }

    fn skip_line(&mut self) {
        loop {
            let rest = &self.bytes[self.at.offset..];
            let len = rest
                .iter()
                .position(|&b| matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2))
                .unwrap_or(rest.len());
            self.advance(len);
            if self.is_break_or_end(0) {
                return;
            }
            self.advance(1);
        }
    }

    /// Takes what follows `|` or `>` on its line.
    fn block_header(&mut self) -> Scan<(Chomping, i64)> {
        let mut chomping = Chomping::Clip;
        let mut increment = 0;
        let mut seen_chomping = false;
        for _ in 0..2 {
            match self.byte(0) {
                b @ (b'+' | b'-') if !seen_chomping => {
                    seen_chomping = true;
                    chomping = if b == b'+' {
                        Chomping::Keep
                    } else {
                        Chomping::Strip
                    };
                    self.advance(1);
                }
                b'0' if increment == 0 => {
                    return Err(self.error("found an indentation indicator equal to 0"));
                }
                b @ b'1'..=b'9' if increment == 0 => {
                    increment = i64::from(b - b'0');
                    self.advance(1);
                }
                _ => break,
            }
        }
        self.skip_rest_of_line()?;
        Ok((chomping, increment))
    }

    /// Takes indentation and empty lines; finds out the indentation if it is still 0.
    fn block_breaks(&mut self, indent: &mut i64, breaks: &mut String) -> Scan<()> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.blank_column() < *indent) && self.byte(0) == b' ' {
                self.advance(1);
            }
            deepest = deepest.max(self.blank_column());
            if (*indent == 0 || self.blank_column() < *indent) && self.byte(0) == b'\t' {
                return Err(
                    self.error("found a tab character where an indentation space is expected")
                );
            }
            match self.skip_break() {
                None => break,
                Some(b) => breaks.push_str(b),
            }
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}
