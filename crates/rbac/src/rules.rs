//! The lines of a policy, and the index that finds those which matter.

use crate::csv;
use crate::pattern::{Fit, Pattern, glob_prefix, regex_prefix};
use crate::review::Problem;
use crate::sieve::{self, Part, Sieve};
use crate::{MatchMode, Resource};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A line of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The text that it stands in: `policy.csv`, `builtin`, `project shop`.
    pub source: Arc<str>,
    /// Its line there, from 1.
    pub line: u32,
    /// What it says.
    pub text: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
    /// Neither word: the rule decides nothing.
    Nothing,
}

/// A `p` line.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) subject: Box<str>,
    pub(crate) resource: Pattern,
    pub(crate) action: Pattern,
    pub(crate) object: Pattern,
    pub(crate) effect: Effect,
    pub(crate) rule: Arc<Rule>,
    /// Texts that stand in every question that it fits.
    pub(crate) needs: Vec<Box<str>>,
    /// It has to be looked at even where a permission was found: it refuses, or is an error.
    is_urgent: bool,
}

/// A `g` line.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) role: Box<str>,
    pub(crate) rule: Arc<Rule>,
}

/// The rules of one subject that may fit an object: by the object's first segment, which the
/// patterns of most spell out, and the others.
#[derive(Debug, Default)]
struct Bucket {
    by_segment: HashMap<Box<str>, List>,
    others: List,
}

/// Rules in their order.
#[derive(Debug, Default)]
struct List {
    rules: Vec<u32>,
    sieve: Option<Sieve>,
}

/// The rules of one subject, by the resources that they fit.
#[derive(Debug, Default)]
struct Shelf {
    by_resource: [Bucket; Resource::ALL.len()],
}

/// Lines that were read together, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    lines: Vec<Arc<Rule>>,
    grants: Vec<Grant>,
    links: HashMap<Box<str>, Vec<Link>>,
    shelves: HashMap<Box<str>, Shelf>,
    problems: Vec<Problem>,
    /// Rules by what they say: the same again decides nothing. Gone once all are read.
    known: HashSet<Box<str>>,
}

/// What the rules of some subjects say to a question.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Finding<'a> {
    Allowed(&'a Grant),
    Denied(&'a Grant),
    /// A regular expression that can't be read was in the way.
    Broken(&'a Grant),
    Silent,
}

/// Links followed from a subject to a role: Casbin gives up after as many.
const LINKS_MAX: usize = 10;

impl Rules {
    /// Reads lines behind those that are there; lines that are refused come back.
    pub(crate) fn read(&mut self, source: &Arc<str>, text: &str, mode: MatchMode) -> Vec<Problem> {
        let mut refused = Vec::new();
        for (number, line) in (1..).zip(text.split('\n')) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let rule = Arc::new(Rule {
                source: Arc::clone(source),
                line: number,
                text: line.into(),
            });
            if let Err(why) = self.read_line(&rule, mode) {
                refused.push(Problem::of(&rule, why));
            }
            self.lines.push(rule);
        }
        refused
    }

    fn read_line(&mut self, rule: &Arc<Rule>, mode: MatchMode) -> Result<(), String> {
        let fields = csv::fields(&rule.text).map_err(|e| e.to_string())?;
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        match fields.as_slice() {
            ["p", subject, resource, action, object, effect] => {
                self.grant(rule, mode, [subject, resource, action, object, effect])
            }
            ["g", member, role] => {
                self.links.entry((*member).into()).or_default().push(Link {
                    role: (*role).into(),
                    rule: Arc::clone(rule),
                });
                Ok(())
            }
            ["p", ..] => Err(format!(
                "a rule is `p, <subject>, <resource>, <action>, <object>, <allow or deny>`: 6 \
                 fields, not {}; a pattern with a comma in it needs quotes",
                fields.len()
            )),
            ["g", ..] => Err(format!(
                "a membership is `g, <user or group>, <role>`: 3 fields, not {}",
                fields.len()
            )),
            // Names of the sections of Casbin's model: read and never looked at.
            ["r" | "e" | "m", ..] => {
                let why = "this line has no effect: rules begin with `p`, memberships with `g`";
                self.problems.push(Problem::of(rule, why));
                Ok(())
            }
            _ => Err("a line begins with `p` (a rule) or `g` (a membership)".to_owned()),
        }
    }

    fn grant(
        &mut self,
        rule: &Arc<Rule>,
        mode: MatchMode,
        fields: [&str; 5],
    ) -> Result<(), String> {
        let [subject, resource, action, object, effect] = fields;
        let mut compile = |text: &str| {
            if text.len() > value::glob::PATTERN_BYTES_MAX {
                // A pattern that fits nothing would take a refusal out of the policy.
                let max = value::glob::PATTERN_BYTES_MAX;
                return Err(format!("a pattern may have {max} bytes"));
            }
            let (pattern, wrong) = Pattern::new(text, mode);
            if let Some(wrong) = wrong {
                let meaning = match mode {
                    MatchMode::Glob => "the rule never matches",
                    MatchMode::Regex => "whatever reaches this rule is denied",
                };
                let why = format!("the pattern {text:?} can't be read ({wrong}): {meaning}");
                self.problems.push(Problem::of(rule, why));
            }
            Ok(pattern)
        };
        let mut grant = Grant {
            subject: subject.into(),
            resource: compile(resource)?,
            action: compile(action)?,
            object: compile(object)?,
            effect: match effect {
                "allow" => Effect::Allow,
                "deny" => Effect::Deny,
                _ => Effect::Nothing,
            },
            rule: Arc::clone(rule),
            needs: Vec::new(),
            is_urgent: false,
        };
        grant.is_urgent = grant.effect == Effect::Deny || grant.can_break();
        grant.needs = grant.needed(action, object, mode);
        let index = u32::try_from(self.grants.len()).expect("a policy's size is bounded");
        let is_new = self.known.insert(fields.join("\u{1}").into());
        let shelf = self.shelves.entry(subject.into()).or_default();
        let segment = first_segment(&grant.object, object);
        for fitting in Resource::ALL.into_iter().filter(|_| is_new) {
            // One that can't be read is found everywhere: reaching it is an error.
            if grant.resource.fits(fitting.as_str()) == Fit::No {
                continue;
            }
            let bucket = &mut shelf.by_resource[fitting as usize];
            let list = match segment {
                Some(segment) => bucket.by_segment.entry(segment.into()).or_default(),
                None => &mut bucket.others,
            };
            list.rules.push(index);
            list.sieve = None;
        }
        self.problems.extend(crate::review::of_grant(
            &grant, resource, action, object, effect, mode,
        ));
        self.grants.push(grant);
        Ok(())
    }

    /// Makes long lists fast to ask, once everything has been read.
    pub(crate) fn seal(&mut self) {
        self.known = HashSet::new();
        for shelf in self.shelves.values_mut() {
            for bucket in &mut shelf.by_resource {
                let lists = bucket.by_segment.values_mut();
                for list in lists.chain([&mut bucket.others]) {
                    list.sieve = Sieve::new(&list.rules, &self.grants);
                }
            }
        }
    }

    /// Returns the names that a subject stands for: itself, its roles, and theirs, in `layers`.
    pub(crate) fn closure<'a>(layers: &[&'a Self], subject: &'a str) -> Vec<&'a str> {
        let mut found = vec![subject];
        let mut seen = HashSet::new();
        let (mut from, mut level) = (0, 0);
        while from < found.len() && level < LINKS_MAX {
            let end = found.len();
            for at in from..end {
                let member = found[at];
                for link in layers.iter().flat_map(|l| l.links_of(member)) {
                    // Most subjects have one role, or none: no set for them.
                    if seen.is_empty() {
                        seen.extend(found.iter().copied());
                    }
                    if seen.insert(&*link.role) {
                        found.push(&link.role);
                    }
                }
            }
            (from, level) = (end, level + 1);
        }
        found
    }

    /// Returns the memberships that lead from a subject to one of the names that it stands for.
    pub(crate) fn way<'a>(layers: &[&'a Self], subject: &'a str, to: &str) -> Vec<&'a Rule> {
        let mut from: HashMap<&str, (&str, &'a Rule)> = HashMap::new();
        let mut now = vec![subject];
        for _ in 0..LINKS_MAX {
            let mut next = Vec::new();
            for member in now {
                for link in layers.iter().flat_map(|l| l.links_of(member)) {
                    if &*link.role != subject && !from.contains_key(&*link.role) {
                        from.insert(&link.role, (member, &link.rule));
                        next.push(&*link.role);
                    }
                }
            }
            now = next;
        }
        let (mut way, mut at) = (Vec::new(), to);
        while let Some((member, rule)) = from.get(at) {
            way.push(*rule);
            at = member;
        }
        way.reverse();
        way
    }

    fn links_of(&self, member: &str) -> impl Iterator<Item = &Link> {
        self.links.get(member).into_iter().flatten()
    }

    /// Returns true if a membership names a user or group.
    pub(crate) fn has_member(&self, name: &str) -> bool {
        /// Projects' roles have few members: they are compared sooner than a name is hashed.
        const FEW: usize = 4;
        match self.links.len() {
            0..=FEW => self.links.keys().any(|member| **member == *name),
            _ => self.links.contains_key(name),
        }
    }

    /// Returns true if a rule or a membership begins with a name.
    pub(crate) fn names(&self, subject: &str) -> bool {
        self.has_member(subject) || self.shelves.contains_key(subject)
    }

    /// Returns every line in the order of the texts.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Rule> {
        self.lines.iter().map(|l| &**l)
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values().flatten()
    }

    pub(crate) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns what the rules of some names say: the first refusal in the order of the lines,
    /// else the first permission.
    pub(crate) fn find(
        &self,
        names: &[&str],
        resource: Resource,
        action: &str,
        object: &str,
    ) -> Finding<'_> {
        let segment = object.split('/').next().unwrap_or_default();
        let mut allowed = u32::MAX;
        let mut refused = (u32::MAX, Fit::No);
        let lists = names
            .iter()
            .filter_map(|name| self.shelves.get(*name))
            .flat_map(|shelf| shelf.by_resource[resource as usize].lists(segment));
        let question = OnceCell::new();
        for list in lists {
            let found = list.sieve.as_ref().map(|sieve| {
                sieve.candidates(question.get_or_init(|| sieve::question(action, object)))
            });
            for &at in found.as_ref().unwrap_or(&list.rules) {
                if at > refused.0 {
                    break;
                }
                let grant = &self.grants[at as usize];
                // One permission is enough, unless looking at another one is an error.
                if at > allowed && !grant.is_urgent {
                    continue;
                }
                match (grant.fits(resource, action, object), grant.effect) {
                    (Fit::Yes, Effect::Allow) => allowed = allowed.min(at),
                    (fit @ Fit::Broken, _) | (fit @ Fit::Yes, Effect::Deny) => refused = (at, fit),
                    (Fit::No, _) | (Fit::Yes, Effect::Nothing) => {}
                }
            }
        }
        let grant = |at: u32| self.grants.get(at as usize);
        match (grant(refused.0), grant(allowed)) {
            (Some(grant), _) if refused.1 == Fit::Broken => Finding::Broken(grant),
            (Some(grant), _) => Finding::Denied(grant),
            (None, Some(grant)) => Finding::Allowed(grant),
            (None, None) => Finding::Silent,
        }
    }
}

impl Bucket {
    fn lists(&self, segment: &str) -> impl Iterator<Item = &List> {
        let named = self.by_segment.get(segment);
        named.into_iter().chain([&self.others])
    }
}

impl Grant {
    /// Parts are looked at in the order of the line: what fails first, ends it.
    fn fits(&self, resource: Resource, action: &str, object: &str) -> Fit {
        for (pattern, text) in [
            (&self.resource, resource.as_str()),
            (&self.action, action),
            (&self.object, object),
        ] {
            match pattern.fits(text) {
                Fit::Yes => {}
                other => return other,
            }
        }
        Fit::Yes
    }

    /// Returns texts that stand in every question that it fits, or that it is an error to reach it
    /// with.
    fn needed(&self, action: &str, object: &str, mode: MatchMode) -> Vec<Box<str>> {
        let is_broken = |pattern: &Pattern| matches!(pattern, Pattern::Bad(MatchMode::Regex));
        if is_broken(&self.resource) || is_broken(&self.action) {
            return Vec::new();
        }
        let mut needs = sieve::needs(action, mode, Part::Action);
        // Where the object's pattern can't be read, the action alone decides who reaches it.
        if !is_broken(&self.object) {
            needs.extend(sieve::needs(object, mode, Part::Object));
        }
        needs
    }

    /// Returns true if a part of it can't be read and that is an error.
    fn can_break(&self) -> bool {
        let parts = [&self.resource, &self.action, &self.object];
        parts
            .iter()
            .any(|p| matches!(p, Pattern::Bad(MatchMode::Regex)))
    }
}

/// Returns the first segment of every object that fits a pattern, if they share one.
fn first_segment<'a>(pattern: &Pattern, text: &'a str) -> Option<&'a str> {
    match pattern {
        Pattern::Literal(_) => text.split('/').next(),
        Pattern::Prefix(_) | Pattern::Glob(_) => glob_prefix(text).split_once('/').map(|s| s.0),
        Pattern::Regex(_) => regex_prefix(text).split_once('/').map(|s| s.0),
        _ => None,
    }
}
