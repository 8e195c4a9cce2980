//! Applications as Argo CD's own API gives them.

use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use engine::ask;
use std::collections::BTreeSet;
use std::sync::Arc;
use value::selector::LabelSelector;
use value::{Value, json};

/// Applications of one page at most.
const PAGE_MAX: usize = 10_000;

/// `GET /api/v1/applications`
pub(crate) async fn list(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    // Thousands of documents are read and written: not on a thread that others wait for.
    let answer = tokio::task::spawn_blocking(move || list_of(&desk, &call)).await??;
    Ok(answer.into())
}

fn list_of(desk: &Arc<Desk>, call: &Call) -> Result<Value, Refusal> {
    let limit = call.number("limit", PAGE_MAX, PAGE_MAX);
    let after = call.param("continue");
    let selector = selector(call)?;
    let projects = projects(call);
    let rows = desk.board.visible(&call.caller);
    let mut rows = rows.iter().filter(|row| {
        let is = |name: &str, own: &str| call.param(name).is_empty() || call.param(name) == own;
        is("appNamespace", &row.ns)
            && is("name", &row.name)
            && (projects.is_empty() || projects.contains(&*row.project))
            && *row.name > *after
    });
    let mut items = Vec::new();
    let mut last = "";
    let mut is_more = false;
    for row in rows.by_ref() {
        if items.len() >= limit {
            is_more = true;
            break;
        }
        let Ok(app) = desk.app_named(&call.caller, &row.ns, &row.name, "") else {
            continue;
        };
        if fits(&app.value, call, selector.as_ref()) {
            last = &row.name;
            items.push(shown(app.value));
        }
    }
    let mut metadata = json!({"resourceVersion": desk.board.seq().to_string()});
    if is_more {
        metadata.set_at(&["continue"], last);
    }
    let mut answer = json!({"metadata": metadata, "items": items});
    mask(&mut answer, call.param("fields"));
    Ok(answer)
}

/// Returns the projects that a request is about; none is all.
pub(crate) fn projects(call: &Call) -> BTreeSet<&str> {
    call.params("projects")
        .chain(call.params("project"))
        .collect()
}

/// Returns the labels that a request asks for.
pub(crate) fn selector(call: &Call) -> Result<Option<LabelSelector>, Refusal> {
    match call.param("selector") {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|e| Refusal::invalid(format!("selector: {e}"))),
    }
}

/// Returns true if an application has the labels and the repository that a request asks for.
pub(crate) fn fits(app: &Value, call: &Call, selector: Option<&LabelSelector>) -> bool {
    let labels = app.at(&["metadata", "labels"]);
    if selector.is_some_and(|s| !s.matches(labels.unwrap_or(&Value::Null))) {
        return false;
    }
    let repo = call.param("repo");
    let source = app.at(&["spec", "source"]);
    let sources = app.array_at(&["spec", "sources"]).iter();
    repo.is_empty()
        || source
            .into_iter()
            .chain(sources)
            .any(|s| s.str_at(&["repoURL"]) == repo)
}

/// Returns an application without what is nobody's business on the wire.
pub(crate) fn shown(mut app: Value) -> Value {
    app.remove_at(&["metadata", "managedFields"]);
    app
}

/// `GET /api/v1/applications/{app}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let refresh = call.param("refresh");
    let value = match refresh {
        "" => app.value.clone(),
        kind => refreshed(&app, kind == "hard").await?,
    };
    let mut value = shown(value);
    mask(&mut value, call.param("fields"));
    Ok(value.into())
}

/// Asks for a look at Git and waits until it was taken.
async fn refreshed(app: &App, hard: bool) -> Result<Value, Refusal> {
    /// Looks that take longer are answered with what is known.
    const WAIT: std::time::Duration = std::time::Duration::from_secs(20);
    let asked = app.patch(app.permit(), &ask::refresh(hard)).await?;
    let mut news = app.desk().board.listen();
    let taken = async {
        loop {
            let now = app.view().application(app.name());
            let waits = now.as_ref().is_some_and(|now| {
                let version = |v: &Value| -> u64 {
                    v.str_at(&["metadata", "resourceVersion"])
                        .parse()
                        .unwrap_or(0)
                };
                let path = ["metadata", "annotations", api::names::REFRESH];
                version(now) < version(&asked) || now.at(&path).is_some()
            });
            if !waits {
                return now;
            }
            if news.changed().await.is_err() {
                return now;
            }
        }
    };
    let answer = tokio::time::timeout(WAIT, taken).await;
    Ok(answer.ok().flatten().unwrap_or(asked))
}

/// Returns an answer with the fields alone that a request asks for.
pub(crate) fn masked(mut answer: Value, call: &Call) -> Value {
    mask(&mut answer, call.param("fields"));
    answer
}

/// Leaves only the fields that are asked for, or without those with a minus.
pub(crate) fn mask(value: &mut Value, fields: &str) {
    let fields = fields.trim();
    if fields.is_empty() {
        return;
    }
    let exclude = fields.starts_with('-');
    let paths: Vec<Vec<&str>> = fields
        .trim_start_matches('-')
        .split(',')
        .map(|path| path.trim().split('.').collect())
        .collect();
    if exclude {
        for path in &paths {
            remove(value, path);
        }
    } else {
        let refs: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
        *value = keep(value, &refs);
    }
}

fn remove(value: &mut Value, path: &[&str]) {
    match (value, path) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| remove(item, path)),
        (Value::Object(object), [last]) => {
            object.remove(last);
        }
        (Value::Object(object), [first, rest @ ..]) => {
            if let Some(inner) = object.get_mut(first) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

fn keep(value: &Value, paths: &[&[&str]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value.clone();
    }
    match value {
        Value::Array(items) => items.iter().map(|item| keep(item, paths)).collect(),
        Value::Object(object) => {
            let mut out = value::Object::new();
            for (name, inner) in object.iter() {
                let below: Vec<&[&str]> = paths
                    .iter()
                    .filter(|path| path[0] == name.as_str())
                    .map(|path| &path[1..])
                    .collect();
                if !below.is_empty() {
                    out.insert(name.clone(), keep(inner, &below));
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_leaves_what_is_asked_for() {
        let list = json!({"metadata": {"x": 1}, "items": [
            {"metadata": {"name": "a", "uid": "u"}, "status": {"sync": {"status": "Synced"}}},
        ]});
        let mut kept = list.clone();
        mask(&mut kept, "items.metadata.name, items.status.sync");
        let want = json!({"items": [
            {"metadata": {"name": "a"}, "status": {"sync": {"status": "Synced"}}},
        ]});
        assert_eq!(kept, want);
        let mut rest = list;
        mask(&mut rest, "-items.status,metadata");
        assert_eq!(
            rest,
            json!({"items": [{"metadata": {"name": "a", "uid": "u"}}]})
        );
    }
}
