//! Which kinds the cluster has, and under which paths.

use crate::client::{ApiError, Client};
use engine::ObjectKey;
use std::collections::HashMap;
use std::sync::Arc;
use value::Value;

/// A kind as the API server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The group; empty for the core group.
    pub group: Box<str>,
    /// The version.
    pub version: Box<str>,
    /// The kind.
    pub kind: Box<str>,
    /// The name in paths.
    pub plural: Box<str>,
    /// What people call it besides: `deployment`, `deploy`.
    pub nicknames: Box<[Box<str>]>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it can be listed and watched.
    pub watchable: bool,
}

impl Resource {
    /// Returns the path of all objects of the kind, in one namespace or (`""`) in all.
    #[must_use]
    pub fn collection_path(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            format!("{root}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}/{}", self.plural)
        }
    }

    /// Returns the path of one object.
    #[must_use]
    pub fn object_path(&self, key: &ObjectKey) -> String {
        format!("{}/{}", self.collection_path(&key.namespace), key.name)
    }
}

type GroupKind = (Box<str>, Box<str>);

/// The kinds of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// By group and kind; the first version is the preferred one.
    kinds: HashMap<GroupKind, Vec<Arc<Resource>>>,
    /// The server's version, like `v1.36.3`.
    version: Box<str>,
}

impl Discovery {
    /// Asks the API server (three requests).
    ///
    /// # Errors
    /// Fails if the server can't be reached or doesn't answer in the aggregated form, which every
    /// server since Kubernetes 1.27 does.
    pub async fn fetch(client: &Client) -> Result<Self, ApiError> {
        let mut it = Self::default();
        for path in ["/api?", "/apis?"] {
            let document = client.get(path).await?;
            if document.str_at(&["kind"]) != "APIGroupDiscoveryList" {
                return Err(ApiError {
                    code: 0,
                    reason: "Unsupported".into(),
                    message: "the API server doesn't offer aggregated discovery: Kubernetes 1.27 \
                              or newer is needed"
                        .into(),
                });
            }
            it.read(&document);
        }
        // Who may not ask it gets charts for the version that Helm assumes.
        if let Ok(version) = client.get("/version").await {
            it.version = version.str_at(&["gitVersion"]).into();
        }
        Ok(it)
    }

    fn read(&mut self, document: &Value) {
        for group in document.array_at(&["items"]) {
            let name = group.str_at(&["metadata", "name"]);
            for version in group.array_at(&["versions"]) {
                for resource in version.array_at(&["resources"]) {
                    self.add(name, version.str_at(&["version"]), resource);
                }
            }
        }
    }

    fn add(&mut self, group: &str, version: &str, resource: &Value) {
        let verbs = resource.array_at(&["verbs"]);
        let can = |verb: &str| verbs.iter().any(|v| v.as_str() == Some(verb));
        let own = |name: &str, default: &str| -> Box<str> {
            match resource.str_at(&["responseKind", name]) {
                "" => default.into(),
                text => text.into(),
            }
        };
        let short = resource.array_at(&["shortNames"]).iter();
        let nicknames = short
            .filter_map(Value::as_str)
            .chain([resource.str_at(&["singularResource"])])
            .filter(|name| !name.is_empty());
        let it = Resource {
            group: own("group", group),
            version: own("version", version),
            kind: resource.str_at(&["responseKind", "kind"]).into(),
            plural: resource.str_at(&["resource"]).into(),
            nicknames: nicknames.map(Into::into).collect(),
            namespaced: resource.str_at(&["scope"]) == "Namespaced",
            watchable: can("list") && can("watch"),
        };
        let key = (it.group.clone(), it.kind.clone());
        self.kinds.entry(key).or_default().push(Arc::new(it));
    }

    /// Returns every kind in the version that the server prefers.
    pub fn preferred(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.kinds.values().filter_map(|versions| versions.first())
    }

    /// Returns true if the server serves a version of a group.
    #[must_use]
    pub fn has_group_version(&self, api_version: &str) -> bool {
        let (group, version) = engine::split_api_version(api_version);
        let mut kinds = self.kinds.iter().filter(|((g, _), _)| **g == *group);
        kinds.any(|(_, versions)| versions.iter().any(|r| &*r.version == version))
    }

    /// Returns the server's version, like `v1.36.3`; empty if it doesn't say.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns what the cluster serves, as charts ask for it: `apps/v1` and `apps/v1/Deployment`,
    /// sorted.
    #[must_use]
    pub fn api_versions(&self) -> Vec<String> {
        let mut all = std::collections::BTreeSet::new();
        for resource in self.kinds.values().flatten() {
            let version = match &*resource.group {
                "" => resource.version.to_string(),
                group => format!("{group}/{}", resource.version),
            };
            all.insert(format!("{version}/{}", resource.kind));
            all.insert(version);
        }
        all.into_iter().collect()
    }

    /// Returns a kind by any of its names, as `kubectl` takes them: `deploy`, `Deployment`,
    /// `deployments.apps`, `deployments.v1.apps`. Of several groups with that name, the first that
    /// the API server lists in the order of their names, the core group before all.
    #[must_use]
    pub fn named(&self, text: &str) -> Option<&Arc<Resource>> {
        let lower = text.to_lowercase();
        let fits = |resource: &Resource| {
            let (name, rest) = lower.split_once('.').unwrap_or((&lower, ""));
            let has_name = *resource.plural == *name
                || resource.kind.eq_ignore_ascii_case(name)
                || resource.nicknames.iter().any(|known| **known == *name);
            let with_version = match &*resource.group {
                "" => resource.version.to_string(),
                group => format!("{}.{group}", resource.version),
            };
            has_name && (rest.is_empty() || *rest == *resource.group || rest == with_version)
        };
        self.kinds
            .values()
            .filter_map(|versions| versions.iter().find(|r| fits(r)))
            .min_by_key(|resource| (&resource.group, &resource.kind))
    }

    /// Returns a kind, in the version asked for if there is one (`""` is the preferred one).
    #[must_use]
    pub fn find(&self, group: &str, kind: &str, version: &str) -> Option<&Arc<Resource>> {
        let versions = self.kinds.get(&(group.into(), kind.into()))?;
        if version.is_empty() {
            return versions.first();
        }
        versions.iter().find(|r| &*r.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn kinds_have_paths_and_the_first_version_is_preferred() {
        let resource = json!({
            "resource": "deployments", "singularResource": "deployment", "shortNames": ["deploy"],
            "scope": "Namespaced", "verbs": ["get", "list", "watch"],
            "responseKind": {"group": "", "version": "", "kind": "Deployment"},
        });
        let mut it = Discovery::default();
        it.read(
            &json!({"items": [{"metadata": {"name": "apps"}, "versions": [
                {"version": "v1", "resources": [resource.clone()]},
                {"version": "v1beta1", "resources": [resource]},
            ]}]}),
        );
        let found = it.find("apps", "Deployment", "").unwrap();
        assert_eq!(&*found.version, "v1");
        assert!(found.watchable);
        let key = ObjectKey::new("apps", "Deployment", "ns", "web");
        assert_eq!(
            found.object_path(&key),
            "/apis/apps/v1/namespaces/ns/deployments/web"
        );
        assert_eq!(found.collection_path(""), "/apis/apps/v1/deployments");
        assert!(it.find("apps", "Deployment", "v2").is_none());
        for name in [
            "deploy",
            "Deployment",
            "deployments.apps",
            "deploy.v1beta1.apps",
        ] {
            assert!(it.named(name).is_some(), "{name}");
        }
        for name in ["deploy.batch", "deployer", "deployments.v2.apps"] {
            assert!(it.named(name).is_none(), "{name}");
        }
    }
}
