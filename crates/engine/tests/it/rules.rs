//! What keeps an application from being synced: its project, windows, a pause, others.

use crate::harness::{Play, map};
use engine::{Dependency, Record, SyncStatus};
use health::HealthStatus;
use jiff::SignedDuration;
use value::{Value, json};

fn automated() -> Value {
    json!({"automated": {"prune": true, "selfHeal": true}})
}

fn annotate(play: &mut Play, name: &str, text: impl Into<Value>) {
    play.edit(&["metadata", "annotations", name], text);
}

#[test]
fn b37_what_the_project_does_not_permit_is_unknown_and_fails_the_sync() {
    let mut play = Play::new(json!({}));
    play.cluster.project.forbidden_kinds = vec!["Secret"];
    play.push("r1", vec![map("a", "1"), map("s", "1").kind("Secret")]);
    assert_eq!(play.status("/resources/1/status"), "Unknown");
    play.expect("OutOfSync", "Missing");
    play.edit(&["operation"], json!({"sync": {}}));
    assert!(play.applied.is_empty());
    assert_eq!(
        play.status("/operationState/message"),
        "one or more synchronization tasks are not valid: resource :Secret is not permitted in \
         project p"
    );
    assert_eq!(
        play.status("/operationState/syncResult/resources/0/name"),
        "s"
    );
}

#[test]
fn b35_b37_a_project_s_objections_leave_everything_as_it_is() {
    let mut play = Play::new(automated());
    play.push("r1", vec![map("a", "1")]);
    play.cluster.project.objections = vec!["not here".into()];
    play.push("r2", vec![map("a", "2")]);
    play.expect("Unknown", "Unknown");
    assert_eq!(
        play.condition("InvalidSpecError").as_deref(),
        Some("not here")
    );
    assert_eq!(play.text("a").as_deref(), Some("1"));
    assert_eq!(play.status("/sync/comparedTo"), "");
    play.cluster.project.objections.clear();
    play.refresh();
    play.run(engine::Event::Look);
    assert_eq!(play.text("a").as_deref(), Some("2"));
}

#[test]
fn b38_a_closed_window_holds_automation_and_says_until_when() {
    let mut play = Play::new(automated());
    play.cluster.project.closed_until = Some(play.now + SignedDuration::from_hours(1));
    play.push("r1", vec![map("a", "1")]);
    assert!(play.applied.is_empty());
    let note = play.condition("SyncWindow");
    assert_eq!(
        note.as_deref(),
        Some("nothing is synced automatically: window freeze")
    );
    play.pass(SignedDuration::from_mins(61));
    assert_eq!(play.applied, ["a"]);
    assert_eq!(play.condition("SyncWindow"), None);
}

#[test]
fn b38_a_person_waits_too_unless_the_window_lets_people_or_a_reason_is_given() {
    let closed = || {
        let mut play = Play::new(json!({}));
        play.cluster.project.closed_until = Some(play.now + SignedDuration::from_hours(1));
        play.push("r1", vec![map("a", "1")]);
        play
    };
    let mut play = closed();
    play.edit(&["operation"], json!({"sync": {}}));
    assert_eq!(play.status("/operationState/phase"), "Running");
    let message = play.status("/operationState/message");
    assert_eq!(message, "Sync operation blocked by sync window");
    play.restart();
    play.refresh();
    assert!(play.applied.is_empty());
    play.pass(SignedDuration::from_mins(61));
    assert_eq!(play.applied, ["a"]);

    let mut play = closed();
    play.cluster.project.lets_people = true;
    play.edit(&["operation"], json!({"sync": {}}));
    assert_eq!(play.applied, ["a"]);

    let mut play = closed();
    let reason = json!([{"name": "windlass.dev/override-window", "value": "incident 7"}]);
    play.edit(&["operation"], json!({"sync": {}, "info": reason}));
    assert_eq!(play.applied, ["a"]);
    let told = play.records.iter().any(
        |r| matches!(r, Record::Synced { override_window: Some(why), .. } if why == "incident 7"),
    );
    assert!(told, "{:?}", play.records);
}

#[test]
fn a_pause_stops_automation_until_it_is_over_and_says_so() {
    let mut play = Play::new(automated());
    let pause = r#"{"reason": "incident 7", "by": "alice", "until": "2026-01-01T01:00:00Z"}"#;
    annotate(&mut play, "windlass.dev/paused", pause);
    play.push("r1", vec![map("a", "1")]);
    assert!(play.applied.is_empty());
    let note = play.condition("Paused").unwrap();
    assert!(
        note.contains("by alice until 2026-01-01T01:00:00Z (incident 7)"),
        "{note}"
    );
    // A person may.
    play.edit(&["operation"], json!({"sync": {}}));
    assert_eq!(play.applied, ["a"]);
    play.tamper("a", "9");
    assert_eq!(play.text("a").as_deref(), Some("9"));
    play.pass(SignedDuration::from_mins(61));
    assert_eq!(play.condition("Paused"), None);
    assert_eq!(play.text("a").as_deref(), Some("1"));
}

fn well() -> Dependency {
    Dependency {
        sync: SyncStatus::Synced,
        health: Some(HealthStatus::Healthy),
        ..Dependency::default()
    }
}

#[test]
fn an_application_waits_for_those_that_it_depends_on() {
    let mut play = Play::new(automated());
    annotate(&mut play, "windlass.dev/depends-on", "db, queue");
    let busy = Dependency {
        is_busy: true,
        ..well()
    };
    let sick = Dependency {
        health: Some(HealthStatus::Degraded),
        ..well()
    };
    let behind = Dependency {
        sync: SyncStatus::OutOfSync,
        ..well()
    };
    play.push("r1", vec![map("a", "1")]);
    for (queue, why) in [
        (None, "it depends on queue, which does not exist"),
        (Some(busy), "queue is being synced"),
        (Some(sick), "queue is Degraded"),
        (Some(behind), "queue is OutOfSync"),
    ] {
        play.cluster.others.insert("db".into(), well());
        if let Some(queue) = queue {
            play.cluster.others.insert("queue".into(), queue);
        }
        play.run(engine::Event::Look);
        let note = play.condition("Blocked").unwrap_or_default();
        assert_eq!(note, format!("blocked because {why}"));
        assert!(play.applied.is_empty());
    }
    play.cluster.others.insert("queue".into(), well());
    play.run(engine::Event::Look);
    assert_eq!(play.applied, ["a"]);
    assert_eq!(play.condition("Blocked"), None);
}

#[test]
fn a_dependency_of_the_same_branch_must_have_seen_the_commit() {
    let mut play = Play::new(automated());
    annotate(&mut play, "windlass.dev/depends-on", "db");
    let same = |revision: &str| Dependency {
        tracks: "https://git/x main".into(),
        revision: revision.into(),
        ..well()
    };
    play.cluster.others.insert("db".into(), same("r0"));
    play.push("r1", vec![map("a", "1")]);
    let note = play.condition("Blocked");
    assert_eq!(
        note.as_deref(),
        Some("blocked because db has not yet seen this revision")
    );
    play.cluster.others.insert("db".into(), same("r1"));
    play.run(engine::Event::Look);
    assert_eq!(play.applied, ["a"]);
}

#[test]
fn a_circle_of_dependencies_is_named() {
    let mut play = Play::new(automated());
    annotate(&mut play, "windlass.dev/depends-on", "db");
    let on = |names: &[&str]| Dependency {
        depends_on: names.iter().map(ToString::to_string).collect(),
        ..well()
    };
    play.cluster.others.insert("db".into(), on(&["x", "net"]));
    play.cluster.others.insert("x".into(), on(&["x"]));
    play.cluster.others.insert("net".into(), on(&["app"]));
    play.push("r1", vec![map("a", "1")]);
    assert!(play.applied.is_empty());
    let note = play.condition("Blocked").unwrap();
    assert!(note.contains("app -> db -> net -> app"), "{note}");
}

#[test]
fn rollback_on_degraded_does_not_wait_and_never_is_never() {
    for (on, back_at_once, back_later) in [
        ("degraded", true, true),
        ("", false, true),
        ("never", false, false),
    ] {
        let mut play = Play::new(automated());
        annotate(&mut play, "windlass.dev/rollback-on", on);
        annotate(&mut play, "windlass.dev/gate-timeout", "5m");
        play.cluster
            .health
            .insert("broken".into(), HealthStatus::Degraded);
        let web = |text| map("web", text).kind("Deployment");
        play.push("good", vec![web("1")]);
        play.push("bad", vec![web("broken")]);
        assert_eq!(
            play.condition("RevisionHeld").is_some(),
            back_at_once,
            "{on:?}"
        );
        play.pass(SignedDuration::from_mins(6));
        assert_eq!(
            play.condition("RevisionHeld").is_some(),
            back_later,
            "{on:?}"
        );
    }
}
