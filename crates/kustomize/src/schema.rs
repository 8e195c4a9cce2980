//! Which lists a patch merges and by which keys, and which kinds have no namespace.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use value::Value;

/// Kubernetes' own kinds.
const BUILTIN: &str = include_str!("schema/builtin.txt");

/// References that are followed from one definition to the next.
const REFERENCES_MAX: usize = 64;

/// The number of a type.
pub(crate) type TypeId = usize;

/// How a field holds what it holds.
#[derive(Clone, Debug)]
enum Shape {
    /// An object of a type.
    Object(TypeId),
    /// An object whose members are of a type.
    Map(TypeId),
    /// A list that merges by these keys; by its elements themselves without any.
    List(Arc<[Box<str>]>, Option<TypeId>),
    /// Nothing of interest.
    Opaque,
}

/// What is known of a place in an object.
#[derive(Clone, Debug)]
pub(crate) struct Place(Shape);

/// The types of some kinds.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    kinds: HashMap<(Box<str>, Box<str>), Option<TypeId>>,
    types: Vec<HashMap<Box<str>, Shape>>,
    namespaced: HashMap<(Box<str>, Box<str>), bool>,
}

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Schema::parse(BUILTIN)));

/// Returns true for kinds that are known to have no namespace.
pub(crate) fn is_cluster_scoped(group: &str, version: &str, kind: &str) -> bool {
    // Most kinds can be told by their names alone, without putting the group together.
    static CLUSTER: LazyLock<HashMap<&'static str, Vec<(&'static str, &'static str)>>> =
        LazyLock::new(|| {
            let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
            for ((api_version, kind), namespaced) in &SCHEMA.namespaced {
                if !namespaced {
                    let gv = crate::id::split_api_version(api_version);
                    kinds.entry(kind.as_ref()).or_default().push(gv);
                }
            }
            kinds
        });
    CLUSTER
        .get(kind)
        .is_some_and(|gvs| gvs.contains(&(group, version)))
}

impl Schema {
    /// Returns that of Kubernetes' own kinds.
    pub(crate) fn builtin() -> Arc<Self> {
        Arc::clone(&SCHEMA)
    }

    fn parse(text: &str) -> Self {
        let mut schema = Self::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            match words.next() {
                Some("k") => {
                    let mut word = || words.next().unwrap_or("");
                    let key: (Box<str>, Box<str>) = (word().into(), word().into());
                    match word() {
                        "n" => drop(schema.namespaced.insert(key.clone(), true)),
                        "c" => drop(schema.namespaced.insert(key.clone(), false)),
                        _ => {}
                    }
                    schema.kinds.insert(key, word().parse().ok());
                }
                Some("t") => {
                    let fields = words.map(field).collect();
                    schema.types.push(fields);
                }
                _ => {}
            }
        }
        schema
    }

    /// Returns what is known of objects of a kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<Place> {
        let id = self.kinds.get(&(api_version.into(), kind.into()))?;
        Some(Place(id.map_or(Shape::Opaque, Shape::Object)))
    }

    /// Returns what is known of a member.
    pub(crate) fn field(&self, place: &Place, name: &str) -> Option<Place> {
        match &place.0 {
            Shape::Object(id) => {
                let fields = &self.types[*id];
                let shape = fields.get(name).or_else(|| fields.get("*"))?;
                Some(Place(shape.clone()))
            }
            Shape::Map(id) => Some(Place(Shape::Object(*id))),
            Shape::List(..) | Shape::Opaque => None,
        }
    }

    /// Returns a schema made of an OpenAPI document; it knows Kubernetes' own kinds no longer.
    pub(crate) fn from_openapi(document: &Value) -> Self {
        let mut reader = OpenApi {
            schema: Self::default(),
            definitions: document.get("definitions"),
            ids: HashMap::new(),
        };
        for (name, definition) in members(reader.definitions) {
            for gvk in definition.array_at(&["x-kubernetes-group-version-kind"]) {
                let (group, version) = (gvk.str_at(&["group"]), gvk.str_at(&["version"]));
                let api_version = if group.is_empty() {
                    version.to_owned()
                } else {
                    format!("{group}/{version}")
                };
                let key = (api_version.into(), gvk.str_at(&["kind"]).into());
                let id = reader.definition(name, definition);
                reader.schema.kinds.insert(key, Some(id));
            }
        }
        reader.schema
    }
}

impl Place {
    /// Returns the keys by which a list merges, if it does.
    pub(crate) fn merge_keys(&self) -> Option<&[Box<str>]> {
        match &self.0 {
            Shape::List(keys, _) => Some(keys),
            _ => None,
        }
    }

    /// Returns what is known of the elements of a list.
    pub(crate) fn element(&self) -> Option<Self> {
        match &self.0 {
            Shape::List(_, Some(id)) => Some(Self(Shape::Object(*id))),
            Shape::List(_, None) => Some(Self(Shape::Opaque)),
            _ => None,
        }
    }
}

/// Reads `name>3`, `name{}>3` or `name[key,key]>3`.
fn field(word: &str) -> (Box<str>, Shape) {
    let (word, id) = match word.rsplit_once('>') {
        Some((word, id)) => (word, id.parse().ok()),
        None => (word, None),
    };
    if let Some((name, keys)) = word.split_once('[') {
        let keys = keys.trim_end_matches(']').split(',');
        let keys = keys.filter(|key| !key.is_empty()).map(Into::into).collect();
        return (name.into(), Shape::List(keys, id));
    }
    match (word.strip_suffix("{}"), id) {
        (Some(name), Some(id)) => (name.into(), Shape::Map(id)),
        (None, Some(id)) => (word.into(), Shape::Object(id)),
        _ => (word.into(), Shape::Opaque),
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let object = value.and_then(Value::as_object);
    object
        .into_iter()
        .flat_map(|o| o.iter().map(|(k, v)| (k.as_str(), v)))
}

/// Reads the definitions of an OpenAPI document.
struct OpenApi<'v> {
    schema: Schema,
    definitions: Option<&'v Value>,
    ids: HashMap<&'v str, TypeId>,
}

impl<'v> OpenApi<'v> {
    fn definition(&mut self, name: &'v str, definition: &'v Value) -> TypeId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.schema.types.len();
        self.schema.types.push(HashMap::new());
        self.ids.insert(name, id);
        self.fill(id, definition, 0);
        id
    }

    fn inline(&mut self, definition: &'v Value, depth: usize) -> TypeId {
        let id = self.schema.types.len();
        self.schema.types.push(HashMap::new());
        self.fill(id, definition, depth);
        id
    }

    fn fill(&mut self, id: TypeId, definition: &'v Value, depth: usize) {
        for (name, property) in members(definition.get("properties")) {
            let shape = self.shape(property, depth + 1);
            self.schema.types[id].insert(name.into(), shape);
        }
        if let Some(values) = definition
            .get("additionalProperties")
            .filter(|v| v.is_object())
        {
            let shape = self.shape(values, depth + 1);
            self.schema.types[id].insert("*".into(), shape);
        }
    }

    fn shape(&mut self, property: &'v Value, depth: usize) -> Shape {
        if depth > REFERENCES_MAX {
            return Shape::Opaque;
        }
        if let Some(id) = self.reference(property) {
            return Shape::Object(id);
        }
        if property.str_at(&["type"]) == "array" {
            let strategy = property.str_at(&["x-kubernetes-patch-strategy"]);
            if !strategy.split(',').any(|s| s == "merge") {
                return Shape::Opaque;
            }
            let map_keys = property.array_at(&["x-kubernetes-list-map-keys"]);
            let mut keys: Vec<Box<str>> = map_keys
                .iter()
                .filter_map(|k| Some(k.as_str()?.into()))
                .collect();
            let single = property.str_at(&["x-kubernetes-patch-merge-key"]);
            if keys.is_empty() && !single.is_empty() {
                keys.push(single.into());
            }
            let element = property.get("items").map(|items| {
                self.reference(items)
                    .unwrap_or_else(|| self.inline(items, depth + 1))
            });
            return Shape::List(keys.into(), element);
        }
        Shape::Object(self.inline(property, depth))
    }

    fn reference(&mut self, property: &'v Value) -> Option<TypeId> {
        let name = property
            .get("$ref")?
            .as_str()?
            .strip_prefix("#/definitions/")?;
        let (name, definition) = members(self.definitions).find(|(n, _)| *n == name)?;
        Some(self.definition(name, definition))
    }
}
