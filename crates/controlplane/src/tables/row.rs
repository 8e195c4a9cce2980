//! Reading cells from an object.

use jiff::Timestamp;
use value::{Quantity, Value};

use super::format;

/// An object that becomes a row. Paths are field names with dots between.
pub(super) struct Row<'a> {
    pub(super) object: &'a Value,
    pub(super) now: Timestamp,
}

impl<'a> Row<'a> {
    pub(super) fn at(&self, path: &str) -> Option<&'a Value> {
        path.split('.')
            .try_fold(self.object, |value, name| value.get(name))
            .filter(|v| !v.is_null())
    }

    pub(super) fn name(&self) -> &'a str {
        self.text("metadata.name")
    }

    /// Returns a string, empty if there is none.
    pub(super) fn text(&self, path: &str) -> &'a str {
        self.at(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a string or number as text, or `otherwise`.
    pub(super) fn text_or(&self, path: &str, otherwise: &str) -> String {
        match self.at(path) {
            Some(Value::String(s)) => s.to_string(),
            Some(other) => other.to_json(),
            None => otherwise.to_owned(),
        }
    }

    /// Returns a string, or `otherwise` if it is absent or empty.
    pub(super) fn filled_or(&self, path: &str, otherwise: &'a str) -> &'a str {
        Some(self.text(path))
            .filter(|s| !s.is_empty())
            .unwrap_or(otherwise)
    }

    /// Returns a number, zero if there is none.
    pub(super) fn int(&self, path: &str) -> i64 {
        self.at(path).and_then(Value::as_i64).unwrap_or(0)
    }

    pub(super) fn flag(&self, path: &str, otherwise: Otherwise) -> bool {
        self.at(path)
            .and_then(Value::as_bool)
            .unwrap_or(otherwise == Otherwise::True)
    }

    pub(super) fn items(&self, path: &str) -> &'a [Value] {
        self.at(path).and_then(Value::as_array).unwrap_or_default()
    }

    /// Returns how many items or members there are.
    pub(super) fn count(&self, path: &str) -> i64 {
        let count = match self.at(path) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(members)) => members.len(),
            _ => 0,
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// Returns a quantity as Kubernetes writes it.
    pub(super) fn quantity(&self, path: &str) -> Option<String> {
        self.at(path).and_then(quantity)
    }

    pub(super) fn deleting(&self) -> bool {
        self.at("metadata.deletionTimestamp").is_some()
    }

    pub(super) fn created_at(&self) -> &'a str {
        self.text("metadata.creationTimestamp")
    }

    pub(super) fn age(&self) -> String {
        self.since("metadata.creationTimestamp")
    }

    /// Returns how long ago a time was.
    pub(super) fn since(&self, path: &str) -> String {
        match self.time(path) {
            Some(then) => format::human_duration(self.now.duration_since(then).as_secs()),
            None => "<unknown>".to_owned(),
        }
    }

    pub(super) fn time(&self, path: &str) -> Option<Timestamp> {
        self.text(path).parse().ok()
    }

    /// Returns the status of a condition.
    pub(super) fn condition(&self, name: &str) -> Option<&'a str> {
        let mut conditions = self.items("status.conditions").iter();
        conditions
            .find(|c| c.str_at(&["type"]) == name)
            .map(|c| c.str_at(&["status"]))
    }

    /// Returns true if an annotation that makes an object the default of its kind is set.
    pub(super) fn is_default(&self, annotations: &[&str]) -> bool {
        let set = |name: &&str| self.object.str_at(&["metadata", "annotations", name]) == "true";
        annotations.iter().any(set)
    }
}

/// What an absent flag means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    True,
    False,
}

/// Returns a quantity as Kubernetes writes it.
pub(super) fn quantity(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(s) => s.to_string(),
        other => other.to_json(),
    };
    text.parse::<Quantity>().ok().map(|q| q.to_string())
}
