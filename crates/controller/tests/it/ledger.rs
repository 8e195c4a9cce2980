//! What the ledger knows when the controller is killed.

use crate::recorder::{Seen, start};
use value::json;

const OBJECT: &str = "/api/v1/namespaces/place/configmaps/a";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_on_its_way_before_the_deed_and_the_word_of_it() {
    let (world, recorder, _dir) = start(&json!({
        "files": {
            "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: git}\n",
        },
        "application": {
            "project": "default",
            "source": {"repoURL": "{repo}", "path": "app", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
    }))
    .await;
    world
        .reach(&json!({"/status/operationState/phase": "Succeeded"}))
        .await;
    let first = |from: usize, is_meant: &dyn Fn(&Seen) -> bool| {
        let seen = recorder.seen();
        let place = seen.iter().skip(from).position(is_meant);
        place.map(|place| from + place)
    };
    let entry = |kind: &'static str, action: &'static str| {
        move |seen: &Seen| {
            seen.method == "POST" && seen.path.ends_with(kind) && seen.body.contains(action)
        }
    };
    let ended = |seen: &Seen| {
        seen.path.ends_with("/applications/first") && seen.body.contains("\"finishedAt\":\"")
    };
    let synced = first(0, &entry("/auditentries", "\"action\":\"sync\"")).expect("an entry");
    assert!(synced < first(0, &ended).expect("the end is told"));

    let from = recorder.seen().len();
    let drift = json!({"data": {"k": "hand"}});
    world
        .client
        .merge_patch(OBJECT, &drift)
        .await
        .expect("it changes");
    world
        .reach(&json!({"/status/operationState/operation/sync/autoHealAttemptsCount": 1}))
        .await;
    world
        .reach(&json!({"/status/operationState/phase": "Succeeded"}))
        .await;
    let drifted = first(from, &entry("/driftrecords", "hand")).expect("a record");
    let healed = |seen: &Seen| seen.path == OBJECT && seen.method == "PATCH";
    let healed = first(from, &healed).expect("it is healed");
    assert!(drifted < healed);
    let heal = first(from, &entry("/auditentries", "\"action\":\"heal\"")).expect("an entry");
    assert!(heal < first(healed, &ended).expect("the end is told"));
}
