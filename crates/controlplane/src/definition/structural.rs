//! Structural schemas: the tree behind pruning, defaulting and validation.

use regex::Regex;
use value::{Key, Value};

/// How deep schemas may nest: as deep as any real one, and no stack overflow.
const DEPTH_MAX: usize = 128;
/// Bytes that a compiled pattern may take; patterns come from users.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A schema nests too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the schema nests more than {DEPTH_MAX} levels deep")]
pub(crate) struct TooDeep;

/// What members beside the declared ones may be.
#[derive(Debug, Clone, Default)]
pub(super) enum Additional {
    /// There are none.
    #[default]
    None,
    /// Anything.
    Any,
    /// What this schema says.
    Schema(Box<Structural>),
}

/// A list in which items are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum ListType {
    /// One value.
    #[default]
    Atomic,
    /// Scalars that are there once.
    Set,
    /// Objects told apart by these fields.
    Map(Vec<Key>),
}

/// One node of a schema. The same type serves inside `allOf` and its like, where only the rules
/// for values count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structural {
    /// The type, empty if there is none.
    pub(super) kind: String,
    pub(super) format: String,
    pub(super) nullable: bool,
    pub(super) int_or_string: bool,
    pub(super) preserve_unknown: bool,
    pub(super) embedded: bool,
    pub(super) default: Option<Value>,
    /// Sorted by name.
    pub(super) properties: Vec<(Key, Structural)>,
    pub(super) additional: Additional,
    pub(super) items: Option<Box<Structural>>,
    pub(super) list_type: ListType,
    pub(super) required: Vec<String>,
    pub(super) allowed: Vec<Value>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    pub(super) multiple_of: Option<f64>,
    pub(super) length_min: Option<usize>,
    pub(super) length_max: Option<usize>,
    pub(super) items_min: Option<usize>,
    pub(super) items_max: Option<usize>,
    pub(super) unique_items: bool,
    pub(super) properties_min: Option<usize>,
    pub(super) properties_max: Option<usize>,
    /// The text of the pattern, and what it compiles to if it is one that is understood.
    pub(super) pattern: Option<(String, Option<Regex>)>,
    pub(super) all_of: Vec<Structural>,
    pub(super) any_of: Vec<Structural>,
    pub(super) one_of: Vec<Structural>,
    pub(super) not: Option<Box<Structural>>,
}

impl Structural {
    /// Returns the schema of a version that has none.
    pub(super) fn anything() -> Self {
        Self {
            kind: "object".to_owned(),
            preserve_unknown: true,
            ..Self::default()
        }
    }

    /// Reads a schema.
    pub(crate) fn parse(schema: &Value) -> Result<Self, TooDeep> {
        Self::node(schema, 0)
    }

    fn node(schema: &Value, depth: usize) -> Result<Self, TooDeep> {
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        let below = |schema: &Value| Self::node(schema, depth + 1);
        let flag = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
        let number = |name: &str| schema.get(name).and_then(Value::as_f64);
        let count = |name: &str| {
            let count = schema.get(name).and_then(Value::as_i64)?;
            usize::try_from(count).ok()
        };
        let each = |name: &str| -> Result<Vec<Self>, TooDeep> {
            schema.array_at(&[name]).iter().map(below).collect()
        };
        let boxed = |name: &str| -> Result<Option<Box<Self>>, TooDeep> {
            let inner = schema.get(name).filter(|s| s.is_object());
            Ok(inner.map(below).transpose()?.map(Box::new))
        };
        let mut properties = Vec::new();
        let declared = schema.get("properties").and_then(Value::as_object);
        for (name, property) in declared.into_iter().flatten() {
            properties.push((name.clone(), below(property)?));
        }
        properties.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        let additional = match schema.get("additionalProperties") {
            Some(Value::Bool(true)) => Additional::Any,
            Some(inner @ Value::Object(_)) => Additional::Schema(Box::new(below(inner)?)),
            _ => Additional::None,
        };
        let texts = |name: &str| {
            let items = schema.array_at(&[name]).iter();
            items.filter_map(Value::as_str)
        };
        let list_type = match schema.str_at(&["x-kubernetes-list-type"]) {
            "set" => ListType::Set,
            "map" => ListType::Map(texts("x-kubernetes-list-map-keys").map(Key::new).collect()),
            _ => ListType::Atomic,
        };
        let pattern = Some(schema.str_at(&["pattern"])).filter(|p| !p.is_empty());
        Ok(Self {
            kind: schema.str_at(&["type"]).to_owned(),
            format: schema.str_at(&["format"]).to_owned(),
            nullable: flag("nullable"),
            int_or_string: flag("x-kubernetes-int-or-string"),
            preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
            embedded: flag("x-kubernetes-embedded-resource"),
            default: schema.get("default").cloned(),
            properties,
            additional,
            items: boxed("items")?,
            list_type,
            required: texts("required").map(str::to_owned).collect(),
            allowed: schema.array_at(&["enum"]).to_vec(),
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: flag("exclusiveMinimum"),
            exclusive_maximum: flag("exclusiveMaximum"),
            multiple_of: number("multipleOf").filter(|m| *m > 0.0),
            length_min: count("minLength"),
            length_max: count("maxLength"),
            items_min: count("minItems"),
            items_max: count("maxItems"),
            unique_items: flag("uniqueItems"),
            properties_min: count("minProperties"),
            properties_max: count("maxProperties"),
            pattern: pattern.map(|p| (p.to_owned(), compile(p))),
            all_of: each("allOf")?,
            any_of: each("anyOf")?,
            one_of: each("oneOf")?,
            not: boxed("not")?,
        })
    }

    /// Returns the schema of a declared member.
    pub(super) fn property(&self, name: &str) -> Option<&Self> {
        self.properties
            .binary_search_by(|(n, _)| n.as_str().cmp(name))
            .ok()
            .map(|i| &self.properties[i].1)
    }

    /// Returns the schema of a member, declared or not.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.property(name).or(match &self.additional {
            Additional::Schema(schema) => Some(schema.as_ref()),
            _ => None,
        })
    }

    /// Returns true for a `null` that the schema doesn't allow.
    pub(super) fn refuses_null(&self, value: &Value) -> bool {
        value.is_null() && !self.nullable
    }
}

/// Compiles a pattern. What is not understood (the syntaxes are not quite the same) matches all.
fn compile(pattern: &str) -> Option<Regex> {
    regex::RegexBuilder::new(pattern)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
        .ok()
}

/// Returns the path of a member.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
