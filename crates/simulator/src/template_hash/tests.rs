//! Hashes that kube-controller-manager's own functions gave for the same templates.

use value::json;

use super::of;

#[test]
fn hashes_are_those_of_a_real_cluster() {
    let cases = [
        (
            json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "100m", "memory": "1Gi"}, "requests": {"cpu": "500m"}}, "ports": [{"containerPort": 80, "protocol": "TCP"}], "livenessProbe": {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1}, "readinessProbe": {"tcpSocket": {"port": "web"}}, "env": [{"name": "A", "value": "b"}, {"name": "N", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}], "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "Always", "securityContext": {"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}}, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}], "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler", "volumes": [{"name": "v", "configMap": {"name": "cm", "defaultMode": 420}}, {"name": "e", "emptyDir": {"sizeLimit": "1536Mi"}}]}}),
            "5fc95654b8",
        ),
        (
            json!({"metadata": {}, "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "1", "memory": "128974848", "ephemeral-storage": "129e6", "x": "2k"}}}]}}),
            "6c698757f4",
        ),
        (
            json!({"metadata": {"labels": {"b": "2", "a": "1"}, "annotations": {"n": "\"quoted\" é"}}, "spec": {"containers": [], "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["a", "b"]}]}]}}}, "tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 0}], "nodeSelector": {"z": "1"}, "overhead": {"cpu": "-1500u"}}}),
            "5754cb765d",
        ),
        (
            json!({"metadata": {"creationTimestamp": null, "labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "busybox", "resources": {}}], "initContainers": [{"name": "i", "image": "b", "restartPolicy": "Always", "envFrom": [{"prefix": "P", "secretRef": {"name": "s", "optional": true}}], "lifecycle": {"preStop": {"exec": {"command": ["a", "b"]}}}}], "ephemeralContainers": [{"name": "e", "image": "x", "targetContainerName": "c"}], "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "a"}}}], "hostNetwork": true, "priority": 0, "volumes": [{"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}], "defaultMode": 420}}]}}),
            "7cd6d57747",
        ),
    ];
    for (template, wanted) in cases {
        assert_eq!(of(&template, None), wanted, "{template:?}");
    }
}

#[test]
fn collisions_change_the_hash() {
    let template = json!({"spec": {"containers": [{"name": "c"}]}});
    assert_ne!(of(&template, None), of(&template, Some(0)));
    assert_ne!(of(&template, Some(0)), of(&template, Some(1)));
}
