//! One bare repository: its branches, and commits made without a work tree.

use gix::ObjectId;
use gix::refs::transaction::PreviousValue;
use std::path::{Path, PathBuf};

/// The id of a commit.
pub type CommitId = ObjectId;

/// What went wrong in a hosted repository.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be made or opened.
    #[error("open repository {path}: {message}")]
    Open {
        /// Its folder.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// An object or reference could not be read.
    #[error("read from the repository: {0}")]
    Read(String),
    /// An object or reference could not be written.
    #[error("write to the repository: {0}")]
    Write(String),
    /// The pack would hold too many objects.
    #[error("the repository has more than {objects_max} objects to send")]
    TooLarge {
        /// The limit.
        objects_max: usize,
    },
    /// The file system failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    pub(crate) fn read(source: impl std::fmt::Display) -> Self {
        Self::Read(source.to_string())
    }
    pub(crate) fn write(source: impl std::fmt::Display) -> Self {
        Self::Write(source.to_string())
    }
}

/// Who commits, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The person's name.
    pub name: &'a str,
    /// The person's address.
    pub email: &'a str,
    /// Seconds since 1970, UTC.
    pub seconds: i64,
}

/// A bare repository on disk.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
}

impl Repository {
    /// Makes an empty bare repository whose HEAD is `main`, or opens the one that is there.
    ///
    /// # Errors
    /// Fails if the folder can't be written, or is something else than a repository.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if !path.join("HEAD").exists() {
            std::fs::create_dir_all(path)?;
            gix::init_bare(path).map_err(|e| open_error(path, &e))?;
            std::fs::write(path.join("HEAD"), "ref: refs/heads/main\n")?;
        }
        Self::open(path)
    }

    /// Opens a bare repository.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let repository = Self {
            path: path.to_owned(),
        };
        repository.gix()?;
        Ok(repository)
    }

    /// Returns the repository's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn gix(&self) -> Result<gix::Repository, Error> {
        gix::open_opts(&self.path, gix::open::Options::isolated())
            .map_err(|e| open_error(&self.path, &e))
    }

    /// Returns the commit that a branch points at.
    ///
    /// # Errors
    /// Fails if the repository can't be read.
    pub fn branch(&self, branch: &str) -> Result<Option<CommitId>, Error> {
        let repo = self.gix()?;
        let name = format!("refs/heads/{branch}");
        let Some(mut reference) = repo
            .try_find_reference(name.as_str())
            .map_err(Error::read)?
        else {
            return Ok(None);
        };
        Ok(Some(reference.peel_to_id().map_err(Error::read)?.detach()))
    }

    /// Returns the content of a file at a branch's tip.
    ///
    /// # Errors
    /// Fails if the repository can't be read.
    pub fn file(&self, branch: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(commit) = self.branch(branch)? else {
            return Ok(None);
        };
        let repo = self.gix()?;
        let tree = repo
            .find_commit(commit)
            .and_then(|c| c.tree())
            .map_err(Error::read)?;
        let Some(entry) = tree.lookup_entry_by_path(path).map_err(Error::read)? else {
            return Ok(None);
        };
        Ok(Some(entry.object().map_err(Error::read)?.detach().data))
    }

    /// Adds a commit to a branch: each file gets its new content, or is removed.
    ///
    /// # Errors
    /// Fails if the repository can't be written.
    pub fn commit(
        &self,
        branch: &str,
        files: &[(&str, Option<&[u8]>)],
        message: &str,
        author: Author<'_>,
    ) -> Result<CommitId, Error> {
        let repo = self.gix()?;
        let parent = self.branch(branch)?;
        let base = match parent {
            Some(parent) => repo
                .find_commit(parent)
                .and_then(|c| c.tree())
                .map_err(Error::read)?,
            None => repo.empty_tree(),
        };
        let mut editor = base.edit().map_err(Error::write)?;
        for (path, content) in files {
            match content {
                Some(content) => {
                    let blob = repo.write_blob(content).map_err(Error::write)?;
                    editor
                        .upsert(*path, gix::objs::tree::EntryKind::Blob, blob)
                        .map_err(Error::write)?;
                }
                None => {
                    editor.remove(*path).map_err(Error::write)?;
                }
            }
        }
        let tree = editor.write().map_err(Error::write)?;
        let time = format!("{} +0000", author.seconds);
        let signature = gix::actor::SignatureRef {
            name: author.name.into(),
            email: author.email.into(),
            time: &time,
        };
        let commit = repo
            .new_commit_as(signature, signature, message, tree, parent)
            .map_err(Error::write)?
            .id;
        self.set_reference(&repo, &format!("refs/heads/{branch}"), parent, Some(commit))?;
        Ok(commit)
    }

    /// Moves a reference from what it was to what it is to be; `None` is "absent".
    pub(crate) fn set_reference(
        &self,
        repo: &gix::Repository,
        name: &str,
        old: Option<CommitId>,
        new: Option<CommitId>,
    ) -> Result<(), Error> {
        use gix::refs::transaction::{Change, LogChange, RefEdit, RefLog};
        let expected = old.map_or(PreviousValue::MustNotExist, |id| {
            PreviousValue::MustExistAndMatch(gix::refs::Target::Object(id))
        });
        let change = match new {
            Some(id) => Change::Update {
                log: LogChange::default(),
                expected,
                new: gix::refs::Target::Object(id),
            },
            None => Change::Delete {
                expected,
                log: RefLog::AndReference,
            },
        };
        let name = name.try_into().map_err(Error::write)?;
        // No committer: a bare repository keeps no reflog.
        repo.edit_references_as(
            Some(RefEdit {
                change,
                name,
                deref: false,
            }),
            None,
        )
        .map_err(Error::write)?;
        Ok(())
    }
}

fn open_error(path: &Path, source: &dyn std::fmt::Display) -> Error {
    Error::Open {
        path: path.to_owned(),
        message: source.to_string(),
    }
}
