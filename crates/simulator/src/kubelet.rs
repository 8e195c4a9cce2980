//! The node: takes pods, starts their containers, reports, and ends them.

mod report;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use controlplane::Object;
use controlplane::failure::Result;
use controlplane::kinds::Kind;
use controlplane::registry::{Target, WriteOptions};
use tokio::time::Instant;
use value::{Value, json};

use crate::faults::Fault;
use crate::world::{KUBELET, Work, World};
use crate::{Mode, Speed};

/// A container that failed so often that its pause no longer doubles: 2^5 times the first pause.
const DOUBLINGS_MAX: u32 = 5;

/// What the node knows about its pods, by uid.
#[derive(Debug, Default)]
pub(crate) struct Kubelet {
    pods: HashMap<String, Run>,
    names: HashMap<(String, String), String>,
    next_address: u32,
}

/// How far a pod is.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    stage: Stage,
    /// When the next stage is due.
    due: Instant,
    address: String,
    restarts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// On a node, its containers being made.
    Creating,
    /// Running, not yet ready.
    Starting,
    /// Running and ready.
    Ready,
    /// The image could not be pulled.
    PullFailed,
    /// The next pull is some time off.
    PullBackOff,
    /// The container ended with an error.
    Crashed,
    /// The next start is some time off.
    CrashBackOff,
    /// Ended for good.
    Finished,
    /// Being ended.
    Stopping,
}

impl World {
    /// Makes the node.
    pub(crate) fn make_node(&self) {
        let Ok(kind) = self.kind("", "v1", "nodes") else {
            return;
        };
        let name = crate::NODE;
        let target = Target::collection(&kind, "");
        let node = json!({
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/control-plane": "",
            }},
        });
        let options = WriteOptions::system(KUBELET);
        let made = self.registry.create_now(&target, node, &options);
        if let Err(failure) = &made
            && failure.reason != "AlreadyExists"
        {
            tracing::warn!(%failure, "cannot make the node");
            return;
        }
        let target = Target::object(&kind, "", name);
        let Ok(node) = self.registry.find(&target) else {
            return;
        };
        let now = self.now();
        let room =
            json!({"cpu": "64", "memory": "256Gi", "pods": "110000", "ephemeral-storage": "1Ti"});
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": now.as_str(), "lastTransitionTime": now.as_str(),
            })
        };
        let status = json!({
            "capacity": room.clone(), "allocatable": room,
            "addresses": [
                {"type": "InternalIP", "address": report::HOST}, {"type": "Hostname", "address": name}
            ],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "kernelVersion": "simulated",
                "osImage": "Windlass simulation", "containerRuntimeVersion": "simulated://1",
                "kubeletVersion": "v1.36.3", "kubeProxyVersion": "", "bootID": "", "machineID": "", "systemUUID": "",
            },
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        });
        if let Err(failure) = self.set_status(&kind, &node, KUBELET, &status) {
            tracing::warn!(%failure, "cannot report the node");
        }
    }
}

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    if world.mode != Mode::Workloads {
        return Ok(());
    }
    let kind = world.kind("", "v1", "pods")?;
    let place = (work.namespace.clone(), work.name.clone());
    let found = world.get(&kind, &work.namespace, &work.name);
    let pod = match found {
        Ok(pod) => pod,
        Err(failure) => {
            if let Some(uid) = world.kubelet.names.remove(&place) {
                world.kubelet.pods.remove(&uid);
            }
            return Err(failure);
        }
    };
    if let Some(uid) = world.kubelet.names.insert(place, pod.uid().to_owned())
        && uid != pod.uid()
    {
        world.kubelet.pods.remove(&uid);
    }
    if pod.deleting() {
        return stop(world, work, &kind, &pod);
    }
    if pod.value.str_at(&["spec", "nodeName"]).is_empty() {
        return schedule(world, &kind, &pod);
    }
    if pod.value.str_at(&["spec", "nodeName"]) != crate::NODE {
        return Ok(());
    }
    let now = Instant::now();
    let run = world.kubelet.pods.get(pod.uid()).cloned();
    let Some(run) = run else {
        return begin(world, work, &kind, &pod);
    };
    if now < run.due {
        return Ok(());
    }
    advance(world, work, &kind, &pod, run)
}

/// Puts a pod on the node.
fn schedule(world: &World, kind: &Arc<Kind>, pod: &Object) -> Result<()> {
    let gated = !pod.value.array_at(&["spec", "schedulingGates"]).is_empty();
    let elsewhere = pod.value.str_at(&["spec", "schedulerName"]) != "default-scheduler";
    if gated || elsewhere || crate::pods::is_finished(&pod.value) {
        return Ok(());
    }
    let containers = pod.value.array_at(&["spec", "containers"]);
    let unschedulable = containers
        .iter()
        .any(|c| Fault::of_container(&pod.value, c) == Some(Fault::Unschedulable));
    let options = WriteOptions::system("kube-scheduler");
    let now = world.now();
    if unschedulable {
        let mut status = pod
            .value
            .get("status")
            .cloned()
            .unwrap_or_else(Value::object);
        let known = status
            .array_at(&["conditions"])
            .iter()
            .any(|c| c.str_at(&["type"]) == "PodScheduled");
        if !known {
            status.set_at(
                &["conditions"],
                json!([{
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                    "message": "0/1 nodes are available: 1 Insufficient cpu.",
                    "lastProbeTime": null, "lastTransitionTime": now.as_str(),
                }]),
            );
            world.set_status(kind, pod, "kube-scheduler", &status)?;
        }
        return Ok(());
    }
    let target = Target::object(kind, pod.namespace(), pod.name()).sub("binding");
    let node = crate::NODE;
    world.registry.modify_now(&target, &options, |pod| {
        pod.set_at(&["spec", "nodeName"], node);
        let mut conditions = pod.array_at(&["status", "conditions"]).to_vec();
        conditions.retain(|c| c.str_at(&["type"]) != "PodScheduled");
        conditions.push(json!({
            "type": "PodScheduled", "status": "True", "lastProbeTime": null,
            "lastTransitionTime": now.as_str(),
        }));
        pod.set_at(&["status", "conditions"], Value::Array(conditions));
        Ok(())
    })?;
    Ok(())
}

impl Kubelet {
    /// Returns an address that no other pod has.
    fn address(&mut self) -> String {
        self.next_address += 1;
        let [_, high, middle, low] = self.next_address.to_be_bytes();
        format!("10.{}.{middle}.{low}", 244 + u32::from(high) % 8)
    }
}

/// Takes up a pod that is new to the node; one that ran before a restart goes on.
fn begin(world: &mut World, work: &Work, kind: &Arc<Kind>, pod: &Object) -> Result<()> {
    let address = match pod.value.str_at(&["status", "podIP"]) {
        "" => world.kubelet.address(),
        known => known.to_owned(),
    };
    let finished = crate::pods::is_finished(&pod.value);
    let stage = if finished {
        Stage::Finished
    } else if crate::pods::is_ready(&pod.value) {
        Stage::Ready
    } else {
        Stage::Creating
    };
    let delay = world.speed.start_delay / 2;
    let run = Run {
        stage,
        due: Instant::now() + delay,
        address,
        restarts: 0,
    };
    world.kubelet.pods.insert(pod.uid().to_owned(), run.clone());
    if finished {
        return Ok(());
    }
    if stage == Stage::Creating {
        report(world, kind, pod, &run)?;
    }
    world.add_after(work.clone(), delay);
    Ok(())
}

/// Brings a pod to its next stage.
fn advance(
    world: &mut World,
    work: &Work,
    kind: &Arc<Kind>,
    pod: &Object,
    mut run: Run,
) -> Result<()> {
    let containers = pod.value.array_at(&["spec", "containers"]);
    let fault = containers
        .iter()
        .find_map(|c| Fault::of_container(&pod.value, c));
    let speed = world.speed.clone();
    let endless = pod.value.str_at(&["spec", "restartPolicy"]) == "Always";
    let pause = |restarts: u32| speed.back_off * 2_u32.pow(restarts.min(DOUBLINGS_MAX));
    let (stage, delay) = match (run.stage, fault) {
        (Stage::Finished | Stage::Stopping, _) => return Ok(()),
        (Stage::Creating | Stage::PullBackOff, Some(Fault::Broken)) => {
            (Stage::PullFailed, Some(speed.start_delay))
        }
        (Stage::PullFailed, _) => {
            run.restarts += 1;
            (Stage::PullBackOff, Some(pause(run.restarts - 1)))
        }
        (Stage::Creating | Stage::PullBackOff | Stage::CrashBackOff, fault) => {
            (Stage::Starting, starting(&speed, fault, endless))
        }
        (Stage::Starting, Some(Fault::Crash | Fault::OutOfMemory | Fault::Fail)) => {
            if endless || pod.value.str_at(&["spec", "restartPolicy"]) == "OnFailure" {
                (Stage::Crashed, Some(speed.start_delay))
            } else {
                (Stage::Finished, None)
            }
        }
        (Stage::Crashed, _) => {
            run.restarts += 1;
            (Stage::CrashBackOff, Some(pause(run.restarts - 1)))
        }
        (Stage::Starting, Some(Fault::NotReady)) => return Ok(()),
        (Stage::Starting, _) if endless => (Stage::Ready, None),
        (Stage::Starting, _) => (Stage::Ready, Some(speed.job_delay)),
        (Stage::Ready, _) if endless => return Ok(()),
        (Stage::Ready, _) => (Stage::Finished, None),
    };
    run.stage = stage;
    run.due = Instant::now() + delay.unwrap_or_default();
    world.kubelet.pods.insert(pod.uid().to_owned(), run.clone());
    report(world, kind, pod, &run)?;
    if let Some(delay) = delay {
        world.add_after(work.clone(), delay);
    }
    Ok(())
}

fn starting(speed: &Speed, fault: Option<Fault>, _endless: bool) -> Option<Duration> {
    Some(match fault {
        Some(Fault::Slow) => speed.slow_delay,
        _ => speed.start_delay / 2,
    })
}

/// Ends a pod: its containers get a moment, then it is gone.
fn stop(world: &mut World, work: &Work, kind: &Arc<Kind>, pod: &Object) -> Result<()> {
    let now = Instant::now();
    let grace = pod
        .value
        .i64_at(&["metadata", "deletionGracePeriodSeconds"])
        .unwrap_or(0);
    let run = world.kubelet.pods.get(pod.uid()).cloned();
    match run {
        Some(run) if run.stage == Stage::Stopping && now >= run.due => {
            let target = Target::object(kind, pod.namespace(), pod.name());
            let options = controlplane::registry::DeleteOptions {
                grace_period_seconds: Some(0),
                uid: Some(pod.uid().to_owned()),
                write: WriteOptions::system(KUBELET),
                ..Default::default()
            };
            world.registry.delete_now(&target, &options)?;
            Ok(())
        }
        Some(run) if run.stage == Stage::Stopping => Ok(()),
        other => {
            let grace = Duration::from_secs(grace.unsigned_abs());
            let delay = world.speed.stop_delay.min(grace);
            let address = other.map_or_else(String::new, |r| r.address);
            let run = Run {
                stage: Stage::Stopping,
                due: now + delay,
                address,
                restarts: 0,
            };
            world.kubelet.pods.insert(pod.uid().to_owned(), run);
            world.add_after(work.clone(), delay);
            Ok(())
        }
    }
}

fn report(world: &World, kind: &Arc<Kind>, pod: &Object, run: &Run) -> Result<()> {
    let status = report::status(&pod.value, run, &world.now());
    world.set_status(kind, pod, KUBELET, &status)?;
    Ok(())
}
