//! What in a policy can't be meant as it is written.

use crate::pattern::{Fit, Pattern};
use crate::rules::{Effect, Grant, Rule, Rules};
use crate::{MatchMode, Resource, action};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// Something wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The text that it is in.
    pub source: Arc<str>,
    /// The line, from 1; 0 if no line is to blame.
    pub line: u32,
    /// What the line says.
    pub text: Box<str>,
    /// What is wrong, as a sentence.
    pub why: String,
}

impl Problem {
    pub(crate) fn of(rule: &Rule, why: impl Into<String>) -> Self {
        Self {
            source: Arc::clone(&rule.source),
            line: rule.line,
            text: rule.text.clone(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.source, self.why),
            line => write!(f, "{}:{line}: {}", self.source, self.why),
        }
    }
}

/// Reviews one rule by itself.
pub(crate) fn of_grant(
    grant: &Grant,
    resource: &str,
    action: &str,
    object: &str,
    effect: &str,
    mode: MatchMode,
) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |why: String| found.push(Problem::of(&grant.rule, why));
    if grant.effect == Effect::Nothing {
        say(format!(
            "{effect:?} is neither `allow` nor `deny`: the rule decides nothing"
        ));
    }
    let is_bad = |p: &Pattern| matches!(p, Pattern::Bad(_));
    let fits = |r: &Resource| grant.resource.fits(r.as_str()) == Fit::Yes;
    let mut resources = Resource::ALL.iter().filter(|r| fits(r)).peekable();
    if resources.peek().is_none() && !is_bad(&grant.resource) {
        say(format!("no resource is called {resource:?}"));
    } else if mode == MatchMode::Glob
        && resources.all(|r| r.is_in_project())
        && !object.contains(['/', '*', '?', '[', '{'])
    {
        say(format!(
            "objects are `<project>/<name>` here: nothing is called {object:?}"
        ));
    }
    if mode == MatchMode::Glob && !is_bad(&grant.action) {
        let word = action.split('/').next().unwrap_or_default();
        if !word.contains(['*', '?', '[', '{', '\\']) && !action::ALL.contains(&word) {
            say(format!("no action begins with {word:?}"));
        } else if action == action::ACTION {
            say("actions are called `action/<group>/<kind>/<name>`: `action` alone is none".into());
        }
    }
    found
}

/// Reviews a policy as a whole: roles that somebody has and no rule speaks of.
pub(crate) fn of_all(rules: &Rules, default_role: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut said = HashSet::new();
    let has_rules = |role: &str| {
        let names = Rules::closure(&[rules], role);
        let mut subjects = rules.grants().iter().map(|g| &*g.subject);
        subjects.any(|s| names.contains(&s))
    };
    let mut links: Vec<_> = rules.links().collect();
    links.sort_by_key(|l| (l.rule.source.as_ref(), l.rule.line));
    for link in links {
        if said.insert(&link.role) && !has_rules(&link.role) {
            let why = format!("no rule is about {}", link.role);
            found.push(Problem::of(&link.rule, why));
        }
    }
    if !default_role.is_empty() && !has_rules(default_role) {
        found.push(Problem {
            source: "policy.default".into(),
            line: 0,
            text: default_role.into(),
            why: format!("no rule is about {default_role}"),
        });
    }
    found
}
