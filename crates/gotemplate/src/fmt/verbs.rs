//! What the verbs do with their operand, padded.

use super::Printer;
use crate::strconv;
use crate::text;

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    pub(super) plus_v: bool,
    pub(super) sharp_v: bool,
}

/// Returns the character of a number; U+FFFD if there is none.
pub(super) fn rune(i: i64) -> char {
    u32::try_from(i)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(text::REPLACEMENT)
}

impl Printer {
    /// Writes text, filled up to the width.
    pub(super) fn pad(&mut self, body: &[u8]) {
        let width = self.flags.width.unwrap_or(0);
        // Mostly there is no width.
        let missing = if width == 0 {
            0
        } else {
            width.saturating_sub(text::runes(body).count())
        };
        let fill = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        if !self.flags.minus {
            self.fill(missing, fill);
        }
        self.out.extend_from_slice(body);
        if self.flags.minus {
            self.fill(missing, b' ');
        }
    }

    pub(super) fn fill(&mut self, n: usize, with: u8) {
        self.out.resize(self.out.len() + n, with);
    }

    /// Writes with spaces, even where zeros were asked for.
    pub(super) fn pad_with_spaces(&mut self, body: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(body);
        self.flags.zero = zero;
    }

    pub(super) fn integer(&mut self, i: i64, base: u64, signed: bool, verb: char, upper: bool) {
        let negative = signed && i < 0;
        #[expect(
            clippy::cast_sign_loss,
            reason = "unsigned numbers are kept as their bits"
        )]
        let mut rest = if signed { i.unsigned_abs() } else { i as u64 };
        let flags = self.flags;
        let mut digits_min = 0;
        if let Some(precision) = flags.precision {
            digits_min = precision;
            if precision == 0 && rest == 0 {
                self.fill(flags.width.unwrap_or(0), b' ');
                return;
            }
        } else if flags.zero
            && !flags.minus
            && let Some(width) = flags.width
        {
            let sign = negative || flags.plus || flags.space;
            digits_min = width.saturating_sub(usize::from(sign));
        }
        let table: &[u8; 16] = if upper {
            b"0123456789ABCDEF"
        } else {
            b"0123456789abcdef"
        };
        let mut reversed = Vec::with_capacity(24);
        loop {
            reversed.push(table[(rest % base) as usize]);
            rest /= base;
            if rest == 0 {
                break;
            }
        }
        while reversed.len() < digits_min {
            reversed.push(b'0');
        }
        if flags.sharp {
            match base {
                2 => reversed.extend_from_slice(b"b0"),
                8 if reversed.last() != Some(&b'0') => reversed.push(b'0'),
                16 => reversed.extend_from_slice(if upper { b"X0" } else { b"x0" }),
                _ => {}
            }
        }
        if verb == 'O' {
            reversed.extend_from_slice(b"o0");
        }
        if negative {
            reversed.push(b'-');
        } else if flags.plus {
            reversed.push(b'+');
        } else if flags.space {
            reversed.push(b' ');
        }
        reversed.reverse();
        self.pad_with_spaces(&reversed);
    }

    pub(super) fn unicode(&mut self, i: i64) {
        let digits = self.flags.precision.unwrap_or(4).max(4);
        let number = format!("{i:X}");
        let zeros = "0".repeat(digits.saturating_sub(number.len()));
        let mut body = format!("U+{zeros}{number}");
        let c = rune(i);
        if self.flags.sharp && crate::unicode::is_print(c) {
            body.push_str(&format!(" '{c}'"));
        }
        self.pad_with_spaces(body.as_bytes());
    }

    pub(super) fn string(&mut self, s: &[u8], verb: char) {
        match verb {
            'q' => {
                let s = self.truncate(s);
                let quoted = if self.flags.sharp && strconv::can_backquote(s) {
                    [b"`", s, b"`"].concat()
                } else {
                    strconv::quote_with(s, '"', self.flags.plus).into_bytes()
                };
                self.pad(&quoted);
            }
            'x' | 'X' => self.hex(s, verb == 'X'),
            _ => {
                let s = self.truncate(s);
                self.pad(s);
            }
        }
    }

    fn truncate<'s>(&self, s: &'s [u8]) -> &'s [u8] {
        let Some(precision) = self.flags.precision else {
            return s;
        };
        match text::rune_indices(s).nth(precision) {
            Some((at, _, _)) => &s[..at],
            None => s,
        }
    }

    fn hex(&mut self, s: &[u8], upper: bool) {
        let s = &s[..s.len().min(self.flags.precision.unwrap_or(usize::MAX))];
        let prefix = if upper { "0X" } else { "0x" };
        let mut body = String::new();
        for (i, b) in s.iter().enumerate() {
            if self.flags.space && i > 0 {
                body.push(' ');
            }
            if self.flags.sharp && (i == 0 || self.flags.space) {
                body.push_str(prefix);
            }
            body.push_str(&if upper {
                format!("{b:02X}")
            } else {
                format!("{b:02x}")
            });
        }
        self.pad(body.as_bytes());
    }
}
