//! Patches: JSON patch, merge patch and server-side apply.

use merge::StrategicError;
use value::{JsonPatchError, Value};

use super::update::Proposal;
use super::{Registry, Result, Target, WriteOptions, Written};
use crate::failure::Failure;
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
        self.store.durable(written.object.revision).await;
        Ok(written)
    }

    fn patch_now(
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
            let decoded = decode::decode(kind, patched, options.field_validation)?;
            let mut object = decoded.value;
            rules::check_name(target, &object)?;
            rules::check_namespace(target, &object)?;
            defaults::apply(kind, &mut object);
            crate::complete::fill_in(kind, &mut object);
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
                        "The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {operations}"
                    ),
                ));
            }
            value::json_patch(live.clone(), patch).map_err(|error| match error {
                JsonPatchError::NotAnArray(_) => Failure::bad_request(error.to_string()),
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
