//! Annotated tags: objects of their own, with a signature of their own.

use super::Sources;
use crate::error::Error;
use gix::object::Kind;

/// Tags of a repository that are looked at to find those of one commit.
const TAGS_MAX: usize = 20_000;

/// An annotated tag as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name by which the repository knows it: `v1.0`.
    pub name: String,
    /// The name that is written in it; anybody who may push can give it another.
    pub written_name: String,
    /// Its bytes, signature and all.
    pub raw: Vec<u8>,
    /// The tagger's name and address, empty if it names nobody.
    pub tagger: String,
}

/// Which tags are meant.
#[derive(Clone, Copy, Debug)]
pub enum TagNames<'a> {
    /// The one of this name, short (`v1.0`) or full (`refs/tags/v1.0`).
    One(&'a str),
    /// All of them.
    All,
}

impl Sources {
    /// Returns the annotated tags that lead to a commit, as the mirror has them. Other tags are
    /// nothing but names.
    ///
    /// # Errors
    /// Fails if the mirror can't be read.
    pub fn tags(
        &self,
        url: &str,
        commit: gix::ObjectId,
        names: TagNames<'_>,
    ) -> Result<Vec<Tag>, Error> {
        let mirror = self.mirror(url)?;
        let repo = mirror.repo()?.to_thread_local();
        let read = || -> Result<Vec<Tag>, gix::Error> {
            let mut tags = Vec::new();
            match names {
                TagNames::One(name) => {
                    let name = name.strip_prefix("refs/tags/").unwrap_or(name);
                    // What can't be a name is nobody's.
                    let found = repo.try_find_reference(&format!("refs/tags/{name}"));
                    if let Ok(Some(reference)) = found {
                        tags.extend(annotated(&reference, commit)?);
                    }
                }
                TagNames::All => {
                    let references = repo.references()?;
                    for reference in references.tags()?.take(TAGS_MAX).flatten() {
                        // One that can't be read doesn't hide the others.
                        tags.extend(annotated(&reference, commit).unwrap_or_default());
                    }
                }
            }
            Ok(tags)
        };
        read().map_err(|e| mirror.lost(commit, &e))
    }
}

/// Reads what a reference points at, if it is a tag that leads to `commit`.
fn annotated(
    reference: &gix::Reference<'_>,
    commit: gix::ObjectId,
) -> Result<Option<Tag>, gix::Error> {
    let Some(id) = reference.try_id() else {
        return Ok(None);
    };
    let object = id.object()?;
    if object.kind != Kind::Tag {
        return Ok(None);
    }
    let raw = object.data.clone();
    if object.peel_tags_to_end()?.id != commit {
        return Ok(None);
    }
    let tag = gix::objs::TagRef::from_bytes(&raw, commit.kind())?;
    let tagger = tag.tagger()?;
    let name = reference.name().shorten().to_string();
    Ok(Some(Tag {
        written_name: tag.name.to_string(),
        tagger: tagger.map_or_else(String::new, |t| format!("{} \"<{}>\"", t.name, t.email)),
        name,
        raw,
    }))
}
