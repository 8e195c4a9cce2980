//! What stands in an `AppProject`.

use crate::integrity::{self, IntegrityPolicy};
use crate::windows::{Window, Windows};
use value::Value;

/// A project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Words about it.
    pub description: String,
    /// Repositories that applications may come from.
    pub source_repos: Vec<String>,
    /// Namespaces, besides the control plane's, that applications may live in.
    pub source_namespaces: Vec<String>,
    /// Where applications may deploy to.
    pub destinations: Vec<DestinationRule>,
    /// Cluster-scoped kinds that are allowed; none are unless they are listed.
    pub cluster_allowed: Vec<KindRule>,
    /// Cluster-scoped kinds that are denied.
    pub cluster_denied: Vec<KindRule>,
    /// Namespaced kinds that are allowed; all are unless there is a list.
    pub namespaced_allowed: Option<Vec<KindRule>>,
    /// Namespaced kinds that are denied.
    pub namespaced_denied: Vec<KindRule>,
    /// Who may do what.
    pub roles: Vec<Role>,
    /// What happens to objects in its namespaces that belong to no application.
    pub orphaned_resources: Option<OrphanedResources>,
    /// When applications may sync.
    pub windows: Windows,
    /// Whose signatures commits must bear.
    pub integrity: Vec<IntegrityPolicy>,
    /// Only clusters that belong to the project may be deployed to.
    pub only_own_clusters: bool,
    /// The clusters that belong to it. Its resource doesn't say: theirs do.
    pub own_clusters: Vec<Cluster>,
    /// As whom to deploy.
    pub service_accounts: Vec<DestinationServiceAccount>,
}

/// Somewhere to deploy to, in patterns; with `!` in front, somewhere not to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationRule {
    /// The cluster's address.
    pub server: String,
    /// The cluster's name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
}

/// Kinds of objects, in patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindRule {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The object's name; empty for all. Only cluster-scoped kinds have it.
    pub name: String,
}

/// A cluster, by its address and its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The address.
    pub server: String,
    /// The name.
    pub name: String,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Words about it.
    pub description: String,
    /// Lines of policy: `p, proj:team:dev, applications, sync, team/*, allow`.
    pub policies: Vec<String>,
    /// Groups of the login provider that have it.
    pub groups: Vec<String>,
    /// Tokens that were made for it.
    pub tokens: Vec<Token>,
}

/// A token of a role, without its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Its identity; empty for old ones.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub issued_at: i64,
    /// When it ends; zero for never.
    pub expires_at: i64,
}

/// How orphaned objects are treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrphanedResources {
    /// Whether an application with orphans is warned.
    pub warn: bool,
    /// Objects that don't count.
    pub ignore: Vec<KindRule>,
}

/// A service account that syncs to some destinations are done as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationServiceAccount {
    /// The cluster's address, a pattern.
    pub server: String,
    /// The namespace, a pattern.
    pub namespace: String,
    /// `name` or `namespace:name`.
    pub account: String,
}

fn text(value: &Value, name: &str) -> String {
    value.str_at(&[name]).to_owned()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// Returns the texts of a list.
pub(crate) fn texts(value: &Value, name: &str) -> Vec<String> {
    let items = value.array_at(&[name]).iter();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn list<T>(spec: &Value, name: &str, read: fn(&Value) -> T) -> Vec<T> {
    spec.array_at(&[name]).iter().map(read).collect()
}

impl Project {
    /// Reads a project from its resource. What isn't there has its default.
    #[must_use]
    pub fn parse(resource: &Value) -> Self {
        let absent = Value::object();
        let spec = resource.get("spec").unwrap_or(&absent);
        Self {
            name: resource.str_at(&["metadata", "name"]).to_owned(),
            description: text(spec, "description"),
            source_repos: texts(spec, "sourceRepos"),
            source_namespaces: texts(spec, "sourceNamespaces"),
            destinations: list(spec, "destinations", destination),
            cluster_allowed: list(spec, "clusterResourceWhitelist", kind_rule),
            cluster_denied: list(spec, "clusterResourceBlacklist", kind_rule),
            namespaced_allowed: spec
                .get("namespaceResourceWhitelist")
                .and_then(Value::as_array)
                .map(|rules| rules.iter().map(kind_rule).collect()),
            namespaced_denied: list(spec, "namespaceResourceBlacklist", kind_rule),
            roles: list(spec, "roles", role),
            orphaned_resources: spec
                .get("orphanedResources")
                .filter(|settings| settings.is_object())
                .map(|settings| OrphanedResources {
                    warn: settings
                        .get("warn")
                        .and_then(Value::as_bool)
                        .unwrap_or(true),
                    ignore: list(settings, "ignore", kind_rule),
                }),
            windows: Windows::new(list(spec, "syncWindows", Window::parse)),
            integrity: integrity::policies(spec),
            only_own_clusters: flag(spec, "permitOnlyProjectScopedClusters"),
            own_clusters: Vec::new(),
            service_accounts: list(spec, "destinationServiceAccounts", service_account),
        }
    }
}

fn destination(value: &Value) -> DestinationRule {
    DestinationRule {
        server: text(value, "server"),
        name: text(value, "name"),
        namespace: text(value, "namespace"),
    }
}

fn kind_rule(value: &Value) -> KindRule {
    KindRule {
        group: text(value, "group"),
        kind: text(value, "kind"),
        name: text(value, "name"),
    }
}

fn role(value: &Value) -> Role {
    Role {
        name: text(value, "name"),
        description: text(value, "description"),
        policies: texts(value, "policies"),
        groups: texts(value, "groups"),
        tokens: list(value, "jwtTokens", |token| Token {
            id: text(token, "id"),
            issued_at: token.i64_at(&["iat"]).unwrap_or_default(),
            expires_at: token.i64_at(&["exp"]).unwrap_or_default(),
        }),
    }
}

fn service_account(value: &Value) -> DestinationServiceAccount {
    DestinationServiceAccount {
        server: text(value, "server"),
        namespace: text(value, "namespace"),
        account: text(value, "defaultServiceAccount"),
    }
}
