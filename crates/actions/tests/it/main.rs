//! The actions of upstream's own test data, and what they offer: read from a checkout of Argo CD
//! that `WINDLASS_ARGOCD_CHECKOUT` names.

use actions::{Change, available, run};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use value::Value;

fn tests(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            tests(&path, found);
        } else if path
            .file_name()
            .is_some_and(|name| name == "action_test.yaml")
        {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    yaml::v2::to_value(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns where two objects differ but for times, and for what is written as something empty: Lua
/// knows no difference.
fn difference(ours: &Value, wanted: &Value, path: &str) -> Option<String> {
    let is_same = match (ours, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            let side = |o: &value::Object, key: &str| o.get(key).cloned().unwrap_or(Value::Null);
            return a.keys().chain(b.keys()).find_map(|key| {
                difference(&side(a, key), &side(b, key), &format!("{path}/{key}"))
            });
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            return pairs.find_map(|(i, (a, b))| difference(a, b, &format!("{path}/{i}")));
        }
        (Value::String(a), Value::String(b)) => a == b || is_time(a) || is_time(b),
        // Upstream's files leave out some of what its scripts say about an object.
        (_, nothing) if nothing.is_null() && path.starts_with("/metadata") => true,
        (a, b) => (is_empty(a) && is_empty(b)) || a.equivalent(b),
    };
    (!is_same).then(|| format!("{path}: {}, not {}", ours.to_json(), wanted.to_json()))
}

/// Returns what is wrong with a change: it isn't all of what upstream wants of the specification, or
/// something else. Upstream's files also have what the cluster does later, and leave things out.
fn trouble(input: &Value, change: &Change, wanted: &Value) -> Option<String> {
    match change {
        Change::Create(made) => difference(made, wanted, ""),
        Change::Patch(ours) => {
            let mut changed = wanted.clone();
            changed.merge_patch(&value::create_merge_patch(input, ours));
            let spec = |o: &Value| o.get("spec").cloned().unwrap_or_default();
            difference(&changed, wanted, "")
                .or_else(|| difference(&spec(ours), &spec(wanted), "/spec"))
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null()
        || value.as_object().is_some_and(value::Object::is_empty)
        || value.as_array().is_some_and(<[Value]>::is_empty)
}

fn is_time(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 10
}

#[test]
fn upstreams_actions_are_ours() {
    let Some(checkout) = std::env::var_os("WINDLASS_ARGOCD_CHECKOUT") else {
        eprintln!("skipped: WINDLASS_ARGOCD_CHECKOUT is not set");
        return;
    };
    let mut files = Vec::new();
    let folder = Path::new(&checkout).join("resource_customizations");
    tests(&folder, &mut files);
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        let folder = file.parent().expect("it is in a folder");
        let case = read(&file);
        for test in case.array_at(&["discoveryTests"]) {
            count += 1;
            let object = read(&folder.join(test.str_at(&["inputPath"])));
            let mut wanted: Vec<String> = test.array_at(&["result"]).iter().map(shown).collect();
            wanted.sort();
            let ours: Vec<String> = available(&object)
                .iter()
                .map(|a| format!("{} {} {:?}", a.name, a.disabled, a.display_name))
                .collect();
            if ours != wanted {
                let path = test.str_at(&["inputPath"]);
                wrong.push(format!(
                    "{} {path}: {ours:?}, not {wanted:?}",
                    file.display()
                ));
            }
        }
        for test in case.array_at(&["actionTests"]) {
            count += 1;
            let object = read(&folder.join(test.str_at(&["inputPath"])));
            let params: Vec<(String, String)> = test
                .get("parameters")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(value::Object::iter)
                .map(|(name, value)| {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_json(), str::to_owned);
                    (name.as_str().to_owned(), text)
                })
                .collect();
            let action = test.str_at(&["action"]);
            let done = run(&object, action, &params, Timestamp::UNIX_EPOCH);
            let error = test.str_at(&["expectedErrorMessage"]);
            let trouble = match &done {
                Err(e) => {
                    (error.is_empty() || !e.to_string().contains(error)).then(|| e.to_string())
                }
                Ok(changes) => {
                    let wanted = read(&folder.join(test.str_at(&["expectedOutputPath"])));
                    let wanted = match wanted.as_array() {
                        Some(list) => list[0].get("unstructuredObj").cloned().unwrap_or_default(),
                        None => wanted,
                    };
                    let mut changes = changes.iter();
                    changes.find_map(|change| trouble(&object, change, &wanted))
                }
            };
            if let Some(trouble) = trouble {
                let path = test.str_at(&["inputPath"]);
                wrong.push(format!("{} {action} {path}: {trouble}", file.display()));
            }
        }
    }
    assert!(count > 100, "{count} cases of upstream were found");
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn shown(result: &Value) -> String {
    let disabled = result.get("disabled").and_then(Value::as_bool);
    format!(
        "{} {} {:?}",
        result.str_at(&["name"]),
        disabled.unwrap_or_default(),
        result.str_at(&["displayName"])
    )
}
