//! Health of any Kubernetes object by Argo CD's rules.
//!
//! A rule looks at one object, as the API server returns it, and says how it is and why, in Argo
//! CD's words. Kinds without a rule have no health and never hold anything up. Users' own rules are
//! the business of `checks`.
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

/// Returns the health of an object by the built-in rules; nothing if its kind has none.
#[must_use]
pub fn of(object: &Value) -> Option<Health> {
    if is_being_deleted(object) {
        return Some(Health::new(HealthStatus::Progressing, "Pending deletion"));
    }
    by_rules(object)
}

/// Returns what the built-in rules say about an object, even one that is being deleted; nothing if
/// its kind has no rule.
#[must_use]
pub fn by_rules(object: &Value) -> Option<Health> {
    rules::health(object).or_else(|| builtin::health(object))
}

/// Returns true for an object that is being deleted, unless a hook's finalizer holds it back.
#[must_use]
pub fn is_being_deleted(object: &Value) -> bool {
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
