//! Schedules as robfig/cron reads them: five fields, names, steps, a time zone in front.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// Why a schedule can't be read, in robfig/cron's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CronError(String);

/// A schedule: the bits of each field that are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    /// From `TZ=` in front.
    zone: Option<TimeZone>,
}

/// Set with a field that is a star: then only the other of day and weekday counts.
const STAR: u64 = 1 << 63;

struct Bounds {
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds {
    min: 0,
    max: 59,
    names: &[],
};
const HOURS: Bounds = Bounds {
    min: 0,
    max: 23,
    names: &[],
};
const DAYS: Bounds = Bounds {
    min: 1,
    max: 31,
    names: &[],
};
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &[
        "", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Bounds = Bounds {
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// Returns a time zone by its name, from the ones that come along.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    match name {
        "" | "UTC" => Some(TimeZone::UTC),
        name => TimeZoneDatabase::bundled().get(name).ok(),
    }
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// Fails with robfig/cron's text.
    pub fn parse(spec: &str) -> Result<Self, CronError> {
        if spec.is_empty() {
            return Err(CronError("empty spec string".to_owned()));
        }
        let mut fields = spec;
        let mut zone = None;
        if let Some(rest) = spec
            .strip_prefix("TZ=")
            .or_else(|| spec.strip_prefix("CRON_TZ="))
        {
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let named = time_zone(name).ok_or_else(|| {
                CronError(format!(
                    "provided bad location {name}: unknown time zone {name}"
                ))
            })?;
            // Argo CD asks with a clock that says UTC and shows the window's time.
            zone = (named != TimeZone::UTC).then_some(named);
            fields = rest.trim();
        }
        if fields.starts_with('@') {
            let wrong = format!("parser does not accept descriptors: {fields}");
            return Err(CronError(wrong));
        }
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(CronError(format!(
                "expected exactly 5 fields, found {}: [{}]",
                fields.len(),
                fields.join(" ")
            )));
        };
        Ok(Self {
            minute: field(minute, &MINUTES)?,
            hour: field(hour, &HOURS)?,
            day: field(day, &DAYS)?,
            month: field(month, &MONTHS)?,
            weekday: field(weekday, &WEEKDAYS)?,
            zone,
        })
    }

    /// Returns the next time after `time`, on the clock of `zone` unless the schedule names its
    /// own; nothing if there is none within five years.
    #[must_use]
    pub fn next(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        let start = time.checked_add(1.second()).ok()?;
        let start = Timestamp::from_second(start.as_second()).ok()?;
        let mut now = start.to_zoned(zone.clone());
        let last_year = now.year() + 5;
        // Once a field was moved on, those below it begin anew.
        let mut moved = false;
        'again: loop {
            if now.year() > last_year {
                return None;
            }
            while !has(self.month, now.month()) {
                if !moved {
                    moved = true;
                    now = at(
                        zone,
                        DateTime::from_parts(now.date().first_of_month(), midnight()),
                    )?;
                }
                let next = now.date().first_of_month().checked_add(1.month()).ok()?;
                now = at(zone, DateTime::from_parts(next, now.time()))?;
                if now.month() == 1 {
                    continue 'again;
                }
            }
            while !self.is_day(now.date()) {
                if !moved {
                    moved = true;
                    now = at(zone, DateTime::from_parts(now.date(), midnight()))?;
                }
                let next = now.date().checked_add(1.day()).ok()?;
                now = to_midnight(&at(zone, DateTime::from_parts(next, now.time()))?)?;
                if now.day() == 1 {
                    continue 'again;
                }
            }
            while !has(self.hour, now.hour()) {
                if !moved {
                    moved = true;
                    let hour = jiff::civil::time(now.hour(), 0, 0, 0);
                    now = at(zone, DateTime::from_parts(now.date(), hour))?;
                }
                now = now.checked_add(1.hour()).ok()?;
                if now.hour() == 0 {
                    continue 'again;
                }
            }
            while !has(self.minute, now.minute()) {
                if !moved {
                    moved = true;
                    now = now.checked_sub(i64::from(now.second()).seconds()).ok()?;
                }
                now = now.checked_add(1.minute()).ok()?;
                if now.minute() == 0 {
                    continue 'again;
                }
            }
            while now.second() != 0 {
                moved = true;
                now = now.checked_add(1.second()).ok()?;
                if now.second() == 0 {
                    continue 'again;
                }
            }
            return Some(now.timestamp());
        }
    }

    fn is_day(&self, date: Date) -> bool {
        let by_day = has(self.day, date.day());
        let by_weekday = has(self.weekday, date.weekday().to_sunday_zero_offset());
        if self.day & STAR != 0 || self.weekday & STAR != 0 {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        }
    }
}

fn has(bits: u64, value: i8) -> bool {
    bits & (1 << value) != 0
}

const fn midnight() -> jiff::civil::Time {
    jiff::civil::Time::midnight()
}

/// Returns the moment that a clock of the zone shows a time. Of two, and where there is none, what
/// Go picks: it looks first as if the time were of UTC.
fn at(zone: &TimeZone, time: DateTime) -> Option<Zoned> {
    let utc = Offset::UTC.to_timestamp(time).ok()?;
    let shift = |offset: Offset| {
        utc.checked_sub(SignedDuration::from_secs(i64::from(offset.seconds())))
            .ok()
    };
    let guess = zone.to_offset(utc);
    let there = shift(guess)?;
    let found = match zone.to_offset(there) {
        offset if offset == guess => there,
        offset => shift(offset)?,
    };
    Some(found.to_zoned(zone.clone()))
}

/// Moves what should be midnight but isn't, where clocks change at midnight.
fn to_midnight(time: &Zoned) -> Option<Zoned> {
    let hour = i64::from(time.hour());
    match hour {
        0 => Some(time.clone()),
        13.. => time.checked_add((24 - hour).hours()).ok(),
        _ => time.checked_sub(hour.hours()).ok(),
    }
}

fn field(text: &str, bounds: &Bounds) -> Result<u64, CronError> {
    let mut bits = 0;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        bits |= range(part, bounds)?;
    }
    Ok(bits)
}

/// Reads `*`, `5`, `1-5`, `*/2`, `5/15` or `1-10/3`.
fn range(text: &str, bounds: &Bounds) -> Result<u64, CronError> {
    let wrong = |why: String| Err(CronError(format!("{why}: {text}")));
    let slashed: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = slashed[0].split('-').collect();
    let mut star = 0;
    let (start, mut end) = match ends.as_slice() {
        ["*" | "?", ..] => {
            star = STAR;
            (bounds.min, bounds.max)
        }
        [one] => {
            let value = value(one, bounds)?;
            (value, value)
        }
        [low, high] => (value(low, bounds)?, value(high, bounds)?),
        [low, ..] => {
            value(low, bounds)?;
            return wrong("too many hyphens".to_owned());
        }
        [] => return wrong("empty".to_owned()),
    };
    let step = match slashed.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = integer(step)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
            if step > 1 {
                star = 0;
            }
            step
        }
        _ => return wrong("too many slashes".to_owned()),
    };
    let Bounds { min, max, .. } = bounds;
    if start < *min {
        return wrong(format!(
            "beginning of range ({start}) below minimum ({min})"
        ));
    }
    if end > *max {
        return wrong(format!("end of range ({end}) above maximum ({max})"));
    }
    if start > end {
        return wrong(format!(
            "beginning of range ({start}) beyond end of range ({end})"
        ));
    }
    if step == 0 {
        return wrong("step of range should be a positive number".to_owned());
    }
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    let bits = (start..=end)
        .step_by(step)
        .fold(0, |bits, at| bits | 1 << at);
    Ok(bits | star)
}

fn value(text: &str, bounds: &Bounds) -> Result<u64, CronError> {
    let small = text.to_lowercase();
    let named = bounds
        .names
        .iter()
        .position(|name| !small.is_empty() && **name == small);
    match named {
        Some(at) => Ok(at as u64),
        None => integer(text),
    }
}

fn integer(text: &str) -> Result<u64, CronError> {
    let failed = |why: &str| {
        let quoted = format!("{text:?}");
        CronError(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {quoted}: {why}"
        ))
    };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(failed("invalid syntax"));
    }
    let number: i64 = text.parse().map_err(|_| failed("value out of range"))?;
    u64::try_from(number)
        .map_err(|_| CronError(format!("negative number ({number}) not allowed: {text}")))
}
