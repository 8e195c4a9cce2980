//! Plain scalars that are points in time.

/// A point in time with its offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// In minutes.
    offset: i16,
}

/// Reads the forms that go-yaml allows: a date, or date and time with `T`, `t` or a space between,
/// with an offset only after the first two.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut p = Digits { rest: &text[5..] };
    let year = text[..4].parse().ok()?;
    let month = p.number(2)?;
    p.expect('-')?;
    let day = p.number(2)?;
    let mut t = Timestamp {
        year,
        month,
        day,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        offset: 0,
    };
    if !(1..=12).contains(&month) || day == 0 || day > days_in(month, year) {
        return None;
    }
    if p.rest.is_empty() {
        return Some(t);
    }
    let separator = p.rest.chars().next()?;
    p.rest = match separator {
        'T' | 't' => &p.rest[1..],
        // Go's layout has one space, which matches any number of them.
        ' ' => p.rest.trim_start_matches(' '),
        _ => return None,
    };
    t.hour = p.number(2)?;
    p.expect(':')?;
    t.minute = p.number(2)?;
    p.expect(':')?;
    t.second = p.number(2)?;
    if t.hour > 23 || t.minute > 59 || t.second > 59 {
        return None;
    }
    t.nanosecond = p.fraction()?;
    if separator != ' ' {
        t.offset = p.offset()?;
    }
    p.rest.is_empty().then_some(t)
}

const fn days_in(month: u8, year: u16) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Digits<'a> {
    rest: &'a str,
}

impl Digits<'_> {
    /// Takes one digit or two.
    fn number(&mut self, most: usize) -> Option<u8> {
        let len = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let number = self.rest[..len].parse().ok()?;
        self.rest = &self.rest[len..];
        Some(number)
    }

    fn expect(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    /// Takes a fraction of a second, if there is one, to nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else {
            return Some(0);
        };
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 {
            return Some(0);
        }
        let nine = format!("{:0<9}", &rest[..len.min(9)]);
        self.rest = &rest[len..];
        nine.parse().ok()
    }

    fn offset(&mut self) -> Option<i16> {
        if self.rest == "Z" {
            self.rest = "";
            return Some(0);
        }
        let sign = match self.rest.as_bytes() {
            [b'+', _, _, b':', _, _] => 1,
            [b'-', _, _, b':', _, _] => -1,
            _ => return None,
        };
        let two = |from: usize| {
            let text = &self.rest[from..from + 2];
            text.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| text.parse::<i16>().ok())?
        };
        let (hours, minutes) = (two(1)?, two(4)?);
        if hours > 24 || minutes > 60 {
            return None;
        }
        self.rest = "";
        Some(sign * (hours * 60 + minutes))
    }
}

impl std::fmt::Display for Timestamp {
    /// Writes RFC 3339 with as many digits of the second as there are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.nanosecond > 0 {
            let fraction = format!("{:09}", self.nanosecond);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let minutes = self.offset.unsigned_abs();
        let sign = if self.offset < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}
