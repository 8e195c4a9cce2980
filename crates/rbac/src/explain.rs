//! Why the answer is what it is.

use crate::rules::{Finding, Rules};
use crate::{Policy, QUESTION_BYTES_MAX, Resource, Rule, Subject, permit};

/// An answer with its reason. It names rules: for those who may read the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the subject may.
    pub is_allowed: bool,
    /// The rule that decided; none if no rule says anything.
    pub rule: Option<Rule>,
    /// The memberships that lead from the subject, its group or the default role to the rule.
    pub memberships: Vec<Rule>,
    /// The reason as a sentence.
    pub why: String,
    /// A rule that would allow it; empty if it is allowed.
    pub needed: String,
}

impl Explanation {
    pub(crate) fn of(
        policy: &Policy,
        subject: &Subject,
        resource: Resource,
        action: &str,
        object: &str,
    ) -> Self {
        if policy.is_unrestricted {
            return Self {
                is_allowed: true,
                rule: None,
                memberships: Vec::new(),
                why: "login is switched off: everybody may do everything".to_owned(),
                needed: String::new(),
            };
        }
        let verdict = policy.judge(subject).decide(resource, action, object);
        let grant = match verdict.finding {
            Finding::Allowed(grant) | Finding::Denied(grant) | Finding::Broken(grant) => grant,
            Finding::Silent => return Self::silent(policy, subject, resource, action, object),
        };
        let layers: Vec<&Rules> = [&*policy.base].into_iter().chain(verdict.project).collect();
        let way = Rules::way(&layers, verdict.by, &grant.subject);
        let who = who(policy, subject, verdict.by);
        let through = if *grant.subject == *verdict.by {
            who
        } else {
            format!("{who}, through {}", grant.subject)
        };
        let Rule { source, line, .. } = &*grant.rule;
        let (is_allowed, verb) = match verdict.finding {
            Finding::Allowed(_) => (true, "is allowed as"),
            Finding::Broken(_) => (false, "is refused, for a pattern can't be read, as"),
            _ => (false, "is refused as"),
        };
        let needed = match verdict.finding {
            Finding::Allowed(_) => String::new(),
            // A refusal wins over every permission of the same name.
            _ => format!("{source}:{line} taken out"),
        };
        Self {
            is_allowed,
            why: format!("{resource} {action} {object} {verb} {through} by {source}:{line}"),
            rule: Some((*grant.rule).clone()),
            memberships: way.into_iter().cloned().collect(),
            needed,
        }
    }

    fn silent(
        policy: &Policy,
        subject: &Subject,
        resource: Resource,
        action: &str,
        object: &str,
    ) -> Self {
        let who = match subject.name() {
            "" => "anonymous users".to_owned(),
            name => name.to_owned(),
        };
        let why = if action.len().max(object.len()) > QUESTION_BYTES_MAX {
            format!("a question may have {QUESTION_BYTES_MAX} bytes")
        } else if subject.groups().len() == 0 {
            format!("no rule allows {resource} {action} {object} to {who}")
        } else {
            format!("no rule allows {resource} {action} {object} to {who} or a group of theirs")
        };
        let subject = match (subject.name(), &*policy.default_role) {
            ("", "") => "<policy.default>",
            ("", role) => role,
            (name, _) => name,
        };
        Self {
            is_allowed: false,
            rule: None,
            memberships: Vec::new(),
            why,
            needed: permit::line(subject, resource, action, object),
        }
    }
}

fn who(policy: &Policy, subject: &Subject, by: &str) -> String {
    if by == subject.name() {
        return match by {
            "" => "nobody in particular".to_owned(),
            name => name.to_owned(),
        };
    }
    if subject.groups().any(|g| g == by) {
        return format!("member of {by}");
    }
    if *by == *policy.default_role {
        return format!("anybody, who has {by}");
    }
    "nobody in particular".to_owned()
}
