//! Whether commits are signed as a project asks for.

use engine::Problem;
use jiff::Timestamp;
use project::{GpgMode, GpgPolicy, Project};
use signatures::{Keyring, Outcome, Signed};
use source::{Id, Sources};
use std::collections::HashSet;

/// Problems that are told; as many as Argo CD tells.
const PROBLEMS_MAX: usize = 10;
/// Commits of a history that are looked at.
const COMMITS_MAX: usize = 100_000;
/// The trailer of a signed commit that vouches for all before it.
const SEAL: &str = "argocd-gpg-seal:";

/// Says what is wrong with the signatures of a commit or, in strict mode, of its history back to
/// where it began or to signed commits that seal what was before.
///
/// # Errors
/// Fails with Argo CD's sentences, and if the history can't be read.
pub(super) fn check(
    sources: &Sources,
    project: Option<&Project>,
    keys: &Keyring,
    url: &str,
    head: Id,
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
        .integrity_of(url)
        .map_err(|e| refused(e.to_string()))?
    else {
        return Ok(());
    };
    let problems = problems(sources, policy, keys, url, head).map_err(|e| Problem {
        kind: "ComparisonError",
        message: format!("{}: {e}", e.reason().as_str()),
        transient: e.reason().is_transient(),
    })?;
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(refused(format!("GIT/GPG: {}", problems.join("; ")))),
    }
}

fn problems(
    sources: &Sources,
    policy: &GpgPolicy,
    keys: &Keyring,
    url: &str,
    head: Id,
) -> Result<Vec<String>, source::Error> {
    let now = Timestamp::now();
    let mut problems = Vec::new();
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
        let commit = sources.commit(url, id)?;
        let verified = keys.verify(&Signed::commit(&commit.raw), now);
        let found = verified.outcome.as_str();
        let revision = id.to_string();
        let problem = policy.problem(&revision, &commit.author, found, &verified.key_id);
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
        if policy.mode == GpgMode::Strict && !is_seal {
            pending.extend(commit.parents.iter().rev());
        }
    }
    Ok(problems)
}
