//! Making a pack: every object that a client lacks, whole (no deltas: the sample repositories are
//! small, and what is not computed cannot be wrong).

use crate::repository::Error;
use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::EntryMode;
use std::collections::{HashMap, HashSet};
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
    let mut shallow = Vec::new();
    for (commit, cut) in commits(repo, wants, haves, depth)? {
        if !seen.insert(commit) {
            continue;
        }
        objects.push(commit);
        let found = repo.find_commit(commit).map_err(Error::read)?;
        // What stands at the same place in a parent is there, or is sent with the parent. A commit
        // that is cut off from its parents brings everything.
        let mut bases = Vec::new();
        if cut {
            shallow.push(commit);
        } else if depth.is_none() {
            for parent in found.parent_ids() {
                let parent = repo.find_commit(parent.detach()).map_err(Error::read)?;
                bases.push(parent.tree_id().map_err(Error::read)?.detach());
            }
        }
        let tree = found.tree_id().map_err(Error::read)?.detach();
        collect_tree(repo, tree, &bases, &mut seen, &mut objects)?;
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

/// Collects what a tree has and the trees of `bases` don't have at the same place.
fn collect_tree(
    repo: &gix::Repository,
    tree: ObjectId,
    bases: &[ObjectId],
    seen: &mut HashSet<ObjectId>,
    out: &mut Vec<ObjectId>,
) -> Result<(), Error> {
    let mut pending = vec![(tree, bases.to_vec())];
    while let Some((tree, bases)) = pending.pop() {
        if bases.contains(&tree) || !seen.insert(tree) {
            continue;
        }
        out.push(tree);
        if out.len() > OBJECTS_MAX {
            return Err(Error::TooLarge {
                objects_max: OBJECTS_MAX,
            });
        }
        let there = bases
            .iter()
            .map(|base| entries(repo, *base))
            .collect::<Result<Vec<_>, _>>()?;
        for (name, (id, mode)) in entries(repo, tree)? {
            let same = || there.iter().filter_map(|base| base.get(&name));
            if mode.is_tree() {
                let bases = same()
                    .filter(|(_, m)| m.is_tree())
                    .map(|(id, _)| *id)
                    .collect();
                pending.push((id, bases));
            } else if !mode.is_commit() && same().all(|(base, _)| *base != id) && seen.insert(id) {
                out.push(id);
            }
        }
    }
    Ok(())
}

type Entries = HashMap<Vec<u8>, (ObjectId, EntryMode)>;

fn entries(repo: &gix::Repository, tree: ObjectId) -> Result<Entries, Error> {
    let tree = repo.find_tree(tree).map_err(Error::read)?;
    let mut all = HashMap::new();
    for entry in tree.iter() {
        let entry = entry.map_err(Error::read)?;
        all.insert(entry.filename().to_vec(), (entry.object_id(), entry.mode()));
    }
    Ok(all)
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
