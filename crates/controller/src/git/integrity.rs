//! Whether commits are signed as a project asks for.

#[cfg(test)]
mod tests;

use engine::Problem;
use jiff::Timestamp;
use project::{GpgMode, GpgPolicy, Project};
use signatures::{Keyring, Outcome, Signed};
use source::{Freshness, Id, Sources, Tag, TagNames};
use std::collections::HashSet;

/// Problems that are told; as many as Argo CD tells.
const PROBLEMS_MAX: usize = 10;
/// Commits of a history that are looked at.
const COMMITS_MAX: usize = 100_000;
/// The trailer of a signed commit that vouches for all before it.
const SEAL: &str = "argocd-gpg-seal:";

/// What is to be deployed of a repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) url: &'a str,
    /// What the source follows, or what somebody asked for: the branch or tag that led here.
    pub(super) name: &'a str,
    /// The commit; it may be another than that of `name`.
    pub(super) head: Id,
}

/// Says what is wrong with the signatures of a commit or, in strict mode, of its history back to
/// where it began or to signed commits that seal what was before. An annotated tag that led to the
/// commit must be signed itself, and vouches for the commit unless the mode is strict.
///
/// # Errors
/// Fails with Argo CD's sentences, and if the history can't be read.
pub(super) fn check(
    sources: &Sources,
    project: Option<&Project>,
    keys: &Keyring,
    wanted: Wanted<'_>,
) -> Result<(), Problem> {
    let Some(project) = project else {
        return Ok(());
    };
    let refused = |message: String| Problem {
        kind: "ComparisonError",
        message,
        transient: false,
    };
    let Some(policy) = project
        .integrity_of(wanted.url)
        .map_err(|e| refused(e.to_string()))?
    else {
        return Ok(());
    };
    let check = Check {
        sources,
        policy,
        keys,
        now: Timestamp::now(),
    };
    let problems = check.problems(wanted).map_err(|e| Problem {
        kind: "ComparisonError",
        message: format!("{}: {e}", e.reason().as_str()),
        transient: e.reason().is_transient(),
    })?;
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(refused(format!("GIT/GPG: {}", problems.join("; ")))),
    }
}

struct Check<'a> {
    sources: &'a Sources,
    policy: &'a GpgPolicy,
    keys: &'a Keyring,
    now: Timestamp,
}

impl Check<'_> {
    fn problems(&self, wanted: Wanted<'_>) -> Result<Vec<String>, source::Error> {
        let mut problems = Vec::new();
        let is_strict = self.policy.mode == GpgMode::Strict;
        let tracked = self
            .sources
            .resolve(wanted.url, wanted.name, Freshness::Known);
        match tracked.is_ok_and(|id| id == wanted.head) {
            true => {
                let name = TagNames::One(wanted.name);
                let tags = self.sources.tags(wanted.url, wanted.head, name)?;
                if let Some(tag) = tags.first() {
                    problems.extend(self.tag(tag));
                    if !is_strict {
                        return Ok(problems);
                    }
                }
            }
            // An earlier commit, to which another tag may have led. It never makes things worse.
            false if !is_strict => {
                let tags = self.sources.tags(wanted.url, wanted.head, TagNames::All)?;
                if tags.iter().any(|tag| self.tag(tag).is_none()) {
                    return Ok(problems);
                }
            }
            false => {}
        }
        self.commits(wanted, &mut problems)?;
        Ok(problems)
    }

    /// Says what is wrong with a tag.
    fn tag(&self, tag: &Tag) -> Option<String> {
        let verified = self.keys.verify(&Signed::tag(&tag.raw), self.now);
        let found = verified.outcome.as_str();
        let problem = self
            .policy
            .problem(&tag.name, &tag.tagger, found, &verified.key_id);
        problem.or_else(|| {
            // Its signature is worth nothing under a name that wasn't signed: old releases could be
            // passed off as new ones.
            (tag.name != tag.written_name).then(|| {
                format!(
                    "Failed verifying revision {} by '{}': it is the tag {} under another name \
                     (key_id={})",
                    tag.name, tag.tagger, tag.written_name, verified.key_id
                )
            })
        })
    }

    /// Adds what is wrong with a commit and, in strict mode, those before it.
    fn commits(&self, wanted: Wanted<'_>, problems: &mut Vec<String>) -> Result<(), source::Error> {
        let head = wanted.head;
        let mut told: HashSet<String> = HashSet::new();
        let mut seen: HashSet<Id> = HashSet::new();
        let mut pending = vec![head];
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            if seen.len() > COMMITS_MAX {
                problems.push(format!(
                    "the history of {head} has more than {COMMITS_MAX} commits without a seal"
                ));
                break;
            }
            let commit = self.sources.commit(wanted.url, id)?;
            let verified = self.keys.verify(&Signed::commit(&commit.raw), self.now);
            let found = verified.outcome.as_str();
            let revision = id.to_string();
            let problem = self
                .policy
                .problem(&revision, &commit.author, found, &verified.key_id);
            if let Some(problem) = problem {
                // One key's problem is told once; who didn't sign at all, each time.
                if verified.key_id.is_empty() || told.insert(verified.key_id) {
                    problems.push(problem);
                }
                if problems.len() >= PROBLEMS_MAX {
                    break;
                }
            }
            let is_seal = verified.outcome == Outcome::Good
                && String::from_utf8_lossy(&commit.raw)
                    .to_lowercase()
                    .contains(SEAL);
            if self.policy.mode == GpgMode::Strict && !is_seal {
                pending.extend(commit.parents.iter().rev());
            }
        }
        Ok(())
    }
}
