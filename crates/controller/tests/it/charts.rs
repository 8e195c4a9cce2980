//! Applications whose charts come from a repository of charts.

use crate::world::World;
use testkit::{ChartServer, ChartServerOptions, pack_chart};
use value::{Value, json};

fn add(server: &ChartServer, version: &str) {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  \
                    version: {{ .Chart.Version | quote }}\n  greeting: {{ .Values.greeting }}\n";
    let values = ("values.yaml", "greeting: hello\n");
    let archive = pack_chart("web", version, &[values, ("templates/a.yaml", template)]);
    server.add("web", version, &archive);
}

fn scenario(server: &ChartServer, chart: &str) -> Value {
    json!({
        "files": {"unused.yaml": ""},
        "application": {
            "project": "default",
            "source": {
                "repoURL": server.url(), "chart": chart, "targetRevision": "1.x",
                "helm": {"parameters": [{"name": "greeting", "value": "ahoy"}]},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {"prune": true}},
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_picks_the_newest_version_and_a_newer_one_is_deployed() {
    let server = ChartServer::start(ChartServerOptions::default());
    add(&server, "1.0.0");
    add(&server, "2.0.0");
    let mut world = World::start(&scenario(&server, "web")).await;
    let reached = |version: &str| {
        json!({
            "/status/sync/status": "Synced",
            "/status/sync/revision": version,
            "/status/sourceType": "Helm",
            "/status/operationState/phase": "Succeeded",
        })
    };
    world.reach(&reached("1.0.0")).await;
    add(&server, "1.1.0");
    let refresh = json!({"do": "refresh", "kind": "normal"});
    world.act(&refresh).await.expect("it is asked for");
    world.reach(&reached("1.1.0")).await;
    let path = "/api/v1/namespaces/place/configmaps/first";
    let live = world.client.get(path).await.expect("it is there");
    assert_eq!(live.str_at(&["data", "version"]), "1.1.0");
    assert_eq!(live.str_at(&["data", "greeting"]), "ahoy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_that_is_not_there_is_a_condition_that_names_it() {
    let server = ChartServer::start(ChartServerOptions::default());
    add(&server, "1.0.0");
    let world = World::start(&scenario(&server, "wbe")).await;
    world
        .reach(&json!({"/status/conditions/*/message": {"has": "wbe"}}))
        .await;
    world
        .reach(&json!({"/status/sync/status": "Unknown"}))
        .await;
}

/// Returns a scenario of one chart in Git.
fn in_git(files: &Value, metadata: Value) -> Value {
    json!({
        "files": files.clone(),
        "metadata": metadata,
        "before": [{
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"word": "found"},
            "metadata": {"name": "other", "namespace": "{ns}"},
        }, {
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"word": "elsewhere"},
            "metadata": {"name": "other", "namespace": "{ns2}"},
        }],
        "application": {
            "project": "default",
            "source": {"repoURL": "{repo}", "path": "app", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {}},
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_that_another_one_asks_for_is_fetched() {
    let server = ChartServer::start(ChartServerOptions::default());
    add(&server, "1.0.0");
    add(&server, "1.2.0");
    let chart = format!(
        "apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies:\n- name: web\n  \
         version: 1.x\n  repository: {}\n",
        server.url()
    );
    let files = json!({"app/Chart.yaml": chart, "app/values.yaml": "web: {greeting: hi}\n"});
    let world = World::start(&in_git(&files, json!({}))).await;
    world.reach(&json!({"/status/sync/status": "Synced"})).await;
    let path = "/api/v1/namespaces/place/configmaps/first";
    let live = world.client.get(path).await.expect("it is there");
    assert_eq!(live.str_at(&["data", "version"]), "1.2.0");
    assert_eq!(live.str_at(&["data", "greeting"]), "hi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_looks_live_objects_up_if_its_application_may() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata:\n  \
                    word: {{ dig \"data\" \"word\" \"nothing\" (lookup \"v1\" \"ConfigMap\" \
                    .Release.Namespace \"other\") }}\n";
    let files = json!({
        "app/Chart.yaml": "apiVersion: v2\nname: looking\nversion: 0.1.0\n",
        "app/templates/a.yaml": template,
    });
    let allowed = json!({"annotations": {"windlass.dev/helm-lookup": "true"}});
    for (metadata, word) in [(json!({}), "nothing"), (allowed, "found")] {
        let world = World::start(&in_git(&files, metadata)).await;
        world.reach(&json!({"/status/sync/status": "Synced"})).await;
        let path = "/api/v1/namespaces/place/configmaps/seen";
        let live = world.client.get(path).await.expect("it is there");
        assert_eq!(live.str_at(&["data", "word"]), word);
    }
}
