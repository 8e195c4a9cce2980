//! The harmless part of `os`: dates and, if one was handed in, the clock.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use mlua::{Lua, Table, Value as LuaValue};

pub(super) fn library(lua: &Lua, clock: Option<fn() -> i64>) -> mlua::Result<Table> {
    let now = move || {
        clock
            .map(|clock| clock())
            .ok_or_else(|| failure("there is no clock here"))
    };
    let os = lua.create_table()?;
    os.raw_set(
        "time",
        lua.create_function(move |_, fields: Option<Table>| match fields {
            None => now(),
            Some(fields) => seconds(&fields),
        })?,
    )?;
    os.raw_set(
        "date",
        lua.create_function(move |lua, (format, at): (Option<String>, Option<i64>)| {
            let at = match at {
                Some(at) => at,
                None => now()?,
            };
            date(lua, format.as_deref().unwrap_or("%c"), at)
        })?,
    )?;
    Ok(os)
}

fn failure(text: impl std::fmt::Display) -> mlua::Error {
    mlua::Error::runtime(text)
}

/// Reads a table of year, month, day, hour (noon if absent), min and sec as UTC. What is out of
/// range carries over.
fn seconds(fields: &Table) -> mlua::Result<i64> {
    let part = |name: &str, default: Option<i64>| -> mlua::Result<i64> {
        let number: Option<f64> = match fields.raw_get(name)? {
            LuaValue::Nil => None,
            LuaValue::Integer(n) => Some(f64::from(i32::try_from(n).map_err(failure)?)),
            LuaValue::Number(n) => Some(n),
            LuaValue::String(text) => text.to_string_lossy().trim().parse().ok(),
            _ => None,
        };
        // Nobody's years have more than nine digits.
        let whole = number.filter(|n| n.abs() < 1e9).map(|n| n as i64);
        whole
            .or(default)
            .ok_or_else(|| failure(format!("field '{name}' missing in date table")))
    };
    let (year, month) = (part("year", None)?, part("month", None)? - 1);
    let year = i16::try_from(year + month.div_euclid(12)).map_err(failure)?;
    let month = i8::try_from(month.rem_euclid(12) + 1).map_err(failure)?;
    let start = DateTime::new(year, month, 1, 0, 0, 0, 0).map_err(failure)?;
    let start = start
        .to_zoned(TimeZone::UTC)
        .map_err(failure)?
        .timestamp()
        .as_second();
    Ok(start
        + (part("day", None)? - 1) * 86_400
        + part("hour", Some(12))? * 3_600
        + part("min", Some(0))? * 60
        + part("sec", Some(0))?)
}

fn date(lua: &Lua, format: &str, at: i64) -> mlua::Result<LuaValue> {
    let time = Timestamp::UNIX_EPOCH
        .checked_add(at.seconds())
        .map_err(failure)?
        .to_zoned(TimeZone::UTC);
    let format = format.trim_start_matches('!');
    if !format.starts_with("*t") {
        let format = format.replace("%c", "%d %b %y %H:%M %Z");
        let text = jiff::fmt::strtime::format(&format, &time).map_err(failure)?;
        return Ok(LuaValue::String(lua.create_string(text)?));
    }
    let table = lua.create_table()?;
    table.raw_set("year", time.year())?;
    table.raw_set("month", time.month())?;
    table.raw_set("day", time.day())?;
    table.raw_set("hour", time.hour())?;
    table.raw_set("min", time.minute())?;
    table.raw_set("sec", time.second())?;
    table.raw_set("wday", time.weekday().to_sunday_one_offset())?;
    table.raw_set("yday", 0)?;
    table.raw_set("isdst", false)?;
    Ok(LuaValue::Table(table))
}
