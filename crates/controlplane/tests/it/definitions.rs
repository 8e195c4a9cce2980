//! Kinds that definitions make: over restarts, beside fixed ones, and with hostile schemas.

use std::path::Path;
use std::sync::Arc;

use controlplane::kinds::Kind;
use controlplane::registry::{Target, WriteOptions};
use controlplane::{ControlPlane, Options, Registry, Storage};
use value::{Value, json};

async fn start(folder: &Path) -> ControlPlane {
    let options = Options {
        storage: Storage::Dir(folder.to_owned()),
        ..Options::default()
    };
    ControlPlane::start(options).await.expect("it starts")
}

fn definition(group: &str, plural: &str, kind: &str, schema: &Value) -> Value {
    json!({
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema.clone()},
            }],
        },
    })
}

async fn define(registry: &Registry, definition: Value) {
    let kind = registry
        .kind("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        .expect("a kind");
    let name = definition.str_at(&["metadata", "name"]).to_owned();
    let all = Target::collection(&kind, "");
    let write = WriteOptions::system("test");
    registry
        .create(&all, definition, &write)
        .await
        .expect("it is made");
    let one = Target::object(&kind, "", &name);
    loop {
        let found = registry.find(&one).expect("it is there");
        if found.value.array_at(&["status", "conditions"]).len() == 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

async fn served(registry: &Registry, group: &str, plural: &str) -> Arc<Kind> {
    loop {
        if let Ok(kind) = registry.kind(group, "v1alpha1", plural) {
            return kind;
        }
        tokio::task::yield_now().await;
    }
}

fn widget(spec: &Value) -> Value {
    json!({
        "apiVersion": "example.com/v1alpha1", "kind": "Widget", "metadata": {"name": "a"},
        "spec": spec.clone(),
    })
}

#[tokio::test]
async fn a_kind_survives_a_restart_with_its_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "size": {"type": "integer", "default": 3}
    }}}});
    let plane = start(folder.path()).await;
    define(
        plane.registry(),
        definition("example.com", "widgets", "Widget", &schema),
    )
    .await;
    served(plane.registry(), "example.com", "widgets").await;
    plane.shutdown().await;

    let plane = start(folder.path()).await;
    let kind = plane
        .registry()
        .kind("example.com", "v1alpha1", "widgets")
        .expect("it is known from the start");
    let target = Target::collection(&kind, "default");
    let write = WriteOptions::system("test");
    let made = plane
        .registry()
        .create(&target, widget(&json!({"odd": 1})), &write)
        .await
        .expect("it is made");
    assert_eq!(made.object.value.get("spec"), Some(&json!({"size": 3})));
    let refused = plane
        .registry()
        .create(&target, widget(&json!({"size": "large"})), &write)
        .await
        .expect_err("it is no number");
    assert_eq!(refused.code, 422);
    plane.shutdown().await;
}

#[tokio::test]
async fn a_definition_leaves_fixed_kinds_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let plane = start(folder.path()).await;
    let schema = json!({"type": "object"});
    let application = definition("argoproj.io", "applications", "Application", &schema);
    define(plane.registry(), application).await;
    let kind = served(plane.registry(), "argoproj.io", "applications").await;
    assert!(kind.definition.is_none());
    plane.shutdown().await;
}

#[tokio::test]
async fn long_sets_are_looked_through_in_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let plane = start(folder.path()).await;
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}}
    }}}});
    define(
        plane.registry(),
        definition("example.com", "widgets", "Widget", &schema),
    )
    .await;
    let kind = served(plane.registry(), "example.com", "widgets").await;
    let target = Target::collection(&kind, "default");
    let items: Value = (0..100_000_i64).chain([7]).map(Value::from).collect();
    let refused = plane
        .registry()
        .create(
            &target,
            widget(&json!({"set": items})),
            &WriteOptions::system("test"),
        )
        .await
        .expect_err("an item is there twice");
    assert!(refused.message.contains("Duplicate value: 7"), "{refused}");
    plane.shutdown().await;
}
