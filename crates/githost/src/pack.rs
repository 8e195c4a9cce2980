//! Making a pack: every object that a client lacks, whole (no deltas: the sample repositories are
//! small, and what is not computed cannot be wrong).

use crate::repository::Error;
use gix::ObjectId;
use gix::objs::Kind;
use std::collections::HashSet;
use std::io::Write as _;

/// Objects that one pack may hold; a repository served from here is a sample or a fixture.
const OBJECTS_MAX: usize = 1_000_000;

/// Returns a pack of all objects reachable from `wants` and not from `haves`.
pub(crate) fn build(
    repo: &gix::Repository,
    wants: &[ObjectId],
    haves: &[ObjectId],
    depth: Option<u32>,
) -> Result<(Vec<u8>, Vec<ObjectId>), Error> {
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut objects = Vec::new();
    // What the client has is marked as seen, trees and all.
    for have in haves {
        let tree = repo
            .find_commit(*have)
            .map_err(Error::read)?
            .tree_id()
            .map_err(Error::read)?;
        collect_tree(repo, tree.detach(), &mut seen, &mut Vec::new())?;
    }
    let mut shallow = Vec::new();
    for (commit, cut) in commits(repo, wants, haves, depth)? {
        if cut {
            shallow.push(commit);
        }
        if seen.insert(commit) {
            objects.push(commit);
            let tree = repo
                .find_commit(commit)
                .map_err(Error::read)?
                .tree_id()
                .map_err(Error::read)?;
            collect_tree(repo, tree.detach(), &mut seen, &mut objects)?;
        }
    }
    // Tags and whatever else was asked for by id.
    for want in wants {
        if seen.insert(*want) {
            objects.push(*want);
        }
    }
    Ok((write(repo, &objects)?, shallow))
}

/// Returns the commits to send; the flag marks those whose parents are cut off by `depth`.
fn commits(
    repo: &gix::Repository,
    wants: &[ObjectId],
    haves: &[ObjectId],
    depth: Option<u32>,
) -> Result<Vec<(ObjectId, bool)>, Error> {
    let mut tips = Vec::new();
    for want in wants {
        let object = repo.find_object(*want).map_err(Error::read)?;
        if let Ok(commit) = object.peel_to_kind(Kind::Commit) {
            tips.push(commit.id);
        }
    }
    let Some(depth) = depth else {
        let walk = repo.rev_walk(tips).with_hidden(haves.iter().copied());
        let mut commits = Vec::new();
        for info in walk.all().map_err(Error::read)? {
            commits.push((info.map_err(Error::read)?.id, false));
        }
        return Ok(commits);
    };
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut level = tips;
    for step in 1..=depth {
        let mut next = Vec::new();
        for id in level {
            if !seen.insert(id) {
                continue;
            }
            let commit = repo.find_commit(id).map_err(Error::read)?;
            let parents: Vec<ObjectId> = commit.parent_ids().map(gix::Id::detach).collect();
            found.push((id, step == depth && !parents.is_empty()));
            next.extend(parents);
        }
        level = next;
    }
    Ok(found)
}

fn collect_tree(
    repo: &gix::Repository,
    tree: ObjectId,
    seen: &mut HashSet<ObjectId>,
    out: &mut Vec<ObjectId>,
) -> Result<(), Error> {
    let mut pending = vec![tree];
    while let Some(tree) = pending.pop() {
        if !seen.insert(tree) {
            continue;
        }
        out.push(tree);
        if out.len() > OBJECTS_MAX {
            return Err(Error::TooLarge {
                objects_max: OBJECTS_MAX,
            });
        }
        for entry in repo.find_tree(tree).map_err(Error::read)?.iter() {
            let entry = entry.map_err(Error::read)?;
            let id = entry.object_id();
            if entry.mode().is_tree() {
                pending.push(id);
            } else if !entry.mode().is_commit() && seen.insert(id) {
                out.push(id);
            }
        }
    }
    Ok(())
}

fn write(repo: &gix::Repository, objects: &[ObjectId]) -> Result<Vec<u8>, Error> {
    let mut pack = b"PACK\x00\x00\x00\x02".to_vec();
    let count = u32::try_from(objects.len()).expect("OBJECTS_MAX fits in 32 bits");
    pack.extend_from_slice(&count.to_be_bytes());
    for id in objects {
        let object = repo.find_object(*id).map_err(Error::read)?;
        entry_header(object.kind, object.data.len(), &mut pack);
        let mut deflate =
            gix::zlib::stream::deflate::Write::new(&mut pack, gix::zlib::Compression::BEST_SPEED);
        deflate
            .write_all(&object.data)
            .and_then(|()| deflate.flush())
            .map_err(Error::Io)?;
    }
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    let digest = hasher.try_finalize().map_err(Error::read)?;
    pack.extend_from_slice(digest.as_slice());
    Ok(pack)
}

/// Writes type and size: four bits of size in the first byte, seven in each that follows.
fn entry_header(kind: Kind, size: usize, out: &mut Vec<u8>) {
    let kind = match kind {
        Kind::Commit => 1u8,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    };
    let mut rest = size >> 4;
    let mut byte = (kind << 4) | (size & 0x0f) as u8;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}
