//! Deployments: one ReplicaSet per revision of the template, and the way from one to the next.

mod rollout;
mod status;

use std::sync::Arc;

use controlplane::Object;
use controlplane::failure::Result;
use controlplane::kinds::Kind;
use value::{Value, json};

use crate::world::{Work, World, reference, selector};

const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Names tried for one template; more than one is taken only by chance.
const COLLISIONS_MAX: i32 = 10;
const HASH: &str = "pod-template-hash";

/// A Deployment and its ReplicaSets.
struct Rollout {
    kind: Arc<Kind>,
    set_kind: Arc<Kind>,
    deployment: Arc<Object>,
    /// The set of the present template.
    new: Option<Arc<Object>>,
    /// The others, oldest first.
    old: Vec<Arc<Object>>,
}

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    let kind = world.kind("apps", "v1", "deployments")?;
    let set_kind = world.kind("apps", "v1", "replicasets")?;
    let deployment = world.get(&kind, &work.namespace, &work.name)?;
    let selector = selector(&deployment.value)?;
    // What selects everything would make pods without end, none of which it may call its own.
    if selector.is_everything() {
        return Ok(());
    }
    let mut sets = world.claim(&set_kind, &kind, &deployment, &selector)?;
    sets.sort_by(|a, b| {
        let age = |o: &Object| {
            (
                o.value
                    .str_at(&["metadata", "creationTimestamp"])
                    .to_owned(),
                o.name().to_owned(),
            )
        };
        age(a).cmp(&age(b))
    });
    let wanted = template(&deployment.value);
    let position = sets.iter().position(|s| template(&s.value) == wanted);
    let new = position.map(|i| sets.remove(i));
    let mut rollout = Rollout {
        kind,
        set_kind,
        deployment,
        new,
        old: sets,
    };
    if rollout.deployment.deleting() {
        return status::write(world, work, &rollout, None);
    }
    let paused = rollout
        .deployment
        .value
        .at(&["spec", "paused"])
        .and_then(Value::as_bool)
        == Some(true);
    if paused {
        rollout.scale_to_desired(world)?;
        return status::write(world, work, &rollout, Some(status::Pause::Paused));
    }
    rollout.ensure_new(world)?;
    if rollout.scaling() {
        rollout.scale_to_desired(world)?;
        return status::write(world, work, &rollout, None);
    }
    if rollout
        .deployment
        .value
        .str_at(&["spec", "strategy", "type"])
        == "Recreate"
    {
        rollout::recreate(world, &mut rollout)?;
    } else {
        rollout::rolling(world, &mut rollout)?;
    }
    if status::complete(&rollout) {
        rollout.clean_up(world)?;
    }
    status::write(world, work, &rollout, None)
}

/// Returns the template of a Deployment or ReplicaSet, without the label that tells sets apart.
fn template(object: &Value) -> Value {
    let mut template = object
        .at(&["spec", "template"])
        .cloned()
        .unwrap_or_default();
    template.remove_at(&["metadata", "labels", HASH]);
    template
}

fn replicas(object: &Object) -> i64 {
    object.value.i64_at(&["spec", "replicas"]).unwrap_or(1)
}

fn revision(object: &Object) -> i64 {
    object
        .value
        .str_at(&["metadata", "annotations", REVISION])
        .parse()
        .unwrap_or(0)
}

impl Rollout {
    fn desired(&self) -> i64 {
        replicas(&self.deployment)
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.old.iter().chain(&self.new)
    }

    fn status_sum(&self, field: &str) -> i64 {
        self.all()
            .map(|s| s.value.i64_at(&["status", field]).unwrap_or(0))
            .sum()
    }

    fn spec_sum(&self) -> i64 {
        self.all().map(|s| replicas(s)).sum()
    }

    /// Returns how many pods there may be too many, and how many may be missing.
    fn bounds(&self) -> (i64, i64) {
        let desired = self.desired();
        let of = |name: &str| {
            let value = self
                .deployment
                .value
                .at(&["spec", "strategy", "rollingUpdate", name]);
            match value {
                Some(Value::String(s)) => {
                    let percent: i64 = s.trim_end_matches('%').parse().unwrap_or(0);
                    (percent, true)
                }
                Some(number) => (number.as_i64().unwrap_or(0), false),
                None => (0, false),
            }
        };
        if self.deployment.value.str_at(&["spec", "strategy", "type"]) == "Recreate" {
            return (0, 0);
        }
        let surge = match of("maxSurge") {
            (percent, true) => (percent * desired + 99) / 100,
            (number, false) => number,
        };
        let unavailable = match of("maxUnavailable") {
            (percent, true) => percent * desired / 100,
            (number, false) => number,
        };
        // Both zero would stand still for ever.
        let unavailable = if surge == 0 && unavailable == 0 {
            1
        } else {
            unavailable
        };
        (surge, unavailable.min(desired))
    }

    /// Makes the set of the present template, or brings its annotations up to date.
    fn ensure_new(&mut self, world: &World) -> Result<()> {
        let newest = self.old.iter().map(|s| revision(s)).max().unwrap_or(0);
        let number = match &self.new {
            Some(new) => revision(new).max(newest + 1).to_string(),
            None => (newest + 1).to_string(),
        };
        let (surge, _) = self.bounds();
        match self.new.clone() {
            Some(new) => {
                if new.value.str_at(&["metadata", "annotations", REVISION]) != number {
                    let changed = world.modify(&self.set_kind, &new, |set| {
                        set.set_at(&["metadata", "annotations", REVISION], number.as_str());
                        Ok(())
                    })?;
                    self.new = Some(changed);
                }
            }
            None => {
                let room = (self.desired() + surge - self.spec_sum()).max(0);
                let rolling =
                    self.deployment.value.str_at(&["spec", "strategy", "type"]) != "Recreate";
                let first = match (self.old.is_empty(), rolling) {
                    (true, _) => self.desired(),
                    (false, true) => room.min(self.desired()),
                    (false, false) => 0,
                };
                self.new = Some(self.create_new(world, &number, first, surge)?);
            }
        }
        if self
            .deployment
            .value
            .str_at(&["metadata", "annotations", REVISION])
            != number
        {
            self.deployment = world.modify_status(&self.kind, &self.deployment, |d| {
                d.set_at(&["metadata", "annotations", REVISION], number.as_str());
                Ok(())
            })?;
        }
        Ok(())
    }

    fn create_new(
        &self,
        world: &World,
        number: &str,
        first: i64,
        surge: i64,
    ) -> Result<Arc<Object>> {
        let deployment = &self.deployment;
        let mut collisions: Option<i32> = None;
        loop {
            let mut pod = template(&deployment.value);
            let hash = crate::template_hash::of(&pod, collisions);
            pod.set_at(&["metadata", "labels", HASH], hash.as_str());
            let name = format!("{}-{hash}", deployment.name());
            let mut annotations = deployment
                .value
                .at(&["metadata", "annotations"])
                .cloned()
                .unwrap_or_else(Value::object);
            annotations.remove_at(&[LAST_APPLIED]);
            annotations.set_at(&[REVISION], number);
            annotations.set_at(&[DESIRED], self.desired().to_string());
            annotations.set_at(&[MAX], (self.desired() + surge).to_string());
            let mut selector = deployment
                .value
                .at(&["spec", "selector"])
                .cloned()
                .unwrap_or_default();
            selector.set_at(&["matchLabels", HASH], hash.as_str());
            let mut spec =
                json!({"replicas": first, "selector": selector, "template": pod.clone()});
            if let Some(seconds) = deployment.value.at(&["spec", "minReadySeconds"]) {
                spec.set_at(&["minReadySeconds"], seconds);
            }
            let set = json!({
                "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "metadata": {
                    "name": name, "annotations": annotations,
                    "labels": pod.at(&["metadata", "labels"]).cloned().unwrap_or_default(),
                    "ownerReferences": [reference(&self.kind, deployment)],
                },
                "spec": spec,
            });
            match world.create(&self.set_kind, deployment.namespace(), set) {
                Err(failure)
                    if failure.reason == "AlreadyExists"
                        && collisions.is_none_or(|c| c < COLLISIONS_MAX) =>
                {
                    collisions = Some(collisions.unwrap_or(0) + 1);
                }
                done => return done,
            }
        }
    }

    /// Returns true if the number of replicas changed since the sets were scaled.
    fn scaling(&self) -> bool {
        self.all().filter(|s| replicas(s) > 0).any(|set| {
            let annotation = set.value.str_at(&["metadata", "annotations", DESIRED]);
            annotation.parse::<i64>().is_ok_and(|d| d != self.desired())
        })
    }

    /// Brings the sets to a new number of replicas, in proportion if a rollout is under way.
    fn scale_to_desired(&mut self, world: &World) -> Result<()> {
        let desired = self.desired();
        let active: Vec<Arc<Object>> = self.all().filter(|s| replicas(s) > 0).cloned().collect();
        match active.as_slice() {
            [] => {
                if let Some(new) = self.new.clone() {
                    self.scale(world, &new, desired)?;
                }
            }
            [only] => {
                self.scale(world, &only.clone(), desired)?;
            }
            many => {
                let (surge, _) = self.bounds();
                let allowed = if desired > 0 { desired + surge } else { 0 };
                let total: i64 = many.iter().map(|s| replicas(s)).sum();
                let mut left = allowed - total;
                let mut order = many.to_vec();
                order.sort_by_key(|s| std::cmp::Reverse(replicas(s)));
                for (i, set) in order.iter().enumerate() {
                    let share = if i + 1 == order.len() || total == 0 {
                        left
                    } else {
                        (allowed - total) * replicas(set) / total
                    };
                    self.scale(world, set, (replicas(set) + share).max(0))?;
                    left -= share;
                }
            }
        }
        Ok(())
    }

    /// Gives a set another number of replicas.
    fn scale(&mut self, world: &World, set: &Arc<Object>, count: i64) -> Result<()> {
        let (surge, _) = self.bounds();
        let desired = self.desired().to_string();
        let max = (self.desired() + surge).to_string();
        let current = replicas(set) == count
            && set.value.str_at(&["metadata", "annotations", DESIRED]) == desired
            && set.value.str_at(&["metadata", "annotations", MAX]) == max;
        if current {
            return Ok(());
        }
        let changed = world.modify(&self.set_kind, set, |s| {
            s.set_at(&["spec", "replicas"], count);
            s.set_at(&["metadata", "annotations", DESIRED], desired.as_str());
            s.set_at(&["metadata", "annotations", MAX], max.as_str());
            Ok(())
        })?;
        if let Some(slot) = self
            .old
            .iter_mut()
            .chain(&mut self.new)
            .find(|s| s.uid() == set.uid())
        {
            *slot = changed;
        }
        Ok(())
    }

    /// Deletes sets of revisions that are too old to go back to.
    fn clean_up(&mut self, world: &World) -> Result<()> {
        let limit = self
            .deployment
            .value
            .i64_at(&["spec", "revisionHistoryLimit"])
            .unwrap_or(10);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut idle: Vec<&Arc<Object>> = self
            .old
            .iter()
            .filter(|s| {
                replicas(s) == 0
                    && s.value.i64_at(&["status", "replicas"]).unwrap_or(0) == 0
                    && !s.deleting()
            })
            .collect();
        idle.sort_by_key(|s| revision(s));
        let surplus = idle.len().saturating_sub(limit);
        for set in idle.into_iter().take(surplus) {
            world.delete(&self.set_kind, set, None)?;
        }
        Ok(())
    }
}
