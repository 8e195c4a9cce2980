//! The render inspector: what Git says, and who had a hand in it.

use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::detail;
use crate::masks::{Mask, hides};
use crate::refusal::Refusal;
use engine::{ObjectKey, argo};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Value, json, pointer};
use yaml::Lines;

/// Lines of one object that are told apart; larger objects are shown without.
const LINES_MAX: usize = 5_000;

/// `GET /api/v1/applications/{app}/rendered`
pub(crate) async fn rendered(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let target = detail::render(&app, call.param("revision")).await?;
    let mask = Mask::new();
    let before = before(&app, &target.revision);
    let inputs = inputs(&app, &target.revision, &before).await?;
    let objects: Vec<Value> = target
        .objects
        .iter()
        .map(|desired| {
            let text = detail::text(Some(desired.value.as_ref().clone()), &mask);
            let mut reference = crate::wire::reference(&desired.key);
            reference.set_at(&["version"], desired.version());
            json!({
                "ref": reference,
                "lines": lines(&text),
                "text": text,
                "origin": detail::object_line(&app, &target, desired),
                "wave": desired.directives.wave, "hook": desired.directives.is_hook,
            })
        })
        .collect();
    let is_plain = target.source_types.iter().all(|kind| *kind != "Helm");
    Ok(json!({
        "revision": detail::commit(&app, &target.revision),
        "objects": objects,
        "inputs": inputs,
        "comparedWith": before,
        "grade": if is_plain { "exact" } else { "template" },
        "notes": target.notes.iter().map(|(kind, message)| format!("{kind}: {message}")).collect::<Value>(),
    })
    .into())
}

/// Returns the revision that another one is compared with: what is deployed, or if it is that, what
/// was deployed before it; empty if there is none.
fn before(app: &App, revision: &str) -> String {
    let deployed = detail::deployed(app);
    if deployed != revision {
        return deployed;
    }
    let history = app.value.array_at(&["status", "history"]).iter().rev();
    let mut earlier = history.map(argo::revision_of);
    earlier.find(|r| r != revision).unwrap_or_default()
}

/// Returns the files that a revision is made of, with whether each is another than before. Files
/// that aren't part of it any more are at the end.
async fn inputs(app: &App, revision: &str, before: &str) -> Result<Value, Refusal> {
    let inspector = app.view().inspector();
    let now = inspector.inputs(&app.value, Some(revision)).await?;
    let then = match before {
        "" => None,
        // What can't be rendered any more tells nothing about what has changed.
        before => inspector.inputs(&app.value, Some(before)).await.ok(),
    };
    let known = then.as_ref();
    let files = now.iter().map(|(file, content)| {
        let changed = known.is_some_and(|then| then.get(file) != Some(content));
        json!({"file": file.as_str(), "changed": changed})
    });
    let gone = known.into_iter().flat_map(BTreeMap::keys);
    let gone = gone
        .filter(|file| !now.contains_key(*file))
        .map(|file| json!({"file": file.as_str(), "changed": true, "gone": true}));
    Ok(files.chain(gone).collect())
}

/// Returns the pointer of each member, and its line in a text that we have written ourselves.
fn lines(text: &str) -> Value {
    if text.lines().count() > LINES_MAX {
        return Value::Array(Vec::new());
    }
    let documents = yaml::manifests(text.as_bytes()).unwrap_or_default();
    let mut found = Vec::new();
    if let Some(document) = documents.first() {
        walk(
            &document.value,
            &mut String::new(),
            &document.lines,
            &mut found,
        );
    }
    Value::Array(found)
}

fn walk(value: &Value, at: &mut String, lines: &Lines, found: &mut Vec<Value>) {
    let mut visit = |name: &str, inner: &Value| {
        let length = at.len();
        at.push('/');
        at.push_str(&pointer::escape(name));
        if let Some(line) = lines.at(at) {
            found.push(json!({"pointer": at.as_str(), "line": line}));
        }
        walk(inner, at, lines, found);
        at.truncate(length);
    };
    match value {
        Value::Object(object) => {
            for (name, inner) in object.iter() {
                visit(name.as_str(), inner);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                visit(&i.to_string(), inner);
            }
        }
        _ => {}
    }
}

/// `GET /api/v1/applications/{app}/explain`
pub(crate) async fn explain(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let key = ObjectKey::new(
        call.param("group"),
        call.param("kind"),
        call.param("namespace"),
        call.param("name"),
    );
    let pointer = call.param("pointer");
    let revision = Some(call.param("revision")).filter(|r| !r.is_empty());
    let inspector = app.view().inspector();
    let answer = inspector
        .explain(&app.value, revision, &key, pointer)
        .await?;
    let Some(answer) = answer else {
        return Err(Refusal::not_found(format!("Git has no {key}")));
    };
    let value = match answer.value {
        Some(_) if hides(&key, pointer) => Value::from("(hidden)"),
        // Above the values there are the values.
        Some(value) if &*key.kind == "Secret" => {
            let mut whole = json!({"apiVersion": "v1", "kind": "Secret"});
            whole.set_at(&["value"], value);
            match pointer {
                "" => {
                    let mut object = whole.get("value").cloned().unwrap_or_default();
                    Mask::new().object(&mut object);
                    object
                }
                _ => whole.get("value").cloned().unwrap_or_default(),
            }
        }
        Some(value) => value,
        None => Value::Null,
    };
    let steps: Value = answer.steps.iter().map(detail::step).collect();
    Ok(json!({"value": value, "steps": steps}).into())
}
