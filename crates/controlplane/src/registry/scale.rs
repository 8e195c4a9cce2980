//! The `scale` subresource: a few fields of a workload, seen as a `Scale`.

use value::{Value, json};

use super::update::Proposal;
use super::{PatchType, Registry, Result, Target, WriteOptions, Written};
use crate::failure::{Failure, FieldError};
use crate::tracking::{self, Force, Writer};
use crate::{clock, rules};

impl Registry {
    /// Returns what an object looks like through its `scale` subresource.
    ///
    /// # Errors
    /// Fails for a custom resource that doesn't say how many replicas it wants.
    pub fn scale_of(&self, target: &Target, object: &Value) -> Result<Value> {
        let paths = target
            .kind
            .definition
            .as_ref()
            .and_then(|d| d.scale.as_ref());
        if let Some(paths) = paths
            && at(object, &paths.replicas).is_none()
        {
            let why = format!(
                "the spec replicas field \".{}\" does not exist",
                paths.replicas.join(".")
            );
            return Err(Failure::internal(&why));
        }
        Ok(scale(target, object))
    }

    pub(super) fn update_scale(
        &self,
        target: &Target,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        self.set_scale(target, options, "update", |present, writer| {
            Ok(tracking::update_scale(present, body.clone(), writer))
        })
    }

    pub(super) fn patch_scale(
        &self,
        target: &Target,
        patch_type: PatchType,
        patch: &Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        let force = if options.force { Force::Yes } else { Force::No };
        self.set_scale(
            target,
            options,
            "patch",
            |present, writer| match patch_type {
                PatchType::Apply => {
                    let applied = tracking::apply_scale(present, patch, writer, force)?;
                    // A kube-apiserver tries to convert what an apply changes, and knows no way.
                    if target.kind.custom && applied.get("spec") != present.get("spec") {
                        return Err(Failure::unexplained(format!(
                            "failed to convert new object ({}/{}; autoscaling/v1, Kind=Scale) to proper version: \
                             request to convert CR to an invalid group/version: autoscaling/v1",
                            patch.str_at(&["metadata", "namespace"]),
                            target.name
                        )));
                    }
                    Ok(applied)
                }
                _ => {
                    let patched = match patch_type {
                        PatchType::Strategic => {
                            super::patch::strategic_of("autoscaling/v1", "Scale", present, patch)?
                        }
                        _ => super::patch::patched(present, patch_type, patch)?,
                    };
                    Ok(tracking::update_scale(present, patched, writer))
                }
            },
        )
    }

    fn set_scale(
        &self,
        target: &Target,
        options: &WriteOptions,
        verb: &'static str,
        change: impl Fn(&Value, Writer<'_>) -> Result<Value>,
    ) -> Result<Written> {
        let kind = &target.kind;
        let now = clock::seconds(self.now());
        let writer = Writer {
            manager: options.manager(),
            subresource: "scale",
            now: &now,
        };
        self.change(target, options, verb, |live| {
            let mut present = scale(target, live);
            let entries = tracking::scale_entries(kind, live);
            if !entries.is_empty() {
                present.set_at(&["metadata", "managedFields"], entries);
            }
            let wanted = change(&present, writer)?;
            rules::check_name(target, &wanted)?;
            let replicas = wanted.i64_at(&["spec", "replicas"]).unwrap_or(0);
            let paths = kind.definition.as_ref().and_then(|d| d.scale.as_ref());
            if replicas < 0 && paths.is_none() {
                let error = FieldError::invalid(
                    "spec.replicas",
                    replicas,
                    "must be greater than or equal to 0",
                );
                let name = wanted.str_at(&["metadata", "name"]);
                return Err(Failure::invalid_named(
                    "autoscaling",
                    "Scale",
                    name,
                    &[error],
                ));
            }
            let uid = wanted.str_at(&["metadata", "uid"]).to_owned();
            if !uid.is_empty() && uid != live.str_at(&["metadata", "uid"]) {
                let why = format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    live.str_at(&["metadata", "uid"])
                );
                return Err(Failure::conflict(kind, &target.name, &why));
            }
            let mut object = live.clone();
            match paths {
                Some(paths) => {
                    let names: Vec<&str> = paths.replicas.iter().map(String::as_str).collect();
                    object.set_at(&names, replicas);
                }
                None => object.set_at(&["spec", "replicas"], replicas),
            }
            if live.at(&["metadata", "managedFields"]).is_some() {
                let entries = tracking::entries_after_scale(kind, live, &wanted);
                if entries.is_empty() {
                    object.remove_at(&["metadata", "managedFields"]);
                } else {
                    object.set_at(&["metadata", "managedFields"], entries);
                }
            }
            let revision = wanted.str_at(&["metadata", "resourceVersion"]).to_owned();
            object.set_at(&["metadata", "resourceVersion"], revision);
            Ok(Proposal {
                object,
                warnings: Vec::new(),
            })
        })
    }
}

/// Returns what stands at a path.
fn at<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, name| value.get(name))
}

fn scale(target: &Target, object: &Value) -> Value {
    let mut metadata = Value::object();
    for name in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        if let Some(value) = object.at(&["metadata", name]) {
            metadata.set_at(&[name], value);
        }
    }
    let paths = target
        .kind
        .definition
        .as_ref()
        .and_then(|d| d.scale.as_ref());
    let number = |path: &[String]| at(object, path).and_then(Value::as_i64).unwrap_or(0);
    let (replicas, actual) = match paths {
        Some(paths) => (number(&paths.replicas), number(&paths.status_replicas)),
        None => (
            object.i64_at(&["spec", "replicas"]).unwrap_or(0),
            object.i64_at(&["status", "replicas"]).unwrap_or(0),
        ),
    };
    let mut spec = Value::object();
    if replicas != 0 {
        spec.set_at(&["replicas"], replicas);
    }
    let mut status = json!({"replicas": actual});
    let selector = match target.kind.kind.as_str() {
        _ if paths.is_some() => {
            let selector = paths.and_then(|p| at(object, p.selector.as_ref()?));
            selector
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        }
        "ReplicationController" => labels_text(object.at(&["spec", "selector"])),
        _ => selector_text(object.at(&["spec", "selector"])),
    };
    if !selector.is_empty() {
        status.set_at(&["selector"], selector);
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": metadata, "spec": spec, "status": status,
    })
}

/// Writes a map of labels as a selector.
pub(crate) fn labels_text(labels: Option<&Value>) -> String {
    let Some(labels) = labels.and_then(Value::as_object) else {
        return String::new();
    };
    let pairs: Vec<String> = labels
        .iter()
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    pairs.join(",")
}

/// Writes a label selector as Kubernetes prints it: requirements sorted by key.
pub(crate) fn selector_text(selector: Option<&Value>) -> String {
    let Some(selector) = selector else {
        return String::new();
    };
    let mut parts: Vec<(String, String)> = Vec::new();
    if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
        for (k, v) in labels {
            parts.push((
                k.to_string(),
                format!("{k}={}", v.as_str().unwrap_or_default()),
            ));
        }
    }
    for requirement in selector.array_at(&["matchExpressions"]) {
        let key = requirement.str_at(&["key"]).to_owned();
        let mut values: Vec<&str> = requirement
            .array_at(&["values"])
            .iter()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let values = values.join(",");
        let text = match requirement.str_at(&["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.clone(),
        };
        parts.push((key, text));
    }
    parts.sort();
    let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    texts.join(",")
}
