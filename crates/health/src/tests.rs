//! One row per branch of each rule.

use crate::HealthStatus::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
use crate::{Health, HealthStatus, of, worst};
use value::{Value, json};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the rows read better")]
fn check(object: Value, status: HealthStatus, message: &str) {
    assert_eq!(of(&object), Some(Health::new(status, message)), "{object}");
}

fn deployment(spec: Value, status: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "generation": 2}, "spec": spec, "status": status})
}

#[test]
fn deployments() {
    let healthy = json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
    check(
        deployment(json!({"replicas": 3}), healthy.clone()),
        Healthy,
        "",
    );
    check(
        deployment(json!({"paused": true}), healthy),
        Suspended,
        "Deployment is paused",
    );
    check(
        deployment(json!({"replicas": 3}), json!({"observedGeneration": 1})),
        Progressing,
        "Waiting for rollout to finish: observed deployment generation less then desired generation",
    );
    check(
        deployment(
            json!({"replicas": 3}),
            json!({"observedGeneration": 2, "updatedReplicas": 1}),
        ),
        Progressing,
        "Waiting for rollout to finish: 1 out of 3 new replicas have been updated...",
    );
    check(
        deployment(
            json!({"replicas": 3}),
            json!({"observedGeneration": 2, "replicas": 4, "updatedReplicas": 3}),
        ),
        Progressing,
        "Waiting for rollout to finish: 1 old replicas are pending termination...",
    );
    check(
        deployment(
            json!({"replicas": 3}),
            json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 1}),
        ),
        Progressing,
        "Waiting for rollout to finish: 1 of 3 updated replicas are available...",
    );
    let late =
        json!({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"});
    check(
        deployment(
            json!({"replicas": 3}),
            json!({"observedGeneration": 2, "conditions": [late]}),
        ),
        Degraded,
        "Deployment \"web\" exceeded its progress deadline",
    );
}

fn stateful_set(strategy: Value, status: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 3, "updateStrategy": strategy}, "status": status})
}

#[test]
fn stateful_sets() {
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    check(
        stateful_set(rolling.clone(), json!({})),
        Progressing,
        "Waiting for statefulset spec update to be observed...",
    );
    check(
        stateful_set(
            rolling.clone(),
            json!({"observedGeneration": 1, "readyReplicas": 1}),
        ),
        Progressing,
        "Waiting for 2 pods to be ready...",
    );
    check(
        stateful_set(
            rolling.clone(),
            json!({"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1}),
        ),
        Progressing,
        "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
    );
    check(
        stateful_set(
            rolling,
            json!({"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 2}),
        ),
        Healthy,
        "partitioned roll out complete: 2 new pods have been updated...",
    );
    check(
        stateful_set(
            json!({"type": "OnDelete"}),
            json!({"observedGeneration": 1, "readyReplicas": 3}),
        ),
        Healthy,
        "statefulset has 3 ready pods",
    );
    let status = json!({"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"});
    check(
        stateful_set(json!({"type": "RollingUpdate"}), status),
        Progressing,
        "waiting for statefulset rolling update to complete 1 pods at revision b...",
    );
    let status = json!({"observedGeneration": 1, "readyReplicas": 3, "currentReplicas": 3, "updateRevision": "a", "currentRevision": "a"});
    check(
        stateful_set(json!({"type": "RollingUpdate"}), status),
        Healthy,
        "statefulset rolling update complete 3 pods at revision a...",
    );
}

#[test]
fn daemon_sets_and_replica_sets() {
    let daemon_set = |strategy: &str, status: Value| json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d", "generation": 1}, "spec": {"updateStrategy": {"type": strategy}}, "status": status});
    check(
        daemon_set("RollingUpdate", json!({})),
        Progressing,
        "Waiting for rollout to finish: observed daemon set generation less then desired generation",
    );
    check(
        daemon_set(
            "OnDelete",
            json!({"observedGeneration": 1, "desiredNumberScheduled": 3}),
        ),
        Healthy,
        "daemon set 0 out of 3 new pods have been updated",
    );
    check(
        daemon_set(
            "RollingUpdate",
            json!({"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 1}),
        ),
        Progressing,
        "Waiting for daemon set \"d\" rollout to finish: 1 out of 3 new pods have been updated...",
    );
    check(
        daemon_set(
            "RollingUpdate",
            json!({"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}),
        ),
        Progressing,
        "Waiting for daemon set \"d\" rollout to finish: 2 of 3 updated pods are available...",
    );
    check(
        daemon_set("RollingUpdate", json!({"observedGeneration": 1})),
        Healthy,
        "",
    );

    let replica_set = |status: Value| json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"generation": 1}, "spec": {"replicas": 2}, "status": status});
    check(
        replica_set(json!({})),
        Progressing,
        "Waiting for rollout to finish: observed replica set generation less then desired generation",
    );
    check(
        replica_set(json!({"observedGeneration": 1, "availableReplicas": 1})),
        Progressing,
        "Waiting for rollout to finish: 1 out of 2 new replicas are available...",
    );
    let failure = json!({"type": "ReplicaFailure", "status": "True", "message": "quota"});
    check(
        replica_set(json!({"observedGeneration": 1, "conditions": [failure]})),
        Degraded,
        "quota",
    );
    check(
        replica_set(json!({"observedGeneration": 1, "availableReplicas": 2})),
        Healthy,
        "",
    );
}

#[test]
fn pods() {
    let pod = |policy: &str, status: Value| json!({"apiVersion": "v1", "kind": "Pod", "spec": {"restartPolicy": policy}, "status": status});
    let waiting =
        |reason: &str| json!([{"state": {"waiting": {"reason": reason, "message": "no image"}}}]);
    let pull = json!({"phase": "Pending", "containerStatuses": waiting("ImagePullBackOff")});
    check(pod("Always", pull.clone()), Degraded, "no image");
    check(pod("Never", pull.clone()), Progressing, "");
    let mut ignoring = pod("Never", pull);
    ignoring.set_at(
        &[
            "metadata",
            "annotations",
            "argocd.argoproj.io/ignore-restart-policy",
        ],
        "true",
    );
    check(ignoring.clone(), Degraded, "no image");
    ignoring.set_at(
        &["metadata", "annotations", "argocd.argoproj.io/hook"],
        "Sync",
    );
    check(ignoring, Progressing, "");
    check(
        pod(
            "Always",
            json!({"phase": "Pending", "containerStatuses": waiting("ContainerCreating")}),
        ),
        Progressing,
        "",
    );
    check(
        pod("Always", json!({"phase": "Succeeded", "message": "done"})),
        Healthy,
        "done",
    );
    check(
        pod("Always", json!({"phase": "Failed", "message": "evicted"})),
        Degraded,
        "evicted",
    );
    let ended = |state: Value| json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": state}}]});
    check(
        pod("Never", ended(json!({"message": "boom", "exitCode": 1}))),
        Degraded,
        "boom",
    );
    check(
        pod(
            "Never",
            ended(json!({"reason": "OOMKilled", "exitCode": 137})),
        ),
        Degraded,
        "OOMKilled",
    );
    check(
        pod("Never", ended(json!({"exitCode": 2}))),
        Degraded,
        "container \"c\" failed with exit code 2",
    );
    let ready = json!([{"type": "Ready", "status": "True"}]);
    check(
        pod("Always", json!({"phase": "Running", "conditions": &ready})),
        Healthy,
        "",
    );
    check(pod("Always", json!({"phase": "Running"})), Progressing, "");
    let restarted = json!([{"lastState": {"terminated": {"exitCode": 1}}}]);
    check(
        pod(
            "Always",
            json!({"phase": "Running", "containerStatuses": restarted}),
        ),
        Degraded,
        "",
    );
    check(
        pod(
            "OnFailure",
            json!({"phase": "Running", "conditions": &ready}),
        ),
        Progressing,
        "",
    );
    check(pod("Always", json!({})), Unknown, "");
}

#[test]
fn jobs() {
    let job = |conditions: Value| json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": conditions}});
    check(job(json!([])), Progressing, "");
    check(
        job(json!([{"type": "Complete", "status": "True", "message": "m"}])),
        Healthy,
        "m",
    );
    check(
        job(json!([{"type": "Failed", "status": "True", "message": "limit"}])),
        Degraded,
        "limit",
    );
    check(
        job(json!([{"type": "Suspended", "status": "True", "message": "Job suspended"}])),
        Suspended,
        "Job suspended",
    );
    check(
        job(json!([{"type": "Suspended", "status": "False", "message": "Job resumed"}])),
        Healthy,
        "Job resumed",
    );
}

#[test]
fn network_storage_and_extensions() {
    let claim = |phase: &str| json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": phase}});
    for (phase, status) in [
        ("Bound", Healthy),
        ("Pending", Progressing),
        ("Lost", Degraded),
        ("", Unknown),
    ] {
        check(claim(phase), status, "");
    }
    let address = json!({"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}});
    check(
        json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "ClusterIP"}}),
        Healthy,
        "",
    );
    check(
        json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}}),
        Progressing,
        "",
    );
    check(
        json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}, "status": &address}),
        Healthy,
        "",
    );
    check(
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}),
        Progressing,
        "",
    );
    check(
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "status": &address}),
        Healthy,
        "",
    );

    let service = |conditions: Value| json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "status": {"conditions": conditions}});
    check(service(json!([])), Progressing, "Waiting to be processed");
    check(
        service(
            json!([{"type": "Available", "status": "False", "reason": "Missing", "message": "no endpoints"}]),
        ),
        Progressing,
        "Missing: no endpoints",
    );
    check(
        service(
            json!([{"type": "Available", "status": "True", "reason": "Passed", "message": "ok"}]),
        ),
        Healthy,
        "Passed: ok",
    );
    check(
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "status": {"phase": "Error", "message": "m"}}),
        Degraded,
        "m",
    );
}

#[test]
fn autoscalers() {
    let v2 = |conditions: Value| json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "status": {"conditions": conditions}});
    check(v2(json!([])), Progressing, "Waiting to Autoscale");
    check(
        v2(
            json!([{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics"}]),
        ),
        Degraded,
        "no metrics",
    );
    check(
        v2(json!([{"type": "AbleToScale", "status": "True", "message": "fine"}])),
        Healthy,
        "fine",
    );
    let v1 = |text: &str| {
        json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions": text}}})
    };
    check(
        v1(
            r#"[{"type":"AbleToScale","status":"False","reason":"FailedGetScale","message":"gone"}]"#,
        ),
        Degraded,
        "gone",
    );
    check(v1("[]"), Progressing, "Waiting to Autoscale");
    assert_eq!(of(&v1("nonsense")).map(|h| h.status), Some(Unknown));
}

#[test]
fn deletion_versions_and_kinds_without_a_rule() {
    let gone = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    check(gone, Progressing, "Pending deletion");
    let hook = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["argocd.argoproj.io/hook-finalizer"]}});
    assert_eq!(of(&hook), None);
    check(
        json!({"apiVersion": "apps/v1beta1", "kind": "Deployment"}),
        Unknown,
        "unsupported Deployment GVK: apps/v1beta1, Kind=Deployment",
    );
    assert_eq!(
        of(&json!({"apiVersion": "example.com/v1", "kind": "Deployment"})),
        None
    );
    assert_eq!(
        of(&json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"})),
        None
    );
}

#[test]
fn the_worst_counts() {
    assert_eq!(worst([]), Healthy);
    assert_eq!(worst([Suspended, Healthy]), Suspended);
    assert_eq!(worst([Progressing, Suspended]), Progressing);
    assert_eq!(worst([Degraded, Missing]), Degraded);
    assert_eq!(worst([Unknown, Degraded]), Unknown);
}
