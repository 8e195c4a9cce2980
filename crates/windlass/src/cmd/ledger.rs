//! `windlass drift` and `windlass audit`.

use crate::cli::{Audit, Cli, Drift};
use crate::connect::session;
use crate::failure::{Failure, NOT_FOUND};
use crate::output::{self, Format, ago, complain, say, short};
use ledger::{AuditEntry, DriftRecord};
use value::Value;

pub(crate) async fn drift(cli: &Cli, command: &Drift) -> anyhow::Result<u8> {
    let session = session(cli).await?;
    match command {
        Drift::List { app, output } => {
            let mut items = session.list(&session.ledger("driftrecords")).await?;
            newest_first(&mut items, app.as_deref());
            if !matches!(output.format, Format::Table | Format::Wide) {
                output::resources(&output.format, &items, true)?;
                return Ok(0);
            }
            let rows: Vec<Vec<String>> = items.iter().flat_map(drift_rows).collect();
            output::table(
                &[
                    "ID",
                    "WHEN",
                    "ACTOR",
                    "VIA",
                    "OBJECT",
                    "FIELD",
                    "GIT -> LIVE",
                    "ACTION",
                    "TOOK",
                ],
                &rows,
            );
            complain("(V) verified identity   (M) manager name only   (?) nobody can tell");
            Ok(0)
        }
        Drift::Show { id, output } => {
            let path = format!("{}/{id}", session.ledger("driftrecords"));
            let item = session
                .client
                .get(&path)
                .await
                .map_err(|e| match e.is_not_found() {
                    true => Failure::new(NOT_FOUND, format!("there is no drift {id:?}"))
                        .hint("windlass drift list"),
                    false => e.into(),
                })?;
            if !matches!(output.format, Format::Table | Format::Wide) {
                output::resources(&output.format, &[item], false)?;
                return Ok(0);
            }
            show(&item);
            Ok(0)
        }
    }
}

fn newest_first(items: &mut Vec<Value>, app: Option<&str>) {
    if let Some(app) = app {
        items.retain(|i| i.str_at(&["spec", "application"]) == app);
    }
    items.sort_by_key(|i| std::cmp::Reverse(i.i64_at(&["spec", "number"]).unwrap_or(0)));
}

fn took(item: &Value) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    item.i64_at(&["outcome", "tookMilliseconds"]).map_or_else(
        || "-".to_owned(),
        |ms| format!("{:.1}s", ms as f64 / 1000.0),
    )
}

fn drift_rows(item: &Value) -> Vec<Vec<String>> {
    let Some(record) = DriftRecord::from_value(item) else {
        return Vec::new();
    };
    let name = item.str_at(&["metadata", "name"]).to_owned();
    let row = |field: String, change: String, action: String| {
        vec![
            name.clone(),
            format!("{} ago", ago(item.str_at(&["spec", "time"]))),
            format!("{} ({})", record.author.name, record.author.grade.letter()),
            record.author.via.clone(),
            record.key.to_string(),
            field,
            change,
            action,
            took(item),
        ]
    };
    let action = item.str_at(&["outcome", "action"]);
    if record.fields.is_empty() {
        return vec![row(
            "(object)".into(),
            "present -> deleted".into(),
            action.to_owned(),
        )];
    }
    record
        .fields
        .iter()
        .map(|f| {
            let action = match action {
                "healed" => format!("healed to {}", f.git),
                other => other.to_owned(),
            };
            row(f.path.clone(), format!("{} -> {}", f.git, f.live), action)
        })
        .collect()
}

fn show(item: &Value) {
    let Some(record) = DriftRecord::from_value(item) else {
        return;
    };
    say(&format!(
        "id           {}",
        item.str_at(&["metadata", "name"])
    ));
    say(&format!("application  {}", record.app));
    say(&format!(
        "object       {} in {:?}",
        record.key, record.key.namespace
    ));
    say(&format!("when         {}", item.str_at(&["spec", "time"])));
    let author = &record.author;
    say(&format!(
        "actor        {} ({}) via {}",
        author.name,
        author.grade.letter(),
        author.via
    ));
    say(&format!(
        "action       {} (took {})",
        item.str_at(&["outcome", "action"]),
        took(item)
    ));
    if record.fields.is_empty() {
        say("the object was deleted");
    }
    for field in &record.fields {
        say(&format!("field        {}", field.path));
        say(&format!("  Git        {}", field.git));
        say(&format!("  live       {}", field.live));
    }
}

pub(crate) async fn audit(cli: &Cli, command: &Audit) -> anyhow::Result<u8> {
    let session = session(cli).await?;
    let Audit::List { app, output } = command;
    let mut items = session.list(&session.ledger("auditentries")).await?;
    newest_first(&mut items, app.as_deref());
    if !matches!(output.format, Format::Table | Format::Wide) {
        output::resources(&output.format, &items, true)?;
        return Ok(0);
    }
    let rows: Vec<Vec<String>> = items.iter().filter_map(audit_row).collect();
    output::table(
        &["ID", "WHEN", "WHAT", "BY", "APP", "REVISION", "DETAIL"],
        &rows,
    );
    Ok(0)
}

fn audit_row(item: &Value) -> Option<Vec<String>> {
    let entry = AuditEntry::from_value(item)?;
    let revision = match (entry.from.as_str(), entry.to.as_str()) {
        ("", "") => String::new(),
        ("", to) => format!("-> {}", short(to)),
        (from, to) if from == to => short(to),
        (from, to) => format!("{} -> {}", short(from), short(to)),
    };
    let by = format!("{} ({})", entry.author.name, entry.author.via);
    Some(vec![
        format!("#{}", item.i64_at(&["spec", "number"]).unwrap_or(0)),
        format!("{} ago", ago(item.str_at(&["spec", "time"]))),
        entry.action,
        by,
        entry.app,
        revision,
        entry.message,
    ])
}
