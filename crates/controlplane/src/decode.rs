//! From what a client sent to an object of its kind, in the form in which a kube-apiserver would
//! write it: unknown fields are gone, and so is what Go's encoder leaves out.

mod zero;

use merge::{Schema, TypeId};
use value::{Object, Quantity, Value};

use crate::failure::{Failure, Result};
use crate::kinds::Kind;
use crate::registry::{FieldValidation, WriteOptions};

/// An object, and what was odd about it.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
    pub(crate) warnings: Vec<String>,
}

/// Checks that a body is of `kind` and brings it into its form.
pub(crate) fn decode(kind: &Kind, body: Value, options: &WriteOptions) -> Result<Decoded> {
    let mut value = match body {
        Value::Null => Value::object(),
        other => other,
    };
    let Some(object) = value.as_object_mut() else {
        return Err(Failure::bad_request(
            "couldn't get version/kind; json parse error",
        ));
    };
    object.insert("kind", kind.kind.as_str());
    object.insert("apiVersion", kind.api_version());
    let mut unknown = Vec::new();
    if !kind.custom {
        let schema = merge::builtin();
        if let Some(of) = schema.type_of(&kind.api_version(), &kind.kind) {
            let mut walk = Walk {
                schema,
                kind_name: &kind.kind,
                unknown: &mut unknown,
                error: None,
            };
            walk.value(&mut value, of, &Place::default());
            if let Some(error) = walk.error {
                return Err(cannot(kind, &error));
            }
        }
    } else {
        custom(kind, &mut value, &mut unknown)?;
        if let Some(definition) = &kind.definition {
            definition.fill_in(&mut value);
            definition.drop_nulls(&mut value);
        }
    }
    if kind.definition.is_none() {
        // What is deeper was found by a decoder further down: it speaks first.
        unknown.sort_by_key(|path: &String| std::cmp::Reverse(path.matches('.').count()));
    }
    let unknown = unknown.iter().map(|f| format!("unknown field \"{f}\""));
    let repeated = options.repeated.iter();
    let warnings: Vec<String> = match options.field_validation {
        FieldValidation::Ignore => Vec::new(),
        FieldValidation::Warn => repeated.cloned().chain(unknown).collect(),
        FieldValidation::Strict => {
            // YAML tells all of its own in one sentence.
            let yaml = options
                .repeated
                .first()
                .is_some_and(|r| r.starts_with("line "));
            let first = if yaml {
                vec![format!(
                    "yaml: unmarshal errors:\n  {}",
                    options.repeated.join("\n  ")
                )]
            } else {
                options.repeated.clone()
            };
            let all: Vec<String> = first.into_iter().chain(unknown).collect();
            if !all.is_empty() {
                let why = format!("strict decoding error: {}", all.join(", "));
                return Err(cannot(kind, &why));
            }
            all
        }
    };
    Ok(Decoded { value, warnings })
}

/// Brings a custom resource into its form: nothing but its definition knows what that is.
fn custom(kind: &Kind, value: &mut Value, unknown: &mut Vec<String>) -> Result<()> {
    if value.at(&["metadata"]).is_none_or(Value::is_null) {
        value.set_at(&["metadata"], Value::object());
    }
    let Some(definition) = &kind.definition else {
        return Ok(());
    };
    let unreadable = |why: String| cannot(kind, &why);
    if let Some(found) = value.get_mut("metadata") {
        metadata(found, "metadata", unknown).map_err(unreadable)?;
    }
    unknown.extend(definition.prune(value));
    unknown.extend(definition.coerce(value).map_err(unreadable)?);
    unknown.sort();
    numbers(value);
    Ok(())
}

/// Numbers without a type are 64 bits or floats; there is no negative zero.
fn numbers(value: &mut Value) {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "Go loses it too")]
        Value::UInt(number) => *value = Value::Float(*number as f64),
        Value::Float(number) if *number == 0.0 => *value = Value::Int(0),
        Value::Array(items) => items.iter_mut().for_each(numbers),
        Value::Object(members) => members.iter_mut().for_each(|(_, m)| numbers(m)),
        _ => {}
    }
}

/// Brings metadata that stands at `path` into its form, and adds what is unknown in it.
pub(crate) fn metadata(
    value: &mut Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> std::result::Result<(), String> {
    let schema = merge::builtin();
    let of = schema
        .named("meta.v1.ObjectMeta")
        .expect("the table has metadata");
    let mut walk = Walk {
        schema,
        kind_name: "",
        unknown,
        error: None,
    };
    let place = Place {
        path: path.to_owned(),
        fields: "metadata".to_owned(),
        owner: "ObjectMeta".to_owned(),
    };
    walk.value(value, of, &place);
    match walk.error {
        Some(error) => {
            let error = error.replacen("ObjectMeta.metadata.", "ObjectMeta.", 1);
            Err(error)
        }
        None => Ok(()),
    }
}

/// Brings an object that was merged here into its form.
pub(crate) fn normalise(kind: &Kind, mut value: Value) -> Result<Value> {
    if kind.definition.is_some() {
        custom(kind, &mut value, &mut Vec::new())?;
        return Ok(value);
    }
    let options = WriteOptions {
        field_validation: FieldValidation::Ignore,
        ..WriteOptions::default()
    };
    Ok(decode(kind, value, &options)?.value)
}

fn cannot(kind: &Kind, why: &str) -> Failure {
    let (name, version) = (&kind.kind, &kind.version);
    Failure::bad_request(format!(
        "{name} in version \"{version}\" cannot be handled as a {name}: {why}"
    ))
}

/// Where the walk is.
#[derive(Debug, Clone, Default)]
struct Place {
    /// With indices, as warnings say it.
    path: String,
    /// Without, as type errors say it.
    fields: String,
    /// The Go struct that holds the field.
    owner: String,
}

impl Place {
    fn member(&self, name: &str, owner: &str) -> Self {
        let join = |s: &str| {
            if s.is_empty() {
                name.to_owned()
            } else {
                format!("{s}.{name}")
            }
        };
        Self {
            path: join(&self.path),
            fields: join(&self.fields),
            owner: owner.to_owned(),
        }
    }

    fn item(&self, index: usize) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            ..self.clone()
        }
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    kind_name: &'a str,
    unknown: &'a mut Vec<String>,
    error: Option<String>,
}

impl Walk<'_> {
    fn value(&mut self, value: &mut Value, of: TypeId, place: &Place) {
        if self.error.is_some() {
            return;
        }
        let schema = self.schema;
        let atom = schema.atom(of);
        let untyped = atom.scalar.is_some() && (atom.map.is_some() || atom.list.is_some());
        if untyped {
            return;
        }
        match (&mut *value, &atom.map, &atom.list, atom.scalar) {
            (Value::Object(object), Some(map), _, _) if !map.fields.is_empty() => {
                self.structure(object, map, place);
            }
            (Value::Object(object), Some(map), _, _) => {
                for (name, member) in object.iter_mut() {
                    match map.element {
                        Some(element) => {
                            if member.is_null() && schema.atom(element).scalar.is_some() {
                                *member = "".into();
                            }
                            // Go names fields, not keys, where a type is wrong.
                            let inside = Place {
                                path: format!("{}.{name}", place.path),
                                ..place.clone()
                            };
                            self.value(member, element, &inside);
                        }
                        None => return,
                    }
                }
            }
            (Value::Array(items), _, Some(list), _) => {
                for (i, item) in items.iter_mut().enumerate() {
                    if item.is_null() && schema.atom(list.element).scalar.is_some() {
                        *item = "".into();
                    }
                    self.value(item, list.element, &place.item(i));
                }
            }
            (Value::Null, ..) => {}
            (scalar, None, None, Some(kind)) => self.scalar(scalar, kind, atom.format, place),
            (other, map, list, _) => {
                let wanted = match (map, list) {
                    (Some(map), _) if map.fields.is_empty() => "map[string]string".to_owned(),
                    (Some(_), _) => go_type(self.kind_name, place),
                    (_, Some(list)) if schema.atom(list.element).scalar.is_some() => {
                        "[]string".to_owned()
                    }
                    _ => format!("[]{}", go_type(self.kind_name, place)),
                };
                self.mismatch(other, &wanted, place);
            }
        }
    }

    fn structure(&mut self, object: &mut Object, map: &merge::schema::Map, place: &Place) {
        let owner = go_struct(self.kind_name, place);
        let open = map.element.is_some();
        let unknown = &mut *self.unknown;
        object.retain(|name, member| {
            if map.field(name).is_none() && !open {
                unknown.push(place.member(name, &owner).path);
                return false;
            }
            !member.is_null()
        });
        for (name, member) in object.iter_mut() {
            if let Some(of) = map.member(name) {
                self.value(member, of, &place.member(name, &owner));
            }
        }
        zero::settle(self.schema, map, object);
        let schema = self.schema;
        for field in map.fields.iter().filter(|f| f.always) {
            let inner = schema
                .atom(field.of)
                .map
                .as_ref()
                .filter(|m| !m.fields.is_empty());
            if let Some(inner) = inner.filter(|_| !object.contains_key(&field.name)) {
                let mut empty = Object::new();
                self.structure(&mut empty, inner, &place.member(&field.name, &owner));
                object.insert(field.name.clone(), empty);
            }
        }
    }

    fn scalar(
        &mut self,
        value: &mut Value,
        kind: merge::schema::Scalar,
        format: merge::schema::Format,
        place: &Place,
    ) {
        use merge::schema::{Format, Scalar};
        if format == Format::Quantity {
            let text = match &*value {
                Value::String(s) => s.to_string(),
                other => other.to_json(),
            };
            match text.parse::<Quantity>() {
                Ok(quantity) => *value = quantity.to_string().into(),
                Err(_) => self.error = Some(no_quantity(&text).to_owned()),
            }
            return;
        }
        if let Err(why) = readable(value, format) {
            self.error = Some(why);
            return;
        }
        if format == Format::IntOrString && value.as_str().is_none() && value.as_i64().is_none() {
            return self.mismatch(value, "int32", place);
        }
        let fits = match kind {
            Scalar::Numeric => is_whole(value, place),
            Scalar::String => value.as_str().is_some(),
            Scalar::Boolean => value.as_bool().is_some(),
            Scalar::Untyped => true,
        };
        if !fits && format != Format::IntOrString {
            let wanted = match kind {
                Scalar::Numeric => "int32",
                Scalar::Boolean => "bool",
                _ => "string",
            };
            self.mismatch(value, wanted, place);
        }
    }

    fn mismatch(&mut self, value: &Value, wanted: &str, place: &Place) {
        let given = match value {
            Value::Bool(_) => "bool".to_owned(),
            number if number.is_number() && wanted == "int32" => {
                format!("number {}", value.to_json())
            }
            other => other.type_name().to_owned(),
        };
        self.error = Some(format!(
            "json: cannot unmarshal {given} into Go struct field {}.{} of type {wanted}",
            place.owner, place.fields
        ));
    }
}

/// Numbers that may have a fraction: those of schemas.
const FRACTIONS: [&str; 3] = ["maximum", "minimum", "multipleOf"];
/// Numbers of 32 bits that people set; others may have 64.
const SHORT: [&str; 20] = [
    "backoffLimit",
    "completions",
    "containerPort",
    "defaultMode",
    "failureThreshold",
    "hostPort",
    "initialDelaySeconds",
    "maxReplicas",
    "minReadySeconds",
    "minReplicas",
    "nodePort",
    "parallelism",
    "periodSeconds",
    "port",
    "priority",
    "progressDeadlineSeconds",
    "replicas",
    "revisionHistoryLimit",
    "successThreshold",
    "timeoutSeconds",
];

/// Returns true for a number that the field can hold.
fn is_whole(value: &Value, place: &Place) -> bool {
    let name = place.fields.rsplit('.').next().unwrap_or_default();
    if FRACTIONS.contains(&name) {
        return value.is_number();
    }
    match value {
        Value::Int(number) => !SHORT.contains(&name) || i32::try_from(*number).is_ok(),
        Value::Float(number) => number.fract() == 0.0,
        _ => false,
    }
}

/// Says why a text is no quantity.
fn no_quantity(text: &str) -> &'static str {
    let digits = text.trim_start_matches(['+', '-']);
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let suffix = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
    let plain = rest.len() < digits.len() && suffix.chars().all(|c| "eEinumkKMGTP".contains(c));
    if plain {
        "unable to parse quantity's suffix"
    } else {
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    }
}

/// Checks texts that are more than texts, and brings them into their form.
fn readable(value: &mut Value, format: merge::schema::Format) -> std::result::Result<(), String> {
    use base64::Engine as _;
    use merge::schema::Format;
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    match format {
        Format::Time | Format::MicroTime if !text.is_empty() => {
            if text.parse::<jiff::Timestamp>().is_ok() {
                return Ok(());
            }
            let layout = match format {
                Format::Time => "2006-01-02T15:04:05Z07:00",
                _ => "2006-01-02T15:04:05.000000Z07:00",
            };
            let quoted = crate::failure::go_quote(text);
            Err(format!(
                "parsing time {quoted} as \"{layout}\": cannot parse {quoted} as \"2006\""
            ))
        }
        Format::Bytes => {
            let plain: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
            let standard = &base64::engine::general_purpose::STANDARD;
            match standard.decode(&plain) {
                Ok(_) => {
                    if plain.len() != text.len() {
                        *value = plain.into();
                    }
                    Ok(())
                }
                Err(error) => {
                    let at = match error {
                        base64::DecodeError::InvalidByte(at, _)
                        | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                        _ => plain.len(),
                    };
                    Err(format!("illegal base64 data at input byte {at}"))
                }
            }
        }
        _ => Ok(()),
    }
}

/// Returns the name of the Go struct at a place, as far as the fields on the way tell it.
fn go_struct(kind: &str, place: &Place) -> String {
    let last = place.fields.rsplit('.').next().unwrap_or_default();
    let above = place.fields.rsplit('.').nth(1).unwrap_or_default();
    match last {
        "" => kind.to_owned(),
        "metadata" => "ObjectMeta".to_owned(),
        "template" if kind != "PodTemplate" || place.fields == "template" => {
            "PodTemplateSpec".to_owned()
        }
        "jobTemplate" => "JobTemplateSpec".to_owned(),
        "spec" if above == "template" => "PodSpec".to_owned(),
        "spec" if above == "jobTemplate" => "JobSpec".to_owned(),
        "spec" => format!("{kind}Spec"),
        "status" => format!("{kind}Status"),
        "containers" | "initContainers" => "Container".to_owned(),
        "ports" if above == "spec" => "ServicePort".to_owned(),
        "ports" => "ContainerPort".to_owned(),
        "env" => "EnvVar".to_owned(),
        "rules" => "PolicyRule".to_owned(),
        other => {
            let singular = other.strip_suffix('s').unwrap_or(other);
            let mut chars = singular.chars();
            chars
                .next()
                .map(|c| c.to_ascii_uppercase())
                .into_iter()
                .chain(chars)
                .collect()
        }
    }
}

fn go_type(kind: &str, place: &Place) -> String {
    format!("v1.{}", go_struct(kind, place))
}
