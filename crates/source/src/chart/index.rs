//! What an index says about one chart.
//!
//! An index of 60 MB lists a thousand charts, and one is asked for: the file is scanned, entry by
//! entry, and what is kept of each version is a few words. Memory is bounded by the longest entry,
//! whatever the size of the index.

mod block;
mod json;

use crate::digest::Digest;
use std::io::{BufRead, Read as _, Seek, SeekFrom};
use value::Value;

/// One version's entry: those of large charts, with their changes as annotations, have some 20 KB.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// Versions of one chart: those that publish every commit have some 10,000.
const VERSIONS_MAX: usize = 100_000;
/// An index of unusual shape is read as a whole, up to this size: that takes ten times the memory.
const WHOLE_BYTES_MAX: u64 = 8 << 20;
/// Names of other charts that an error may suggest.
const SIMILAR_MAX: usize = 3;

/// A version of a chart, as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) version: Box<str>,
    pub(crate) digest: Option<Digest>,
    pub(crate) urls: Box<[Box<str>]>,
}

/// What an index says about a chart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// These versions, in the order of the index.
    Versions(Vec<Listed>),
    /// Nothing; these charts have similar names.
    Nothing { similar: Vec<String> },
}

/// Why an index can't be read.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The file can't be read.
    Io(std::io::Error),
    /// It isn't an index, or none that we understand.
    Invalid(String),
    /// Correct, perhaps, but not as any tool writes it.
    Unusual(&'static str),
}

impl From<std::io::Error> for Broken {
    fn from(e: std::io::Error) -> Self {
        Self::Io(e)
    }
}

/// Looks for a chart in an index.
pub(crate) fn find(mut index: impl BufRead + Seek, chart: &str) -> Result<Found, Broken> {
    let mut collector = Collector::new(chart);
    let scanned = if first_byte(&mut index)? == Some(b'{') {
        json::scan(&mut index, &mut collector)
    } else {
        block::scan(&mut index, &mut collector)
    };
    match scanned {
        Ok(()) => Ok(collector.found()),
        Err(Broken::Unusual(why)) => {
            if index.seek(SeekFrom::End(0))? > WHOLE_BYTES_MAX {
                return Err(Broken::Invalid(format!(
                    "{why}; an index like that is read up to {WHOLE_BYTES_MAX} bytes"
                )));
            }
            index.seek(SeekFrom::Start(0))?;
            whole(index, chart)
        }
        Err(broken) => Err(broken),
    }
}

/// Returns the first byte that isn't space, without taking it.
fn first_byte(index: &mut impl BufRead) -> Result<Option<u8>, Broken> {
    loop {
        let buffer = index.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let is_space = |b: &u8| b.is_ascii_whitespace();
        if let Some(at) = buffer.iter().position(|b| !is_space(b)) {
            let first = buffer[at];
            // Spaces in front of YAML are its indentation.
            if first == b'{' {
                index.consume(at);
            }
            return Ok(Some(first));
        }
        let n = buffer.len();
        index.consume(n);
    }
}

/// Reads an index as a whole.
fn whole(index: impl BufRead, chart: &str) -> Result<Found, Broken> {
    let mut text = Vec::new();
    index.take(WHOLE_BYTES_MAX).read_to_end(&mut text)?;
    let index = yaml::v2::to_value(&text).map_err(|e| Broken::Invalid(e.to_string()))?;
    let mut collector = Collector::new(chart);
    let entries = index
        .get("entries")
        .ok_or_else(|| Broken::Invalid("it has no entries".to_owned()))?;
    for (name, versions) in entries
        .as_object()
        .into_iter()
        .flat_map(value::Object::iter)
    {
        if collector.chart(name.as_str()) {
            for entry in versions.as_array().unwrap_or_default() {
                collector.entry(entry)?;
            }
        }
    }
    Ok(collector.found())
}

/// What the scanners tell: names of charts, and the entries of the one that is looked for.
struct Collector<'a> {
    wanted: &'a str,
    is_there: bool,
    versions: Vec<Listed>,
    similar: Vec<(usize, String)>,
}

impl<'a> Collector<'a> {
    fn new(wanted: &'a str) -> Self {
        Self {
            wanted,
            is_there: false,
            versions: Vec::new(),
            similar: Vec::new(),
        }
    }

    /// Hears the name of a chart; returns whether its entries are asked for.
    fn chart(&mut self, name: &str) -> bool {
        if name == self.wanted {
            self.is_there = true;
            return true;
        }
        let distance = distance(self.wanted, name);
        if distance <= self.wanted.len().max(3) / 2 {
            self.similar.push((distance, name.to_owned()));
            self.similar.sort();
            self.similar.truncate(SIMILAR_MAX);
        }
        false
    }

    /// Takes an entry; one without a version is none, as in Helm.
    fn entry(&mut self, entry: &Value) -> Result<(), Broken> {
        let version = entry.str_at(&["version"]);
        if version.is_empty() {
            return Ok(());
        }
        if self.versions.len() == VERSIONS_MAX {
            let text = format!(
                "chart {:?} has more than {VERSIONS_MAX} versions",
                self.wanted
            );
            return Err(Broken::Invalid(text));
        }
        let urls = entry.array_at(&["urls"]).iter().filter_map(Value::as_str);
        self.versions.push(Listed {
            version: version.into(),
            digest: Digest::parse(entry.str_at(&["digest"])),
            urls: urls.map(Into::into).collect(),
        });
        Ok(())
    }

    fn found(self) -> Found {
        if self.is_there {
            return Found::Versions(self.versions);
        }
        let similar = self.similar.into_iter().map(|(_, name)| name).collect();
        Found::Nothing { similar }
    }
}

/// Returns how many letters must change to make one name of the other; names that contain one
/// another are near.
fn distance(a: &str, b: &str) -> usize {
    const LONG: usize = 64;
    if a.len() > LONG || b.len() > LONG {
        return usize::MAX;
    }
    if !a.is_empty() && (b.contains(a) || (b.len() > 2 && a.contains(b))) {
        return 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let cost = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
