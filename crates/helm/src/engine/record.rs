//! `.Chart` as it is in Helm 3: a struct, not a map.

use crate::chart::Metadata;
use gotemplate::{Kind, List, ListType, Map, MapType, Object, Type, Value};
use std::any::Any;
use std::rc::Rc;

const MAINTAINER: &str = "*chart.Maintainer";
const DEPENDENCY: &str = "*chart.Dependency";

static MAINTAINERS: ListType = ListType {
    name: "[]*chart.Maintainer",
    element: Type::Object(MAINTAINER, Kind::Ptr),
    named: false,
    methods: &[],
};
static DEPENDENCIES: ListType = ListType {
    name: "[]*chart.Dependency",
    element: Type::Object(DEPENDENCY, Kind::Ptr),
    named: false,
    methods: &[],
};

/// A struct: fields by their names in Go and in JSON.
struct Record {
    type_name: &'static str,
    kind: Kind,
    fields: Vec<Field>,
    /// A struct whose fields are fields of this one, too.
    embedded: Option<(&'static str, Rc<Self>)>,
}

struct Field {
    name: &'static str,
    json: &'static str,
    /// JSON has it even if it is empty.
    always: bool,
    value: Value,
}

const fn field(name: &'static str, json: &'static str, value: Value) -> Field {
    Field {
        name,
        json,
        always: false,
        value,
    }
}

impl Record {
    fn members(&self) -> Vec<(&'static str, Value)> {
        let own = self.fields.iter().filter(|f| f.always || f.value.truth());
        let own = own.map(|f| (f.json, f.value.clone()));
        let embedded = self.embedded.iter().flat_map(|(_, inner)| inner.members());
        embedded.chain(own).collect()
    }

    fn values(&self) -> String {
        let embedded = self.embedded.iter().map(|(_, inner)| inner.text());
        let own = self
            .fields
            .iter()
            .map(|f| gotemplate::text_of(&f.value).to_string());
        embedded.chain(own).collect::<Vec<_>>().join(" ")
    }
}

impl Object for Record {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn field(&self, name: &str) -> Option<Value> {
        if let Some(field) = self.fields.iter().find(|f| f.name == name) {
            return Some(field.value.clone());
        }
        let (own, inner) = self.embedded.as_ref()?;
        if *own == name {
            return Some(Value::Object(Rc::clone(inner) as Rc<dyn Object>));
        }
        inner.field(name)
    }

    fn text(&self) -> String {
        let pointer = if self.kind == Kind::Ptr { "&" } else { "" };
        format!("{pointer}{{{}}}", self.values())
    }

    fn json(&self) -> Option<Value> {
        Some(Value::map(self.members()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.type_name() == self.type_name && other.text() == self.text()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn strings(items: &[String]) -> Value {
    Value::strings(items.iter().map(String::as_str))
}

fn pointer(type_name: &'static str, fields: Vec<Field>) -> Value {
    Value::Object(Rc::new(Record {
        type_name,
        kind: Kind::Ptr,
        fields,
        embedded: None,
    }))
}

/// Returns `.Chart`.
pub(super) fn chart(metadata: &Metadata, is_root: bool) -> Value {
    let text = |s: &String| Value::from(s.as_str());
    let maintainers = metadata.maintainers.iter().map(|m| {
        let fields = vec![
            field("Name", "name", text(&m.name)),
            field("Email", "email", text(&m.email)),
            field("URL", "url", text(&m.url)),
        ];
        pointer(MAINTAINER, fields)
    });
    let dependencies = metadata.dependencies.iter().map(|d| {
        let imports = d.import_values.iter().map(Value::from_tree).collect();
        let mut fields = vec![
            field("Name", "name", text(&d.name)),
            field("Version", "version", text(&d.version)),
            field("Repository", "repository", text(&d.repository)),
            field("Condition", "condition", text(&d.condition)),
            field("Tags", "tags", strings(&d.tags)),
            field("Enabled", "enabled", d.enabled.into()),
            field("ImportValues", "import-values", Value::list(imports)),
            field("Alias", "alias", text(&d.alias)),
        ];
        fields[0].always = true;
        fields[2].always = true;
        pointer(DEPENDENCY, fields)
    });
    let annotations = match &metadata.annotations {
        Some(annotations) => {
            let members = annotations.iter().map(|(k, v)| (k.as_str(), text(v)));
            Map::new(MapType::STRING, members)
        }
        None => Map::nil(MapType::STRING),
    };
    let list = |list_type, items: Vec<Value>| Value::List(List::new(list_type, items));
    let metadata = Record {
        type_name: "chart.Metadata",
        kind: Kind::Struct,
        fields: vec![
            field("Name", "name", text(&metadata.name)),
            field("Home", "home", text(&metadata.home)),
            field("Sources", "sources", strings(&metadata.sources)),
            field("Version", "version", text(&metadata.version)),
            field("Description", "description", text(&metadata.description)),
            field("Keywords", "keywords", strings(&metadata.keywords)),
            field(
                "Maintainers",
                "maintainers",
                list(&MAINTAINERS, maintainers.collect()),
            ),
            field("Icon", "icon", text(&metadata.icon)),
            field("APIVersion", "apiVersion", text(&metadata.api_version)),
            field("Condition", "condition", text(&metadata.condition)),
            field("Tags", "tags", text(&metadata.tags)),
            field("AppVersion", "appVersion", text(&metadata.app_version)),
            field("Deprecated", "deprecated", metadata.deprecated.into()),
            field("Annotations", "annotations", Value::Map(annotations)),
            field("KubeVersion", "kubeVersion", text(&metadata.kube_version)),
            field(
                "Dependencies",
                "dependencies",
                list(&DEPENDENCIES, dependencies.collect()),
            ),
            field("Type", "type", text(&metadata.chart_type)),
        ],
        embedded: None,
    };
    let mut root = field("IsRoot", "IsRoot", is_root.into());
    root.always = true;
    Value::Object(Rc::new(Record {
        type_name: "struct { chart.Metadata; IsRoot bool }",
        kind: Kind::Struct,
        fields: vec![root],
        embedded: Some(("Metadata", Rc::new(metadata))),
    }))
}
