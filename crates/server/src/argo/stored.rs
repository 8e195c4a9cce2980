//! Repositories, credential templates and clusters are Secrets with a label, where and as Argo CD
//! keeps them.

use crate::access::Desk;
use crate::refusal::{Code, Refusal};
use api::names;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rbac::Permit;
use value::{Object, Value, json};

/// On Secrets that a server has made: those alone are deleted, others only lose their label.
const MANAGED_BY: &str = "managed-by";
const MANAGED_BY_US: &str = "argocd.argoproj.io";
/// Annotations that are nobody's business on the wire.
const HIDDEN: [&str; 2] = [
    MANAGED_BY,
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// What a Secret is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Repository,
    Credentials,
    Cluster,
}

impl Kind {
    const fn label(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Credentials => "repo-creds",
            Self::Cluster => "cluster",
        }
    }
}

/// A Secret of the installation; its values stay here unless a name is asked for.
pub(super) struct Stored(Value);

/// What is to be written: texts by key, and metadata of people's own.
#[derive(Default)]
pub(super) struct Content {
    pub(super) texts: Object,
    pub(super) labels: Object,
    pub(super) annotations: Object,
}

impl Stored {
    /// Returns a text; empty if there is none.
    pub(super) fn text(&self, key: &str) -> String {
        let bytes = STANDARD.decode(self.0.str_at(&["data", key]));
        let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.unwrap_or_default()
    }

    /// Returns true if a text says so.
    pub(super) fn flag(&self, key: &str) -> bool {
        // As Go's `strconv.ParseBool` reads it.
        matches!(
            self.text(key).as_str(),
            "1" | "t" | "T" | "true" | "TRUE" | "True"
        )
    }

    /// Returns labels or annotations without those that say what the Secret is.
    pub(super) fn metadata(&self, field: &str) -> Object {
        let own = self
            .0
            .at(&["metadata", field])
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Object::iter);
        own.filter(|(name, _)| {
            let name = name.as_str();
            name != names::SECRET_TYPE && !HIDDEN.contains(&name)
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
    }

    fn name(&self) -> &str {
        self.0.str_at(&["metadata", "name"])
    }
}

fn path(desk: &Desk, name: &str) -> String {
    let slash = if name.is_empty() { "" } else { "/" };
    format!(
        "/api/v1/namespaces/{}/secrets{slash}{name}",
        desk.namespace()
    )
}

/// Returns the Secrets of a kind; none if they may not be read.
pub(super) async fn list(desk: &Desk, kind: Kind) -> Vec<Stored> {
    let label = names::SECRET_TYPE.replace('/', "%2F");
    let path = format!(
        "{}?labelSelector={label}%3D{}",
        path(desk, ""),
        kind.label()
    );
    let found = desk.kept(&path).await;
    let found = found.as_ref().map_or(&[][..], |l| l.array_at(&["items"]));
    found.iter().map(|secret| Stored(secret.clone())).collect()
}

/// Makes a Secret.
pub(super) async fn create(
    desk: &Desk,
    permit: &Permit,
    kind: Kind,
    name: &str,
    content: Content,
) -> Result<(), Refusal> {
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": desk.namespace()},
        "stringData": content.texts,
    });
    secret.set_at(&["metadata", "labels"], content.labels);
    secret.set_at(&["metadata", "annotations"], content.annotations);
    secret.set_at(&["metadata", "labels", names::SECRET_TYPE], kind.label());
    secret.set_at(&["metadata", "annotations", MANAGED_BY], MANAGED_BY_US);
    let path = format!("{}?fieldManager=windlass-dashboard", path(desk, ""));
    match desk.client(permit).create(&path, &secret).await {
        Err(error) if error.code == 409 => Err(Refusal::new(
            Code::Aborted,
            format!("the secret {name} is there already, and isn't labelled as what it is for"),
        )
        .hint("label it, or delete it")),
        Err(error) => Err(hushed(error).into()),
        Ok(_) => Ok(()),
    }
}

/// Changes a Secret: texts that it has or gets are set; the rest stays. Labels and annotations are
/// replaced if any are given.
pub(super) async fn update(
    desk: &Desk,
    permit: &Permit,
    stored: &Stored,
    content: Content,
) -> Result<(), Refusal> {
    let mut patch = json!({"metadata": {
        "resourceVersion": stored.0.str_at(&["metadata", "resourceVersion"]),
    }});
    let mut texts = Object::new();
    for (key, text) in content.texts.iter() {
        let is_there = stored.0.at(&["data", key.as_str()]).is_some();
        if is_there || text.as_str() != Some("") {
            texts.insert(key.clone(), text.clone());
        }
    }
    patch.set_at(&["stringData"], texts);
    for (field, wanted) in [
        ("labels", content.labels),
        ("annotations", content.annotations),
    ] {
        if wanted.is_empty() {
            continue;
        }
        for (name, _) in stored.metadata(field).iter() {
            patch.set_at(&["metadata", field, name.as_str()], Value::Null);
        }
        for (name, value) in wanted.iter().filter(|(n, _)| *n != names::SECRET_TYPE) {
            patch.set_at(&["metadata", field, name.as_str()], value.clone());
        }
    }
    let path = format!(
        "{}?fieldManager=windlass-dashboard",
        path(desk, stored.name())
    );
    let answer = desk.client(permit).merge_patch(&path, &patch).await;
    answer.map(|_| ()).map_err(|e| hushed(e).into())
}

/// Deletes a Secret that a server has made; another one, of somebody's Git, only loses its label.
pub(super) async fn delete(desk: &Desk, permit: &Permit, stored: &Stored) -> Result<(), Refusal> {
    let path = path(desk, stored.name());
    let client = desk.client(permit);
    let ours = ["metadata", "annotations", MANAGED_BY];
    if stored.0.str_at(&ours) == MANAGED_BY_US {
        client.delete(&path, &Value::object()).await?;
    } else {
        let mut patch = Value::object();
        patch.set_at(&["metadata", "labels", names::SECRET_TYPE], Value::Null);
        client.merge_patch(&path, &patch).await?;
    }
    Ok(())
}

/// A server that refuses a Secret may repeat what is in it.
fn hushed(mut error: cluster::ApiError) -> cluster::ApiError {
    if matches!(error.code, 400 | 422) {
        "the secret is not accepted".clone_into(&mut error.message);
    }
    error
}

/// Returns the 32 bit FNV-1a digest of texts, from which Argo CD makes the names of Secrets.
pub(super) fn fnv(parts: &[&str]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_argo_cd_reads_it() {
        let stored = Stored(json!({
            "metadata": {"labels": {"team": "a"}},
            "data": {"url": "aHR0cHM6Ly94", "insecure": "dHJ1ZQ=="},
        }));
        assert_eq!(stored.text("url"), "https://x");
        assert_eq!(
            (stored.flag("insecure"), stored.flag("enableLfs")),
            (true, false)
        );
        assert_eq!(stored.metadata("labels").len(), 1);
        assert_eq!(fnv(&["http://foo"]), 752_281_925);
    }
}
