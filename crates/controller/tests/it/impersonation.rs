//! Whose rights count: those of the project's service account for every deed on behalf of an
//! application, the controller's own for the rest.

use crate::recorder::{Seen, is_write, kind, operation, start};
use crate::world::World;
use std::collections::BTreeSet;
use value::{Value, json};

const DEPLOYER: &str = "system:serviceaccount:place:deployer";

fn config_map(name: &str, value: &str, annotations: Value) -> String {
    let metadata = json!({"name": name, "annotations": annotations});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": value},
    })
    .to_json()
}

fn files(value: &str) -> Value {
    let options = |what: &str| json!({"argocd.argoproj.io/sync-options": what});
    json!({
        "app/applied.yaml": config_map("applied", value, json!({})),
        "app/earlier.yaml": config_map("earlier", value, json!({})),
        "app/replaced.yaml": config_map("replaced", value, options("Replace=true")),
        "app/forced.yaml": config_map("forced", value, options("Replace=true,Force=true")),
        "app/hook.yaml": config_map("hook", value, json!({"argocd.argoproj.io/hook": "PreSync"})),
        "app/last.yaml": config_map("last", value, json!({"argocd.argoproj.io/hook": "PostDelete"})),
    })
}

fn scenario(accounts: Value, enforced: &str) -> Value {
    let earlier = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "0", "stale": "x"},
        "metadata": {"name": "earlier", "namespace": "{ns}"},
    });
    json!({
        "files": files("1"),
        "before": [earlier],
        "argocd_cm": {
            "application.sync.impersonation.enabled": "true",
            "application.sync.impersonation.enforced": enforced,
        },
        "project": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            "destinationServiceAccounts": accounts,
        },
        "metadata": {"finalizers": [
            "resources-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io",
        ]},
        "application": {
            "project": "{project}",
            "source": {"repoURL": "{repo}", "path": "app", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"syncOptions": ["CreateNamespace=true"]},
        },
    })
}

fn own(world: &str) -> Value {
    json!([{"server": "*", "namespace": world, "defaultServiceAccount": "deployer"}])
}

async fn sync(world: &mut World, what: Value, count: usize) {
    let mut what = what;
    what.set_at(&["syncOptions"], json!(["CreateNamespace=true"]));
    // What was asked for before is no answer to this.
    let tag = format!("{count}");
    let mut step = operation(what);
    let info = json!([{"name": "count", "value": tag.as_str()}]);
    step.set_at(&["patch", "operation", "info"], info);
    world.act(&step).await.expect("it is asked for");
    world
        .reach(&json!({
            "/operation": {"absent": true},
            "/status/operationState/operation/info/*/value": tag,
            "/status/operationState/phase": "Succeeded",
        }))
        .await;
}

/// Returns true for requests on behalf of the application: about its objects and its namespace, but
/// for what is watched.
fn is_on_behalf(seen: &Seen) -> bool {
    let is_place = seen.path.contains("/namespaces/place")
        || (seen.method == "POST" && seen.path == "/api/v1/namespaces");
    let is_one = seen.path.rsplit('/').next() != Some("configmaps") || is_write(seen);
    is_place && is_one && !seen.query.contains("watch=")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deed_is_the_service_account_s() {
    let mut scenario = scenario(own("{ns}"), "true");
    let server = "/api/v1/namespaces/place/configmaps";
    let (mut world, recorder, _dir) = start(&scenario).await;
    // Somebody has applied this one before.
    let stale = json!({"data": {"stale": "y"}});
    let query = format!("{server}/earlier?fieldManager=kubectl-client-side-apply");
    world
        .client
        .merge_patch(&query, &stale)
        .await
        .expect("it is changed");
    world
        .reach(&json!({"/status/sync/status": "OutOfSync"}))
        .await;
    sync(&mut world, json!({"dryRun": true}), 1).await;
    sync(&mut world, json!({}), 2).await;
    scenario.set_at(&["files"], files("2"));
    let change = json!({"do": "commit", "files": files("2"), "delete": ["app/applied.yaml"]});
    world.act(&change).await.expect("a commit");
    world
        .act(&json!({"do": "refresh", "kind": "normal"}))
        .await
        .expect("a refresh");
    world
        .reach(&json!({"/status/resources/0/requiresPruning": true}))
        .await;
    sync(&mut world, json!({"prune": true, "dryRun": true}), 3).await;
    sync(&mut world, json!({"prune": true}), 4).await;
    world
        .act(&json!({"do": "delete-app"}))
        .await
        .expect("it goes");
    world.reach(&json!({"gone": true})).await;

    let seen = recorder.seen();
    let mut kinds = BTreeSet::new();
    for seen in &seen {
        let wanted = if is_on_behalf(seen) { DEPLOYER } else { "" };
        assert_eq!(seen.user, wanted, "{seen:?}");
        if is_on_behalf(seen) {
            kinds.insert(kind(seen));
        }
    }
    let all = [
        "apply",
        "apply (dry run)",
        "create",
        "delete",
        "delete (dry run)",
        "get",
        "patch",
        "replace",
        "create (dry run)",
        "replace (dry run)",
    ];
    assert_eq!(kinds, all.map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_account_nothing_is_done_but_letting_go() {
    let (mut world, recorder, _dir) = start(&scenario(own("elsewhere"), "true")).await;
    let step = operation(json!({}));
    world.act(&step).await.expect("it is asked for");
    let why = "no matching service account found for destination server \
               https://kubernetes.default.svc and namespace place";
    world
        .reach(&json!({
            "/status/operationState/phase": "Error",
            "/status/operationState/message": why,
        }))
        .await;
    let writes = recorder
        .seen()
        .into_iter()
        .filter(|s| is_on_behalf(s) && is_write(s));
    assert_eq!(writes.count(), 0);
    // An application can always go: by our own rights if nobody else's are named.
    world
        .act(&json!({"do": "delete-app"}))
        .await
        .expect("it goes");
    world.reach(&json!({"gone": true})).await;
}
