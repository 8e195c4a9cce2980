//! What a CustomResourceDefinition says about one version of its kind, ready for use.
//!
//! Definitions are read once, when they change; rows of [`crate::kinds`] carry the result.
//! Conversion is the one called `None`: versions differ in what they keep, not in where it stands.

mod defaulting;
mod formats;
mod lists;
mod metadata;
mod prune;
mod structural;
mod validate;

use std::sync::Arc;

use merge::{Schema, TypeId};
use value::Value;

use crate::failure::FieldError;
use crate::kinds::{Kind, Scope, Subresource};
use crate::strategy::Strategy;
pub(crate) use structural::{Structural, TooDeep};

/// The finalizer that keeps a definition until its objects are gone.
pub(crate) const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The verbs of a custom resource, in the order in which a kube-apiserver lists them.
const VERBS: &str = "delete deletecollection get list patch create update watch";

/// Where the parts of a scale stand in an object.
#[derive(Debug, Clone)]
pub(crate) struct ScalePaths {
    /// The path of the wanted replicas.
    pub(crate) replicas: Vec<String>,
    /// The path of the actual replicas.
    pub(crate) status_replicas: Vec<String>,
    /// The path of the selector, if there is one.
    pub(crate) selector: Option<Vec<String>>,
}

/// One version of a custom kind.
#[derive(Debug)]
pub struct Definition {
    /// The types of all versions, for the books of owners.
    pub(crate) types: Arc<Schema>,
    /// The schema of this version.
    pub(crate) schema: Structural,
    /// The schema of the version in which objects are stored.
    pub(crate) stored: Arc<Structural>,
    /// What the rows of tables show: `additionalPrinterColumns`.
    pub(crate) columns: Option<Vec<Value>>,
    /// Where the scale is, if there is one.
    pub(crate) scale: Option<ScalePaths>,
    /// The fields that field selectors know.
    pub(crate) selectable: Vec<String>,
    /// What every answer warns of.
    pub(crate) warning: Option<String>,
    /// The kind of lists.
    pub(crate) list_kind: String,
    /// Nothing is created any more.
    pub(crate) terminating: bool,
    /// True if objects may be stored in another form than this version shows.
    pub(crate) converts: bool,
}

impl Definition {
    /// Returns the type of the objects of a version.
    pub(crate) fn type_of(&self, api_version: &str, kind: &str) -> Option<TypeId> {
        self.types.type_of(api_version, kind)
    }

    /// Drops what the schema doesn't know, and returns the paths of that.
    pub(crate) fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        prune::object(&self.schema, object, &mut unknown);
        unknown
    }

    /// Reads the metadata of embedded objects, and says what is odd or wrong about it.
    pub(crate) fn coerce(&self, object: &mut Value) -> Result<Vec<String>, String> {
        let mut unknown = Vec::new();
        metadata::coerce(&self.schema, object, "", &mut unknown)?;
        Ok(unknown)
    }

    /// Fills in defaults.
    pub(crate) fn fill_in(&self, object: &mut Value) {
        defaulting::defaults(&self.schema, object);
    }

    /// Drops nulls that mean nothing. What an apply leaves null stays so, and is refused.
    pub(crate) fn drop_nulls(&self, object: &mut Value) {
        defaulting::drop_nulls(&self.schema, object);
    }

    /// Brings an object into the form in which it is stored.
    pub(crate) fn store(&self, object: &mut Value) {
        prune::object(&self.stored, object, &mut Vec::new());
    }

    /// Brings a stored object into the form in which all versions show it.
    pub(crate) fn read(&self, object: &mut Value) {
        prune::object(&self.stored, object, &mut Vec::new());
        defaulting::defaults(&self.stored, object);
        defaulting::drop_nulls(&self.stored, object);
    }

    /// Returns what is wrong with an object; what `old` had already is not.
    pub(crate) fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        validate::object(&self.schema, object, old, &mut errors);
        self.validate_scale(object, &mut errors);
        metadata::validate(&self.schema, object, "", &mut errors);
        let mut duplicates = Vec::new();
        lists::validate(&self.schema, object, "", &mut duplicates);
        let known = old.is_some_and(|old| {
            let mut before = Vec::new();
            lists::validate(&self.schema, old, "", &mut before);
            !before.is_empty()
        });
        if !known {
            errors.extend(duplicates);
        }
        errors
    }

    /// Returns what is wrong with an object whose status alone is written.
    pub(crate) fn validate_status(&self, object: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let (Some(of), Some(status)) = (self.schema.member("status"), object.get("status")) {
            validate::object(of, status, old.get("status"), &mut errors);
        }
        for error in &mut errors {
            if error.field != "<nil>" {
                error.field = structural::join("status", &error.field);
            }
        }
        self.validate_scale(object, &mut errors);
        errors
    }

    /// Returns what is wrong with a default of a schema; `None` if it has members that the schema
    /// doesn't know.
    pub(crate) fn check_default(schema: &Value, default: &Value) -> Option<Vec<FieldError>> {
        let Ok(schema) = Structural::parse(schema) else {
            return Some(Vec::new());
        };
        let mut pruned = default.clone();
        let mut unknown = Vec::new();
        prune::part(&schema, &mut pruned, &mut unknown);
        if !unknown.is_empty() {
            return None;
        }
        defaulting::defaults(&schema, &mut pruned);
        let mut errors = Vec::new();
        validate::object(&schema, &pruned, None, &mut errors);
        Some(errors)
    }

    fn validate_scale(&self, object: &Value, errors: &mut Vec<FieldError>) {
        let Some(scale) = &self.scale else { return };
        for path in [&scale.replicas, &scale.status_replicas] {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            let field = format!(".{}", path.join("."));
            let Some(found) = object.at(&names) else {
                continue;
            };
            let whole = match found {
                Value::Int(number) => Some(*number),
                _ => None,
            };
            if whole.is_none() {
                let is = match found {
                    Value::Bool(_) => "bool",
                    Value::String(_) => "string",
                    Value::Array(_) => "[]interface {}",
                    Value::Object(_) => "map[string]interface {}",
                    Value::Null => "<nil>",
                    _ => "float64",
                };
                let shown = found
                    .as_str()
                    .map_or_else(|| found.to_json(), str::to_owned);
                let why =
                    format!("{field} accessor error: {shown} is of the type {is}, expected int64");
                errors.push(FieldError::invalid(&field, 0, &why));
            }
            match whole {
                Some(number) if number < 0 => {
                    let why = "should be a non-negative integer";
                    errors.push(FieldError::invalid(&field, number, why));
                }
                Some(number) if number > i64::from(i32::MAX) => {
                    let why = format!("should be less than or equal to {}", i32::MAX);
                    errors.push(FieldError::invalid(&field, number, &why));
                }
                _ => {}
            }
        }
    }
}

/// Returns the names in a path like `.spec.replicas`.
fn names_of(path: &str) -> Vec<String> {
    path.trim_start_matches('.')
        .split('.')
        .map(str::to_owned)
        .collect()
}

/// Orders versions as clients prefer them: stable before beta before alpha, newer ones first,
/// others last.
pub(crate) fn version_rank(version: &str) -> impl Ord + use<> {
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let major: u64 = rest[..digits].parse().ok()?;
        let (stage, minor) = match &rest[digits..] {
            "" => (0, 0),
            tail => {
                let (stage, number) = tail
                    .strip_prefix("beta")
                    .map(|n| (1, n))
                    .or_else(|| tail.strip_prefix("alpha").map(|n| (2, n)))?;
                (stage, number.parse::<u64>().ok()?)
            }
        };
        Some((stage, std::cmp::Reverse(major), std::cmp::Reverse(minor)))
    };
    let rank = parsed().unwrap_or((3, std::cmp::Reverse(0), std::cmp::Reverse(0)));
    (rank, version.to_owned())
}

/// Returns the rows of a definition whose names are accepted: its served versions, the one that
/// clients prefer first.
///
/// # Errors
/// Fails if its schemas nest too deeply.
pub(crate) fn rows(definition: &Value) -> Result<Vec<Kind>, TooDeep> {
    let spec = definition.get("spec").unwrap_or(&Value::Null);
    let types = Schema::from_crd(definition).map_err(|_| TooDeep)?;
    let types = Arc::new(types);
    let group = spec.str_at(&["group"]);
    let names = |name: &str| {
        definition
            .str_at(&["status", "acceptedNames", name])
            .to_owned()
    };
    let list = |name: &str| -> Vec<String> {
        let items = definition.array_at(&["status", "acceptedNames", name]);
        items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let versions = spec.array_at(&["versions"]);
    let is =
        |version: &Value, what: &str| version.at(&[what]).and_then(Value::as_bool) == Some(true);
    let schema_of = |version: &Value| {
        let schema = version.at(&["schema", "openAPIV3Schema"]);
        schema.map_or_else(|| Ok(Structural::anything()), Structural::parse)
    };
    let Some(storage) = versions.iter().find(|v| is(v, "storage")) else {
        return Ok(Vec::new());
    };
    let stored = Arc::new(schema_of(storage)?);
    let storage_version = storage.str_at(&["name"]);
    let first = definition.i64_at(&["metadata", "generation"]).unwrap_or(1) <= 1;
    let mut served: Vec<&Value> = versions.iter().filter(|v| is(v, "served")).collect();
    served.sort_by_key(|v| version_rank(v.str_at(&["name"])));
    let preferred = served
        .iter()
        .find(|v| !is(v, "deprecated"))
        .map(|v| v.str_at(&["name"]));
    let kind = names("kind");
    let mut rows = Vec::with_capacity(served.len());
    for version in &served {
        let name = version.str_at(&["name"]);
        let mut subresources = Vec::new();
        if version.at(&["subresources", "status"]).is_some() {
            subresources.push(Subresource {
                name: "status",
                kind: None,
                verbs: "get patch update",
            });
        }
        let scale = version.at(&["subresources", "scale"]);
        if scale.is_some() {
            subresources.push(Subresource {
                name: "scale",
                kind: Some(("autoscaling", "v1", "Scale")),
                verbs: "get patch update",
            });
        }
        let selectable = version.array_at(&["selectableFields"]).iter();
        let definition = Definition {
            types: Arc::clone(&types),
            schema: schema_of(version)?,
            stored: Arc::clone(&stored),
            columns: version
                .at(&["additionalPrinterColumns"])
                .and_then(Value::as_array)
                .map(<[Value]>::to_vec),
            scale: scale.map(|scale| ScalePaths {
                replicas: names_of(scale.str_at(&["specReplicasPath"])),
                status_replicas: names_of(scale.str_at(&["statusReplicasPath"])),
                selector: Some(scale.str_at(&["labelSelectorPath"]))
                    .filter(|p| !p.is_empty())
                    .map(names_of),
            }),
            selectable: selectable
                .map(|f| f.str_at(&["jsonPath"]).trim_start_matches('.').to_owned())
                .collect(),
            warning: is(version, "deprecated")
                .then(|| deprecation(version, group, &kind, preferred)),
            list_kind: names("listKind"),
            terminating: definition.at(&["metadata", "deletionTimestamp"]).is_some(),
            converts: !first || name != storage_version,
        };
        let status = subresources.iter().any(|s| s.name == "status");
        rows.push(Kind {
            group: group.to_owned(),
            version: name.to_owned(),
            kind: kind.clone(),
            plural: names("plural"),
            singular: names("singular"),
            short_names: list("shortNames"),
            categories: list("categories"),
            scope: match spec.str_at(&["scope"]) {
                "Cluster" => Scope::Cluster,
                _ => Scope::Namespaced,
            },
            verbs: VERBS.to_owned(),
            subresources,
            storage_group: group.to_owned(),
            storage_version: storage_version.to_owned(),
            custom: true,
            strategy: Strategy::custom_with(status),
            definition: Some(Arc::new(definition)),
        });
    }
    Ok(rows)
}

/// Returns what clients of a deprecated version are told.
fn deprecation(version: &Value, group: &str, kind: &str, preferred: Option<&str>) -> String {
    let own = version.str_at(&["deprecationWarning"]);
    if !own.is_empty() {
        return own.to_owned();
    }
    let name = version.str_at(&["name"]);
    let mut warning = format!("{group}/{name} {kind} is deprecated");
    // Only a version that is preferred to this one is worth moving to.
    if let Some(better) = preferred.filter(|p| version_rank(p) < version_rank(name)) {
        warning.push_str(&format!("; use {group}/{better} {kind}"));
    }
    warning
}
