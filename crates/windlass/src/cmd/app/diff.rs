//! What a sync would change: asked of the API server by a dry run, object by object.

use crate::cmd::target::render;
use crate::connect::Session;
use crate::failure::{Failure, NO};
use crate::output::{complain, say, short};
use cluster::{Discovery, LiveObject, difference, local_difference};
use controller::Installation;
use engine::{FieldDiff, Tracking, argo};
use std::sync::Arc;
use value::Value;

pub(crate) async fn diff(
    session: &Session,
    name: &str,
    revision: Option<&str>,
) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let target = render(session, &app, revision).await?;
    let discovery = Discovery::fetch(&session.client)
        .await
        .map_err(Failure::from)?;
    let installation = Installation::read(&session.client, &session.namespace)
        .await
        .map_err(Failure::from)?;
    let own = argo::view(&app).spec.ignore_differences.clone();
    let ignore = installation.settings.compare.and(&own);
    let mut different = false;
    let is_applied = |d: &&engine::Desired| !d.directives.is_hook && !d.directives.is_skipped;
    for desired in target.objects.iter().filter(is_applied) {
        let key = &desired.key;
        let Some(resource) = discovery.find(&key.group, &key.kind, desired.version()) else {
            say(&format!(
                "? {key}: the cluster has no such kind ({}:{})",
                desired.file, desired.line
            ));
            different = true;
            continue;
        };
        let live = match session.client.get(&resource.object_path(key)).await {
            Ok(live) => live,
            Err(error) if error.is_not_found() => {
                say(&format!("+ {key} ({}:{})", desired.file, desired.line));
                different = true;
                continue;
            }
            Err(error) => return Err(Failure::from(error).into()),
        };
        let path = resource.object_path(key);
        match cluster::dry_run(&session.client, &path, &desired.value).await {
            Ok(after) => {
                let owners = owners(&desired.value, &live);
                let ignored = ignore.of(key);
                let sides = match &ignored {
                    Some(ignored) => (ignored.strip(&live), ignored.strip(&after)),
                    None => (live, after),
                };
                for field in difference(&sides.0, &sides.1) {
                    let owned = owners.iter().find(|o| o.path == field.path);
                    let is_trusted = |ignored: &engine::Ignored<'_>| {
                        let mut managers = owned.iter().flat_map(|o| &o.managers);
                        managers.any(|m| ignored.trusts(m))
                    };
                    if ignored.as_ref().is_some_and(is_trusted) {
                        continue;
                    }
                    different = true;
                    let side = |json: &Option<String>| masked(key, json.as_deref());
                    say(&format!("~ {key} {}", field.path));
                    say(&format!("  - {}", side(&field.live)));
                    say(&format!("  + {}", side(&field.git)));
                    if let Some(FieldDiff {
                        owner: Some(owner),
                        pointer,
                        ..
                    }) = owned
                    {
                        say(&format!("    owned by {owner}{}", hint(pointer)));
                    }
                }
            }
            Err(error) => {
                different = true;
                say(&format!(
                    "! {key}: {error} ({}:{})",
                    desired.file, desired.line
                ));
            }
        }
    }
    for extra in app.array_at(&["status", "resources"]) {
        if extra.get("requiresPruning").is_some() {
            different = true;
            say(&format!(
                "- {}/{}",
                extra.str_at(&["kind"]),
                extra.str_at(&["name"])
            ));
        }
    }
    if !different {
        complain(&format!(
            "{name} is as {} wants it",
            short(&target.revision)
        ));
    }
    Ok(if different { NO } else { 0 })
}

/// Returns who owns which field that differs, as far as it is known.
fn owners(desired: &Arc<Value>, live: &Value) -> Vec<FieldDiff> {
    let live = LiveObject::read(live, &Tracking::default());
    live.map_or(Vec::new(), |live| local_difference(desired, &live))
}

/// Returns what would leave a field to its owner.
fn hint(pointer: &str) -> String {
    match pointer {
        "" => String::new(),
        pointer => format!("; to leave it alone: ignoreDifferences jsonPointers: [{pointer}]"),
    }
}

/// A Secret's values are never shown: only that they differ.
fn masked(key: &engine::ObjectKey, json: Option<&str>) -> String {
    match json {
        None => "(absent)".to_owned(),
        Some(_) if &*key.kind == "Secret" => "(hidden)".to_owned(),
        Some(text) => text.to_owned(),
    }
}

pub(crate) async fn manifests(
    session: &Session,
    name: &str,
    revision: Option<&str>,
) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let deployed = argo::deployed_revision(&app);
    let revision = revision.or((!deployed.is_empty()).then_some(deployed.as_str()));
    let target = render(session, &app, revision).await?;
    for desired in &target.objects {
        let value: &Value = &desired.value;
        say(&format!("# {}:{}", desired.file, desired.line));
        say("---");
        say(yaml::to_yaml(value).trim_end());
    }
    Ok(0)
}
