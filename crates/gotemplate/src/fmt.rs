//! Go's `fmt`: `print`, `printf` and what `{{ }}` writes.

mod float;
mod verbs;

pub(crate) use float::float_text;

use crate::text::{self, Str};
use crate::value::{IntKind, Value};
use verbs::Flags;

/// Bytes after which nothing more is printed; whoever asked finds the text too large then.
pub(crate) const TEXT_BYTES_MAX: usize = 128 << 20;
/// Values that may stand inside each other; the reference has no limit and dies of a cycle.
const NESTING_MAX: usize = 1000;
/// Largest width, precision and argument index, as in Go.
const NUMBER_MAX: usize = 1_000_000;

/// `fmt.Sprint`: a space between operands when neither is a string.
pub(crate) fn sprint(values: &[Value]) -> Vec<u8> {
    let mut printer = Printer::default();
    let mut after_string = true;
    for (i, value) in values.iter().enumerate() {
        let is_string = matches!(value, Value::Str(_));
        if i > 0 && !is_string && !after_string {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
        after_string = is_string;
    }
    printer.out
}

/// `fmt.Sprintln`: a space between all operands.
pub(crate) fn sprintln(values: &[Value]) -> Vec<u8> {
    let mut printer = Printer::default();
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
    }
    printer.out.push(b'\n');
    printer.out
}

/// Returns what `%v` prints.
pub(crate) fn text_of(value: &Value) -> Str {
    match value {
        Value::Str(s) => s.clone(),
        _ => {
            let mut printer = Printer::default();
            printer.argument(value, 'v');
            printer.out.into()
        }
    }
}

/// Appends what `%v` prints.
pub(crate) fn write_text(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(s) => out.extend_from_slice(s),
        _ => {
            let mut printer = Printer {
                out: std::mem::take(out),
                flags: Flags::default(),
            };
            printer.argument(value, 'v');
            *out = printer.out;
        }
    }
}

#[derive(Default)]
struct Printer {
    out: Vec<u8>,
    flags: Flags,
}

/// `fmt.Sprintf`.
pub(crate) fn sprintf(format: &[u8], values: &[Value]) -> Vec<u8> {
    let mut state = Format {
        format,
        at: 0,
        values,
        next: 0,
        reordered: false,
        good_index: true,
        after_index: false,
        printer: Printer::default(),
    };
    state.run();
    state.printer.out
}

struct Format<'a> {
    format: &'a [u8],
    at: usize,
    values: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
    after_index: bool,
    printer: Printer,
}

impl Format<'_> {
    fn run(&mut self) {
        while self.at < self.format.len() {
            let rest = &self.format[self.at..];
            let literal = memchr::memchr(b'%', rest).unwrap_or(rest.len());
            self.printer.out.extend_from_slice(&rest[..literal]);
            self.at += literal;
            if self.at >= self.format.len() {
                break;
            }
            self.at += 1;
            self.directive();
        }
        if !self.reordered && self.next < self.values.len() {
            self.printer.flags = Flags::default();
            self.put(b"%!(EXTRA ");
            let extra = &self.values[self.next..];
            for (i, value) in extra.iter().enumerate() {
                if i > 0 {
                    self.put(b", ");
                }
                if value.is_nil() {
                    self.put(b"<nil>");
                } else {
                    self.put(value.type_name().as_bytes());
                    self.put(b"=");
                    self.printer.argument(value, 'v');
                }
            }
            self.put(b")");
        }
    }

    fn put(&mut self, text: &[u8]) {
        self.printer.out.extend_from_slice(text);
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self) {
        let mut flags = Flags::default();
        while let Some(b) = self.peek() {
            match b {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        self.good_index = true;
        self.after_index = false;
        self.index();
        self.width(&mut flags);
        self.precision(&mut flags);
        if !self.after_index {
            self.index();
        }
        let Some((verb, width)) = text::decode(&self.format[self.at..]) else {
            self.put(b"%!(NOVERB)");
            return;
        };
        self.at += width;
        self.printer.flags = flags;
        if verb == '%' {
            self.put(b"%");
        } else if !self.good_index {
            self.bad(verb, b"(BADINDEX)");
        } else if self.next >= self.values.len() {
            self.bad(verb, b"(MISSING)");
        } else {
            if verb == 'v' {
                let flags = &mut self.printer.flags;
                flags.sharp_v = std::mem::take(&mut flags.sharp);
                flags.plus_v = std::mem::take(&mut flags.plus);
            }
            let value = &self.values[self.next];
            self.next += 1;
            self.printer.argument(value, verb);
        }
    }

    fn bad(&mut self, verb: char, what: &[u8]) {
        self.put(b"%!");
        text::push(&mut self.printer.out, verb);
        self.put(what);
    }

    fn width(&mut self, flags: &mut Flags) {
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_argument() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.zero &= width >= 0;
                    flags.width = Some(width.unsigned_abs());
                }
                None => self.put(b"%!(BADWIDTH)"),
            }
            self.after_index = false;
        } else {
            flags.width = self.number();
            if self.after_index && flags.width.is_some() {
                self.good_index = false;
            }
        }
    }

    fn precision(&mut self, flags: &mut Flags) {
        if self.peek() != Some(b'.') {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good_index = false;
        }
        self.index();
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_argument() {
                Some(precision) if precision >= 0 => {
                    flags.precision = Some(precision.unsigned_abs());
                }
                Some(_) => self.put(b"%!(BADPREC)"),
                None => self.put(b"%!(BADPREC)"),
            }
            self.after_index = false;
        } else {
            flags.precision = Some(self.number().unwrap_or(0));
        }
    }

    fn number(&mut self) -> Option<usize> {
        let mut n = None;
        while let Some(b @ b'0'..=b'9') = self.peek() {
            let value = n.unwrap_or(0);
            if value > NUMBER_MAX {
                // Nothing of the rest will be taken for a verb.
                self.at = self.format.len();
                return None;
            }
            n = Some(value * 10 + usize::from(b - b'0'));
            self.at += 1;
        }
        n
    }

    fn int_argument(&mut self) -> Option<isize> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(_, i) => isize::try_from(*i)
                .ok()
                .filter(|i| i.unsigned_abs() <= NUMBER_MAX),
            _ => None,
        }
    }

    /// Reads `[n]`.
    fn index(&mut self) {
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(length) = memchr::memchr(b']', rest) else {
            self.good_index = false;
            self.at += 1;
            return;
        };
        let number = std::str::from_utf8(&rest[1..length])
            .ok()
            .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|n| n.parse::<usize>().ok());
        self.at += length + 1;
        match number {
            Some(n) if n >= 1 && n <= self.values.len() => {
                self.next = n - 1;
                self.after_index = true;
            }
            _ => self.good_index = false,
        }
    }
}

impl Printer {
    /// Prints an operand.
    fn argument(&mut self, value: &Value, verb: char) {
        match verb {
            'T' => self.string(value.type_name().as_bytes(), 's'),
            'p' => self.bad_verb(value, verb),
            _ if value.is_nil() && verb == 'v' => self.pad(b"<nil>"),
            _ if value.is_nil() => self.bad_verb(value, verb),
            _ => self.value(value, verb, 0),
        }
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > NESTING_MAX || self.out.len() > TEXT_BYTES_MAX {
            self.out.extend_from_slice(b"...");
            return;
        }
        match value {
            Value::Nil => self.nil(),
            Value::Bool(b) => match verb {
                't' | 'v' => self.pad(if *b { b"true" } else { b"false" }),
                _ => self.bad_verb(value, verb),
            },
            Value::Int(kind, i) => self.int(value, *kind, *i, verb),
            Value::Float(f) => self.float_operand(value, *f, verb),
            Value::Complex(re, im) => self.complex(value, *re, *im, verb),
            Value::Str(s) => self.string_operand(value, s, verb),
            Value::Bytes(b) => self.bytes(value, b, verb),
            Value::List(list) => {
                self.open(value, list.is_nil(), b"[", |p| {
                    for (i, item) in list.to_vec().iter().enumerate() {
                        p.separate(i);
                        p.value(item, verb, depth + 1);
                    }
                    p.out.push(if p.flags.sharp_v { b'}' } else { b']' });
                });
            }
            Value::Map(map) => {
                self.open(value, map.is_nil(), b"map[", |p| {
                    for (i, (key, item)) in map.to_vec().iter().enumerate() {
                        p.separate(i);
                        p.value(&Value::Str(key.clone()), verb, depth + 1);
                        p.out.push(b':');
                        p.value(item, verb, depth + 1);
                    }
                    p.out.push(if p.flags.sharp_v { b'}' } else { b']' });
                });
            }
            Value::Object(object) if object.is_stringer() => {
                if matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
                    self.string_operand(value, object.text().as_bytes(), verb);
                } else {
                    self.out.extend_from_slice(object.text().as_bytes());
                }
            }
            Value::Object(object) => self.out.extend_from_slice(object.text().as_bytes()),
        }
    }

    fn nil(&mut self) {
        let text: &[u8] = if self.flags.sharp_v {
            b"interface {}(nil)"
        } else {
            b"<nil>"
        };
        self.out.extend_from_slice(text);
    }

    fn open(&mut self, value: &Value, is_nil: bool, open: &[u8], rest: impl FnOnce(&mut Self)) {
        if self.flags.sharp_v {
            self.out.extend_from_slice(value.type_name().as_bytes());
            if is_nil {
                self.out.extend_from_slice(b"(nil)");
                return;
            }
            self.out.push(b'{');
        } else {
            self.out.extend_from_slice(open);
        }
        rest(self);
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            let separator: &[u8] = if self.flags.sharp_v { b", " } else { b" " };
            self.out.extend_from_slice(separator);
        }
    }

    fn int(&mut self, value: &Value, kind: IntKind, i: i64, verb: char) {
        if matches!(kind, IntKind::Duration | IntKind::Month | IntKind::Weekday)
            && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
        {
            let text = crate::time::number_text(kind, i);
            self.string(text.as_bytes(), verb);
            return;
        }
        let signed = !kind.is_unsigned();
        match verb {
            'v' if self.flags.sharp_v && !signed => {
                self.flags.sharp = true;
                self.integer(i, 16, signed, verb, false);
                self.flags.sharp = false;
            }
            'v' | 'd' => self.integer(i, 10, signed, verb, false),
            'b' => self.integer(i, 2, signed, verb, false),
            'o' | 'O' => self.integer(i, 8, signed, verb, false),
            'x' => self.integer(i, 16, signed, verb, false),
            'X' => self.integer(i, 16, signed, verb, true),
            'c' => self.pad(verbs::rune(i).encode_utf8(&mut [0; 4]).as_bytes()),
            'q' => {
                let quoted = crate::strconv::quote_rune(verbs::rune(i), self.flags.plus);
                self.pad(quoted.as_bytes());
            }
            'U' => self.unicode(i),
            _ => self.bad_verb(value, verb),
        }
    }

    fn string_operand(&mut self, value: &Value, s: &[u8], verb: char) {
        match verb {
            'v' if self.flags.sharp_v => self.string(s, 'q'),
            'v' | 's' | 'x' | 'X' | 'q' => self.string(s, verb),
            _ => self.bad_verb(value, verb),
        }
    }

    fn bytes(&mut self, value: &Value, bytes: &[u8], verb: char) {
        match verb {
            's' | 'x' | 'X' | 'q' => self.string(bytes, verb),
            'v' | 'd' if self.flags.sharp_v => {
                self.out.extend_from_slice(b"[]byte{");
                for (i, b) in bytes.iter().enumerate() {
                    self.separate(i);
                    self.out.extend_from_slice(format!("{b:#x}").as_bytes());
                }
                self.out.push(b'}');
            }
            _ => {
                self.out.push(b'[');
                for (i, b) in bytes.iter().enumerate() {
                    self.separate(i);
                    let element = Value::Int(IntKind::Uint8, i64::from(*b));
                    self.int(&element, IntKind::Uint8, i64::from(*b), verb);
                }
                self.out.push(b']');
                let _ = value;
            }
        }
    }

    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.out.extend_from_slice(b"%!");
        text::push(&mut self.out, verb);
        self.out.push(b'(');
        if value.is_nil() {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            self.value(value, 'v', 0);
        }
        self.out.push(b')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(format: &str, values: &[Value]) -> String {
        String::from_utf8_lossy(&sprintf(format.as_bytes(), values)).into_owned()
    }

    #[test]
    fn verbs_print_as_in_go() {
        let (i, s) = (Value::int(5), Value::str("a"));
        assert_eq!(
            f("%5d|%-5d|%05d|%+d|%x", &vec![i.clone(); 5]),
            "    5|5    |00005|+5|5"
        );
        assert_eq!(
            f("%q %5s %s", &[s.clone(), s.clone(), Value::Nil]),
            "\"a\"     a %!s(<nil>)"
        );
        assert_eq!(f("%d", &[s]), "%!d(string=a)");
        assert_eq!(f("%d %s", &[Value::int(5)]), "5 %!s(MISSING)");
        assert_eq!(f("x", &[Value::int(5)]), "x%!(EXTRA int=5)");
        assert_eq!(f("%[1]d%[1]d", &[i]), "55");
        assert_eq!(f("%!", &[]), "%!!(MISSING)");
        assert_eq!(f("%", &[]), "%!(NOVERB)");
        assert_eq!(
            f("%.2f %e %g %v", &vec![Value::Float(1_234_567.8); 4]),
            "1234567.80 1.234568e+06 1.2345678e+06 1.2345678e+06"
        );
        assert_eq!(
            f("%08.3f|%+.1e", &vec![Value::Float(-3.14059); 2]),
            "-003.141|-3.1e+00"
        );
        assert_eq!(
            f("%*d|%-*d|%.*f", &[5, 1, 5, 2, 2].map(Value::int)),
            "    1|2    |%!f(MISSING)"
        );
        assert_eq!(
            f(
                "%05s|%-05d|%+05d|% 05d",
                &[
                    Value::str("ab"),
                    Value::int(3),
                    Value::int(3),
                    Value::int(3)
                ]
            ),
            "000ab|3    |+0003| 0003"
        );
        assert_eq!(
            f(
                "%.0f %.0d|%5.3d|%-5.3d|",
                &[
                    Value::Float(2.5),
                    Value::int(0),
                    Value::int(7),
                    Value::int(7)
                ]
            ),
            "2 |  007|007  |"
        );
        assert_eq!(
            f("%t %v", &[Value::Bool(true), Value::Float(1e21)]),
            "true 1e+21"
        );
    }
}
