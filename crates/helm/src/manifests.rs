//! From rendered files to manifests: cut, hooks apart, in the order in which Helm installs.

mod head;

use crate::chart::text;
use crate::compat::Compat;
use crate::engine::Cache;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use value::Value;

/// Kinds in the order in which Helm installs them; all others follow, by name.
const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// How many of them Helm 3 knows: to it, webhook configurations are like any other kind.
const INSTALL_ORDER_HELM_3: usize = INSTALL_ORDER.len() - 2;

/// The events that a hook may name.
const EVENTS: [&str; 10] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
    "test-success",
];

/// What makes a manifest a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
    /// `pre-install`, `post-upgrade`, `test`, ...
    pub events: Vec<String>,
    /// Lower ones come first.
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: Vec<String>,
    /// `hook-succeeded`, `hook-failed`.
    pub output_log_policies: Vec<String>,
}

/// A manifest that a chart rendered.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The template that it comes from.
    pub path: String,
    /// Its text with the line break that Helm prints behind it.
    pub text: String,
    /// Where it begins in what its template wrote.
    pub offset: usize,
    /// What the text says.
    pub object: Arc<Value>,
    /// What makes it a hook; nothing for an ordinary manifest.
    pub hook: Option<Hook>,
}

/// Manifests in order, and hooks in order.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// What is installed.
    pub manifests: Vec<Manifest>,
    /// What runs around that.
    pub hooks: Vec<Manifest>,
}

/// A rendered file that holds something else than manifests.
#[derive(Debug, thiserror::Error)]
#[error("YAML parse error on {path}: {message}")]
pub struct ManifestError {
    /// The template.
    pub path: String,
    /// What is wrong with its text.
    pub message: String,
}

/// Cuts rendered files into manifests. Notes are left out, and so are hooks of events that nobody
/// knows, as Helm does.
///
/// # Errors
/// Fails for text that is no YAML.
pub fn manifests(files: &BTreeMap<String, Vec<u8>>) -> Result<Manifests, ManifestError> {
    let read =
        |(path, text): (&String, &Vec<u8>)| (path.clone(), of_file(path, text, Compat::V4, None));
    sorted(files.iter().map(read).collect(), Compat::V4)
}

/// Reads the manifests of a rendered file, as one Helm or the other does it; texts that were read
/// before are remembered by `cache`.
///
/// # Errors
/// Fails for text that is no YAML.
pub(crate) fn of_file(
    path: &str,
    text: &[u8],
    compat: Compat,
    cache: Option<&Cache>,
) -> Result<Vec<Manifest>, ManifestError> {
    if !is_manifest(path) {
        return Ok(Vec::new());
    }
    // Text that is in order is checked faster than it is repaired.
    let whole = match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(text),
    };
    let mut found = Vec::new();
    for text in yaml::helm_split(&whole) {
        // Helm 3 drops the white space behind a document, too.
        let text = match compat {
            Compat::V4 => text,
            Compat::V3 => text.trim_end(),
        };
        let document = Document {
            path,
            whole: &whole,
            text,
        };
        let manifest = read(&document, cache).map_err(|message| ManifestError {
            path: path.to_owned(),
            message,
        })?;
        found.extend(manifest);
    }
    Ok(found)
}

/// What was read of each file, by its path.
pub(crate) type Read = BTreeMap<String, Result<Vec<Manifest>, ManifestError>>;

/// Brings what was read of files into Helm's order.
///
/// # Errors
/// Fails for the first file that holds something else.
pub(crate) fn sorted(read: Read, compat: Compat) -> Result<Manifests, ManifestError> {
    let mut found = Manifests::default();
    for manifests in read.into_values() {
        for manifest in manifests? {
            match annotation(&manifest.object, "helm.sh/hook") {
                None => found.manifests.push(manifest),
                Some(events) => {
                    if let Some(hook) = hook(&manifest.object, &events) {
                        let hook = Some(hook);
                        found.hooks.push(Manifest { hook, ..manifest });
                    }
                }
            }
        }
    }
    let known_kinds = match compat {
        Compat::V4 => &INSTALL_ORDER[..],
        Compat::V3 => &INSTALL_ORDER[..INSTALL_ORDER_HELM_3],
    };
    let order = |m: &Manifest| {
        let kind = m.object.str_at(&["kind"]);
        let known = known_kinds.iter().position(|k| *k == kind);
        (
            known.unwrap_or(INSTALL_ORDER.len()),
            known.map_or_else(|| kind.to_owned(), |_| String::new()),
        )
    };
    found.manifests.sort_by_cached_key(order);
    found.hooks.sort_by_cached_key(order);
    Ok(found)
}

/// Returns true for files that hold manifests.
fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    !name.starts_with('_') && !path.ends_with("NOTES.txt")
}

/// A part of a rendered file.
struct Document<'d> {
    path: &'d str,
    /// The file.
    whole: &'d str,
    /// The part of it.
    text: &'d str,
}

/// Reads one manifest; nothing if its text says nothing.
fn read(from: &Document<'_>, cache: Option<&Cache>) -> Result<Option<Manifest>, String> {
    let known = cache.and_then(|cache| cache.document(from.text));
    // Helm prints a line break behind the text, which ends a block of text that has none.
    let text = format!("{}\n", from.text);
    let object = match known {
        Some(object) => object,
        None => {
            let object = Arc::new(parse(from.text, &text)?);
            if let Some(cache) = cache {
                cache.keep_document(from.text, &object);
            }
            object
        }
    };
    Ok((!object.is_null()).then(|| Manifest {
        path: from.path.to_owned(),
        text,
        offset: from.text.as_ptr().addr() - from.whole.as_ptr().addr(),
        object,
        hook: None,
    }))
}

/// Reads a document, which `text` has with a line break behind it.
fn parse(document: &str, text: &str) -> Result<Value, String> {
    let object = match yaml::v2::to_value(text.as_bytes()) {
        Ok(object) => object,
        Err(error) => {
            let own = yaml::v2::to_value(document.as_bytes()).err();
            let error = own.unwrap_or(error);
            return Err(format!("error converting YAML to JSON: {error}"));
        }
    };
    head::check(&object)
        .map_err(|e| format!("error unmarshaling JSON: while decoding JSON: {e}"))?;
    Ok(object)
}

/// Ends a stream: Helm drops white space at its end, but for one line break.
pub(crate) fn end(last: &mut Manifest) {
    let length = last.text.trim_end().len();
    let dropped = last.text.split_off(length);
    last.text.push('\n');
    // Only blocks that keep their white space have another meaning now.
    if last.text.contains('+') || dropped.contains([' ', '\t', '\r']) {
        let object = yaml::v2::to_value(last.text.as_bytes());
        last.object = Arc::new(object.unwrap_or_default());
    }
}

fn annotation(object: &Value, name: &str) -> Option<String> {
    text(object.at(&["metadata", "annotations"])?.get(name)?)
}

fn words(list: &str) -> Vec<String> {
    list.split(',')
        .map(|word| word.trim().to_lowercase())
        .collect()
}

/// Returns nothing if one of the events is unknown.
fn hook(object: &Value, events: &str) -> Option<Hook> {
    let mut events = words(events);
    if !events.iter().all(|event| EVENTS.contains(&event.as_str())) {
        return None;
    }
    for event in &mut events {
        if event == "test-success" {
            "test".clone_into(event);
        }
    }
    let list = |name: &str| {
        annotation(object, name)
            .map(|l| words(&l))
            .unwrap_or_default()
    };
    let weight = annotation(object, "helm.sh/hook-weight");
    Some(Hook {
        events,
        weight: weight.and_then(|w| w.parse().ok()).unwrap_or(0),
        delete_policies: list("helm.sh/hook-delete-policy"),
        output_log_policies: list("helm.sh/hook-output-log-policy"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_ordered_and_hooks_apart() {
        let files = BTreeMap::from([
            (
                "c/templates/a.yaml".to_owned(),
                b"kind: Zebra\n---\nkind: Deployment\n---\nkind: Ant\n---\n# nothing\n---\nkind: Service\n"
                    .to_vec(),
            ),
            (
                "c/templates/h.yaml".to_owned(),
                b"kind: Job\nmetadata:\n  annotations:\n    helm.sh/hook: Pre-Install, test-success\n    helm.sh/hook-weight: -5\n    helm.sh/hook-delete-policy: hook-succeeded\n---\nkind: Job\nmetadata: {annotations: {helm.sh/hook: crd-install}}\n"
                    .to_vec(),
            ),
            ("c/templates/NOTES.txt".to_owned(), b"a: b: c".to_vec()),
        ]);
        let found = manifests(&files).expect("it is YAML");
        let kinds: Vec<_> = found
            .manifests
            .iter()
            .map(|m| m.object.str_at(&["kind"]))
            .collect();
        assert_eq!(kinds, ["Service", "Deployment", "Ant", "Zebra"]);
        let [hook] = &found.hooks[..] else {
            panic!("one hook: {:?}", found.hooks);
        };
        let hook = hook.hook.as_ref().expect("it is a hook");
        assert_eq!(hook.events, ["pre-install", "test"]);
        assert_eq!(hook.weight, -5);
        assert_eq!(hook.delete_policies, ["hook-succeeded"]);
    }
}
