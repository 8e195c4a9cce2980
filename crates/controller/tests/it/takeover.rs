//! Objects that were applied by others before.

use crate::world::World;
use value::{Value, json};

const PATH: &str = "/api/v1/namespaces/place/configmaps";

/// An application that is synced by hand, and `file` in Git.
fn scenario(file: &Value) -> Value {
    json!({
        "name": "takeover",
        "files": {"app/a.yaml": file.to_json()},
        "application": {
            "project": "default",
            "source": {"repoURL": "{repo}", "targetRevision": "main", "path": "app"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
        },
    })
}

async fn sync(world: &mut World) {
    let operation = json!({"do": "app", "patch": {"operation": {"sync": {}}}});
    world.act(&operation).await.expect("it is asked for");
    let done = json!({
        "/status/operationState/phase": "Succeeded",
        "/operation": {"absent": true},
    });
    world.reach(&done).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_applier_left_goes_when_git_does_not_have_it() {
    let object = |data: Value| {
        let metadata = json!({"name": "a", "namespace": "place"});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    };
    for (manager, applied) in [("kubectl-client-side-apply", true), ("somebody", false)] {
        let mut world = World::start(&scenario(&object(json!({"kept": "2"})))).await;
        let before = object(json!({"kept": "1", "stale": "x"}));
        let query = format!("{PATH}?fieldManager={manager}");
        world
            .client
            .create(&query, &before)
            .await
            .expect("it is made");
        sync(&mut world).await;
        let live = world
            .client
            .get(&format!("{PATH}/a"))
            .await
            .expect("it is there");
        // What no applier has written is nobody's business.
        let stale = if applied { None } else { Some("x") };
        assert_eq!(
            live.at(&["data", "stale"]).and_then(Value::as_str),
            stale,
            "{manager}"
        );
        assert_eq!(live.str_at(&["data", "kept"]), "2");
        let managers = live.array_at(&["metadata", "managedFields"]);
        let managers: Vec<&str> = managers.iter().map(|m| m.str_at(&["manager"])).collect();
        assert_eq!(managers.contains(&manager), !applied, "{managers:?}");
    }
}
