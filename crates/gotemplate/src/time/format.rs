//! Layouts: the pieces of Go's reference time, and writing by them.

use super::{DAYS, MONTHS, Time};
use std::fmt::Write as _;

/// A piece of a layout that stands for a part of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(Offset),
    /// `.000`: exactly so many digits, after this separator.
    Fraction0(usize, u8),
    /// `.999`: without zeros at the end.
    Fraction9(usize, u8),
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// UTC is `Z`.
    pub(super) iso: bool,
    pub(super) colons: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

const fn offset(iso: bool, colons: bool, minutes: bool, seconds: bool) -> Piece {
    Piece::Offset(Offset {
        iso,
        colons,
        minutes,
        seconds,
    })
}

const OFFSETS: [(&[u8], bool, bool, bool); 5] = [
    (b"070000", false, true, true),
    (b"07:00:00", true, true, true),
    (b"0700", false, true, false),
    (b"07:00", true, true, false),
    (b"07", false, false, false),
];

/// Returns the text before the first piece, the piece, and what follows it.
pub(super) fn next_piece(layout: &[u8]) -> (&[u8], Option<Piece>, &[u8]) {
    for i in 0..layout.len() {
        if let Some((skipped, piece, length)) = piece_at(layout, i) {
            return (&layout[..i + skipped], Some(piece), &layout[i + length..]);
        }
    }
    (layout, None, b"")
}

fn piece_at(layout: &[u8], i: usize) -> Option<(usize, Piece, usize)> {
    let s = &layout[i..];
    let starts_lower = |n: usize| s.get(n).is_some_and(u8::is_ascii_lowercase);
    let found = |piece: Piece, length: usize| Some((0, piece, length));
    match s[0] {
        b'J' if s.starts_with(b"January") => found(Piece::LongMonth, 7),
        b'J' if s.starts_with(b"Jan") && !starts_lower(3) => found(Piece::Month, 3),
        b'M' if s.starts_with(b"Monday") => found(Piece::LongWeekday, 6),
        b'M' if s.starts_with(b"Mon") && !starts_lower(3) => found(Piece::Weekday, 3),
        b'M' if s.starts_with(b"MST") => found(Piece::ZoneName, 3),
        b'0' => match s.get(1) {
            Some(b'1') => found(Piece::ZeroMonth, 2),
            Some(b'2') => found(Piece::ZeroDay, 2),
            Some(b'3') => found(Piece::ZeroHour12, 2),
            Some(b'4') => found(Piece::ZeroMinute, 2),
            Some(b'5') => found(Piece::ZeroSecond, 2),
            Some(b'6') => found(Piece::Year, 2),
            Some(b'0') if s.get(2) == Some(&b'2') => found(Piece::ZeroYearDay, 3),
            _ => None,
        },
        b'1' if s.get(1) == Some(&b'5') => found(Piece::Hour, 2),
        b'1' => found(Piece::NumberMonth, 1),
        b'2' if s.starts_with(b"2006") => found(Piece::LongYear, 4),
        b'2' => found(Piece::Day, 1),
        b'_' if s.starts_with(b"_2006") => Some((1, Piece::LongYear, 5)),
        b'_' if s.starts_with(b"_2") => found(Piece::UnderDay, 2),
        b'_' if s.starts_with(b"__2") => found(Piece::UnderYearDay, 3),
        b'3' => found(Piece::Hour12, 1),
        b'4' => found(Piece::Minute, 1),
        b'5' => found(Piece::Second, 1),
        b'P' if s.starts_with(b"PM") => found(Piece::UpperPm, 2),
        b'p' if s.starts_with(b"pm") => found(Piece::LowerPm, 2),
        b'-' | b'Z' => OFFSETS.iter().find_map(|(text, colons, minutes, seconds)| {
            let piece = offset(s[0] == b'Z', *colons, *minutes, *seconds);
            s[1..]
                .starts_with(text)
                .then_some((0, piece, 1 + text.len()))
        }),
        b'.' | b',' => {
            let digit = *s.get(1).filter(|b| matches!(b, b'0' | b'9'))?;
            let count = s[1..].iter().take_while(|b| **b == digit).count();
            if s.get(1 + count).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let piece = if digit == b'0' {
                Piece::Fraction0(count, s[0])
            } else {
                Piece::Fraction9(count, s[0])
            };
            found(piece, 1 + count)
        }
        _ => None,
    }
}

/// Writes a time by a layout.
pub(super) fn format(time: &Time, layout: &[u8]) -> String {
    let civil = time.civil();
    let mut out: Vec<u8> = Vec::with_capacity(layout.len() + 16);
    let mut rest = layout;
    loop {
        let (prefix, piece, suffix) = next_piece(rest);
        out.extend_from_slice(prefix);
        let Some(piece) = piece else { break };
        rest = suffix;
        let mut text = String::new();
        let hour12 = match civil.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let _ = match piece {
            Piece::LongMonth => write!(text, "{}", MONTHS[civil.month as usize - 1]),
            Piece::Month => write!(text, "{}", &MONTHS[civil.month as usize - 1][..3]),
            Piece::NumberMonth => write!(text, "{}", civil.month),
            Piece::ZeroMonth => write!(text, "{:02}", civil.month),
            Piece::LongWeekday => write!(text, "{}", DAYS[civil.weekday as usize]),
            Piece::Weekday => write!(text, "{}", &DAYS[civil.weekday as usize][..3]),
            Piece::Day => write!(text, "{}", civil.day),
            Piece::UnderDay => write!(text, "{:2}", civil.day),
            Piece::ZeroDay => write!(text, "{:02}", civil.day),
            Piece::UnderYearDay => write!(text, "{:3}", civil.year_day),
            Piece::ZeroYearDay => write!(text, "{:03}", civil.year_day),
            Piece::Hour => write!(text, "{:02}", civil.hour),
            Piece::Hour12 => write!(text, "{hour12}"),
            Piece::ZeroHour12 => write!(text, "{hour12:02}"),
            Piece::Minute => write!(text, "{}", civil.minute),
            Piece::ZeroMinute => write!(text, "{:02}", civil.minute),
            Piece::Second => write!(text, "{}", civil.second),
            Piece::ZeroSecond => write!(text, "{:02}", civil.second),
            Piece::LongYear => {
                let sign = if civil.year < 0 { "-" } else { "" };
                write!(text, "{sign}{:04}", civil.year.abs())
            }
            Piece::Year => write!(text, "{:02}", civil.year.rem_euclid(100)),
            Piece::UpperPm => write!(text, "{}", if civil.hour >= 12 { "PM" } else { "AM" }),
            Piece::LowerPm => write!(text, "{}", if civil.hour >= 12 { "pm" } else { "am" }),
            Piece::ZoneName if time.zone.name.is_empty() => write_offset(
                &mut text,
                time.zone.offset,
                Offset {
                    iso: false,
                    colons: false,
                    minutes: true,
                    seconds: false,
                },
            ),
            Piece::ZoneName => write!(text, "{}", time.zone.name),
            Piece::Offset(style) => write_offset(&mut text, time.zone.offset, style),
            Piece::Fraction0(digits, separator) => {
                let fraction = format!("{:09}", time.nanoseconds);
                write!(
                    text,
                    "{}{:0<digits$.digits$}",
                    char::from(separator),
                    fraction
                )
            }
            Piece::Fraction9(digits, separator) => {
                let fraction = format!("{:09}", time.nanoseconds);
                let fraction = fraction[..digits.min(9)].trim_end_matches('0');
                if fraction.is_empty() {
                    Ok(())
                } else {
                    write!(text, "{}{fraction}", char::from(separator))
                }
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn write_offset(out: &mut String, offset: i32, style: Offset) -> std::fmt::Result {
    if style.iso && offset == 0 {
        return write!(out, "Z");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let all = offset.unsigned_abs();
    let colon = if style.colons { ":" } else { "" };
    write!(out, "{sign}{:02}", all / 3600)?;
    if style.minutes {
        write!(out, "{colon}{:02}", all / 60 % 60)?;
    }
    if style.seconds {
        write!(out, "{colon}{:02}", all % 60)?;
    }
    Ok(())
}
