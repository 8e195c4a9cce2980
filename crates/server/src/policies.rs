//! The policy that counts now: `argocd-rbac-cm`, the roles of the projects, and who is an
//! administrator from the start.

use cluster::{Client, Cluster, Objects, follow_selected};
use engine::ObjectKey;
use rbac::{Config, Policy};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use value::Value;

const POLICY: &str = "argocd-rbac-cm";

/// The policy, followed.
pub(crate) struct Policies {
    current: RwLock<Arc<Current>>,
    generation: AtomicU64,
}

/// The policy at one moment.
pub(crate) struct Current {
    pub(crate) policy: Policy,
    /// The policy without the projects' roles.
    base: Policy,
    pub(crate) config: Config,
    /// What couldn't be taken, in sentences.
    pub(crate) refused: Vec<String>,
    /// Grows with every change.
    pub(crate) generation: u64,
    /// A digest of what all this was read from.
    read_from: u64,
}

impl Policies {
    pub(crate) fn new(admins: &[String]) -> Self {
        let config = with_admins(Config::default(), admins);
        let policy = Policy::parse(&config).unwrap_or_else(|_| Policy::builtin());
        let current = Current {
            base: policy.clone(),
            policy,
            config,
            refused: Vec::new(),
            generation: 0,
            read_from: 0,
        };
        Self {
            current: RwLock::new(Arc::new(current)),
            generation: AtomicU64::new(1),
        }
    }

    pub(crate) fn current(&self) -> Arc<Current> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self, config_map: &Value, projects: &[Value], admins: &[String]) {
        let before = self.current();
        let read_from = state_of(config_map, projects);
        if before.read_from == read_from {
            return;
        }
        let mut refused = Vec::new();
        let read = Config::from_config_map(config_map).map_err(|e| e.to_string());
        let read = read.and_then(|config| {
            let config = with_admins(config, admins);
            let base = Policy::parse(&config).map_err(|e| e.to_string())?;
            Ok((config, base))
        });
        let (config, base) = read.unwrap_or_else(|e| {
            // Who has a policy keeps it: a typing error locks nobody out, and lets nobody in.
            refused.push(format!("{POLICY}: {e}"));
            (before.config.clone(), before.base.clone())
        });
        let mut policy = base.clone();
        for project in projects {
            if let Err(e) = policy.set_project(project) {
                let name = project.str_at(&["metadata", "name"]);
                refused.push(format!("AppProject {name}: {e}"));
            }
        }
        for problem in &refused {
            tracing::warn!("{problem}; it has no effect");
        }
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let current = Arc::new(Current {
            policy,
            base,
            config,
            refused,
            generation,
            read_from,
        });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
    }

    /// Follows ConfigMap and projects until it is dropped.
    pub(crate) async fn follow(
        self: Arc<Self>,
        client: Client,
        cluster: Arc<Cluster>,
        namespace: String,
        admins: Vec<String>,
    ) {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps");
        let mut config_maps = follow_selected(client, &path, "", |name| name == POLICY);
        let mut changed = cluster.follow(api::names::ARGO_GROUP, "AppProject");
        loop {
            let projects = projects(&cluster, &namespace);
            let known: Objects = config_maps.borrow_and_update().clone();
            let config_map = known.as_ref().and_then(|known| known.get(POLICY).cloned());
            self.take(
                config_map.as_deref().unwrap_or(&Value::Null),
                &projects,
                &admins,
            );
            tokio::select! {
                more = config_maps.changed() => if more.is_err() { return },
                more = changed.recv() => if more.is_none() { return },
            }
            // Many projects come at once: one look for all.
            while changed.try_recv().is_ok() {}
        }
    }
}

/// Returns a digest of what a policy is made of: the rest of a project is no news.
fn state_of(config_map: &Value, projects: &[Value]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let text = |value: Option<&Value>| value.map_or_else(String::new, Value::to_json);
    text(config_map.get("data")).hash(&mut hasher);
    for project in projects {
        project.str_at(&["metadata", "name"]).hash(&mut hasher);
        text(project.at(&["spec", "roles"])).hash(&mut hasher);
    }
    hasher.finish().max(1)
}

/// Returns the projects of an installation.
pub(crate) fn projects(cluster: &Cluster, namespace: &str) -> Vec<Value> {
    let all = ObjectKey::new(api::names::ARGO_GROUP, "AppProject", namespace, "");
    cluster.list(&all).iter().map(|p| p.value()).collect()
}

fn with_admins(mut config: Config, admins: &[String]) -> Config {
    // A name with a comma would be another rule.
    let names = admins.iter().filter(|a| !a.contains([',', '"', '\n']));
    let lines: Vec<String> = names.map(|a| format!("g, {a}, role:admin")).collect();
    if !lines.is_empty() {
        config.add("the command line", lines.join("\n"));
    }
    config
}
