//! The whole board as columns: a third of what objects would be, and it compresses better.

use super::row::{Row, flag, push_number, push_string};
use super::sight::{SEES, SYNCS};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How old a snapshot may be: the stream brings what has changed since.
const FRESH: Duration = Duration::from_secs(1);
/// Snapshots that are kept, one for each set of rights.
const KEPT_MAX: usize = 64;
/// Fast, and within a tenth of the best.
const LEVEL: u32 = 3;

/// Snapshots by what may be seen.
#[derive(Default)]
pub(super) struct Snapshots {
    known: HashMap<u64, Snapshot>,
}

struct Snapshot {
    seq: u64,
    made: Instant,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Snapshots {
    /// Returns the snapshot and the number of the change that it holds last.
    pub(super) fn get(
        &mut self,
        seq: u64,
        rows: &[Arc<Row>],
        masks: &[u8],
        gzip: bool,
    ) -> (u64, Bytes) {
        let mut hasher = DefaultHasher::new();
        for (row, mask) in rows.iter().zip(masks).filter(|(_, mask)| **mask != 0) {
            (row.id, mask).hash(&mut hasher);
        }
        let key = hasher.finish();
        let is_fresh = |s: &Snapshot| s.seq == seq || s.made.elapsed() < FRESH;
        if !self.known.get(&key).is_some_and(is_fresh) {
            if self.known.len() >= KEPT_MAX {
                self.known.clear();
            }
            let seen: Vec<(&Row, u8)> = rows
                .iter()
                .zip(masks)
                .filter(|(_, mask)| *mask & SEES != 0)
                .map(|(row, mask)| (row.as_ref(), *mask))
                .collect();
            let snapshot = Snapshot {
                seq,
                made: Instant::now(),
                plain: Bytes::from(write(seq, &seen)),
                gzip: None,
            };
            self.known.insert(key, snapshot);
        }
        let snapshot = self.known.get_mut(&key).expect("it was just put in");
        if !gzip {
            return (snapshot.seq, snapshot.plain.clone());
        }
        let plain = &snapshot.plain;
        let packed = snapshot.gzip.get_or_insert_with(|| pack(plain));
        (snapshot.seq, packed.clone())
    }
}

/// Compresses a body.
pub(crate) fn pack(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::new(LEVEL));
    encoder.write_all(plain).expect("memory takes everything");
    Bytes::from(encoder.finish().expect("memory takes everything"))
}

/// Words that come often, by number.
#[derive(Default)]
struct Dictionary<'r> {
    words: Vec<&'r str>,
    places: HashMap<&'r str, u32>,
    /// The word before: rows are sorted by name, and neighbours are alike.
    last: Option<(&'r str, u32)>,
}

impl<'r> Dictionary<'r> {
    fn place(&mut self, word: &'r str) -> u32 {
        if let Some((last, place)) = self.last
            && last == word
        {
            return place;
        }
        let place = *self.places.entry(word).or_insert_with(|| {
            self.words.push(word);
            u32::try_from(self.words.len() - 1).unwrap_or(u32::MAX)
        });
        self.last = Some((word, place));
        place
    }
}

/// A column's name, and its text of a row.
type Column = (&'static str, fn(&Row) -> &str);

fn write(seq: u64, rows: &[(&Row, u8)]) -> String {
    let mut out = String::with_capacity(128 + rows.len() * 128);
    let mut namespaces = Dictionary::default();
    // Namespaces of applications and those that they deploy to share one dictionary.
    let ns: Vec<u32> = rows.iter().map(|(r, _)| namespaces.place(&r.ns)).collect();
    let dest: Vec<u32> = rows
        .iter()
        .map(|(r, _)| namespaces.place(&r.dest_ns))
        .collect();
    let fields: [Column; 5] = [
        ("project", |r| &r.project),
        ("cluster", |r| &r.cluster),
        ("repo", |r| &r.repo),
        ("sync", |r| &r.sync),
        ("health", |r| &r.health),
    ];
    let coded = fields.map(|(name, field)| {
        let mut words = Dictionary::default();
        let places: Vec<u32> = rows.iter().map(|(r, _)| words.place(field(r))).collect();
        (name, words, places)
    });
    let _never = write!(out, "{{\"seq\":{seq},\"dict\":{{");
    texts("namespace", namespaces.words.into_iter(), &mut out);
    for (name, words, _) in &coded {
        out.push(',');
        texts(name, words.words.iter().copied(), &mut out);
    }
    out.push_str("},\"rows\":{");
    let each = || rows.iter().map(|(row, _)| *row);
    out.push_str("\"uid\":[");
    list(each().map(|r| r.id), &mut out, |id, out| {
        out.push('"');
        push_number(id.into(), out);
        out.push('"');
    });
    out.push_str("],");
    numbers("ns", ns.into_iter(), &mut out);
    out.push(',');
    numbers("destNs", dest.into_iter(), &mut out);
    for (name, _, places) in coded {
        out.push(',');
        numbers(name, places.into_iter(), &mut out);
    }
    let plain: [Column; 5] = [
        ("name", |r| &r.name),
        ("path", |r| &r.path),
        ("rev", |r| &r.rev),
        ("cause", |r| &r.cause),
        ("labels", |r| &r.labels),
    ];
    for (name, field) in plain {
        out.push(',');
        texts(name, each().map(field), &mut out);
    }
    out.push(',');
    numbers("since", each().map(|r| r.since), &mut out);
    out.push(',');
    numbers("drift", each().map(|r| r.drift), &mut out);
    out.push(',');
    numbers("resources", each().map(|r| r.resources), &mut out);
    out.push(',');
    let flags = rows.iter().map(|(row, mask)| seen_flags(row, *mask));
    numbers("flags", flags, &mut out);
    out.push_str("}}");
    out
}

/// Returns a row's flags for somebody.
pub(super) fn seen_flags(row: &Row, mask: u8) -> u32 {
    row.flags | if mask & SYNCS != 0 { flag::MAY_SYNC } else { 0 }
}

fn list<T>(items: impl Iterator<Item = T>, out: &mut String, write: impl Fn(T, &mut String)) {
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(item, out);
    }
}

fn texts<'r>(name: &str, items: impl Iterator<Item = &'r str>, out: &mut String) {
    let _never = write!(out, "\"{name}\":[");
    list(items, out, push_string);
    out.push(']');
}

fn numbers<T: Into<i64>>(name: &str, items: impl Iterator<Item = T>, out: &mut String) {
    let _never = write!(out, "\"{name}\":[");
    list(items, out, |n, out| push_number(n.into(), out));
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::Value;

    #[test]
    fn columns_hold_what_may_be_seen() {
        let row = |id, name: &str| {
            Arc::new(Row {
                id,
                name: name.into(),
                project: "p".into(),
                ..Row::default()
            })
        };
        let rows = [row(1, "a"), row(2, "b"), row(3, "c")];
        let mut snapshots = Snapshots::default();
        let (seq, bytes) = snapshots.get(7, &rows, &[SEES, 0, SEES | SYNCS], false);
        let board = Value::parse(&bytes).unwrap();
        assert_eq!(seq, 7);
        assert_eq!(board.at(&["rows", "name"]), Some(&value::json!(["a", "c"])));
        assert_eq!(board.at(&["rows", "flags"]), Some(&value::json!([0, 128])));
        assert_eq!(board.at(&["dict", "project"]), Some(&value::json!(["p"])));
    }
}
