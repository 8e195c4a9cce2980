//! Changing applications. Every change is a patch of the resource, so the API server has it on
//! record.

use super::show::summary;
use crate::cli::{Create, Sync, WaitFor};
use crate::cmd::wait::wait;
use crate::connect::{Session, user};
use crate::failure::{Failure, NO, NOT_FOUND, REFUSED, USAGE};
use crate::output::{complain, say, short};
use api::names;
use engine::argo;
use engine::ask::{self, AskError};
use std::io::{BufRead as _, IsTerminal as _};
use std::time::Duration;
use value::{Value, json};

pub(super) async fn patch(session: &Session, name: &str, patch: &Value) -> Result<Value, Failure> {
    let path = format!("{}?fieldManager=windlass-cli", session.applications(name));
    match session.client.merge_patch(&path, patch).await {
        Err(error) if error.is_not_found() => {
            // Says it with a hint.
            session.application(name).await
        }
        answer => Ok(answer?),
    }
}

pub(crate) async fn refresh(session: &Session, name: &str) -> Result<(), Failure> {
    patch(session, name, &ask::refresh(false)).await?;
    for _ in 0..100 {
        let app = session.application(name).await?;
        if app
            .at(&["metadata", "annotations", names::REFRESH])
            .is_none()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(crate) async fn create(session: &Session, args: &Create) -> anyhow::Result<u8> {
    let application = match &args.file {
        Some(file) => from_file(session, file)?,
        None => from_flags(session, args),
    };
    let name = application.str_at(&["metadata", "name"]).to_owned();
    let path = format!("{}?fieldManager=windlass-cli", session.applications(""));
    match session.client.create(&path, &application).await {
        Err(error) if error.code == 409 => Err(Failure::new(
            REFUSED,
            format!("application {name:?} exists already"),
        )
        .hint(format!(
            "change it with: windlass app set {name} FIELD=VALUE"
        ))
        .into()),
        answer => {
            answer.map_err(Failure::from)?;
            say(&format!("application {name} created"));
            Ok(0)
        }
    }
}

fn from_file(session: &Session, file: &std::path::Path) -> Result<Value, Failure> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|e| Failure::new(USAGE, format!("{shown}: {e}")))?;
    let mut application = yaml::v2::to_value_strict(&text)
        .map_err(|e| Failure::new(USAGE, format!("{shown}: {e}")))?;
    if application.str_at(&["kind"]) != "Application" {
        return Err(Failure::new(USAGE, format!("{shown} is no Application")));
    }
    application.set_at(&["metadata", "namespace"], session.namespace.as_str());
    for path in api::unknown_fields(&application) {
        complain(&format!(
            "warning: {shown}: the field {path} is not known and has no effect"
        ));
    }
    Ok(application)
}

fn from_flags(session: &Session, args: &Create) -> Value {
    let mut spec = json!({
        "project": args.project.as_str(),
        "source": {
            "repoURL": args.repo.as_deref().unwrap_or(""),
            "path": args.path.as_str(),
            "targetRevision": args.rev.as_str(),
        },
        "destination": {
            "name": args.dest_cluster.as_str(),
            "namespace": args.dest_namespace.as_str(),
        },
    });
    if args.auto {
        let automated = json!({"prune": args.prune, "selfHeal": args.heal});
        spec.set_at(&["syncPolicy", "automated"], automated);
    }
    if args.create_namespace {
        spec.set_at(
            &["syncPolicy", "syncOptions"],
            json!(["CreateNamespace=true"]),
        );
    }
    json!({
        "apiVersion": names::ARGO_API_VERSION,
        "kind": "Application",
        "metadata": {
            "name": args.name.as_deref().unwrap_or(""),
            "namespace": session.namespace.as_str(),
            "finalizers": [names::RESOURCES_FINALIZER],
        },
        "spec": spec,
    })
}

pub(crate) async fn set(session: &Session, name: &str, fields: &[String]) -> anyhow::Result<u8> {
    let mut spec = Value::object();
    for field in fields {
        let Some((path, text)) = field.split_once('=') else {
            return Err(Failure::new(USAGE, format!("{field:?} is not FIELD=VALUE")).into());
        };
        let path: Vec<&str> = path.trim_start_matches("spec.").split('.').collect();
        let value = Value::parse(text.as_bytes()).unwrap_or_else(|_| Value::from(text));
        spec.set_at(&path, value);
    }
    let changed = json!({"spec": spec});
    let unknown = api::unknown_fields(&changed);
    if !unknown.is_empty() {
        let what = unknown.join(", ");
        return Err(Failure::new(USAGE, format!("an application has no field {what}")).into());
    }
    patch(session, name, &changed).await?;
    say(&format!("application {name} changed"));
    Ok(0)
}

pub(crate) async fn delete(
    session: &Session,
    name: &str,
    orphan: bool,
    yes: bool,
    timeout: Option<Duration>,
) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let count = app.array_at(&["status", "resources"]).len();
    let what = if orphan {
        format!("application {name}; its {count} objects stay")
    } else {
        format!("application {name} and the {count} objects that it deployed")
    };
    if !yes && !confirmed(&format!("Delete {what}?"))? {
        return Err(Failure::new(NO, "nothing was deleted").into());
    }
    let finalizers: Vec<String> = app
        .array_at(&["metadata", "finalizers"])
        .iter()
        .filter_map(|f| f.as_str().map(str::to_owned))
        .collect();
    let mut wanted = argo::foreign_finalizers(&finalizers);
    if !orphan {
        wanted.push(names::RESOURCES_FINALIZER.to_owned());
    }
    if wanted != finalizers {
        patch(session, name, &json!({"metadata": {"finalizers": wanted}})).await?;
    }
    let options = json!({"propagationPolicy": "Foreground"});
    session
        .client
        .delete(&session.applications(name), &options)
        .await
        .map_err(Failure::from)?;
    if let Some(timeout) = timeout {
        wait(session, name, WaitFor::Deleted, timeout).await?;
    }
    say(&format!("{what}: deleted"));
    Ok(0)
}

/// Asks a person; away from a terminal the answer is no.
fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(USAGE, question.to_owned()).hint("say --yes to do it unasked"));
    }
    complain(&format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|e| Failure::new(NO, format!("no answer: {e}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

pub(crate) async fn sync(session: &Session, args: &Sync) -> anyhow::Result<u8> {
    let resources = args
        .resource
        .iter()
        .map(|r| selector(r))
        .collect::<Result<Vec<_>, _>>()?;
    for name in &args.names {
        let app = session.application(name).await?;
        let ask = ask::Sync {
            revision: args.rev.clone().unwrap_or_default(),
            prune: args.prune,
            dry_run: args.dry_run,
            resources: resources.clone(),
            override_window: args.override_window.then(|| args.reason.clone()),
            ..ask::Sync::default()
        };
        let change = ask::sync(&app, &ask, &user()).map_err(|e| {
            Failure::new(REFUSED, format!("{name}: {e}"))
                .hint(format!("windlass app wait {name} --for operation"))
        })?;
        patch(session, name, &change).await?;
        if args.no_wait {
            say(&format!("{name}: sync asked for"));
            continue;
        }
        finish(session, name, args.timeout).await?;
    }
    Ok(0)
}

/// Waits for the operation that was just asked for, and tells how it ended.
async fn finish(session: &Session, name: &str, timeout: Duration) -> Result<(), Failure> {
    let deadline = std::time::Instant::now() + timeout;
    loop {
        let app = session.application(name).await?;
        let state = app.at(&["status", "operationState"]);
        let phase = state.map_or("", |s| s.str_at(&["phase"]));
        let taken = app.get("operation").is_none();
        if taken && !matches!(phase, "" | "Running") {
            let message = state.map_or("", |s| s.str_at(&["message"]));
            if phase != "Succeeded" {
                return Err(Failure::new(NO, format!("{name}: {phase}: {message}"))
                    .hint(format!("windlass app get {name}")));
            }
            say(&format!("{}: {message}", summary(name, &app)));
            return Ok(());
        }
        if std::time::Instant::now() >= deadline {
            let message = state.map_or("", |s| s.str_at(&["message"]));
            return Err(Failure::new(
                crate::failure::TIMEOUT,
                format!("{name}: the sync goes on ({message})"),
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn selector(text: &str) -> Result<Value, Failure> {
    ask::selector(text).ok_or_else(|| {
        let wrong = format!("{text:?} is not GROUP/KIND/NAMESPACE/NAME");
        Failure::new(USAGE, wrong).hint("apps/Deployment/shop/web")
    })
}

pub(crate) async fn rollback(
    session: &Session,
    name: &str,
    target: Option<&str>,
    reason: &str,
) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let now = jiff::Timestamp::now();
    let back = ask::rollback(&app, target, reason, &user(), now).map_err(|e| {
        let what = match e {
            AskError::NeverDeployed(what) => format!("{name} has never deployed {what}"),
            e => format!("{name}: {e}"),
        };
        Failure::new(NOT_FOUND, what).hint(format!("windlass app history {name}"))
    })?;
    patch(session, name, &back.patch).await?;
    say(&format!(
        "{name}: back to {}; {} is held until a newer commit, or: windlass app unhold {name}",
        short(&back.back_to),
        short(&back.from)
    ));
    Ok(0)
}

pub(crate) async fn hold(
    session: &Session,
    name: &str,
    revision: &str,
    reason: &str,
) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let now = jiff::Timestamp::now();
    let (change, full) = ask::hold(&app, revision, reason, &user(), now)
        .map_err(|e| Failure::new(USAGE, e.to_string()))?;
    patch(session, name, &change).await?;
    say(&format!("{name}: {} is held", short(&full)));
    Ok(0)
}

pub(crate) async fn unhold(
    session: &Session,
    name: &str,
    revision: Option<&str>,
) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let Ok((change, gone)) = ask::unhold(&app, revision) else {
        return Err(Failure::new(NOT_FOUND, format!("{name} holds no such revision")).into());
    };
    patch(session, name, &change).await?;
    say(&format!("{name}: {gone} let go"));
    Ok(0)
}
