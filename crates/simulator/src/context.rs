//! What every controller needs: reading, writing, and coming back later.

use crate::{Mode, Speed};
use controlplane::failure::Failure;
use controlplane::registry::{
    DeleteOptions, ListOptions, Propagation, Target, WriteOptions,
};
use controlplane::{Object, Registry};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use value::{Value, json};

pub(crate) type Result<T> = std::result::Result<T, Failure>;

pub(crate) const CONTROLLER_MANAGER: &str = "kube-controller-manager";
pub(crate) const KUBELET: &str = "kubelet";
pub(crate) const SCHEDULER: &str = "kube-scheduler";

/// One object to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    pub(crate) plural: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Work {
    pub(crate) fn new(plural: &'static str, namespace: &str, name: &str) -> Self {
        Self { plural, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// The control plane, and how it is simulated on.
pub(crate) struct Context {
    pub(crate) registry: Registry,
    pub(crate) mode: Mode,
    pub(crate) speed: Speed,
    pub(crate) queue: mpsc::UnboundedSender<Work>,
}

impl Context {
    pub(crate) async fn reconcile(&self, work: &Work) -> Result<()> {
        let object = match self.get(work.plural, &work.namespace, &work.name).await {
            Err(failure) if failure.code == 404 => return Ok(()),
            object => object?,
        };
        match work.plural {
            "deployments" => self.deployment(&object).await,
            "replicasets" => self.replica_set(&object).await,
            "statefulsets" => self.stateful_set(&object).await,
            "daemonsets" => self.daemon_set(&object).await,
            "jobs" => self.job(&object).await,
            "pods" if self.mode == Mode::Workloads => self.pod(&object).await,
            "services" => self.service(&object).await,
            "persistentvolumeclaims" if self.mode == Mode::Workloads => self.claim(&object).await,
            "ingresses" if self.mode == Mode::Workloads => self.ingress(&object).await,
            _ => Ok(()),
        }
    }

    /// Looks at an object again after a while.
    pub(crate) fn later(&self, work: Work, after: Duration) {
        let queue = self.queue.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            // An error means that the simulator has stopped.
            let _stopped = queue.send(work);
        });
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.registry.now()
    }

    /// Returns the present as the Kubernetes API writes it.
    pub(crate) fn stamp(&self) -> String {
        controlplane::clock::seconds(self.now())
    }

    fn collection(&self, plural: &str, namespace: &str) -> Result<Target> {
        let group = match plural {
            "deployments" | "replicasets" | "statefulsets" | "daemonsets" => "apps",
            "jobs" => "batch",
            "ingresses" => "networking.k8s.io",
            "endpointslices" => "discovery.k8s.io",
            _ => "",
        };
        let kind = self.registry.kind(group, "v1", plural)?;
        Ok(Target::collection(&kind, namespace))
    }

    pub(crate) fn target(&self, plural: &str, namespace: &str, name: &str) -> Result<Target> {
        let mut target = self.collection(plural, namespace)?;
        name.clone_into(&mut target.name);
        Ok(target)
    }

    pub(crate) async fn get(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Object>> {
        self.registry.get(&self.target(plural, namespace, name)?).await
    }

    /// Returns the objects of a kind whose controller is `owner`.
    pub(crate) async fn owned(&self, plural: &str, owner: &Object) -> Result<Vec<Arc<Object>>> {
        let target = self.collection(plural, owner.namespace())?;
        let listing = self.registry.list(&target, &ListOptions::default()).await?;
        let uid = owner.uid();
        let controls = |o: &Value| {
            o.str_at(&["uid"]) == uid && o.at(&["controller"]).and_then(Value::as_bool) == Some(true)
        };
        let owned = |o: &Arc<Object>| {
            o.value.array_at(&["metadata", "ownerReferences"]).iter().any(controls)
        };
        Ok(listing.objects.into_iter().filter(owned).collect())
    }

    pub(crate) async fn create(&self, plural: &str, namespace: &str, object: Value) -> Result<()> {
        let target = self.collection(plural, namespace)?;
        let options = WriteOptions::system(CONTROLLER_MANAGER);
        self.registry.create(&target, object, &options).await.map(|_| ())
    }

    /// Changes an object's main part.
    pub(crate) async fn modify(
        &self,
        plural: &str,
        object: &Object,
        manager: &str,
        change: impl Fn(&mut Value),
    ) -> Result<()> {
        let target = self.target(plural, object.namespace(), object.name())?;
        let options = WriteOptions::system(manager);
        let change = |v: &mut Value| {
            change(v);
            Ok(())
        };
        self.registry.modify(&target, &options, change).await.map(|_| ())
    }

    /// Writes an object's status, if it is another than before.
    pub(crate) async fn set_status(
        &self,
        plural: &str,
        object: &Object,
        manager: &str,
        status: Value,
    ) -> Result<()> {
        if object.value.get("status").is_some_and(|s| s.equivalent(&status)) {
            return Ok(());
        }
        let target = self.target(plural, object.namespace(), object.name())?.sub("status");
        let options = WriteOptions::system(manager);
        let change = |v: &mut Value| {
            v.set_at(&["status"], status.clone());
            Ok(())
        };
        self.registry.modify(&target, &options, change).await.map(|_| ())
    }

    pub(crate) async fn delete(
        &self,
        plural: &str,
        object: &Object,
        manager: &str,
        grace: Option<i64>,
    ) -> Result<()> {
        let target = self.target(plural, object.namespace(), object.name())?;
        let options = DeleteOptions {
            grace_period_seconds: grace,
            propagation: Some(Propagation::Background),
            uid: Some(object.uid().to_owned()),
            resource_version: None,
            write: WriteOptions::system(manager),
        };
        match self.registry.delete(&target, &options).await {
            Err(failure) if failure.code == 404 => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

/// Returns the owner reference of a controller.
pub(crate) fn controlled_by(owner: &Object) -> Value {
    json!([{
        "apiVersion": owner.value.str_at(&["apiVersion"]),
        "kind": owner.value.str_at(&["kind"]),
        "name": owner.name(),
        "uid": owner.uid(),
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

/// Returns the condition called `kind` with its state; the time of the last transition stays if
/// the state does.
pub(crate) fn condition(
    before: &Value,
    kind: &str,
    state: bool,
    reason: &str,
    message: &str,
    now: &str,
) -> Value {
    let state = if state { "True" } else { "False" };
    let old = before.array_at(&["status", "conditions"]);
    let old = old.iter().find(|c| c.str_at(&["type"]) == kind);
    let same = old.filter(|c| c.str_at(&["status"]) == state);
    let since = same.map_or(now, |c| c.str_at(&["lastTransitionTime"]));
    let mut it = json!({"type": kind, "status": state, "lastTransitionTime": since});
    for (name, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            it.set_at(&[name], text);
        }
    }
    it
}

/// Returns true if the condition called `kind` is true.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    let conditions = object.array_at(&["status", "conditions"]);
    conditions.iter().any(|c| c.str_at(&["type"]) == kind && c.str_at(&["status"]) == "True")
}
