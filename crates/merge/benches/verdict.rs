//! How long does a verdict take?
//!
//! `cargo bench -p merge` prints nanoseconds a piece for a Deployment of 5 KB with managedFields.

#![expect(clippy::print_stdout, reason = "the report is the point")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use merge::drift::{Desired, Options, Verdict};
use merge::managed::{self, KindVersions, Request};
use merge::{Force, Schema, Updater, builtin};
use std::hint::black_box;
use std::time::Instant;
use value::{Value, json};

const ROUNDS: u32 = 20_000;

fn deployment() -> Value {
    let container = |name: &str| {
        let env: Value = (0..8)
            .map(|i| json!({"name": format!("VARIABLE_{i}"), "value": format!("value number {i}")}))
            .collect();
        let probe = json!({"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5});
        json!({
            "name": name, "image": "registry.example.com/team/web:1.2.3", "env": env,
            "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
            "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
            "livenessProbe": probe.clone(), "readinessProbe": probe,
            "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}, {"name": "data", "mountPath": "/data"}],
        })
    };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "team": "shop"}},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web", "team": "shop"}},
                "spec": {
                    "containers": [container("web"), container("sidecar")],
                    "volumes": [{"name": "config", "configMap": {"name": "web"}}, {"name": "data", "emptyDir": {}}],
                    "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
                },
            },
        },
    })
}

fn live(desired: &Desired) -> Value {
    let versions = KindVersions {
        schema: builtin(),
        kind: "Deployment",
        ignored: None,
    };
    let updater = Updater {
        schema: builtin(),
        versions: &versions,
    };
    let request = |manager, subresource| Request {
        manager,
        api_version: "apps/v1",
        kind: "Deployment",
        subresource,
        now: "2026-01-01T00:00:00Z",
    };
    let patch = desired.value();
    let applied = managed::apply(&updater, None, patch, &request("windlass", ""), Force::No);
    let mut live = applied.expect("nobody is there to conflict with");
    live.set_at(&["metadata", "uid"], "6f0f0a3c-7f8e-4d53-9d4e-000000000001");
    live.set_at(&["spec", "strategy"], json!({"type": "RollingUpdate"}));
    let mut new = live.clone();
    new.set_at(
        &["status"],
        json!({"availableReplicas": 3, "observedGeneration": 1, "readyReplicas": 3, "replicas": 3}),
    );
    let controller = request("kube-controller-manager", "status");
    managed::update(&updater, Some(&live), new, &controller)
}

fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    for _ in 0..ROUNDS / 10 {
        black_box(work());
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    let each = start.elapsed() / ROUNDS;
    println!("{name:<40} {:>9} ns", each.as_nanos());
}

fn main() {
    let start = Instant::now();
    let schema: &Schema = builtin();
    println!("reading the built-in types took {:?}", start.elapsed());
    let of = schema
        .type_of("apps/v1", "Deployment")
        .expect("a built-in kind");
    let git = deployment();
    let desired = Desired::prepare(schema, of, &git).expect("a valid object");
    let in_sync = live(&desired);
    let mut drifted = in_sync.clone();
    drifted.set_at(&["spec", "replicas"], 5);
    let text = in_sync.to_vec();
    println!("the live object has {} bytes", text.len());
    let options = Options::default();
    assert_eq!(desired.verdict(schema, &in_sync, &options), Verdict::InSync);
    measure("verdict: in sync", || {
        desired.verdict(schema, black_box(&in_sync), &options)
    });
    measure("verdict: drift", || {
        desired.verdict(schema, black_box(&drifted), &options)
    });
    measure("parse and verdict: in sync", || {
        let live = Value::parse(black_box(&text)).expect("JSON");
        desired.verdict(schema, &live, &options)
    });
    measure("parse alone", || Value::parse(black_box(&text)));
    measure("prepare", || Desired::prepare(schema, of, black_box(&git)));
}
