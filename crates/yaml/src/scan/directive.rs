//! Directives and tags.

use super::{Scan, Scanner, TokenKind};
use std::borrow::Cow;

/// Digits of a version number.
const VERSION_DIGITS_MAX: usize = 2;

impl<'a> Scanner<'a> {
    pub(super) fn fetch_directive(&mut self) -> Scan<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.at;
        self.advance(1);
        let name = self.alphas();
        if name.is_empty() {
            return Err(self.error("could not find expected directive name"));
        }
        if !self.is_blank_or_end(0) {
            return Err(self.error("found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => self.version_directive()?,
            "TAG" => self.tag_directive()?,
            _ => return Err(self.error("found unknown directive name")),
        };
        self.push(kind, start);
        self.skip_rest_of_line()
    }

    /// Skips blanks, a comment and the line break; anything else is an error.
    pub(super) fn skip_rest_of_line(&mut self) -> Scan<()> {
        self.skip_blanks();
        self.skip_comment();
        if !self.is_break_or_end(0) {
            return Err(self.error("did not find expected comment or line break"));
        }
        self.skip_break();
        Ok(())
    }

    fn version_directive(&mut self) -> Scan<TokenKind<'a>> {
        self.skip_blanks();
        let major = self.version_number()?;
        if self.byte(0) != b'.' {
            return Err(self.error("did not find expected digit or '.' character"));
        }
        self.advance(1);
        let minor = self.version_number()?;
        Ok(TokenKind::VersionDirective { major, minor })
    }

    fn version_number(&mut self) -> Scan<u8> {
        let (mut number, mut digits) = (0, 0);
        while self.byte(0).is_ascii_digit() {
            digits += 1;
            if digits > VERSION_DIGITS_MAX {
                return Err(self.error("found extremely long version number"));
            }
            number = number * 10 + (self.byte(0) - b'0');
            self.advance(1);
        }
        if digits == 0 {
            return Err(self.error("did not find expected version number"));
        }
        Ok(number)
    }

    fn tag_directive(&mut self) -> Scan<TokenKind<'a>> {
        self.skip_blanks();
        let handle = self.tag_handle(true)?;
        if !self.is_blank(0) {
            return Err(self.error("did not find expected whitespace"));
        }
        self.skip_blanks();
        let prefix = self.tag_uri("")?;
        if !self.is_blank_or_end(0) {
            return Err(self.error("did not find expected whitespace or line break"));
        }
        Ok(TokenKind::TagDirective(Box::new((handle.into(), prefix))))
    }

    pub(super) fn fetch_tag(&mut self) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.at;
        let (handle, suffix): (Cow<'a, str>, Cow<'a, str>);
        if self.byte(1) == b'<' {
            self.advance(2);
            suffix = self.tag_uri("")?;
            handle = "".into();
            if self.byte(0) != b'>' {
                return Err(self.error("did not find the expected '>'"));
            }
            self.advance(1);
        } else {
            let head = self.tag_handle(false)?;
            if head.len() > 1 && head.ends_with('!') {
                suffix = self.tag_uri("")?;
                handle = head.into();
            } else {
                let uri = self.tag_uri(head)?;
                // A lone `!` has no handle: it says that the value is what it looks like.
                (handle, suffix) = if uri.is_empty() {
                    ("".into(), "!".into())
                } else {
                    ("!".into(), uri)
                };
            }
        }
        if !self.is_blank_or_end(0) {
            return Err(self.error("did not find expected whitespace or line break"));
        }
        self.push(TokenKind::Tag(Box::new((handle, suffix))), start);
        Ok(())
    }

    /// Takes `!`, `!!` or `!name!`; in front of a tag's own name also `!name`.
    fn tag_handle(&mut self, directive: bool) -> Scan<&'a str> {
        if self.byte(0) != b'!' {
            return Err(self.error("did not find expected '!'"));
        }
        let start = self.at.offset;
        self.advance(1);
        self.alphas();
        if self.byte(0) == b'!' {
            self.advance(1);
        } else if directive && self.at.offset - start > 1 {
            return Err(self.error("did not find expected '!'"));
        }
        Ok(&self.text[start..self.at.offset])
    }

    /// Takes the rest of a tag; `head` is what was taken of it as a handle, `!` included.
    fn tag_uri(&mut self, head: &'a str) -> Scan<Cow<'a, str>> {
        let start = self.at.offset;
        let mut escaped: Option<Vec<u8>> = None;
        let from = start - head.len().saturating_sub(1);
        loop {
            let b = self.byte(0);
            if b == b'%' {
                let mut uri = escaped
                    .take()
                    .unwrap_or_else(|| self.bytes[from..self.at.offset].to_vec());
                self.uri_escape(&mut uri)?;
                escaped = Some(uri);
            } else if super::is_alpha(b) || b";/?:@&=+$,.!~*'()[]".contains(&b) {
                if let Some(uri) = &mut escaped {
                    uri.push(b);
                }
                self.advance(1);
            } else {
                break;
            }
        }
        if self.at.offset == start && head.is_empty() {
            return Err(self.error("did not find expected tag URI"));
        }
        Ok(match escaped {
            Some(uri) => String::from_utf8_lossy(&uri).into_owned().into(),
            None => self.text[from..self.at.offset].into(),
        })
    }

    /// Takes the `%XX` of one character.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Scan<()> {
        let mut left = 0;
        loop {
            let hex = self.bytes.get(self.at.offset + 1..self.at.offset + 3);
            let octet = hex
                .filter(|_| self.byte(0) == b'%')
                .and_then(|hex| std::str::from_utf8(hex).ok())
                .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            let Some(octet) = octet else {
                return Err(self.error("did not find URI escaped octet"));
            };
            if left == 0 {
                left = match octet {
                    0..0x80 => 1,
                    0xC0..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF7 => 4,
                    _ => return Err(self.error("found an incorrect leading UTF-8 octet")),
                };
            } else if octet & 0xC0 != 0x80 {
                return Err(self.error("found an incorrect trailing UTF-8 octet"));
            }
            uri.push(octet);
            self.advance(3);
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
    }
}
