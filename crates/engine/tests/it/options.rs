//! Sync options, per application and per object.

use crate::harness::{Live, Play, key, map};
use engine::{Event, ObjectKey, Record};
use health::HealthStatus;
use jiff::SignedDuration;
use value::{Value, json};

const HOOK: &str = "argocd.argoproj.io/hook";
const OPTIONS: &str = "argocd.argoproj.io/sync-options";
const APPROVED: [&str; 3] = [
    "metadata",
    "annotations",
    "argocd.argoproj.io/deletion-approved",
];

fn sync(play: &mut Play, sync: Value) {
    play.edit(&["operation"], json!({"sync": sync}));
}

fn result(play: &Play, name: &str) -> (String, String) {
    let path = ["status", "operationState", "syncResult", "resources"];
    let results = play.application.array_at(&path).iter();
    let found = results.rev().find(|r| r.str_at(&["name"]) == name);
    let text = |field: &str| found.map_or("", |r| r.str_at(&[field])).to_owned();
    (text("status"), text("message"))
}

#[test]
fn b45_a_prune_that_asks_waits_for_a_person_and_holds_its_wave() {
    let mut play = Play::new(json!({}));
    play.push(
        "r1",
        vec![map("a", "1"), map("b", "1").with(OPTIONS, "Prune=confirm")],
    );
    sync(&mut play, json!({}));
    play.push("r2", vec![map("a", "2")]);
    play.now += SignedDuration::from_secs(60);
    sync(&mut play, json!({"prune": true}));
    assert_eq!(play.status("/operationState/phase"), "Running");
    assert_eq!(
        play.status("/operationState/message"),
        "waiting for pruning confirmation of /ConfigMap/b"
    );
    assert_eq!(play.text("a").as_deref(), Some("1"));
    play.edit(&APPROVED, "2026-01-01T00:00:59Z");
    assert_eq!(
        play.status("/operationState/phase"),
        "Running",
        "that was before"
    );
    play.edit(&APPROVED, "2026-01-01T00:01:00Z");
    assert_eq!(play.status("/operationState/phase"), "Succeeded");
    assert_eq!(
        (play.text("a").as_deref(), play.text("b")),
        (Some("2"), None)
    );
}

#[test]
fn an_object_s_option_beats_the_application_s() {
    let mut play = Play::new(json!({}));
    let manifests = vec![
        map("a", "1"),
        map("keep", "1"),
        map("goes", "1").with(OPTIONS, "Prune=true"),
    ];
    play.push("r1", manifests);
    sync(&mut play, json!({}));
    play.push("r2", vec![map("a", "1")]);
    sync(
        &mut play,
        json!({"prune": true, "syncOptions": ["Prune=false"]}),
    );
    assert_eq!(
        result(&play, "keep"),
        ("PruneSkipped".into(), "ignored (no prune)".into())
    );
    assert_eq!(result(&play, "goes").0, "Pruned");
}

#[test]
fn b7_without_prune_nothing_goes() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    sync(&mut play, json!({}));
    play.push("r2", vec![map("a", "1")]);
    sync(&mut play, json!({}));
    let skipped = ("PruneSkipped".into(), "ignored (requires pruning)".into());
    assert_eq!(result(&play, "b"), skipped);
    play.expect("OutOfSync", "Healthy");
}

#[test]
fn b46_an_object_of_another_application_is_a_warning_or_a_failure() {
    let mut play = Play::new(json!({}));
    let theirs = Live {
        owner: Some("other_place".into()),
        tracked: false,
        ..Live::new("0")
    };
    play.cluster.objects.insert(key("a"), theirs);
    play.edit(&["metadata", "namespace"], "argocd");
    play.push("r1", vec![map("a", "1")]);
    let shared = "ConfigMap/a is part of applications argocd/app and other/place";
    assert_eq!(
        play.condition("SharedResourceWarning").as_deref(),
        Some(shared)
    );
    sync(
        &mut play,
        json!({"syncOptions": ["FailOnSharedResource=true"]}),
    );
    let message = play.status("/operationState/message");
    assert_eq!(message, format!("Shared resource found: {shared}"));
    assert!(play.applied.is_empty());
    sync(&mut play, json!({}));
    assert_eq!(play.applied, ["a"]);
}

#[test]
fn b43_a_kind_that_may_come_fails_alone() {
    let mut play = Play::new(json!({}));
    play.cluster.unknown_kinds.push("Widget".into());
    let widget = map("w", "1").kind("Widget");
    let may_come = widget
        .clone()
        .with(OPTIONS, "SkipDryRunOnMissingResource=true");
    play.push("r1", vec![map("a", "1"), may_come]);
    sync(&mut play, json!({}));
    assert_eq!(play.applied, ["a"]);
    let message = play.status("/operationState/message");
    assert!(
        message.starts_with("one or more synchronization tasks completed"),
        "{message}"
    );
    assert!(
        message.contains("no matches for kind \"Widget\""),
        "{message}"
    );
    // The application may say so for all.
    let mut play = Play::new(json!({}));
    play.cluster.unknown_kinds.push("Widget".into());
    play.push("r1", vec![map("a", "1"), widget]);
    sync(
        &mut play,
        json!({"syncOptions": ["SkipDryRunOnMissingResource=true"]}),
    );
    assert_eq!(play.applied, ["a"]);
}

#[test]
fn b24_skip_is_shown_and_never_applied() {
    let mut play = Play::new(json!({"automated": {}}));
    play.push("r1", vec![map("a", "1"), map("s", "1").with(HOOK, "Skip")]);
    assert_eq!(play.applied, ["a"]);
    play.expect("Synced", "Healthy");
    assert_eq!(play.status("/resources/1/name"), "s");
    assert_eq!(play.status("/resources/1/status"), "");
}

#[test]
fn unknown_options_of_objects_are_reported() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1").with(OPTIONS, "Prunelast=true")]);
    let note = play.condition("UnknownFieldWarning").unwrap();
    assert!(
        note.contains("Prunelast=true") && note.contains("a.yaml:1"),
        "{note}"
    );
}

#[test]
fn b59_terminating_deletes_running_hooks_and_is_not_retried() {
    let mut play = Play::new(json!({}));
    play.cluster
        .health
        .insert("running".into(), HealthStatus::Progressing);
    let hook = map("migrate", "running").kind("Job").with(HOOK, "PreSync");
    play.push("r1", vec![map("a", "1"), hook]);
    play.edit(&["operation"], json!({"sync": {}, "retry": {"limit": 5}}));
    assert_eq!(play.status("/operationState/phase"), "Running");
    play.edit(&["status", "operationState", "phase"], "Terminating");
    play.run(Event::Look);
    assert_eq!(play.status("/operationState/phase"), "Failed");
    assert_eq!(
        play.status("/operationState/message"),
        "Operation terminated"
    );
    assert_eq!(result(&play, "migrate").1, "Terminated");
    assert!(play.cluster.objects.is_empty());
    play.pass(SignedDuration::from_mins(10));
    assert_eq!(play.applied, ["migrate"]);
}

#[test]
fn a_running_hook_is_not_abandoned_for_a_newer_commit() {
    let mut play = Play::new(json!({"automated": {}}));
    play.cluster
        .health
        .insert("running".into(), HealthStatus::Progressing);
    let hook = || map("migrate", "running").kind("Job").with(HOOK, "PreSync");
    play.push("r1", vec![map("a", "1"), hook()]);
    play.push("r2", vec![map("a", "2"), hook()]);
    assert_eq!(play.applied, ["migrate"]);
    play.set_health(
        &ObjectKey::new("", "Job", "ns", "migrate"),
        HealthStatus::Healthy,
    );
    let ended = play.records.iter().find_map(|r| match r {
        Record::Synced { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(
        ended.as_deref(),
        Some("superseded by the newer revision r2")
    );
    assert_eq!(
        play.applied,
        ["migrate", "migrate"],
        "the newer one runs its own"
    );
}

#[test]
fn a_retry_with_refresh_deploys_what_is_tracked_by_then() {
    let mut play = Play::new(json!({}));
    play.cluster.refused.insert("bad".into(), "no".into());
    play.push("r1", vec![map("a", "bad")]);
    let retry = json!({"limit": 2, "refresh": true});
    play.edit(&["operation"], json!({"sync": {}, "retry": retry}));
    play.push("r2", vec![map("a", "2")]);
    play.pass(SignedDuration::from_secs(6));
    assert_eq!(play.text("a").as_deref(), Some("2"));
    assert_eq!(play.status("/operationState/syncResult/revision"), "r2");
}

#[test]
fn hooks_without_a_name_are_called_after_revision_phase_and_time() {
    let mut play = Play::new(json!({"automated": {}}));
    let hook = map("", "1").kind("Job").with(HOOK, "PreSync");
    play.push("0123456789abcdef", vec![map("a", "1"), hook]);
    assert_eq!(play.applied, ["0123456-presync-1767225600", "a"]);
}

#[test]
fn namespaces_and_definitions_move_to_the_first_who_needs_them() {
    let mut play = Play::new(json!({"automated": {}}));
    const WAVE: &str = "argocd.argoproj.io/sync-wave";
    let early = map("a", "1").with(WAVE, "-5");
    let namespace = map("ns", "1").kind("Namespace").with(WAVE, "3");
    play.push("r1", vec![early, namespace]);
    assert_eq!(play.applied, ["ns", "a"]);
}

#[test]
fn changed_metadata_of_the_namespace_is_out_of_sync() {
    let policy = |team: &str| {
        json!({
            "automated": {}, "syncOptions": ["CreateNamespace=true"],
            "managedNamespaceMetadata": {"labels": {"team": team}},
        })
    };
    let mut play = Play::new(policy("x"));
    play.push("r1", vec![map("a", "1")]);
    play.expect("Synced", "Healthy");
    let path = "/operationState/syncResult/managedNamespaceMetadata/labels/team";
    assert_eq!(play.status(path), "x");
    play.edit(&["spec", "syncPolicy"], policy("y"));
    play.expect("OutOfSync", "Healthy");
    play.edit(
        &["operation"],
        json!({"sync": {"syncOptions": ["CreateNamespace=true"]}}),
    );
    play.expect("Synced", "Healthy");
    assert_eq!(play.status(path), "y");
}

#[test]
fn the_worst_objects_are_named_and_the_rest_counted() {
    let mut play = Play::new(json!({"automated": {}}));
    play.cluster
        .health
        .insert("sick".into(), HealthStatus::Degraded);
    let names = ["v", "w", "x", "y", "z"];
    let sick = names.iter().map(|n| map(n, "sick").kind("Deployment"));
    play.push("r1", sick.collect());
    let message = play.status("/health/message");
    assert!(
        message.starts_with("Deployment/v is Degraded; "),
        "{message}"
    );
    assert!(message.ends_with("; and 2 more"), "{message}");
}

#[test]
fn hooks_in_the_last_wave_let_the_rest_be_looked_at() {
    let mut play = Play::new(json!({}));
    play.cluster
        .health
        .insert("running".into(), HealthStatus::Progressing);
    let hook = map("h", "running").kind("Job").with(HOOK, "Sync");
    let web = map("web", "running").kind("Deployment");
    play.push("r1", vec![map("a", "1"), web, hook]);
    sync(&mut play, json!({}));
    let message = play.status("/operationState/message");
    assert_eq!(message, "waiting for completion of hook /Job/h");
    play.set_health(&ObjectKey::new("", "Job", "ns", "h"), HealthStatus::Healthy);
    assert_eq!(play.status("/operationState/phase"), "Succeeded");
    let message = play.status("/operationState/message");
    assert_eq!(message, "successfully synced (no more tasks)");
    let results =
        play.application
            .array_at(&["status", "operationState", "syncResult", "resources"]);
    let phases: Vec<(&str, &str)> = results
        .iter()
        .map(|r| (r.str_at(&["name"]), r.str_at(&["hookPhase"])))
        .collect();
    assert_eq!(
        phases,
        [("a", "Succeeded"), ("web", "Running"), ("h", "Succeeded")]
    );
}

#[test]
fn b22_with_hooks_for_failure_the_sentence_is_that_of_a_later_look() {
    let mut play = Play::new(json!({}));
    play.cluster.refused.insert("bad".into(), "no".into());
    let alarm = map("alarm", "1").kind("Job").with(HOOK, "SyncFail");
    play.push("r1", vec![map("a", "bad"), alarm]);
    sync(&mut play, json!({}));
    assert_eq!(play.applied, ["a", "alarm"]);
    assert_eq!(
        play.status("/operationState/message"),
        "one or more synchronization tasks completed unsuccessfully, reason: no"
    );
}

#[test]
fn a_dry_run_waits_for_no_hook() {
    let mut play = Play::new(json!({}));
    play.cluster
        .health
        .insert("running".into(), HealthStatus::Progressing);
    let hook = map("migrate", "running").kind("Job").with(HOOK, "PreSync");
    play.push("r1", vec![map("a", "1"), hook]);
    sync(&mut play, json!({"dryRun": true}));
    assert_eq!(play.status("/operationState/phase"), "Succeeded");
    assert!(play.cluster.objects.is_empty());
}

#[test]
fn manifests_that_are_no_commit_are_refused() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1")]);
    sync(&mut play, json!({"manifests": ["{}"]}));
    assert_eq!(play.status("/operationState/phase"), "Error");
    let message = play.status("/operationState/message");
    assert!(
        message.starts_with("operation.sync.manifests is not supported"),
        "{message}"
    );
    assert_eq!(play.text("a"), None);
}

#[test]
fn a_condition_keeps_its_time_from_commit_to_commit() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1").with(OPTIONS, "Bogus=true")]);
    let condition = |play: &Play| {
        let all = play.application.array_at(&["status", "conditions"]);
        let found = all.iter().find(|c| c.to_json().contains("Bogus"));
        found.map(|c| c.str_at(&["lastTransitionTime"]).to_owned())
    };
    let before = condition(&play);
    assert!(before.is_some(), "an unknown option is told of");
    play.now += SignedDuration::from_secs(60);
    play.push("r2", vec![map("a", "2").with(OPTIONS, "Bogus=true")]);
    assert_eq!(condition(&play), before);
}
