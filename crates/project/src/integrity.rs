//! Whose signatures commits must bear.

use crate::pattern::{fits_or_not, is_denial, normalize_git_url};
use crate::spec::{Project, texts};
use value::Value;

/// What is asked of the commits of some repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrityPolicy {
    /// Repositories, in patterns.
    pub repos: Vec<String>,
    /// What is asked of their signatures.
    pub gpg: Option<GpgPolicy>,
}

/// What is asked of signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpgPolicy {
    /// Of which commits.
    pub mode: GpgMode,
    /// The keys that count, by their ids.
    pub keys: Vec<String>,
}

/// Which commits must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GpgMode {
    /// None.
    #[default]
    None,
    /// The one that is deployed, or its tag.
    Head,
    /// All that led to it.
    Strict,
}

/// Reads a project's policies. The older list of keys asks for a signed head of every repository,
/// unless there are policies too.
pub(crate) fn policies(spec: &Value) -> Vec<IntegrityPolicy> {
    let git = spec
        .at(&["sourceIntegrity", "git"])
        .filter(|git| git.is_object());
    if let Some(git) = git {
        return git.array_at(&["policies"]).iter().map(policy).collect();
    }
    let keys: Vec<String> = spec
        .array_at(&["signatureKeys"])
        .iter()
        .map(|key| key.str_at(&["keyID"]).to_owned())
        .collect();
    if keys.is_empty() {
        return Vec::new();
    }
    vec![IntegrityPolicy {
        repos: vec!["*".to_owned()],
        gpg: Some(GpgPolicy {
            mode: GpgMode::Head,
            keys,
        }),
    }]
}

fn policy(value: &Value) -> IntegrityPolicy {
    let repos = value.array_at(&["repos"]).iter();
    IntegrityPolicy {
        repos: repos.map(|repo| repo.str_at(&["url"]).to_owned()).collect(),
        gpg: value
            .get("gpg")
            .filter(|gpg| gpg.is_object())
            .map(|gpg| GpgPolicy {
                mode: match gpg.str_at(&["mode"]) {
                    "head" => GpgMode::Head,
                    "strict" => GpgMode::Strict,
                    _ => GpgMode::None,
                },
                keys: texts(gpg, "keys"),
            }),
    }
}

impl IntegrityPolicy {
    fn is_for(&self, url: &str) -> bool {
        let mut is_for = false;
        for pattern in &self.repos {
            let fits = pattern == "*" || fits_or_not(pattern, url, &[]);
            match (is_denial(pattern), fits) {
                (true, false) => return false,
                (false, true) => is_for = true,
                _ => {}
            }
        }
        is_for
    }
}

impl Project {
    /// Returns the policies for a repository.
    #[must_use]
    pub fn integrity_of(&self, url: &str) -> Vec<&IntegrityPolicy> {
        let normal = normalize_git_url(url);
        let is_for = |policy: &&IntegrityPolicy| policy.is_for(url) || policy.is_for(&normal);
        self.integrity.iter().filter(is_for).collect()
    }
}
