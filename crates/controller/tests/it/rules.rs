//! What people say in `argocd-cm`, projects and annotations, at work.

use crate::world::World;
use value::{Value, json};

const SETTINGS: &str = "/api/v1/namespaces/argocd/configmaps/argocd-cm";
const FIRST: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/first";

fn config_map(name: &str, value: &str) -> String {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": value},
    });
    object.to_json()
}

fn application(project: &str) -> Value {
    json!({
        "project": project,
        "source": {"repoURL": "{repo}", "path": "app", "targetRevision": "main"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
        "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
    })
}

async fn patch(world: &World, path: &str, patch: Value) {
    world
        .client
        .merge_patch(path, &patch)
        .await
        .expect("it is changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_in_lua_counts_at_once_and_until_it_is_taken_back() {
    let check = "hs = {status = 'Progressing', message = 'k is ' .. obj.data.k}\n\
                 if obj.data.k == 'done' then hs.status = 'Healthy' end\nreturn hs";
    let world = World::start(&json!({
        "files": {"app/a.yaml": config_map("a", "begun")},
        "argocd_cm": {"resource.customizations.health.ConfigMap": check},
        "application": application("default"),
    }))
    .await;
    world
        .reach(&json!({
            "/status/sync/status": "Synced",
            "/status/health/status": "Progressing",
            "/status/health/message": "ConfigMap/a: k is begun",
        }))
        .await;
    let none = json!({"data": {"resource.customizations.health.ConfigMap": Value::Null}});
    patch(&world, SETTINGS, none).await;
    world
        .reach(&json!({"/status/health/status": "Healthy"}))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_nobody_are_counted_where_the_project_asks() {
    let stray = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {},
            "metadata": {"name": name, "namespace": "{ns}"},
        })
    };
    let world = World::start(&json!({
        "files": {"app/a.yaml": config_map("a", "1")},
        "project": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "orphanedResources": {"ignore": [{"kind": "ConfigMap", "name": "known-*"}]},
        },
        "before": [stray("known-1"), stray("stray")],
        "application": application("{project}"),
    }))
    .await;
    let said = |count: usize| {
        json!({
            "/status/sync/status": "Synced",
            "/status/conditions/*/type": "OrphanedResourceWarning",
            "/status/conditions/*/message": format!("Application has {count} orphaned resources"),
        })
    };
    world.reach(&said(1)).await;
    // They are counted as they come, with what belongs to them, and whatever application that
    // isn't there they say they belong to.
    let path = "/api/v1/namespaces/place/configmaps";
    let made = |name: &str, metadata: Value| {
        let mut object = json!({"metadata": metadata, "data": {}});
        object.set_at(&["metadata", "name"], name);
        object
    };
    let ghost = "ghost:/ConfigMap:place/marked";
    let marked = json!({"annotations": {"argocd.argoproj.io/tracking-id": ghost}});
    for (object, count) in [
        (made("second", json!({})), 2),
        (made("known-2", json!({})), 2),
        (made("marked", marked), 3),
    ] {
        world
            .client
            .create(path, &object)
            .await
            .expect("it is made");
        world.reach(&said(count)).await;
    }
    let stray = world
        .client
        .get(&format!("{path}/stray"))
        .await
        .expect("it is there");
    let owner = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "stray",
        "uid": stray.str_at(&["metadata", "uid"]),
    }]);
    let child = made("child", json!({"ownerReferences": owner}));
    world.client.create(path, &child).await.expect("it is made");
    world.reach(&said(4)).await;
    // And as they go.
    for name in ["child", "marked", "second", "stray"] {
        let path = format!("{path}/{name}");
        world
            .client
            .delete(&path, &Value::object())
            .await
            .expect("it goes");
    }
    world
        .reach(&json!({"/status/conditions/*/type": {"absent": true}}))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_window_opens_with_a_reason_or_with_the_project() {
    let window = json!([{
        "kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"],
    }]);
    let project = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/project";
    let world = World::start(&json!({
        "files": {"app/a.yaml": config_map("a", "1")},
        "project": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "syncWindows": window,
        },
        "application": application("{project}"),
    }))
    .await;
    let held = json!({
        "/status/sync/status": "OutOfSync", "/status/conditions/*/type": "SyncWindow",
    });
    world.reach(&held).await;
    let reason = json!([{"name": "windlass.dev/override-window", "value": "incident 7"}]);
    let sync = json!({"operation": {"info": reason, "sync": {}}});
    patch(&world, FIRST, sync).await;
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
    // Somebody changes what was deployed: nothing undoes it before the window is gone.
    let object = "/api/v1/namespaces/place/configmaps/a";
    patch(&world, object, json!({"data": {"k": "2"}})).await;
    world.reach(&held).await;
    patch(
        &world,
        project,
        json!({"spec": {"syncWindows": Value::Null}}),
    )
    .await;
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_waits_for_the_one_that_it_depends_on() {
    let second = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "second", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": "{repo}", "path": "db", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
        },
    });
    let world = World::start(&json!({
        "files": {"app/a.yaml": config_map("a", "1"), "db/b.yaml": config_map("b", "1")},
        "before": [second],
        "metadata": {"annotations": {"windlass.dev/depends-on": "second"}},
        "application": application("default"),
    }))
    .await;
    world
        .reach(&json!({
            "/status/conditions/*/message": "blocked because second is OutOfSync",
        }))
        .await;
    let path = FIRST.replace("first", "second");
    patch(&world, &path, json!({"operation": {"sync": {}}})).await;
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
}
