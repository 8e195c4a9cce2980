//! Defaults of the built-in kinds: what a kube-apiserver fills in when it reads an object.
//!
//! A table of paths per kind says most of it; what depends on other fields is code below.

mod pod;

use value::{Value, json};

use crate::kinds::Kind;

/// One default: where it goes, and the JSON that it is.
type Row = (&'static [&'static str], &'static str);

const DEPLOYMENT: &[Row] = &[
    (&["spec", "replicas"], "1"),
    (&["spec", "strategy", "type"], "\"RollingUpdate\""),
    (&["spec", "revisionHistoryLimit"], "10"),
    (&["spec", "progressDeadlineSeconds"], "600"),
];
const DAEMON_SET: &[Row] = &[
    (&["spec", "updateStrategy", "type"], "\"RollingUpdate\""),
    (&["spec", "revisionHistoryLimit"], "10"),
];
const STATEFUL_SET: &[Row] = &[
    (&["spec", "replicas"], "1"),
    (&["spec", "podManagementPolicy"], "\"OrderedReady\""),
    (&["spec", "revisionHistoryLimit"], "10"),
    (
        &[
            "spec",
            "persistentVolumeClaimRetentionPolicy",
            "whenDeleted",
        ],
        "\"Retain\"",
    ),
    (
        &["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"],
        "\"Retain\"",
    ),
];
const REPLICAS: &[Row] = &[(&["spec", "replicas"], "1")];
const JOB: &[Row] = &[
    (&["spec", "backoffLimit"], "6"),
    (&["spec", "completionMode"], "\"NonIndexed\""),
    (&["spec", "suspend"], "false"),
    (&["spec", "podReplacementPolicy"], "\"TerminatingOrFailed\""),
    (&["spec", "manualSelector"], "false"),
];
const CRON_JOB: &[Row] = &[
    (&["spec", "concurrencyPolicy"], "\"Allow\""),
    (&["spec", "suspend"], "false"),
    (&["spec", "successfulJobsHistoryLimit"], "3"),
    (&["spec", "failedJobsHistoryLimit"], "1"),
];
const SERVICE: &[Row] = &[
    (&["spec", "type"], "\"ClusterIP\""),
    (&["spec", "sessionAffinity"], "\"None\""),
];
const CLAIM: &[Row] = &[(&["spec", "volumeMode"], "\"Filesystem\"")];
const VOLUME: &[Row] = &[
    (&["spec", "volumeMode"], "\"Filesystem\""),
    (&["spec", "persistentVolumeReclaimPolicy"], "\"Retain\""),
];
const SECRET: &[Row] = &[(&["type"], "\"Opaque\"")];
const AUTOSCALER: &[Row] = &[(&["spec", "minReplicas"], "1")];
const STORAGE_CLASS: &[Row] = &[
    (&["reclaimPolicy"], "\"Delete\""),
    (&["volumeBindingMode"], "\"Immediate\""),
];
const PRIORITY_CLASS: &[Row] = &[(&["preemptionPolicy"], "\"PreemptLowerPriority\"")];
const CSI_DRIVER: &[Row] = &[
    (&["spec", "attachRequired"], "true"),
    (&["spec", "podInfoOnMount"], "false"),
    (&["spec", "storageCapacity"], "false"),
    (&["spec", "fsGroupPolicy"], "\"ReadWriteOnceWithFSType\""),
    (&["spec", "requiresRepublish"], "false"),
    (&["spec", "seLinuxMount"], "false"),
];

fn rows(group: &str, kind: &str) -> &'static [Row] {
    match (group, kind) {
        ("apps", "Deployment") => DEPLOYMENT,
        ("apps", "DaemonSet") => DAEMON_SET,
        ("apps", "StatefulSet") => STATEFUL_SET,
        ("apps", "ReplicaSet") | ("", "ReplicationController") => REPLICAS,
        ("batch", "Job") => JOB,
        ("batch", "CronJob") => CRON_JOB,
        ("", "Service") => SERVICE,
        ("", "PersistentVolumeClaim") => CLAIM,
        ("", "PersistentVolume") => VOLUME,
        ("", "Secret") => SECRET,
        ("autoscaling", "HorizontalPodAutoscaler") => AUTOSCALER,
        ("storage.k8s.io", "StorageClass") => STORAGE_CLASS,
        ("storage.k8s.io", "CSIDriver") => CSI_DRIVER,
        ("scheduling.k8s.io", "PriorityClass") => PRIORITY_CLASS,
        _ => &[],
    }
}

/// Fills in the defaults of an object.
pub(crate) fn apply(kind: &Kind, object: &mut Value) {
    if let Some(definition) = &kind.definition {
        definition.fill_in(object);
    }
    if kind.custom {
        return;
    }
    for (path, json) in rows(&kind.group, &kind.kind) {
        default_json(object, path, json);
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => {
            if let Some(spec) = object.get_mut("spec") {
                pod::spec(spec, pod::Of::Pod);
            }
            addresses(object);
        }
        ("", "PodTemplate") => template(object.get_mut("template")),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apps", "Deployment") => {
            rolling_update(
                object,
                "strategy",
                &[("maxSurge", "25%"), ("maxUnavailable", "25%")],
            );
            template(template_of(object));
        }
        ("apps", "DaemonSet") => {
            if object.str_at(&["spec", "updateStrategy", "type"]) == "RollingUpdate" {
                let path = ["spec", "updateStrategy", "rollingUpdate"];
                default(object, &[&path[..], &["maxSurge"]].concat(), 0);
                default(object, &[&path[..], &["maxUnavailable"]].concat(), 1);
            }
            template(template_of(object));
        }
        ("apps", "StatefulSet") => {
            // A strategy that is named gets no more than it says.
            let unnamed = object.at(&["spec", "updateStrategy", "type"]).is_none();
            default(object, &["spec", "updateStrategy", "type"], "RollingUpdate");
            let rolling = object.str_at(&["spec", "updateStrategy", "type"]) == "RollingUpdate";
            let present = object
                .at(&["spec", "updateStrategy", "rollingUpdate"])
                .is_some();
            if rolling && (unnamed || present) {
                default(
                    object,
                    &["spec", "updateStrategy", "rollingUpdate", "partition"],
                    0,
                );
            }
            template(template_of(object));
            claims(object);
        }
        ("apps", "ReplicaSet") => template(template_of(object)),
        ("", "ReplicationController") => controller(object),
        ("batch", "Job") => {
            let labels = object
                .at(&["spec", "template", "metadata", "labels"])
                .cloned();
            if let Some(labels) = labels.filter(|l| !l.is_empty())
                && object
                    .at(&["metadata", "labels"])
                    .is_none_or(Value::is_empty)
            {
                object.set_at(&["metadata", "labels"], labels);
            }
            if let Some(spec) = object.get_mut("spec") {
                job(spec);
            }
        }
        ("batch", "CronJob") => {
            if let Some(spec) = object
                .get_mut("spec")
                .and_then(|s| s.get_mut("jobTemplate"))
                .and_then(|t| t.get_mut("spec"))
            {
                template(spec.get_mut("template"));
            }
        }
        ("", "Service") => service(object),
        ("", "PersistentVolumeClaim") => default(object, &["status", "phase"], "Pending"),
        ("", "Endpoints") => each(object.get_mut("subsets"), |subset| {
            each(subset.get_mut("ports"), |port| {
                default(port, &["protocol"], "TCP");
            });
        }),
        ("discovery.k8s.io", "EndpointSlice") => each(object.get_mut("ports"), |port| {
            default(port, &["protocol"], "TCP");
            default(port, &["name"], "");
        }),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(object),
        ("networking.k8s.io", "IngressClass") => {
            default_in(object, "parameters", "scope", "Cluster");
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(object),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(kind, object),
        ("", "LimitRange") => limit_range(object),
        ("", "Namespace") => {
            let name = object.str_at(&["metadata", "name"]).to_owned();
            if !name.is_empty() {
                object.set_at(&["metadata", "labels", "kubernetes.io/metadata.name"], name);
            }
        }
        ("", "Secret") => string_data(object),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => webhooks(object),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy",
        ) => {
            default(object, &["spec", "failurePolicy"], "Fail");
            admission_matches(object, "matchConstraints");
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding",
        ) => admission_matches(object, "matchResources"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema")
            if object.i64_at(&["spec", "matchingPrecedence"]).unwrap_or(0) == 0 =>
        {
            object.set_at(&["spec", "matchingPrecedence"], 1_000);
        }
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => priority_level(object),
        ("", "PersistentVolume") => {
            if let Some(spec) = object.get_mut("spec") {
                pod::source(spec);
            }
        }
        ("storage.k8s.io", "CSIDriver")
            if object
                .array_at(&["spec", "volumeLifecycleModes"])
                .is_empty() =>
        {
            object.set_at(&["spec", "volumeLifecycleModes"], json!(["Persistent"]));
        }
        _ => {}
    }
}

/// Fills in what only a new object gets by default.
pub(crate) fn on_create(kind: &Kind, object: &mut Value) {
    if (kind.group.as_str(), kind.kind.as_str()) == ("apps", "DaemonSet") {
        default(
            object,
            &["metadata", "annotations", TEMPLATE_GENERATION],
            "1",
        );
    }
}

/// Counts the templates that a DaemonSet has had.
pub(crate) const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Sets what is absent.
fn default(object: &mut Value, path: &[&str], value: impl Into<Value>) {
    let value = value.into();
    if unset(object, path, &value) && reachable(object, path) {
        object.set_at(path, value);
    }
}

/// Returns true for what is absent, `null`, or an empty text where there is another by default.
fn unset(object: &Value, path: &[&str], default: &Value) -> bool {
    match object.at(path) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty() && default.as_str().is_some(),
        Some(_) => false,
    }
}

/// Sets what is absent in a part of the spec that is there.
fn default_in(object: &mut Value, part: &str, field: &str, value: &str) {
    if object.at(&["spec", part]).is_some() {
        default(object, &["spec", part, field], value);
    }
}

fn default_json(object: &mut Value, path: &[&str], json: &str) {
    let value = || Value::parse(json.as_bytes()).expect("the tables hold JSON");
    if unset(object, path, &value()) && reachable(object, path) {
        object.set_at(path, value());
    }
}

/// Returns true if no scalar stands in the way of a path.
fn reachable(object: &Value, path: &[&str]) -> bool {
    let mut here = object;
    for name in path {
        match here {
            Value::Object(o) => match o.get(name) {
                Some(Value::Null) | None => return true,
                Some(next) => here = next,
            },
            _ => return false,
        }
    }
    true
}

/// Does something to every element of an array.
fn each(array: Option<&mut Value>, change: impl Fn(&mut Value)) {
    if let Some(items) = array.and_then(Value::as_array_mut) {
        items.iter_mut().for_each(change);
    }
}

fn template_of(object: &mut Value) -> Option<&mut Value> {
    object.get_mut("spec")?.get_mut("template")
}

fn template(template: Option<&mut Value>) {
    if let Some(template) = template {
        if template.at(&["metadata"]).is_none() {
            template.set_at(&["metadata"], Value::object());
        }
        if let Some(spec) = template.get_mut("spec") {
            pod::spec(spec, pod::Of::Template);
        }
    }
}

fn rolling_update(object: &mut Value, field: &str, values: &[(&str, &str)]) {
    if object.str_at(&["spec", field, "type"]) == "RollingUpdate" {
        for (name, value) in values {
            default(object, &["spec", field, "rollingUpdate", name], *value);
        }
    }
}

fn claims(object: &mut Value) {
    let Some(spec) = object.get_mut("spec") else {
        return;
    };
    each(spec.get_mut("volumeClaimTemplates"), |claim| {
        default(claim, &["kind"], "PersistentVolumeClaim");
        default(claim, &["apiVersion"], "v1");
        default(claim, &["spec", "volumeMode"], "Filesystem");
        default(claim, &["status", "phase"], "Pending");
    });
}

fn controller(object: &mut Value) {
    let labels = object
        .at(&["spec", "template", "metadata", "labels"])
        .cloned();
    if let Some(labels) = labels.filter(|l| !l.is_empty()) {
        if object.at(&["spec", "selector"]).is_none_or(Value::is_empty) {
            object.set_at(&["spec", "selector"], labels.clone());
        }
        if object
            .at(&["metadata", "labels"])
            .is_none_or(Value::is_empty)
        {
            object.set_at(&["metadata", "labels"], labels);
        }
    }
    template(template_of(object));
}

fn job(spec: &mut Value) {
    if spec.get("completions").is_none() && spec.get("parallelism").is_none() {
        spec.set_at(&["completions"], 1);
    }
    default(spec, &["parallelism"], 1);
    if spec.get("podFailurePolicy").is_some() {
        spec.set_at(&["podReplacementPolicy"], "Failed");
    }
    template(spec.get_mut("template"));
}

fn service(object: &mut Value) {
    if let Some(balancer) = object
        .get_mut("status")
        .and_then(|s| s.get_mut("loadBalancer"))
    {
        each(balancer.get_mut("ingress"), |ingress| {
            if ingress.get("ip").is_some() {
                default(ingress, &["ipMode"], "VIP");
            }
        });
    }
    let Some(spec) = object.get_mut("spec") else {
        return;
    };
    let kind = spec.str_at(&["type"]).to_owned();
    each(spec.get_mut("ports"), |port| {
        default(port, &["protocol"], "TCP");
        if port
            .get("targetPort")
            .is_none_or(|t| t.as_i64() == Some(0) || t.as_str() == Some(""))
        {
            let number = port.get("port").cloned().unwrap_or_else(|| 0.into());
            port.set_at(&["targetPort"], number);
        }
    });
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || !spec.array_at(&["externalIPs"]).is_empty() && kind != "ExternalName"
    {
        default(spec, &["externalTrafficPolicy"], "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        default(spec, &["internalTrafficPolicy"], "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, &["allocateLoadBalancerNodePorts"], true);
    }
    if spec.str_at(&["sessionAffinity"]) == "None" {
        spec.remove_at(&["sessionAffinityConfig"]);
    }
    if spec.str_at(&["sessionAffinity"]) == "ClientIP" {
        default(
            spec,
            &["sessionAffinityConfig", "clientIP", "timeoutSeconds"],
            10_800,
        );
    }
}

fn network_policy(object: &mut Value) {
    let Some(spec) = object.get_mut("spec") else {
        return;
    };
    for direction in ["ingress", "egress"] {
        each(spec.get_mut(direction), |rule| {
            each(rule.get_mut("ports"), |port| {
                default(port, &["protocol"], "TCP");
            });
        });
    }
    if spec.array_at(&["policyTypes"]).is_empty() {
        let egress = !spec.array_at(&["egress"]).is_empty();
        let types = if egress {
            json!(["Ingress", "Egress"])
        } else {
            json!(["Ingress"])
        };
        spec.set_at(&["policyTypes"], types);
    }
    default(spec, &["podSelector"], Value::object());
}

fn binding(object: &mut Value) {
    default(
        object,
        &["roleRef", "apiGroup"],
        "rbac.authorization.k8s.io",
    );
    each(object.get_mut("subjects"), |subject| {
        let group = match subject.str_at(&["kind"]) {
            "User" | "Group" => "rbac.authorization.k8s.io",
            _ => return,
        };
        default(subject, &["apiGroup"], group);
    });
}

/// What an admission policy looks at.
fn admission_matches(object: &mut Value, name: &str) {
    let path = ["spec", name];
    if object.at(&path).is_none_or(Value::is_null) {
        return;
    }
    default(object, &[path[0], path[1], "matchPolicy"], "Equivalent");
    for selector in ["namespaceSelector", "objectSelector"] {
        default(object, &[path[0], path[1], selector], Value::object());
    }
    for rules in ["resourceRules", "excludeResourceRules"] {
        let list = object
            .get_mut("spec")
            .and_then(|s| s.get_mut(name))
            .and_then(|m| m.get_mut(rules));
        each(list, |rule| default(rule, &["scope"], "*"));
    }
}

/// How many requests of a priority wait, and how.
fn priority_level(object: &mut Value) {
    let limited = ["spec", "limited"];
    if object.at(&limited).is_none_or(Value::is_null) {
        return;
    }
    default(
        object,
        &[limited[0], limited[1], "nominalConcurrencyShares"],
        30,
    );
    default(object, &[limited[0], limited[1], "lendablePercent"], 0);
    let queuing = [limited[0], limited[1], "limitResponse", "queuing"];
    if object.at(&queuing).is_none_or(Value::is_null) {
        return;
    }
    for (name, number) in [("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)] {
        let path = [queuing[0], queuing[1], queuing[2], queuing[3], name];
        if object.i64_at(&path).unwrap_or(0) == 0 {
            object.set_at(&path, number);
        }
    }
}

/// A pod's address is the first of its addresses.
fn addresses(pod: &mut Value) {
    let first = pod
        .array_at(&["status", "podIPs"])
        .first()
        .map(|ip| ip.str_at(&["ip"]).to_owned());
    let single = pod.str_at(&["status", "podIP"]).to_owned();
    match first {
        Some(first) if single.is_empty() => pod.set_at(&["status", "podIP"], first),
        None if !single.is_empty() => {
            pod.set_at(&["status", "podIPs"], json!([{"ip": single}]));
        }
        _ => {}
    }
}

/// Names and the conversion of a custom resource.
fn definition(object: &mut Value) {
    let kind = object.str_at(&["spec", "names", "kind"]).to_owned();
    if !kind.is_empty() {
        let names = ["spec", "names"];
        if object.str_at(&[names[0], names[1], "singular"]).is_empty() {
            object.set_at(&["spec", "names", "singular"], kind.to_lowercase());
        }
        if object.str_at(&["spec", "names", "listKind"]).is_empty() {
            object.set_at(&["spec", "names", "listKind"], format!("{kind}List"));
        }
    }
    default(object, &["spec", "conversion", "strategy"], "None");
    let webhook = ["spec", "conversion", "webhook", "clientConfig", "service"];
    if object.at(&webhook).is_some() {
        default(object, &[&webhook[..], &["port"]].concat(), 443);
    }
}

fn autoscaler(kind: &Kind, object: &mut Value) {
    if kind.version != "v2" {
        return;
    }
    let Some(spec) = object.get_mut("spec") else {
        return;
    };
    if spec.array_at(&["metrics"]).is_empty() {
        let metric = json!([{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}
        }}]);
        spec.set_at(&["metrics"], metric);
    }
    let rules: [(&str, i64, Value); 2] = [
        (
            "scaleUp",
            0,
            json!([
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15}
            ]),
        ),
        (
            "scaleDown",
            0,
            json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]),
        ),
    ];
    if spec.get("behavior").is_some() {
        for (direction, window, policies) in rules {
            if direction == "scaleUp" {
                default(
                    spec,
                    &["behavior", direction, "stabilizationWindowSeconds"],
                    window,
                );
            }
            default(spec, &["behavior", direction, "selectPolicy"], "Max");
            default(spec, &["behavior", direction, "policies"], policies);
        }
    }
}

fn limit_range(object: &mut Value) {
    let Some(spec) = object.get_mut("spec") else {
        return;
    };
    each(spec.get_mut("limits"), |limit| {
        if limit.str_at(&["type"]) != "Container" {
            return;
        }
        for (to, from) in [
            ("default", "max"),
            ("defaultRequest", "default"),
            ("defaultRequest", "min"),
        ] {
            let source = limit.get(from).cloned();
            if let Some(resources) = source.as_ref().and_then(Value::as_object) {
                for (name, quantity) in resources {
                    default(limit, &[to, name.as_str()], quantity.clone());
                }
            }
        }
    });
}

/// A secret's `stringData` becomes `data`, and is never read back.
fn string_data(object: &mut Value) {
    use base64::Engine as _;
    let Some(Value::Object(plain)) = object.remove_at(&["stringData"]) else {
        return;
    };
    for (name, text) in plain {
        let bytes = text.as_str().unwrap_or_default();
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        object.set_at(&["data", name.as_str()], encoded);
    }
}

fn webhooks(object: &mut Value) {
    let mutating = object.str_at(&["kind"]) == "MutatingWebhookConfiguration";
    each(object.get_mut("webhooks"), |hook| {
        default(hook, &["failurePolicy"], "Fail");
        default(hook, &["matchPolicy"], "Equivalent");
        default(hook, &["namespaceSelector"], Value::object());
        default(hook, &["objectSelector"], Value::object());
        default(hook, &["timeoutSeconds"], 10);
        if mutating {
            default(hook, &["reinvocationPolicy"], "Never");
        }
        if hook.at(&["clientConfig", "service"]).is_some() {
            default(hook, &["clientConfig", "service", "port"], 443);
        }
        each(hook.get_mut("rules"), |rule| default(rule, &["scope"], "*"));
    });
}
