//! Whose signatures commits must bear.

use crate::pattern::fits;
use crate::permissions::Refused;
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
            match pattern.strip_prefix('!') {
                Some(denied) if fits(denied, url, &[]) => return false,
                None if fits(pattern, url, &[]) => is_for = true,
                _ => {}
            }
        }
        is_for
    }
}

impl Project {
    /// Returns what is asked of the commits of a repository; nothing if nothing is.
    ///
    /// # Errors
    /// Fails if several policies are for the repository: a mistake must not turn checks off.
    pub fn integrity_of(&self, url: &str) -> Result<Option<&GpgPolicy>, Refused> {
        let mut policies = self.integrity.iter().filter(|policy| policy.is_for(url));
        let first = policies.next();
        let more = policies.count();
        if more > 0 {
            return Err(Refused {
                message: format!(
                    "multiple ({}) git source integrity policies found for repo URL: {url}",
                    more + 1
                ),
            });
        }
        let gpg = first.and_then(|policy| policy.gpg.as_ref());
        Ok(gpg.filter(|gpg| gpg.mode != GpgMode::None))
    }
}

impl GpgPolicy {
    /// Returns true for a key that counts, given by the 16 digits of its id; the policy may name
    /// it by its whole fingerprint.
    #[must_use]
    pub fn allows(&self, key_id: &str) -> bool {
        let is_hex = |key: &str| key.bytes().all(|b| b.is_ascii_hexdigit());
        // An SSH key is named by its fingerprint.
        if key_id.starts_with("SHA256:") {
            return self.keys.iter().any(|key| key == key_id);
        }
        self.keys
            .iter()
            .filter(|key| is_hex(key))
            .any(|key| match key.len() {
                40 => key[24..].eq_ignore_ascii_case(key_id),
                16 => key.eq_ignore_ascii_case(key_id),
                _ => false,
            })
    }

    /// Returns what is wrong with a revision whose signature was checked, in Argo CD's words.
    /// `found` is what became of it, `signed` if it is good.
    #[must_use]
    pub fn problem(
        &self,
        revision: &str,
        author: &str,
        found: &str,
        key_id: &str,
    ) -> Option<String> {
        let why = match found {
            "signed" if self.allows(key_id) => return None,
            "signed" => "signed with unallowed key",
            found => found,
        };
        Some(format!(
            "Failed verifying revision {revision} by '{author}': {why} (key_id={key_id})"
        ))
    }
}
