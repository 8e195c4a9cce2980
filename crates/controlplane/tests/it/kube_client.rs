//! The Rust client of Kubernetes, with its typed objects.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use controlplane::{ControlPlane, Options, Token};
use futures_util::TryStreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{
    Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::ObjectMeta;

async fn connect(plane: &ControlPlane) -> kube::Client {
    let text = plane.kubeconfig("secret", "admin");
    let kubeconfig = Kubeconfig::from_yaml(&text).expect("a kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .expect("a complete kubeconfig");
    kube::Client::try_from(config).expect("a client")
}

fn config_map(name: &str, data: &[(&str, &str)]) -> ConfigMap {
    let data = data
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(BTreeMap::from([("app".to_owned(), "web".to_owned())])),
            ..ObjectMeta::default()
        },
        data: Some(data),
        ..ConfigMap::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_objects_are_listed_watched_and_applied() {
    let options = Options {
        tokens: vec![Token::admin("secret")],
        ..Options::default()
    };
    let plane = ControlPlane::start(options)
        .await
        .expect("the control plane starts");
    let client = connect(&plane).await;
    let version = client.apiserver_version().await.expect("a version");
    assert_eq!(
        (version.major.as_str(), version.minor.as_str()),
        ("1", "36")
    );

    let namespaces: Api<Namespace> = Api::all(client.clone());
    let names: Vec<String> = namespaces
        .list(&ListParams::default())
        .await
        .expect("namespaces")
        .into_iter()
        .filter_map(|n| n.metadata.name)
        .collect();
    assert!(names.contains(&"default".to_owned()), "{names:?}");

    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let first = maps
        .create(&PostParams::default(), &config_map("a", &[("k", "1")]))
        .await;
    let first = first.expect("a new object");
    let listed = maps
        .list(&ListParams::default().labels("app=web").limit(5))
        .await
        .expect("a list");
    assert_eq!(listed.items.len(), 1);

    let since = first.metadata.resource_version.expect("a revision");
    let params = WatchParams::default().labels("app=web").timeout(10);
    let mut events = pin!(maps.watch(&params, &since).await.expect("a watch"));
    let apply = PatchParams::apply("team-a");
    let mut wanted = config_map("b", &[("k", "1")]);
    let applied = maps
        .patch("b", &apply, &Patch::Apply(&wanted))
        .await
        .expect("an applied object");
    let owner = &applied.metadata.managed_fields.expect("owners")[0];
    assert_eq!(owner.manager.as_deref(), Some("team-a"));
    assert_eq!(owner.operation.as_deref(), Some("Apply"));

    wanted.data = Some(BTreeMap::from([("k".to_owned(), "2".to_owned())]));
    let other = PatchParams::apply("team-b");
    let refused = maps.patch("b", &other, &Patch::Apply(&wanted)).await;
    match refused.expect_err("the field belongs to another") {
        kube::Error::Api(status) => {
            assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
        }
        other => panic!("{other}"),
    }
    let forced = maps
        .patch("b", &other.clone().force(), &Patch::Apply(&wanted))
        .await;
    assert_eq!(
        forced.expect("a forced change").data.expect("data")["k"],
        "2"
    );
    maps.delete("b", &DeleteParams::default())
        .await
        .expect("an object that is there");

    let mut seen = Vec::new();
    while seen.len() < 3 {
        let next = tokio::time::timeout(Duration::from_secs(10), events.try_next());
        match next.await.expect("an event in time").expect("an event") {
            Some(WatchEvent::Added(o)) => seen.push(("added", o.metadata.name)),
            Some(WatchEvent::Modified(o)) => seen.push(("modified", o.metadata.name)),
            Some(WatchEvent::Deleted(o)) => seen.push(("deleted", o.metadata.name)),
            Some(WatchEvent::Bookmark(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    let b = || Some("b".to_owned());
    assert_eq!(seen, [("added", b()), ("modified", b()), ("deleted", b())]);
    plane.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_workloads_scale() {
    let options = Options {
        tokens: vec![Token::admin("secret")],
        ..Options::default()
    };
    let plane = ControlPlane::start(options)
        .await
        .expect("the control plane starts");
    let deployments: Api<Deployment> = Api::default_namespaced(connect(&plane).await);
    let web = serde_json::from_value(serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
            },
        },
    }));
    let web: Deployment = web.expect("a deployment");
    deployments
        .create(&PostParams::default(), &web)
        .await
        .expect("a new object");
    let scale = serde_json::json!({"spec": {"replicas": 3}});
    let scaled = deployments
        .patch_scale("web", &PatchParams::default(), &Patch::Merge(&scale))
        .await;
    assert_eq!(
        scaled.expect("a scale").spec.expect("a spec").replicas,
        Some(3)
    );
    let found = deployments
        .get("web")
        .await
        .expect("an object that is there");
    assert_eq!(found.metadata.generation, Some(2));
    plane.shutdown().await;
}
