//! `kill -9` at any moment loses nothing and prunes nothing wrongly.

use crate::process::{Running, fine, text};
use std::path::Path;
use std::time::Duration;
use testkit::git;

const KILLS: usize = 50;
const MAPS: usize = 6;

fn commit(repo: &Path, round: usize) -> String {
    for i in 0..MAPS {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-{i}\n  annotations:\n    \
             argocd.argoproj.io/sync-wave: \"{}\"\ndata:\n  round: \"{round}\"\n",
            i % 2
        );
        std::fs::write(repo.join(format!("map-{i}.yaml")), text).unwrap();
    }
    // One object comes and goes: what is pruned is always the one that Git has dropped.
    let extra = repo.join("extra.yaml");
    if round.is_multiple_of(2) {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n";
        std::fs::write(&extra, map).unwrap();
    } else if extra.exists() {
        std::fs::remove_file(&extra).unwrap();
    }
    git(repo, &["add", "-A"]);
    git(repo, &["commit", "-qm", &format!("round {round}")]);
    git(repo, &["rev-parse", "HEAD"]).trim().to_owned()
}

#[test]
fn fifty_kills_in_the_middle_of_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let repo = dir.path().join("repo");
    std::fs::create_dir_all(&repo).unwrap();
    git(&repo, &["init", "-q", "-b", "main"]);
    commit(&repo, 0);
    let folder = dir.path().join("up");
    let url = repo.display().to_string();
    let args = ["--repo", url.as_str(), "--name", "app", "--poll", "1"];
    let up = Running::up(&folder, &args);
    up.until("app", "the first sync", fine);
    // Something of somebody else's, which must never be touched.
    let foreign = dir.path().join("foreign.yaml");
    std::fs::write(
        &foreign,
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: other\nspec:\n  \
         project: default\n  source:\n    repoURL: /nowhere\n    path: x\n  destination:\n    \
         name: in-cluster\n    namespace: default\n",
    )
    .unwrap();
    let created = up.ask(&["app", "create", "-f", &foreign.display().to_string()]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    up.kill();

    let mut newest = String::new();
    for round in 1..=KILLS {
        let up = Running::up(&folder, &args);
        newest = commit(&repo, round);
        // Asking for a refresh starts the sync; the kill falls anywhere in it.
        up.ask(&["app", "sync", "app", "--no-wait"]);
        let moment = (round as u64 * 7919) % 120;
        std::thread::park_timeout(Duration::from_millis(moment));
        up.kill();
    }

    let up = Running::up(&folder, &args);
    let app = up.until("app", "the newest commit", |app| {
        fine(app) && app.str_at(&["status", "sync", "revision"]) == newest
    });
    let names: Vec<&str> = app
        .array_at(&["status", "resources"])
        .iter()
        .map(|r| r.str_at(&["name"]))
        .collect();
    assert_eq!(
        names,
        [
            "extra", "map-0", "map-1", "map-2", "map-3", "map-4", "map-5"
        ]
    );
    let ids: Vec<i64> = app
        .array_at(&["status", "history"])
        .iter()
        .filter_map(|h| h.i64_at(&["id"]))
        .collect();
    assert!(
        ids.windows(2).all(|w| w[0] < w[1]),
        "the history counts on: {ids:?}"
    );
    assert!(
        !up.app("other").is_null(),
        "somebody else's application is gone"
    );
}
