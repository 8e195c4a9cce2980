//! A repository that asks for a login.

use crate::world::World;
use githost::BasicAuth;
use testkit::{GitServer, GitServerOptions};
use value::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_needs_a_login_is_a_condition_and_nothing_is_touched() {
    let private = GitServer::start(GitServerOptions {
        auth: Some(BasicAuth {
            user: "alice".to_owned(),
            password: "secret".to_owned(),
        }),
    });
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    private.commit("private", &[("a.yaml", Some(text))], "first");
    let world = World::start(&json!({
        "files": {"unused.yaml": ""},
        "application": {
            "project": "default",
            "source": {"repoURL": private.url("private"), "path": ".", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {"prune": true}},
        },
    }))
    .await;
    let condition = json!({"/status/conditions/*/message": {"has": "AuthenticationRequired"}});
    world.reach(&condition).await;
    world
        .reach(&json!({"/status/sync/status": "Unknown"}))
        .await;
    let path = "/api/v1/namespaces/place/configmaps/a";
    assert!(world.client.get(path).await.is_err());

    // A login of another repository is no help, and what is given to its whole server is.
    let url = private.url("private");
    let server = url.trim_end_matches("private.git");
    for (name, kind, url, password) in [
        ("other", "repository", "https://elsewhere/x", "secret"),
        ("wrong", "repository", url.as_str(), "wrong"),
    ] {
        world.secret(name, kind, url, password).await;
    }
    let refused = json!({"/status/conditions/*/message": {"has": "refuses the login of"}});
    world.reach(&refused).await;
    world
        .client
        .delete("/api/v1/namespaces/argocd/secrets/wrong", &json!({}))
        .await
        .expect("it goes");
    world.secret("right", "repo-creds", server, "secret").await;
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
    assert!(world.client.get(path).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_of_a_project_opens_the_repository_to_that_project_alone() {
    let private = GitServer::start(GitServerOptions {
        auth: Some(BasicAuth {
            user: "alice".to_owned(),
            password: "secret".to_owned(),
        }),
    });
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    private.commit("private", &[("a.yaml", Some(text))], "first");
    let url = private.url("private");
    let spec = |project: &str| {
        json!({
            "project": project,
            "source": {"repoURL": url.as_str(), "path": ".", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {"prune": true}},
        })
    };
    let world = World::start(&json!({
        "files": {"unused.yaml": ""},
        "project": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
        },
        "application": spec("{project}"),
    }))
    .await;
    let secret = json!({
        "metadata": {"name": "own", "labels": {"argocd.argoproj.io/secret-type": "repository"}},
        "stringData": {
            "url": url.as_str(), "username": "alice", "password": "secret", "project": "project",
        },
    });
    let secrets = "/api/v1/namespaces/argocd/secrets";
    world
        .client
        .create(secrets, &secret)
        .await
        .expect("a Secret");
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
    // What is fetched already is no more open to others than the repository itself.
    let first = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/first";
    let other = json!({"spec": {"project": "default"}});
    world
        .client
        .merge_patch(first, &other)
        .await
        .expect("it changes");
    let condition = json!({"/status/conditions/*/message": {"has": "AuthenticationRequired"}});
    world.reach(&condition).await;
}
