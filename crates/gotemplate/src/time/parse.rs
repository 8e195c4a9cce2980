//! Reading times by a layout.

use super::format::{Offset, Piece, next_piece};
use super::{DAYS, MONTHS, Time, Zone, days_from_civil, quote};

/// Why a piece can't be read.
enum Fault {
    Bad,
    Range(&'static str),
}

#[derive(Default)]
struct Parts {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanoseconds: u32,
    pm: bool,
    am: bool,
    utc: bool,
    offset: Option<i32>,
    zone: Vec<u8>,
}

/// Reads a time; where nothing says otherwise it is UTC.
pub(super) fn parse(layout: &[u8], text: &[u8]) -> Result<Time, String> {
    let message = |what: String| format!("parsing time {}{what}", quote(text));
    let cannot = |value: &[u8], piece: &[u8]| {
        let (layout, value, piece) = (quote(layout), quote(value), quote(piece));
        message(format!(" as {layout}: cannot parse {value} as {piece}"))
    };
    let mut parts = Parts::default();
    let (mut rest, mut value) = (layout, text);
    loop {
        let (prefix, piece, suffix) = next_piece(rest);
        let piece_text = &rest[prefix.len()..rest.len() - suffix.len()];
        value = skip(value, prefix).map_err(|at| cannot(at, prefix))?;
        let Some(piece) = piece else {
            if !value.is_empty() {
                return Err(message(format!(": extra text: {}", quote(value))));
            }
            break;
        };
        rest = suffix;
        let hold = value;
        match read(piece, &mut value, &mut parts, suffix) {
            Ok(()) => {}
            Err(Fault::Bad) => return Err(cannot(hold, piece_text)),
            Err(Fault::Range(what)) => return Err(message(format!(": {what} out of range"))),
        }
    }
    finish(parts).map_err(|what| message(format!(": {what}")))
}

fn finish(mut parts: Parts) -> Result<Time, &'static str> {
    if parts.pm && parts.hour < 12 {
        parts.hour += 12;
    } else if parts.am && parts.hour == 12 {
        parts.hour = 0;
    }
    let year = parts.year;
    if let Some(year_day) = parts.year_day {
        let length = if is_leap(year) { 366 } else { 365 };
        if year_day < 1 || year_day > length {
            return Err("day-of-year out of range");
        }
        let mut day = year_day;
        let mut month = 1;
        while day > days_in(month, year) {
            day -= days_in(month, year);
            month += 1;
        }
        if parts.month.is_some_and(|m| m != month) {
            return Err("day-of-year does not match month");
        }
        if parts.day.is_some_and(|d| d != day) {
            return Err("day-of-year does not match day");
        }
        parts.month = Some(month);
        parts.day = Some(day);
    }
    let month = parts.month.unwrap_or(1);
    let day = parts.day.unwrap_or(1);
    if day < 1 || day > days_in(month, year) {
        return Err("day out of range");
    }
    let of_day = i64::from(parts.hour * 3600 + parts.minute * 60 + parts.second);
    let mut time = Time {
        seconds: days_from_civil(year, i64::from(month), i64::from(day)) * 86_400 + of_day,
        nanoseconds: parts.nanoseconds,
        zone: Zone::utc(),
    };
    let name = String::from_utf8_lossy(&parts.zone);
    if parts.utc {
        return Ok(time);
    }
    if let Some(offset) = parts.offset {
        time.seconds -= i64::from(offset);
        if offset != 0 || !(name.is_empty() || name == "UTC") {
            time.zone = fixed(&name, offset);
        }
    } else if !name.is_empty() && name != "UTC" {
        let hours = name.strip_prefix("GMT").and_then(|h| h.parse::<i32>().ok());
        let offset = hours.unwrap_or(0).saturating_mul(3600);
        time.seconds -= i64::from(offset);
        time.zone = fixed(&name, offset);
    }
    Ok(time)
}

fn fixed(name: &str, offset: i32) -> Zone {
    Zone {
        offset,
        name: name.into(),
        // No location has this name, so nothing ever changes the offset.
        location: "\0".into(),
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(month: u32, year: i64) -> u32 {
    match month {
        2 => {
            if is_leap(year) {
                29
            } else {
                28
            }
        }
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Goes over the text between pieces; spaces match any number of spaces.
fn skip<'v>(mut value: &'v [u8], mut prefix: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    let spaces = |s: &[u8]| s.iter().position(|b| *b != b' ').unwrap_or(s.len());
    while let Some(&first) = prefix.first() {
        if first == b' ' {
            if value.first().is_some_and(|b| *b != b' ') {
                return Err(value);
            }
            prefix = &prefix[spaces(prefix)..];
            value = &value[spaces(value)..];
            continue;
        }
        if value.first() != Some(&first) {
            return Err(value);
        }
        prefix = &prefix[1..];
        value = &value[1..];
    }
    Ok(value)
}

fn digit(s: &[u8], at: usize) -> Option<u32> {
    s.get(at)
        .filter(|b| b.is_ascii_digit())
        .map(|b| u32::from(b - b'0'))
}

/// Reads one or two digits.
fn number(value: &mut &[u8], fixed: bool) -> Result<u32, Fault> {
    let first = digit(value, 0).ok_or(Fault::Bad)?;
    match digit(value, 1) {
        Some(second) => {
            *value = &value[2..];
            Ok(first * 10 + second)
        }
        None if fixed => Err(Fault::Bad),
        None => {
            *value = &value[1..];
            Ok(first)
        }
    }
}

fn take<'v>(value: &mut &'v [u8], length: usize) -> Result<&'v [u8], Fault> {
    if value.len() < length {
        return Err(Fault::Bad);
    }
    let (head, tail) = value.split_at(length);
    *value = tail;
    Ok(head)
}

/// Reads a name in any letter case and returns its index from 1.
fn name(value: &mut &[u8], names: &[&str], length: Option<usize>) -> Result<u32, Fault> {
    for (i, name) in names.iter().enumerate() {
        let name = &name.as_bytes()[..length.unwrap_or(name.len())];
        if value
            .get(..name.len())
            .is_some_and(|v| v.eq_ignore_ascii_case(name))
        {
            *value = &value[name.len()..];
            return Ok(i as u32 + 1);
        }
    }
    Err(Fault::Bad)
}

fn limited(n: u32, max: u32, what: &'static str) -> Result<u32, Fault> {
    if n > max {
        Err(Fault::Range(what))
    } else {
        Ok(n)
    }
}

fn all_digits(s: &[u8]) -> Result<u32, Fault> {
    let text = std::str::from_utf8(s).map_err(|_| Fault::Bad)?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Bad);
    }
    text.parse().map_err(|_| Fault::Bad)
}

fn nanoseconds(s: &[u8]) -> Result<u32, Fault> {
    if !matches!(s.first(), Some(b'.' | b',')) {
        return Err(Fault::Bad);
    }
    let digits = &s[1..s.len().min(10)];
    let number = all_digits(digits)?;
    Ok(number * 10_u32.pow(9 - digits.len() as u32))
}

fn read(piece: Piece, value: &mut &[u8], parts: &mut Parts, rest: &[u8]) -> Result<(), Fault> {
    match piece {
        Piece::Year => {
            let year = i64::from(all_digits(take(value, 2)?)?);
            parts.year = year + if year >= 69 { 1900 } else { 2000 };
        }
        Piece::LongYear => {
            if digit(value, 0).is_none() {
                return Err(Fault::Bad);
            }
            parts.year = i64::from(all_digits(take(value, 4)?)?);
        }
        Piece::Month => parts.month = Some(name(value, &MONTHS, Some(3))?),
        Piece::LongMonth => parts.month = Some(name(value, &MONTHS, None)?),
        Piece::NumberMonth | Piece::ZeroMonth => {
            let month = number(value, piece == Piece::ZeroMonth)?;
            if month == 0 || month > 12 {
                return Err(Fault::Range("month"));
            }
            parts.month = Some(month);
        }
        Piece::Weekday => {
            name(value, &DAYS, Some(3))?;
        }
        Piece::LongWeekday => {
            name(value, &DAYS, None)?;
        }
        Piece::Day | Piece::UnderDay | Piece::ZeroDay => {
            if piece == Piece::UnderDay && value.first() == Some(&b' ') {
                *value = &value[1..];
            }
            parts.day = Some(number(value, piece == Piece::ZeroDay)?);
        }
        Piece::UnderYearDay | Piece::ZeroYearDay => {
            let mut count = 0;
            while piece == Piece::UnderYearDay && count < 2 && value.first() == Some(&b' ') {
                *value = &value[1..];
                count += 1;
            }
            let length = value
                .iter()
                .take(3)
                .take_while(|b| b.is_ascii_digit())
                .count();
            if length == 0 || (piece == Piece::ZeroYearDay && length < 3) {
                return Err(Fault::Bad);
            }
            parts.year_day = Some(all_digits(take(value, length)?)?);
        }
        Piece::Hour => parts.hour = limited(number(value, false)?, 23, "hour")?,
        Piece::Hour12 | Piece::ZeroHour12 => {
            let hour = number(value, piece == Piece::ZeroHour12)?;
            parts.hour = limited(hour, 12, "hour")?;
        }
        Piece::Minute | Piece::ZeroMinute => {
            let minute = number(value, piece == Piece::ZeroMinute)?;
            parts.minute = limited(minute, 59, "minute")?;
        }
        Piece::Second | Piece::ZeroSecond => {
            let second = number(value, piece == Piece::ZeroSecond)?;
            parts.second = limited(second, 59, "second")?;
            // A fraction may follow even if the layout has none.
            if matches!(value.first(), Some(b'.' | b',')) && digit(value, 1).is_some() {
                let next = next_piece(rest).1;
                if matches!(next, Some(Piece::Fraction0(..) | Piece::Fraction9(..))) {
                    return Ok(());
                }
                let length = 1 + value[1..].iter().take_while(|b| b.is_ascii_digit()).count();
                parts.nanoseconds = nanoseconds(take(value, length)?)?;
            }
        }
        Piece::UpperPm | Piece::LowerPm => {
            let upper = piece == Piece::UpperPm;
            match take(value, 2)? {
                b"PM" if upper => parts.pm = true,
                b"AM" if upper => parts.am = true,
                b"pm" if !upper => parts.pm = true,
                b"am" if !upper => parts.am = true,
                _ => return Err(Fault::Bad),
            }
        }
        Piece::Offset(style) => {
            if style.iso && value.first() == Some(&b'Z') {
                *value = &value[1..];
                parts.utc = true;
                return Ok(());
            }
            parts.offset = Some(offset(value, style)?);
        }
        Piece::ZoneName => {
            if value.starts_with(b"UTC") {
                *value = &value[3..];
                parts.utc = true;
                return Ok(());
            }
            let length = zone_name(value).ok_or(Fault::Bad)?;
            parts.zone = take(value, length)?.to_vec();
        }
        Piece::Fraction0(digits, _) => {
            parts.nanoseconds = nanoseconds(take(value, 1 + digits)?)?;
        }
        Piece::Fraction9(..) => {
            if matches!(value.first(), Some(b'.' | b',')) && digit(value, 1).is_some() {
                let length = 1 + value[1..].iter().take_while(|b| b.is_ascii_digit()).count();
                parts.nanoseconds = nanoseconds(take(value, length)?)?;
            }
        }
    }
    Ok(())
}

fn offset(value: &mut &[u8], style: Offset) -> Result<i32, Fault> {
    let fields = 1 + usize::from(style.minutes) + usize::from(style.seconds);
    let colon = usize::from(style.colons);
    let text = take(value, 1 + 2 * fields + colon * (fields - 1))?;
    let sign = match text[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return Err(Fault::Bad),
    };
    let mut numbers = [0_u32; 3];
    for (i, slot) in numbers.iter_mut().take(fields).enumerate() {
        let at = 1 + i * (2 + colon);
        if i > 0 && colon == 1 && text[at - 1] != b':' {
            return Err(Fault::Bad);
        }
        *slot = number(&mut &text[at..at + 2], true)?;
    }
    let [hours, minutes, seconds] = numbers;
    limited(hours, 24, "time zone offset hour")?;
    limited(minutes, 60, "time zone offset minute")?;
    limited(seconds, 60, "time zone offset second")?;
    Ok(sign * i32::try_from(hours * 3600 + minutes * 60 + seconds).unwrap_or(0))
}

/// Returns the length of what looks like a zone's abbreviation.
fn zone_name(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix(b"GMT") {
        return Some(3 + signed_offset(rest).unwrap_or(0));
    }
    if matches!(value[0], b'+' | b'-') {
        return signed_offset(value);
    }
    let upper = value
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_uppercase())
        .count();
    match upper {
        5 if value[4] == b'T' => Some(5),
        4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

fn signed_offset(value: &[u8]) -> Option<usize> {
    if !matches!(value.first(), Some(b'+' | b'-')) {
        return None;
    }
    let length = value[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    let number: u32 = std::str::from_utf8(&value[1..=length]).ok()?.parse().ok()?;
    (number < 24).then_some(1 + length)
}
