//! Indexes and archives on disk, by digest of their content.

use super::http::{Answer, Validators};
use crate::digest::{Digest, Hasher};
use crate::error::{Error, Reason};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use value::{Value, json};

/// What one folder may hold; beyond it, what was written or used longest ago goes.
const FOLDER_BYTES_MAX: u64 = 2 << 30;
/// A file that is being written isn't touched for this long only if its writer is no more.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// The kinds of what is kept.
#[derive(Clone, Copy)]
pub(crate) enum Kept {
    /// Indexes of repositories.
    Index,
    /// Archives of charts.
    Archive,
}

/// The folder of all charts.
pub(crate) struct Store {
    root: PathBuf,
    written: AtomicU64,
}

impl Store {
    pub(crate) fn new(cache: &Path) -> Self {
        Self {
            root: cache.join("charts"),
            written: AtomicU64::new(0),
        }
    }

    fn folder(&self, kept: Kept) -> PathBuf {
        self.root.join(match kept {
            Kept::Index => "indexes",
            Kept::Archive => "archives",
        })
    }

    fn path(&self, kept: Kept, digest: Digest) -> PathBuf {
        self.folder(kept).join(digest.to_hex())
    }

    /// Returns true if there is a content of that digest.
    pub(crate) fn has(&self, kept: Kept, digest: Digest) -> bool {
        self.path(kept, digest).exists()
    }

    /// Opens what has that digest; what has another one by now is thrown away.
    pub(crate) fn open(&self, kept: Kept, digest: Digest) -> Option<File> {
        let path = self.path(kept, digest);
        let mut file = File::open(&path).ok()?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer).ok()? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            }
        }
        if hasher.finish() != digest {
            tracing::warn!(path = %path.display(), "damaged file is removed from the cache");
            drop(fs::remove_file(&path));
            return None;
        }
        // Best effort: it only says what is used.
        drop(file.set_modified(SystemTime::now()));
        file.seek(SeekFrom::Start(0)).ok()?;
        Some(file)
    }

    /// Keeps the body of an answer, if it has the digest that is expected.
    pub(crate) fn keep(
        &self,
        kept: Kept,
        answer: Answer,
        bytes_max: u64,
        expected: Option<Digest>,
    ) -> Result<Digest, Error> {
        let folder = self.folder(kept);
        let failed = |e: std::io::Error| failed(&folder, &e);
        fs::create_dir_all(&folder).map_err(failed)?;
        let temporary = self.temporary(&folder);
        let shown = answer.shown.clone();
        let copied = File::create(&temporary)
            .map_err(failed)
            .and_then(|mut file| {
                let (digest, size) = answer.copy(bytes_max, &mut file)?;
                if let Some(expected) = expected.filter(|e| *e != digest) {
                    return Err(Error::new(
                        Reason::DigestMismatch,
                        format!(
                            "{shown} has the digest {digest}, but {expected} was announced: the \
                         archive was replaced or damaged; publish it anew under another version"
                        ),
                    ));
                }
                Ok((digest, size))
            });
        let (digest, size) = copied.inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        fs::rename(&temporary, self.path(kept, digest)).map_err(failed)?;
        prune(&folder, FOLDER_BYTES_MAX.saturating_sub(size));
        Ok(digest)
    }

    fn temporary(&self, folder: &Path) -> PathBuf {
        let n = self.written.fetch_add(1, Ordering::Relaxed);
        folder.join(format!(".new-{}-{n}", std::process::id()))
    }

    /// Returns which index a repository had when it was asked last, perhaps by a process before
    /// this one, if it is still here.
    pub(crate) fn last_index(&self, name: &str) -> Option<(Digest, Validators)> {
        let text = fs::read(self.note(name)).ok()?;
        let note = Value::parse(&text).ok()?;
        let text = |name| Some(note.str_at(&[name])).filter(|t| !t.is_empty());
        let digest = Digest::parse(text("digest")?)?;
        let validators = Validators {
            etag: text("etag").map(str::to_owned),
            last_modified: text("lastModified").map(str::to_owned),
        };
        self.has(Kept::Index, digest)
            .then_some((digest, validators))
    }

    /// Notes which index a repository has. That it can't be noted costs one more download.
    pub(crate) fn note_index(&self, name: &str, digest: Digest, validators: &Validators) {
        let note = json!({
            "digest": (digest.to_hex()),
            "etag": (validators.etag.as_deref().unwrap_or_default()),
            "lastModified": (validators.last_modified.as_deref().unwrap_or_default()),
        });
        let temporary = self.temporary(&self.folder(Kept::Index));
        let noted = fs::write(&temporary, note.to_vec())
            .and_then(|()| fs::rename(&temporary, self.note(name)));
        if let Err(e) = noted {
            tracing::warn!(error = %e, "which index a repository has can't be noted");
        }
    }

    fn note(&self, name: &str) -> PathBuf {
        let name = Digest::of(name.as_bytes()).to_hex();
        self.folder(Kept::Index).join(format!("{name}.note"))
    }
}

pub(crate) fn failed(folder: &Path, e: &std::io::Error) -> Error {
    let text = format!("keep charts in {}: {e}", folder.display());
    Error::new(Reason::CacheFailed, text)
}

/// Removes what was used longest ago until the folder is small enough.
fn prune(folder: &Path, bytes_max: u64) {
    let now = SystemTime::now();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in entries {
        let Ok(about) = entry.metadata() else {
            continue;
        };
        let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let path = entry.path();
        let is_new = entry.file_name().to_string_lossy().starts_with(".new-");
        if !is_new {
            files.push((used, about.len(), path));
        } else if now
            .duration_since(used)
            .is_ok_and(|age| age > ABANDONED_AFTER)
        {
            drop(fs::remove_file(path));
        }
    }
    files.sort();
    let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, bytes, path) in files {
        if size <= bytes_max {
            return;
        }
        drop(fs::remove_file(path));
        size -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        for (i, name) in ["b", "a", "c"].iter().enumerate() {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_len(10).unwrap();
            let used = SystemTime::UNIX_EPOCH + Duration::from_secs(i as u64);
            file.set_modified(used).unwrap();
        }
        let abandoned = File::create(dir.path().join(".new-1-1")).unwrap();
        abandoned.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        prune(dir.path(), 20);
        let left = |name| dir.path().join(name).exists();
        assert_eq!(
            [left("a"), left("b"), left("c"), left(".new-1-1")],
            [true, false, true, false]
        );
    }

    #[test]
    fn damaged_files_are_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let digest = Digest::of(b"good");
        let path = store.path(Kept::Archive, digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"good").unwrap();
        assert!(store.open(Kept::Archive, digest).is_some());
        fs::write(&path, b"evil").unwrap();
        assert!(store.open(Kept::Archive, digest).is_none());
        assert!(!store.has(Kept::Archive, digest));
    }
}
