//! Fields that differ between a live object and what a dry run says it would become.

use engine::FieldDiff;
use value::Value;

/// Members of `metadata` that the server owns and that change with every write.
const SERVER_METADATA: &[&str] = &[
    "managedFields",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "uid",
    "selfLink",
];
/// Differences that are listed; an object that differs in more is told by its first ones.
const FIELDS_MAX: usize = 50;

/// Returns the fields that differ between the live object and what it would become, without those
/// that the server owns.
#[must_use]
pub fn difference(live: &Value, after: &Value) -> Vec<FieldDiff> {
    let mut fields = Vec::new();
    let names = |v: &Value| -> Vec<String> {
        v.as_object()
            .map(|o| o.keys().map(ToString::to_string).collect())
            .unwrap_or_default()
    };
    let mut members = names(live);
    members.extend(names(after));
    members.sort();
    members.dedup();
    for name in members.iter().filter(|n| *n != "status") {
        let (a, b) = (live.get(name), after.get(name));
        if name == "metadata" {
            metadata(a, b, &mut fields);
        } else {
            walk(name, a, b, &mut fields);
        }
    }
    fields.truncate(FIELDS_MAX);
    fields
}

fn metadata(live: Option<&Value>, after: Option<&Value>, fields: &mut Vec<FieldDiff>) {
    let strip = |v: Option<&Value>| {
        let mut v = v.cloned().unwrap_or_else(Value::object);
        if let Some(object) = v.as_object_mut() {
            object.retain(|name, _| !SERVER_METADATA.contains(&name.as_str()));
        }
        v
    };
    walk("metadata", Some(&strip(live)), Some(&strip(after)), fields);
}

fn walk(path: &str, live: Option<&Value>, after: Option<&Value>, fields: &mut Vec<FieldDiff>) {
    match (live, after) {
        (Some(a), Some(b)) if a.equivalent(b) => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut names: Vec<&str> = a.keys().chain(b.keys()).map(value::Key::as_str).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                walk(&join(path, name), a.get(name), b.get(name), fields);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if named(a) && named(b) => {
            let name_of = |v: &Value| v.str_at(&["name"]).to_owned();
            let mut names: Vec<String> = a.iter().chain(b).map(name_of).collect();
            let mut seen = std::collections::HashSet::new();
            names.retain(|n| seen.insert(n.clone()));
            for name in names {
                let find =
                    |list: &'_ [Value]| list.iter().position(|v| v.str_at(&["name"]) == name);
                walk(
                    &format!("{path}[name={name:?}]"),
                    find(a).map(|i| &a[i]),
                    find(b).map(|i| &b[i]),
                    fields,
                );
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                walk(&format!("{path}[{i}]"), a.get(i), b.get(i), fields);
            }
        }
        (a, b) => fields.push(FieldDiff {
            path: path.to_owned(),
            git: b.map(Value::to_json),
            live: a.map(Value::to_json),
            managers: Vec::new(),
            owner: None,
            pointer: String::new(),
        }),
    }
}

fn named(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|v| !v.str_at(&["name"]).is_empty())
}

fn join(path: &str, name: &str) -> String {
    if name.contains(['.', '/']) {
        format!("{path}[{name:?}]")
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn fields_are_named_and_the_servers_own_left_out() {
        let live = json!({
            "metadata": {"name": "x", "resourceVersion": "1", "labels": {"a.b/c": "1"}},
            "spec": {"replicas": 9, "containers": [{"name": "web", "image": "web:1"}], "args": [1]},
            "status": {"x": 1},
        });
        let after = json!({
            "metadata": {"name": "x", "resourceVersion": "2", "labels": {"a.b/c": "2"}},
            "spec": {"replicas": 3, "containers": [{"name": "web", "image": "web:2"}], "args": [1, 2]},
            "status": {"x": 2},
        });
        let found = difference(&live, &after);
        let paths: Vec<&str> = found.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "metadata.labels[\"a.b/c\"]",
                "spec.args[1]",
                "spec.containers[name=\"web\"].image",
                "spec.replicas",
            ]
        );
        assert_eq!(
            (found[3].git.as_deref(), found[3].live.as_deref()),
            (Some("3"), Some("9"))
        );
        assert!(difference(&live, &live).is_empty());
    }
}
