//! Repositories, clusters, certificates and keys: written as Argo CD writes them, and no secret comes
//! back.

use crate::support::{ADMIN, BOB, NOBODY, Stage};
use value::{Value, json};

const PASSWORD: &str = "correct-horse-battery";
const HOST_KEY: &str = "c3NoLWVkMjU1MTkgaXMgbm90IGhlcmU=";

impl Stage {
    /// Sends a change; returns what is answered.
    async fn change(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let body = body.to_vec();
        let answer = self.send(method, path, ADMIN, &[], &body).await;
        assert!(!answer.text().contains(PASSWORD), "{path} tells a secret");
        (answer.status, answer.text())
    }

    async fn secret(&self, name: &str) -> Value {
        let path = format!("/api/v1/namespaces/argocd/secrets/{name}");
        self.client.get(&path).await.unwrap_or_default()
    }

    async fn map(&self, name: &str, data: Value) {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "argocd"}, "data": data,
        });
        let path = "/api/v1/namespaces/argocd/configmaps";
        self.client.create(path, &map).await.expect("a config map");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories_are_secrets_as_argo_cd_has_them() {
    let stage = Stage::new().await;
    let url = "https://git.example.com/team/app.git";
    let body = json!({
        "repo": url, "username": "ci", "password": PASSWORD, "project": "team", "enableLfs": true,
    });
    let (status, text) = stage.change("POST", "/api/v1/repositories", &body).await;
    assert_eq!(status, 200, "{text}");
    // FNV-1a of address and project.
    let digest = format!("{url}team").bytes().fold(0x811c_9dc5_u32, |h, b| {
        (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
    });
    let secret = stage.secret(&format!("repo-{digest}")).await;
    let label = ["metadata", "labels", "argocd.argoproj.io/secret-type"];
    assert_eq!(secret.str_at(&label), "repository");
    let by = ["metadata", "annotations", "managed-by"];
    assert_eq!(secret.str_at(&by), "argocd.argoproj.io");
    let keys: Vec<String> = secret
        .get("data")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(value::Object::iter)
        .map(|(name, _)| name.to_string())
        .collect();
    assert_eq!(keys.len(), 5, "{keys:?}");
    // The same again is nothing new; another one must be meant.
    let again = stage.change("POST", "/api/v1/repositories", &body).await;
    assert_eq!(again.0, 200);
    let mut other = body.clone();
    other.set_at(&["username"], "else");
    assert_eq!(
        stage.change("POST", "/api/v1/repositories", &other).await.0,
        400
    );
    let upsert = "/api/v1/repositories?upsert=true";
    assert_eq!(stage.change("POST", upsert, &other).await.0, 200);
    let path = "/api/v1/repositories/https%3A%2F%2Fgit.example.com%2Fteam%2Fapp";
    let shown = stage.get(path).await;
    assert_eq!(shown.str_at(&["project"]), "team");
    assert_eq!(shown.at(&["enableLfs"]), Some(&Value::Bool(true)));
    assert!(shown.get("username").is_none() && shown.get("password").is_none());
    assert_eq!(shown.str_at(&["connectionState", "status"]), "Unknown");
    // Who may do nothing can't tell whether it is there.
    for token in [NOBODY, BOB] {
        let answer = stage.send("GET", path, token, &[], b"").await;
        assert_eq!(answer.status, 403);
        let answer = stage
            .send("POST", "/api/v1/repositories", token, &[], &body.to_vec())
            .await;
        assert_eq!(answer.status, 403);
    }
    assert_eq!(stage.change("DELETE", path, &json!({})).await.0, 200);
    assert!(stage.secret(&format!("repo-{digest}")).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_git_keeps_only_loses_its_label() {
    let stage = Stage::new().await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "mine", "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "repo-creds"},
        },
        "stringData": {"url": "https://git.example.com/", "username": "ci", "password": PASSWORD},
    });
    let path = "/api/v1/namespaces/argocd/secrets";
    stage.client.create(path, &secret).await.expect("a secret");
    let list = stage.get("/api/v1/repocreds").await;
    let want = json!([{"url": "https://git.example.com/", "username": "ci"}]);
    assert_eq!(list.at(&["items"]), Some(&want));
    let path = "/api/v1/repocreds/https%3A%2F%2Fgit.example.com%2F";
    let body = json!({"username": "other", "password": PASSWORD});
    assert_eq!(stage.change("PUT", path, &body).await.0, 200);
    let list = stage.get("/api/v1/repocreds").await;
    assert_eq!(list.array_at(&["items"])[0].str_at(&["username"]), "other");
    assert_eq!(stage.change("DELETE", path, &json!({})).await.0, 200);
    let left = stage.secret("mine").await;
    assert_eq!(left.str_at(&["metadata", "name"]), "mine");
    assert!(
        left.at(&["metadata", "labels", "argocd.argoproj.io/secret-type"])
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_are_secrets_as_argo_cd_has_them() {
    let stage = Stage::new().await;
    let body = json!({
        "server": "https://prod.example.com:6443/", "name": "prod", "labels": {"env": "prod"},
        "config": {"bearerToken": PASSWORD, "tlsClientConfig": {"insecure": true}},
    });
    let (status, text) = stage.change("POST", "/api/v1/clusters", &body).await;
    assert_eq!(status, 200, "{text}");
    let list = stage.get("/api/v1/clusters").await;
    assert!(!list.to_json().contains(PASSWORD));
    assert_eq!(list.array_at(&["items"]).len(), 2);
    let path = "/api/v1/clusters/prod?id.type=name";
    let shown = stage.get(path).await;
    assert_eq!(shown.str_at(&["server"]), "https://prod.example.com:6443");
    assert_eq!(shown.at(&["labels"]), Some(&json!({"env": "prod"})));
    let config = json!({"tlsClientConfig": {"insecure": true}});
    assert_eq!(shown.at(&["config"]), Some(&config));
    let change = json!({"namespaces": ["a", "b"], "name": "ignored"});
    let put = format!("{path}&updatedFields=namespaces");
    let (status, text) = stage.change("PUT", &put, &change).await;
    assert_eq!(status, 200, "{text}");
    let shown = stage.get(path).await;
    assert_eq!(shown.at(&["namespaces"]), Some(&json!(["a", "b"])));
    let denied = stage.send("GET", path, NOBODY, &[], b"").await;
    let absent = stage
        .send("GET", "/api/v1/clusters/none", NOBODY, &[], b"")
        .await;
    assert_eq!((denied.status, &denied.body), (403, &absent.body));
    assert_eq!(stage.change("DELETE", path, &json!({})).await.0, 200);
    assert_eq!(
        stage
            .get("/api/v1/clusters")
            .await
            .array_at(&["items"])
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn host_keys_come_and_go() {
    let stage = Stage::new().await;
    let list = json!({"items": [{
        "serverName": "git.example.com", "certType": "ssh", "certSubType": "ssh-ed25519",
        "certData": "QUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSU9NcXFua1Z6cm0wU2RHNlVPb3FLTHNhYmdINUM5b2tXaTBkaDJsOUdLSmw=",
    }]});
    let (status, text) = stage.change("POST", "/api/v1/certificates", &list).await;
    assert_eq!(status, 200, "{text}");
    let shown = stage
        .get("/api/v1/certificates?hostNamePattern=git.*")
        .await;
    assert_eq!(
        shown.array_at(&["items"])[0].str_at(&["certInfo"]),
        "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    );
    let mut wrong = list.clone();
    wrong.set_at(
        &["items"],
        json!([{
            "serverName": "x", "certType": "ssh", "certSubType": "ssh-rsa", "certData": HOST_KEY,
        }]),
    );
    assert_eq!(
        stage.change("POST", "/api/v1/certificates", &wrong).await.0,
        400
    );
    let path = "/api/v1/certificates?hostNamePattern=git.example.com&certType=ssh";
    assert_eq!(stage.change("DELETE", path, &json!({})).await.0, 200);
    let shown = stage.get("/api/v1/certificates").await;
    assert!(shown.array_at(&["items"]).is_empty());
    let denied = stage
        .send("GET", "/api/v1/certificates", NOBODY, &[], b"")
        .await;
    assert_eq!(denied.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn badges_and_links_are_what_argocd_cm_says() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let badge = "/api/badge?name=shop&revision=true";
    assert_eq!(stage.send("GET", badge, "", &[], b"").await.status, 404);
    let links = "- url: https://logs/{{.app.metadata.name}}\n  title: Logs\n  if: app.metadata.name == 'shop'\n";
    stage
        .map(
            "argocd-cm",
            json!({
                "statusbadge.enabled": "true", "application.links": links,
                "project.links": "- {url: \"https://x/{{.project.metadata.name}}\", title: P}",
            }),
        )
        .await;
    // Other settings have every application looked at anew: until then its state may be unknown.
    let is_drawn = |text: &str| text.contains(">Healthy<") && text.contains(">Synced<");
    stage
        .ask(badge, "", |a| a.status == 200 && is_drawn(&a.text()))
        .await;
    let svg = stage.send("GET", badge, "", &[], b"").await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    let none = stage
        .send("GET", "/api/badge?name=none", "", &[], b"")
        .await;
    assert!(none.text().contains(">Not Found<"));
    let wrong = stage
        .send("GET", "/api/badge?name=%3Cx%3E", "", &[], b"")
        .await;
    assert_eq!(wrong.status, 400);
    let links = stage.get("/api/v1/applications/shop/links").await;
    let want = json!([{"title": "Logs", "url": "https://logs/shop"}]);
    assert_eq!(links.at(&["items"]), Some(&want));
    let overview = stage.get("/api/v1/applications/shop/overview").await;
    assert_eq!(overview.at(&["links"]), Some(&want));
    let links = stage.get("/api/v1/projects/default/links").await;
    assert_eq!(
        links.array_at(&["items"])[0].str_at(&["url"]),
        "https://x/default"
    );
}
