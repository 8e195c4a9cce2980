//! `metadata.managedFields`: what an API server does around structured merge and diff.
//!
//! [`apply`] and [`update`] take the live object and the request, and return the object to store
//! with its `managedFields`. Decoding, defaulting, admission and validation are the caller's; so is
//! calling [`keep_times_if_unchanged`] at the very end.

use crate::{Conflicts, Duplicates, Force, Managers, Owned, PathElement, Set, Typed};
use crate::{TypeError, TypeId, UpdateError, Updater, Versions};
use std::borrow::Cow;
use std::sync::LazyLock;
use value::{Value, json};

mod cap;
mod conflicts;
mod entries;
mod last_applied;
mod reset;
mod scale;

pub use conflicts::{Cause, ConflictReport};
pub use entries::{Entries, Identity, Operation};
pub(crate) use reset::is_custom;
pub use reset::reset_fields;
pub use scale::{scale_entries_from_parent, scale_entries_to_parent};

/// Who writes, how, and when.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The field manager; an empty one is `unknown`.
    pub manager: &'a str,
    /// The version in which the object is written.
    pub api_version: &'a str,
    /// The kind of the object.
    pub kind: &'a str,
    /// The subresource, or nothing for the object itself.
    pub subresource: &'a str,
    /// The time, in RFC 3339 with whole seconds.
    pub now: &'a str,
}

/// Why an apply did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Others own the fields: 409, reason `Conflict`.
    #[error("{0}")]
    Conflicts(ConflictReport),
    /// The request is wrong in itself: 400.
    #[error("{0}")]
    BadRequest(String),
    /// An object does not have its type: 500 without a reason, as API servers have it.
    #[error("{0}")]
    Internal(String),
}

/// The versions of a kind in one schema, all of which look alike.
#[derive(Clone, Copy, Debug)]
pub struct KindVersions<'a> {
    /// The schema.
    pub schema: &'a crate::Schema,
    /// The kind.
    pub kind: &'a str,
    /// The paths that requests through this door never change.
    pub ignored: Option<&'a Set>,
}

impl Versions for KindVersions<'_> {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        self.schema.type_of(version, self.kind)
    }

    fn ignored(&self, _version: &str) -> Option<&Set> {
        self.ignored
    }
}

/// Whom the fields of an object belong to that was there before its first apply.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// Stands for the manager of an update while it is computed.
const CURRENT: &str = "current-operation";

/// Paths that nobody owns.
static UNOWNED: LazyLock<Set> = LazyLock::new(|| {
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let top = ["apiVersion", "kind", "metadata"];
    let top = top.map(|name| vec![PathElement::field(name)]);
    let below = metadata.map(|name| vec![PathElement::field("metadata"), PathElement::field(name)]);
    top.into_iter().chain(below).collect()
});

/// Returns the paths that nobody owns: the object's identity and what only the server writes.
pub(crate) fn unowned() -> &'static Set {
    &UNOWNED
}

impl Request<'_> {
    fn identity(&self, operation: Operation) -> Identity {
        self.identity_of(self.manager, operation)
    }

    fn identity_of(&self, manager: &str, operation: Operation) -> Identity {
        Identity {
            manager: if manager.is_empty() {
                "unknown".to_owned()
            } else {
                manager.to_owned()
            },
            operation,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
        }
    }
}

/// Returns `new` with the `managedFields` that follow from replacing `live` by it.
///
/// A create is an update of nothing. A client may edit the entries (not through a subresource):
/// what is in `new` counts, unless it is absent or can't be read; `[]` and `[{}]` clear them, and
/// then nothing is tracked until the next apply.
#[must_use]
pub fn update(
    updater: &Updater<'_>,
    live: Option<&Value>,
    new: Value,
    request: &Request<'_>,
) -> Value {
    let mut new = new;
    let sent = take_entries(&mut new);
    let empty = || {
        updater
            .schema
            .empty_object(request.api_version, request.kind)
    };
    let mut live = live.map_or_else(|| Cow::Owned(empty()), Cow::Borrowed);
    let stored = live.at(&["metadata", "managedFields"]).cloned();
    let mut entries = live_or_sent(stored.as_ref(), sent.as_ref(), request.subresource);
    let is_create = live.str_at(&["metadata", "uid"]).is_empty();
    if entries.managers.is_empty() && !is_create {
        return new;
    }
    if stored.is_some() {
        live.to_mut().remove_at(&["metadata", "managedFields"]);
    }
    track(updater, &live, &new, &mut entries, request, request.manager);
    put_entries(&mut new, &entries);
    new
}

/// Applies `patch` to `live` and returns the object with its `managedFields`.
///
/// Nothing is defaulted: the caller decodes, defaults and validates the result.
///
/// # Errors
///
/// If the patch does not fit the request or its type, or others own what it changes and `force` is
/// no.
pub fn apply(
    updater: &Updater<'_>,
    live: Option<&Value>,
    patch: &Value,
    request: &Request<'_>,
    force: Force,
) -> Result<Value, ApplyError> {
    let (version, kind) = (patch.str_at(&["apiVersion"]), patch.str_at(&["kind"]));
    if (version, kind) != (request.api_version, request.kind) {
        return Err(ApplyError::BadRequest(format!(
            "invalid object type: {}",
            display_type(version, kind)
        )));
    }
    if patch
        .at(&["metadata", "managedFields"])
        .is_some_and(|entries| !entries.is_null())
    {
        return Err(ApplyError::BadRequest(
            "metadata.managedFields must be nil".to_owned(),
        ));
    }
    let mut object = live
        .cloned()
        .unwrap_or_else(|| json!({"apiVersion": request.api_version, "kind": request.kind}));
    let stored = take_entries(&mut object);
    let mut entries = stored
        .as_ref()
        .and_then(|stored| Entries::read(stored).ok())
        .unwrap_or_default();
    if entries.managers.is_empty() && live.is_some() {
        // What is there already belongs to someone.
        let empty = updater
            .schema
            .empty_object(request.api_version, request.kind);
        track(
            updater,
            &empty,
            &object,
            &mut entries,
            request,
            BEFORE_FIRST_APPLY,
        );
    }
    let mut result = merge(
        updater,
        &object,
        patch,
        &mut entries.clone(),
        request,
        force,
    );
    if let Err(ApplyError::Conflicts(report)) = &result
        && request.manager == last_applied::KUBECTL
        && let Some(allowed) = last_applied::unchanged(updater, &object, request.api_version)
    {
        let rest = report.without(&allowed);
        if !rest.is_empty() {
            return Err(ApplyError::Conflicts(rest));
        }
        result = merge(updater, &object, patch, &mut entries, request, Force::Yes);
    }
    let (mut new, entries) = result?;
    if request.manager == last_applied::KUBECTL {
        last_applied::follow(&mut new, patch);
    }
    put_entries(&mut new, &entries);
    Ok(new)
}

/// Returns `new`, with the times of `live`'s entries if nothing but times differs between the two:
/// such a write must not change the stored object.
#[must_use]
pub fn keep_times_if_unchanged(live: &Value, mut new: Value) -> Value {
    let path = ["metadata", "managedFields"];
    let timeless = |object: &Value| -> Vec<Value> {
        let entries = object.array_at(&path).iter().cloned();
        let strip = |mut entry: Value| {
            entry.remove_at(&["time"]);
            entry
        };
        entries.map(strip).collect()
    };
    let (before, after) = (timeless(live), timeless(&new));
    let same_entries =
        before.len() == after.len() && after.iter().all(|entry| before.contains(entry));
    if !same_entries {
        return new;
    }
    let rest = |object: &Value| {
        let mut object = object.clone();
        object.remove_at(&path);
        object
    };
    if rest(live).equivalent(&rest(&new))
        && let Some(entries) = live.at(&path)
    {
        new.set_at(&path, entries.clone());
    }
    new
}

/// Accounts for an update by `manager`. If a value has no type, nothing is tracked.
fn track(
    updater: &Updater<'_>,
    live: &Value,
    new: &Value,
    entries: &mut Entries,
    request: &Request<'_>,
    manager: &str,
) {
    let valid = |value: &Value| {
        let of = updater.versions.type_of(request.api_version)?;
        let typed = Typed::new(updater.schema, of, value);
        typed.validate(Duplicates::Allow).ok()
    };
    if valid(live).is_none() || valid(new).is_none() {
        return;
    }
    let mut managers = std::mem::take(&mut entries.managers);
    let before = managers.clone();
    let tracked = updater.update(
        Some(live),
        Some(new),
        request.api_version,
        &mut managers,
        CURRENT,
    );
    if tracked.is_err() {
        entries.managers = before;
        return;
    }
    strip(&mut managers, CURRENT);
    if let Some(taken) = managers.remove(CURRENT) {
        let key = entries.know(request.identity_of(manager, Operation::Update));
        let set = match managers.get(&key) {
            Some(previous) => taken.set.union(&previous.set),
            None => taken.set,
        };
        managers.insert(key.clone(), Owned { set, ..taken });
        entries.times.insert(key, request.now.to_owned());
    }
    entries.managers = managers;
    cap::cap(entries);
}

/// Merges `patch` into `live` (which carries no entries) and accounts for it.
fn merge(
    updater: &Updater<'_>,
    live: &Value,
    patch: &Value,
    entries: &mut Entries,
    request: &Request<'_>,
    force: Force,
) -> Result<(Value, Entries), ApplyError> {
    let of = updater
        .versions
        .type_of(request.api_version)
        .ok_or_else(|| ApplyError::Internal(format!("no type for {}", request.api_version)))?;
    let name = |what: &str, object: &Value, error: &TypeError| {
        ApplyError::Internal(format!(
            "failed to create typed {what} object ({}/{}; {}): {error}",
            object.str_at(&["metadata", "namespace"]),
            object.str_at(&["metadata", "name"]),
            display_type(object.str_at(&["apiVersion"]), object.str_at(&["kind"])),
        ))
    };
    Typed::new(updater.schema, of, patch)
        .validate(Duplicates::Refuse)
        .map_err(|error| name("patch", patch, &error))?;
    Typed::new(updater.schema, of, live)
        .validate(Duplicates::Allow)
        .map_err(|error| name("live", live, &error))?;
    let key = entries.know(request.identity(Operation::Apply));
    let new = updater
        .apply(
            Some(live),
            patch,
            request.api_version,
            &mut entries.managers,
            &key,
            force,
        )
        .map_err(|error| match error {
            UpdateError::Conflicts(conflicts) => {
                ApplyError::Conflicts(ConflictReport::new(conflicts, entries))
            }
            // Both objects fit their types: what fails is one seen as of another version.
            UpdateError::Type(error) => {
                ApplyError::Internal(format!("failed to convert new object: {error}"))
            }
            UpdateError::UnknownVersion(version) => {
                ApplyError::Internal(format!("no type for {version}"))
            }
        })?;
    strip(&mut entries.managers, &key);
    let new = match new {
        Some(new) => {
            entries.times.insert(key, request.now.to_owned());
            new
        }
        // Joining the ownership of what is there already has no time.
        None => live.clone(),
    };
    Ok((new, std::mem::take(entries)))
}

/// Takes the paths that nobody owns from a manager.
fn strip(managers: &mut Managers, key: &str) {
    if let Some(owned) = managers.get_mut(key) {
        owned.set = owned.set.difference(&UNOWNED);
        if owned.set.is_empty() {
            managers.remove(key);
        }
    }
}

/// Decides which entries a write starts from.
fn live_or_sent(stored: Option<&Value>, sent: Option<&Value>, subresource: &str) -> Entries {
    let stored = || {
        stored
            .and_then(|stored| Entries::read(stored).ok())
            .unwrap_or_default()
    };
    if !subresource.is_empty() {
        return stored();
    }
    match sent {
        None | Some(Value::Null) => stored(),
        Some(Value::Array(sent)) if is_reset(sent) => Entries::default(),
        Some(sent) => match Entries::read(sent) {
            Ok(entries) if !entries.managers.is_empty() => entries,
            _ => stored(),
        },
    }
}

/// Returns true for `[]` and `[{}]`.
fn is_reset(sent: &[Value]) -> bool {
    matches!(sent, []) || matches!(sent, [Value::Object(entry)] if entry.is_empty())
}

fn take_entries(object: &mut Value) -> Option<Value> {
    object.remove_at(&["metadata", "managedFields"])
}

fn put_entries(object: &mut Value, entries: &Entries) {
    let entries = entries.write();
    if !entries.is_empty() {
        object.set_at(&["metadata", "managedFields"], entries);
    }
}

/// Writes a version and kind as API servers do: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`.
fn display_type(version: &str, kind: &str) -> String {
    let slash = if version.contains('/') { "" } else { "/" };
    format!("{slash}{version}, Kind={kind}")
}

/// The conflicts of a set of managers, which have the keys of `entries`.
impl ConflictReport {
    fn new(conflicts: Conflicts, entries: &Entries) -> Self {
        Self::of(conflicts.0.into_iter().map(|(key, set)| {
            let identity = entries.identities.get(&key);
            (identity.cloned().unwrap_or_default(), set)
        }))
    }
}
