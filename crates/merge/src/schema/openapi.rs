//! Reading a schema from an OpenAPI document, version 2 or 3, as API servers publish it.

use super::{Atom, Field, Format, List, Map, Patch, Scalar, Schema, SchemaError, TypeId};
use value::{Key, Object, Value};

/// How deep inline types may nest: as deep as any real custom resource, and no stack overflow.
const DEPTH_MAX: usize = 128;

impl Schema {
    /// Reads the types of an OpenAPI document and the kinds that they describe.
    ///
    /// # Errors
    ///
    /// If the types nest too deeply.
    pub fn from_openapi(document: &Value) -> Result<Self, SchemaError> {
        let mut reader = Reader::default();
        let definitions = document
            .get("definitions")
            .or_else(|| document.at(&["components", "schemas"]))
            .and_then(Value::as_object);
        let definitions = definitions.into_iter().flatten();
        for (name, definition) in definitions {
            let id = reader.named(name);
            let atom = reader.definition(name, definition)?;
            reader.schema.set(id, atom);
            for gvk in definition.array_at(&["x-kubernetes-group-version-kind"]) {
                let (group, version) = (gvk.str_at(&["group"]), gvk.str_at(&["version"]));
                let slash = if group.is_empty() { "" } else { "/" };
                let kind = gvk.str_at(&["kind"]);
                let name = format!("{group}{slash}{version}/{kind}");
                reader.schema.kinds.insert(name.into(), id);
            }
        }
        reader.finish();
        Ok(reader.schema)
    }

    /// Returns the types of a custom resource definition: one kind in each of its versions.
    /// A version without a schema is not known.
    ///
    /// # Errors
    ///
    /// If the types nest too deeply.
    pub fn from_crd(definition: &Value) -> Result<Self, SchemaError> {
        let mut reader = Reader::default();
        let group = definition.str_at(&["spec", "group"]);
        let kind = definition.str_at(&["spec", "names", "kind"]);
        reader.metadata = reader.schema.import(super::builtin(), OBJECT_META);
        for version in definition.array_at(&["spec", "versions"]) {
            let Some(schema) = version.at(&["schema", "openAPIV3Schema"]) else {
                continue;
            };
            let mut atom = reader.atom(schema, Context::default())?;
            reader.add_type_and_metadata(&mut atom);
            let id = reader.schema.reserve();
            reader.schema.set(id, atom);
            let name = format!("{group}/{}/{kind}", version.str_at(&["name"]));
            reader.schema.kinds.insert(name.into(), id);
        }
        reader.finish();
        Ok(reader.schema)
    }
}

/// The type of `metadata`.
const OBJECT_META: &str = "meta.v1.ObjectMeta";

/// How documents begin the names of the packages of built-in types, and what is left of that.
const PACKAGES: [(&str, &str); 5] = [
    ("io.k8s.api.", ""),
    ("io.k8s.apimachinery.pkg.apis.", ""),
    ("io.k8s.apimachinery.pkg.", "pkg."),
    ("io.k8s.apiextensions-apiserver.pkg.apis.", ""),
    ("io.k8s.kube-aggregator.pkg.apis.", ""),
];

/// Shortens the name of a type in a document: `core.v1.Pod`.
fn short(name: &str) -> String {
    PACKAGES
        .iter()
        .find_map(|(long, short)| Some(format!("{short}{}", name.strip_prefix(long)?)))
        .unwrap_or_else(|| name.to_owned())
}

impl Field {
    pub(super) fn new(name: &str, of: TypeId) -> Self {
        Self {
            name: Key::new(name),
            of,
            default: None,
            patch: None,
            always: false,
            empty: super::Empty::Kept,
        }
    }
}

pub(super) const fn scalar(scalar: Scalar, format: Format) -> Atom {
    Atom {
        scalar: Some(scalar),
        list: None,
        map: None,
        format,
    }
}

/// What a type inherits from where it stands.
#[derive(Clone, Copy, Default)]
struct Context {
    depth: usize,
    /// Members that are not declared are kept.
    preserve_unknown: bool,
}

impl Context {
    fn below(self) -> Result<Self, SchemaError> {
        if self.depth >= DEPTH_MAX {
            return Err(SchemaError::Depth);
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

#[derive(Default)]
struct Reader {
    schema: Schema,
    /// Overridden references: the copy, the original, atomic or not.
    overrides: Vec<(TypeId, TypeId, bool)>,
    /// The type of `metadata` in custom resources.
    metadata: Option<TypeId>,
}

impl Reader {
    /// Gives a custom resource, or one inside of it, what every object has.
    fn add_type_and_metadata(&mut self, atom: &mut Atom) {
        let (Some(map), Some(metadata)) = (&mut atom.map, self.metadata) else {
            return;
        };
        let text = self.schema.reserve();
        self.schema.set(text, scalar(Scalar::String, Format::Plain));
        let mut fields = std::mem::take(&mut map.fields).into_vec();
        for (name, of) in [("apiVersion", text), ("kind", text), ("metadata", metadata)] {
            fields.retain(|f| f.name.as_str() != name);
            fields.push(Field::new(name, of));
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        map.fields = fields.into();
    }

    /// Returns the type with a name as documents have it, perhaps marked as overridden.
    fn named(&mut self, name: &str) -> TypeId {
        let plain = name.trim_start_matches(['~', '+']);
        let name = format!("{}{}", &name[..name.len() - plain.len()], short(plain));
        if let Some(id) = self.schema.named(&name) {
            return id;
        }
        let id = self.schema.reserve();
        self.schema.names.insert(name.into(), id);
        id
    }

    /// Reads a named type; some are known by their name.
    fn definition(&mut self, name: &str, definition: &Value) -> Result<Atom, SchemaError> {
        let well_known = |suffix: &str| name.ends_with(suffix);
        if well_known(".api.resource.Quantity") {
            return Ok(scalar(Scalar::Untyped, Format::Quantity));
        }
        if well_known(".runtime.RawExtension") {
            return Ok(self.schema.atom(TypeId::ATOMIC).clone());
        }
        if well_known(".apis.meta.v1.Time") {
            return Ok(scalar(Scalar::Untyped, Format::Time));
        }
        if well_known(".apis.meta.v1.MicroTime") {
            return Ok(scalar(Scalar::Untyped, Format::MicroTime));
        }
        self.atom(definition, Context::default())
    }

    /// Returns the type of a property, of items or of additional properties.
    fn reference(&mut self, of: &Value, context: Context) -> Result<TypeId, SchemaError> {
        let target = of.get("$ref").or_else(|| match of.array_at(&["allOf"]) {
            [one] => one.get("$ref"),
            _ => None,
        });
        let Some(target) = target.and_then(Value::as_str) else {
            let atom = self.atom(of, context.below()?)?;
            let id = self.schema.reserve();
            self.schema.set(id, atom);
            return Ok(id);
        };
        let name = target.rsplit('/').next().unwrap_or(target);
        let id = self.named(name);
        let atomic = match of.str_at(&["x-kubernetes-map-type"]) {
            "" => return Ok(id),
            map_type => map_type == "atomic",
        };
        let mark = if atomic { '~' } else { '+' };
        let copy = self.named(&format!("{mark}{name}"));
        self.overrides.push((copy, id, atomic));
        Ok(copy)
    }

    fn atom(&mut self, of: &Value, mut context: Context) -> Result<Atom, SchemaError> {
        if of
            .get("x-kubernetes-preserve-unknown-fields")
            .and_then(Value::as_bool)
            == Some(true)
        {
            context.preserve_unknown = true;
        }
        let int_or_string = of
            .get("x-kubernetes-int-or-string")
            .and_then(Value::as_bool)
            == Some(true);
        if int_or_string {
            return Ok(scalar(Scalar::Untyped, Format::IntOrString));
        }
        Ok(match of.str_at(&["type"]) {
            "string" => match of.str_at(&["format"]) {
                "" => scalar(Scalar::String, Format::Plain),
                "byte" => scalar(Scalar::String, Format::Bytes),
                "int-or-string" => scalar(Scalar::Untyped, Format::IntOrString),
                _ => scalar(Scalar::Untyped, Format::Plain),
            },
            "integer" | "number" => scalar(Scalar::Numeric, Format::Plain),
            "boolean" => scalar(Scalar::Boolean, Format::Plain),
            "array" => self.list(of, context)?,
            "object" => self.map(of, context)?,
            _ if context.preserve_unknown => self.schema.atom(TypeId::DEDUCED).clone(),
            _ => self.schema.atom(TypeId::ATOMIC).clone(),
        })
    }

    fn list(&mut self, of: &Value, context: Context) -> Result<Atom, SchemaError> {
        let element = match of.get("items") {
            Some(items) => self.reference(items, context)?,
            None => TypeId::ATOMIC,
        };
        let merge_key = of.str_at(&["x-kubernetes-patch-merge-key"]);
        let strategy = of.str_at(&["x-kubernetes-patch-strategy"]);
        let (associative, keys): (bool, Vec<&str>) = match of.str_at(&["x-kubernetes-list-type"]) {
            "map" => {
                let keys = of.array_at(&["x-kubernetes-list-map-keys"]).iter();
                (true, keys.filter_map(Value::as_str).collect())
            }
            "set" => (true, Vec::new()),
            // Older types only say how they are patched.
            "" if strategy.split(',').any(|s| s == "merge") && !strategy.contains("retainKeys") => {
                let keys = (!merge_key.is_empty()).then_some(merge_key);
                (true, keys.into_iter().collect())
            }
            _ => (false, Vec::new()),
        };
        Ok(Atom {
            list: Some(List {
                element,
                associative,
                keys: keys.into_iter().map(Key::new).collect(),
            }),
            ..Atom::default()
        })
    }

    fn map(&mut self, of: &Value, context: Context) -> Result<Atom, SchemaError> {
        let mut fields = Vec::new();
        let properties = of.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            fields.push(Field {
                name: name.clone(),
                of: self.reference(property, context)?,
                default: property
                    .get("default")
                    .filter(|d| !matches!(d, Value::Null | Value::Array(_) | Value::Object(_)))
                    .cloned(),
                patch: patch(property),
                // Version 2 and 3 documents say so of structs; slices without omission are required.
                always: property
                    .get("default")
                    .is_some_and(|d| d.as_object().is_some_and(Object::is_empty)),
                empty: super::Empty::Kept,
            });
        }
        let element = match of.get("additionalProperties") {
            Some(Value::Bool(true)) => Some(TypeId::DEDUCED),
            Some(element @ Value::Object(_)) => Some(self.reference(element, context)?),
            _ if fields.is_empty() || context.preserve_unknown => Some(TypeId::DEDUCED),
            _ => None,
        };
        let mut atom = Atom {
            map: Some(Map {
                fields: fields.into(),
                element,
                atomic: of.str_at(&["x-kubernetes-map-type"]) == "atomic",
            }),
            ..Atom::default()
        };
        let embedded = of.get("x-kubernetes-embedded-resource");
        if embedded.and_then(Value::as_bool) == Some(true) {
            self.add_type_and_metadata(&mut atom);
        }
        Ok(atom)
    }

    /// Fills in the overridden copies, now that every type is there.
    fn finish(&mut self) {
        for (copy, original, atomic) in &self.overrides {
            let mut atom = self.schema.atom(*original).clone();
            atom.override_relationship(if *atomic { "atomic" } else { "separable" });
            self.schema.set(*copy, atom);
        }
    }
}

/// Returns how a strategic merge patch treats a property.
fn patch(property: &Value) -> Option<Box<Patch>> {
    let strategy = property.str_at(&["x-kubernetes-patch-strategy"]);
    let merge_key = property.str_at(&["x-kubernetes-patch-merge-key"]);
    let patch = Patch {
        merge: strategy.split(',').any(|s| s == "merge"),
        replace: strategy.split(',').any(|s| s == "replace"),
        retain_keys: strategy.split(',').any(|s| s == "retainKeys"),
        merge_key: (!merge_key.is_empty()).then(|| Key::new(merge_key)),
    };
    (patch != Patch::default()).then(|| Box::new(patch))
}

impl Schema {
    /// Copies a named type and all that it needs from another schema.
    fn import(&mut self, from: &Self, name: &str) -> Option<TypeId> {
        let root = from.named(name)?;
        let mut known = std::collections::HashMap::from([
            (TypeId::ATOMIC, TypeId::ATOMIC),
            (TypeId::DEDUCED, TypeId::DEDUCED),
        ]);
        let mut todo = vec![root];
        let mut copy = |id: TypeId, todo: &mut Vec<TypeId>, schema: &mut Self| {
            *known.entry(id).or_insert_with(|| {
                todo.push(id);
                schema.reserve()
            })
        };
        todo.clear();
        let target = copy(root, &mut todo, self);
        while let Some(id) = todo.pop() {
            let mut atom = from.atom(id).clone();
            if let Some(list) = &mut atom.list {
                list.element = copy(list.element, &mut todo, self);
            }
            if let Some(map) = &mut atom.map {
                map.element = map.element.map(|e| copy(e, &mut todo, self));
                for field in &mut map.fields {
                    field.of = copy(field.of, &mut todo, self);
                }
            }
            let id = copy(id, &mut todo, self);
            self.set(id, atom);
        }
        Some(target)
    }
}
