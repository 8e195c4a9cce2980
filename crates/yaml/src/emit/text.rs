//! What a text allows, and how its characters are escaped.

use super::Flavour;

/// Which styles can carry a text.
pub(super) struct Analysis {
    pub(super) multiline: bool,
    pub(super) plain_allowed: bool,
    pub(super) single_quoted_allowed: bool,
    pub(super) block_allowed: bool,
}

const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

impl Analysis {
    pub(super) fn of(s: &str, flavour: Flavour) -> Self {
        let (Some(first), Some(last)) = (s.chars().next(), s.chars().next_back()) else {
            return Self {
                multiline: false,
                plain_allowed: true,
                single_quoted_allowed: true,
                block_allowed: false,
            };
        };
        let is_blank = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '\t'));
        let mut indicators = s.starts_with("---") || s.starts_with("...");
        let mut multiline = false;
        let mut special = false;
        let mut tab = false;
        let mut break_then_space = false;
        let mut space_then_break = false;
        let mut before: Option<char> = None;
        let mut chars = s.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_follows = is_blank(chars.peek().copied());
            indicators |= match (c, before) {
                ('?' | '-', None) | (':', _) => blank_follows,
                ('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>', None) => true,
                ('\'' | '"' | '%' | '@' | '`', None) => true,
                ('#', Some(b)) => matches!(b, ' ' | '\t') || is_break(b),
                _ => false,
            };
            let is_tab = c == '\t' && flavour != Flavour::V2;
            tab |= is_tab;
            special |= !is_tab && !is_printable(c);
            multiline |= is_break(c);
            break_then_space |= c == ' ' && before.is_some_and(is_break);
            space_then_break |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        let edges = |c: char| c == ' ' || is_break(c);
        let quoted_only = space_then_break || special;
        Self {
            multiline,
            plain_allowed: !(edges(first)
                || edges(last)
                || break_then_space
                || quoted_only
                || tab
                || multiline
                || indicators),
            single_quoted_allowed: !(break_then_space || quoted_only || tab),
            block_allowed: !(last == ' ' || quoted_only),
        }
    }
}

/// Returns true for what go-yaml writes as it is; nothing beyond 16 bits.
const fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}')
}

/// Returns true for what can't stand in double quotes as it is.
pub(super) const fn needs_escape(c: char) -> bool {
    !is_printable(c) || is_break(c) || matches!(c, '"' | '\\')
}

/// Returns a character as double quotes have it.
pub(super) fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0B' => 'v',
        '\x0C' => 'f',
        '\r' => 'r',
        '\x1B' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{A0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            let code = u32::from(c);
            return match code {
                0..=0xFF => format!("\\x{code:02X}"),
                0x100..=0xFFFF => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// Returns a float; the second version writes a whole number without exponent if it fits in 64 bits.
pub(super) fn float(f: f64, flavour: Flavour) -> String {
    if flavour != Flavour::V2 {
        return crate::v2::shortest_float(f);
    }
    if f == 0.0 {
        return "0".to_owned();
    }
    let json = value::format_float(f);
    if json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok() {
        return json;
    }
    crate::v2::shortest_float(f)
}
