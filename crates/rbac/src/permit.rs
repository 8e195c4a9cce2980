//! The answers to a question.

use crate::{Resource, Rule};
use std::fmt;

/// Proof that somebody may do something: made by [`crate::Policy::check`] and nowhere else.
///
/// It isn't `Clone`: who does two things asks twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    resource: Resource,
    action: Box<str>,
    object: Box<str>,
    subject: Box<str>,
}

impl Permit {
    pub(crate) fn new(subject: &str, resource: Resource, action: &str, object: &str) -> Self {
        Self {
            resource,
            action: action.into(),
            object: object.into(),
            subject: subject.into(),
        }
    }

    /// Returns what may be acted on.
    #[must_use]
    pub const fn resource(&self) -> Resource {
        self.resource
    }

    /// Returns what may be done.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Returns the one object that it may be done to.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Returns who may; empty for anonymous access.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns true if this is about just that: what a handler asserts before it acts.
    #[must_use]
    pub fn covers(&self, resource: Resource, action: &str, object: &str) -> bool {
        self.resource == resource && *self.action == *action && *self.object == *object
    }
}

/// A refusal. Its text is Argo CD's and says nothing that the one who asked didn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    resource: Resource,
    action: Box<str>,
    object: Box<str>,
    subject: Box<str>,
    rule: Option<Rule>,
}

impl Denied {
    pub(crate) fn new(
        subject: &str,
        resource: Resource,
        action: &str,
        object: &str,
        rule: Option<&Rule>,
    ) -> Self {
        Self(Box::new(Inner {
            resource,
            action: action.into(),
            object: object.into(),
            subject: subject.into(),
            rule: rule.cloned(),
        }))
    }

    /// Returns the rule that refuses; none if no rule allows. For those who may read the policy.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.0.rule.as_ref()
    }

    /// Returns the line that would allow it.
    #[must_use]
    pub fn needed(&self) -> String {
        let Inner {
            resource,
            action,
            object,
            subject,
            ..
        } = &*self.0;
        line(subject, *resource, action, object)
    }
}

/// Returns a rule that allows one thing, with quotes where it needs them.
pub(crate) fn line(subject: &str, resource: Resource, action: &str, object: &str) -> String {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n']) || text.starts_with(char::is_whitespace) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let (subject, action, object) = (quoted(subject), quoted(action), quoted(object));
    format!("p, {subject}, {resource}, {action}, {object}, allow")
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            resource,
            action,
            object,
            subject,
            ..
        } = &*self.0;
        write!(f, "permission denied: {resource}, {action}, {object}")?;
        if !subject.is_empty() {
            write!(f, ", sub: {subject}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Denied {}
