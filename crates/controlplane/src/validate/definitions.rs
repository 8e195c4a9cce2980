//! Rules of CustomResourceDefinitions.

use std::collections::HashSet;

use value::{Value, json};

use super::words::{Errors, among, required, subdomain};
use crate::definition::Definition;
use crate::failure::FieldError;

const DNS_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const APPROVAL: &str = "api-approved.kubernetes.io";
const SEE: &str = "https://github.com/kubernetes/enhancements/pull/1111";

/// Formats that strings of a schema may have.
const FORMATS: [&str; 30] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "date-time",
    "datetime",
    "int32",
    "int64",
    "float",
    "double",
    "k8s-short-name",
];

fn is_1035(name: &str) -> bool {
    crate::rules::is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

pub(super) fn check(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let name = object.str_at(&["metadata", "name"]);
    let group = spec.str_at(&["group"]);
    if old.is_none() {
        let wanted = format!("{}.{group}", spec.str_at(&["names", "plural"]));
        if name != wanted {
            let why = "must be spec.names.plural+\".\"+spec.group";
            errors.push(FieldError::invalid("metadata.name", name, why));
        }
    }
    if required("spec.group", group, errors) {
        let before = errors.len();
        subdomain("spec.group", group, errors);
        if errors.len() == before && !group.contains('.') {
            let why = "should be a domain with at least one dot";
            errors.push(FieldError::invalid("spec.group", group, why));
        }
    }
    let scope = spec.str_at(&["scope"]);
    if required("spec.scope", scope, errors) {
        among("spec.scope", scope, &["Cluster", "Namespaced"], errors);
    }
    versions(object, spec, errors);
    names(spec, errors);
    conversion(spec, errors);
    approval(object, group, errors);
    if let Some(old) = old {
        update(object, old, errors);
    }
}

fn is(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

fn versions(object: &Value, spec: &Value, errors: &mut Errors) {
    let versions = spec.array_at(&["versions"]);
    let mut seen: HashSet<&str> = HashSet::new();
    for (i, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{i}]");
        let name = version.str_at(&["name"]);
        if !is_1035(name) {
            errors.push(FieldError::invalid(&format!("{path}.name"), name, DNS_1035));
        }
        if seen.contains(&name) {
            let why = "must contain unique version names";
            errors.push(FieldError::invalid(
                "spec.versions",
                Value::Array(versions.to_vec()),
                why,
            ));
        }
        seen.insert(name);
        // What all versions share is told as of the definition itself.
        let alone = versions.len() == 1;
        let at = |part: &str| {
            if alone {
                format!("spec.{part}")
            } else {
                format!("{path}.{part}")
            }
        };
        let schema = version
            .at(&["schema", "openAPIV3Schema"])
            .filter(|s| !s.is_null());
        match schema {
            None => {
                let field = format!("{path}.schema.openAPIV3Schema");
                errors.push(FieldError::required(&field, ""));
            }
            Some(schema) => {
                let root = if alone {
                    "spec.validation"
                } else {
                    &format!("{path}.schema")
                };
                self::schema(&format!("{root}.openAPIV3Schema"), schema, errors);
            }
        }
        let columns = version.array_at(&["additionalPrinterColumns"]);
        for (j, column) in columns.iter().enumerate() {
            self::column(
                &at(&format!("additionalPrinterColumns[{j}]")),
                column,
                errors,
            );
        }
        subresources(&at("subresources"), version, errors);
        let fields = version.array_at(&["selectableFields"]);
        for (j, field) in fields.iter().enumerate() {
            let path = at(&format!("selectableFields[{j}].jsonPath"));
            selectable(&path, field.str_at(&["jsonPath"]), schema, errors);
        }
    }
    stored(object, versions, errors);
}

fn stored(object: &Value, versions: &[Value], errors: &mut Errors) {
    let storage: Vec<&Value> = versions.iter().filter(|v| is(v, "storage")).collect();
    if storage.len() != 1 {
        let one = |v: &Value| {
            format!(
                "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":null,\
                 \"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
                crate::failure::go_quote(v.str_at(&["name"])),
                is(v, "served"),
                is(v, "storage"),
                is(v, "deprecated")
            )
        };
        let shown: Vec<String> = versions.iter().map(one).collect();
        let why = "must have exactly one version marked as storage version";
        let mut error = FieldError::invalid("spec.versions", "", why);
        error.message = error
            .message
            .replacen("\"\"", &format!("[{}]", shown.join(",")), 1);
        errors.push(error);
    }
    let field = "status.storedVersions";
    let known = object.array_at(&["status", "storedVersions"]);
    let last = storage.last().map_or("", |v| v.str_at(&["name"]));
    if known.is_empty() {
        let why = "must have at least one stored version";
        errors.push(FieldError::invalid(field, Value::Null, why));
        return;
    }
    // With two of them one is taken for granted and the other missing.
    let known = if storage.len() > 1 {
        &known[..1]
    } else {
        known
    };
    if !known.iter().any(|k| k.as_str() == Some(last)) {
        let why = format!("must have the storage version {last}");
        errors.push(FieldError::invalid(
            field,
            Value::Array(known.to_vec()),
            &why,
        ));
    }
    for (i, name) in known.iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        if !versions.iter().any(|v| v.str_at(&["name"]) == name) {
            let why = "must appear in spec.versions";
            let field = format!("{field}[{i}]");
            errors.push(FieldError::invalid(&field, name, why));
        }
    }
}

fn names(spec: &Value, errors: &mut Errors) {
    let text = |name: &str| spec.str_at(&["names", name]);
    let mut check = |name: &str, value: &str, mixed: bool| {
        let plain = if mixed {
            value.to_lowercase()
        } else {
            value.to_owned()
        };
        if value.is_empty() || is_1035(&plain) {
            return;
        }
        let why = if mixed {
            format!("may have mixed case, but should otherwise match: {DNS_1035}")
        } else {
            DNS_1035.to_owned()
        };
        errors.push(FieldError::invalid(
            &format!("spec.names.{name}"),
            value,
            &why,
        ));
    };
    check("plural", text("plural"), false);
    check("singular", text("singular"), false);
    check("kind", text("kind"), true);
    check("listKind", text("listKind"), true);
    for list in ["shortNames", "categories"] {
        for (i, name) in spec.array_at(&["names", list]).iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            check(&format!("{list}[{i}]"), name, false);
        }
    }
    if text("kind").is_empty() {
        errors.push(FieldError::required("spec.names.kind", ""));
    }
    if !text("kind").is_empty() && text("kind") == text("listKind") {
        let why = "kind and listKind may not be the same";
        errors.push(FieldError::invalid(
            "spec.names.listKind",
            text("listKind"),
            why,
        ));
    }
}

fn conversion(spec: &Value, errors: &mut Errors) {
    let Some(conversion) = spec.get("conversion") else {
        return;
    };
    let strategy = conversion.str_at(&["strategy"]);
    among(
        "spec.conversion.strategy",
        strategy,
        &["None", "Webhook"],
        errors,
    );
    if strategy == "Webhook" {
        if conversion.at(&["webhook", "clientConfig"]).is_none() {
            let why = "required when strategy is set to Webhook";
            errors.push(FieldError::required(
                "spec.conversion.webhookClientConfig",
                why,
            ));
        }
        return;
    }
    if strategy == "None" {
        let why = "should not be set when strategy is not set to Webhook";
        if conversion.at(&["webhook", "clientConfig"]).is_some() {
            errors.push(FieldError::forbidden(
                "spec.conversion.webhookClientConfig",
                why,
            ));
        }
        if !conversion
            .array_at(&["webhook", "conversionReviewVersions"])
            .is_empty()
        {
            errors.push(FieldError::forbidden(
                "spec.conversion.conversionReviewVersions",
                why,
            ));
        }
    }
}

/// Groups of Kubernetes itself need somebody's word.
fn approval(object: &Value, group: &str, errors: &mut Errors) {
    if !super::is_protected(group) {
        return;
    }
    let field = format!("metadata.annotations[{APPROVAL}]");
    let given = object.str_at(&["metadata", "annotations", APPROVAL]);
    let protected = format!("protected groups must have approval annotation \"{APPROVAL}\"");
    if given.is_empty() {
        errors.push(FieldError::required(
            &field,
            &format!("{protected}, see {SEE}"),
        ));
        return;
    }
    let url = given
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if !url && !given.starts_with("unapproved") {
        let why = format!(
            "{protected} with either a URL or a reason starting with \"unapproved\", see {SEE}"
        );
        errors.push(FieldError::invalid(&field, given, &why));
    }
}

fn update(object: &Value, old: &Value, errors: &mut Errors) {
    let conditions = old.array_at(&["status", "conditions"]);
    let established = conditions
        .iter()
        .any(|c| c.str_at(&["type"]) == "Established" && c.str_at(&["status"]) == "True");
    let mut fixed: Vec<&[&str]> = vec![&["spec", "group"], &["spec", "names", "plural"]];
    if established {
        fixed = vec![
            &["spec", "scope"],
            &["spec", "names", "kind"],
            &["spec", "group"],
            &["spec", "names", "plural"],
        ];
    }
    for path in fixed {
        super::words::immutable(&path.join("."), path, object, old, errors);
    }
}

fn column(path: &str, column: &Value, errors: &mut Errors) {
    required(&format!("{path}.name"), column.str_at(&["name"]), errors);
    let kind = column.str_at(&["type"]);
    let field = format!("{path}.type");
    if required(&field, kind, errors)
        && !["boolean", "date", "integer", "number", "string"].contains(&kind)
    {
        let why = "must be one of boolean,date,integer,number,string";
        errors.push(FieldError::invalid(&field, kind, why));
    }
    let format = column.str_at(&["format"]);
    let formats = [
        "byte",
        "date",
        "date-time",
        "double",
        "float",
        "int32",
        "int64",
        "password",
    ];
    if !format.is_empty() && !formats.contains(&format) {
        let why = format!("must be one of {}", formats.join(","));
        errors.push(FieldError::invalid(&format!("{path}.format"), format, &why));
    }
    let field = format!("{path}.JSONPath");
    let text = column.str_at(&["jsonPath"]);
    if required(&field, text, errors) && !text.starts_with('.') {
        let why = "must be a simple json path starting with .";
        errors.push(FieldError::invalid(&field, text, why));
    }
}

/// Returns true for names that are joined by dots.
fn is_simple(path: &str) -> bool {
    path.strip_prefix('.').is_some_and(|rest| {
        rest.split('.').all(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        })
    })
}

fn subresources(path: &str, version: &Value, errors: &mut Errors) {
    let Some(scale) = version
        .at(&["subresources", "scale"])
        .filter(|s| !s.is_null())
    else {
        return;
    };
    for (name, root) in [
        ("specReplicasPath", ".spec."),
        ("statusReplicasPath", ".status."),
    ] {
        let field = format!("{path}.scale.{name}");
        let given = scale.str_at(&[name]);
        if !required(&field, given, errors) {
            continue;
        }
        if !is_simple(given) {
            let why = "must be a simple json path starting with .";
            errors.push(FieldError::invalid(&field, given, why));
        } else if !given.starts_with(root) {
            let why = format!("should be a json path under {}", root.trim_end_matches('.'));
            errors.push(FieldError::invalid(&field, given, &why));
        }
    }
    let given = scale.str_at(&["labelSelectorPath"]);
    if !given.is_empty() {
        let field = format!("{path}.scale.labelSelectorPath");
        if !given.starts_with(".spec.") && !given.starts_with(".status.") {
            let why = "should be a json path under either .spec or .status";
            errors.push(FieldError::invalid(&field, given, why));
        } else if !is_simple(given) {
            let why = "must be a simple json path starting with .";
            errors.push(FieldError::invalid(&field, given, why));
        }
    }
}

fn selectable(field: &str, path: &str, schema: Option<&Value>, errors: &mut Errors) {
    if !required(field, path, errors) {
        return;
    }
    let Some(names) = path.strip_prefix('.') else {
        let first = path.chars().next().unwrap_or_default();
        let why = format!("is an invalid path: expected [ or . but got: {first}");
        errors.push(FieldError::invalid(field, path, &why));
        return;
    };
    let mut found = schema;
    let mut first = true;
    for name in names.split('.') {
        found = found.and_then(|s| s.at(&["properties", name]));
        if first && name == "metadata" {
            found = None;
        }
        first = false;
    }
    match found.map(|s| s.str_at(&["type"])) {
        None => {
            let why = "is an invalid path: does not refer to a valid field";
            errors.push(FieldError::invalid(field, path, why));
        }
        Some("string" | "boolean" | "integer") => {}
        Some(_) => {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                       formats are allowed.";
            errors.push(FieldError::invalid(field, path, why));
        }
    }
}

/// Where in a schema a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    /// Part of the structure.
    Inside,
    /// Inside `allOf` and its like: it only restricts values.
    Logic,
}

/// How deep schemas are checked; those that nest deeper are not served.
const DEPTH_MAX: usize = 128;

fn schema(path: &str, schema: &Value, errors: &mut Errors) {
    let kind = schema.str_at(&["type"]);
    if !kind.is_empty() && kind != "object" {
        let field = format!("{path}.type");
        errors.push(FieldError::invalid(
            &field,
            kind,
            "must be object at the root",
        ));
        return;
    }
    node(path, schema, Place::Root, false, 0, errors);
}

fn node(
    path: &str,
    schema: &Value,
    place: Place,
    int_or_string: bool,
    depth: usize,
    errors: &mut Errors,
) {
    if depth > DEPTH_MAX {
        return;
    }
    let at = |name: &str| format!("{path}.{name}");
    let kind = schema.str_at(&["type"]);
    if is(schema, "uniqueItems") {
        let why =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(FieldError::forbidden(&at("uniqueItems"), why));
    }
    let types = ["array", "boolean", "integer", "number", "object", "string"];
    if place == Place::Logic {
        // What only restricts values is told last.
    } else if !kind.is_empty() {
        among(&at("type"), kind, &types, errors);
    } else if place == Place::Inside
        && !is(schema, "x-kubernetes-int-or-string")
        && !is(schema, "x-kubernetes-preserve-unknown-fields")
    {
        let why = "must not be empty for specified object fields";
        errors.push(FieldError::required(&at("type"), why));
    }
    let preserve = "x-kubernetes-preserve-unknown-fields";
    if schema.get(preserve).and_then(Value::as_bool) == Some(false) {
        let why = "must be true or undefined";
        errors.push(FieldError::invalid(&at(preserve), false, why));
    }
    embedded(path, schema, errors);
    let properties = schema.get("properties").and_then(Value::as_object);
    let additional = schema.get("additionalProperties");
    if properties.is_some_and(|p| !p.is_empty())
        && additional.is_some_and(|a| a.as_bool() != Some(false) && !a.is_null())
    {
        let why = "additionalProperties and properties are mutual exclusive";
        errors.push(FieldError::forbidden(&at("additionalProperties"), why));
    }
    if place == Place::Root {
        for (name, wanted) in [
            ("apiVersion", "string"),
            ("kind", "string"),
            ("metadata", "object"),
        ] {
            if let Some(is) = properties
                .and_then(|p| p.get(name))
                .map(|p| p.str_at(&["type"]))
                && is != wanted
            {
                let field = format!("{path}.properties[{name}].type");
                errors.push(FieldError::invalid(
                    &field,
                    is,
                    &format!("must be {wanted}"),
                ));
            }
        }
    }
    let inner = if place == Place::Logic {
        Place::Logic
    } else {
        Place::Inside
    };
    for (name, property) in properties.into_iter().flatten() {
        if place == Place::Root && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        node(
            &format!("{path}.properties[{name}]"),
            property,
            inner,
            false,
            depth + 1,
            errors,
        );
    }
    if let Some(additional) = additional.filter(|a| a.is_object()) {
        node(
            &at("additionalProperties"),
            additional,
            inner,
            false,
            depth + 1,
            errors,
        );
    }
    match schema.get("items").filter(|i| i.is_object()) {
        Some(items) => node(&at("items"), items, inner, false, depth + 1, errors),
        None if kind == "array" && place != Place::Logic => {
            errors.push(FieldError::required(&at("items"), "must be specified"));
        }
        None => {}
    }
    let free = is(schema, "x-kubernetes-int-or-string") && any_type(schema);
    for list in ["allOf", "anyOf", "oneOf"] {
        for (i, branch) in schema.array_at(&[list]).iter().enumerate() {
            let path = format!("{path}.{list}[{i}]");
            node(
                &path,
                branch,
                Place::Logic,
                free && list == "anyOf",
                depth + 1,
                errors,
            );
        }
    }
    if let Some(not) = schema.get("not").filter(|n| n.is_object()) {
        node(&at("not"), not, Place::Logic, false, depth + 1, errors);
    }
    if place == Place::Logic {
        let empty = "must be empty to be structural";
        if schema.get("default").is_some() {
            let why = "must be undefined to be structural";
            errors.push(FieldError::forbidden(&at("default"), why));
        }
        if !kind.is_empty() && !int_or_string {
            errors.push(FieldError::forbidden(&at("type"), empty));
        }
    }
    if place != Place::Logic
        && let Some(default) = schema.get("default").filter(|d| !d.is_null())
    {
        self::default(&at("default"), schema, default, errors);
    }
}

/// Numbers or strings may say so in one way.
fn any_type(schema: &Value) -> bool {
    let any = schema.array_at(&["anyOf"]);
    any.len() == 2 && any[0] == json!({"type": "integer"}) && any[1] == json!({"type": "string"})
}

fn embedded(path: &str, schema: &Value, errors: &mut Errors) {
    if !is(schema, "x-kubernetes-embedded-resource") {
        return;
    }
    let kind = schema.str_at(&["type"]);
    if kind != "object" {
        let field = format!("{path}.type");
        let why = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(FieldError::invalid(&field, kind, why));
        return;
    }
    let empty = schema.get("properties").is_none_or(Value::is_empty);
    if empty && !is(schema, "x-kubernetes-preserve-unknown-fields") {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(&format!("{path}.properties"), why));
    }
}

fn default(path: &str, schema: &Value, default: &Value, errors: &mut Errors) {
    let Some(found) = Definition::check_default(schema, default) else {
        let why = "must not have unknown fields";
        errors.push(FieldError::invalid(path, default.clone(), why));
        return;
    };
    for mut error in found {
        if error.field != "<nil>" {
            error.field = if error.field.is_empty() {
                path.to_owned()
            } else {
                format!("{path}.{}", error.field)
            };
            errors.push(error);
        }
    }
}

/// Returns the formats in the schemas of a definition that nobody knows.
pub(crate) fn unknown_formats(object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for version in object.array_at(&["spec", "versions"]) {
        if let Some(schema) = version.at(&["schema", "openAPIV3Schema"]) {
            formats(schema, 0, &mut found);
        }
    }
    found
}

fn formats(schema: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > DEPTH_MAX {
        return;
    }
    let format = schema.str_at(&["format"]);
    let known = FORMATS.contains(&format) || format == "k8s-long-name";
    if !format.is_empty() && !known && !found.iter().any(|f| f == format) {
        found.push(format.to_owned());
    }
    for member in ["properties", "patternProperties"] {
        let members = schema.get(member).and_then(Value::as_object);
        for (_, inner) in members.into_iter().flatten() {
            formats(inner, depth + 1, found);
        }
    }
    for member in ["items", "additionalProperties", "not"] {
        if let Some(inner) = schema.get(member).filter(|s| s.is_object()) {
            formats(inner, depth + 1, found);
        }
    }
}
