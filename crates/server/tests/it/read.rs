//! What can be read, and that no secret is in it.

use crate::support::{ADMIN, FILES, Stage};
use value::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_shown_from_every_side() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    // What the board says may be a second old.
    let shown = async {
        loop {
            let board = stage.get("/api/v1/board").await;
            if board.at(&["dict", "health"]) == Some(&json!(["Healthy"])) {
                return board;
            }
        }
    };
    let board = tokio::time::timeout(std::time::Duration::from_secs(20), shown).await;
    let board = board.expect("the board becomes healthy");
    assert_eq!(board.at(&["rows", "name"]), Some(&json!(["shop"])));
    let overview = stage.get("/api/v1/applications/shop/overview").await;
    assert_eq!(overview.str_at(&["state", "cause"]), "");
    assert_eq!(overview.str_at(&["revision", "author"]), "carol");
    assert_eq!(overview.str_at(&["revision", "message"]), "first");
    assert_eq!(overview.i64_at(&["counts", "resources"]), Some(3));
    let tree = stage.get("/api/v1/applications/shop/tree").await;
    let kinds: Vec<&str> = tree
        .array_at(&["nodes"])
        .iter()
        .map(|n| n.str_at(&["ref", "kind"]))
        .collect();
    assert_eq!(
        kinds,
        [
            "ConfigMap",
            "Deployment",
            "ReplicaSet",
            "Pod",
            "Pod",
            "Secret"
        ]
    );
    let plan = stage.get("/api/v1/applications/shop/plan").await;
    assert_eq!(plan.i64_at(&["unchanged"]), Some(3), "{plan:?}");
    assert_eq!(plan.str_at(&["friction"]), "none");
    let timeline = stage.get("/api/v1/applications/shop/timeline").await;
    let kinds: Vec<&str> = timeline
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e.str_at(&["kind"]))
        .collect();
    assert!(
        kinds.contains(&"sync") && kinds.contains(&"commit"),
        "{kinds:?}"
    );
    let attempts = stage.get("/api/v1/applications/shop/attempts").await;
    assert_eq!(attempts.as_array().unwrap().len(), 1);
    let fleet = stage.get("/api/v1/fleet").await;
    assert_eq!(fleet.i64_at(&["apps"]), Some(1));
    assert_eq!(fleet.array_at(&["hours"]).len(), 24);
    let found = stage.get("/api/v1/search?q=sho").await;
    assert_eq!(
        found.as_array().unwrap()[0].str_at(&["href"]),
        "/apps/argocd/shop"
    );
    let resources = stage.get("/api/v1/resources?kind=Deployment").await;
    assert_eq!(resources.i64_at(&["total"]), Some(1));
    let rollouts = stage.get("/api/v1/rollouts").await;
    assert_eq!(rollouts.as_array().unwrap()[0].str_at(&["phase"]), "done");
    let explain = "/api/v1/applications/shop/explain?group=apps&kind=Deployment&namespace=shop\
                   &name=web&pointer=/spec/replicas";
    let explain = stage.get(explain).await;
    assert_eq!(explain.i64_at(&["value"]), Some(2));
    let steps = explain.array_at(&["steps"]);
    assert_eq!(steps.last().unwrap().str_at(&["file"]), "web.yaml");
    assert_eq!(steps.last().unwrap().str_at(&["author"]), "carol");
}

#[tokio::test(flavor = "multi_thread")]
async fn argo_cds_clients_get_what_they_know() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let list = stage
        .get("/api/v1/applications?projects=default&selector=team%3Da")
        .await;
    assert_eq!(
        list.array_at(&["items"])[0].str_at(&["metadata", "name"]),
        "shop"
    );
    let none = stage.get("/api/v1/applications?selector=team%21%3Da").await;
    assert!(none.array_at(&["items"]).is_empty());
    let names = stage
        .get("/api/v1/applications?fields=items.metadata.name")
        .await;
    assert_eq!(names, json!({"items": [{"metadata": {"name": "shop"}}]}));
    let tree = stage.get("/api/v1/applications/shop/resource-tree").await;
    let pod = tree
        .array_at(&["nodes"])
        .iter()
        .find(|n| n.str_at(&["kind"]) == "Pod")
        .unwrap();
    assert_eq!(
        pod.array_at(&["parentRefs"])[0].str_at(&["kind"]),
        "ReplicaSet"
    );
    assert_eq!(pod.at(&["images"]), Some(&json!(["web:1"])));
    let managed = stage
        .get("/api/v1/applications/shop/managed-resources")
        .await;
    let items = managed.array_at(&["items"]);
    let web = items.iter().find(|i| i.str_at(&["name"]) == "web").unwrap();
    let live = Value::parse(web.str_at(&["liveState"]).as_bytes()).unwrap();
    assert_eq!(live.i64_at(&["spec", "replicas"]), Some(2));
    let manifests = stage.get("/api/v1/applications/shop/manifests").await;
    assert_eq!(manifests.array_at(&["manifests"]).len(), 3);
    let revision = manifests.str_at(&["revision"]);
    let path = format!("/api/v1/applications/shop/revisions/{revision}/metadata");
    assert_eq!(
        stage.get(&path).await.str_at(&["author"]),
        "carol <carol@example.com>"
    );
    for path in [
        "/api/v1/applications/shop/events",
        "/api/v1/applications/shop/syncwindows",
        "/api/v1/applications/shop/links",
        "/api/v1/projects",
        "/api/v1/projects/default",
        "/api/v1/projects/default/detailed",
        "/api/v1/repositories",
        "/api/v1/clusters",
        "/api/v1/settings",
        "/api/v1/account",
        "/api/v1/policy",
        "/api/version",
    ] {
        stage.get(path).await;
    }
    let can = stage
        .get("/api/v1/account/can-i/applications/sync/default/shop")
        .await;
    assert_eq!(can.str_at(&["value"]), "yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_holds_a_secret() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let changed = FILES[2].1.replace("battery-staple", "hunter2hunter2");
    let revision = stage.push("shop", &[("secret.yaml", &changed)], "second");
    let secrets = [
        "correct-horse",
        "battery-staple",
        "hunter2hunter2",
        "Y29ycmVjdC1ob3JzZQ",
        "YmF0dGVyeS1zdGFwbGU",
        "aHVudGVyMmh1bnRlcjI",
        ADMIN,
    ];
    let object = "namespace=shop&resourceName=login&group=&kind=Secret&version=v1";
    let explain = "group=&kind=Secret&namespace=shop&name=login&pointer=";
    for path in [
        "diff?all=true".to_owned(),
        "diff?from=git&to=live&all=true".to_owned(),
        format!("diff?from=deployed&to={revision}&all=true"),
        "managed-resources".to_owned(),
        "manifests".to_owned(),
        "rendered".to_owned(),
        "resource-tree".to_owned(),
        "tree?all=true".to_owned(),
        format!("resource?{object}"),
        format!("explain?{explain}"),
        format!("explain?{explain}/stringData/password"),
        format!("explain?{explain}/stringData"),
        format!("explain?{explain}/data/password"),
        format!("explain?{explain}/data"),
        "timeline".to_owned(),
        "overview".to_owned(),
    ] {
        let path = format!("/api/v1/applications/shop/{path}");
        let answer = stage.send("GET", &path, ADMIN, &[], b"").await;
        let text = answer.text();
        for secret in secrets {
            assert!(!text.contains(secret), "{path} holds {secret}: {text}");
        }
    }
    let shown = stage
        .get(&format!("/api/v1/applications/shop/resource?{object}"))
        .await;
    let shown = Value::parse(shown.str_at(&["manifest"]).as_bytes()).unwrap();
    let data = |name: &str| shown.str_at(&["data", name]).to_owned();
    assert!(data("password").starts_with("++++"), "{shown:?}");
    assert_eq!(data("password"), data("again"));
    assert_ne!(data("password"), data("other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_names_its_owner_and_the_line_of_git() {
    let stage = Stage::new().await;
    stage.shop(false).await;
    let answer = stage
        .post("/api/v1/applications/shop/sync", &json!({}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    stage
        .until("shop", |app| {
            app.str_at(&["status", "sync", "status"]) == "Synced"
        })
        .await;
    let path = "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl-edit";
    stage
        .client
        .merge_patch(path, &json!({"spec": {"replicas": 5}}))
        .await
        .unwrap();
    stage
        .until("shop", |app| {
            app.str_at(&["status", "sync", "status"]) == "OutOfSync"
        })
        .await;
    let diff = stage.get("/api/v1/applications/shop/diff").await;
    let object = &diff.array_at(&["objects"])[0];
    assert_eq!(object.str_at(&["verdict"]), "changed");
    let field = &object.array_at(&["fields"])[0];
    assert_eq!(field.str_at(&["path"]), "spec.replicas");
    assert_eq!(
        (field.i64_at(&["left"]), field.i64_at(&["right"])),
        (Some(5), Some(2))
    );
    assert_eq!(field.str_at(&["owner", "name"]), "kubectl-edit");
    assert_eq!(field.str_at(&["line", "file"]), "web.yaml");
    assert_eq!(field.i64_at(&["line", "line"]), Some(5));
    assert!(object.str_at(&["leftText"]).contains("replicas: 5"));
    assert!(object.str_at(&["rightText"]).contains("replicas: 2"));
    assert_eq!(diff.i64_at(&["hiddenSame"]), Some(2));
    let plan = stage.get("/api/v1/applications/shop/plan").await;
    assert_eq!(
        plan.array_at(&["change"])[0].at(&["fields"]),
        Some(&json!(["spec.replicas"]))
    );
    let drift = stage.get("/api/v1/drift").await;
    assert_eq!(drift.i64_at(&["open"]), Some(1), "{drift:?}");
    let event = &drift.array_at(&["events"])[0];
    assert_eq!(event.str_at(&["action"]), "open");
    assert_eq!(
        stage
            .get("/api/v1/drift?app=other")
            .await
            .array_at(&["events"])
            .len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_is_shown_when_the_control_plane_is_gone() {
    let mut stage = Stage::new().await;
    stage.shop(true).await;
    stage.stop_plane().await;
    let overview = "/api/v1/applications/shop/overview";
    stage
        .ask(overview, ADMIN, |a| a.json().at(&["stale"]).is_some())
        .await;
    let board = stage.get("/api/v1/board").await;
    assert_eq!(board.at(&["rows", "name"]), Some(&json!(["shop"])));
    let fleet = stage.get("/api/v1/fleet").await;
    let cluster = &fleet.array_at(&["clusters"])[0];
    assert_eq!(cluster.at(&["connected"]), Some(&Value::Bool(false)));
    let sync = stage
        .post("/api/v1/applications/shop/sync", &json!({}))
        .await;
    assert_eq!(
        (sync.status, sync.json().i64_at(&["code"])),
        (503, Some(14))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_and_how_much_is_said() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let hook = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: {argocd.argoproj.io/hook: PreSync}\nspec:\n  template:\n    spec: {restartPolicy: Never, containers: [{name: m, image: m:1}]}\n";
    let settings =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {GREETING: Moin}\n";
    let mut files = FILES.to_vec();
    files[1] = ("settings.yaml", settings);
    files.push(("hook.yaml", hook));
    // Planned before it is deployed: the automation is off.
    let off = json!({"spec": {"syncPolicy": {"automated": null}}});
    let path = format!("{}/shop", crate::support::APPLICATIONS);
    stage.client.merge_patch(&path, &off).await.unwrap();
    let commit = stage.push("shop", &files, "second");
    stage
        .until("shop", |app| {
            app.str_at(&["status", "sync", "revision"]) == commit
        })
        .await;
    let plan = stage.get("/api/v1/applications/shop/plan").await;
    let waves = json!([
        {"wave": 0, "phase": "PreSync", "count": 1}, {"wave": 0, "phase": "Sync", "count": 3},
    ]);
    assert_eq!(plan.at(&["waves"]), Some(&waves));
    let rendered = stage.get("/api/v1/applications/shop/rendered").await;
    let changed: Vec<(&str, bool)> = rendered
        .array_at(&["inputs"])
        .iter()
        .map(|i| {
            (
                i.str_at(&["file"]),
                i.at(&["changed"]) == Some(&Value::Bool(true)),
            )
        })
        .collect();
    let want = [
        ("hook.yaml", true),
        ("secret.yaml", false),
        ("settings.yaml", true),
        ("web.yaml", false),
    ];
    assert_eq!(changed, want);
    // What was done is in the trail: asked again until the trail has it.
    stage
        .ask("/api/v1/applications/shop/attempts", ADMIN, |a| {
            let attempts = a.json();
            let first = attempts.as_array().and_then(<[Value]>::first);
            first.is_some_and(|it| it.i64_at(&["resources"]) == Some(3))
        })
        .await;
    let masked = stage
        .get("/api/v1/applications/shop/attempts?fields=phase,revision.message")
        .await;
    let want = json!([{"revision": {"message": "first"}, "phase": "Succeeded"}]);
    assert_eq!(masked, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let stage = Stage::new().await;
    for name in ["a", "b", "c"] {
        let body = json!({"project": {"metadata": {"name": name}, "spec": {"sourceRepos": ["*"]}}});
        let made = stage.post("/api/v1/projects", &body).await;
        assert_eq!(made.status, 200, "{}", made.text());
    }
    stage
        .ask("/api/v1/projects", ADMIN, |a| {
            a.json().array_at(&["items"]).len() == 4
        })
        .await;
    let names = |list: &Value| -> Vec<String> {
        let items = list.array_at(&["items"]).iter();
        items
            .map(|i| i.str_at(&["metadata", "name"]).to_owned())
            .collect()
    };
    let first = stage.get("/api/v1/projects?limit=3").await;
    assert_eq!(names(&first), ["a", "b", "c"]);
    assert_eq!(first.i64_at(&["metadata", "remainingItemCount"]), Some(1));
    let next = first.str_at(&["metadata", "continue"]);
    let rest = stage
        .get(&format!("/api/v1/projects?limit=3&continue={next}"))
        .await;
    assert_eq!(names(&rest), ["default"]);
    assert!(rest.at(&["metadata", "continue"]).is_none());
    let masked = stage
        .get("/api/v1/projects?fields=items.metadata.name&limit=1")
        .await;
    assert_eq!(masked, json!({"items": [{"metadata": {"name": "a"}}]}));
}
