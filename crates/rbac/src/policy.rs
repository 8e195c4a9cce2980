//! A policy as a whole.

use crate::judge::Judge;
use crate::review::{self, Problem};
use crate::rules::{Rule, Rules};
use crate::{BUILTIN, Config, Denied, Explanation, MatchMode, Permit, Resource, Subject};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use value::Value;

/// Bytes of all texts of a policy: four times what a ConfigMap holds.
pub const POLICY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Who may do what. Cloning is cheap: what the clones share doesn't change.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) base: Arc<Rules>,
    /// Projects with roles. `None`: the roles are refused, the project has none until repaired.
    pub(crate) projects: HashMap<Box<str>, Option<Arc<Rules>>>,
    pub(crate) default_role: Arc<str>,
    pub(crate) is_unrestricted: bool,
    match_mode: MatchMode,
    scopes: Arc<[String]>,
    problems: Arc<[Problem]>,
}

/// A policy with lines that can't be read: Argo CD takes all lines or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Every line that is wrong.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [] => f.write_str("the policy is refused"),
            [one] => write!(f, "the policy is refused: {one}"),
            [first, more @ ..] => {
                write!(
                    f,
                    "the policy is refused: {first} (and {} more)",
                    more.len()
                )
            }
        }
    }
}

impl std::error::Error for Refused {}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Fails if a line can't be read; who has a policy already had better keep it.
    pub fn parse(config: &Config) -> Result<Self, Refused> {
        let mut rules = Rules::default();
        let mut refused = Vec::new();
        let bytes: usize = config.texts.iter().map(|t| t.text.len()).sum();
        if bytes > POLICY_BYTES_MAX {
            refused.push(Problem {
                source: config.texts[0].source.as_str().into(),
                line: 0,
                text: "".into(),
                why: format!("a policy may have {POLICY_BYTES_MAX} bytes, not {bytes}"),
            });
            return Err(Refused { problems: refused });
        }
        let builtin = config.with_builtin.then_some(("builtin", BUILTIN));
        let texts = config.texts.iter();
        let texts = texts.map(|t| (t.source.as_str(), t.text.as_str()));
        for (source, text) in builtin.into_iter().chain(texts) {
            // The built-in roles are globs and are read as what the mode says all the same: with
            // regular expressions their `*/*` is an error, which denies.
            refused.extend(rules.read(&source.into(), text, config.match_mode));
        }
        if rules.grants().is_empty() && !config.with_builtin {
            // Casbin tries a policy without any rule as if it were this one, which regular
            // expressions find everywhere. The built-in roles keep it away from people.
            refused.extend(rules.read(&"no rule".into(), "p,,,,,allow", config.match_mode));
        }
        if !refused.is_empty() {
            return Err(Refused { problems: refused });
        }
        rules.seal();
        let mut problems: Vec<Problem> = rules.problems().to_vec();
        problems.extend(review::of_all(&rules, &config.default_role));
        problems.retain(|p| &*p.source != "builtin");
        Ok(Self {
            base: Arc::new(rules),
            projects: HashMap::new(),
            default_role: config.default_role.as_str().into(),
            is_unrestricted: false,
            match_mode: config.match_mode,
            scopes: config.scopes.clone().into(),
            problems: problems.into(),
        })
    }

    /// Returns the policy that knows the built-in roles alone.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(&Config::default()).expect("the built-in policy is well-formed")
    }

    /// Returns a policy that allows everything to everybody: login is switched off.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self {
            is_unrestricted: true,
            ..Self::builtin()
        }
    }

    /// Takes in the roles of an `AppProject`, in place of those that it had.
    ///
    /// # Errors
    /// Fails if a line can't be read; the project's roles then may do nothing.
    pub fn set_project(&mut self, project: &Value) -> Result<(), Refused> {
        let name = project.str_at(&["metadata", "name"]);
        self.set_project_policy(name, &crate::project_policy(project))
    }

    /// Takes in the roles of a project as a text.
    ///
    /// # Errors
    /// Fails if a line can't be read; the project's roles then may do nothing.
    pub fn set_project_policy(&mut self, project: &str, text: &str) -> Result<(), Refused> {
        let mut rules = Rules::default();
        let source = format!("project {project}").into();
        let problems = if text.len() > POLICY_BYTES_MAX {
            vec![Problem {
                source,
                line: 0,
                text: "".into(),
                why: format!(
                    "a policy may have {POLICY_BYTES_MAX} bytes, not {}",
                    text.len()
                ),
            }]
        } else {
            rules.read(&source, text, self.match_mode)
        };
        rules.seal();
        let is_refused = !problems.is_empty();
        let rules = (!is_refused && !text.is_empty()).then(|| Arc::new(rules));
        self.projects.insert(project.into(), rules);
        if is_refused {
            return Err(Refused { problems });
        }
        Ok(())
    }

    /// Takes in the roles of these projects and forgets all others; returns what is refused.
    pub fn set_projects<'a>(&mut self, all: impl IntoIterator<Item = &'a Value>) -> Vec<Refused> {
        self.projects.clear();
        let refused = all.into_iter().filter_map(|p| self.set_project(p).err());
        refused.collect()
    }

    /// Forgets a project.
    pub fn remove_project(&mut self, project: &str) {
        self.projects.remove(project);
    }

    /// Answers a question.
    ///
    /// # Errors
    /// Fails if the subject may not.
    pub fn check(
        &self,
        subject: &Subject,
        resource: Resource,
        action: &str,
        object: &str,
    ) -> Result<Permit, Denied> {
        self.judge(subject).check(resource, action, object)
    }

    /// Answers a question with the reason.
    #[must_use]
    pub fn explain(
        &self,
        subject: &Subject,
        resource: Resource,
        action: &str,
        object: &str,
    ) -> Explanation {
        Explanation::of(self, subject, resource, action, object)
    }

    /// Returns somebody who answers many questions about one subject: lists ask one for each row.
    #[must_use]
    pub fn judge<'a>(&'a self, subject: &'a Subject) -> Judge<'a> {
        Judge::new(self, subject)
    }

    /// Returns the claims whose values are groups.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Returns the role that everybody has, or nothing.
    #[must_use]
    pub fn default_role(&self) -> &str {
        &self.default_role
    }

    /// Returns how patterns are read.
    #[must_use]
    pub const fn match_mode(&self) -> MatchMode {
        self.match_mode
    }

    /// Returns what can't be meant as it is written, in the order of the texts.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns every rule and membership in the order of the texts, projects' last.
    #[must_use]
    pub fn rules(&self) -> Vec<&Rule> {
        let mut projects: Vec<_> = self.projects.iter().collect();
        projects.sort_by_key(|(name, _)| *name);
        let overlays = projects.iter().filter_map(|(_, rules)| rules.as_deref());
        let all = [&*self.base].into_iter().chain(overlays);
        all.flat_map(Rules::lines).collect()
    }
}
