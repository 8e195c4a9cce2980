//! Objects that live where an application deploys to, and belong to no application.

use crate::actor::Actor;
use crate::projects::{forbids_kind, forbids_place};
use api::names;
use cluster::Cluster;
use engine::ObjectKey;
use project::Project;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Children of children that are looked at: as deep as controllers nest.
const DEPTH_MAX: usize = 8;

/// Which applications mind objects of nobody, by the namespace that they deploy to.
#[derive(Debug, Default)]
pub(crate) struct Minders(Mutex<BTreeMap<Box<str>, BTreeSet<Box<str>>>>);

impl Minders {
    /// Takes note of the namespace that an application minds; `None` if it minds none.
    pub(crate) fn set(&self, app: &str, namespace: Option<&str>) {
        let mut minders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        minders.retain(|place, apps| {
            if namespace != Some(&**place) {
                apps.remove(app);
            }
            !apps.is_empty()
        });
        if let Some(namespace) = namespace {
            let apps = minders.entry(namespace.into()).or_default();
            apps.insert(app.into());
        }
    }

    /// Returns the applications that mind a namespace.
    pub(crate) fn of(&self, namespace: &str) -> Vec<Box<str>> {
        let minders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let apps = minders.get(namespace).into_iter().flatten();
        apps.cloned().collect()
    }
}

impl Actor {
    /// Makes sure that the application is told of objects of nobody, if its project asks for them.
    pub(crate) fn mind_orphans(&mut self) {
        let installation = self.shared.installation();
        let Some(life) = &mut self.life else { return };
        let spec = life.state.app.as_ref().map(|a| &a.spec);
        let minds = spec.and_then(|spec| {
            let project = installation.projects.get(&spec.project)?;
            project.orphaned_resources.as_ref().filter(|o| o.warn)?;
            Some(spec.destination.namespace.as_str()).filter(|ns| !ns.is_empty())
        });
        if minds == life.minds.as_deref() {
            return;
        }
        life.minds = minds.map(Into::into);
        self.shared.minders.set(&self.key.name, minds);
        self.watch_for_orphans();
    }

    /// Watches every kind if objects of nobody are minded.
    pub(crate) fn watch_for_orphans(&self) {
        if self.life.as_ref().is_some_and(|life| life.minds.is_some()) {
            let installation = self.shared.installation();
            let kinds = &installation.settings.kinds;
            let cluster = &self.shared.cluster;
            cluster.watch_all(|group, kind| !kinds.excludes(group, kind));
        }
    }
}

/// Returns the objects in `namespace` that belong to no application, with what they own. Marks of
/// applications that aren't in `apps_in` count for nothing.
pub(crate) fn orphans(
    cluster: &Cluster,
    project: &Project,
    apps_in: &str,
    namespace: &str,
) -> Vec<ObjectKey> {
    let discovery = cluster.discovery();
    let is_permitted = |key: &ObjectKey| {
        forbids_kind(project, &discovery, key).is_none() && forbids_place(project, key).is_none()
    };
    let belongs = |app: Option<&str>| {
        let app = app.map(|app| ObjectKey::new(names::ARGO_GROUP, "Application", apps_in, app));
        app.is_some_and(|app| cluster.get(&app).is_some())
    };
    let mut found = BTreeSet::new();
    let top = cluster.top_level(namespace);
    let mut level: Vec<_> = top
        .into_iter()
        .filter(|o| {
            let key = &o.key;
            !is_everywhere(key) && project.is_orphan(&key.group, &key.kind, &key.name)
        })
        .collect();
    for _ in 0..DEPTH_MAX {
        level.retain(|o| !belongs(o.app.as_deref()) && is_permitted(&o.key));
        level.retain(|o| found.insert(o.key.clone()));
        level = level
            .iter()
            .flat_map(|o| cluster.owned_by(&o.uid))
            .collect();
        if level.is_empty() {
            break;
        }
    }
    found.into_iter().collect()
}

/// Returns true for what the cluster puts into namespaces by itself.
fn is_everywhere(key: &ObjectKey) -> bool {
    match (&*key.group, &*key.kind, &*key.name) {
        ("", "ServiceAccount", "default") | ("", "ConfigMap", "kube-root-ca.crt") => true,
        ("", "Service", "kubernetes") => &*key.namespace == "default",
        ("", "Event" | "Endpoints", _)
        | ("events.k8s.io", ..)
        | ("discovery.k8s.io", "EndpointSlice", _)
        | ("coordination.k8s.io", "Lease", _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Minders;

    #[test]
    fn an_application_minds_one_namespace() {
        let minders = Minders::default();
        minders.set("a", Some("x"));
        minders.set("b", Some("x"));
        minders.set("a", Some("y"));
        let names = |namespace: &str| minders.of(namespace).concat();
        assert_eq!((names("x"), names("y")), ("b".to_owned(), "a".to_owned()));
        minders.set("b", None);
        assert_eq!(names("x"), "");
    }
}
