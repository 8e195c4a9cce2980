//! Services: which pods stand behind them, and an address for those outside.

use controlplane::Object;
use controlplane::failure::Result;
use controlplane::registry::{Target, WriteOptions};
use value::selector::{LabelSelector, Operator, Requirement};
use value::{Value, json};

use crate::Mode;
use crate::pods;
use crate::world::{MANAGER, Work, World, reference};

/// The address of every simulated load balancer.
const BALANCER: &str = "127.0.0.1";
const SLICE_MANAGER: &str = "endpointslice-controller.k8s.io";

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    // Without a node no pod ever has an address.
    if world.mode != Mode::Workloads {
        return Ok(());
    }
    let kind = world.kind("", "v1", "services")?;
    let service = world.get(&kind, &work.namespace, &work.name)?;
    if service.deleting() {
        return Ok(());
    }
    if service.value.str_at(&["spec", "type"]) == "LoadBalancer" {
        let status = json!({"loadBalancer": {"ingress": [{"ip": BALANCER, "ipMode": "VIP"}]}});
        world.set_status(&kind, &service, MANAGER, &status)?;
    }
    let Some(labels) = service
        .value
        .at(&["spec", "selector"])
        .and_then(Value::as_object)
    else {
        return Ok(());
    };
    let requirements = labels.iter().filter_map(|(key, value)| {
        let value = value.as_str().unwrap_or_default().to_owned();
        Requirement::new(key.as_str(), Operator::In, vec![value]).ok()
    });
    let selector = LabelSelector::new(requirements.collect());
    let pod_kind = world.kind("", "v1", "pods")?;
    let mut behind: Vec<_> = world
        .list(&pod_kind, &work.namespace)
        .into_iter()
        .filter(|p| {
            let labels = p.value.at(&["metadata", "labels"]).unwrap_or(&Value::Null);
            selector.matches(labels)
                && !p.value.str_at(&["status", "podIP"]).is_empty()
                && !pods::is_finished(&p.value)
        })
        .collect();
    behind.sort_by(|a, b| a.name().cmp(b.name()));
    slice(world, &kind, &service, &behind)
}

fn slice(
    world: &World,
    kind: &controlplane::kinds::Kind,
    service: &Object,
    behind: &[std::sync::Arc<Object>],
) -> Result<()> {
    let endpoints: Vec<Value> = behind
        .iter()
        .map(|pod| {
            let ready = pods::is_ready(&pod.value) && !pod.deleting();
            json!({
                "addresses": [pod.value.str_at(&["status", "podIP"])],
                "conditions": {
                    "ready": ready, "serving": pods::is_ready(&pod.value), "terminating": pod.deleting()
                },
                "nodeName": pod.value.str_at(&["spec", "nodeName"]),
                "targetRef": {
                    "kind": "Pod", "namespace": pod.namespace(), "name": pod.name(), "uid": pod.uid()
                },
            })
        })
        .collect();
    let ports: Vec<Value> = service
        .value
        .array_at(&["spec", "ports"])
        .iter()
        .map(|port| {
            let number = match port.get("targetPort") {
                Some(Value::String(name)) => named_port(behind, name),
                Some(number) => number.clone(),
                None => port.get("port").cloned().unwrap_or_default(),
            };
            json!({
                "name": port.str_at(&["name"]), "port": number, "protocol": port.str_at(&["protocol"])
            })
        })
        .collect();
    let slices = world.kind("discovery.k8s.io", "v1", "endpointslices")?;
    let own = world
        .list(&slices, service.namespace())
        .into_iter()
        .find(|s| {
            s.value
                .str_at(&["metadata", "labels", "kubernetes.io/service-name"])
                == service.name()
                && s.value.str_at(&[
                    "metadata",
                    "labels",
                    "endpointslice.kubernetes.io/managed-by",
                ]) == SLICE_MANAGER
        });
    match own {
        Some(slice) => {
            let same = slice.value.array_at(&["endpoints"]) == endpoints.as_slice()
                && slice.value.array_at(&["ports"]) == ports.as_slice();
            if !same {
                world.modify(&slices, &slice, |s| {
                    s.set_at(&["endpoints"], endpoints.clone());
                    s.set_at(&["ports"], ports.clone());
                    Ok(())
                })?;
            }
        }
        None => {
            let slice = json!({
                "metadata": {
                    "generateName": format!("{}-", service.name()),
                    "labels": {
                        "kubernetes.io/service-name": service.name(),
                        "endpointslice.kubernetes.io/managed-by": SLICE_MANAGER,
                    },
                    "ownerReferences": [reference(kind, service)],
                },
                "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
            });
            world.create(&slices, service.namespace(), slice)?;
        }
    }
    Ok(())
}

/// Returns the number of a port that containers give a name to.
fn named_port(behind: &[std::sync::Arc<Object>], name: &str) -> Value {
    let ports = behind
        .iter()
        .flat_map(|pod| pod.value.array_at(&["spec", "containers"]));
    let mut ports = ports.flat_map(|c| c.array_at(&["ports"]));
    ports
        .find(|p| p.str_at(&["name"]) == name)
        .and_then(|p| p.get("containerPort"))
        .cloned()
        .unwrap_or_default()
}

/// Gives an Ingress the address of the load balancer.
pub(crate) fn reconcile_ingress(world: &mut World, work: &Work) -> Result<()> {
    if world.mode != Mode::Workloads {
        return Ok(());
    }
    let kind = world.kind("networking.k8s.io", "v1", "ingresses")?;
    let ingress = world.get(&kind, &work.namespace, &work.name)?;
    if ingress.deleting()
        || !ingress
            .value
            .array_at(&["status", "loadBalancer", "ingress"])
            .is_empty()
    {
        return Ok(());
    }
    let target = Target::object(&kind, ingress.namespace(), ingress.name()).sub("status");
    world.registry.modify_now(
        &target,
        &WriteOptions::system("ingress-controller"),
        |live| {
            live.set_at(
                &["status", "loadBalancer", "ingress"],
                json!([{"ip": BALANCER}]),
            );
            Ok(())
        },
    )?;
    Ok(())
}
