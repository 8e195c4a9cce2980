//! What the server itself puts into objects of single kinds, and what it keeps clients from.

use value::{Value, json};

use crate::allocate::Refused;
use crate::failure::{Failure, FieldError, Result};
use crate::kinds::Kind;
use crate::registry::{Registry, Target};

/// Completes a new object after its owners are tracked: what admission plugins do.
pub(crate) fn admit_create(registry: &Registry, kind: &Kind, object: &mut Value) -> Result<()> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => admit_pod(registry, object),
        ("storage.k8s.io", "VolumeAttributesClass") => {
            add_finalizer(object, "kubernetes.io/vac-protection");
            Ok(())
        }
        ("", "Node") => {
            let taint = "node.kubernetes.io/not-ready";
            let mut taints = object.array_at(&["spec", "taints"]).to_vec();
            if !taints.iter().any(|t| t.str_at(&["key"]) == taint) {
                taints.push(json!({"key": taint, "effect": "NoSchedule"}));
                object.set_at(&["spec", "taints"], taints);
            }
            Ok(())
        }
        ("", "PersistentVolumeClaim") => {
            add_finalizer(object, "kubernetes.io/pvc-protection");
            Ok(())
        }
        ("", "PersistentVolume") => {
            add_finalizer(object, "kubernetes.io/pv-protection");
            Ok(())
        }
        _ if kind.definition.as_ref().is_some_and(|d| d.terminating) => {
            let why = "create not allowed while custom resource definition is terminating";
            Err(Failure::forbidden(
                kind,
                object.str_at(&["metadata", "name"]),
                why,
            ))
        }
        _ => Ok(()),
    }
}

fn add_finalizer(object: &mut Value, name: &str) {
    let mut names: Vec<Value> = object.array_at(&["metadata", "finalizers"]).to_vec();
    if !names.iter().any(|n| n.as_str() == Some(name)) {
        names.push(name.into());
        object.set_at(&["metadata", "finalizers"], Value::Array(names));
    }
}

/// Lets a pod stay for a while on a node that is not ready.
fn tolerate(object: &mut Value) {
    let mut tolerations: Vec<Value> = object.array_at(&["spec", "tolerations"]).to_vec();
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        let tolerated = tolerations.iter().any(|t| {
            matches!(t.str_at(&["effect"]), "" | "NoExecute")
                && (t.str_at(&["key"]) == key
                    || t.str_at(&["key"]).is_empty() && t.str_at(&["operator"]) == "Exists")
        });
        if !tolerated {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300
            }));
        }
    }
    object.set_at(&["spec", "tolerations"], Value::Array(tolerations));
}

/// A DaemonSet's annotation counts its templates, whatever clients write there.
fn count_templates(live: &Value, object: &mut Value) {
    let path = [
        "metadata",
        "annotations",
        crate::defaults::TEMPLATE_GENERATION,
    ];
    let count: i64 = live.str_at(&path).parse().unwrap_or(1);
    let template = ["spec", "template"];
    let changed = live.at(&template) != object.at(&template);
    object.set_at(&path, (count + i64::from(changed)).to_string());
}

fn admit_pod(registry: &Registry, object: &mut Value) -> Result<()> {
    tolerate(object);
    let class = object.str_at(&["spec", "priorityClassName"]).to_owned();
    let (mut priority, mut policy) = (0, "PreemptLowerPriority".to_owned());
    match class.as_str() {
        "" => {}
        "system-cluster-critical" => priority = 2_000_000_000,
        "system-node-critical" => priority = 2_000_001_000,
        name => {
            let table = ("scheduling.k8s.io".to_owned(), "priorityclasses".to_owned());
            let Some(found) = registry.store.get(&table, name) else {
                let pods = registry.kind("", "v1", "pods")?;
                let why = format!("no PriorityClass with name {name} was found");
                return Err(Failure::forbidden(
                    &pods,
                    object.str_at(&["metadata", "name"]),
                    &why,
                ));
            };
            priority = found.value.i64_at(&["value"]).unwrap_or(0);
            found
                .value
                .str_at(&["preemptionPolicy"])
                .clone_into(&mut policy);
        }
    }
    let name = object.str_at(&["metadata", "name"]).to_owned();
    if let Some(given) = object
        .i64_at(&["spec", "priority"])
        .filter(|g| *g != priority)
    {
        let pods = registry.kind("", "v1", "pods")?;
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {priority} from the given PriorityClass name"
        );
        return Err(Failure::forbidden(&pods, &name, &why));
    }
    let given = object.str_at(&["spec", "preemptionPolicy"]);
    if !given.is_empty() && given != policy {
        let pods = registry.kind("", "v1", "pods")?;
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        );
        return Err(Failure::forbidden(&pods, &name, &why));
    }
    object.set_at(&["spec", "priority"], priority);
    if object.at(&["spec", "preemptionPolicy"]).is_none() {
        object.set_at(&["spec", "preemptionPolicy"], policy);
    }
    Ok(())
}

/// Completes a new object last of all. Returns what must be given back if it isn't stored.
pub(crate) fn before_create(
    registry: &Registry,
    kind: &Kind,
    object: &mut Value,
    dry_run: bool,
) -> Result<Option<Value>> {
    if kind.strategy.has_status && !kind.custom {
        if kind.kind != "Node" {
            object.set_at(&["status"], initial_status(registry, kind, object));
        }
    } else if kind.custom && kind.strategy.has_status {
        object.remove_at(&["status"]);
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Service") => return allocate(registry, kind, object, dry_run),
        ("", "Namespace") => {
            let mut names: Vec<Value> = object.array_at(&["spec", "finalizers"]).to_vec();
            if !names.iter().any(|n| n.as_str() == Some("kubernetes")) {
                names.push("kubernetes".into());
            }
            object.set_at(&["spec", "finalizers"], Value::Array(names));
        }
        ("batch", "Job") => job_labels(object),
        ("", "PersistentVolume") => {
            let now = crate::clock::seconds(registry.now());
            object.set_at(&["status", "lastPhaseTransitionTime"], now);
        }
        _ => {}
    }
    Ok(None)
}

/// Returns the status that a new object starts with.
fn initial_status(registry: &Registry, kind: &Kind, object: &Value) -> Value {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod_status(registry, object),
        ("", "Namespace") => json!({"phase": "Active"}),
        ("", "PersistentVolumeClaim" | "PersistentVolume") => json!({"phase": "Pending"}),
        ("", "Service") | ("networking.k8s.io", "Ingress") => json!({"loadBalancer": {}}),
        ("apps", "DaemonSet") => json!({
            "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0,
            "numberReady": 0
        }),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => json!({"replicas": 0}),
        ("apps", "StatefulSet") => json!({"replicas": 0, "availableReplicas": 0}),
        ("autoscaling", _) => json!({"desiredReplicas": 0, "currentMetrics": null}),
        ("apiextensions.k8s.io", _) => json!({
            "conditions": null, "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": stored_versions(object),
        }),
        ("policy", "PodDisruptionBudget") => json!({
            "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0
        }),
        _ => Value::object(),
    }
}

/// Returns what a new pod is told to be.
fn pod_status(registry: &Registry, pod: &Value) -> Value {
    let mut status = json!({"phase": "Pending", "qosClass": qos_class(pod)});
    if !pod.array_at(&["spec", "schedulingGates"]).is_empty() {
        let gated = json!({
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "lastProbeTime": null, "lastTransitionTime": crate::clock::seconds(registry.now()),
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        status.set_at(&["conditions"], json!([gated]));
    }
    status
}

/// Returns the names of the versions of a definition in which objects are stored.
fn stored_versions(definition: &Value) -> Value {
    let versions = definition.array_at(&["spec", "versions"]).iter();
    let stored = versions.filter(|v| v.get("storage").and_then(Value::as_bool) == Some(true));
    let names: Vec<&str> = stored.map(|v| v.str_at(&["name"])).collect();
    if names.is_empty() {
        return Value::Null;
    }
    names.into_iter().collect()
}

/// Remembers the version in which objects of a definition are stored from now on.
fn add_stored_version(definition: &mut Value) {
    let path = ["status", "storedVersions"];
    let mut known = definition.array_at(&path).to_vec();
    for name in stored_versions(definition).as_array().unwrap_or_default() {
        if !known.contains(name) {
            known.push(name.clone());
        }
    }
    definition.set_at(&path, known);
}

/// Returns the quality of service that a pod's requests and limits make.
fn qos_class(pod: &Value) -> &'static str {
    let lists = [
        pod.array_at(&["spec", "containers"]),
        pod.array_at(&["spec", "initContainers"]),
    ];
    let mut any = false;
    let mut guaranteed = true;
    for container in lists.into_iter().flatten() {
        for resource in ["cpu", "memory"] {
            let positive = |which: &str| {
                let text = container.at(&["resources", which, resource])?;
                let quantity: value::Quantity = text.as_str()?.parse().ok()?;
                Some(quantity).filter(|q| q.as_f64() != 0.0)
            };
            let (request, limit) = (positive("requests"), positive("limits"));
            any |= request.is_some() || limit.is_some();
            guaranteed &= match (&request, &limit) {
                (Some(request), Some(limit)) => request == limit,
                _ => false,
            };
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// Gives a job the labels by which it finds its pods.
fn job_labels(job: &mut Value) {
    if job.at(&["spec", "manualSelector"]).and_then(Value::as_bool) == Some(true) {
        return;
    }
    // A job without labels of its own has those of its template, these included.
    let shared = job.at(&["metadata", "labels"]).is_none_or(Value::is_empty)
        || job.at(&["metadata", "labels"]) == job.at(&["spec", "template", "metadata", "labels"]);
    let uid = job.str_at(&["metadata", "uid"]).to_owned();
    let name = job.str_at(&["metadata", "name"]).to_owned();
    for (label, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        job.set_at(&["spec", "template", "metadata", "labels", label], value);
    }
    if shared && let Some(labels) = job.at(&["spec", "template", "metadata", "labels"]).cloned() {
        job.set_at(&["metadata", "labels"], labels);
    }
    if job.at(&["spec", "selector"]).is_none() {
        job.set_at(
            &[
                "spec",
                "selector",
                "matchLabels",
                "batch.kubernetes.io/controller-uid",
            ],
            uid,
        );
    }
}

fn allocate(
    registry: &Registry,
    kind: &Kind,
    service: &mut Value,
    dry_run: bool,
) -> Result<Option<Value>> {
    let name = service.str_at(&["metadata", "name"]).to_owned();
    let invalid = |field: &str, value: Value, why: &str| {
        Failure::invalid(kind, &name, &[FieldError::invalid(field, value, why)])
    };
    let mut reserved = Value::object();
    let single = service.str_at(&["spec", "clusterIP"]).to_owned();
    if !single.is_empty() && service.array_at(&["spec", "clusterIPs"]).is_empty() {
        service.set_at(&["spec", "clusterIPs"], json!([single]));
    }
    if service.str_at(&["spec", "type"]) != "ExternalName" {
        let address = service.str_at(&["spec", "clusterIP"]).to_owned();
        let address = if address.is_empty() {
            match service
                .array_at(&["spec", "clusterIPs"])
                .first()
                .and_then(Value::as_str)
            {
                Some(first) => first.to_owned(),
                None => String::new(),
            }
        } else {
            address
        };
        let address = match address.as_str() {
            "None" => address,
            // The rules say what is wrong with it.
            odd if !odd.is_empty() && odd.parse::<std::net::IpAddr>().is_err() => address,
            "" => {
                let taken = registry.addresses.any_address();
                let taken =
                    taken.map_err(|_| Failure::unexplained("no service address is left"))?;
                reserved.set_at(&["spec", "clusterIPs"], json!([taken.as_str()]));
                taken
            }
            given => {
                registry.addresses.take_address(given).map_err(|refused| {
                    let why = match refused {
                        Refused::Taken => "failed to allocate IP {}: provided IP is already allocated"
                            .replace("{}", given),
                        _ => format!(
                            "failed to allocate IP {given}: the provided IP ({given}) is not in the valid range. \
                             The range of valid IPs is 10.0.0.0/16"
                        ),
                    };
                    invalid("spec.clusterIPs", json!([given]), &why)
                })?;
                reserved.set_at(&["spec", "clusterIPs"], json!([given]));
                address
            }
        };
        service.set_at(&["spec", "clusterIP"], address.as_str());
        if service.array_at(&["spec", "clusterIPs"]).is_empty() {
            service.set_at(&["spec", "clusterIPs"], json!([address.as_str()]));
        }
        let bare = address == "None"
            && service
                .at(&["spec", "selector"])
                .is_none_or(Value::is_empty);
        if service.at(&["spec", "ipFamilyPolicy"]).is_none() {
            let policy = if bare {
                "RequireDualStack"
            } else {
                "SingleStack"
            };
            service.set_at(&["spec", "ipFamilyPolicy"], policy);
        }
        if service.array_at(&["spec", "ipFamilies"]).is_empty() {
            let families = if bare {
                json!(["IPv4", "IPv6"])
            } else {
                json!(["IPv4"])
            };
            service.set_at(&["spec", "ipFamilies"], families);
        }
    }
    if let Err(failure) = allocate_ports(registry, service, &mut reserved, &invalid, dry_run) {
        registry.addresses.release(&reserved);
        return Err(failure);
    }
    Ok(Some(reserved))
}

fn allocate_ports(
    registry: &Registry,
    service: &mut Value,
    reserved: &mut Value,
    invalid: &dyn Fn(&str, Value, &str) -> Failure,
    dry_run: bool,
) -> Result<()> {
    let kind = service.str_at(&["spec", "type"]).to_owned();
    let balanced = kind == "LoadBalancer"
        && service
            .at(&["spec", "allocateLoadBalancerNodePorts"])
            .and_then(Value::as_bool)
            != Some(false);
    let wants = kind == "NodePort" || balanced;
    let mut taken: Vec<Value> = reserved.array_at(&["spec", "ports"]).to_vec();
    let Some(ports) = service
        .get_mut("spec")
        .and_then(|s| s.get_mut("ports"))
        .and_then(Value::as_array_mut)
    else {
        return Ok(());
    };
    for (i, port) in ports.iter_mut().enumerate() {
        match port.i64_at(&["nodePort"]).filter(|p| *p != 0) {
            Some(given) => {
                let already = taken.iter().any(|t| t.i64_at(&["nodePort"]) == Some(given));
                let result = u16::try_from(given)
                    .map_err(|_| Refused::OutOfRange)
                    .and_then(|p| {
                        if already {
                            Ok(())
                        } else {
                            registry.addresses.take_port(p)
                        }
                    });
                let field = format!("spec.ports[{i}].nodePort");
                match result {
                    Err(Refused::Taken) => {
                        return Err(invalid(
                            &field,
                            given.into(),
                            "provided port is already allocated",
                        ));
                    }
                    Err(_) if !dry_run => {
                        return Err(invalid(
                            &field,
                            given.into(),
                            "provided port is not in the valid range. The range of valid ports is 30000-32767",
                        ));
                    }
                    _ => taken.push(json!({"nodePort": given})),
                }
            }
            None if wants => {
                let any = registry.addresses.any_port();
                let any = any.map_err(|_| Failure::unexplained("no node port is left"))?;
                port.set_at(&["nodePort"], any);
                taken.push(json!({"nodePort": any}));
            }
            None => {}
        }
        reserved.set_at(&["spec", "ports"], Value::Array(taken.clone()));
    }
    let local = service.str_at(&["spec", "externalTrafficPolicy"]) == "Local";
    if kind == "LoadBalancer"
        && local
        && service
            .i64_at(&["spec", "healthCheckNodePort"])
            .unwrap_or(0)
            == 0
    {
        let any = registry.addresses.any_port();
        let any = any.map_err(|_| Failure::unexplained("no node port is left"))?;
        service.set_at(&["spec", "healthCheckNodePort"], any);
        reserved.set_at(&["spec", "healthCheckNodePort"], any);
    }
    Ok(())
}

/// Keeps the parts of an object that this way of writing doesn't reach.
pub(crate) fn before_update(
    registry: &Registry,
    target: &Target,
    live: &Value,
    object: &mut Value,
    dry_run: bool,
) -> Result<()> {
    let kind = &target.kind;
    match target.subresource.as_str() {
        "" => {
            if kind.strategy.has_status {
                keep(live, object, &["status"]);
            }
            if kind.plural == "namespaces" {
                keep(live, object, &["spec", "finalizers"]);
            }
            if kind.plural == "customresourcedefinitions" {
                add_stored_version(object);
            }
            if kind.plural == "daemonsets" {
                count_templates(live, object);
            }
            if kind.plural == "pods" && kind.group.is_empty() {
                tolerate(object);
                keep_absent(live, object, &["spec", "priority"]);
                keep_absent(live, object, &["spec", "preemptionPolicy"]);
            }
            if kind.plural == "services" && kind.group.is_empty() {
                update_service(registry, kind, live, object, dry_run)?;
            }
            if kind.group == "batch" && kind.kind == "Job" {
                keep_absent(live, object, &["spec", "selector"]);
                keep_job_labels(live, object);
            }
        }
        "status" => {
            let names: Vec<String> = live
                .as_object()
                .into_iter()
                .chain(object.as_object())
                .flat_map(value::Object::keys)
                .map(|k| k.as_str().to_owned())
                .filter(|k| !matches!(k.as_str(), "status" | "metadata" | "kind" | "apiVersion"))
                .collect();
            for name in names {
                keep(live, object, &[name.as_str()]);
            }
            if kind.custom {
                let owned = object.remove_at(&["metadata", "managedFields"]);
                keep(live, object, &["metadata"]);
                if let Some(owned) = owned {
                    object.set_at(&["metadata", "managedFields"], owned);
                }
            }
            if (kind.group.as_str(), kind.kind.as_str()) == ("", "Pod") {
                keep(live, object, &["status", "qosClass"]);
            }
            if (kind.group.as_str(), kind.kind.as_str()) == ("apps", "Deployment") {
                keep(live, object, &["metadata", "labels"]);
            }
        }
        "finalize" => {
            keep(live, object, &["status"]);
        }
        _ => {}
    }
    Ok(())
}

fn keep(live: &Value, object: &mut Value, path: &[&str]) {
    match live.at(path) {
        Some(kept) => object.set_at(path, kept.clone()),
        None => {
            object.remove_at(path);
        }
    }
}

fn keep_absent(live: &Value, object: &mut Value, path: &[&str]) {
    if object.at(path).is_none() {
        keep(live, object, path);
    }
}

fn keep_job_labels(live: &Value, object: &mut Value) {
    for label in [
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
    ] {
        keep_absent(
            live,
            object,
            &["spec", "template", "metadata", "labels", label],
        );
    }
}

/// A service keeps the address and ports that it was given, unless a client names others.
fn update_service(
    registry: &Registry,
    kind: &Kind,
    live: &Value,
    object: &mut Value,
    dry_run: bool,
) -> Result<()> {
    let external = |v: &Value| v.str_at(&["spec", "type"]) == "ExternalName";
    let single = object.str_at(&["spec", "clusterIP"]).to_owned();
    if single != live.str_at(&["spec", "clusterIP"])
        && object.at(&["spec", "clusterIPs"]) == live.at(&["spec", "clusterIPs"])
    {
        // The list follows the single address that a client names.
        if single.is_empty() {
            object.remove_at(&["spec", "clusterIPs"]);
        } else {
            object.set_at(&["spec", "clusterIPs"], json!([single]));
        }
    }
    if external(object) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if !external(live) {
                object.remove_at(&["spec", field]);
            }
        }
    } else if external(live) {
        allocate(registry, kind, object, dry_run)?;
        return Ok(());
    } else {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if object
                .at(&["spec", field])
                .is_none_or(|v| v.is_empty() || v.as_str() == Some(""))
            {
                keep(live, object, &["spec", field]);
            }
        }
    }
    drop_of_old_type(live, object);
    keep_node_ports(live, object);
    let name = object.str_at(&["metadata", "name"]).to_owned();
    let invalid = |field: &str, value: Value, why: &str| {
        Failure::invalid(kind, &name, &[FieldError::invalid(field, value, why)])
    };
    // Ports that the service has already are not taken again.
    let mut reserved = Value::object();
    reserved.set_at(
        &["spec", "ports"],
        live.at(&["spec", "ports"]).cloned().unwrap_or_default(),
    );
    allocate_ports(registry, object, &mut reserved, &invalid, dry_run)
}

/// What a service had because of its former type goes with it, unless a client changed it.
fn drop_of_old_type(live: &Value, object: &mut Value) {
    let (was, is) = (
        live.str_at(&["spec", "type"]),
        object.str_at(&["spec", "type"]).to_owned(),
    );
    let outside = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    let reachable = |v: &Value| {
        let kind = v.str_at(&["spec", "type"]);
        outside(kind) || kind == "ClusterIP" && !v.array_at(&["spec", "externalIPs"]).is_empty()
    };
    let policy = ["spec", "externalTrafficPolicy"];
    if reachable(live) && !reachable(object) && live.at(&policy) == object.at(&policy) {
        object.remove_at(&policy);
    }
    let policy = ["spec", "internalTrafficPolicy"];
    if is == "ExternalName" && live.at(&policy) == object.at(&policy) {
        object.remove_at(&policy);
    }
    if outside(was) && !outside(&is) {
        let before: Vec<Value> = live
            .array_at(&["spec", "ports"])
            .iter()
            .filter_map(|p| p.get("nodePort"))
            .cloned()
            .collect();
        let ports = object
            .get_mut("spec")
            .and_then(|s| s.get_mut("ports"))
            .and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten() {
            if port.get("nodePort").is_some_and(|p| before.contains(p)) {
                port.remove_at(&["nodePort"]);
            }
        }
    }
    if was == "LoadBalancer" && is != "LoadBalancer" {
        for name in [
            "allocateLoadBalancerNodePorts",
            "loadBalancerClass",
            "healthCheckNodePort",
        ] {
            if live.at(&["spec", name]) == object.at(&["spec", name]) {
                object.remove_at(&["spec", name]);
            }
        }
    }
}

fn keep_node_ports(live: &Value, object: &mut Value) {
    let kind = object.str_at(&["spec", "type"]).to_owned();
    if !matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        return;
    }
    let before: Vec<Value> = live.array_at(&["spec", "ports"]).to_vec();
    let Some(ports) = object
        .get_mut("spec")
        .and_then(|s| s.get_mut("ports"))
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    for port in ports {
        if port.i64_at(&["nodePort"]).unwrap_or(0) != 0 {
            continue;
        }
        let same = before.iter().find(|b| {
            b.get("port") == port.get("port")
                && b.str_at(&["protocol"]) == port.str_at(&["protocol"])
        });
        if let Some(kept) = same.and_then(|b| b.get("nodePort")) {
            port.set_at(&["nodePort"], kept.clone());
        }
    }
}

/// Marks an object whose deletion begins.
pub(crate) fn mark_deleted(kind: &Kind, object: &mut Value) {
    if kind.plural == "namespaces" && kind.group.is_empty() {
        object.set_at(&["status", "phase"], "Terminating");
    }
}

/// Frees what a deleted object had.
pub(crate) fn after_delete(registry: &Registry, kind: &Kind, object: &Value) {
    if kind.plural == "services" && kind.group.is_empty() {
        registry.addresses.release(object);
    }
}

/// Marks a definition whose deletion begins: its objects go first. It has no grace period and
/// keeps its generation.
pub(crate) fn mark_definition(registry: &Registry, object: &mut Value) {
    let now = crate::clock::seconds(registry.now());
    object.set_at(&["metadata", "deletionTimestamp"], now.as_str());
    add_finalizer(object, crate::definition::FINALIZER);
    let mut conditions = object.array_at(&["status", "conditions"]).to_vec();
    conditions.retain(|c| c.str_at(&["type"]) != "Terminating");
    conditions.push(json!({
        "type": "Terminating", "status": "True", "lastTransitionTime": now,
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    }));
    object.set_at(&["status", "conditions"], conditions);
}

/// Refuses to delete what must stay.
pub(crate) fn admit_delete(target: &Target) -> Result<()> {
    let immortal = ["default", "kube-system", "kube-public"];
    if target.kind.plural == "namespaces" && immortal.contains(&target.name.as_str()) {
        return Err(Failure::forbidden(
            &target.kind,
            &target.name,
            "this namespace may not be deleted",
        ));
    }
    Ok(())
}
