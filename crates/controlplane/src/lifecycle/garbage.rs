//! Garbage collection: objects end with their owners.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;
use value::Value;

use super::write_options;
use crate::failure::Failure;
use crate::kinds::{Kind, split_api_version};
use crate::registry::{DeleteOptions, FOREGROUND, ORPHAN, Propagation, Registry, Target};
use crate::store::{Change, Event, Object, Table, key};

/// An object's place: its table and key.
type Place = (Table, String);

/// What depends on what.
#[derive(Debug, Default)]
struct Graph {
    /// Dependents by the uid of an owner.
    dependents: HashMap<String, HashSet<Place>>,
}

/// What an owner reference leads to.
enum Owner {
    /// The owner is there.
    Solid,
    /// The owner is there, and waits for its dependents to go.
    Waiting,
    /// The owner is gone.
    Dangling,
    /// Nobody can say.
    Unknown,
}

pub(super) async fn run(registry: Registry, mut stopped: watch::Receiver<bool>) {
    let (present, mut changes) = registry.store.observe();
    let mut graph = Graph::default();
    for (table, object) in &present {
        graph.link(
            &(table.clone(), key(object.namespace(), object.name())),
            &object.value,
        );
    }
    for (table, object) in present {
        let place = (table, key(object.namespace(), object.name()));
        graph.consider(&registry, &place);
    }
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            _ = stopped.wait_for(|s| *s) => return,
        };
        let Some((table, event)) = change else { return };
        graph.changed(&registry, table, &event);
    }
}

fn owners(object: &Value) -> &[Value] {
    object.array_at(&["metadata", "ownerReferences"])
}

fn has_finalizer(object: &Value, name: &str) -> bool {
    object
        .array_at(&["metadata", "finalizers"])
        .iter()
        .any(|f| f.as_str() == Some(name))
}

impl Graph {
    fn link(&mut self, place: &Place, object: &Value) {
        for owner in owners(object) {
            let uid = owner.str_at(&["uid"]).to_owned();
            self.dependents
                .entry(uid)
                .or_default()
                .insert(place.clone());
        }
    }

    fn unlink(&mut self, place: &Place, object: &Value) {
        for owner in owners(object) {
            if let Some(places) = self.dependents.get_mut(owner.str_at(&["uid"])) {
                places.remove(place);
                if places.is_empty() {
                    self.dependents.remove(owner.str_at(&["uid"]));
                }
            }
        }
    }

    fn dependents_of(&self, uid: &str) -> Vec<Place> {
        self.dependents
            .get(uid)
            .map(|d| d.iter().cloned().collect())
            .unwrap_or_default()
    }

    fn changed(&mut self, registry: &Registry, table: Table, event: &Arc<Event>) {
        let place = (table, event.key().to_owned());
        if let Some(before) = &event.before {
            self.unlink(&place, &before.value);
        }
        if event.change == Change::Deleted {
            for dependent in self.dependents_of(event.object.uid()) {
                self.consider(registry, &dependent);
            }
            // An owner may have waited for this one.
            for owner in owners(&event.object.value) {
                if let Some(place) = self.owner_place(registry, &place, owner) {
                    self.consider(registry, &place);
                }
            }
            return;
        }
        self.link(&place, &event.object.value);
        self.consider(registry, &place);
        if let Some(before) = &event.before
            && owners(&before.value) != owners(&event.object.value)
        {
            for owner in owners(&before.value) {
                if let Some(place) = self.owner_place(registry, &place, owner) {
                    self.consider(registry, &place);
                }
            }
        }
    }

    /// Does what is due for one object.
    fn consider(&self, registry: &Registry, place: &Place) {
        let Some(object) = registry.store.get(&place.0, &place.1) else {
            return;
        };
        let Some(kind) = registry.kinds().storage(&place.0.0, &place.0.1) else {
            return;
        };
        if object.deleting() {
            if has_finalizer(&object.value, ORPHAN) {
                self.orphan(registry, &kind, &object);
            } else if has_finalizer(&object.value, FOREGROUND) {
                self.foreground(registry, &kind, &object);
            }
            return;
        }
        self.collect(registry, place, &kind, &object);
    }

    /// Deletes an object whose owners are gone.
    fn collect(&self, registry: &Registry, place: &Place, kind: &Arc<Kind>, object: &Arc<Object>) {
        let references = owners(&object.value);
        if references.is_empty() {
            return;
        }
        let (mut solid, mut waiting) = (false, false);
        let mut gone: Vec<String> = Vec::new();
        for reference in references {
            match self.owner(registry, place, reference) {
                Owner::Solid => solid = true,
                Owner::Waiting => {
                    waiting = true;
                    gone.push(reference.str_at(&["uid"]).to_owned());
                }
                Owner::Dangling => gone.push(reference.str_at(&["uid"]).to_owned()),
                Owner::Unknown => return,
            }
        }
        let target = Target::object(kind, object.namespace(), object.name());
        let outcome = if solid {
            if gone.is_empty() {
                return;
            }
            disown(registry, &target, &gone)
        } else {
            let propagation = if waiting && !self.dependents_of(object.uid()).is_empty() {
                Propagation::Foreground
            } else if has_finalizer(&object.value, ORPHAN) {
                Propagation::Orphan
            } else if has_finalizer(&object.value, FOREGROUND) {
                Propagation::Foreground
            } else {
                Propagation::Background
            };
            let options = DeleteOptions {
                propagation: Some(propagation),
                uid: Some(object.uid().to_owned()),
                write: write_options(),
                ..DeleteOptions::default()
            };
            registry.delete_now(&target, &options).map(|_| ())
        };
        report(&target, outcome);
    }

    /// Lets the dependents of an object go, then the object.
    fn orphan(&self, registry: &Registry, kind: &Arc<Kind>, object: &Arc<Object>) {
        for place in self.dependents_of(object.uid()) {
            let Some(dependent) = registry.store.get(&place.0, &place.1) else {
                continue;
            };
            let Some(kind) = registry.kinds().storage(&place.0.0, &place.0.1) else {
                continue;
            };
            let target = Target::object(&kind, dependent.namespace(), dependent.name());
            let outcome = disown(registry, &target, &[object.uid().to_owned()]);
            if outcome.as_ref().is_err_and(|f| f.code != 404) {
                report(&target, outcome);
                return;
            }
        }
        let target = Target::object(kind, object.namespace(), object.name());
        report(&target, release(registry, &target, ORPHAN));
    }

    /// Deletes the dependents of an object, and lets the object go when none blocks it.
    fn foreground(&self, registry: &Registry, kind: &Arc<Kind>, object: &Arc<Object>) {
        let mut blocked = false;
        for place in self.dependents_of(object.uid()) {
            let Some(dependent) = registry.store.get(&place.0, &place.1) else {
                continue;
            };
            if !dependent.deleting() {
                self.consider(registry, &place);
            }
            let still = registry.store.get(&place.0, &place.1);
            blocked |= still.is_some_and(|d| {
                owners(&d.value).iter().any(|o| {
                    o.str_at(&["uid"]) == object.uid()
                        && o.get("blockOwnerDeletion").and_then(Value::as_bool) == Some(true)
                })
            });
        }
        if !blocked {
            let target = Target::object(kind, object.namespace(), object.name());
            report(&target, release(registry, &target, FOREGROUND));
        }
    }

    fn owner_place(&self, registry: &Registry, place: &Place, reference: &Value) -> Option<Place> {
        let kind = registry.kinds().of_object(
            reference.str_at(&["apiVersion"]),
            reference.str_at(&["kind"]),
        )?;
        let table = (kind.storage_group.clone(), kind.plural.clone());
        let namespace = if kind.namespaced() {
            place.1.split_once('/').map(|(ns, _)| ns)
        } else {
            None
        };
        Some((
            table,
            key(namespace.unwrap_or_default(), reference.str_at(&["name"])),
        ))
    }

    fn owner(&self, registry: &Registry, place: &Place, reference: &Value) -> Owner {
        let (group, _) = split_api_version(reference.str_at(&["apiVersion"]));
        let kind = reference.str_at(&["kind"]);
        let kinds = registry.kinds().all();
        // Any version of the kind will do to find it.
        let Some(kind) = kinds.iter().find(|k| k.group == group && k.kind == kind) else {
            return Owner::Unknown;
        };
        let namespace = place.1.split_once('/').map(|(ns, _)| ns);
        if kind.namespaced() && namespace.is_none() {
            return Owner::Unknown;
        }
        let namespace = if kind.namespaced() {
            namespace.unwrap_or_default()
        } else {
            ""
        };
        let table = (kind.storage_group.clone(), kind.plural.clone());
        let owner = registry
            .store
            .get(&table, &key(namespace, reference.str_at(&["name"])));
        match owner.filter(|o| o.uid() == reference.str_at(&["uid"])) {
            None => Owner::Dangling,
            Some(o) if o.deleting() && has_finalizer(&o.value, FOREGROUND) => Owner::Waiting,
            Some(_) => Owner::Solid,
        }
    }
}

/// Removes references to owners from an object.
fn disown(registry: &Registry, target: &Target, uids: &[String]) -> Result<(), Failure> {
    let done = registry.modify_now(target, &write_options(), |object| {
        let mut references = owners(object).to_vec();
        references.retain(|r| !uids.iter().any(|uid| uid == r.str_at(&["uid"])));
        if references.is_empty() {
            object.remove_at(&["metadata", "ownerReferences"]);
        } else {
            object.set_at(&["metadata", "ownerReferences"], Value::Array(references));
        }
        Ok(())
    });
    done.map(|_| ())
}

/// Removes a finalizer from an object.
fn release(registry: &Registry, target: &Target, finalizer: &str) -> Result<(), Failure> {
    let done = registry.modify_now(target, &write_options(), |object| {
        let mut names = object.array_at(&["metadata", "finalizers"]).to_vec();
        names.retain(|n| n.as_str() != Some(finalizer));
        if names.is_empty() {
            object.remove_at(&["metadata", "finalizers"]);
        } else {
            object.set_at(&["metadata", "finalizers"], Value::Array(names));
        }
        Ok(())
    });
    done.map(|_| ())
}

fn report(target: &Target, outcome: Result<(), Failure>) {
    // Somebody else may have been faster: that is as good.
    if let Err(failure) = outcome
        && !matches!(failure.code, 404 | 409)
    {
        let (kind, name) = (&target.kind.kind, &target.name);
        tracing::warn!(%failure, kind, name, "cannot collect an object");
    }
}
