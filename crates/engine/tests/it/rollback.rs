//! The health gate: rolled back automatically, held, and let go.

use crate::harness::{Play, map};
use engine::{ObjectKey, Record};
use health::HealthStatus;
use jiff::SignedDuration;
use value::json;

fn web(text: &'static str) -> crate::harness::Manifest {
    map("web", text).kind("Deployment")
}

fn key() -> ObjectKey {
    ObjectKey::new("", "Deployment", "ns", "web")
}

fn deployed() -> Play {
    let mut play = Play::new(json!({"automated": {"prune": true, "selfHeal": true}}));
    play.cluster
        .health
        .insert("broken".into(), HealthStatus::Progressing);
    play.push("good", vec![web("1")]);
    play.expect("Synced", "Healthy");
    play
}

fn text(play: &Play) -> String {
    play.cluster.objects[&key()].text.clone()
}

#[test]
fn an_unhealthy_revision_is_rolled_back_and_held() {
    let mut play = deployed();
    play.push("bad", vec![web("broken")]);
    play.expect("Synced", "Progressing");
    play.pass(SignedDuration::from_mins(9));
    assert_eq!(text(&play), "broken");
    play.pass(SignedDuration::from_mins(1));
    assert_eq!(text(&play), "1");
    play.expect("Synced", "Healthy");
    assert_eq!(play.status("/sync/revision"), "good");
    let held = play.condition("RevisionHeld").unwrap();
    assert!(
        held.contains("revision bad is held by health gate"),
        "{held}"
    );
    assert!(
        play.records
            .iter()
            .any(|r| matches!(r, Record::RolledBack { .. }))
    );

    // It isn't tried again, whatever happens.
    let applied = play.applied.len();
    for _ in 0..5 {
        play.refresh();
        play.pass(SignedDuration::from_mins(30));
    }
    assert_eq!(play.applied.len(), applied);

    // Drift from the good revision is healed while the bad one is held.
    play.cluster.objects.get_mut(&key()).unwrap().text = "tampered".into();
    play.run(engine::Event::Look);
    assert_eq!(text(&play), "1");

    // A newer commit is deployed.
    play.push("fixed", vec![web("2")]);
    play.expect("Synced", "Healthy");
    assert_eq!(
        (text(&play).as_str(), play.condition("RevisionHeld")),
        ("2", None)
    );
}

#[test]
fn a_hold_survives_a_restart() {
    let mut play = deployed();
    play.push("bad", vec![web("broken")]);
    play.pass(SignedDuration::from_mins(11));
    play.restart();
    play.refresh();
    assert_eq!(
        (text(&play).as_str(), play.status("/sync/revision").as_str()),
        ("1", "good")
    );
    assert!(play.condition("RevisionHeld").is_some());
}

#[test]
fn a_restart_with_the_gate_open_still_rolls_back() {
    let mut play = deployed();
    play.push("bad", vec![web("broken")]);
    play.pass(SignedDuration::from_mins(5));
    play.restart();
    play.refresh();
    play.pass(SignedDuration::from_mins(6));
    assert_eq!(text(&play), "1");
}

#[test]
fn a_person_can_let_a_held_revision_go() {
    let mut play = deployed();
    play.push("bad", vec![web("broken")]);
    play.pass(SignedDuration::from_mins(11));
    play.edit(
        &["metadata", "annotations", api::names::HOLDS],
        value::Value::Null,
    );
    play.refresh();
    assert_eq!(text(&play), "broken");
    assert_eq!(play.condition("RevisionHeld"), None);
}

#[test]
fn a_slow_revision_that_becomes_healthy_in_time_stays() {
    let mut play = deployed();
    play.push("slow", vec![web("broken")]);
    play.pass(SignedDuration::from_mins(9));
    play.set_health(&key(), HealthStatus::Healthy);
    play.pass(SignedDuration::from_mins(60));
    assert_eq!(text(&play), "broken");
    // What was healthy once is not rolled back for what happens later.
    play.set_health(&key(), HealthStatus::Degraded);
    play.pass(SignedDuration::from_mins(60));
    assert_eq!(text(&play), "broken");
    play.expect("Synced", "Degraded");
}

#[test]
fn nothing_is_rolled_back_without_automation_a_gate_or_a_healthy_past() {
    let mut first = Play::new(json!({"automated": {}}));
    first
        .cluster
        .health
        .insert("broken".into(), HealthStatus::Progressing);
    first.push("bad", vec![web("broken")]);
    first.pass(SignedDuration::from_mins(60));
    assert_eq!(first.condition("RevisionHeld"), None);

    let mut off = deployed();
    off.edit(
        &["metadata", "annotations", "windlass.dev/health-gate"],
        "off",
    );
    off.push("bad", vec![web("broken")]);
    off.pass(SignedDuration::from_mins(60));
    assert_eq!(text(&off), "broken");

    let mut short = deployed();
    short.edit(
        &["metadata", "annotations", "windlass.dev/health-gate"],
        "30s",
    );
    short.push("bad", vec![web("broken")]);
    short.pass(SignedDuration::from_secs(31));
    assert_eq!(text(&short), "1");
}

#[test]
fn a_person_rolls_back_under_automation() {
    let mut play = deployed();
    play.push("next", vec![web("2")]);
    let hold = json!([{"revision": "next", "backTo": "good", "by": "alice", "reason": "wrong"}]);
    play.edit(
        &["metadata", "annotations", api::names::HOLDS],
        hold.to_json(),
    );
    play.refresh();
    assert_eq!(
        (text(&play).as_str(), play.status("/sync/revision").as_str()),
        ("1", "good")
    );
    assert!(play.condition("RevisionHeld").unwrap().contains("alice"));
}

#[test]
fn a_dry_run_is_not_blamed_for_what_is_deployed() {
    let mut play = deployed();
    play.push("bad", vec![web("broken")]);
    play.pass(SignedDuration::from_mins(5));
    let dry_run = json!({"sync": {"dryRun": true, "revision": "good"}});
    play.edit(&["operation"], dry_run);
    play.expect("Synced", "Progressing");
    play.pass(SignedDuration::from_mins(5));
    assert_eq!(text(&play), "1");
    let held = play.condition("RevisionHeld").unwrap();
    assert!(
        held.contains("revision bad is held by health gate"),
        "{held}"
    );
}
