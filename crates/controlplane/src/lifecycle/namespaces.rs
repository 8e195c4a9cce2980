//! The end of namespaces: what is in them goes first.

use std::collections::{BTreeMap, HashSet};

use tokio::sync::watch;
use value::{Value, json};

use super::write_options;
use crate::clock;
use crate::registry::{DeleteOptions, ListOptions, Propagation, Registry, Target};
use crate::store::Change;

const FINALIZER: &str = "kubernetes";
/// How long a namespace that is deleted keeps what is in it.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

pub(super) async fn run(registry: Registry, mut stopped: watch::Receiver<bool>) {
    let (present, mut changes) = registry.store.observe();
    let mut ending: HashSet<String> = HashSet::new();
    for (table, object) in present {
        if table.1 == "namespaces" && object.deleting() {
            ending.insert(object.name().to_owned());
        }
    }
    for name in &ending {
        purge(&registry, name);
    }
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            _ = stopped.wait_for(|s| *s) => return,
        };
        let Some(first) = change else { return };
        // Who deletes a namespace may still look at what is in it; kube-controller-manager takes
        // longer.
        if first.0.1 == "namespaces" && first.1.object.deleting() {
            tokio::time::sleep(PAUSE).await;
        }
        let mut due: HashSet<String> = HashSet::new();
        let mut next = Some(first);
        while let Some((table, event)) = next {
            if table.1 == "namespaces" && table.0.is_empty() {
                let name = event.object.name().to_owned();
                if event.change == Change::Deleted {
                    ending.remove(&name);
                } else if event.object.deleting() && ending.insert(name.clone()) {
                    due.insert(name);
                }
            } else if event.change == Change::Deleted && ending.contains(event.object.namespace()) {
                due.insert(event.object.namespace().to_owned());
            }
            next = changes.try_recv().ok();
        }
        for name in due {
            purge(&registry, &name);
        }
    }
}

/// Deletes what is in a namespace, and lets it go if nothing is left.
fn purge(registry: &Registry, name: &str) {
    let prefix = format!("{name}/");
    let options = DeleteOptions {
        propagation: Some(Propagation::Background),
        write: write_options(),
        ..DeleteOptions::default()
    };
    for table in registry.store.tables_under(&prefix) {
        let Some(kind) = registry.kinds().storage(&table.0, &table.1) else {
            continue;
        };
        let all = Target::collection(&kind, name);
        let Ok(listing) = registry.list_now(&all, &ListOptions::default()) else {
            continue;
        };
        for object in listing.objects.iter().filter(|o| !o.deleting()) {
            let target = Target::object(&kind, name, object.name());
            if let Err(failure) = registry.delete_now(&target, &options)
                && failure.code != 404
            {
                let kind = &kind.kind;
                tracing::warn!(%failure, kind, name, "cannot delete what is in a namespace");
            }
        }
    }
    let mut left: Vec<(String, usize)> = Vec::new();
    // What no finalizer keeps, and is there nevertheless: pods that get time to end.
    let mut unexpected: Vec<String> = Vec::new();
    let mut finalizers: BTreeMap<String, usize> = BTreeMap::new();
    for table in registry.store.tables_under(&prefix) {
        let Ok(page) = registry.store.list(&table, &prefix, None) else {
            continue;
        };
        let resource = if table.0.is_empty() {
            format!("{}.", table.1)
        } else {
            format!("{}.{}", table.1, table.0)
        };
        let free = |o: &std::sync::Arc<crate::store::Object>| {
            o.value.array_at(&["metadata", "finalizers"]).is_empty()
        };
        if page.objects.iter().any(free) {
            let version = registry.kinds().storage(&table.0, &table.1);
            let version = version.map_or_else(String::new, |kind| kind.version.clone());
            unexpected.push(format!("{}/{version}, Resource={}", table.0, table.1));
            continue;
        }
        left.push((resource, page.objects.len()));
        for object in &page.objects {
            for finalizer in object.value.array_at(&["metadata", "finalizers"]) {
                *finalizers
                    .entry(finalizer.as_str().unwrap_or_default().to_owned())
                    .or_default() += 1;
            }
        }
    }
    left.sort();
    let empty = left.is_empty() && unexpected.is_empty();
    report(registry, name, &left, &unexpected, &finalizers);
    if empty {
        finish(registry, name);
    }
}

/// Writes down what is still in the way.
fn report(
    registry: &Registry,
    name: &str,
    left: &[(String, usize)],
    unexpected: &[String],
    finalizers: &BTreeMap<String, usize>,
) {
    let Some(kind) = registry.kinds().get("", "v1", "namespaces") else {
        return;
    };
    let target = Target::object(&kind, "", name).sub("status");
    let now = clock::seconds(registry.now());
    let join = |parts: Vec<String>| parts.join(", ");
    let content = join(
        left.iter()
            .map(|(r, n)| format!("{r} has {n} resource instances"))
            .collect(),
    );
    let held = join(
        finalizers
            .iter()
            .map(|(f, n)| format!("{f} in {n} resource instances"))
            .collect(),
    );
    let remaining = |what: &str| format!("Some {what}");
    let conditions = [
        (
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        if unexpected.is_empty() {
            (
                "NamespaceDeletionContentFailure",
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization".to_owned(),
            )
        } else {
            let each = |gvr: &String| {
                format!("unexpected items still remain in namespace: {name} for gvr: {gvr}")
            };
            let list: Vec<String> = unexpected.iter().map(each).collect();
            (
                "NamespaceDeletionContentFailure",
                "True",
                "ContentDeletionFailed",
                format!(
                    "Failed to delete all resource types, {} remaining: {}",
                    list.len(),
                    list.join(", ")
                ),
            )
        },
        if left.is_empty() {
            (
                "NamespaceContentRemaining",
                "False",
                "ContentRemoved",
                "All content successfully removed".to_owned(),
            )
        } else {
            (
                "NamespaceContentRemaining",
                "True",
                "SomeResourcesRemain",
                remaining(&format!("resources are remaining: {content}")),
            )
        },
        if finalizers.is_empty() {
            (
                "NamespaceFinalizersRemaining",
                "False",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished".to_owned(),
            )
        } else {
            (
                "NamespaceFinalizersRemaining",
                "True",
                "SomeFinalizersRemain",
                remaining(&format!(
                    "content in the namespace has finalizers remaining: {held}"
                )),
            )
        },
    ];
    let conditions: Vec<Value> = conditions
        .into_iter()
        .map(|(kind, status, reason, message)| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": now.as_str(),
            })
        })
        .collect();
    // The namespace may be gone by now.
    let _ = registry.modify_now(&target, &write_options(), |namespace| {
        let known: Vec<Value> = namespace.array_at(&["status", "conditions"]).to_vec();
        let conditions = conditions.iter().map(|condition| {
            let same = known.iter().find(|k| {
                ["type", "status", "reason", "message"]
                    .iter()
                    .all(|f| k.get(f) == condition.get(f))
            });
            same.unwrap_or(condition).clone()
        });
        let conditions: Vec<Value> = conditions.collect();
        namespace.set_at(&["status", "conditions"], conditions);
        Ok(())
    });
}

/// Removes the finalizer of the namespace itself.
fn finish(registry: &Registry, name: &str) {
    let Some(kind) = registry.kinds().get("", "v1", "namespaces") else {
        return;
    };
    let target = Target::object(&kind, "", name).sub("finalize");
    let done = registry.modify_now(&target, &write_options(), |namespace| {
        let mut names = namespace.array_at(&["spec", "finalizers"]).to_vec();
        names.retain(|n| n.as_str() != Some(FINALIZER));
        if names.is_empty() {
            namespace.remove_at(&["spec", "finalizers"]);
        } else {
            namespace.set_at(&["spec", "finalizers"], Value::Array(names));
        }
        Ok(())
    });
    if let Err(failure) = done
        && failure.code != 404
    {
        tracing::warn!(%failure, name, "cannot finish a namespace");
    }
}
