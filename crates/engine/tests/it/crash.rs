//! A controller that dies after any of its deeds: the next one goes on, and no hook runs twice.

use crate::harness::{Manifest, Play, map};
use engine::ObjectKey;
use health::HealthStatus;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use value::{Value, json};

const HOOK: &str = "argocd.argoproj.io/hook";
const POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
const WAVE: &str = "argocd.argoproj.io/sync-wave";

fn job(name: &'static str, phase: &'static str) -> Manifest {
    map(name, "running").kind("Job").with(HOOK, phase)
}

/// Two commits: a migration before everything, waves, a check after it, an object to prune.
fn deploy(play: &mut Play) {
    let first = vec![
        job("migrate", "PreSync"),
        job("seed", "PreSync")
            .with(POLICY, "HookSucceeded")
            .with(WAVE, "1"),
        map("config", "1"),
        map("web", "1").kind("Deployment").with(WAVE, "2"),
        map("late", "1").with(WAVE, "3"),
        map("old", "1"),
        job("smoke", "PostSync").with(POLICY, "HookSucceeded"),
        job("alarm", "SyncFail"),
    ];
    let second: Vec<Manifest> = first.iter().filter(|m| m.name != "old").cloned().collect();
    play.push("r1", first);
    finish(play);
    play.push("r2", second);
    finish(play);
}

/// Lets every running Job come to its end, until the operation has.
fn finish(play: &mut Play) {
    for _ in 0..40 {
        let running: Vec<ObjectKey> = play
            .cluster
            .objects
            .iter()
            .filter(|(_, o)| o.health == Some(HealthStatus::Progressing))
            .map(|(k, _)| k.clone())
            .collect();
        for key in &running {
            let status = match play.cluster.objects[key].text.as_str() {
                "fails" => HealthStatus::Degraded,
                _ => HealthStatus::Healthy,
            };
            play.set_health(key, status);
        }
        play.pass(SignedDuration::from_secs(3));
        if running.is_empty() && play.status("/operationState/phase") != "Running" {
            return;
        }
    }
    panic!("it never ends: {}", play.status(""));
}

fn play(policy: Value) -> Play {
    let mut play = Play::new(policy);
    play.config.wave_delay = SignedDuration::from_secs(2);
    for text in ["running", "fails"] {
        let text = text.to_owned();
        play.cluster.health.insert(text, HealthStatus::Progressing);
    }
    play
}

fn runs(play: &Play) -> BTreeMap<&str, usize> {
    let mut runs = BTreeMap::new();
    for name in &play.applied {
        *runs.entry(name.as_str()).or_default() += 1;
    }
    runs.retain(|name, _| ["migrate", "seed", "smoke", "alarm"].contains(name));
    runs
}

fn policy() -> Value {
    json!({"automated": {"prune": true}, "retry": {"limit": 0}})
}

#[test]
fn a_controller_that_dies_after_any_deed_goes_on_and_runs_no_hook_twice() {
    let mut whole = play(policy());
    deploy(&mut whole);
    let want: BTreeMap<&str, usize> = [("migrate", 2), ("seed", 2), ("smoke", 2)].into();
    assert_eq!(runs(&whole), want);
    let total = whole.effects;
    let singles = (1..=total).map(|n| vec![n]);
    let pairs = (1..=total)
        .step_by(3)
        .flat_map(|n| (1..=3).map(move |d| vec![n, n + d]));
    for crashes in singles.chain(pairs) {
        let mut play = play(policy());
        play.crashes.clone_from(&crashes);
        deploy(&mut play);
        assert_eq!(runs(&play), want, "died after {crashes:?} of {total}");
        play.expect("Synced", "Healthy");
        assert_eq!(
            play.status("/history/1/revision"),
            "r2",
            "died after {crashes:?}"
        );
        assert_eq!(play.status("/history/2"), "", "died after {crashes:?}");
        let left: Vec<String> = play
            .cluster
            .objects
            .keys()
            .map(ToString::to_string)
            .collect();
        let want = [
            "ConfigMap/config",
            "ConfigMap/late",
            "Deployment/web",
            "Job/migrate",
        ];
        assert_eq!(left, want, "died after {crashes:?}");
        let held = play.cluster.objects.values().filter(|o| o.held).count();
        assert_eq!(held, 0, "died after {crashes:?}: a finalizer stays");
    }
}

#[test]
fn so_does_one_whose_sync_fails() {
    let fail = |play: &mut Play| {
        let mut migrate = job("migrate", "PreSync");
        migrate.text = "fails";
        let alarm = job("alarm", "SyncFail");
        play.push("r1", vec![migrate, map("config", "1"), alarm]);
        finish(play);
    };
    let mut whole = play(policy());
    fail(&mut whole);
    let want: BTreeMap<&str, usize> = [("alarm", 1), ("migrate", 1)].into();
    assert_eq!(runs(&whole), want);
    for crash in 1..=whole.effects {
        let mut play = play(policy());
        play.crashes = vec![crash];
        fail(&mut play);
        assert_eq!(runs(&play), want, "died after {crash}");
        assert_eq!(play.status("/operationState/phase"), "Failed");
        assert!(play.text("config").is_none(), "died after {crash}");
    }
}

#[test]
fn a_wait_for_the_next_attempt_survives_a_restart() {
    let mut play = play(json!({"automated": {}, "retry": {"limit": 2}}));
    play.cluster.refused.insert("bad".into(), "no".into());
    play.push("r1", vec![map("a", "bad")]);
    assert_eq!(play.applied.len(), 1);
    play.pass(SignedDuration::from_secs(2));
    play.restart();
    play.refresh();
    assert_eq!(play.applied.len(), 1, "it is not yet time");
    assert_eq!(play.status("/operationState/retryCount"), "1");
    play.pass(SignedDuration::from_secs(4));
    assert_eq!(play.applied.len(), 2);
    play.pass(SignedDuration::from_secs(11));
    assert_eq!(play.applied.len(), 3);
    let message = play.status("/operationState/message");
    assert!(message.ends_with("(retried 2 times)."), "{message}");
}
