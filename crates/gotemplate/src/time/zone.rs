//! Time zones.

use super::Zone;

/// Returns the zone of a location at a time; nothing if there is no such location. There is no
/// local time here: `Local` is UTC.
pub(crate) fn load_location(name: &str, seconds: i64) -> Option<Zone> {
    if matches!(name, "" | "UTC" | "Local") {
        return Some(Zone::utc());
    }
    let location = name.strip_prefix('\0');
    if let Some(fixed) = location {
        let offset: i32 = fixed.parse().ok()?;
        return Some(Zone {
            offset,
            name: "".into(),
            location: name.into(),
        });
    }
    let zone = jiff::tz::TimeZone::get(name).ok()?;
    let earliest = jiff::Timestamp::MIN.as_second();
    let latest = jiff::Timestamp::MAX.as_second();
    let time = jiff::Timestamp::from_second(seconds.clamp(earliest, latest)).ok()?;
    let info = zone.to_offset_info(time);
    Some(Zone {
        offset: info.offset().seconds(),
        name: info.abbreviation().into(),
        location: name.into(),
    })
}
