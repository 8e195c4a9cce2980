//! Answers for one subject.

use crate::rules::{Finding, Rules};
use crate::{Denied, Permit, Policy, QUESTION_BYTES_MAX, Resource, Subject};

/// Answers questions about one subject, whose roles are looked up once.
#[derive(Debug)]
pub struct Judge<'a> {
    policy: &'a Policy,
    subject: &'a Subject,
    /// What the subject stands for without projects, in the order in which it is asked.
    default: Vec<&'a str>,
    own: Vec<&'a str>,
    groups: Vec<(&'a str, Vec<&'a str>)>,
    nobody: Vec<&'a str>,
}

/// The answer and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict<'a> {
    pub(crate) finding: Finding<'a>,
    /// As whom: the default role, the user, one of the groups, or nobody.
    pub(crate) by: &'a str,
    /// The project whose roles were considered.
    pub(crate) project: Option<&'a Rules>,
}

impl Verdict<'_> {
    pub(crate) const fn is_allowed(&self) -> bool {
        matches!(self.finding, Finding::Allowed(_))
    }
}

impl<'a> Judge<'a> {
    pub(crate) fn new(policy: &'a Policy, subject: &'a Subject) -> Self {
        let base = [&*policy.base];
        let closure = |name| Rules::closure(&base, name);
        // A group counts only if a membership names it: a rule about a group alone never does.
        let groups = subject.groups().filter(|g| policy.base.has_member(g));
        Self {
            policy,
            subject,
            default: match &*policy.default_role {
                "" => Vec::new(),
                role => closure(role),
            },
            own: closure(subject.name()),
            groups: groups.map(|g| (g, closure(g))).collect(),
            nobody: if policy.base.names("") {
                closure("")
            } else {
                Vec::new()
            },
        }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// Fails if the subject may not.
    pub fn check(&self, resource: Resource, action: &str, object: &str) -> Result<Permit, Denied> {
        let name = self.subject.name();
        if self.policy.is_unrestricted {
            return Ok(Permit::new(name, resource, action, object));
        }
        match self.decide(resource, action, object).finding {
            Finding::Allowed(_) => Ok(Permit::new(name, resource, action, object)),
            Finding::Denied(grant) | Finding::Broken(grant) => {
                let rule = Some(&*grant.rule);
                Err(Denied::new(name, resource, action, object, rule))
            }
            Finding::Silent => Err(Denied::new(name, resource, action, object, None)),
        }
    }

    /// Returns true if the subject may; for lists, and for what is only shown.
    #[must_use]
    pub fn allows(&self, resource: Resource, action: &str, object: &str) -> bool {
        self.policy.is_unrestricted || self.decide(resource, action, object).is_allowed()
    }

    /// Asks in Argo CD's order; the first permission ends it, a refusal only its own step.
    pub(crate) fn decide(&self, resource: Resource, action: &str, object: &str) -> Verdict<'a> {
        let policy = self.policy;
        let mut trial = Trial {
            question: (resource, action, object),
            layers: vec![&*policy.base],
            refusal: None,
        };
        if action.len() > QUESTION_BYTES_MAX || object.len() > QUESTION_BYTES_MAX {
            return trial.end(self.subject.name());
        }
        if let Some(verdict) = trial.ask(&policy.default_role, &self.default) {
            return verdict;
        }
        let found = if self.subject.is_plain() {
            trial.ask(self.subject.name(), &self.own)
        } else {
            let asked = self.ask_as_user(&mut trial);
            asked.or_else(|| trial.ask("", &self.nobody))
        };
        found.unwrap_or_else(|| trial.end(self.subject.name()))
    }

    fn ask_as_user(&self, trial: &mut Trial<'a, '_>) -> Option<Verdict<'a>> {
        let (resource, _, object) = trial.question;
        let project = resource.project_of(object);
        let project = project.and_then(|name| self.policy.projects.get_key_value(name));
        if let (Some(own), Some((name, _))) = (self.subject.project(), project)
            && own != &**name
        {
            return None;
        }
        let is_token = self.subject.project().is_some() && project.is_some();
        let Some(overlay) = project.and_then(|(_, rules)| rules.as_deref()) else {
            let groups = if is_token {
                &[]
            } else {
                self.groups.as_slice()
            };
            let own = trial.ask(self.subject.name(), &self.own);
            return own.or_else(|| groups.iter().find_map(|(g, names)| trial.ask(g, names)));
        };
        trial.layers.push(overlay);
        let found = self.ask_in_project(trial, is_token);
        trial.layers.pop();
        found
    }

    fn ask_in_project(&self, trial: &mut Trial<'a, '_>, is_token: bool) -> Option<Verdict<'a>> {
        let default: &'a str = &self.policy.default_role;
        let default = (!default.is_empty()).then_some(default);
        let layers = trial.layers.clone();
        // Who is a member without projects is known, in the same order.
        let mut own = self.groups.iter().map(|(group, _)| *group).peekable();
        let overlays = layers.get(1..).unwrap_or_default();
        let is_member = |group: &&str| {
            own.next_if_eq(group).is_some() || overlays.iter().any(|l| l.has_member(group))
        };
        let groups = self.subject.groups().filter(is_member);
        let groups = groups.take(if is_token { 0 } else { usize::MAX });
        let names = default
            .into_iter()
            .chain([self.subject.name()])
            .chain(groups);
        for name in names {
            let verdict = trial.ask(name, &Rules::closure(&layers, name));
            if verdict.is_some() {
                return verdict;
            }
        }
        None
    }
}

/// One question on its way through the steps.
struct Trial<'a, 'q> {
    question: (Resource, &'q str, &'q str),
    layers: Vec<&'a Rules>,
    /// The first step that refused.
    refusal: Option<Verdict<'a>>,
}

impl<'a> Trial<'a, '_> {
    /// Asks as one name; a permission is the answer.
    fn ask(&mut self, by: &'a str, names: &[&str]) -> Option<Verdict<'a>> {
        let (resource, action, object) = self.question;
        let project = self.layers.get(1).copied();
        let verdict = |finding| Verdict {
            finding,
            by,
            project,
        };
        let mut allowed = None;
        for layer in &self.layers {
            match layer.find(names, resource, action, object) {
                Finding::Silent => {}
                finding @ Finding::Allowed(_) => {
                    allowed.get_or_insert(verdict(finding));
                }
                finding => {
                    self.refusal.get_or_insert(verdict(finding));
                    return None;
                }
            }
        }
        allowed
    }

    fn end(&self, subject: &'a str) -> Verdict<'a> {
        self.refusal.unwrap_or(Verdict {
            finding: Finding::Silent,
            by: subject,
            project: None,
        })
    }
}
