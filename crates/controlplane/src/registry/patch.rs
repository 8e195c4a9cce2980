//! Patches: JSON patch, merge patch and server-side apply.

use merge::StrategicError;
use value::{JsonPatchError, Value};

use super::update::Proposal;
use super::{Registry, Result, Target, WriteOptions, Written};
use crate::failure::{Failure, FieldError};
use crate::kinds::Kind;
use crate::tracking::{self, Force, Writer};
use crate::{clock, decode, defaults, rules};

/// Operations that a JSON patch may have.
const OPERATIONS_MAX: usize = 10_000;

/// What a patch is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// JSON Patch (RFC 6902).
    Json,
    /// JSON Merge Patch (RFC 7386).
    Merge,
    /// Kubernetes' merge patch that knows lists.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl Registry {
    /// Patches an object, or a part of it that is a subresource.
    ///
    /// # Errors
    /// Fails if the patch doesn't apply, and as [`Registry::update`] does.
    pub async fn patch(
        &self,
        target: &Target,
        patch_type: PatchType,
        patch: &Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        let written = self.patch_now(target, patch_type, patch, options)?;
        self.store.durable(written.object.revision).await?;
        Ok(written)
    }

    /// Does the same without waiting until it is durable: for parts of the control plane, whose
    /// knowledge ends with the process too.
    ///
    /// # Errors
    /// Fails for the same reasons.
    pub fn patch_now(
        &self,
        target: &Target,
        patch_type: PatchType,
        patch: &Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        if target.subresource == "scale" {
            return self.patch_scale(target, patch_type, patch, options);
        }
        if patch_type == PatchType::Apply {
            return self.apply_now(target, patch, options);
        }
        let kind = &target.kind;
        let now = clock::seconds(self.now());
        let writer = Writer {
            manager: options.manager(),
            subresource: &target.subresource,
            now: &now,
        };
        self.change(target, options, "patch", |live| {
            let patched = match patch_type {
                PatchType::Strategic => strategic(kind, live, patch)?,
                _ => patched(live, patch_type, patch)?,
            };
            // What a patch doesn't touch keeps the order in which it was written: Go's for types of
            // Go, by name for others.
            let order = if kind.custom {
                Order::Names
            } else if patch_type == PatchType::Merge && patch.get("metadata").is_some() {
                Order::Entries
            } else {
                Order::Go
            };
            let unreadable = |why: &str| unreadable_patch(&patched, order, why);
            let same = |field: &str| {
                patched.get(field).is_none_or(Value::is_null)
                    || patched.get(field) == live.get(field)
            };
            if !same("kind") || !same("apiVersion") {
                let given = patched.str_at(&["kind"]);
                let version = patched.str_at(&["apiVersion"]);
                return Err(unreadable(&format!(
                    "no kind \"{given}\" is registered for version \"{version}\" in scheme \
                     \"pkg/runtime/scheme.go:111\""
                )));
            }
            let decoded = decode::decode(kind, patched.clone(), options).map_err(|failure| {
                let (_, why) = failure.message.split_once(": ").unwrap_or_default();
                unreadable(why)
            })?;
            let mut object = decoded.value;
            rules::check_name(target, &object)?;
            rules::check_namespace(target, &object)?;
            defaults::apply(kind, &mut object);
            let object = tracking::update(kind, Some(live), object, writer);
            Ok(Proposal {
                object,
                warnings: decoded.warnings,
            })
        })
    }

    fn apply_now(&self, target: &Target, patch: &Value, options: &WriteOptions) -> Result<Written> {
        let kind = &target.kind;
        rules::check_applied(target, patch)?;
        let now = clock::seconds(self.now());
        let writer = Writer {
            manager: options.manager(),
            subresource: &target.subresource,
            now: &now,
        };
        let force = if options.force { Force::Yes } else { Force::No };
        for _ in 0..super::ATTEMPTS_MAX {
            if self.store.get(&target.table(), &target.key()).is_none() {
                if !target.subresource.is_empty() {
                    return Err(Failure::not_found(kind, &target.name));
                }
                let uid = patch.str_at(&["metadata", "uid"]);
                if !uid.is_empty() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing \
                         object was found"
                    );
                    return Err(Failure::conflict(kind, &target.name, &why));
                }
                let revision = patch.str_at(&["metadata", "resourceVersion"]);
                if !revision.is_empty() && revision.parse::<u64>().is_err() {
                    return Err(super::update::no_number(revision));
                }
                let object = tracking::apply(kind, None, patch, writer, force)?;
                rules::check_name(target, &object)?;
                let mut object = decode::normalise(kind, object)?;
                object.remove_at(&["metadata", "resourceVersion"]);
                rules::set_namespace(target, &mut object);
                defaults::apply(kind, &mut object);
                defaults::on_create(kind, &mut object);
                match self.insert(target, object, options, "apply") {
                    Err(failure) if failure.reason == "AlreadyExists" => {}
                    done => return done,
                }
            } else {
                let written = self.change(target, options, "apply", |live| {
                    let object = tracking::apply(kind, Some(live), patch, writer, force)?;
                    rules::check_name(target, &object)?;
                    let mut object = decode::normalise(kind, object)?;
                    defaults::apply(kind, &mut object);
                    Ok(Proposal {
                        object,
                        warnings: Vec::new(),
                    })
                });
                match written {
                    Err(failure) if failure.reason == "NotFound" => {}
                    done => return done,
                }
            }
        }
        Err(Failure::modified(kind, &target.name))
    }
}

/// What a patch makes can't be read as an object. The answer quotes it as Go would write it.
fn unreadable_patch(patched: &Value, order: Order, why: &str) -> Failure {
    let text = match order {
        Order::Names => patched.to_json(),
        Order::Entries | Order::Go => go_json(patched, order),
    };
    let error = FieldError::invalid("patch", text, why);
    let mut failure = Failure::invalid_named("", "", "", &[error]);
    if let Some(details) = &mut failure.details {
        details.remove_at(&["kind"]);
    }
    failure
}

/// In which order the members of an object are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By name.
    Names,
    /// By name, but for the entries of owners, which are as Go's encoder writes them.
    Entries,
    /// As Go's encoder writes them.
    Go,
}

/// Members of metadata and of its owners in the order in which Go's encoder writes them.
const METADATA_ORDER: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const ENTRY_ORDER: [&str; 7] = [
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

/// Writes an object as JSON, its metadata in Go's order.
fn go_json(object: &Value, order: Order) -> String {
    let metadata_order: &[&str] = match order {
        Order::Go => &METADATA_ORDER,
        _ => &[],
    };
    let members = object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let text = if name == "metadata" {
                ordered(value, metadata_order, |name, value| {
                    match value.as_array() {
                        Some(entries) if name == "managedFields" => {
                            let entries = entries
                                .iter()
                                .map(|e| ordered(e, &ENTRY_ORDER, |_, v| v.to_json()));
                            format!("[{}]", entries.collect::<Vec<_>>().join(","))
                        }
                        _ => value.to_json(),
                    }
                })
            } else {
                value.to_json()
            };
            format!("{}:{text}", Value::from(name.as_str()).to_json())
        });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Writes the members named in `order` first, and in that order.
fn ordered(value: &Value, order: &[&str], write: impl Fn(&str, &Value) -> String) -> String {
    let Some(object) = value.as_object() else {
        return value.to_json();
    };
    let place = |name: &str| order.iter().position(|n| *n == name).unwrap_or(order.len());
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(name, _)| place(name));
    let members = members.into_iter().map(|(name, value)| {
        format!(
            "{}:{}",
            Value::from(name.as_str()).to_json(),
            write(name, value)
        )
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Returns `live` with a strategic merge patch applied.
fn strategic(kind: &Kind, live: &Value, patch: &Value) -> Result<Value> {
    strategic_of(&kind.api_version(), &kind.kind, live, patch)
}

/// Returns `live` with a strategic merge patch applied; its type is the one named.
pub(super) fn strategic_of(
    api_version: &str,
    kind: &str,
    live: &Value,
    patch: &Value,
) -> Result<Value> {
    if !patch.is_object() {
        return Err(not_a_map(patch));
    }
    let schema = merge::builtin();
    let of = schema.type_of(api_version, kind).ok_or_else(unsupported)?;
    merge::strategic_merge_patch(schema, of, live.clone(), patch).map_err(|error| match error {
        StrategicError::RetainKeys => Failure::bad_request(error.to_string()),
        _ => Failure::unexplained(error.to_string()),
    })
}

fn not_a_map(patch: &Value) -> Failure {
    Failure::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
        patch.type_name()
    ))
}

/// Returns `live` with a JSON or merge patch applied.
pub(super) fn patched(live: &Value, patch_type: PatchType, patch: &Value) -> Result<Value> {
    match patch_type {
        PatchType::Merge => {
            if !patch.is_object() {
                return Err(not_a_map(patch));
            }
            let mut patched = live.clone();
            patched.merge_patch(patch);
            Ok(patched)
        }
        PatchType::Json => {
            let operations = patch.as_array().map_or(0, <[Value]>::len);
            if operations > OPERATIONS_MAX {
                return Err(Failure::new(
                    413,
                    "RequestEntityTooLarge",
                    format!(
                        "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {operations}"
                    ),
                ));
            }
            value::json_patch(live.clone(), patch).map_err(|error| match error {
                JsonPatchError::NotAnArray(given) => Failure::bad_request(format!(
                    "error decoding patch: json: cannot unmarshal {given} into Go value of type \
                     []handlers.jsonPatchOp"
                )),
                _ => Failure::new(
                    422,
                    "Invalid",
                    "the server rejected our request due to an error in our request",
                )
                .with_details(Value::object()),
            })
        }
        PatchType::Strategic | PatchType::Apply => Err(unsupported()),
    }
}

/// The media type of the patch is not one that is understood.
pub(super) fn unsupported() -> Failure {
    Failure::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")
        .with_details(Value::object())
}
