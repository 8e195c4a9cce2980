//! The loop: changes make work, work changes objects.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use controlplane::failure::{Failure, Result};
use controlplane::kinds::Kind;
use controlplane::registry::{
    DeleteOptions, ListOptions, Observation, Propagation, Registry, Target, WriteOptions,
};
use controlplane::{Change, Object, clock};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use value::Value;
use value::selector::LabelSelector;

use crate::kubelet::Kubelet;
use crate::{Mode, Speed};

/// The name under which controllers write.
pub(crate) const MANAGER: &str = "kube-controller-manager";
/// The name under which the node writes.
pub(crate) const KUBELET: &str = "kubelet";

/// How soon work that failed is tried again; it doubles up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Work {
    pub(crate) worker: Worker,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// Who looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Worker {
    Deployment,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
    DaemonSet,
    Job,
    Service,
    Claim,
    Account,
    Pod,
    Ingress,
    Budget,
}

impl Work {
    pub(crate) fn new(worker: Worker, namespace: &str, name: &str) -> Self {
        Self {
            worker,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Everything that controllers share.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) mode: Mode,
    pub(crate) speed: Speed,
    pub(crate) kubelet: Kubelet,
    queue: VecDeque<Work>,
    queued: HashSet<Work>,
    timers: BTreeMap<(Instant, u64), Work>,
    timer_number: u64,
    failures: HashMap<Work, u32>,
}

impl World {
    pub(crate) fn new(registry: Registry, mode: Mode, speed: Speed) -> Self {
        Self {
            registry,
            mode,
            speed,
            kubelet: Kubelet::default(),
            queue: VecDeque::new(),
            queued: HashSet::new(),
            timers: BTreeMap::new(),
            timer_number: 0,
            failures: HashMap::new(),
        }
    }

    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let (present, mut changes) = self.registry.observe();
        if self.mode == Mode::Workloads {
            self.make_node();
        }
        for (group, plural, object) in present {
            self.notice(&group, &plural, Change::Created, &object, None);
        }
        loop {
            while let Some(observed) = changes.try_next() {
                self.observed(&observed);
            }
            if *stopped.borrow() {
                return;
            }
            if let Some(work) = self.queue.pop_front() {
                self.queued.remove(&work);
                self.work(&work);
                // Others on this thread get a turn.
                tokio::task::yield_now().await;
                continue;
            }
            let next = self.timers.first_key_value().map(|((at, _), _)| *at);
            tokio::select! {
                observed = changes.next() => match observed {
                    Some(observed) => self.observed(&observed),
                    None => return,
                },
                () = sleep_until(next) => self.due(),
                _ = stopped.wait_for(|s| *s) => return,
            }
        }
    }

    fn due(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            let work = entry.remove();
            self.add(work);
        }
    }

    /// Has something looked at soon.
    pub(crate) fn add(&mut self, work: Work) {
        if self.queued.insert(work.clone()) {
            self.queue.push_back(work);
        }
    }

    /// Has something looked at after a while.
    pub(crate) fn add_after(&mut self, work: Work, after: Duration) {
        self.timer_number += 1;
        self.timers
            .insert((Instant::now() + after, self.timer_number), work);
    }

    fn work(&mut self, work: &Work) {
        let outcome = match work.worker {
            Worker::Deployment => crate::deployment::reconcile(self, work),
            Worker::ReplicaSet => crate::replicaset::reconcile(self, work, "apps"),
            Worker::ReplicationController => crate::replicaset::reconcile(self, work, ""),
            Worker::StatefulSet => crate::statefulset::reconcile(self, work),
            Worker::DaemonSet => crate::daemonset::reconcile(self, work),
            Worker::Job => crate::job::reconcile(self, work),
            Worker::Service => crate::services::reconcile(self, work),
            Worker::Ingress => crate::services::reconcile_ingress(self, work),
            Worker::Budget => crate::budgets::reconcile(self, work),
            Worker::Claim => crate::claims::reconcile(self, work),
            Worker::Account => crate::accounts::reconcile(self, work),
            Worker::Pod => crate::kubelet::reconcile(self, work),
        };
        match outcome {
            Ok(()) => {
                self.failures.remove(work);
            }
            // Gone, or its namespace is about to be: nothing is left to do.
            Err(failure) if failure.code == 404 || failure.message.contains("being terminated") => {
                self.failures.remove(work);
            }
            Err(failure) => {
                let failures = self.failures.entry(work.clone()).or_default();
                *failures += 1;
                let pause = RETRY_MAX.min(RETRY * 2_u32.pow((*failures).min(10)));
                if failure.code != 409 {
                    tracing::warn!(%failure, ?work, "a controller failed");
                }
                self.add_after(work.clone(), pause);
            }
        }
    }

    fn observed(&mut self, observed: &Observation) {
        let event = &observed.event;
        let before = event.before.as_deref();
        self.notice(
            &observed.group,
            &observed.plural,
            event.change,
            &event.object,
            before,
        );
    }

    /// Turns a change into work.
    fn notice(
        &mut self,
        group: &str,
        plural: &str,
        change: Change,
        object: &Object,
        before: Option<&Object>,
    ) {
        let (ns, name) = (object.namespace(), object.name());
        match (group, plural) {
            ("apps", "deployments") => self.add(Work::new(Worker::Deployment, ns, name)),
            ("apps", "replicasets") => {
                self.add(Work::new(Worker::ReplicaSet, ns, name));
                self.owner(ns, &object.value);
            }
            // What was recorded ran without a controller for these.
            ("", "replicationcontrollers") if self.mode == Mode::Workloads => {
                self.add(Work::new(Worker::ReplicationController, ns, name));
            }
            ("apps", "statefulsets") => self.add(Work::new(Worker::StatefulSet, ns, name)),
            ("apps", "daemonsets") => self.add(Work::new(Worker::DaemonSet, ns, name)),
            ("batch", "jobs") => self.add(Work::new(Worker::Job, ns, name)),
            ("", "services") => self.add(Work::new(Worker::Service, ns, name)),
            ("policy", "poddisruptionbudgets") => self.add(Work::new(Worker::Budget, ns, name)),
            ("networking.k8s.io", "ingresses") => self.add(Work::new(Worker::Ingress, ns, name)),
            ("", "persistentvolumeclaims") => {
                self.add(Work::new(Worker::Claim, ns, name));
                self.owner(ns, &object.value);
            }
            ("", "namespaces") => self.add(Work::new(Worker::Account, name, "default")),
            ("", "serviceaccounts") if change == Change::Deleted => {
                self.add(Work::new(Worker::Account, ns, "default"));
            }
            ("", "pods") => self.notice_pod(change, object, before),
            ("", "nodes") => {
                if let Ok(kind) = self.kind("apps", "v1", "daemonsets") {
                    for set in self.list(&kind, "") {
                        self.add(Work::new(Worker::DaemonSet, set.namespace(), set.name()));
                    }
                }
            }
            _ => {}
        }
    }

    fn notice_pod(&mut self, change: Change, object: &Object, before: Option<&Object>) {
        let (ns, name) = (object.namespace(), object.name());
        self.add(Work::new(Worker::Pod, ns, name));
        self.owner(ns, &object.value);
        if let Some(before) = before {
            self.owner(ns, &before.value);
        }
        if controller_of(&object.value).is_none() && change != Change::Deleted {
            // It may be one that a set wants.
            for (group, plural, controller) in [
                ("apps", "replicasets", Worker::ReplicaSet),
                ("", "replicationcontrollers", Worker::ReplicationController),
            ] {
                if group.is_empty() && self.mode != Mode::Workloads {
                    continue;
                }
                let version = "v1";
                let Ok(kind) = self.kind(group, version, plural) else {
                    continue;
                };
                for set in self.list(&kind, ns) {
                    self.add(Work::new(controller, ns, set.name()));
                }
            }
        }
        if let Ok(kind) = self.kind("policy", "v1", "poddisruptionbudgets") {
            for budget in self.list(&kind, ns) {
                self.add(Work::new(Worker::Budget, ns, budget.name()));
            }
        }
        let Ok(kind) = self.kind("", "v1", "services") else {
            return;
        };
        for service in self.list(&kind, ns) {
            self.add(Work::new(Worker::Service, ns, service.name()));
        }
    }

    /// Has the controller of an object looked at.
    fn owner(&mut self, ns: &str, object: &Value) {
        let Some(owner) = controller_of(object) else {
            return;
        };
        let controller = match owner.str_at(&["kind"]) {
            "Deployment" => Worker::Deployment,
            "ReplicaSet" => Worker::ReplicaSet,
            "ReplicationController" if self.mode == Mode::Workloads => {
                Worker::ReplicationController
            }
            "StatefulSet" => Worker::StatefulSet,
            "DaemonSet" => Worker::DaemonSet,
            "Job" => Worker::Job,
            _ => return,
        };
        self.add(Work::new(controller, ns, owner.str_at(&["name"])));
    }

    // What controllers do all the time.

    /// Returns the present, as objects write it.
    pub(crate) fn now(&self) -> String {
        clock::seconds(self.registry.now())
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        self.registry.now()
    }

    pub(crate) fn kind(&self, group: &str, version: &str, plural: &str) -> Result<Arc<Kind>> {
        self.registry.kind(group, version, plural)
    }

    pub(crate) fn get(&self, kind: &Arc<Kind>, ns: &str, name: &str) -> Result<Arc<Object>> {
        self.registry.find(&Target::object(kind, ns, name))
    }

    pub(crate) fn list(&self, kind: &Arc<Kind>, ns: &str) -> Vec<Arc<Object>> {
        let all = Target::collection(kind, ns);
        self.registry
            .list_now(&all, &ListOptions::default())
            .map(|l| l.objects)
            .unwrap_or_default()
    }

    pub(crate) fn create(&self, kind: &Arc<Kind>, ns: &str, object: Value) -> Result<Arc<Object>> {
        let target = Target::collection(kind, ns);
        let written = self
            .registry
            .create_now(&target, object, &WriteOptions::system(MANAGER))?;
        Ok(written.object)
    }

    pub(crate) fn modify(
        &self,
        kind: &Arc<Kind>,
        object: &Object,
        change: impl Fn(&mut Value) -> Result<()>,
    ) -> Result<Arc<Object>> {
        let target = Target::object(kind, object.namespace(), object.name());
        let options = WriteOptions::system(MANAGER);
        Ok(self.registry.modify_now(&target, &options, change)?.object)
    }

    /// Changes an object through its status, by which annotations can be written too without
    /// moving the generation.
    pub(crate) fn modify_status(
        &self,
        kind: &Arc<Kind>,
        object: &Object,
        change: impl Fn(&mut Value) -> Result<()>,
    ) -> Result<Arc<Object>> {
        let target = Target::object(kind, object.namespace(), object.name()).sub("status");
        Ok(self
            .registry
            .modify_now(&target, &WriteOptions::system(MANAGER), change)?
            .object)
    }

    /// Replaces the status of an object under a manager's name.
    pub(crate) fn set_status(
        &self,
        kind: &Arc<Kind>,
        object: &Object,
        manager: &str,
        status: &Value,
    ) -> Result<Arc<Object>> {
        if object.value.get("status") == Some(status) {
            return self.get(kind, object.namespace(), object.name());
        }
        let target = Target::object(kind, object.namespace(), object.name()).sub("status");
        let options = WriteOptions::system(manager);
        let written = self.registry.modify_now(&target, &options, |live| {
            live.set_at(&["status"], status.clone());
            Ok(())
        })?;
        Ok(written.object)
    }

    pub(crate) fn delete(
        &self,
        kind: &Arc<Kind>,
        object: &Object,
        grace: Option<i64>,
    ) -> Result<()> {
        let target = Target::object(kind, object.namespace(), object.name());
        let options = DeleteOptions {
            grace_period_seconds: grace,
            propagation: Some(Propagation::Background),
            uid: Some(object.uid().to_owned()),
            write: WriteOptions::system(MANAGER),
            ..DeleteOptions::default()
        };
        match self.registry.delete_now(&target, &options) {
            Err(failure) if !matches!(failure.code, 404 | 409) => Err(failure),
            _ => Ok(()),
        }
    }

    /// Returns the objects of `kind` that `owner` controls, after taking those that match its
    /// selector and letting go of those that no longer do.
    pub(crate) fn claim(
        &self,
        kind: &Arc<Kind>,
        owner_kind: &Kind,
        owner: &Object,
        selector: &LabelSelector,
    ) -> Result<Vec<Arc<Object>>> {
        let mut claimed = Vec::new();
        for object in self.list(kind, owner.namespace()) {
            let labels = object
                .value
                .at(&["metadata", "labels"])
                .unwrap_or(&Value::Null);
            let matches = !selector.is_everything() && selector.matches(labels);
            match controller_of(&object.value) {
                Some(controller) if controller.str_at(&["uid"]) == owner.uid() => {
                    if matches || owner.deleting() {
                        claimed.push(object);
                    } else {
                        self.modify(kind, &object, |o| {
                            let mut owners = o.array_at(&["metadata", "ownerReferences"]).to_vec();
                            owners.retain(|r| r.str_at(&["uid"]) != owner.uid());
                            if owners.is_empty() {
                                o.remove_at(&["metadata", "ownerReferences"]);
                            } else {
                                o.set_at(&["metadata", "ownerReferences"], Value::Array(owners));
                            }
                            Ok(())
                        })?;
                    }
                }
                Some(_) => {}
                None if matches && !owner.deleting() && !object.deleting() => {
                    let adopted = self.modify(kind, &object, |o| {
                        let mut owners = o.array_at(&["metadata", "ownerReferences"]).to_vec();
                        owners.push(reference(owner_kind, owner));
                        o.set_at(&["metadata", "ownerReferences"], Value::Array(owners));
                        Ok(())
                    })?;
                    claimed.push(adopted);
                }
                None => {}
            }
        }
        Ok(claimed)
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Returns the reference to the controller of an object.
pub(crate) fn controller_of(object: &Value) -> Option<&Value> {
    let owners = object.array_at(&["metadata", "ownerReferences"]);
    owners
        .iter()
        .find(|o| o.get("controller").and_then(Value::as_bool) == Some(true))
}

/// Returns a reference that makes `owner` a controller.
pub(crate) fn reference(kind: &Kind, owner: &Object) -> Value {
    value::json!({
        "apiVersion": kind.api_version(), "kind": kind.kind.as_str(), "name": owner.name(),
        "uid": owner.uid(), "controller": true, "blockOwnerDeletion": true,
    })
}

/// Returns the selector of a workload.
pub(crate) fn selector(object: &Value) -> Result<LabelSelector> {
    let selector = object.at(&["spec", "selector"]).unwrap_or(&Value::Null);
    LabelSelector::from_value(selector).map_err(|e| Failure::bad_request(e.to_string()))
}

/// Sets a number in a status, or leaves it out if it is zero.
pub(crate) fn set_count(status: &mut Value, name: &str, count: i64) {
    if count == 0 {
        status.remove_at(&[name]);
    } else {
        status.set_at(&[name], count);
    }
}

/// Sets a condition. Its transition time moves only with its status.
pub(crate) fn set_condition(conditions: &mut Vec<Value>, condition: Value, update_time: bool) {
    let kind = condition.str_at(&["type"]).to_owned();
    let Some(known) = conditions.iter_mut().find(|c| c.str_at(&["type"]) == kind) else {
        conditions.push(condition);
        return;
    };
    let same = ["status", "reason"]
        .iter()
        .all(|f| known.get(f) == condition.get(f));
    let same_message = known.get("message") == condition.get("message");
    if same && same_message {
        return;
    }
    let transition = known.get("lastTransitionTime").cloned();
    let unmoved = known.get("status") == condition.get("status");
    let updated = known.get("lastUpdateTime").cloned();
    *known = condition;
    if unmoved && let Some(transition) = transition {
        known.set_at(&["lastTransitionTime"], transition);
    }
    if !update_time
        && same
        && let Some(updated) = updated
    {
        known.set_at(&["lastUpdateTime"], updated);
    }
}
