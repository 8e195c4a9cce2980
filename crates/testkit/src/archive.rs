//! Charts as `.tgz` archives: as tools pack them, and as nobody should.

use std::path::Path;

/// An entry of an archive; its path is written as it is.
#[derive(Clone, Copy, Debug)]
pub enum ArchiveEntry<'a> {
    /// A file and its content.
    File(&'a str, &'a [u8]),
    /// A folder.
    Folder(&'a str),
    /// A symbolic link and where it leads.
    Symlink(&'a str, &'a str),
    /// A hard link and where it leads.
    Hardlink(&'a str, &'a str),
    /// The long name of the next entry, as GNU writes it.
    LongName(&'a [u8]),
    /// The long name of the next entry, as POSIX has it.
    PaxName(&'a str),
}

/// Returns a `.tgz` of a chart with these files below a folder of its name, as `helm package`
/// makes it; its `Chart.yaml` is made if it isn't given.
#[must_use]
pub fn pack_chart(name: &str, version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let about = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let mut all: Vec<(String, &[u8])> = Vec::new();
    if !files.iter().any(|(path, _)| *path == "Chart.yaml") {
        all.push((format!("{name}/Chart.yaml"), about.as_bytes()));
    }
    let given = files
        .iter()
        .map(|(path, text)| (format!("{name}/{path}"), text.as_bytes()));
    all.extend(given);
    let entries: Vec<ArchiveEntry<'_>> = all
        .iter()
        .map(|(path, content)| ArchiveEntry::File(path, content))
        .collect();
    pack(&entries)
}

/// Returns a `.tgz` of all files of a folder, below a folder of that name.
#[must_use]
pub fn pack_folder(folder: &Path) -> Vec<u8> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
        let mut entries: Vec<_> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|e| e.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().expect("a name").to_string_lossy();
            let name = format!("{prefix}/{name}");
            if path.is_dir() {
                walk(&path, &name, found);
            } else {
                found.push((name, std::fs::read(&path).expect("a file")));
            }
        }
    }
    let mut found = Vec::new();
    let name = folder.file_name().expect("a name").to_string_lossy();
    walk(folder, &name, &mut found);
    let entries: Vec<ArchiveEntry<'_>> = found
        .iter()
        .map(|(path, content)| ArchiveEntry::File(path, content))
        .collect();
    pack(&entries)
}

/// Returns a `.tgz` of these entries, however wrong.
#[must_use]
pub fn pack(entries: &[ArchiveEntry<'_>]) -> Vec<u8> {
    use tar::EntryType;
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for entry in entries {
        let record;
        let (kind, path, content, target) = match *entry {
            ArchiveEntry::File(path, content) => (EntryType::Regular, path, content, ""),
            ArchiveEntry::Folder(path) => (EntryType::Directory, path, &b""[..], ""),
            ArchiveEntry::Symlink(path, to) => (EntryType::Symlink, path, &b""[..], to),
            ArchiveEntry::Hardlink(path, to) => (EntryType::Link, path, &b""[..], to),
            ArchiveEntry::LongName(name) => (EntryType::GNULongName, "././@LongLink", name, ""),
            ArchiveEntry::PaxName(name) => {
                // The length counts its own digits.
                let rest = format!(" path={name}\n");
                let length = (1..).find(|n: &usize| n.to_string().len() + rest.len() == *n);
                record = format!("{}{rest}", length.expect("some number"));
                (EntryType::XHeader, "web/PaxHeaders", record.as_bytes(), "")
            }
        };
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        // The library's own ways refuse what a test may want.
        let old = header.as_old_mut();
        old.name[..path.len()].copy_from_slice(path.as_bytes());
        old.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        archive
            .append(&header, content)
            .expect("memory takes everything");
    }
    let gzip = archive.into_inner().expect("memory takes everything");
    gzip.finish().expect("memory takes everything")
}

/// Returns the SHA-256 digest of some bytes, in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}
