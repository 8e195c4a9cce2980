//! What the controller knows, for those who only look: live objects, renderings, settings, projects.

use crate::git::Inspector;
use crate::{Installation, Shared, orphans, projects};
use api::names;
use cluster::Cluster;
use engine::{Ignore, ObjectKey, Spec, Window};
use jiff::Timestamp;
use ledger::Ledger;
use project::{Project, Subject};
use source::CommitInfo;
use std::sync::Arc;
use value::Value;

/// A look at a running controller. Cheap to clone; it changes nothing.
#[derive(Clone)]
pub struct View {
    shared: Arc<Shared>,
}

impl View {
    pub(crate) const fn of(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Returns the namespace of applications.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.shared.namespace
    }

    /// Returns the live cache.
    #[must_use]
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.shared.cluster
    }

    /// Returns the settings as they are now.
    #[must_use]
    pub fn installation(&self) -> Arc<Installation> {
        self.shared.installation()
    }

    /// Returns where entries of the ledger are written.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Returns an application as it is in the live cache.
    #[must_use]
    pub fn application(&self, name: &str) -> Option<Value> {
        let namespace = self.namespace();
        let key = ObjectKey::new(names::ARGO_GROUP, "Application", namespace, name);
        Some(self.cluster().get(&key)?.value())
    }

    /// Returns what renders applications for a person who looks: it asks Git only for what isn't
    /// known yet.
    #[must_use]
    pub fn inspector(&self) -> Inspector {
        let git = Arc::clone(&self.shared.viewing);
        Inspector::beside(git, self.cluster().discovery(), self.installation())
    }

    /// Returns a project as it counts, with what it inherits.
    #[must_use]
    pub fn project(&self, name: &str) -> Option<Arc<Project>> {
        self.installation().projects.get(name).cloned()
    }

    /// Returns what doesn't count as a difference for an application with these own rules.
    #[must_use]
    pub fn ignore(&self, own: &Value) -> Ignore {
        self.installation().settings.compare.and(own)
    }

    /// Returns what an application's project has against it.
    #[must_use]
    pub fn objections(&self, spec: &Spec) -> Vec<String> {
        let project = self.project(&spec.project);
        projects::objections(project.as_deref(), spec)
    }

    /// Returns the user whose rights count when a person changes an application's objects, or reads
    /// logs and events; nobody for ours.
    ///
    /// # Errors
    /// Fails with Argo CD's sentence if somebody must act, and nobody is named.
    pub fn acting_user(&self, spec: &Spec) -> Result<Option<String>, String> {
        let project = self.project(&spec.project);
        let settings = self.installation().settings.impersonation;
        let to = &spec.destination.namespace;
        projects::acting_user(project.as_deref(), settings, self.namespace(), to)
    }

    /// Returns the objects where an application deploys to that belong to no application, with what
    /// they own; none if its project doesn't ask for them.
    #[must_use]
    pub fn orphans(&self, spec: &Spec) -> Vec<ObjectKey> {
        let place = spec.destination.namespace.as_str();
        match self.project(&spec.project) {
            Some(project) if project.orphaned_resources.is_some() && !place.is_empty() => {
                orphans::orphans(self.cluster(), &project, self.namespace(), place)
            }
            _ => Vec::new(),
        }
    }

    /// Returns how long a new revision may take to become healthy, unless an application says
    /// otherwise.
    #[must_use]
    pub fn health_gate(&self) -> Option<jiff::SignedDuration> {
        self.shared.config.health_gate
    }

    /// Returns whether the windows of its project let an application be synced now.
    #[must_use]
    pub fn window(&self, app: &str, spec: &Spec, manual: bool, now: Timestamp) -> Window {
        let Some(project) = self.project(&spec.project) else {
            return Window::Open;
        };
        projects::window(&project, &subject(app, spec), manual, None, now)
    }

    /// Returns the windows of its project that are for an application.
    #[must_use]
    pub fn windows(&self, app: &str, spec: &Spec) -> project::Windows {
        let project = self.project(&spec.project);
        project.map_or_else(project::Windows::default, |p| {
            p.windows.of(&subject(app, spec))
        })
    }

    /// Returns who made the newest commit of a revision of an application's sources; `None` if that
    /// can't be told without asking Git. It blocks.
    #[must_use]
    pub fn commit(&self, spec: &Spec, revision: &str) -> Option<CommitInfo> {
        self.shared.git.commit_info(spec, revision)
    }

    /// Returns where the names of applications come out whose live objects have changed.
    #[must_use]
    pub fn touched(&self) -> tokio::sync::broadcast::Receiver<Box<str>> {
        self.shared.touched.subscribe()
    }

    /// Takes note of who asked for an operation of an application: the ledger then knows them for
    /// certain. Only for those who have authenticated the user.
    pub fn vouch(&self, app: &str, user: &str, operation: &Value) {
        self.shared.vouches.give(app, user, operation);
    }
}

fn subject<'a>(app: &'a str, spec: &'a Spec) -> Subject<'a> {
    Subject {
        application: app,
        server: names::IN_CLUSTER_SERVER,
        cluster: names::IN_CLUSTER_NAME,
        namespace: &spec.destination.namespace,
    }
}
