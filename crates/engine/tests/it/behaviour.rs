//! Argo CD's behaviours, by the numbers of the list that they are taken from.

use crate::harness::{Live, Play, key, map};
use engine::{ObjectKey, Record};
use health::HealthStatus;
use jiff::SignedDuration;
use value::json;

fn automated() -> value::Value {
    json!({"automated": {"prune": true, "selfHeal": true}})
}

#[test]
fn b1_b2_an_operation_syncs_an_out_of_sync_application() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    play.expect("OutOfSync", "Missing");
    assert_eq!(play.status("/sync/revision"), "r1");
    assert!(play.applied.is_empty());

    play.edit(
        &["operation"],
        json!({"initiatedBy": {"username": "admin"}, "sync": {}}),
    );
    play.expect("Synced", "Healthy");
    assert!(play.application.get("operation").is_none());
    assert_eq!(play.status("/operationState/phase"), "Succeeded");
    assert_eq!(
        play.status("/operationState/message"),
        "successfully synced (all tasks run)"
    );
    assert_eq!(
        play.status("/operationState/syncResult/resources/0/status"),
        "Synced"
    );
    assert_eq!(
        play.status("/operationState/syncResult/resources/0/hookPhase"),
        "Running"
    );
    assert_eq!(play.status("/history/0/revision"), "r1");
    assert_eq!(play.status("/history/0/initiatedBy/username"), "admin");
}

#[test]
fn b4_a_new_commit_is_synced_once() {
    let mut play = Play::new(json!({"automated": {}}));
    play.push("r1", vec![map("a", "1")]);
    play.expect("Synced", "Healthy");
    assert_eq!(
        play.status("/operationState/operation/initiatedBy/automated"),
        "true"
    );
    assert_eq!(play.status("/operationState/operation/retry/limit"), "5");
    play.push("r2", vec![map("a", "2")]);
    assert_eq!(play.text("a").as_deref(), Some("2"));
    assert_eq!(play.status("/history/1/revision"), "r2");
    let applied = play.applied.len();
    play.refresh();
    play.pass(SignedDuration::from_mins(10));
    assert_eq!(play.applied.len(), applied);
}

#[test]
fn b5_without_self_heal_drift_stays_and_is_recorded() {
    let mut play = Play::new(json!({"automated": {}}));
    play.push("r1", vec![map("a", "1")]);
    play.tamper("a", "9");
    play.pass(SignedDuration::from_mins(10));
    play.expect("OutOfSync", "Healthy");
    assert_eq!(play.text("a").as_deref(), Some("9"));
    let drift = play.records.iter().find_map(|r| match r {
        Record::Drift { key, fields, heals } => Some((key.name.to_string(), fields.len(), *heals)),
        _ => None,
    });
    assert_eq!(drift, Some(("a".into(), 1, false)));
}

#[test]
fn b6_self_heal_touches_only_what_drifted_and_backs_off() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    play.applied.clear();
    let mut healed_after = Vec::new();
    for _ in 0..5 {
        play.tamper("a", "9");
        let mut waited = 0;
        while play.text("a").as_deref() == Some("9") {
            play.pass(SignedDuration::from_secs(1));
            waited += 1;
        }
        healed_after.push(waited);
    }
    assert_eq!(healed_after, [0, 2, 6, 18, 54]);
    assert!(play.applied.iter().all(|n| n == "a"), "{:?}", play.applied);
    assert_eq!(play.status("/history/1"), "", "healing is no deployment");
    assert_eq!(
        play.status("/operationState/operation/sync/autoHealAttemptsCount"),
        "5"
    );
    // After a quiet time it starts anew.
    play.pass(SignedDuration::from_mins(10));
    play.tamper("a", "9");
    assert_eq!(play.text("a").as_deref(), Some("1"));
    let healed = play
        .records
        .iter()
        .filter(|r| matches!(r, Record::Healed { by_us: true, .. }));
    assert_eq!(healed.count(), 6);
}

#[test]
fn a_deleted_object_is_made_again() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    play.cluster.objects.remove(&key("a"));
    play.run(engine::Event::Look);
    assert_eq!(play.text("a").as_deref(), Some("1"));
}

#[test]
fn b7_without_prune_an_extra_object_is_skipped() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    play.edit(&["operation"], json!({"sync": {}}));
    play.push("r2", vec![map("a", "1")]);
    play.expect("OutOfSync", "Healthy");
    assert_eq!(play.status("/resources/1/requiresPruning"), "true");
    play.edit(&["operation"], json!({"sync": {}}));
    play.expect("OutOfSync", "Healthy");
    assert!(play.text("b").is_some());
    let results = play.status("/operationState/syncResult/resources");
    assert!(results.contains("ignored (requires pruning)"), "{results}");
    assert!(results.contains("PruneSkipped"), "{results}");
}

#[test]
fn b8_prune_deletes_what_git_no_longer_has() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    play.push("r2", vec![map("a", "1")]);
    play.expect("Synced", "Healthy");
    assert_eq!(play.text("b"), None);
    assert_eq!(
        play.status("/operationState/syncResult/resources/0/status"),
        "Pruned"
    );
}

#[test]
fn what_is_being_deleted_is_not_pruned_again() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    play.cluster.lingering = true;
    play.push("r2", vec![map("a", "1")]);
    for _ in 0..5 {
        play.pass(SignedDuration::from_secs(60));
    }
    assert_eq!(play.deleted, ["b"]);
    assert_eq!(play.status("/sync/status"), "OutOfSync");
}

#[test]
fn prune_false_keeps_an_object() {
    let mut play = Play::new(automated());
    let kept = map("b", "1").with("argocd.argoproj.io/sync-options", "Prune=false");
    play.push("r1", vec![map("a", "1"), kept]);
    play.push("r2", vec![map("a", "2")]);
    assert!(play.text("b").is_some());
    play.expect("OutOfSync", "Healthy");
    assert!(
        play.status("/operationState/syncResult/resources")
            .contains("ignored (no prune)")
    );
}

#[test]
fn b9_a_sync_that_would_delete_everything_stops_and_says_so() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1")]);
    play.push("r2", vec![]);
    assert!(play.text("a").is_some());
    let message = play.condition("SyncError").unwrap();
    assert!(
        message.contains("auto-sync will wipe out all resources"),
        "{message}"
    );

    let mut play = Play::new(json!({"automated": {"prune": true, "allowEmpty": true}}));
    play.push("r1", vec![map("a", "1")]);
    play.push("r2", vec![]);
    assert_eq!(play.text("a"), None);
}

#[test]
fn b12_an_object_that_is_not_tracked_is_never_pruned() {
    let mut play = Play::new(automated());
    let foreign = Live {
        tracked: false,
        ..Live::new("x")
    };
    play.cluster.objects.insert(key("foreign"), foreign);
    play.push("r1", vec![map("a", "1")]);
    play.push("r2", vec![map("a", "2")]);
    assert!(play.text("foreign").is_some());
    play.expect("Synced", "Healthy");
}

#[test]
fn b13_the_worst_health_decides_and_a_missing_object_does_not() {
    let mut play = Play::new(json!({"automated": {}}));
    play.push(
        "r1",
        vec![
            map("a", "1").kind("Deployment"),
            map("b", "1").kind("Deployment"),
        ],
    );
    let deployment = |name: &str| ObjectKey::new("", "Deployment", "ns", name);
    for (status, want) in [
        (HealthStatus::Suspended, "Suspended"),
        (HealthStatus::Progressing, "Progressing"),
        (HealthStatus::Degraded, "Degraded"),
        (HealthStatus::Healthy, "Healthy"),
    ] {
        play.set_health(&deployment("a"), status);
        play.expect("Synced", want);
    }
    play.cluster.objects.remove(&deployment("a"));
    play.run(engine::Event::Look);
    play.expect("OutOfSync", "Healthy");
    play.cluster.objects.remove(&deployment("b"));
    play.run(engine::Event::Look);
    play.expect("OutOfSync", "Missing");
}

#[test]
fn b29_a_refresh_annotation_is_removed_when_it_is_done() {
    let mut play = Play::new(json!({"automated": {}}));
    play.push("r1", vec![map("a", "1")]);
    play.git.insert("r2".into(), vec![map("a", "2")]);
    play.head = "r2".into();
    for kind in ["normal", "hard"] {
        play.edit(
            &["metadata", "annotations", "argocd.argoproj.io/refresh"],
            kind,
        );
        let path = ["metadata", "annotations", "argocd.argoproj.io/refresh"];
        assert!(play.application.at(&path).is_none(), "{kind}");
        assert_eq!(play.status("/sync/revision"), "r2");
    }
}

#[test]
fn b32_a_failed_sync_is_repeated_with_back_off() {
    let policy = json!({"automated": {}, "retry": {
        "limit": 3, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"},
    }});
    let mut play = Play::new(policy);
    play.cluster
        .refused
        .insert("bad".into(), "no such field".into());
    play.push("r1", vec![map("a", "bad")]);
    assert_eq!(play.applied.len(), 1);
    assert_eq!(play.status("/operationState/phase"), "Running");
    let message = play.status("/operationState/message");
    assert!(
        message.contains("no such field. Retrying attempt #1 at"),
        "{message}"
    );
    for (wait, attempts) in [(5, 2), (10, 3), (20, 4)] {
        play.pass(SignedDuration::from_secs(wait - 1));
        assert_eq!(play.applied.len(), attempts - 1);
        play.pass(SignedDuration::from_secs(1));
        assert_eq!(play.applied.len(), attempts);
    }
    assert_eq!(play.status("/operationState/phase"), "Failed");
    assert_eq!(play.status("/operationState/retryCount"), "3");
    let message = play.status("/operationState/message");
    assert_eq!(
        message,
        "one or more objects failed to apply, reason: no such field (retried 3 times)."
    );
}

#[test]
fn b33_a_failed_automated_sync_is_not_repeated_and_says_so() {
    let mut play = Play::new(json!({"automated": {}, "retry": {"limit": 0}}));
    play.cluster.refused.insert("bad".into(), "refused".into());
    play.push("r1", vec![map("a", "bad"), map("b", "1")]);
    assert_eq!(
        play.text("b").as_deref(),
        Some("1"),
        "one refused object stops no other"
    );
    let applied = play.applied.len();
    play.pass(SignedDuration::from_mins(30));
    play.refresh();
    assert_eq!(play.applied.len(), applied);
    let message = play.condition("SyncError").unwrap();
    assert!(
        message.starts_with("Failed last sync attempt to [r1]: one or more sync"),
        "{message}"
    );
    // A newer commit is tried.
    play.push("r2", vec![map("a", "1"), map("b", "1")]);
    play.expect("Synced", "Healthy");
    assert_eq!(play.condition("SyncError"), None);
}

#[test]
fn a_newer_commit_takes_over_from_one_that_is_being_repeated() {
    let mut play = Play::new(json!({"automated": {}}));
    play.cluster.refused.insert("bad".into(), "refused".into());
    play.push("r1", vec![map("a", "bad")]);
    assert_eq!(play.status("/operationState/phase"), "Running");
    play.push("r2", vec![map("a", "1")]);
    play.expect("Synced", "Healthy");
    assert_eq!(play.status("/sync/revision"), "r2");
}

#[test]
fn b34_the_history_is_bounded_and_counts_on() {
    let mut play = Play::new(json!({"automated": {}}));
    play.edit(&["spec", "revisionHistoryLimit"], 3);
    for i in 0..6 {
        let text: &'static str = ["0", "1", "2", "3", "4", "5"][i];
        play.push(&format!("r{i}"), vec![map("a", text)]);
    }
    let ids: Vec<i64> = play
        .application
        .array_at(&["status", "history"])
        .iter()
        .map(|h| h.i64_at(&["id"]).unwrap())
        .collect();
    assert_eq!(ids, [3, 4, 5]);
}

#[test]
fn b35_a_broken_specification_touches_nothing() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1")]);
    play.edit(&["spec", "destination"], json!({"name": "nowhere"}));
    play.expect("Unknown", "Unknown");
    assert!(
        play.condition("InvalidSpecError")
            .unwrap()
            .contains("nowhere")
    );
    assert!(play.text("a").is_some());
}

#[test]
fn what_git_cannot_give_leaves_what_is_deployed() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1")]);
    let problem = engine::Problem {
        kind: "ComparisonError",
        message: "branch is gone".into(),
        transient: false,
    };
    play.run(engine::Event::Resolved(Err(problem)));
    assert_eq!(play.status("/sync/status"), "Unknown");
    assert_eq!(
        play.condition("ComparisonError").as_deref(),
        Some("branch is gone")
    );
    assert!(play.text("a").is_some());
    play.refresh();
    play.expect("Synced", "Healthy");
    assert_eq!(play.condition("ComparisonError"), None);
}

#[test]
fn b36_deleting_an_application_deletes_highest_wave_first_and_keeps_what_is_to_be_kept() {
    let mut play = Play::new(automated());
    let finalizers = json!(["resources-finalizer.argocd.argoproj.io"]);
    play.edit(&["metadata", "finalizers"], finalizers);
    let wave = "argocd.argoproj.io/sync-wave";
    play.push(
        "r1",
        vec![
            map("a", "1").with(wave, "0"),
            map("b", "1").with(wave, "2"),
            map("keep", "1").with("argocd.argoproj.io/sync-options", "Delete=false"),
            map("c", "1").with(wave, "1"),
        ],
    );
    play.expect("Synced", "Healthy");
    play.edit(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(play.deleted, ["b", "c", "a"]);
    assert!(play.released && play.text("keep").is_some());
}

#[test]
fn b44_a_selective_sync_touches_only_what_is_named() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1"), map("b", "1")]);
    let only = json!({"sync": {"resources": [{"kind": "ConfigMap", "name": "a"}]}});
    play.edit(&["operation"], only);
    assert_eq!(play.applied, ["a"]);
    assert_eq!(play.status("/history"), "");
    play.expect("OutOfSync", "Healthy");
}

#[test]
fn a_dry_run_changes_nothing_and_is_no_history() {
    let mut play = Play::new(json!({}));
    play.push("r1", vec![map("a", "1")]);
    play.edit(&["operation"], json!({"sync": {"dryRun": true}}));
    assert_eq!(play.status("/operationState/phase"), "Succeeded");
    assert_eq!(play.status("/history"), "");
    play.expect("OutOfSync", "Missing");
}

#[test]
fn an_unknown_kind_fails_before_anything_is_applied() {
    let mut play = Play::new(json!({}));
    play.cluster.unknown_kinds.push("Widget".into());
    play.push("r1", vec![map("a", "1"), map("w", "1").kind("Widget")]);
    play.edit(&["operation"], json!({"sync": {}}));
    assert!(play.applied.is_empty());
    let message = play.status("/operationState/message");
    assert!(
        message.starts_with("one or more synchronization tasks are not valid"),
        "{message}"
    );
    let message = play.status("/operationState/syncResult/resources/0/message");
    assert!(message.contains("w.yaml:1"), "{message}");
}

#[test]
fn b54_skip_reconcile_leaves_the_status_alone() {
    let mut play = Play::new(json!({"automated": {}}));
    let skip = [
        "metadata",
        "annotations",
        "argocd.argoproj.io/skip-reconcile",
    ];
    play.edit(&skip, "true");
    play.push("r1", vec![map("a", "1")]);
    assert!(play.applied.is_empty());
    assert_eq!(play.status("/sync/status"), "");
}

#[test]
fn an_idle_application_writes_nothing() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1")]);
    let writes = play.writes;
    for _ in 0..50 {
        play.run(engine::Event::Look);
    }
    assert_eq!(play.writes, writes);
}
