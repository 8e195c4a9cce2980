//! What people ask of applications, under their names.

use crate::support::{ADMIN, BOB, Stage};
use value::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_planned_asked_for_and_known_by_name() {
    let stage = Stage::new().await;
    stage.shop(false).await;
    let plan = stage.get("/api/v1/applications/shop/plan").await;
    assert_eq!(plan.array_at(&["create"]).len(), 3);
    let stale = json!({"windlass": {"planDigest": "0000"}});
    let refused = stage.post("/api/v1/applications/shop/sync", &stale).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let body = json!({"windlass": {"planDigest": plan.str_at(&["digest"])}});
    let asked = stage.post("/api/v1/applications/shop/sync", &body).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let by = ["operation", "initiatedBy", "username"];
    assert_eq!(asked.json().str_at(&by), "alice");
    let mut events = stage.events("topics=audit&since=0", ADMIN).await;
    stage
        .until("shop", |app| {
            app.str_at(&["status", "sync", "status"]) == "Synced"
        })
        .await;
    stage.controller.flush().await;
    let entry = loop {
        let trail = stage.get("/api/v1/audit?action=sync").await;
        if let Some(entry) = trail.array_at(&["entries"]).first() {
            break entry.clone();
        }
        events = tokio::task::spawn_blocking(move || {
            events.line();
            events
        })
        .await
        .unwrap();
    };
    assert_eq!(entry.str_at(&["actor", "name"]), "alice");
    assert_eq!(entry.str_at(&["actor", "grade"]), "V");

    // Whoever writes another name into an operation doesn't become that person.
    let forged = json!({"operation": {"initiatedBy": {"username": "alice"}, "sync": {}}});
    let path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/shop";
    stage.client.merge_patch(path, &forged).await.unwrap();
    let read = async {
        loop {
            stage.controller.flush().await;
            let trail = stage.get("/api/v1/audit?action=sync").await;
            if let [newest, _] = trail.array_at(&["entries"]) {
                return newest.clone();
            }
        }
    };
    let entry = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
    let entry = entry.expect("the second sync is in the trail");
    assert_eq!(entry.str_at(&["actor", "name"]), "alice");
    assert_eq!(entry.str_at(&["actor", "grade"]), "M");
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_held_and_automation_is_paused() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let app = "/api/v1/applications/shop";
    let first = stage.get(&format!("{app}/overview")).await;
    let revision = first.str_at(&["revision", "id"]).to_owned();
    let until = json!({"reason": "incident 7", "until": "2999-01-01T00:00:00Z"});
    assert_eq!(
        stage.post(&format!("{app}/pause"), &until).await.status,
        200
    );
    let over = json!({"until": "2001-01-01T00:00:00Z"});
    assert_eq!(stage.post(&format!("{app}/pause"), &over).await.status, 400);
    let hold = json!({"revision": revision.get(..7).unwrap(), "reason": "bad"});
    assert_eq!(stage.post(&format!("{app}/hold"), &hold).await.status, 200);
    let shown = stage
        .until("shop", |app| {
            app.at(&["metadata", "annotations", "windlass.dev/holds"])
                .is_some()
        })
        .await;
    assert!(
        shown
            .at(&["metadata", "annotations", "windlass.dev/paused"])
            .is_some()
    );
    let overview = stage.get(&format!("{app}/overview")).await;
    assert_eq!(overview.str_at(&["paused", "reason"]), "incident 7");
    assert_eq!(overview.str_at(&["paused", "by", "name"]), "alice");
    assert_eq!(
        overview.array_at(&["holds"])[0].str_at(&["revision"]),
        revision
    );
    assert_eq!(
        stage
            .post(&format!("{app}/resume"), &json!({}))
            .await
            .status,
        200
    );
    let held = format!("{app}/hold?revision={revision}");
    let answer = stage.send("DELETE", &held, ADMIN, &[], b"");
    assert_eq!(answer.await.status, 200);
    stage
        .until("shop", |app| {
            let annotation = |name| app.at(&["metadata", "annotations", name]);
            annotation("windlass.dev/holds").is_none()
                && annotation("windlass.dev/paused").is_none()
        })
        .await;
    let again = stage.post(&format!("{app}/resume"), &json!({})).await;
    assert_eq!(
        (again.status, again.json().i64_at(&["code"])),
        (400, Some(9))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_goes_back_and_holds() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let second = stage.push(
        "shop",
        &[(
            "settings.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {GREETING: Moin}\n",
        )],
        "second",
    );
    stage
        .until("shop", |app| {
            let history = app.array_at(&["status", "history"]);
            history
                .last()
                .is_some_and(|h| h.str_at(&["revision"]) == second)
        })
        .await;
    let back = stage
        .post(
            "/api/v1/applications/shop/rollback",
            &json!({"reason": "worse"}),
        )
        .await;
    assert_eq!(back.status, 200, "{}", back.text());
    let app = stage
        .until("shop", |app| {
            app.array_at(&["status", "history"]).len() == 3
        })
        .await;
    let last = app.array_at(&["status", "history"]).last().unwrap();
    assert_ne!(last.str_at(&["revision"]), second);
    let diff = format!("/api/v1/applications/shop/diff?from=deployed&to={second}");
    let diff = stage.get(&diff).await;
    let fields = diff.array_at(&["objects"])[0].array_at(&["fields"]);
    assert_eq!(fields[0].str_at(&["right"]), "Moin");
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_made_changed_and_deleted() {
    let stage = Stage::new().await;
    let mut app = json!({
        "metadata": {"name": "made"},
        "spec": {
            "project": "default",
            "source": {"repoURL": stage.repo("shop"), "path": "."},
            "destination": {"name": "in-cluster", "namespace": "shop"},
        },
    });
    let apps = "/api/v1/applications";
    let mut wrong = app.clone();
    wrong.set_at(&["spec", "destination"], json!({"name": "nowhere"}));
    assert_eq!(stage.post(apps, &wrong).await.status, 400);
    // Before it is made, what it would deploy is seen by those who may make it, from where they may.
    let preview = "/api/v1/preview";
    assert_eq!(stage.post(preview, &wrong).await.status, 400);
    let seen = stage.post(preview, &app).await.json();
    assert!(!seen.array_at(&["create"]).is_empty(), "{}", seen.to_json());
    let text = seen.array_at(&["objects"])[0].str_at(&["text"]);
    assert!(text.contains("kind: "), "{text}");
    let body = app.to_vec();
    let denied = stage.send("POST", preview, BOB, &[], &body).await;
    assert_eq!(denied.status, 403);
    assert_eq!(stage.post(apps, &app).await.status, 200);
    stage.until("made", |_| true).await;
    // The same again is no error, another one is.
    assert_eq!(stage.post(apps, &app).await.status, 200);
    app.set_at(&["spec", "source", "path"], "other");
    assert_eq!(stage.post(apps, &app).await.status, 400);
    let upsert = stage.post(&format!("{apps}?upsert=true"), &app).await;
    assert_eq!(upsert.status, 200, "{}", upsert.text());
    stage
        .until("made", |app| {
            app.str_at(&["spec", "source", "path"]) == "other"
        })
        .await;
    let patch = json!({"patchType": "merge", "patch": r#"{"spec":{"source":{"path":"."}}}"#});
    let made = format!("{apps}/made");
    // Who has looked at another version is told.
    let mut old = app.clone();
    old.set_at(&["metadata", "resourceVersion"], "1");
    let answer = stage.send("PUT", &made, ADMIN, &[], &old.to_vec()).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    let answer = stage
        .send("PATCH", &made, ADMIN, &[], &patch.to_vec())
        .await;
    assert_eq!(answer.json().str_at(&["spec", "source", "path"]), ".");
    let rename = json!({"patch": r#"[{"op":"replace","path":"/metadata/name","value":"x"}]"#});
    let answer = stage
        .send("PATCH", &made, ADMIN, &[], &rename.to_vec())
        .await;
    assert_eq!(answer.status, 400);
    let answer = stage.send("DELETE", &made, ADMIN, &[], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_restarted_scaled_and_deleted_by_those_who_may() {
    let stage = Stage::new().await;
    stage.shop(false).await;
    stage
        .post("/api/v1/applications/shop/sync", &json!({}))
        .await;
    stage
        .until("shop", |app| {
            app.str_at(&["status", "health", "status"]) == "Healthy"
        })
        .await;
    let web = "namespace=shop&resourceName=web&group=apps&kind=Deployment&version=v1";
    let actions = format!("/api/v1/applications/shop/resource/actions?{web}");
    let known = stage.get(&actions).await;
    let names: Vec<&str> = known
        .array_at(&["actions"])
        .iter()
        .map(|a| a.str_at(&["name"]))
        .collect();
    assert_eq!(names, ["pause", "restart", "resume", "scale"]);
    let restarted = stage.post(&actions, &Value::from("restart")).await;
    assert_eq!(restarted.status, 200, "{}", restarted.text());
    let unknown = stage.post(&actions, &Value::from("explode")).await;
    assert_eq!(unknown.status, 400);
    let scale = json!({
        "namespace": "shop", "resourceName": "web", "group": "apps", "kind": "Deployment",
        "version": "v1", "action": "scale",
        "resourceActionParameters": [{"name": "replicas", "value": "4"}],
    });
    let v2 = "/api/v1/applications/shop/resource/actions/v2";
    assert_eq!(stage.post(v2, &scale).await.status, 200);
    let live = stage
        .client
        .get("/apis/apps/v1/namespaces/shop/deployments/web")
        .await
        .unwrap();
    assert_eq!(live.i64_at(&["spec", "replicas"]), Some(4));
    // What isn't the application's can't be touched through it.
    let foreign = "/api/v1/applications/shop/resource?namespace=argocd&resourceName=argocd-cm\
                   &group=&kind=ConfigMap&version=v1";
    assert_eq!(
        stage.send("DELETE", foreign, ADMIN, &[], b"").await.status,
        400
    );
    let settings = "/api/v1/applications/shop/resource?namespace=shop&resourceName=settings\
                    &group=&kind=ConfigMap&version=v1";
    assert_eq!(
        stage.send("DELETE", settings, BOB, &[], b"").await.status,
        403
    );
    assert_eq!(
        stage.send("DELETE", settings, ADMIN, &[], b"").await.status,
        200
    );
}
