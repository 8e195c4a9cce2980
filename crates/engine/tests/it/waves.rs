//! Waves and hooks order a release, and a restart goes on where it was.

use crate::harness::{Play, map};
use engine::ObjectKey;
use health::HealthStatus;
use jiff::SignedDuration;
use value::json;

const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HOOK: &str = "argocd.argoproj.io/hook";

fn deployment(name: &str) -> ObjectKey {
    ObjectKey::new("", "Deployment", "ns", name)
}

fn job(name: &str) -> ObjectKey {
    ObjectKey::new("", "Job", "ns", name)
}

fn three_waves() -> Play {
    let mut play = Play::new(json!({"automated": {}}));
    play.cluster
        .health
        .insert("slow".into(), HealthStatus::Progressing);
    play.push(
        "r1",
        vec![
            map("first", "1").with(WAVE, "-1"),
            map("second", "slow").kind("Deployment").with(WAVE, "0"),
            map("third", "1").with(WAVE, "1"),
        ],
    );
    play
}

#[test]
fn b20_the_next_wave_waits_until_the_last_is_healthy() {
    let mut play = three_waves();
    assert_eq!(play.applied, ["first", "second"]);
    assert_eq!(
        play.status("/operationState/message"),
        "waiting for healthy state of /Deployment/second"
    );
    play.set_health(&deployment("second"), HealthStatus::Healthy);
    assert_eq!(play.applied, ["first", "second", "third"]);
    play.expect("Synced", "Healthy");
    assert_eq!(
        play.status("/operationState/message"),
        "successfully synced (all tasks run)"
    );
}

#[test]
fn waves_are_apart_by_the_delay() {
    let mut play = Play::new(json!({"automated": {}}));
    play.config.wave_delay = SignedDuration::from_secs(2);
    play.push(
        "r1",
        vec![map("a", "1").with(WAVE, "1"), map("b", "1").with(WAVE, "2")],
    );
    assert_eq!(play.applied, ["a"]);
    play.pass(SignedDuration::from_secs(1));
    assert_eq!(play.applied, ["a"]);
    play.pass(SignedDuration::from_secs(1));
    assert_eq!(play.applied, ["a", "b"]);
}

#[test]
fn a_degraded_object_fails_its_wave() {
    let mut play = three_waves();
    play.edit(&["spec", "syncPolicy", "retry"], json!({"limit": 0}));
    play.set_health(&deployment("second"), HealthStatus::Degraded);
    assert_eq!(play.applied, ["first", "second"]);
    let message = play.status("/operationState/message");
    assert!(
        message.starts_with("one or more synchronization tasks completed unsuccessfully"),
        "{message}"
    );
}

#[test]
fn b62_a_restart_in_the_middle_goes_on() {
    let mut play = three_waves();
    play.restart();
    play.applied.clear();
    play.refresh();
    play.set_health(&deployment("second"), HealthStatus::Healthy);
    assert!(
        play.applied.contains(&"third".to_owned()),
        "{:?}",
        play.applied
    );
    play.expect("Synced", "Healthy");
    assert_eq!(play.status("/operationState/phase"), "Succeeded");
    assert_eq!(play.status("/history/1"), "", "one deployment, not two");
}

#[test]
fn b21_a_pre_sync_hook_runs_first_and_its_failure_stops_the_sync() {
    let mut play = Play::new(json!({"automated": {}, "retry": {"limit": 0}}));
    play.cluster
        .health
        .insert("running".into(), HealthStatus::Progressing);
    let hook = map("migrate", "running").kind("Job").with(HOOK, "PreSync");
    play.push("r1", vec![map("a", "1"), hook.clone()]);
    assert_eq!(play.applied, ["migrate"]);
    assert_eq!(
        play.status("/operationState/message"),
        "waiting for completion of hook /Job/migrate"
    );
    play.set_health(&job("migrate"), HealthStatus::Healthy);
    assert_eq!(play.applied, ["migrate", "a"]);
    play.expect("Synced", "Healthy");

    // The next sync deletes the old hook and runs it again.
    play.push("r2", vec![map("a", "2"), hook]);
    assert_eq!(play.deleted, ["migrate"]);
    play.set_health(&job("migrate"), HealthStatus::Degraded);
    assert_eq!(play.status("/operationState/phase"), "Failed");
    assert_eq!(play.applied, ["migrate", "a", "migrate"]);
}

#[test]
fn b22_post_sync_waits_for_health_and_sync_fail_runs_only_on_failure() {
    let mut play = Play::new(json!({"automated": {}, "retry": {"limit": 0}}));
    play.cluster
        .health
        .insert("slow".into(), HealthStatus::Progressing);
    play.cluster.refused.insert("bad".into(), "refused".into());
    let post = map("smoke", "1").kind("Job").with(HOOK, "PostSync");
    let fail = map("alarm", "1").kind("Job").with(HOOK, "SyncFail");
    play.push(
        "r1",
        vec![
            map("web", "slow").kind("Deployment"),
            post.clone(),
            fail.clone(),
        ],
    );
    assert_eq!(play.applied, ["web"]);
    play.set_health(&deployment("web"), HealthStatus::Healthy);
    assert_eq!(play.applied, ["web", "smoke"]);
    assert_eq!(
        play.status("/operationState/message"),
        "successfully synced (no more tasks)"
    );

    play.push("r2", vec![map("web", "bad").kind("Deployment"), post, fail]);
    assert_eq!(play.applied, ["web", "smoke", "web", "alarm"]);
    assert_eq!(play.status("/operationState/phase"), "Failed");
}

#[test]
fn b23_a_hook_is_deleted_as_its_policy_says() {
    const POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
    let mut play = Play::new(json!({"automated": {}, "retry": {"limit": 0}}));
    play.cluster
        .health
        .insert("failing".into(), HealthStatus::Degraded);
    let good = map("good", "1")
        .kind("Job")
        .with(HOOK, "PreSync")
        .with(POLICY, "HookSucceeded");
    let bad = map("bad", "failing")
        .kind("Job")
        .with(HOOK, "PostSync")
        .with(POLICY, "HookFailed");
    play.push("r1", vec![map("a", "1"), good, bad]);
    assert_eq!(play.status("/operationState/phase"), "Failed");
    assert_eq!(play.deleted, ["bad"]);
}

#[test]
fn what_is_pruned_goes_in_reverse_waves() {
    let mut play = Play::new(json!({"automated": {"prune": true}}));
    play.push(
        "r1",
        vec![
            map("stay", "1"),
            map("low", "1").with(WAVE, "0"),
            map("high", "1").with(WAVE, "5"),
        ],
    );
    play.push("r2", vec![map("stay", "1")]);
    assert_eq!(play.deleted, ["high", "low"]);
    play.expect("Synced", "Healthy");
}
