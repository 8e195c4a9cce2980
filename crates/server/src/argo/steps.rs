//! The render inspector: what Git says, and who had a hand in it.

use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::detail;
use crate::masks::{Mask, hides};
use crate::refusal::Refusal;
use engine::ObjectKey;
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
    let mut files: Vec<&str> = target.objects.iter().map(|d| &*d.file).collect();
    files.sort_unstable();
    files.dedup();
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
    let inputs: Value = files
        .iter()
        .map(|file| json!({"file": *file, "changed": false}))
        .collect();
    Ok(json!({
        "revision": detail::commit(&app, &target.revision),
        "objects": objects,
        "inputs": inputs,
        "grade": if is_plain { "exact" } else { "template" },
        "notes": target.notes.iter().map(|(kind, message)| format!("{kind}: {message}")).collect::<Value>(),
    })
    .into())
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
