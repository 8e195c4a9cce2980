//! Showing applications.

use crate::connect::Session;
use crate::output::{self, Format, ago, paint, say, short};
use engine::{Source, argo};
use value::Value;

/// Returns one line about an application.
pub(crate) fn summary(name: &str, application: &Value) -> String {
    if application.is_null() {
        return format!("{name}  deleted");
    }
    let text = |path: &[&str]| application.str_at(path);
    format!(
        "{name}  {}, {} at {}",
        paint(text(&["status", "sync", "status"])),
        paint(text(&["status", "health", "status"])),
        short(&argo::deployed_revision(application)),
    )
}

/// Returns why an application isn't fine, in a few words.
pub(crate) fn cause(application: &Value) -> String {
    let text = |path: &[&str]| application.str_at(path);
    let conditions = application.array_at(&["status", "conditions"]);
    if let Some(condition) = conditions.first() {
        return condition.str_at(&["message"]).to_owned();
    }
    if text(&["status", "operationState", "phase"]) == "Running" {
        return text(&["status", "operationState", "message"]).to_owned();
    }
    text(&["status", "health", "message"]).to_owned()
}

pub(crate) async fn list(session: &Session, format: &Format) -> anyhow::Result<u8> {
    let items = session.list(&session.applications("")).await?;
    if !matches!(format, Format::Table | Format::Wide) {
        output::resources(format, &items, true)?;
        return Ok(0);
    }
    let wide = *format == Format::Wide;
    let mut header = vec!["NAME", "PROJECT", "SYNC", "HEALTH", "REV", "SINCE"];
    if wide {
        header.extend(["REPO", "PATH", "NAMESPACE"]);
    }
    header.push("CAUSE");
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|app| {
            let text = |path: &[&str]| app.str_at(path).to_owned();
            let or_unknown = |t: String| {
                if t.is_empty() {
                    "Unknown".to_owned()
                } else {
                    t
                }
            };
            let mut row = vec![
                text(&["metadata", "name"]),
                text(&["spec", "project"]),
                or_unknown(text(&["status", "sync", "status"])),
                or_unknown(text(&["status", "health", "status"])),
                short(&argo::deployed_revision(app)),
                ago(&text(&["status", "health", "lastTransitionTime"])),
            ];
            if wide {
                let sources = argo::view(app).spec.sources.clone();
                let each = |part: fn(&Source) -> &str| {
                    sources.iter().map(part).collect::<Vec<_>>().join(",")
                };
                row.push(each(|s| &s.repo_url));
                row.push(each(place));
                row.push(text(&["spec", "destination", "namespace"]));
            }
            row.push(cause(app));
            row
        })
        .collect();
    output::table(&header, &rows);
    Ok(0)
}

/// Returns the folder, the chart, or the name by which a source is only referred to.
fn place(source: &Source) -> &str {
    [&source.path, &source.chart, &source.reference]
        .into_iter()
        .find(|place| !place.is_empty())
        .map_or("", String::as_str)
}

pub(crate) async fn get(session: &Session, name: &str, format: &Format) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    if !matches!(format, Format::Table | Format::Wide) {
        output::resources(format, &[app], false)?;
        return Ok(0);
    }
    let text = |path: &[&str]| app.str_at(path);
    say(&format!("name         {name}"));
    say(&format!("project      {}", text(&["spec", "project"])));
    let sources = argo::view(&app).spec.sources.clone();
    let deployed = argo::deployed_revision(&app);
    for (source, revision) in sources.with_revisions(&deployed) {
        let tracked = match source.target_revision.as_str() {
            "" => "HEAD",
            revision => revision,
        };
        let mut line = format!("{} {} at {tracked}", source.repo_url, place(source));
        if sources.len() > 1 {
            line.push_str(&format!(" ({})", short(revision)));
        }
        say(&format!("source       {line}"));
    }
    say(&format!(
        "namespace    {}",
        text(&["spec", "destination", "namespace"])
    ));
    say(&format!(
        "sync         {} {}",
        paint(text(&["status", "sync", "status"])),
        short(&argo::deployed_revision(&app))
    ));
    say(&format!(
        "health       {} {}",
        paint(text(&["status", "health", "status"])),
        text(&["status", "health", "message"])
    ));
    if app.at(&["status", "operationState"]).is_some() {
        say(&format!(
            "operation    {} {} ({} ago)",
            paint(text(&["status", "operationState", "phase"])),
            text(&["status", "operationState", "message"]),
            ago(text(&["status", "operationState", "startedAt"]))
        ));
    }
    for condition in app.array_at(&["status", "conditions"]) {
        let (kind, message) = (condition.str_at(&["type"]), condition.str_at(&["message"]));
        say(&format!("condition    {kind}: {message}"));
    }
    let resources = app.array_at(&["status", "resources"]);
    if !resources.is_empty() {
        say("");
        output::table(
            &["KIND", "NAMESPACE", "NAME", "SYNC", "HEALTH", "MESSAGE"],
            &resources.iter().map(resource_row).collect::<Vec<_>>(),
        );
    }
    Ok(0)
}

fn resource_row(resource: &Value) -> Vec<String> {
    let text = |path: &[&str]| resource.str_at(path).to_owned();
    let message = if resource.get("requiresPruning").is_some() {
        "not in Git: prune removes it".to_owned()
    } else {
        text(&["health", "message"])
    };
    vec![
        text(&["kind"]),
        text(&["namespace"]),
        text(&["name"]),
        text(&["status"]),
        text(&["health", "status"]),
        message,
    ]
}

pub(crate) async fn history(session: &Session, name: &str, format: &Format) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let entries = app.array_at(&["status", "history"]);
    if !matches!(format, Format::Table | Format::Wide) {
        output::resources(format, entries, true)?;
        return Ok(0);
    }
    let mut rows: Vec<Vec<String>> = entries
        .iter()
        .rev()
        .map(|entry| {
            let by = match entry.str_at(&["initiatedBy", "username"]) {
                "" => "automated".to_owned(),
                user => user.to_owned(),
            };
            vec![
                entry.i64_at(&["id"]).unwrap_or(0).to_string(),
                short(&argo::revision_of(entry)),
                ago(entry.str_at(&["deployedAt"])),
                by,
                "Succeeded".to_owned(),
                String::new(),
            ]
        })
        .collect();
    // An attempt that came to nothing is history too, though Argo CD's list has no place for it.
    let last = app.get("status").and_then(|s| s.get("operationState"));
    if let Some(last) = last.filter(|l| l.str_at(&["phase"]) != "Succeeded") {
        rows.insert(
            0,
            vec![
                "-".to_owned(),
                short(&argo::revision_of(
                    last.get("syncResult").unwrap_or(&Value::Null),
                )),
                ago(last.str_at(&["startedAt"])),
                last.str_at(&["operation", "initiatedBy", "username"])
                    .to_owned(),
                last.str_at(&["phase"]).to_owned(),
                last.str_at(&["message"]).to_owned(),
            ],
        );
    }
    output::table(&["ID", "REV", "WHEN", "BY", "RESULT", "MESSAGE"], &rows);
    Ok(0)
}
