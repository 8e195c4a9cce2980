//! What templates see besides values and files.

use super::{Release, record};
use crate::chart::Metadata;
use crate::compat::Compat;
use gotemplate::{Error, Exec, Kind, ListType, Map, MapType, Method, Str, Type, Value};

/// `common.Values`.
static VALUES: &MapType = &MapType {
    name: "common.Values",
    element: Type::Interface,
    named: true,
    methods: &VALUES_METHODS,
};

/// `chartutil.Values`, as it was called in Helm 3.
static VALUES_3: &MapType = &MapType {
    name: "chartutil.Values",
    element: Type::Interface,
    named: true,
    methods: &VALUES_METHODS,
};

/// Returns the type of `.Values`.
pub(super) fn values_type(compat: Compat) -> &'static MapType {
    match compat {
        Compat::V4 => VALUES,
        Compat::V3 => VALUES_3,
    }
}

/// Returns the type of `.Capabilities.APIVersions`.
pub(super) fn versions_type(compat: Compat) -> &'static ListType {
    match compat {
        Compat::V4 => VERSIONS,
        Compat::V3 => VERSIONS_3,
    }
}

/// `chartutil.VersionSet`, as it was called in Helm 3.
static VERSIONS_3: &ListType = &ListType {
    name: "chartutil.VersionSet",
    element: Type::String,
    named: true,
    methods: &VERSIONS_METHODS,
};

/// `common.VersionSet`.
static VERSIONS: &ListType = &ListType {
    name: "common.VersionSet",
    element: Type::String,
    named: true,
    methods: &VERSIONS_METHODS,
};

/// What Helm calls the type of its own version.
pub(super) const BUILD: &str = "version.BuildInfo";

type Called = Result<Value, Error>;
type Body = fn(&mut Exec<'_, '_>, &Value, &[Value]) -> Called;

const fn method(name: &'static str, parameters: &'static [Type], call: Body) -> Method {
    Method {
        name,
        parameters,
        call,
    }
}

static VERSIONS_METHODS: [Method; 1] = [method("Has", &[Type::String], |_, versions, a| {
    let wanted = a[0].as_str().cloned().unwrap_or_default();
    let found = match versions {
        Value::List(list) => list.with(|items| items.iter().any(|v| v.as_str() == Some(&wanted))),
        _ => false,
    };
    Ok(found.into())
})];

/// An `io.Writer`, which no template has.
const WRITER: Type = Type::Object("io.Writer", Kind::Interface);

static VALUES_METHODS: [Method; 5] = [
    method("AsMap", &[], |_, values, _| Ok(as_map(values))),
    method("YAML", &[], |_, values, _| {
        let tree = values.to_tree().map_err(Error::new)?;
        let text = yaml::to_yaml_through_json(&tree).map_err(|e| Error::new(e.message()))?;
        Ok(text.into())
    }),
    method("Table", &[Type::String], |_, values, a| {
        let path = a[0]
            .as_str()
            .map(|p| p.lossy().into_owned())
            .unwrap_or_default();
        Ok(Value::Map(
            table(values, &path)?.with_type(own_type(values)),
        ))
    }),
    method("PathValue", &[Type::String], path_value),
    method("Encode", &[WRITER], |_, _, _| {
        Err("runtime error: invalid memory address or nil pointer dereference".into())
    }),
];

fn own_type(values: &Value) -> &'static MapType {
    match values {
        Value::Map(map) => map.map_type(),
        _ => VALUES,
    }
}

fn as_map(values: &Value) -> Value {
    match values {
        Value::Map(map) if !map.is_empty() => Value::Map(map.with_type(MapType::ANY)),
        _ => Value::map(Vec::<(Str, Value)>::new()),
    }
}

fn is_table(value: &Value) -> bool {
    matches!(value, Value::Map(map) if *map.map_type() == *MapType::ANY)
}

fn table(values: &Value, path: &str) -> Result<Map, Error> {
    let mut current = values.as_map().cloned().ok_or("no table")?;
    for name in path.split('.') {
        let inner = match current.get(name.as_bytes()) {
            Some(Value::Map(map))
                if is_table(&Value::Map(map.clone()))
                    || *map.map_type() == *VALUES
                    || *map.map_type() == *VALUES_3 =>
            {
                Some(map)
            }
            _ => None,
        };
        current = inner.ok_or_else(|| Error::new(format!("{name:?} is not a table")))?;
    }
    Ok(current)
}

fn path_value(_: &mut Exec<'_, '_>, values: &Value, a: &[Value]) -> Called {
    let path = a[0]
        .as_str()
        .map(|p| p.lossy().into_owned())
        .unwrap_or_default();
    if path.is_empty() {
        return Err("YAML path cannot be empty".into());
    }
    let (tables, key) = match path.rsplit_once('.') {
        Some((tables, key)) => (table(values, tables).ok(), key),
        None => (values.as_map().cloned(), path.as_str()),
    };
    let found = tables
        .and_then(|t| t.get(key.as_bytes()))
        .filter(|v| !is_table(v));
    found.ok_or_else(|| Error::new(format!("{key:?} is not a value")))
}

/// `.Release`.
pub(super) fn release(release: &Release) -> Value {
    Value::map([
        ("Name", Value::from(release.name.as_str())),
        ("Namespace", Value::from(release.namespace.as_str())),
        ("IsUpgrade", release.is_upgrade.into()),
        ("IsInstall", (!release.is_upgrade).into()),
        ("Revision", Value::int(release.revision)),
        ("Service", Value::from("Helm")),
    ])
}

fn strings(items: &[String]) -> Value {
    Value::list(items.iter().map(|s| Value::from(s.as_str())).collect())
}

/// `.Chart`.
pub(super) fn chart(metadata: &Metadata, is_root: bool, compat: Compat) -> Value {
    if compat == Compat::V3 {
        return record::chart(metadata, is_root);
    }
    let text = |s: &String| Value::from(s.as_str());
    let maintainers = metadata.maintainers.iter().map(|m| {
        Value::map([
            ("Name", text(&m.name)),
            ("Email", text(&m.email)),
            ("URL", text(&m.url)),
        ])
    });
    let dependencies = metadata.dependencies.iter().map(|d| {
        Value::map([
            ("Name", text(&d.name)),
            ("Version", text(&d.version)),
            ("Repository", text(&d.repository)),
            ("Condition", text(&d.condition)),
            ("Tags", strings(&d.tags)),
            ("Enabled", d.enabled.into()),
            (
                "ImportValues",
                Value::list(d.import_values.iter().map(Value::from_tree).collect()),
            ),
            ("Alias", text(&d.alias)),
        ])
    });
    let annotations = match &metadata.annotations {
        Some(annotations) => {
            let members = annotations.iter().map(|(k, v)| (k.as_str(), text(v)));
            Map::new(MapType::STRING, members)
        }
        None => Map::nil(MapType::STRING),
    };
    Value::map([
        ("Name", text(&metadata.name)),
        ("Home", text(&metadata.home)),
        ("Sources", strings(&metadata.sources)),
        ("Version", text(&metadata.version)),
        ("Description", text(&metadata.description)),
        ("Keywords", strings(&metadata.keywords)),
        ("Maintainers", Value::list(maintainers.collect())),
        ("Icon", text(&metadata.icon)),
        ("APIVersion", text(&metadata.api_version)),
        ("Condition", text(&metadata.condition)),
        ("Tags", text(&metadata.tags)),
        ("AppVersion", text(&metadata.app_version)),
        ("Deprecated", metadata.deprecated.into()),
        ("Annotations", Value::Map(annotations)),
        ("KubeVersion", text(&metadata.kube_version)),
        ("Dependencies", Value::list(dependencies.collect())),
        ("Type", text(&metadata.chart_type)),
        ("IsRoot", is_root.into()),
    ])
}
