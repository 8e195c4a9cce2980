//! An application's deletion, with hooks and approvals.

use crate::harness::{Live, Manifest, Play, key, map};
use engine::ObjectKey;
use health::HealthStatus;
use jiff::SignedDuration;
use value::json;

const HOOK: &str = "argocd.argoproj.io/hook";
const POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
const OPTIONS: &str = "argocd.argoproj.io/sync-options";

fn job(name: &'static str, phase: &'static str) -> Manifest {
    map(name, "running").kind("Job").with(HOOK, phase)
}

fn job_key(name: &str) -> ObjectKey {
    ObjectKey::new("", "Job", "ns", name)
}

fn deployed(manifests: Vec<Manifest>) -> Play {
    let mut play = Play::new(json!({"automated": {}}));
    play.cluster
        .health
        .insert("running".into(), HealthStatus::Progressing);
    let finalizers = json!(["resources-finalizer.argocd.argoproj.io"]);
    play.edit(&["metadata", "finalizers"], finalizers);
    play.push("r1", manifests);
    play
}

fn delete(play: &mut Play) {
    play.edit(&["metadata", "deletionTimestamp"], "2026-01-01T00:10:00Z");
}

fn finalizers(play: &Play) -> usize {
    play.application.array_at(&["metadata", "finalizers"]).len()
}

#[test]
fn hooks_of_deletion_run_before_and_after_and_are_cleaned_up() {
    let mut play = deployed(vec![
        map("a", "1"),
        job("bye", "PreDelete"),
        job("gone", "PostDelete").with(POLICY, "HookSucceeded"),
    ]);
    assert_eq!(play.applied, ["a"], "no sync runs them");
    assert_eq!(finalizers(&play), 5);
    delete(&mut play);
    assert_eq!(play.applied, ["a", "bye"]);
    assert!(
        play.text("a").is_some(),
        "nothing goes before the hook has run"
    );
    // A restart goes on where it was.
    play.restart();
    play.run(engine::Event::Look);
    play.set_health(&job_key("bye"), HealthStatus::Healthy);
    assert!(play.text("a").is_none());
    assert_eq!(play.applied, ["a", "bye", "gone"]);
    assert!(!play.released);
    play.set_health(&job_key("gone"), HealthStatus::Healthy);
    assert!(
        play.cluster.objects.is_empty(),
        "{:?}",
        play.cluster.objects.keys()
    );
    assert!(play.released);
}

#[test]
fn a_failed_hook_of_deletion_is_said_and_made_anew() {
    let mut play = deployed(vec![map("a", "1"), job("bye", "PreDelete")]);
    delete(&mut play);
    play.set_health(&job_key("bye"), HealthStatus::Degraded);
    let said = play.condition("DeletionError");
    assert_eq!(said.as_deref(), Some("PreDelete hook(s) failed: ns/bye"));
    assert!(play.text("a").is_some());
    play.pass(SignedDuration::from_secs(11));
    assert_eq!(play.applied, ["a", "bye", "bye"]);
    play.set_health(&job_key("bye"), HealthStatus::Healthy);
    assert!(play.released);
}

#[test]
fn without_hooks_there_are_no_finalizers_for_them() {
    let mut play = deployed(vec![map("a", "1"), job("bye", "PreDelete")]);
    assert_eq!(finalizers(&play), 3);
    play.push("r2", vec![map("a", "1")]);
    assert_eq!(finalizers(&play), 1);
}

#[test]
fn b45_a_deletion_that_asks_waits_for_a_person() {
    let mut play = deployed(vec![
        map("a", "1"),
        map("b", "1").with(OPTIONS, "Delete=confirm"),
    ]);
    assert_eq!(
        play.status("/resources/1/requiresDeletionConfirmation"),
        "true"
    );
    delete(&mut play);
    assert!(play.deleted.is_empty());
    let asked = play.condition("ApprovalRequired").unwrap();
    assert!(asked.contains("ConfigMap/b"), "{asked}");
    let approved = [
        "metadata",
        "annotations",
        "argocd.argoproj.io/deletion-approved",
    ];
    play.edit(&approved, "2026-01-01T00:09:59Z");
    assert!(play.deleted.is_empty(), "that was before");
    play.edit(&approved, "2026-01-01T00:10:01Z");
    assert!(play.released);
}

#[test]
fn b36_an_application_s_own_option_keeps_everything_but_what_says_otherwise() {
    let mut play = Play::new(json!({"automated": {}, "syncOptions": ["Delete=false"]}));
    play.edit(
        &["metadata", "finalizers"],
        json!(["resources-finalizer.argocd.argoproj.io"]),
    );
    play.push(
        "r1",
        vec![map("a", "1"), map("b", "1").with(OPTIONS, "Delete=true")],
    );
    delete(&mut play);
    assert_eq!(play.deleted, ["b"]);
    assert!(play.released);
}

#[test]
fn an_application_never_deletes_itself() {
    let mut play = deployed(vec![map("a", "1")]);
    let own = ObjectKey::new("argoproj.io", "Application", "argocd", "app");
    play.cluster.objects.insert(own.clone(), Live::new("x"));
    play.edit(&["metadata", "namespace"], "argocd");
    delete(&mut play);
    assert!(play.cluster.objects.contains_key(&own));
    assert!(!play.cluster.objects.contains_key(&key("a")));
    assert!(play.released);
}
