//! Who owns which field: the seam to `merge`, which does the work.

use std::borrow::Cow;

use merge::managed::{self, ApplyError, KindVersions, Request, reset_fields};
use merge::{PathElement, Schema, TypeId, Updater, Versions};
use value::{Value, json};

use crate::failure::{Failure, Result};
use crate::kinds::Kind;

/// Who writes, through which door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// The field manager.
    pub(crate) manager: &'a str,
    /// The subresource, or empty.
    pub(crate) subresource: &'a str,
    /// The time, whole seconds.
    pub(crate) now: &'a str,
}

/// The versions of a custom resource: those of its definition, or any of its group without
/// knowledge about its fields.
#[derive(Debug)]
struct Custom<'a> {
    kind: &'a Kind,
    ignored: Option<&'a merge::Set>,
}

impl Versions for Custom<'_> {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        let (group, _) = crate::kinds::split_api_version(version);
        if group != self.kind.group {
            return None;
        }
        match &self.kind.definition {
            Some(definition) => definition.type_of(version, &self.kind.kind),
            None => Some(TypeId::DEDUCED),
        }
    }

    fn ignored(&self, _version: &str) -> Option<&merge::Set> {
        self.ignored
    }
}

/// The versions of a built-in kind, some of which show objects differently.
#[derive(Debug)]
struct Builtin<'a> {
    kind: &'a Kind,
    same: KindVersions<'a>,
}

impl Versions for Builtin<'_> {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        self.same.type_of(version)
    }

    fn convert<'v>(&self, value: &'v Value, from: &str, to: &str) -> Option<Cow<'v, Value>> {
        self.type_of(to)?;
        let differs = self.kind.storage_group == "autoscaling" && from != to;
        Some(if differs {
            Cow::Owned(crate::convert::between(self.kind, value, from, to))
        } else {
            Cow::Borrowed(value)
        })
    }

    fn ignored(&self, version: &str) -> Option<&merge::Set> {
        self.same.ignored(version)
    }
}

/// Does something with the books of a kind.
fn with_updater<T>(
    kind: &Kind,
    writer: Writer<'_>,
    act: impl FnOnce(&Updater<'_>, &Request<'_>) -> T,
) -> T {
    let api_version = kind.api_version();
    let request = Request {
        manager: writer.manager,
        api_version: &api_version,
        kind: &kind.kind,
        subresource: writer.subresource,
        now: writer.now,
    };
    let schema: &Schema = merge::builtin();
    let resets = kind.strategy.has_status || !writer.subresource.is_empty();
    let ignored = resets.then(|| reset_fields(&api_version, &kind.kind, writer.subresource));
    if kind.custom {
        let versions = Custom { kind, ignored };
        let schema = kind
            .definition
            .as_ref()
            .map_or(schema, |d| d.types.as_ref());
        act(
            &Updater {
                schema,
                versions: &versions,
            },
            &request,
        )
    } else {
        let same = KindVersions {
            schema,
            kind: &kind.kind,
            ignored,
        };
        let versions = Builtin { kind, same };
        act(
            &Updater {
                schema,
                versions: &versions,
            },
            &request,
        )
    }
}

/// Returns `new` with the fields that changed from `live` tracked as the writer's.
pub(crate) fn update(kind: &Kind, live: Option<&Value>, new: Value, writer: Writer<'_>) -> Value {
    with_updater(kind, writer, |updater, request| {
        managed::update(updater, live, new, request)
    })
}

/// Returns an object with the times that its entries had, if nothing but times changed.
pub(crate) fn keep_times(live: &Value, object: Value) -> Value {
    managed::keep_times_if_unchanged(live, object)
}

/// Whether an apply may take fields from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    /// It takes them.
    Yes,
    /// It reports a conflict.
    No,
}

impl From<Force> for merge::Force {
    fn from(force: Force) -> Self {
        match force {
            Force::Yes => Self::Yes,
            Force::No => Self::No,
        }
    }
}

/// Returns `live` with `patch` applied as the writer's.
pub(crate) fn apply(
    kind: &Kind,
    live: Option<&Value>,
    patch: &Value,
    writer: Writer<'_>,
    force: Force,
) -> Result<Value> {
    with_updater(kind, writer, |updater, request| {
        managed::apply(updater, live, patch, request, force.into()).map_err(refused)
    })
}

fn refused(error: ApplyError) -> Failure {
    match error {
        ApplyError::Conflicts(report) => {
            let causes: Value = report
                .causes()
                .into_iter()
                .map(|c| json!({"reason": "FieldManagerConflict", "message": c.message, "field": c.field}))
                .collect();
            Failure::new(409, "Conflict", report.to_string())
                .with_details(json!({"causes": causes}))
        }
        ApplyError::BadRequest(message) => Failure::bad_request(message),
        other => Failure::unexplained(other.to_string()),
    }
}

/// Returns the path of the field that a scale writes.
fn replicas(kind: &Kind) -> Vec<PathElement> {
    let scale = kind.definition.as_ref().and_then(|d| d.scale.as_ref());
    match scale {
        Some(scale) => scale
            .replicas
            .iter()
            .map(|name| PathElement::field(name))
            .collect(),
        None => vec![PathElement::field("spec"), PathElement::field("replicas")],
    }
}

/// Returns the entries of an object as its scale shows them.
pub(crate) fn scale_entries(kind: &Kind, object: &Value) -> Value {
    let entries = object
        .at(&["metadata", "managedFields"])
        .cloned()
        .unwrap_or_default();
    managed::scale_entries_from_parent(&entries, &replicas(kind))
}

/// Returns the entries of an object after those of its scale changed.
pub(crate) fn entries_after_scale(kind: &Kind, object: &Value, scale: &Value) -> Value {
    let entries = object
        .at(&["metadata", "managedFields"])
        .cloned()
        .unwrap_or_default();
    let scale = scale
        .at(&["metadata", "managedFields"])
        .cloned()
        .unwrap_or_default();
    managed::scale_entries_to_parent(&entries, &scale, &kind.api_version(), &replicas(kind))
}

/// The kind whose books a scale is kept in.
fn scale_request<'a>(writer: Writer<'a>) -> Request<'a> {
    Request {
        manager: writer.manager,
        api_version: "autoscaling/v1",
        kind: "Scale",
        subresource: "scale",
        now: writer.now,
    }
}

/// A scale: only its replicas can be written.
fn scale_type(version: &str) -> Option<TypeId> {
    (version == "autoscaling/v1").then_some(TypeId::DEDUCED)
}

/// Returns a changed scale with its entries.
pub(crate) fn update_scale(live: &Value, new: Value, writer: Writer<'_>) -> Value {
    let updater = Updater {
        schema: merge::builtin(),
        versions: &scale_type,
    };
    managed::update(&updater, Some(live), new, &scale_request(writer))
}

/// Returns a scale with a patch applied.
pub(crate) fn apply_scale(
    live: &Value,
    patch: &Value,
    writer: Writer<'_>,
    force: Force,
) -> Result<Value> {
    let updater = Updater {
        schema: merge::builtin(),
        versions: &scale_type,
    };
    managed::apply(
        &updater,
        Some(live),
        patch,
        &scale_request(writer),
        force.into(),
    )
    .map_err(refused)
}
