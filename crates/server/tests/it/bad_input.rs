//! Requests that must come to nothing.

use crate::support::{ADMIN, BOB, NOBODY, Stage, raw, request};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_and_what_is_forbidden_look_the_same() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    for rest in [
        "",
        "/overview",
        "/tree",
        "/diff",
        "/resource-tree",
        "/logs",
        "/plan",
    ] {
        let there = format!("/api/v1/applications/shop{rest}");
        let absent = format!("/api/v1/applications/nope{rest}");
        let there = stage.send("GET", &there, NOBODY, &[], b"").await;
        let absent = stage.send("GET", &absent, NOBODY, &[], b"").await;
        assert_eq!(there.status, 403);
        let head = |a: &crate::support::Answer| {
            let mut headers = a.headers.clone();
            headers.retain(|(name, _)| name != "date");
            headers
        };
        assert_eq!((absent.status, &absent.body), (there.status, &there.body));
        assert_eq!(head(&absent), head(&there));
    }
    for (method, path) in [
        ("POST", "/api/v1/applications/shop/sync"),
        ("POST", "/api/v1/applications/shop/rollback"),
        ("POST", "/api/v1/applications/shop/hold"),
        ("POST", "/api/v1/applications/shop/pause"),
        ("DELETE", "/api/v1/applications/shop"),
        ("DELETE", "/api/v1/applications/shop/operation"),
        ("PATCH", "/api/v1/applications/shop"),
        ("GET", "/api/v1/policy"),
        ("PUT", "/api/v1/projects/default"),
    ] {
        let body = br#"{"metadata":{"name":"default"},"revision":"x"}"#;
        let answer = stage.send(method, path, BOB, &[], body).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
    let told = stage.send(
        "GET",
        "/api/v1/applications/nope?project=default",
        ADMIN,
        &[],
        b"",
    );
    assert_eq!(
        told.await.status,
        404,
        "who may see the project is told the truth"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_origins_are_checked() {
    let stage = Stage::new().await;
    let address = stage.server.address();
    let board = "/api/v1/board";
    assert_eq!(stage.send("GET", board, "", &[], b"").await.status, 401);
    assert_eq!(
        stage.send("GET", board, "forged", &[], b"").await.status,
        401
    );
    // {"alg":"none"} and nobody's signature.
    let none =
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJhcmdvY2QiLCJzdWIiOiJhZG1pbjpsb2dpbiJ9.";
    assert_eq!(stage.send("GET", board, none, &[], b"").await.status, 401);
    let elsewhere = [("host", "evil.example")];
    assert_eq!(
        stage
            .send("GET", board, ADMIN, &elsewhere, b"")
            .await
            .status,
        403
    );
    let foreign = [("origin", "http://evil.example")];
    let sync = "/api/v1/applications/shop/sync";
    assert_eq!(
        stage
            .send("POST", sync, ADMIN, &foreign, b"{}")
            .await
            .status,
        403
    );
    assert_eq!(
        stage
            .send("GET", "/api/v1/nothing", "", &[], b"")
            .await
            .status,
        401
    );
    assert_eq!(
        stage
            .send("GET", "/api/v1/nothing", ADMIN, &[], b"")
            .await
            .status,
        404
    );
    assert_eq!(stage.send("PUT", board, ADMIN, &[], b"").await.status, 405);
    let open = stage.send("GET", "/api/v1/settings", "", &[], b"").await;
    assert_eq!(open.status, 200);
    // The link logs in once.
    let link = stage.server.link("alice").unwrap();
    let path = link.split_once(&address.to_string()).unwrap().1.to_owned();
    let first = stage.send("GET", &path, "", &[], b"").await;
    assert_eq!((first.status, first.header("location")), (303, "/"));
    let cookie = first.header("set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let again = stage.send("GET", &path, "", &[], b"").await;
    assert_eq!(again.header("location"), "/login?reason=link");
    assert_eq!(again.header("set-cookie"), "");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let with = [("cookie", cookie.as_str())];
    assert_eq!(stage.send("GET", board, "", &with, b"").await.status, 200);
    let unmarked = stage.send("POST", sync, "", &with, b"{}").await;
    assert_eq!(unmarked.status, 403, "a cookie alone changes nothing");
    let info = stage
        .send("GET", "/api/v1/session/userinfo", "", &with, b"")
        .await
        .json();
    let marked = [
        ("cookie", cookie.as_str()),
        ("x-windlass-csrf", info.str_at(&["csrf"])),
    ];
    let out = stage
        .send("DELETE", "/api/v1/session", "", &marked, b"")
        .await;
    assert_eq!(out.status, 200);
    assert_eq!(stage.send("GET", board, "", &with, b"").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_and_oversize_requests_end_in_an_error() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let sync = "/api/v1/applications/shop/sync";
    for body in [&b"{"[..], b"[1,2", b"\xff\xfe", b"nonsense"] {
        let answer = stage.send("POST", sync, ADMIN, &[], body).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json().i64_at(&["code"]), Some(3));
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        stage
            .send("POST", sync, ADMIN, &[], deep.as_bytes())
            .await
            .status,
        400
    );
    let huge = [("content-length", "99999999")];
    assert_eq!(
        stage.send("POST", sync, ADMIN, &huge, b"{}").await.status,
        413
    );
    let long = format!("/api/v1/board?{}", "x".repeat(20_000));
    assert_eq!(stage.send("GET", &long, ADMIN, &[], b"").await.status, 413);
    for path in [
        "/api/v1/applications/%2e%2e%2fsecrets",
        "/api/v1/applications/..",
        "/api/v1/applications/shop%2F..%2Fx",
        "/api/v1/applications/%00",
    ] {
        assert_eq!(
            stage.send("GET", path, ADMIN, &[], b"").await.status,
            403,
            "{path}"
        );
    }
    for path in [
        "/api/v1/applications?selector=%21%21",
        "/api/v1/applications/shop/diff?from=live&to=live",
        "/api/v1/applications/shop/plan?resources=x",
        "/api/v1/drift?since=tomorrow",
        "/api/v1/stream?topics=everything",
        "/api/v1/can-i?resource=nothing",
    ] {
        assert_eq!(
            stage.send("GET", path, ADMIN, &[], b"").await.status,
            400,
            "{path}"
        );
    }
    let address = stage.server.address();
    let answer = tokio::task::spawn_blocking(move || {
        let mut request = request("GET", "/api/v1/board", ADMIN, &[], b"");
        request.splice(0..3, *b"G T");
        raw(address, &request)
    });
    assert_eq!(answer.await.unwrap().status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_guarded() {
    let stage = Stage::new().await;
    for path in ["/", "/apps", "/api/v1/settings", "/nothing.here"] {
        let answer = stage.send("GET", path, "", &[], b"").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    assert_eq!(
        stage
            .send("GET", "/ui/nothing.js", "", &[], b"")
            .await
            .status,
        404
    );
    assert_eq!(stage.send("POST", "/", ADMIN, &[], b"{}").await.status, 405);
}
