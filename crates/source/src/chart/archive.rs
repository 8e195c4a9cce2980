//! A chart's `.tgz` to its files, with the limits of Helm 4.

use super::files::Folder;
use std::io::Read;
use tar::EntryType;

/// What an archive may have.
struct Limits {
    /// All files together.
    chart_bytes_max: u64,
    /// One file.
    file_bytes_max: u64,
    /// Entries, folders included.
    entries_max: usize,
}

/// Sizes as Helm. The largest charts have some 2,000 entries; each costs a header even if it is
/// empty.
const LIMITS: Limits = Limits {
    chart_bytes_max: 100 << 20,
    file_bytes_max: 5 << 20,
    entries_max: 50_000,
};
/// What is decompressed for an entry beside its content: headers and padding.
const OVERHEAD_BYTES: u64 = 2_048;
/// A name, with whatever else is said beside it.
const SAID_BYTES_MAX: u64 = 64 << 10;
/// Folders inside one another.
const DEPTH_MAX: usize = 64;

/// Why an archive isn't unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is damaged, or has what no chart may have.
    Invalid(String),
    /// It is larger than we unpack.
    TooLarge(String),
}

/// What was in an archive.
pub(crate) struct Unpacked {
    /// Its files.
    pub(crate) files: Folder,
    /// When the newest of them was packed, in seconds since 1970.
    pub(crate) packed_seconds: i64,
}

/// Unpacks an archive; the top folder is stripped, whatever its name.
pub(crate) fn unpack(archive: impl Read) -> Result<Unpacked, Refused> {
    unpack_within(archive, &LIMITS)
}

fn unpack_within(archive: impl Read, limits: &Limits) -> Result<Unpacked, Refused> {
    let stream_bytes_max = limits.chart_bytes_max + limits.entries_max as u64 * OVERHEAD_BYTES;
    let stream = flate2::read::MultiGzDecoder::new(archive).take(stream_bytes_max);
    let mut archive = tar::Archive::new(stream);
    let (mut files, mut is_empty) = (Folder::default(), true);
    let (mut left, mut count) = (limits.chart_bytes_max, 0);
    let mut said = Said::default();
    let mut packed_seconds = 0;
    // Raw: the library would read the name of an entry whatever its length.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        count += 1;
        if count > limits.entries_max {
            let text = format!("has more than {} entries", limits.entries_max);
            return Err(Refused::TooLarge(text));
        }
        if said.hear(&mut entry)? {
            continue;
        }
        let (name, size) = std::mem::take(&mut said).apply(&entry)?;
        let path = match entry.header().entry_type() {
            EntryType::Directory => continue,
            // Old archives mark folders by a slash alone.
            EntryType::Regular | EntryType::Continuous if name.ends_with('/') => continue,
            EntryType::Regular | EntryType::Continuous => inside(&name)?,
            kind => return Err(Refused::Invalid(no_file(&name, kind, &entry))),
        };
        if size > limits.file_bytes_max {
            return Err(Refused::TooLarge(format!(
                "has a file {name:?} of {size} bytes; a file may have {}",
                limits.file_bytes_max
            )));
        }
        left = left.checked_sub(size).ok_or_else(|| {
            let max = limits.chart_bytes_max;
            Refused::TooLarge(format!("has more than {max} bytes unpacked"))
        })?;
        let mut content = Vec::new();
        let read = entry.read_to_end(&mut content).map_err(damaged)?;
        if read as u64 != size {
            return Err(Refused::Invalid(format!("ends in the middle of {name:?}")));
        }
        if !files.insert(&path, &content) {
            return Err(Refused::Invalid(format!(
                "has {name:?} both as a file and as a folder"
            )));
        }
        is_empty = false;
        let seconds = entry.header().mtime().unwrap_or(0);
        packed_seconds = packed_seconds.max(i64::try_from(seconds).unwrap_or(0));
    }
    if is_empty {
        return Err(Refused::Invalid("has no files".to_owned()));
    }
    if !files.has_file("Chart.yaml") {
        let text = "has no Chart.yaml in its top folder";
        return Err(Refused::Invalid(text.to_owned()));
    }
    Ok(Unpacked {
        files,
        packed_seconds,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn damaged(e: std::io::Error) -> Refused {
    let e = e.to_string().replace('\n', " ");
    Refused::Invalid(format!("is no .tgz archive, or damaged: {e}"))
}

/// What an entry says of the one that follows.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Said {
    /// Hears an entry; false if it is one by itself.
    fn hear(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<bool, Refused> {
        let kind = entry.header().entry_type();
        match kind {
            // What holds for all entries (a commit, as Git writes it), or where a link leads.
            EntryType::XGlobalHeader | EntryType::GNULongLink => return Ok(true),
            EntryType::GNULongName | EntryType::XHeader => {}
            _ => return Ok(false),
        }
        let mut text = Vec::new();
        let read = entry.take(SAID_BYTES_MAX + 1).read_to_end(&mut text);
        if read.map_err(damaged)? as u64 > SAID_BYTES_MAX {
            let text = format!("has a name of more than {SAID_BYTES_MAX} bytes");
            return Err(Refused::TooLarge(text));
        }
        if kind == EntryType::GNULongName {
            let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
            text.truncate(end);
            self.name = Some(text);
            return Ok(true);
        }
        for record in tar::PaxExtensions::new(&text) {
            let record = record.map_err(damaged)?;
            match record.key_bytes() {
                b"path" => self.name = Some(record.value_bytes().to_owned()),
                b"size" => self.size = record.value().ok().and_then(|v| v.parse().ok()),
                key if key.starts_with(b"GNU.sparse.") => {
                    let text = "has a sparse file: package the chart with `helm package`";
                    return Err(Refused::Invalid(text.to_owned()));
                }
                _ => {}
            }
        }
        Ok(true)
    }

    /// Returns the name and size of the entry that follows.
    fn apply(self, entry: &tar::Entry<'_, impl Read>) -> Result<(String, u64), Refused> {
        let name = self
            .name
            .unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let name = String::from_utf8(name).map_err(|e| {
            let name = String::from_utf8_lossy(e.as_bytes()).into_owned();
            Refused::Invalid(format!("has an entry whose name is not UTF-8: {name:?}"))
        })?;
        let size = entry.header().entry_size().map_err(damaged)?;
        // Two sizes are only needed for what is too large anyway.
        match self.size.filter(|said| *said != size) {
            Some(said) => Err(Refused::Invalid(format!(
                "has an entry {name:?} of both {said} and {size} bytes"
            ))),
            None => Ok((name, size)),
        }
    }
}

/// Returns what is wrong with an entry that isn't a file.
fn no_file(name: &str, kind: EntryType, entry: &tar::Entry<'_, impl Read>) -> String {
    let target = entry.link_name_bytes().unwrap_or_default();
    let target = String::from_utf8_lossy(&target);
    match kind {
        EntryType::Symlink => format!(
            "has a symbolic link {name:?} to {target:?}: package the chart with `helm package`, \
             which stores the file itself"
        ),
        EntryType::Link => format!("has a hard link {name:?} to {target:?}: store the file itself"),
        _ => format!("has an entry {name:?} that is neither file nor folder"),
    }
}

/// Returns the path of an entry below the chart's folder.
fn inside(name: &str) -> Result<String, Refused> {
    let refuse = |why: &str| {
        Err(Refused::Invalid(format!(
            "has an entry {name:?} that {why}"
        )))
    };
    // Archives made on Windows.
    let delimiter = if name.contains('\\') { '\\' } else { '/' };
    let Some((top, below)) = name.split_once(delimiter) else {
        return refuse("is outside the chart's folder");
    };
    let below = below.replace(delimiter, "/");
    if name.contains('\0') {
        return refuse("has a zero byte in its name");
    }
    if top.is_empty() || below.starts_with('/') {
        return refuse("is an absolute path");
    }
    if top == ".." {
        return refuse("leaves the chart's folder");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in below.split('/') {
        match part {
            "" | "." => {}
            // Helm allows a way down and up again; nothing that packages charts writes it.
            ".." => return refuse("leaves the chart's folder"),
            part => parts.push(part),
        }
    }
    let Some(first) = parts.first() else {
        return refuse("is outside the chart's folder");
    };
    if first.len() == 2 && first.ends_with(':') && first.as_bytes()[0].is_ascii_alphabetic() {
        return refuse("is an absolute path");
    }
    if parts.len() > DEPTH_MAX {
        return refuse("is too deep");
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::files::ChartSnapshot;
    use crate::digest::Digest;
    use tree::Tree as _;

    #[test]
    fn the_top_folder_is_stripped_and_nothing_leaves_it() {
        let cases = [
            ("web/Chart.yaml", Some("Chart.yaml")),
            ("web/templates/./a.yaml", Some("templates/a.yaml")),
            ("web\\templates\\a.yaml", Some("templates/a.yaml")),
            ("./Chart.yaml", Some("Chart.yaml")),
            ("Chart.yaml", None),
            ("web/../../etc/passwd", None),
            ("web/a/../b", None),
            ("../web/Chart.yaml", None),
            ("/etc/passwd", None),
            ("web//etc/passwd", None),
            ("web/c:/x", None),
            ("web/", None),
        ];
        for (name, want) in cases {
            assert_eq!(inside(name).ok().as_deref(), want, "{name}");
        }
    }

    #[test]
    fn limits_hold_for_the_sum_and_the_number() {
        use testkit::pack_chart;
        let archive = pack_chart("web", "1.0.0", &[("a", "12345"), ("b", "12345"), ("c", "")]);
        let limits = |chart_bytes_max, file_bytes_max, entries_max| Limits {
            chart_bytes_max,
            file_bytes_max,
            entries_max,
        };
        let about = "apiVersion: v2\nname: web\nversion: 1.0.0\n".len() as u64;
        let unpack = |limits: Limits| unpack_within(archive.as_slice(), &limits).err();
        assert_eq!(unpack(limits(about + 10, about, 4)), None);
        let said = [
            (unpack(limits(about + 9, about, 4)), "bytes unpacked"),
            (
                unpack(limits(about + 10, about - 1, 4)),
                "\"web/Chart.yaml\"",
            ),
            (unpack(limits(about + 10, about, 3)), "more than 3 entries"),
        ];
        for (refused, want) in said {
            let Some(Refused::TooLarge(why)) = refused else {
                panic!("{want}: {refused:?}");
            };
            assert!(why.contains(want), "{why}");
        }
    }

    #[test]
    fn long_names_are_read_in_both_formats_and_have_a_limit() {
        use testkit::{ArchiveEntry, pack};
        let about = ArchiveEntry::File("web/Chart.yaml", b"name: web");
        let long = format!("web/{}/a.yaml", "x".repeat(200));
        let names = [
            ArchiveEntry::LongName(long.as_bytes()),
            ArchiveEntry::PaxName(&long),
        ];
        for name in names {
            let archive = pack(&[about, name, ArchiveEntry::File("web/short", b"1"), about]);
            let snapshot = ChartSnapshot::new(Digest::of(b""), unpack(archive.as_slice()).unwrap());
            let at = |path: &str| snapshot.entry(path).unwrap().is_some();
            assert!(at(&long["web/".len()..]) && at("Chart.yaml") && !at("short"));
        }
        let evil = ArchiveEntry::PaxName("web/../../evil");
        let archive = pack(&[about, evil, ArchiveEntry::File("web/short", b"1")]);
        let refused = unpack(archive.as_slice()).err();
        assert!(matches!(refused, Some(Refused::Invalid(why)) if why.contains("/../../evil")));
        let endless = pack(&[ArchiveEntry::LongName(&vec![b'x'; 1 << 20])]);
        let refused = unpack(endless.as_slice()).err();
        assert!(matches!(refused, Some(Refused::TooLarge(why)) if why.contains("a name of more")));
    }

    #[test]
    fn garbage_is_refused() {
        for bytes in [&b""[..], b"hello", b"\x1f\x8b\x08\x00"] {
            assert!(
                matches!(unpack(bytes), Err(Refused::Invalid(_))),
                "{bytes:?}"
            );
        }
    }
}
