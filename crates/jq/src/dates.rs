//! Dates as arrays of eight numbers, all in UTC.

use crate::encode::{preview, typed};
use crate::json::{Json, exact};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

fn wrapped(name: &str, value: &Json, format: Option<&Json>, error: &str) -> String {
    let format = format.map_or_else(String::new, |f| format!("({})", preview(f)));
    format!(
        "{name}{format} cannot be applied to {}: {error}",
        preview(value)
    )
}

fn number(value: f64) -> Json {
    exact(value).map_or(Json::Float(value), Json::Int)
}

fn from_seconds(seconds: f64) -> Option<Zoned> {
    let nanoseconds = ((seconds - seconds.floor()) * 1e9) as i32;
    let time = Timestamp::new(seconds.floor() as i64, nanoseconds).ok()?;
    Some(time.to_zoned(TimeZone::UTC))
}

fn to_parts(time: &Zoned) -> Json {
    let seconds = f64::from(time.second()) + f64::from(time.subsec_nanosecond()) / 1e9;
    Json::array(vec![
        Json::Int(i64::from(time.year())),
        Json::Int(i64::from(time.month()) - 1),
        Json::Int(i64::from(time.day())),
        Json::Int(i64::from(time.hour())),
        Json::Int(i64::from(time.minute())),
        number(seconds),
        Json::Int(i64::from(time.weekday().to_sunday_zero_offset())),
        Json::Int(i64::from(time.day_of_year()) - 1),
    ])
}

/// Reads the parts of a date; what is out of range carries over.
fn from_parts(parts: &[Json]) -> Option<Zoned> {
    let part = |i: usize| match parts.get(i) {
        None => Some(0.0),
        Some(part) => part.as_f64().filter(|n| n.abs() < 1e12),
    };
    let whole = |i: usize| part(i).map(|n| n as i64);
    for i in [6, 7] {
        whole(i)?;
    }
    let (year, month) = (whole(0)?, whole(1)?);
    let year = i16::try_from(year + month.div_euclid(12)).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let seconds = part(5)?;
    let days = if parts.len() > 2 { whole(2)? - 1 } else { -1 };
    let start = DateTime::new(year, month, 1, 0, 0, 0, 0).ok()?;
    let time = start.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let rest = days * 86_400 + whole(3)? * 3_600 + whole(4)? * 60 + seconds as i64;
    let nanoseconds = ((seconds - seconds.floor()) * 1e9) as i64;
    let time = time.checked_add(rest.seconds()).ok()?;
    Some(
        time.checked_add(nanoseconds.nanoseconds())
            .ok()?
            .to_zoned(TimeZone::UTC),
    )
}

fn to_seconds(time: &Zoned) -> f64 {
    time.timestamp().as_second() as f64 + f64::from(time.subsec_nanosecond()) / 1e9
}

pub(crate) fn gmtime(value: &Json) -> Result<Json, String> {
    let wrong = || format!("gmtime cannot be applied to: {}", typed(value));
    let time = value.as_f64().and_then(from_seconds).ok_or_else(wrong)?;
    Ok(to_parts(&time))
}

const EIGHT: &str = "expected an array of 8 numbers";

pub(crate) fn mktime(value: &Json) -> Result<Json, String> {
    let Json::Array(parts) = value else {
        return Err(format!("mktime cannot be applied to: {}", typed(value)));
    };
    let time = from_parts(parts).ok_or_else(|| wrapped("mktime", value, None, EIGHT))?;
    Ok(number(to_seconds(&time)))
}

fn wrong(name: &str, value: &Json, format: &Json) -> String {
    format!(
        "{name}({}) cannot be applied to: {}",
        preview(format),
        typed(value)
    )
}

pub(crate) fn strftime(value: &Json, format: &Json) -> Result<Json, String> {
    let Json::Text(text) = format else {
        return Err(wrong("strftime", value, format));
    };
    let time = match (value, value.as_f64()) {
        (_, Some(seconds)) => from_seconds(seconds),
        (Json::Array(parts), _) => from_parts(parts),
        _ => return Err(wrong("strftime", value, format)),
    };
    let failed = |error: &str| wrapped("strftime", value, Some(format), error);
    let time = time.ok_or_else(|| failed(EIGHT))?;
    let text = jiff::fmt::strtime::format(text.as_bytes(), &time);
    text.map(|text| Json::text(&text))
        .map_err(|error| failed(&error.to_string()))
}

pub(crate) fn strptime(value: &Json, format: &Json) -> Result<Json, String> {
    let (Json::Text(text), Json::Text(pattern)) = (value, format) else {
        return Err(wrong("strptime", value, format));
    };
    let failed = |error: jiff::Error| wrapped("strptime", value, Some(format), &error.to_string());
    // jq takes `Z` for an offset, jiff doesn't.
    let text = match (pattern.contains("%z"), text.strip_suffix('Z')) {
        (true, Some(local)) => format!("{local}+0000"),
        _ => text.to_string(),
    };
    let parsed = jiff::fmt::strtime::parse(pattern.as_bytes(), text.as_bytes()).map_err(failed)?;
    let time = match parsed.offset() {
        Some(_) => parsed.to_timestamp().map(|t| t.to_zoned(TimeZone::UTC)),
        None => match parsed.to_datetime() {
            Ok(time) => time.to_zoned(TimeZone::UTC),
            Err(_) => parsed
                .to_date()
                .and_then(|date| date.to_zoned(TimeZone::UTC)),
        },
    };
    Ok(to_parts(&time.map_err(failed)?))
}
