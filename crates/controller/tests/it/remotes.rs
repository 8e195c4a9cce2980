//! Kustomizations with bases in other repositories.

use crate::world::World;
use testkit::{GitServer, GitServerOptions};
use value::{Value, json};

fn project(annotation: &str, repositories: &[&str]) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": {
            "name": "default", "namespace": "argocd",
            "annotations": {"windlass.dev/remote-bases": annotation},
        },
        "spec": {
            "sourceRepos": repositories.iter().copied().collect::<Value>(),
            "destinations": [{"server": "*", "namespace": "*"}],
        },
    })
}

fn base(git: &GitServer, value: &str) {
    let text =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{k: {value:?}}}\n");
    let files = [
        ("k/kustomization.yaml", Some("resources: [cm.yaml]\n")),
        ("k/cm.yaml", Some(text.as_str())),
    ];
    git.commit("base", &files, "a base");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_base_elsewhere_is_read_once_the_project_allows_it_and_again_when_it_moves() {
    let other = GitServer::start(GitServerOptions::default());
    base(&other, "1");
    let url = other.url("base");
    let kustomization = format!("namePrefix: far-\nresources: [\"{url}//k?ref=main\"]\n");
    let world = World::start(&json!({
        "files": {"app/kustomization.yaml": kustomization},
        "before": [project("false", &["*"])],
        "application": {
            "project": "default",
            "source": {"repoURL": "{repo}", "path": "app", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {}},
        },
    }))
    .await;
    let told = |text: &str| json!({"/status/conditions/*/message": {"has": text}});
    world
        .reach(&told("windlass.dev/remote-bases: \"true\""))
        .await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default";
    // The repository must be permitted, too.
    for (annotation, repositories) in [("true", &["https://elsewhere/*"][..]), ("true", &["*"])] {
        let project = project(annotation, repositories);
        world
            .client
            .merge_patch(path, &project)
            .await
            .expect("it is changed");
    }
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
    let object = "/api/v1/namespaces/place/configmaps/far-a";
    let object = world.client.get(object).await.expect("it is there");
    assert_eq!(object.str_at(&["data", "k"]), "1");

    // The base moves, and the application is asked for anew.
    base(&other, "2");
    let application = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/first";
    let refresh = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}});
    world
        .client
        .merge_patch(application, &refresh)
        .await
        .expect("it is asked");
    // The application's own commit is the same: a person or self-heal deploys it.
    world
        .reach(&json!({"/status/sync/status": "OutOfSync"}))
        .await;
}
