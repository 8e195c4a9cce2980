//! The live cluster as one application's core sees it.

use crate::settings::Impersonation;
use crate::{orphans, projects};
use cluster::{Cluster, LiveObject, Prepared};
use engine::{Dependency, Desired, LiveFacts, Match, ObjectKey, Spec, Window, World, argo};
use health::HealthStatus;
use jiff::Timestamp;
use project::{Project, Subject};

/// A view of the live cache.
pub(crate) struct ClusterWorld<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) app: &'a str,
    pub(crate) namespace: &'a str,
    /// The namespace that it deploys to.
    pub(crate) destination: &'a str,
    /// Whose rights count when its objects are written.
    pub(crate) impersonation: Impersonation,
    /// Its project, if there is one of that name.
    pub(crate) project: Option<&'a Project>,
    pub(crate) prepared: &'a Prepared,
}

impl ClusterWorld<'_> {
    fn describe(&self, live: &LiveObject, matches: Match) -> LiveFacts {
        let mut health = live.health.clone();
        if let Some(health) = &mut health
            && matches!(
                health.status,
                HealthStatus::Progressing | HealthStatus::Degraded
            )
            && let Some(cause) = self.cluster.cause(live)
        {
            health.message = cause;
        }
        LiveFacts {
            matches,
            health,
            version: live.version().into(),
            directives: live.directives.clone(),
            deleting: live.deleting,
            owner: live.app.clone(),
        }
    }
}

impl World for ClusterWorld<'_> {
    fn facts(&self, desired: &Desired) -> LiveFacts {
        match self.cluster.get(&desired.key) {
            Some(live) => {
                let matches = self.prepared.compare(&live);
                self.describe(&live, matches)
            }
            None => {
                let (group, version) = engine::split_api_version(&desired.api_version);
                let discovery = self.cluster.discovery();
                let known = discovery.find(group, &desired.key.kind, version).is_some();
                LiveFacts {
                    matches: if known {
                        Match::Missing
                    } else {
                        Match::KindUnknown
                    },
                    health: None,
                    version: version.into(),
                    directives: desired.directives.clone(),
                    deleting: false,
                    owner: None,
                }
            }
        }
    }

    fn live(&self, key: &ObjectKey) -> Option<LiveFacts> {
        self.cluster
            .get(key)
            .map(|live| self.describe(&live, Match::InSync))
    }

    fn tracked(&self) -> Vec<ObjectKey> {
        self.cluster.tracked(self.app)
    }

    fn dependency(&self, name: &str) -> Option<Dependency> {
        let namespace = self.namespace;
        let key = ObjectKey::new(api::names::ARGO_GROUP, "Application", namespace, name);
        let application = self.cluster.get(&key)?;
        Some(argo::dependency(&application.value()))
    }

    fn objections(&self, spec: &Spec) -> Vec<String> {
        projects::objections(self.project, spec)
    }

    fn forbids_kind(&self, key: &ObjectKey) -> Option<String> {
        projects::forbids_kind(self.project?, &self.cluster.discovery(), key)
    }

    fn forbids_place(&self, key: &ObjectKey) -> Option<String> {
        projects::forbids_place(self.project?, key)
    }

    fn window(&self, manual: bool, since: Option<Timestamp>, now: Timestamp) -> Window {
        let Some(project) = self.project else {
            return Window::Open;
        };
        let subject = Subject {
            application: self.app,
            server: api::names::IN_CLUSTER_SERVER,
            cluster: api::names::IN_CLUSTER_NAME,
            namespace: self.destination,
        };
        projects::window(project, &subject, manual, since, now)
    }

    fn forbids_writing(&self) -> Option<String> {
        let (project, settings) = (self.project, self.impersonation);
        projects::acting_user(project, settings, self.namespace, self.destination).err()
    }

    fn orphans(&self) -> Option<usize> {
        let project = self.project?;
        let settings = project.orphaned_resources.as_ref()?;
        if !settings.warn || self.destination.is_empty() {
            return None;
        }
        let place = self.destination;
        Some(orphans::orphans(self.cluster, project, self.namespace, place).len())
    }

    fn copies(&self) -> Vec<ObjectKey> {
        self.cluster.copies(self.app)
    }

    fn has_group_version(&self, api_version: &str) -> bool {
        self.cluster.discovery().has_group_version(api_version)
    }

    fn served_version(&self, group: &str, kind: &str) -> Option<String> {
        let discovery = self.cluster.discovery();
        let served = discovery.find(group, kind, "")?;
        Some(served.version.to_string())
    }

    fn has_namespace(&self, name: &str) -> bool {
        self.cluster
            .get(&ObjectKey::new("", "Namespace", "", name))
            .is_some()
    }
}
