//! `.Files`.

use crate::chart::File;
use gotemplate::{Error, Exec, List, ListType, Map, MapType, Method, Str, Type, Value};
use std::sync::Arc;
use value::glob::Glob;

/// `engine.files`.
static FILES: MapType = MapType {
    name: "engine.files",
    element: Type::Bytes,
    named: true,
    methods: &METHODS,
};

/// Returns the files of a chart as templates see them.
pub(super) fn value(files: &[File]) -> Value {
    let members = files
        .iter()
        .map(|f| (f.name.as_str(), Value::Bytes(f.data.clone())));
    Value::Map(Map::new(&FILES, members))
}

type Called = Result<Value, Error>;
type Body = fn(&mut Exec<'_, '_>, &Value, &[Value]) -> Called;

const fn method(name: &'static str, parameters: &'static [Type], call: Body) -> Method {
    Method {
        name,
        parameters,
        call,
    }
}

static METHODS: [Method; 6] = [
    method("Get", &[Type::String], |_, files, a| {
        Ok(Value::Str(
            bytes(files, &a[0]).map(Str::from).unwrap_or_default(),
        ))
    }),
    method("GetBytes", &[Type::String], |_, files, a| {
        Ok(Value::Bytes(bytes(files, &a[0]).unwrap_or_default()))
    }),
    method("Glob", &[Type::String], glob),
    method("AsConfig", &[], |_, files, _| {
        as_yaml(files, |data| data.into())
    }),
    method("AsSecrets", &[], |_, files, _| {
        as_yaml(files, |data| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD
                .encode(data)
                .into()
        })
    }),
    method("Lines", &[Type::String], |_, files, a| {
        let Some(data) = bytes(files, &a[0]) else {
            return Ok(Value::strings(Vec::<Str>::new()));
        };
        if data.is_empty() {
            return Err("runtime error: index out of range [-1]".into());
        }
        let text = data.strip_suffix(b"\n").unwrap_or(&data);
        let lines = text.split(|b| *b == b'\n').map(Value::from).collect();
        Ok(Value::List(List::new(ListType::STRING, lines)))
    }),
];

fn bytes(files: &Value, name: &Value) -> Option<Arc<[u8]>> {
    match files.as_map()?.get(name.as_str()?)? {
        Value::Bytes(data) => Some(data),
        _ => None,
    }
}

fn members(files: &Value) -> Vec<(Str, Arc<[u8]>)> {
    let all = files.as_map().map(Map::to_vec).unwrap_or_default();
    let data = |v| match v {
        Value::Bytes(data) => data,
        _ => Arc::default(),
    };
    all.into_iter().map(|(name, v)| (name, data(v))).collect()
}

fn glob(_: &mut Exec<'_, '_>, files: &Value, a: &[Value]) -> Called {
    let pattern = a[0]
        .as_str()
        .map(|p| p.lossy().into_owned())
        .unwrap_or_default();
    // A pattern that can't be read stands for everything.
    let glob = Glob::new(&pattern, &['/']).ok();
    let matches = |name: &Str| glob.as_ref().is_none_or(|g| g.matches(&name.lossy()));
    let found = members(files).into_iter().filter(|(name, _)| matches(name));
    Ok(Value::Map(Map::new(
        &FILES,
        found.map(|(name, data)| (name, Value::Bytes(data))),
    )))
}

/// The files as a YAML map by their bare names.
fn as_yaml(files: &Value, text: impl Fn(&[u8]) -> Value) -> Called {
    let members = members(files);
    let named = members.iter().map(|(name, data)| {
        let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
        (base, text(data))
    });
    let tree = Value::map(named).to_tree()?;
    let Ok(mut text) = yaml::to_yaml_through_json(&tree) else {
        return Ok("".into());
    };
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text.into())
}
