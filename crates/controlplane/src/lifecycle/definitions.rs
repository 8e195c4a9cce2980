//! CustomResourceDefinitions: their names are accepted or not, their kinds come and go, and when
//! one goes its objects go first.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;
use value::{Value, json};

use crate::clock;
use crate::definition::{self, FINALIZER};
use crate::kinds::Kind;
use crate::registry::{DeleteOptions, ListOptions, Propagation, Registry, Target, WriteOptions};
use crate::store::{Change, Table};

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";

fn table() -> Table {
    (GROUP.to_owned(), PLURAL.to_owned())
}

/// Returns how this part writes: on a real cluster it is the API server itself.
fn write_options() -> WriteOptions {
    WriteOptions::system("kube-apiserver")
}

/// Makes the kinds known whose definitions are there already.
pub(super) fn restore(registry: &Registry) {
    for definition in all(registry) {
        define(registry, &definition);
    }
}

fn all(registry: &Registry) -> Vec<Value> {
    let page = registry.store.list(&table(), "", None);
    let objects = page.map(|page| page.objects).unwrap_or_default();
    objects.iter().map(|o| o.value.clone()).collect()
}

pub(super) async fn run(registry: Registry, mut stopped: watch::Receiver<bool>) {
    let (present, mut changes) = registry.store.observe();
    for (of, object) in present {
        if of == table() {
            settle(&registry, &object.value);
        }
    }
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            _ = stopped.wait_for(|s| *s) => return,
        };
        let Some((of, event)) = change else { return };
        if of == table() {
            if event.change == Change::Deleted {
                let spec = |names: &[&str]| event.object.value.str_at(names).to_owned();
                let plural = spec(&["spec", "names", "plural"]);
                registry
                    .kinds()
                    .define(&spec(&["spec", "group"]), &plural, Vec::new());
                // Names that it had are free for others now.
                for other in all(&registry) {
                    settle(&registry, &other);
                }
            } else {
                settle(&registry, &event.object.value);
            }
        } else if event.change == Change::Deleted
            && let Some(kind) = registry.kinds().storage(&of.0, &of.1)
            && kind.definition.as_ref().is_some_and(|d| d.terminating)
        {
            let name = format!("{}.{}", of.1, of.0);
            if let Some(object) = registry.store.get(&table(), &name) {
                settle(&registry, &object.value);
            }
        }
    }
}

/// Brings one definition to where it shall be.
fn settle(registry: &Registry, definition: &Value) {
    if definition.at(&["metadata", "deletionTimestamp"]).is_some() {
        define(registry, definition);
        return end(registry, definition);
    }
    let (names, conditions) = names_and_conditions(registry, definition);
    set_status(registry, definition, |definition| {
        definition.set_at(&["status", "acceptedNames"], names.clone());
        let mut known = definition.array_at(&["status", "conditions"]).to_vec();
        for condition in &conditions {
            set_condition(&mut known, condition);
        }
        definition.set_at(&["status", "conditions"], known);
    });
    if let Some(now) = registry
        .store
        .get(&table(), definition.str_at(&["metadata", "name"]))
    {
        define(registry, &now.value);
    }
}

fn established(definition: &Value) -> bool {
    let conditions = definition.array_at(&["status", "conditions"]);
    conditions
        .iter()
        .any(|c| c.str_at(&["type"]) == "Established" && c.str_at(&["status"]) == "True")
}

/// Makes the kind of an established definition known, as the definition now says it.
fn define(registry: &Registry, definition: &Value) {
    if !established(definition) {
        return;
    }
    let name = definition.str_at(&["metadata", "name"]);
    match definition::rows(definition) {
        Ok(rows) => {
            let group = definition.str_at(&["spec", "group"]);
            let plural = definition.str_at(&["spec", "names", "plural"]);
            registry.kinds().define(group, plural, rows);
        }
        Err(error) => tracing::warn!(%error, name, "cannot serve a custom resource"),
    }
}

/// Puts a condition among those that are known. Its time is that of the last change.
fn set_condition(known: &mut Vec<Value>, condition: &Value) {
    let same_type = |k: &&mut Value| k.get("type") == condition.get("type");
    match known.iter_mut().find(same_type) {
        Some(old) => {
            let time = old.get("lastTransitionTime").cloned();
            let unchanged = old.get("status") == condition.get("status");
            *old = condition.clone();
            if let Some(time) = time.filter(|_| unchanged) {
                old.set_at(&["lastTransitionTime"], time);
            }
        }
        None => known.push(condition.clone()),
    }
}

fn set_status(registry: &Registry, definition: &Value, change: impl Fn(&mut Value)) {
    let Some(kind) = registry.kinds().get(GROUP, "v1", PLURAL) else {
        return;
    };
    let name = definition.str_at(&["metadata", "name"]);
    let target = Target::object(&kind, "", name).sub("status");
    let uid = definition.str_at(&["metadata", "uid"]);
    let done = registry.modify_now(&target, &write_options(), |live| {
        if live.str_at(&["metadata", "uid"]) == uid {
            change(live);
        }
        Ok(())
    });
    if let Err(failure) = done
        && failure.code != 404
    {
        tracing::warn!(%failure, name, "cannot write the status of a definition");
    }
}

fn condition(now: &str, kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": status, "lastTransitionTime": now, "reason": reason,
        "message": message,
    })
}

/// Returns the names that a definition may have, and what is to be said about that. Within a
/// group every name belongs to one definition.
fn names_and_conditions(registry: &Registry, definition: &Value) -> (Value, Vec<Value>) {
    let group = definition.str_at(&["spec", "group"]);
    let own = definition.str_at(&["metadata", "name"]);
    let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for other in all(registry) {
        if other.str_at(&["spec", "group"]) != group || other.str_at(&["metadata", "name"]) == own {
            continue;
        }
        let accepted = |name: &str| other.str_at(&["status", "acceptedNames", name]).to_owned();
        resources.extend([accepted("plural"), accepted("singular")]);
        let short = other.array_at(&["status", "acceptedNames", "shortNames"]);
        resources.extend(short.iter().filter_map(Value::as_str).map(str::to_owned));
        kinds.extend([accepted("kind"), accepted("listKind")]);
    }
    let wanted = definition.at(&["spec", "names"]).unwrap_or(&Value::Null);
    let mut names = definition
        .at(&["status", "acceptedNames"])
        .cloned()
        .unwrap_or_else(Value::object);
    let mut conflict: Option<(&str, String)> = None;
    let mut take = |name: &str, taken: &BTreeSet<String>, reason: &'static str| {
        let text = wanted.str_at(&[name]);
        if !text.is_empty() && taken.contains(text) {
            conflict = Some((reason, format!("\"{text}\" is already in use")));
        } else if let Some(value) = wanted.get(name) {
            names.set_at(&[name], value.clone());
        }
    };
    take("plural", &resources, "PluralConflict");
    take("singular", &resources, "SingularConflict");
    take("kind", &kinds, "KindConflict");
    take("listKind", &kinds, "ListKindConflict");
    let short = wanted.array_at(&["shortNames"]).iter();
    let used: Vec<String> = short
        .filter_map(Value::as_str)
        .filter(|name| resources.contains(*name))
        .map(|name| format!("\"{name}\" is already in use"))
        .collect();
    for (name, free) in [("shortNames", used.is_empty()), ("categories", true)] {
        match wanted.get(name).filter(|_| free) {
            Some(list) => names.set_at(&[name], list.clone()),
            None if free => {
                names.remove_at(&[name]);
            }
            None => {}
        }
    }
    // A conflict of kinds is told rather than one of short names.
    if conflict.is_none() && !used.is_empty() {
        conflict = Some(("ShortNamesConflict", used.join(", ")));
    }
    let now = clock::seconds(registry.now());
    let accepted = conflict.is_none();
    let naming = match &conflict {
        Some((reason, message)) => condition(&now, "NamesAccepted", "False", reason, message),
        None => condition(
            &now,
            "NamesAccepted",
            "True",
            "NoConflicts",
            "no conflicts found",
        ),
    };
    let establishing = if accepted || established(definition) {
        condition(
            &now,
            "Established",
            "True",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        )
    } else {
        condition(
            &now,
            "Established",
            "False",
            "NotAccepted",
            "not all names are accepted",
        )
    };
    let mut conditions = vec![naming, establishing];
    conditions.extend(approval(definition, group, &now));
    (names, conditions)
}

/// Returns what is to be said about a group that belongs to Kubernetes itself.
fn approval(definition: &Value, group: &str, now: &str) -> Option<Value> {
    if !crate::validate::is_protected(group) {
        return None;
    }
    let path = ["metadata", "annotations", "api-approved.kubernetes.io"];
    let approval = definition.str_at(&path);
    let (status, reason, message) = if approval.starts_with("unapproved") {
        (
            "False",
            "UnapprovedAnnotation",
            format!("not approved: \"{approval}\""),
        )
    } else {
        (
            "True",
            "ApprovedAnnotation",
            format!("approved in {approval}"),
        )
    };
    let kind = "KubernetesAPIApprovalPolicyConformant";
    Some(condition(now, kind, status, reason, &message))
}

/// Deletes the objects of a definition that is going, and lets it go when none is left.
fn end(registry: &Registry, definition: &Value) {
    let finalizers = definition.array_at(&["metadata", "finalizers"]);
    if !finalizers.iter().any(|f| f.as_str() == Some(FINALIZER)) {
        return;
    }
    let group = definition.str_at(&["spec", "group"]).to_owned();
    let plural = definition.str_at(&["spec", "names", "plural"]).to_owned();
    let kind = registry.kinds().storage(&group, &plural);
    if let Some(kind) = kind.filter(|k| k.definition.is_some())
        && count(registry, &kind) > 0
    {
        in_progress(registry, definition);
        delete_objects(registry, &kind);
        if count(registry, &kind) > 0 {
            return;
        }
    }
    let Some(kind) = registry.kinds().get(GROUP, "v1", PLURAL) else {
        return;
    };
    let name = definition.str_at(&["metadata", "name"]);
    let target = Target::object(&kind, "", name);
    let done = registry.modify_now(&target, &write_options(), |live| {
        let mut names = live.array_at(&["metadata", "finalizers"]).to_vec();
        names.retain(|f| f.as_str() != Some(FINALIZER));
        if names.is_empty() {
            live.remove_at(&["metadata", "finalizers"]);
        } else {
            live.set_at(&["metadata", "finalizers"], names);
        }
        Ok(())
    });
    if let Err(failure) = done
        && failure.code != 404
    {
        tracing::warn!(%failure, name, "cannot let a definition go");
    }
}

/// Writes down that the objects of a definition are being deleted.
fn in_progress(registry: &Registry, definition: &Value) {
    let now = clock::seconds(registry.now());
    let going = condition(
        &now,
        "Terminating",
        "True",
        "InstanceDeletionInProgress",
        "CustomResource deletion is in progress",
    );
    set_status(registry, definition, |definition| {
        let mut known = definition.array_at(&["status", "conditions"]).to_vec();
        set_condition(&mut known, &going);
        definition.set_at(&["status", "conditions"], known);
    });
}

/// Returns how many objects of a kind there are.
fn count(registry: &Registry, kind: &Arc<Kind>) -> usize {
    let all = Target::collection(kind, "");
    let listing = registry.list_now(&all, &ListOptions::default());
    listing.map_or(0, |listing| listing.objects.len())
}

/// Deletes all objects of a kind.
fn delete_objects(registry: &Registry, kind: &Arc<Kind>) {
    let options = DeleteOptions {
        propagation: Some(Propagation::Background),
        write: write_options(),
        ..DeleteOptions::default()
    };
    let all = Target::collection(kind, "");
    let Ok(listing) = registry.list_now(&all, &ListOptions::default()) else {
        return;
    };
    for object in listing.objects.iter().filter(|o| !o.deleting()) {
        let target = Target::object(kind, object.namespace(), object.name());
        if let Err(failure) = registry.delete_now(&target, &options)
            && failure.code != 404
        {
            let kind = &kind.kind;
            tracing::warn!(%failure, kind, "cannot delete what a definition leaves");
        }
    }
}
