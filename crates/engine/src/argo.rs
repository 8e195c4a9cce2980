//! Argo CD's `Application`, read into the engine's words and its status written back.

mod known;

pub use self::known::{Clear, Known, Reading, Writing, finalizers_patch};
use crate::gate::{Hold, RollbackOn};
use crate::ignore::Ignore;
use crate::object::{ObjectKey, images};
use crate::operation::{OperationPhase, Request, ResourceResult, Selector};
use crate::rules::{Dependency, Pause, parse_names};
use crate::sources::{self, Sources};
use crate::spec::{
    Automated, Destination, Propagation, Retry, Spec, SyncOptions, format_time, parse_duration,
    parse_time,
};
use crate::status::{Condition, HistoryEntry, OperationState, Status, SyncStatus};
use crate::step::{AppState, AppView, Refresh};
use api::names;
use health::{Health, HealthStatus};
use std::sync::Arc;
use value::{Object, Value, json};

/// Deployments that the history keeps unless the application says otherwise.
const HISTORY_LIMIT: i64 = 10;

/// Reads an `Application`.
#[must_use]
pub fn view(application: &Value) -> AppView {
    let annotation = |name: &str| application.str_at(&["metadata", "annotations", name]);
    let mut spec = spec(application.get("spec").unwrap_or(&Value::Null));
    spec.may_look_up = annotation(names::HELM_LOOKUP) == "true";
    let spec = Arc::new(spec);
    let finalizers: Vec<String> = application
        .array_at(&["metadata", "finalizers"])
        .iter()
        .filter_map(|f| f.as_str().map(str::to_owned))
        .collect();
    let mut notes: Vec<(String, String)> = api::unknown_fields(application)
        .into_iter()
        .map(|path| {
            let message = format!("the field {path} is not known and has no effect");
            ("UnknownFieldWarning".to_owned(), message)
        })
        .collect();
    let mut unread = Vec::new();
    let _parsed = Ignore::parse(
        spec.ignore_differences.as_array().unwrap_or(&[]),
        &mut unread,
    );
    let unread = unread.into_iter().map(|problem| format!("spec.{problem}"));
    let options = spec.options.unknown.iter();
    let options = options.map(|o| format!("the sync option {o:?} is not known and has no effect"));
    notes.extend(unread.chain(options).map(unknown_field));
    let gate_name = match annotation(names::GATE_TIMEOUT) {
        "" => names::HEALTH_GATE,
        _ => names::GATE_TIMEOUT,
    };
    let health_gate = match annotation(gate_name) {
        "" => None,
        "off" | "0" => Some(None),
        text => match parse_duration(text) {
            Ok(gate) => Some(Some(gate)),
            Err(e) => {
                notes.push(unknown_field(format!("annotation {gate_name}: {e}")));
                None
            }
        },
    };
    AppView {
        name: application.str_at(&["metadata", "name"]).into(),
        namespace: application.str_at(&["metadata", "namespace"]).into(),
        pause: Pause::parse(annotation(names::PAUSED)),
        depends_on: parse_names(annotation(names::DEPENDS_ON)),
        rollback_on: match annotation(names::ROLLBACK_ON) {
            "" | "timeout" => RollbackOn::Timeout,
            "degraded" => RollbackOn::Degraded,
            "never" => RollbackOn::Never,
            other => {
                let name = names::ROLLBACK_ON;
                notes.push(unknown_field(format!(
                    "annotation {name}: {other:?} is not degraded, timeout or never"
                )));
                RollbackOn::Timeout
            }
        },
        deletion_approved: parse_time(annotation(names::DELETION_APPROVED)),
        deleting_since: parse_time(application.str_at(&["metadata", "deletionTimestamp"])),
        version: application
            .str_at(&["metadata", "resourceVersion"])
            .parse()
            .unwrap_or(0),
        operation: application
            .get("operation")
            .filter(|o| o.is_object())
            .and_then(|o| request_from(o, &spec)),
        refresh: match annotation(names::REFRESH) {
            "" => None,
            "hard" => Some(Refresh::Hard),
            _ => Some(Refresh::Normal),
        },
        deleting: application.at(&["metadata", "deletionTimestamp"]).is_some(),
        finalizers,
        holds: Hold::parse_list(annotation(names::HOLDS)),
        last_healthy: annotation(names::LAST_HEALTHY).to_owned(),
        health_gate,
        skip: annotation(names::SKIP_RECONCILE) == "true",
        terminate: application.str_at(&["status", "operationState", "phase"]) == "Terminating",
        notes,
        spec,
    }
}

/// Returns the revision that a part of an application speaks of: its `revision`, or its `revisions`
/// as one text.
#[must_use]
pub fn revision_of(raw: &Value) -> String {
    sources::revision_of(raw)
}

/// Returns the revision that an application was compared with last; empty if never.
#[must_use]
pub fn deployed_revision(application: &Value) -> String {
    let sync = application.at(&["status", "sync"]);
    sync.map(sources::revision_of).unwrap_or_default()
}

/// Writes a revision as `revision`, or as `revisions` if the application has a list of sources.
pub fn insert_revision(out: &mut Object, revision: &str, is_list: bool) {
    sources::write_revision(out, revision, is_list);
}

/// Returns an application as those see it that depend on it.
#[must_use]
pub fn dependency(application: &Value) -> Dependency {
    let status = |path: &[&str]| application.get("status").map_or("", |s| s.str_at(path));
    let health = Some(status(&["health", "status"])).filter(|s| !s.is_empty());
    let spec = application.get("spec").unwrap_or(&Value::Null);
    let asks = application.get("operation").is_some();
    let annotation = ["metadata", "annotations", names::DEPENDS_ON];
    Dependency {
        sync: SyncStatus::parse(status(&["sync", "status"])),
        health: health.map(HealthStatus::parse),
        is_busy: asks || OperationPhase::parse(status(&["operationState", "phase"])).is_running(),
        tracks: Sources::read(spec, &mut Vec::new()).tracks(),
        revision: deployed_revision(application),
        depends_on: parse_names(application.str_at(&annotation)),
    }
}

fn unknown_field(message: String) -> (String, String) {
    ("UnknownFieldWarning".to_owned(), message)
}

pub(crate) fn cascade(finalizers: &[String]) -> Option<Propagation> {
    finalizers
        .iter()
        .find_map(|f| match f.strip_prefix(names::RESOURCES_FINALIZER)? {
            "" | "/foreground" => Some(Propagation::Foreground),
            "/background" => Some(Propagation::Background),
            _ => None,
        })
}

/// Returns the finalizers without those of ours.
#[must_use]
pub fn foreign_finalizers(finalizers: &[String]) -> Vec<String> {
    let ours = |f: &&String| f.starts_with(names::RESOURCES_FINALIZER);
    finalizers.iter().filter(|f| !ours(f)).cloned().collect()
}

fn spec(raw: &Value) -> Spec {
    let mut problems = Vec::new();
    let sources = Sources::read(raw, &mut problems);
    let policy = raw.get("syncPolicy").unwrap_or(&Value::Null);
    let destination = Destination {
        server: raw.str_at(&["destination", "server"]).to_owned(),
        name: raw.str_at(&["destination", "name"]).to_owned(),
        namespace: raw.str_at(&["destination", "namespace"]).to_owned(),
    };
    check_destination(&destination, &mut problems);
    let options = policy
        .array_at(&["syncOptions"])
        .iter()
        .filter_map(Value::as_str);
    let limit = raw
        .i64_at(&["revisionHistoryLimit"])
        .unwrap_or(HISTORY_LIMIT);
    Spec {
        project: raw.str_at(&["project"]).to_owned(),
        sources,
        destination,
        may_look_up: false,
        automated: automated(policy),
        options: SyncOptions::parse(options),
        retry: policy.get("retry").map(|r| retry(r, &mut problems)),
        namespace_metadata: policy.get("managedNamespaceMetadata").cloned(),
        ignore_differences: raw.get("ignoreDifferences").cloned().unwrap_or_default(),
        history_limit: usize::try_from(limit).unwrap_or(0),
        policy_raw: policy.clone(),
        problems,
    }
}

/// Only the cluster that the controller runs against is known as yet.
fn check_destination(destination: &Destination, problems: &mut Vec<String>) {
    match (destination.server.as_str(), destination.name.as_str()) {
        ("", "") => {
            problems.push("Destination server missing from app spec".to_owned());
        }
        (names::IN_CLUSTER_SERVER, "") | ("", names::IN_CLUSTER_NAME) => {}
        ("", name) => problems.push(format!(
            "application destination spec is invalid: unable to find destination server: there are \
             no clusters with this name: {name}"
        )),
        (server, "") => problems.push(format!(
            "application destination server {server:?} is not known: use {}",
            names::IN_CLUSTER_SERVER
        )),
        (server, name) => problems.push(format!(
            "application destination can't have both name and server defined: {name} {server}"
        )),
    }
}

fn automated(policy: &Value) -> Option<Automated> {
    let raw = policy.get("automated").filter(|a| a.is_object())?;
    if raw.get("enabled").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let flag = |name: &str| raw.get(name).and_then(Value::as_bool).unwrap_or(false);
    Some(Automated {
        prune: flag("prune"),
        self_heal: flag("selfHeal"),
        allow_empty: flag("allowEmpty"),
    })
}

fn retry(raw: &Value, problems: &mut Vec<String>) -> Retry {
    let mut retry = Retry {
        limit: raw.i64_at(&["limit"]).unwrap_or(0),
        refresh: raw.get("refresh").and_then(Value::as_bool).unwrap_or(false),
        ..Retry::default()
    };
    let mut duration =
        |name: &str, slot: &mut jiff::SignedDuration| match raw.str_at(&["backoff", name]) {
            "" => {}
            text => match parse_duration(text) {
                Ok(d) => *slot = d,
                Err(e) => problems.push(format!("spec.syncPolicy.retry.backoff.{name}: {e}")),
            },
        };
    duration("duration", &mut retry.duration);
    duration("maxDuration", &mut retry.max);
    if let Some(factor) = raw.i64_at(&["backoff", "factor"]) {
        retry.factor = factor.max(1);
    }
    retry
}

/// Reads an `operation` as anyone may write it on an application. An operation without a sync is
/// none.
#[must_use]
pub fn request_from(raw: &Value, spec: &Spec) -> Option<Request> {
    let sync = raw.get("sync")?;
    let automated = raw
        .at(&["initiatedBy", "automated"])
        .and_then(Value::as_bool)
        == Some(true);
    let flag = |name: &str| sync.get(name).and_then(Value::as_bool).unwrap_or(false);
    let own_options = sync
        .array_at(&["syncOptions"])
        .iter()
        .filter_map(Value::as_str);
    let text = |v: &Value, name: &str| v.str_at(&[name]).to_owned();
    Some(Request {
        revision: Some(sources::revision_of(sync)).filter(|r| !r.is_empty()),
        resources: sync
            .array_at(&["resources"])
            .iter()
            .map(|r| Selector {
                group: text(r, "group"),
                kind: text(r, "kind"),
                name: text(r, "name"),
                namespace: text(r, "namespace"),
            })
            .collect(),
        prune: flag("prune"),
        dry_run: flag("dryRun"),
        force: ["apply", "hook"].iter().any(|strategy| {
            let force = sync.at(&["syncStrategy", strategy, "force"]);
            force.and_then(Value::as_bool) == Some(true)
        }),
        override_window: raw
            .array_at(&["info"])
            .iter()
            .find(|i| i.str_at(&["name"]) == names::OVERRIDE_WINDOW)
            .map(|i| i.str_at(&["value"]).trim().to_owned())
            .filter(|reason| !reason.is_empty()),
        skips_hooks: sync.at(&["syncStrategy", "apply"]).is_some(),
        // An operation written by hand has only its own options; automation brings the spec's.
        options: if automated {
            spec.options.clone()
        } else {
            SyncOptions::parse(own_options)
        },
        automated,
        retry: match raw.get("retry").filter(|r| !r.is_empty()) {
            Some(own) => retry(own, &mut Vec::new()),
            None => Retry::default(),
        },
        heal_attempts: sync.i64_at(&["autoHealAttemptsCount"]).unwrap_or(0),
        raw: raw.clone(),
    })
}

/// Reads the status that an earlier life of the controller has written.
#[must_use]
pub fn status_from(application: &Value) -> Status {
    let Some(raw) = application.get("status").filter(|s| s.is_object()) else {
        return Status::default();
    };
    let text = |path: &[&str]| raw.str_at(path).to_owned();
    let health = raw
        .at(&["health", "status"])
        .and_then(Value::as_str)
        .map(|status| Health {
            status: HealthStatus::parse(status),
            message: text(&["health", "message"]),
        });
    Status {
        sync: SyncStatus::parse(raw.str_at(&["sync", "status"])),
        revision: raw
            .get("sync")
            .map(sources::revision_of)
            .unwrap_or_default(),
        health,
        health_since: parse_time(raw.str_at(&["health", "lastTransitionTime"])),
        conditions: raw
            .array_at(&["conditions"])
            .iter()
            .filter_map(|c| {
                Some(Condition {
                    kind: c.str_at(&["type"]).to_owned(),
                    message: c.str_at(&["message"]).to_owned(),
                    since: parse_time(c.str_at(&["lastTransitionTime"]))?,
                })
            })
            .collect(),
        history: raw
            .array_at(&["history"])
            .iter()
            .filter_map(history_from)
            .collect(),
        operation: raw.get("operationState").and_then(operation_from),
        source_types: source_types_from(raw),
        reconciled_at: parse_time(raw.str_at(&["reconciledAt"])),
    }
}

fn source_types_from(raw: &Value) -> Vec<&'static str> {
    let known = |text: &str| known(text, &["", "Directory", "Helm", "Kustomize"]);
    match raw.array_at(&["sourceTypes"]) {
        [] => match known(raw.str_at(&["sourceType"])) {
            "" => Vec::new(),
            one => vec![one],
        },
        list => list
            .iter()
            .map(|t| known(t.as_str().unwrap_or_default()))
            .collect(),
    }
}

fn history_from(raw: &Value) -> Option<HistoryEntry> {
    let deployed_at = parse_time(raw.str_at(&["deployedAt"]))?;
    Some(HistoryEntry {
        id: raw.i64_at(&["id"]).unwrap_or(0),
        revision: sources::revision_of(raw),
        source: sources::written_in(raw).unwrap_or_default(),
        started_at: parse_time(raw.str_at(&["deployStartedAt"])).unwrap_or(deployed_at),
        deployed_at,
        initiated_by: raw
            .get("initiatedBy")
            .cloned()
            .unwrap_or_else(Value::object),
    })
}

fn operation_from(raw: &Value) -> Option<OperationState> {
    let results = raw
        .array_at(&["syncResult", "resources"])
        .iter()
        .map(|r| ResourceResult {
            key: ObjectKey::new(
                r.str_at(&["group"]),
                r.str_at(&["kind"]),
                r.str_at(&["namespace"]),
                r.str_at(&["name"]),
            ),
            version: r.str_at(&["version"]).into(),
            status: known(
                r.str_at(&["status"]),
                &["Synced", "SyncFailed", "Pruned", "PruneSkipped"],
            ),
            message: r.str_at(&["message"]).to_owned(),
            hook_phase: known(
                r.str_at(&["hookPhase"]),
                &["", "Running", "Succeeded", "Failed", "Error"],
            ),
            hook_type: known(
                r.str_at(&["hookType"]),
                &["", "PreSync", "Sync", "PostSync", "SyncFail"],
            ),
            sync_phase: known(
                r.str_at(&["syncPhase"]),
                &["Sync", "PreSync", "PostSync", "SyncFail"],
            ),
            images: r
                .array_at(&["images"])
                .iter()
                .filter_map(|i| i.as_str().map(str::to_owned))
                .collect(),
        });
    Some(OperationState {
        operation: raw.get("operation")?.clone(),
        phase: OperationPhase::parse(raw.str_at(&["phase"])),
        message: raw.str_at(&["message"]).to_owned(),
        started_at: parse_time(raw.str_at(&["startedAt"]))?,
        finished_at: parse_time(raw.str_at(&["finishedAt"])),
        retry_count: raw.i64_at(&["retryCount"]).unwrap_or(0),
        revision: raw
            .get("syncResult")
            .map(sources::revision_of)
            .unwrap_or_default(),
        results: results.collect(),
        namespace_metadata: raw.at(&["syncResult", "managedNamespaceMetadata"]).cloned(),
    })
}

/// Returns the one of `names` that `text` is, or the first.
fn known(text: &str, names: &'static [&'static str]) -> &'static str {
    names.iter().find(|n| **n == text).unwrap_or(&names[0])
}

/// Returns an application's `status`, as Argo CD writes it with inline health
/// (`controller.resource.health.persist`).
#[must_use]
pub fn status_value(state: &AppState, control_namespace: &str) -> Value {
    let status = &state.status;
    let mut out = Object::new();
    // A specification that makes no sense was compared with nothing.
    let compared = !state.is_invalid();
    if compared {
        out.insert("controllerNamespace", control_namespace);
    }
    if let Some(health) = &status.health {
        out.insert("health", health_value(health, status));
    }
    if !status.history.is_empty() {
        out.insert(
            "history",
            status.history.iter().map(history_value).collect::<Value>(),
        );
    }
    if let Some(operation) = &status.operation {
        out.insert("operationState", operation_value(operation, state));
    }
    if let Some(at) = status.reconciled_at {
        out.insert("reconciledAt", format_time(at));
    }
    if !status.conditions.is_empty() {
        let conditions = status.conditions.iter().map(|c| {
            json!({
                "type": c.kind.as_str(),
                "message": c.message.as_str(),
                "lastTransitionTime": format_time(c.since),
            })
        });
        out.insert("conditions", conditions.collect::<Value>());
    }
    let resources = resources_value(state);
    if resources.as_array().is_some_and(|r| !r.is_empty()) {
        out.insert("resources", resources);
    }
    // Each resource's health is with it here, but clients of Argo CD look for this word.
    if status.reconciled_at.is_some() {
        out.insert("resourceHealthSource", "appTree");
    }
    insert_source_types(&mut out, state);
    if let Some(summary) = summary_value(state) {
        out.insert("summary", summary);
    }
    if let Some(app) = &state.app {
        out.insert("sync", sync_value(status, &app.spec, compared));
    }
    Value::Object(out)
}

fn health_value(health: &Health, status: &Status) -> Value {
    let mut out = Object::new();
    out.insert("status", health.status.as_str());
    if !health.message.is_empty() {
        out.insert("message", health.message.as_str());
    }
    if let Some(since) = status.health_since {
        out.insert("lastTransitionTime", format_time(since));
    }
    Value::Object(out)
}

fn sync_value(status: &Status, spec: &Spec, compared: bool) -> Value {
    let mut destination = Object::new();
    for (name, text) in [
        ("server", &spec.destination.server),
        ("name", &spec.destination.name),
        ("namespace", &spec.destination.namespace),
    ] {
        if !text.is_empty() {
            destination.insert(name, text.as_str());
        }
    }
    let mut out = Object::new();
    if compared {
        let mut to = Object::new();
        to.insert("destination", Value::Object(destination));
        insert_sources(&mut to, spec.sources.raw());
        if !spec.ignore_differences.is_empty() {
            to.insert("ignoreDifferences", spec.ignore_differences.clone());
        }
        out.insert("comparedTo", Value::Object(to));
    }
    let is_list = spec.sources.is_list();
    if !status.revision.is_empty() {
        sources::write_revision(&mut out, &status.revision, is_list);
    } else if status.sync == SyncStatus::Unknown && compared {
        // What was asked for, when nobody knows which commit that is.
        sources::write_revision(&mut out, &spec.sources.target_revision(), is_list);
    }
    out.insert("status", status.sync.as_str());
    Value::Object(out)
}

fn history_value(entry: &HistoryEntry) -> Value {
    let mut out = Object::new();
    out.insert("id", entry.id);
    sources::write_revision(&mut out, &entry.revision, entry.source.is_array());
    insert_sources(&mut out, entry.source.clone());
    out.insert("deployStartedAt", format_time(entry.started_at));
    out.insert("deployedAt", format_time(entry.deployed_at));
    out.insert("initiatedBy", entry.initiated_by.clone());
    Value::Object(out)
}

/// Says which sources: those who look for a single one always find it, if only an empty one.
fn insert_sources(out: &mut Object, written: Value) {
    if written.is_array() {
        out.insert("source", sources::no_single_source());
        out.insert("sources", written);
    } else {
        out.insert("source", written);
    }
}

/// Says which tool renders each source.
fn insert_source_types(out: &mut Object, state: &AppState) {
    let is_list = state.app.as_ref().is_some_and(|a| a.spec.sources.is_list());
    match state.status.source_types.as_slice() {
        [] => {}
        types if is_list => {
            out.insert("sourceTypes", types.iter().copied().collect::<Value>());
        }
        [""] => {}
        [one, ..] => {
            out.insert("sourceType", *one);
        }
    }
}

fn operation_value(operation: &OperationState, state: &AppState) -> Value {
    let mut out = Object::new();
    out.insert("operation", operation.operation.clone());
    out.insert("phase", operation.phase.as_str());
    if !operation.message.is_empty() {
        out.insert("message", operation.message.as_str());
    }
    out.insert("startedAt", format_time(operation.started_at));
    if let Some(at) = operation.finished_at {
        out.insert("finishedAt", format_time(at));
    }
    if operation.retry_count > 0 {
        out.insert("retryCount", operation.retry_count);
    }
    let mut result = Object::new();
    if !operation.results.is_empty() {
        let resources = operation.results.iter().map(result_value);
        result.insert("resources", resources.collect::<Value>());
    }
    let asked = operation.operation.get("sync");
    let written = asked.and_then(sources::written_in);
    let written = written.or_else(|| state.app.as_ref().map(|a| a.spec.sources.raw()));
    let written = written.unwrap_or_default();
    if written.is_array() || operation.revision.is_empty() {
        // Clients of Argo CD look for this word, whatever it says.
        result.insert("revision", "");
    }
    sources::write_revision(&mut result, &operation.revision, written.is_array());
    insert_sources(&mut result, written);
    if let Some(metadata) = operation.namespace_metadata.clone() {
        result.insert("managedNamespaceMetadata", metadata);
    }
    out.insert("syncResult", Value::Object(result));
    Value::Object(out)
}

fn result_value(result: &ResourceResult) -> Value {
    let mut out = Object::new();
    out.insert("group", &*result.key.group);
    out.insert("version", &*result.version);
    out.insert("kind", &*result.key.kind);
    out.insert("namespace", &*result.key.namespace);
    out.insert("name", &*result.key.name);
    out.insert("status", result.status);
    if !result.message.is_empty() {
        out.insert("message", result.message.as_str());
    }
    if !result.hook_type.is_empty() {
        out.insert("hookType", result.hook_type);
    }
    if !result.hook_phase.is_empty() {
        out.insert("hookPhase", result.hook_phase);
    }
    out.insert("syncPhase", result.sync_phase);
    if !result.images.is_empty() {
        out.insert("images", result.images.iter().cloned().collect::<Value>());
    }
    Value::Object(out)
}

fn resources_value(state: &AppState) -> Value {
    state
        .comparison
        .resources
        .iter()
        .map(|r| {
            let mut out = Object::new();
            for (name, text) in [
                ("group", &r.key.group),
                ("kind", &r.key.kind),
                ("namespace", &r.key.namespace),
                ("name", &r.key.name),
                ("version", &r.version),
            ] {
                if !text.is_empty() {
                    out.insert(name, &**text);
                }
            }
            if let Some(sync) = r.sync {
                out.insert("status", sync.as_str());
            }
            if let Some(health) = &r.health {
                let mut it = Object::new();
                it.insert("status", health.status.as_str());
                if !health.message.is_empty() {
                    it.insert("message", health.message.as_str());
                }
                out.insert("health", Value::Object(it));
            }
            if r.requires_pruning {
                out.insert("requiresPruning", true);
            }
            if r.hook {
                out.insert("hook", true);
            }
            if r.wave != 0 {
                out.insert("syncWave", r.wave);
            }
            if r.requires_confirmation {
                out.insert("requiresDeletionConfirmation", true);
            }
            Value::Object(out)
        })
        .collect()
}

/// Lists the images of the containers that run, as Git wants them, sorted.
fn summary_value(state: &AppState) -> Option<Value> {
    let resources = &state.comparison.resources;
    let live = |key: &ObjectKey| resources.iter().any(|r| r.key == *key && r.exists);
    let desired = state.target().into_iter().flat_map(|t| &t.objects);
    let mut images: std::collections::BTreeSet<String> = desired
        .filter(|d| live(&d.key))
        .flat_map(|d| images(&d.value))
        .collect();
    images.remove("");
    (!images.is_empty()).then(|| json!({"images": images.into_iter().collect::<Vec<String>>()}))
}
