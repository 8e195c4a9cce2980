//! Dates and durations.

use super::{ANY, Called, Function, STR, TIME, at, fixed, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::time::{self, Time, format_duration, parse_duration};
use crate::value::{IntKind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("now", &[], |exec, _| Ok(Time::utc(exec.now("now")).value())),
    fixed("date", &[STR, ANY], |exec, a| {
        format(exec, &str_at(a, 0), &a[1], b"Local")
    }),
    fixed("dateInZone", &[STR, ANY, STR], |exec, a| {
        format(exec, &str_at(a, 0), &a[1], &str_at(a, 2))
    }),
    fixed("date_in_zone", &[STR, ANY, STR], |exec, a| {
        format(exec, &str_at(a, 0), &a[1], &str_at(a, 2))
    }),
    fixed("htmlDate", &[ANY], |exec, a| {
        format(exec, b"2006-01-02", &a[0], b"Local")
    }),
    fixed("htmlDateInZone", &[ANY, STR], |exec, a| {
        format(exec, b"2006-01-02", &a[0], &str_at(a, 1))
    }),
    fixed("dateModify", &[STR, TIME], modify),
    fixed("date_modify", &[STR, TIME], modify),
    fixed("mustDateModify", &[STR, TIME], must_modify),
    fixed("must_date_modify", &[STR, TIME], must_modify),
    fixed("toDate", &[STR, STR], |_, a| {
        let time = Time::parse(&str_at(a, 0), &str_at(a, 1));
        Ok(time.unwrap_or_else(|_| Time::zero()).value())
    }),
    fixed("mustToDate", &[STR, STR], |_, a| {
        let time = Time::parse(&str_at(a, 0), &str_at(a, 1));
        time.map(Time::value).map_err(Error::new)
    }),
    fixed("unixEpoch", &[TIME], |_, a| {
        Ok(Time::of(&a[0]).map_or(0, |t| t.seconds).to_string().into())
    }),
    fixed("ago", &[ANY], |exec, a| {
        let now = exec.now("ago");
        let then = point(exec, &a[0]).seconds;
        let since = now.saturating_sub(then).saturating_mul(1_000_000_000);
        Ok(format_duration(time::round(since, 1_000_000_000)).into())
    }),
    fixed("duration", &[ANY], |_, a| {
        let seconds = match &a[0] {
            Value::Str(s) => match crate::strconv::parse_int(s, 10) {
                Ok(n) | Err(crate::strconv::NumberError::Range(n)) => n,
                Err(crate::strconv::NumberError::Syntax) => 0,
            },
            Value::Int(IntKind::Int64, n) => *n,
            _ => 0,
        };
        Ok(format_duration(seconds.wrapping_mul(1_000_000_000)).into())
    }),
    fixed("durationRound", &[ANY], duration_round),
];

/// The point in time that a value stands for; now, for what stands for none.
fn point(exec: &mut Exec<'_, '_>, value: &Value) -> Time {
    match value {
        Value::Int(IntKind::Int | IntKind::Int64 | IntKind::Int32, seconds) => Time::utc(*seconds),
        _ => match Time::of(value) {
            Some(time) => time.clone(),
            None => Time::utc(exec.now("date")),
        },
    }
}

fn format(exec: &mut Exec<'_, '_>, layout: &[u8], value: &Value, zone: &[u8]) -> Called {
    let time = point(exec, value);
    let zone = String::from_utf8_lossy(zone);
    let shown = time
        .within(&zone)
        .or_else(|| time.within("UTC"))
        .unwrap_or(time);
    Ok(shown.format(layout).into())
}

fn modify(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    must_modify(exec, a).or_else(|_| Ok(at(a, 1)))
}

fn must_modify(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let by = parse_duration(&str_at(a, 0)).map_err(Error::new)?;
    let time = Time::of(&a[1]).cloned().unwrap_or_else(Time::zero);
    Ok(time.add(by).value())
}

fn duration_round(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    const HOUR: u64 = 3_600_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let nanoseconds = match &a[0] {
        Value::Str(s) => parse_duration(s).unwrap_or(0),
        Value::Int(IntKind::Int64, n) => *n,
        other => match Time::of(other) {
            Some(time) => {
                let then = time.seconds;
                exec.now("durationRound")
                    .saturating_sub(then)
                    .saturating_mul(1_000_000_000)
            }
            None => 0,
        },
    };
    let u = nanoseconds.unsigned_abs();
    let unit = UNITS.iter().find(|(size, _)| u > *size);
    Ok(unit
        .map_or_else(
            || "0s".to_owned(),
            |(size, name)| format!("{}{name}", u / size),
        )
        .into())
}
