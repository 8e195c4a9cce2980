//! Health of any Kubernetes object by Argo CD's rules.
//!
//! A rule looks at one object, as the API server returns it, and says how it is and why, in Argo
//! CD's words. Kinds without a rule have no health and never hold anything up. Rules from outside
//! (Lua, CEL) come in through [`Rule`] and are asked first.
//!
//! This crate knows no cluster, no clock and no other object than the one it is asked about.
//!
//! ```
//! use value::json;
//! let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}});
//! assert_eq!(health::of(&service).unwrap().status, health::HealthStatus::Progressing);
//! assert_eq!(health::of(&json!({"apiVersion": "v1", "kind": "Secret"})), None);
//! ```

mod builtin;
mod condition;
mod pod;
mod rule;
mod rules;
mod status;
mod workload;

pub use status::{Health, HealthStatus};

use value::Value;

/// A hook with this finalizer is held back on purpose while it is deleted.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// A rule that someone brought along.
pub trait Rule {
    /// Returns the object's health; nothing if the rule isn't for it.
    ///
    /// # Errors
    /// A rule that fails says why; the object's health is then [`HealthStatus::Unknown`].
    fn health(&self, object: &Value) -> Result<Option<Health>, String>;
}

/// Returns the health of an object by the built-in rules; nothing if its kind has none.
#[must_use]
pub fn of(object: &Value) -> Option<Health> {
    of_with(object, &[])
}

/// Returns the health of an object by the first of `rules` that is for it, or else by the built-in
/// ones.
#[must_use]
pub fn of_with(object: &Value, rules: &[&dyn Rule]) -> Option<Health> {
    if is_being_deleted(object) {
        return Some(Health::new(HealthStatus::Progressing, "Pending deletion"));
    }
    for rule in rules {
        match rule.health(object) {
            Ok(None) => {}
            Ok(health) => return health,
            Err(message) => return Some(Health::new(HealthStatus::Unknown, message)),
        }
    }
    by_rules(object)
}

/// Returns what the built-in rules say about an object, even one that is being deleted; nothing if
/// its kind has no rule.
#[must_use]
pub fn by_rules(object: &Value) -> Option<Health> {
    rules::health(object).or_else(|| builtin::health(object))
}

fn is_being_deleted(object: &Value) -> bool {
    let metadata = |name| object.at(&["metadata", name]);
    let held_back = || {
        object
            .array_at(&["metadata", "finalizers"])
            .iter()
            .any(|f| f.as_str() == Some(HOOK_FINALIZER))
    };
    metadata("deletionTimestamp").is_some_and(|t| !t.is_null()) && !held_back()
}

/// Returns the worst of several statuses; [`HealthStatus::Healthy`] if there are none.
pub fn worst(statuses: impl IntoIterator<Item = HealthStatus>) -> HealthStatus {
    statuses.into_iter().max().unwrap_or(HealthStatus::Healthy)
}

#[cfg(test)]
mod tests;
