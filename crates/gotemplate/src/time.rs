//! Points in time and durations as Go has them.

mod duration;
mod format;
mod parse;
mod zone;

pub(crate) use duration::round;
pub use duration::{format_duration, parse_duration};
pub(crate) use zone::load_location;

use crate::error::Error;
use crate::exec::Exec;
use crate::value::{IntKind, Method, Object, Type, Value};
use std::any::Any;
use std::rc::Rc;

/// A point in time, with the zone that it is shown in: `time.Time`.
#[derive(Clone, Debug)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
    /// The zone.
    pub zone: Zone,
}

/// An offset from UTC, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of UTC.
    pub offset: i32,
    /// The abbreviation; empty if there is none.
    pub name: Rc<str>,
    /// The name of the location, of which there may be rules.
    pub location: Rc<str>,
}

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            offset: 0,
            name: "UTC".into(),
            location: "UTC".into(),
        }
    }
}

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) weekday: u32,
    /// From 1.
    pub(crate) year_day: u32,
}

const DAY: i64 = 86_400;
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(crate) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
/// Seconds from the year 1, where Go's zero time is, to 1970.
pub(crate) const ZERO_SECONDS: i64 = -62_135_596_800;

/// Quotes text as the messages of Go's `time` package do.
pub(crate) fn quote(s: &[u8]) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for b in s {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*b));
            }
            b' '..=0x7f => out.push(char::from(*b)),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}

/// Returns the days from 1970 to a date; months out of range are carried into the year.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468 + day - 1
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z - era * 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl Time {
    /// Returns a time in UTC.
    #[must_use]
    pub fn utc(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: 0,
            zone: Zone::utc(),
        }
    }

    /// Returns Go's zero time.
    #[must_use]
    pub fn zero() -> Self {
        Self::utc(ZERO_SECONDS)
    }

    pub(crate) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    pub(crate) fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(o) => o.as_any().downcast_ref(),
            _ => None,
        }
    }

    pub(crate) fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(i64::from(self.zone.offset));
        let days = local.div_euclid(DAY);
        let rest = local.rem_euclid(DAY) as u32;
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            weekday: (days + 4).rem_euclid(7) as u32,
            year_day: (days - days_from_civil(year, 1, 1) + 1) as u32,
        }
    }

    /// Returns the same point in time in another zone.
    pub(crate) fn within(&self, location: &str) -> Option<Self> {
        Some(Self {
            zone: load_location(location, self.seconds)?,
            ..self.clone()
        })
    }

    /// Returns the time that many nanoseconds later.
    pub(crate) fn add(&self, nanoseconds: i64) -> Self {
        let sum = i64::from(self.nanoseconds) + nanoseconds.rem_euclid(1_000_000_000);
        let seconds = self
            .seconds
            .wrapping_add(nanoseconds.div_euclid(1_000_000_000))
            .wrapping_add(sum / 1_000_000_000);
        let mut time = self.clone();
        time.seconds = seconds;
        time.nanoseconds = (sum % 1_000_000_000) as u32;
        time.rezone();
        time
    }

    /// Looks the offset up again, which another time may have changed.
    fn rezone(&mut self) {
        if let Some(zone) = load_location(&self.zone.location, self.seconds) {
            self.zone = zone;
        }
    }

    /// Returns a time on another day; what is out of range is carried on.
    fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        let date = days_from_civil(
            civil
                .year
                .saturating_add(years.clamp(-1_000_000, 1_000_000)),
            i64::from(civil.month).saturating_add(months.clamp(-12_000_000, 12_000_000)),
            i64::from(civil.day),
        )
        .saturating_add(days.clamp(-400_000_000, 400_000_000));
        let of_day = i64::from(civil.hour * 3600 + civil.minute * 60 + civil.second);
        let local = date * DAY + of_day;
        let mut time = self.clone();
        time.seconds = local - i64::from(self.zone.offset);
        time.rezone();
        time.seconds = local - i64::from(time.zone.offset);
        time
    }

    /// Returns the time as `time.Time.String` does.
    #[must_use]
    pub fn text(&self) -> String {
        format::format(self, b"2006-01-02 15:04:05.999999999 -0700 MST")
    }

    pub(crate) fn format(&self, layout: &[u8]) -> String {
        format::format(self, layout)
    }

    /// Reads a time by a layout.
    pub(crate) fn parse(layout: &[u8], text: &[u8]) -> Result<Self, String> {
        parse::parse(layout, text)
    }

    fn since(&self, other: &Self) -> i64 {
        let seconds = self.seconds.saturating_sub(other.seconds);
        let nanoseconds = i64::from(self.nanoseconds) - i64::from(other.nanoseconds);
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(nanoseconds)
    }
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        METHODS.iter().find(|m| m.name == name)
    }

    fn text(&self) -> String {
        Self::text(self)
    }

    fn is_stringer(&self) -> bool {
        true
    }

    fn json(&self) -> Option<Value> {
        Some(self.format(b"2006-01-02T15:04:05.999999999Z07:00").into())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|o| {
            (self.seconds, self.nanoseconds) == (o.seconds, o.nanoseconds) && self.zone == o.zone
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

type Called = Result<Value, Error>;

const fn method(
    name: &'static str,
    parameters: &'static [Type],
    call: fn(&mut Exec<'_, '_>, &Value, &[Value]) -> Called,
) -> Method {
    Method {
        name,
        parameters,
        call,
    }
}

fn me(receiver: &Value) -> Time {
    Time::of(receiver).cloned().unwrap_or_else(Time::zero)
}

fn number(n: impl Into<i64>) -> Called {
    Ok(Value::int(n.into()))
}

const DURATION: Type = Type::Int(IntKind::Duration);

static METHODS: &[Method] = &[
    method("Unix", &[], |_, r, _| Ok(Value::int64(me(r).seconds))),
    method("UnixMilli", &[], |_, r, _| {
        let t = me(r);
        Ok(Value::int64(
            t.seconds.wrapping_mul(1000) + i64::from(t.nanoseconds / 1_000_000),
        ))
    }),
    method("UnixMicro", &[], |_, r, _| {
        let t = me(r);
        Ok(Value::int64(
            t.seconds.wrapping_mul(1_000_000) + i64::from(t.nanoseconds / 1000),
        ))
    }),
    method("UnixNano", &[], |_, r, _| {
        let t = me(r);
        Ok(Value::int64(
            t.seconds
                .wrapping_mul(1_000_000_000)
                .wrapping_add(i64::from(t.nanoseconds)),
        ))
    }),
    method("Year", &[], |_, r, _| number(me(r).civil().year)),
    method("Month", &[], |_, r, _| {
        Ok(Value::Int(IntKind::Month, i64::from(me(r).civil().month)))
    }),
    method("Day", &[], |_, r, _| number(me(r).civil().day)),
    method("Hour", &[], |_, r, _| number(me(r).civil().hour)),
    method("Minute", &[], |_, r, _| number(me(r).civil().minute)),
    method("Second", &[], |_, r, _| number(me(r).civil().second)),
    method("Nanosecond", &[], |_, r, _| number(me(r).nanoseconds)),
    method("YearDay", &[], |_, r, _| number(me(r).civil().year_day)),
    method("Weekday", &[], |_, r, _| {
        Ok(Value::Int(
            IntKind::Weekday,
            i64::from(me(r).civil().weekday),
        ))
    }),
    method("IsZero", &[], |_, r, _| {
        let t = me(r);
        Ok((t.seconds == ZERO_SECONDS && t.nanoseconds == 0).into())
    }),
    method("UTC", &[], |_, r, _| {
        Ok(Time {
            zone: Zone::utc(),
            ..me(r)
        }
        .value())
    }),
    method("Local", &[], |_, r, _| {
        Ok(Time {
            zone: Zone::utc(),
            ..me(r)
        }
        .value())
    }),
    method("String", &[], |_, r, _| Ok(me(r).text().into())),
    method("Format", &[Type::String], |_, r, a| {
        let layout = a[0].as_str().cloned().unwrap_or_default();
        Ok(me(r).format(&layout).into())
    }),
    method("AddDate", &[Type::INT, Type::INT, Type::INT], |_, r, a| {
        let n = |i: usize| match a[i] {
            Value::Int(_, n) => n,
            _ => 0,
        };
        Ok(me(r).add_date(n(0), n(1), n(2)).value())
    }),
    method("Add", &[DURATION], |_, r, a| {
        let n = match a[0] {
            Value::Int(_, n) => n,
            _ => 0,
        };
        Ok(me(r).add(n).value())
    }),
    method("Sub", &[Type::TIME], |_, r, a| {
        Ok(Value::Int(IntKind::Duration, me(r).since(&me(&a[0]))))
    }),
    method("After", &[Type::TIME], |_, r, a| {
        Ok((me(r).since(&me(&a[0])) > 0).into())
    }),
    method("Before", &[Type::TIME], |_, r, a| {
        Ok((me(r).since(&me(&a[0])) < 0).into())
    }),
    method("Equal", &[Type::TIME], |_, r, a| {
        Ok((me(r).since(&me(&a[0])) == 0).into())
    }),
    method("Truncate", &[DURATION], |_, r, a| {
        let (t, d) = (
            me(r),
            match a[0] {
                Value::Int(_, n) => n,
                _ => 0,
            },
        );
        if d <= 0 {
            return Ok(t.value());
        }
        let since_zero =
            i128::from(t.seconds - ZERO_SECONDS) * 1_000_000_000 + i128::from(t.nanoseconds);
        let rest = since_zero.rem_euclid(i128::from(d));
        Ok(t.add(-i64::try_from(rest).unwrap_or(0)).value())
    }),
];

/// Returns what a duration, month or weekday is called.
pub(crate) fn number_text(kind: IntKind, i: i64) -> String {
    let name = |names: &[&str], index: i64, fallback: &str| {
        usize::try_from(index)
            .ok()
            .and_then(|i| names.get(i))
            .map_or_else(|| format!("%!{fallback}({i})"), |n| (*n).to_owned())
    };
    match kind {
        IntKind::Month => name(&MONTHS, i - 1, "Month"),
        IntKind::Weekday => name(&DAYS, i, "Weekday"),
        _ => format_duration(i),
    }
}

static DURATION_METHODS: &[Method] = &[
    method("String", &[], |_, r, _| text_of(r)),
    method("Seconds", &[], |_, r, _| Ok((raw(r) as f64 / 1e9).into())),
    method("Minutes", &[], |_, r, _| Ok((raw(r) as f64 / 6e10).into())),
    method("Hours", &[], |_, r, _| Ok((raw(r) as f64 / 3.6e12).into())),
    method("Milliseconds", &[], |_, r, _| {
        Ok(Value::int64(raw(r) / 1_000_000))
    }),
    method("Microseconds", &[], |_, r, _| {
        Ok(Value::int64(raw(r) / 1000))
    }),
    method("Nanoseconds", &[], |_, r, _| Ok(Value::int64(raw(r)))),
    method("Abs", &[], |_, r, _| {
        Ok(Value::Int(IntKind::Duration, raw(r).saturating_abs()))
    }),
    method("Round", &[DURATION], |_, r, a| {
        Ok(Value::Int(IntKind::Duration, round(raw(r), raw(&a[0]))))
    }),
    method("Truncate", &[DURATION], |_, r, a| {
        let (d, m) = (raw(r), raw(&a[0]));
        Ok(Value::Int(
            IntKind::Duration,
            if m <= 0 { d } else { d - d % m },
        ))
    }),
];

static NAME_METHODS: &[Method] = &[method("String", &[], |_, r, _| text_of(r))];

const fn raw(value: &Value) -> i64 {
    match value {
        Value::Int(_, i) => *i,
        _ => 0,
    }
}

fn text_of(value: &Value) -> Called {
    match value {
        Value::Int(kind, i) => Ok(number_text(*kind, *i).into()),
        _ => Ok(Value::Nil),
    }
}

/// The methods of the number types of Go's `time` package.
pub(crate) fn number_methods(kind: IntKind) -> &'static [Method] {
    match kind {
        IntKind::Duration => DURATION_METHODS,
        _ => NAME_METHODS,
    }
}
