//! Strategic merge patches as a real API server answered them.

use crate::shared;
use merge::{builtin, strategic_merge_patch};
use std::collections::BTreeMap;
use value::{Value, json};

/// Returns true if `whole` has all of `part`: what the server adds by default is extra. Quantities
/// and the like are not written in other ways in these cases.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(name, part)| {
            let empty = part.is_empty() && !whole.contains_key(name);
            empty || whole.get(name).is_some_and(|whole| contains(whole, part))
        }),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| contains(w, p))
        }
        // The recording shows every time alike.
        (Value::String(time), _) if **time == *"<time>" => true,
        _ => whole.equivalent(part),
    }
}

/// Takes away what the server changes on its own with every write.
fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    for name in ["managedFields", "resourceVersion", "generation"] {
        object.remove_at(&["metadata", name]);
    }
    object
}

#[test]
fn patches_do_what_a_server_does() {
    let Some(folder) = shared::folder() else {
        return;
    };
    let read = |name: &str| {
        std::fs::read_to_string(folder.join("kubernetes").join(name))
            .expect("the conformance data is complete")
    };
    let text = read("patch.jsonl") + &read("random.jsonl");
    let (mut checked, mut failed) = (0, Vec::new());
    for line in text.lines() {
        let case = Value::parse(line.as_bytes()).expect("a case");
        let mut objects: BTreeMap<String, Value> = BTreeMap::new();
        for step in case.array_at(&["steps"]) {
            let Some(response) = step.get("response") else {
                continue;
            };
            let code = step.i64_at(&["code"]).unwrap_or(0);
            let name = response.str_at(&["metadata", "name"]);
            let mut path = step
                .str_at(&["path"])
                .trim_end_matches("/status")
                .to_owned();
            if step.str_at(&["method"]) == "POST" {
                path = format!("{path}/{name}");
            }
            let live = objects.get(&path).cloned();
            if step.str_at(&["content_type"]).contains("strategic")
                && let (Some(live), Some(patch)) = (live, step.get("body"))
                && let Some(of) =
                    builtin().type_of(live.str_at(&["apiVersion"]), live.str_at(&["kind"]))
            {
                let before = comparable(&live);
                let patched = strategic_merge_patch(builtin(), of, before, patch);
                let same = match &patched {
                    Ok(object) if code < 300 => {
                        let mut object = comparable(object);
                        if step.str_at(&["path"]).ends_with("/status") {
                            object = json!({"status": object.get("status").cloned()});
                        } else {
                            // Controllers write it meanwhile.
                            object.remove_at(&["status"]);
                        }
                        if object.get("stringData").is_some() {
                            // The server merges it into the data.
                            object = merge::drift::normalise(&object);
                        }
                        contains(&comparable(response), &object)
                    }
                    // Refused later, for what the object has become.
                    Ok(_) => ![400, 500].contains(&code),
                    Err(error) => response
                        .str_at(&["message"])
                        .starts_with(error.to_string().get(..60).unwrap_or(&error.to_string())),
                };
                checked += 1;
                if !same {
                    let got = patched.map_or_else(|e| e.to_string(), |o| o.to_json());
                    let name = case.str_at(&["name"]);
                    failed.push(format!("{name}: {code}\n  got {got}\n  want {response}"));
                }
            }
            let dry = step.at(&["query", "dryRun"]).is_some();
            if code < 300 && !name.is_empty() && !dry {
                objects.insert(path, response.clone());
            }
        }
    }
    assert!(checked > 20, "only {checked} patches were looked at");
    assert!(
        failed.is_empty(),
        "{} of {checked} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
