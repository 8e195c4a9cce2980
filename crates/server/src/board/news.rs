//! What has changed, numbered, as far back as anybody may have missed it.

use super::columns::seen_flags;
use super::row::{Row, push_string};
use super::sight::SEES;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

/// Changes that are kept: more than a minute's, when there is one in every interval.
const KEPT_MAX: usize = 1_024;
/// Rows that are kept with them: what is more is cheaper as a whole board.
const ROWS_MAX: usize = 50_000;
/// Ways to write one change that are kept: one for each set of rights.
const WRITTEN_MAX: usize = 32;

/// A change.
pub(crate) enum News {
    /// Rows have changed or gone.
    Rows(Rows),
    /// Something about an application has changed.
    App(Arc<Row>),
    /// A drift was seen, or is over: the application's name, and the event.
    Drift(Box<str>, Bytes),
    /// Something was done: the application's name, and the entry.
    Audit(Box<str>, Bytes),
}

/// Rows that have changed or gone.
pub(crate) struct Rows {
    pub(crate) changed: Vec<Arc<Row>>,
    pub(crate) removed: Vec<Arc<Row>>,
    written: Mutex<Vec<(u64, Option<Bytes>)>>,
}

impl News {
    pub(super) const fn rows(changed: Vec<Arc<Row>>, removed: Vec<Arc<Row>>) -> Self {
        Self::Rows(Rows {
            changed,
            removed,
            written: Mutex::new(Vec::new()),
        })
    }
}

impl Rows {
    /// Returns the message for somebody who may do this with the rows that changed, and with those
    /// that went; `None` if it is no news to them. It is written once for all who may do the same.
    pub(crate) fn message(&self, seq: u64, changed: &[u8], removed: &[u8]) -> Option<Bytes> {
        let mut hasher = DefaultHasher::new();
        (changed, removed).hash(&mut hasher);
        let key = hasher.finish();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, message)) = written.iter().find(|(k, _)| *k == key) {
            return message.clone();
        }
        let message = self.write(seq, changed, removed);
        if written.len() < WRITTEN_MAX {
            written.push((key, message.clone()));
        }
        message
    }

    fn write(&self, seq: u64, changed: &[u8], removed: &[u8]) -> Option<Bytes> {
        let sees = |mask: &&u8| **mask & SEES != 0;
        if !changed.iter().chain(removed).any(|m| sees(&m)) {
            return None;
        }
        let mut out = String::with_capacity(64 + changed.len() * 360);
        let _never = write!(
            out,
            "id: {seq}\nevent: rows\ndata: {{\"seq\":{seq},\"changed\":["
        );
        let rows = self.changed.iter().zip(changed).filter(|(_, m)| sees(m));
        for (i, (row, mask)) in rows.enumerate() {
            if i > 0 {
                out.push(',');
            }
            row.write(seen_flags(row, *mask), &mut out);
        }
        out.push_str("],\"removed\":[");
        let rows = self.removed.iter().zip(removed).filter(|(_, m)| sees(m));
        for (i, (row, _)) in rows.enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let _never = write!(out, "{comma}\"{}\"", row.id);
        }
        out.push_str("]}\n\n");
        Some(Bytes::from(out))
    }
}

/// Returns the message that something about an application has changed.
pub(crate) fn app_message(seq: u64, row: &Row) -> Bytes {
    let mut out = format!("id: {seq}\nevent: app\ndata: {{\"seq\":{seq},\"ns\":");
    push_string(&row.ns, &mut out);
    out.push_str(",\"name\":");
    push_string(&row.name, &mut out);
    out.push_str("}\n\n");
    Bytes::from(out)
}

/// What a listener has missed.
pub(crate) enum Read {
    /// These changes.
    Entries(Vec<(u64, Arc<News>)>),
    /// More than is kept: begin anew at this number.
    Lost(u64),
}

/// The last changes.
pub(super) struct Ring {
    entries: VecDeque<(u64, Arc<News>)>,
    rows: usize,
    seq: u64,
    /// The number before the oldest change that is kept.
    floor: u64,
}

fn weight(news: &News) -> usize {
    match news {
        News::Rows(rows) => rows.changed.len() + rows.removed.len(),
        _ => 1,
    }
}

impl Ring {
    pub(super) const fn new(seq: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            rows: 0,
            seq,
            floor: seq,
        }
    }

    /// Adds a change; returns its number.
    pub(super) fn push(&mut self, news: News) -> u64 {
        self.seq += 1;
        self.rows += weight(&news);
        self.entries.push_back((self.seq, Arc::new(news)));
        while self.entries.len() > KEPT_MAX || (self.rows > ROWS_MAX && self.entries.len() > 1) {
            if let Some((seq, news)) = self.entries.pop_front() {
                self.rows -= weight(&news);
                self.floor = seq;
            }
        }
        self.seq
    }

    pub(super) fn since(&self, seq: u64) -> Read {
        if seq < self.floor || seq > self.seq {
            return Read::Lost(self.seq);
        }
        let from = self.entries.partition_point(|(at, _)| *at <= seq);
        Read::Entries(self.entries.range(from..).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::Value;

    fn row(id: u32) -> Arc<Row> {
        Arc::new(Row {
            id,
            ..Row::default()
        })
    }

    #[test]
    fn who_falls_behind_begins_anew() {
        let mut ring = Ring::new(100);
        for i in 0..2_000 {
            ring.push(News::App(row(i)));
        }
        assert!(matches!(ring.since(100), Read::Lost(2_100)));
        assert!(matches!(ring.since(9_999), Read::Lost(2_100)));
        let Read::Entries(missed) = ring.since(2_090) else {
            panic!("they are kept");
        };
        assert_eq!((missed.len(), missed[0].0), (10, 2_091));
    }

    #[test]
    fn a_message_holds_what_may_be_seen_and_is_written_once() {
        let News::Rows(news) = News::rows(vec![row(1), row(2)], vec![row(3)]) else {
            panic!("rows");
        };
        let message = news.message(5, &[SEES, 0], &[SEES]).unwrap();
        let again = news.message(5, &[SEES, 0], &[SEES]).unwrap();
        assert_eq!(message.as_ptr(), again.as_ptr());
        let text = String::from_utf8(message.to_vec()).unwrap();
        let data = text.lines().find_map(|l| l.strip_prefix("data: ")).unwrap();
        let data = Value::parse(data.as_bytes()).unwrap();
        assert_eq!(data.array_at(&["changed"]).len(), 1);
        assert_eq!(data.get("removed"), Some(&value::json!(["3"])));
        assert_eq!(news.message(5, &[0, 0], &[0]), None);
    }
}
