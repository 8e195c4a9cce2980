//! The names of actions.
//!
//! An action is text, because some name what they act on: `action/apps/Deployment/restart`,
//! `delete/apps/Deployment/shop/web`. The slash is a character like any other to a policy.

/// Reads.
pub const GET: &str = "get";
/// Makes.
pub const CREATE: &str = "create";
/// Changes the object itself; of a resource in an application, see [`on_resource`].
pub const UPDATE: &str = "update";
/// Deletes the object itself; of a resource in an application, see [`on_resource`].
pub const DELETE: &str = "delete";
/// Syncs.
pub const SYNC: &str = "sync";
/// Rolls back, where that is asked for separately from `sync`.
pub const ROLLBACK: &str = "rollback";
/// Syncs manifests, or a revision, that the application doesn't name.
pub const OVERRIDE: &str = "override";
/// Runs a resource's action, see [`run`].
pub const ACTION: &str = "action";
/// Calls an extension.
pub const INVOKE: &str = "invoke";

/// Every action by its first word.
pub const ALL: [&str; 9] = [
    GET, CREATE, UPDATE, DELETE, SYNC, ROLLBACK, OVERRIDE, ACTION, INVOKE,
];

/// Returns the action that changes or deletes one resource of an application:
/// `update/apps/Deployment/shop/web`.
#[must_use]
pub fn on_resource(verb: &str, group: &str, kind: &str, namespace: &str, name: &str) -> String {
    format!("{verb}/{group}/{kind}/{namespace}/{name}")
}

/// Returns the action that runs a resource's action: `action/apps/Deployment/restart`.
#[must_use]
pub fn run(group: &str, kind: &str, name: &str) -> String {
    format!("{ACTION}/{group}/{kind}/{name}")
}
