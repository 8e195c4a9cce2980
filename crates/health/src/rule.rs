//! What the rules of custom resources are written in: clauses, asked in order until one says
//! something.
//!
//! Sentences are templates: `{message}`, `{reason}` and `{type}` are the condition's, `{kind}` and
//! `{status.a.b}` the object's, `{lower kind}` in small letters; a `!` asks for text that isn't
//! empty. Of several, separated by `|`, the first whose parts are all there is said.

use crate::{Health, HealthStatus};
use value::Value;

/// A step of a rule.
pub(crate) enum Clause {
    /// Where this holds, the object is so.
    When(fn(&Value) -> bool, HealthStatus, &'static str),
    /// The first fitting condition decides; of the cases that fit it, the first.
    Conditions(Which, &'static [Case]),
    /// The value of a field decides, if there is one.
    Field(&'static str, &'static [Is]),
    /// What can't be said as data.
    Own(fn(&Value) -> Option<Health>),
    /// Nothing else was said.
    Otherwise(HealthStatus, &'static str),
}

/// In which order conditions are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// As they stand.
    First,
    /// From the last to the first.
    Latest,
    /// The last and no other.
    Last,
}

/// What a condition has to be. Every text may be empty (anything), `a|b` (either) or `!a` (not).
pub(crate) struct Case {
    condition_type: &'static str,
    status: &'static str,
    reason: &'static str,
    message: &'static str,
    also: Option<fn(&Value, &Value) -> bool>,
    health: HealthStatus,
    say: &'static str,
}

/// What a field has to be: `a|b`, or `*` for whatever else is there.
pub(crate) struct Is {
    values: &'static str,
    health: HealthStatus,
    say: &'static str,
}

pub(crate) const fn on(
    condition_type: &'static str,
    status: &'static str,
    health: HealthStatus,
    say: &'static str,
) -> Case {
    Case {
        condition_type,
        status,
        reason: "",
        message: "",
        also: None,
        health,
        say,
    }
}

impl Case {
    /// Asks for a reason too.
    pub(crate) const fn reason(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// Asks for a message too.
    pub(crate) const fn message(mut self, message: &'static str) -> Self {
        self.message = message;
        self
    }

    /// Asks something of the object and the condition too.
    pub(crate) const fn also(mut self, also: fn(&Value, &Value) -> bool) -> Self {
        self.also = Some(also);
        self
    }

    fn fits(&self, object: &Value, condition: &Value) -> bool {
        fits(self.condition_type, condition.str_at(&["type"]))
            && fits(self.status, condition.str_at(&["status"]))
            && fits(self.reason, condition.str_at(&["reason"]))
            && fits(self.message, condition.str_at(&["message"]))
            && self.also.is_none_or(|also| also(object, condition))
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(not) => text != not,
        None => pattern.is_empty() || pattern.split('|').any(|p| p == text),
    }
}

pub(crate) const fn is(values: &'static str, health: HealthStatus, say: &'static str) -> Is {
    Is {
        values,
        health,
        say,
    }
}

pub(crate) const fn first(cases: &'static [Case]) -> Clause {
    Clause::Conditions(Which::First, cases)
}

pub(crate) const fn latest(cases: &'static [Case]) -> Clause {
    Clause::Conditions(Which::Latest, cases)
}

pub(crate) const fn last(cases: &'static [Case]) -> Clause {
    Clause::Conditions(Which::Last, cases)
}

pub(crate) const fn field(path: &'static str, values: &'static [Is]) -> Clause {
    Clause::Field(path, values)
}

pub(crate) const fn when(
    holds: fn(&Value) -> bool,
    health: HealthStatus,
    say: &'static str,
) -> Clause {
    Clause::When(holds, health, say)
}

pub(crate) const fn otherwise(health: HealthStatus, say: &'static str) -> Clause {
    Clause::Otherwise(health, say)
}

/// Still on its way, as far as anyone can tell.
pub(crate) const fn waiting(say: &'static str) -> Clause {
    Clause::Otherwise(HealthStatus::Progressing, say)
}

/// The commonest shape of all.
pub(crate) const READY: Clause = first(&[
    on("Ready", "False", HealthStatus::Degraded, "{message}"),
    on("Ready", "True", HealthStatus::Healthy, "{message}"),
]);

/// Returns what the first clause that says anything says.
pub(crate) fn judge(clauses: &[Clause], object: &Value) -> Option<Health> {
    clauses.iter().find_map(|clause| match clause {
        Clause::When(holds, health, text) => {
            holds(object).then(|| Health::new(*health, say(text, object, None)))
        }
        Clause::Conditions(which, cases) => by_conditions(*which, cases, object),
        Clause::Field(path, values) => by_field(path, values, object),
        Clause::Own(rule) => rule(object),
        Clause::Otherwise(health, text) => Some(Health::new(*health, say(text, object, None))),
    })
}

fn by_conditions(which: Which, cases: &[Case], object: &Value) -> Option<Health> {
    let judge = |condition: &Value| {
        let case = cases.iter().find(|case| case.fits(object, condition))?;
        Some(Health::new(
            case.health,
            say(case.say, object, Some(condition)),
        ))
    };
    let conditions = conditions(object);
    match which {
        Which::First => conditions.iter().find_map(judge),
        Which::Latest => conditions.iter().rev().find_map(judge),
        Which::Last => conditions.last().and_then(judge),
    }
}

fn by_field(path: &str, values: &[Is], object: &Value) -> Option<Health> {
    let value = shown(at(object, path)?);
    let row = values
        .iter()
        .find(|row| row.values == "*" || row.values.split('|').any(|v| v == value))?;
    Some(Health::new(row.health, say(row.say, object, None)))
}

/// Returns the value at a path like `status.phase`; nothing if it is `null`.
pub(crate) fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(object, |value, name| value.get(name))
        .filter(|value| !value.is_null())
}

/// Returns the text at a path; nothing if it is something else.
pub(crate) fn text<'a>(object: &'a Value, path: &str) -> Option<&'a str> {
    at(object, path)?.as_str()
}

/// Returns true if the value at a path is just this text.
pub(crate) fn is_text(object: &Value, path: &str, want: &str) -> bool {
    text(object, path) == Some(want)
}

/// Returns the number at a path.
pub(crate) fn number(object: &Value, path: &str) -> Option<f64> {
    at(object, path)?.as_f64()
}

/// Returns true if the value at a path is anything but `false`.
pub(crate) fn truthy(object: &Value, path: &str) -> bool {
    at(object, path).is_some_and(|value| value.as_bool() != Some(false))
}

/// Returns the elements at a path.
pub(crate) fn list<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    at(object, path)
        .and_then(Value::as_array)
        .unwrap_or_default()
}

/// Returns true if two values are the same, or both absent.
pub(crate) fn same(object: &Value, a: &str, b: &str) -> bool {
    match (at(object, a), at(object, b)) {
        (Some(a), Some(b)) if a.is_number() && b.is_number() => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

/// Returns true if the status is of an older spec, and says so.
pub(crate) fn is_behind(object: &Value) -> bool {
    at(object, "status.observedGeneration").is_some()
        && at(object, "metadata.generation").is_some()
        && !same(object, "status.observedGeneration", "metadata.generation")
}

/// Returns true if the status is of the present spec.
pub(crate) fn is_observed(object: &Value) -> bool {
    same(object, "status.observedGeneration", "metadata.generation")
}

/// Returns `status.conditions`.
pub(crate) fn conditions(object: &Value) -> &[Value] {
    list(object, "status.conditions")
}

/// Returns a value as a message shows it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(", ")
        }
        other => match (other.as_str(), other.as_i64()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(whole)) => whole.to_string(),
            (None, None) => other.to_json(),
        },
    }
}

/// Fills in a template.
pub(crate) fn say(template: &str, object: &Value, condition: Option<&Value>) -> String {
    if !template.contains('{') {
        return template.to_owned();
    }
    let mut said = String::new();
    for alternative in template.split('|') {
        said.clear();
        if fill(alternative, object, condition, &mut said) {
            break;
        }
    }
    said
}

/// Returns false if a part is missing; the rest is filled in all the same.
fn fill(template: &str, object: &Value, condition: Option<&Value>, said: &mut String) -> bool {
    let mut complete = true;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        rest = after;
        said.push_str(before);
        let (name, must_say) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let part = match name {
            "lower kind" => Some(object.str_at(&["kind"]).to_lowercase()),
            "message" | "reason" | "type" => condition.and_then(|c| at(c, name)).map(shown),
            path => at(object, path).map(shown),
        };
        complete &= part.as_ref().is_some_and(|p| !must_say || !p.is_empty());
        said.push_str(&part.unwrap_or_default());
    }
    said.push_str(rest);
    complete
}
