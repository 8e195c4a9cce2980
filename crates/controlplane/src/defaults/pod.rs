//! Defaults of pods and pod templates.

use value::Value;

use super::{default, each};

/// Where a pod's spec stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// In a pod.
    Pod,
    /// In a template for pods.
    Template,
}

/// Fills in the defaults of a pod's spec.
pub(super) fn spec(spec: &mut Value, of: Of) {
    default(spec, &["dnsPolicy"], "ClusterFirst");
    default(spec, &["restartPolicy"], "Always");
    default(spec, &["schedulerName"], "default-scheduler");
    default(spec, &["securityContext"], Value::object());
    default(spec, &["terminationGracePeriodSeconds"], 30);
    // Both names of the service account are kept alike.
    let account = spec
        .get("serviceAccountName")
        .or_else(|| spec.get("serviceAccount"))
        .cloned();
    if let Some(account) = account.filter(|a| a.as_str() != Some("")) {
        spec.set_at(&["serviceAccountName"], account.clone());
        spec.set_at(&["serviceAccount"], account);
    }
    if of == Of::Pod {
        default(spec, &["enableServiceLinks"], true);
    }
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
    for list in ["containers", "initContainers"] {
        each(spec.get_mut(list), |c| container(c, of, host_network));
    }
    each(spec.get_mut("ephemeralContainers"), |c| {
        container(c, of, false);
    });
    each(spec.get_mut("volumes"), volume);
    each(spec.get_mut("topologySpreadConstraints"), |constraint| {
        default(constraint, &["whenUnsatisfiable"], "DoNotSchedule");
    });
}

fn container(container: &mut Value, of: Of, host_network: bool) {
    default(container, &["resources"], Value::object());
    default(
        container,
        &["terminationMessagePath"],
        "/dev/termination-log",
    );
    default(container, &["terminationMessagePolicy"], "File");
    let image = container.str_at(&["image"]).to_owned();
    default(container, &["imagePullPolicy"], pull_policy(&image));
    each(container.get_mut("ports"), |port| {
        default(port, &["protocol"], "TCP");
        if host_network && let Some(number) = port.get("containerPort").cloned() {
            default(port, &["hostPort"], number);
        }
    });
    each(container.get_mut("env"), |variable| {
        if variable.at(&["valueFrom", "fieldRef"]).is_some() {
            default(variable, &["valueFrom", "fieldRef", "apiVersion"], "v1");
        }
    });
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe) {
            self::probe(probe);
        }
    }
    for hook in ["postStart", "preStop"] {
        if container.at(&["lifecycle", hook, "httpGet"]).is_some() {
            default(container, &["lifecycle", hook, "httpGet", "path"], "/");
            default(container, &["lifecycle", hook, "httpGet", "scheme"], "HTTP");
        }
    }
    // In a pod, what limits a container is also what it asks for.
    if of == Of::Pod {
        let limits = container.at(&["resources", "limits"]).cloned();
        if let Some(limits) = limits.as_ref().and_then(Value::as_object) {
            for (name, quantity) in limits {
                default(
                    container,
                    &["resources", "requests", name.as_str()],
                    quantity.clone(),
                );
            }
        }
    }
}

/// Returns when an image is pulled: always if its tag may move.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image
        .split_once('@')
        .map_or((image, None), |(n, d)| (n, Some(d)));
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = last.split_once(':').map(|(_, tag)| tag);
    match (tag, digest) {
        (Some("latest"), _) | (None, None) => "Always",
        _ => "IfNotPresent",
    }
}

fn probe(probe: &mut Value) {
    default(probe, &["timeoutSeconds"], 1);
    default(probe, &["periodSeconds"], 10);
    default(probe, &["successThreshold"], 1);
    default(probe, &["failureThreshold"], 3);
    if probe.get("httpGet").is_some() {
        default(probe, &["httpGet", "path"], "/");
        default(probe, &["httpGet", "scheme"], "HTTP");
    }
    if probe.get("grpc").is_some() {
        default(probe, &["grpc", "service"], "");
    }
}

/// Fills in what volumes of pods and of clusters have in common.
pub(super) fn source(volume: &mut Value) {
    let rows: [(&str, &[(&str, &str)]); 5] = [
        ("hostPath", &[("type", "")]),
        ("iscsi", &[("iscsiInterface", "default")]),
        (
            "rbd",
            &[
                ("pool", "rbd"),
                ("user", "admin"),
                ("keyring", "/etc/ceph/keyring"),
            ],
        ),
        (
            "scaleIO",
            &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")],
        ),
        (
            "azureDisk",
            &[
                ("cachingMode", "ReadWrite"),
                ("kind", "Shared"),
                ("fsType", "ext4"),
            ],
        ),
    ];
    for (kind, fields) in rows {
        if volume.get(kind).is_some() {
            for (name, value) in fields {
                default(volume, &[kind, name], *value);
            }
        }
    }
    if volume.get("azureDisk").is_some() {
        default(volume, &["azureDisk", "readOnly"], false);
    }
}

fn volume(volume: &mut Value) {
    const MODE: i64 = 0o644;
    let sources = volume.as_object().map_or(0, value::Object::len);
    if sources == 1 && volume.get("name").is_some() {
        volume.set_at(&["emptyDir"], Value::object());
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if volume.get(source).is_some() {
            default(volume, &[source, "defaultMode"], MODE);
        }
    }
    source(volume);
    if volume.get("image").is_some() {
        let policy = pull_policy(volume.str_at(&["image", "reference"]));
        default(volume, &["image", "pullPolicy"], policy);
    }
    let template = ["ephemeral", "volumeClaimTemplate"];
    if volume.at(&template).is_some_and(Value::is_object) {
        default(
            volume,
            &["ephemeral", "volumeClaimTemplate", "spec", "volumeMode"],
            "Filesystem",
        );
    }
    let field_version = |item: &mut Value| {
        if item.get("fieldRef").is_some() {
            default(item, &["fieldRef", "apiVersion"], "v1");
        }
    };
    if let Some(downward) = volume.get_mut("downwardAPI") {
        each(downward.get_mut("items"), field_version);
    }
    if let Some(projected) = volume.get_mut("projected") {
        each(projected.get_mut("sources"), |source| {
            if source.get("serviceAccountToken").is_some() {
                default(source, &["serviceAccountToken", "expirationSeconds"], 3_600);
            }
            if let Some(downward) = source.get_mut("downwardAPI") {
                each(downward.get_mut("items"), field_version);
            }
        });
    }
}
