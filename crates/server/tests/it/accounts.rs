//! Logging in with a password, tokens, and what the policy says.

use crate::support::{ADMIN, Stage};
use value::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_logs_in_and_does_what_the_policy_says() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let maps = "/api/v1/namespaces/argocd/configmaps";
    let accounts = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        "data": {"accounts.dana": "apiKey, login"},
    });
    stage.client.create(maps, &accounts).await.unwrap();
    let policy = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-rbac-cm", "namespace": "argocd"},
        "data": {"policy.csv": "p, dana, applications, *, default/*, allow\np, dana, applications, delete, default/*, deny"},
    });
    stage.client.create(maps, &policy).await.unwrap();
    // The first password is where Argo CD puts it.
    let first = stage.first_password().await;
    let admin = stage.login("admin", &first).await;
    assert_eq!(admin.status, 200, "{}", admin.text());
    let cookie = admin.header("set-cookie").to_owned();
    let admin = admin.json().str_at(&["token"]).to_owned();
    assert!(cookie.contains(&admin) && cookie.contains("HttpOnly"));
    let wrong = stage.login("admin", "wrong").await;
    let unknown = stage.login("zoe", "wrong").await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(
        wrong.body, unknown.body,
        "nothing tells which accounts there are"
    );
    // A token for a program.
    let made = loop {
        let path = "/api/v1/account/dana/token";
        let made = stage
            .send("POST", path, &admin, &[], br#"{"id":"ci"}"#)
            .await;
        if made.status != 404 {
            break made;
        }
    };
    assert_eq!(made.status, 200, "{}", made.text());
    let dana = made.json().str_at(&["token"]).to_owned();
    stage.accepted(&dana).await;
    stage.allowed(&dana, "applications/sync/default/shop").await;
    let overview = stage
        .send("GET", "/api/v1/applications/shop/overview", &dana, &[], b"")
        .await;
    let can = overview.json();
    let can = |what: &str| can.at(&["can", what]).cloned();
    assert_eq!(
        (can("sync"), can("delete")),
        (Some(true.into()), Some(false.into()))
    );
    let delete = stage
        .send("DELETE", "/api/v1/applications/shop", &dana, &[], b"")
        .await;
    assert_eq!(delete.status, 403);
    let why = "/api/v1/can-i?user=dana&resource=applications&action=delete&object=default/shop";
    let why = stage.get(why).await;
    assert_eq!(why.str_at(&["source"]), "policy.csv:2", "{why:?}");
    let gone = stage
        .send("DELETE", "/api/v1/account/dana/token/ci", &admin, &[], b"")
        .await;
    assert_eq!(gone.status, 200);
    stage.refused(&dana).await;
    // Passwords can't be tried for ever.
    let mut last = 401;
    for _ in 0..8 {
        last = stage.login("zoe", "guess").await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projects_role_has_tokens() {
    let stage = Stage::new().await;
    stage.first_password().await;
    let project = json!({"project": {
        "metadata": {"name": "team"},
        "spec": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, get, team/*, allow"]}],
        },
    }});
    let made = stage.post("/api/v1/projects", &project).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let mut old = project.clone();
    old.set_at(&["project", "metadata", "resourceVersion"], "1");
    let path = "/api/v1/projects/team";
    let answer = stage.send("PUT", path, ADMIN, &[], &old.to_vec()).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    let token = stage
        .post(
            "/api/v1/projects/team/roles/ci/token",
            &json!({"expiresIn": "60"}),
        )
        .await;
    assert_eq!(token.status, 200, "{}", token.text());
    let token = token.json().str_at(&["token"]).to_owned();
    stage.accepted(&token).await;
    stage.allowed(&token, "applications/get/team/x").await;
    let kept = stage.get("/api/v1/projects/team").await;
    let kept = &kept.array_at(&["spec", "roles"])[0].array_at(&["jwtTokens"])[0];
    let path = format!(
        "/api/v1/projects/team/roles/ci/token/{}",
        kept.i64_at(&["iat"]).unwrap()
    );
    assert_eq!(
        stage.send("DELETE", &path, ADMIN, &[], b"").await.status,
        200
    );
    stage.refused(&token).await;
    assert_eq!(
        stage
            .send("DELETE", "/api/v1/projects/team", ADMIN, &[], b"")
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn single_sign_on_begins_a_session_with_groups() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let now = jiff::Timestamp::now().as_second();
    let idp = testkit::OidcProvider::start(testkit::OidcProviderOptions {
        now,
        ..testkit::OidcProviderOptions::default()
    });
    let maps = "/api/v1/namespaces/argocd/configmaps";
    for (name, data) in [
        ("argocd-cm", json!({"oidc.config": idp.config()})),
        (
            "argocd-rbac-cm",
            json!({"policy.csv": "p, role:dev, applications, get, default/*, allow\ng, acme:dev, role:dev"}),
        ),
    ] {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "argocd"}, "data": data,
        });
        stage.client.create(maps, &map).await.unwrap();
    }
    // The key of tokens is made before anybody can be let in.
    stage.first_password().await;
    let begun = loop {
        let begun = stage
            .send("GET", "/auth/login?return_url=/x", "", &[], b"")
            .await;
        let is_sent = begun.header("location").starts_with("http://");
        if begun.status == 303 && is_sent {
            break begun;
        }
        assert!(matches!(begun.status, 303 | 404), "{}", begun.text());
        tokio::task::yield_now().await;
    };
    let state = begun
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let location = begun.header("location").to_owned();
    let back = tokio::task::spawn_blocking({
        let address = location.clone();
        let idp = std::sync::Arc::new(idp);
        let at = std::sync::Arc::clone(&idp);
        move || (at.visit(&address), idp)
    });
    let (back, idp) = back.await.unwrap();
    let (_, path) = back.split_once("/auth/").unwrap();
    let path = format!("/auth/{path}");
    let stranger = stage.send("GET", &path, "", &[], b"").await;
    assert_eq!(
        (stranger.status, stranger.header("location")),
        (303, "/login?reason=sso")
    );
    let done = stage
        .send("GET", &path, "", &[("Cookie", &state)], b"")
        .await;
    assert_eq!(
        (done.status, done.header("location")),
        (303, "/x"),
        "{}",
        done.text()
    );
    let cookies: Vec<&str> = done
        .headers
        .iter()
        .filter(|(n, _)| n == "set-cookie")
        .map(|(_, v)| v.as_str())
        .collect();
    let session = cookies
        .iter()
        .find_map(|c| c.strip_prefix("argocd.token="))
        .unwrap();
    let session = session.split(';').next().unwrap();
    let cookie = format!("argocd.token={session}");
    let me = stage
        .send(
            "GET",
            "/api/v1/session/userinfo",
            "",
            &[("Cookie", &cookie)],
            b"",
        )
        .await
        .json();
    assert_eq!(me.str_at(&["username"]), "alice@example.com");
    assert_eq!(me.array_at(&["groups"]), [value::Value::from("acme:dev")]);
    stage
        .allowed(session, "applications/get/default/shop")
        .await;
    // A program shows the provider's own token.
    let token = idp.sign(&idp.claims());
    stage.allowed(&token, "applications/get/default/shop").await;
    let settings = stage.get("/api/v1/settings").await;
    assert_eq!(
        settings.str_at(&["windlass", "login", "oidc", "name"]),
        "Test"
    );
    // Who logs out stays out.
    let csrf = me.str_at(&["csrf"]);
    let out = stage
        .send(
            "DELETE",
            "/api/v1/session",
            "",
            &[("Cookie", &cookie), ("X-Windlass-CSRF", csrf)],
            b"",
        )
        .await;
    assert_eq!(out.status, 200, "{}", out.text());
    stage.refused(session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_single_sign_on_is_in_the_trail() {
    let stage = Stage::new().await;
    let config = json!({
        "name": "Gone", "issuer": "http://127.0.0.1:1", "clientID": "windlass",
    });
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        "data": {"oidc.config": config.to_json()},
    });
    let maps = "/api/v1/namespaces/argocd/configmaps";
    stage.client.create(maps, &map).await.unwrap();
    stage
        .ask("/auth/login", "", |a| {
            (a.status, a.header("location")) == (303, "/login?reason=sso")
        })
        .await;
    stage
        .ask("/api/v1/audit?action=login", ADMIN, |a| {
            let audit = a.json();
            let first = audit.array_at(&["entries"]).first().cloned();
            first.is_some_and(|e| e.str_at(&["message"]).contains("can't be reached"))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_survives_a_restart() {
    let stage = Stage::new().await;
    let password = stage.first_password().await;
    let token = |answer: crate::support::Answer| answer.json().str_at(&["token"]).to_owned();
    let first = token(stage.login("admin", &password).await);
    let second = token(stage.login("admin", &password).await);
    stage.accepted(&first).await;
    let cookie = format!("argocd.token={first}");
    let me = stage
        .send(
            "GET",
            "/api/v1/session/userinfo",
            "",
            &[("Cookie", &cookie)],
            b"",
        )
        .await
        .json();
    let headers = [
        ("Cookie", cookie.as_str()),
        ("X-Windlass-CSRF", me.str_at(&["csrf"])),
    ];
    let out = stage
        .send("DELETE", "/api/v1/session", "", &headers, b"")
        .await;
    assert_eq!(out.status, 200, "{}", out.text());
    let path = "/api/v1/namespaces/argocd/secrets/windlass-ended-sessions";
    let kept = stage.client.get(path).await.unwrap();
    assert!(!kept.to_json().contains(&first), "no token is kept");
    // Another process, which knows nothing but what is kept.
    let options = server::Options::new(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
    let view = stage.controller.view();
    let other = server::Server::start(stage.client.clone(), view, options)
        .await
        .unwrap();
    let address = other.address();
    let ask = async |token: &str| {
        let request = crate::support::request("GET", "/api/v1/board", token, &[], b"");
        let answer = tokio::task::spawn_blocking(move || crate::support::raw(address, &request));
        answer.await.unwrap().status
    };
    while ask(&second).await != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&first).await, 401);
}
