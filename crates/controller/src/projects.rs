//! Projects as they count: each with what it inherits, and what one application may do by its own.

use crate::settings::Impersonation;
use api::names;
use cluster::Discovery;
use engine::{ObjectKey, Spec, Window};
use jiff::Timestamp;
use project::{Destination, GlobalProjects, Project, Scope, Subject, Trigger, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Value, json};

/// The project of applications that name none.
const DEFAULT: &str = "default";

/// Returns the name of an application's project.
pub(crate) fn name_of(spec: &Spec) -> &str {
    match spec.project.as_str() {
        "" => DEFAULT,
        name => name,
    }
}

/// A cluster that belongs to a project.
#[derive(Clone, Debug)]
pub(crate) struct ProjectCluster {
    pub(crate) project: String,
    pub(crate) cluster: project::Cluster,
}

/// All projects, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projects(BTreeMap<String, Arc<Project>>);

impl Projects {
    /// Reads projects. Without a project called `default` there is one that permits everything, as
    /// Argo CD makes it.
    pub(crate) fn of(
        written: &BTreeMap<String, Arc<Value>>,
        global: &GlobalProjects,
        clusters: &[ProjectCluster],
        problems: &mut Vec<String>,
    ) -> Self {
        let own: BTreeMap<&str, Project> = written
            .iter()
            .map(|(name, resource)| (name.as_str(), Project::parse(resource)))
            .collect();
        let mut all = BTreeMap::new();
        for (name, resource) in written {
            let mut project = own[name.as_str()].clone();
            let wrong = project.problems().into_iter();
            problems.extend(wrong.map(|p| format!("AppProject {name}: {p}")));
            let none = Value::object();
            let labels = resource.at(&["metadata", "labels"]).unwrap_or(&none);
            for inherited in global.of(name, labels).filter_map(|name| own.get(name)) {
                project = project.inheriting(inherited);
            }
            let own = clusters.iter().filter(|c| c.project == *name);
            project.own_clusters = own.map(|c| c.cluster.clone()).collect();
            all.insert(name.clone(), Arc::new(project));
        }
        all.entry(DEFAULT.to_owned())
            .or_insert_with(|| Arc::new(everything()));
        Self(all)
    }

    /// Returns the project of that name; an application that names none has the default one.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Project>> {
        self.0.get(if name.is_empty() { DEFAULT } else { name })
    }
}

fn everything() -> Project {
    let any = json!({"group": "*", "kind": "*"});
    Project::parse(&json!({
        "metadata": {"name": DEFAULT},
        "spec": {
            "sourceRepos": ["*"], "clusterResourceWhitelist": [any],
            "destinations": [{"server": "*", "namespace": "*"}],
        },
    }))
}

/// The only cluster that is known: the controller's own.
fn in_cluster(namespace: &str) -> Destination<'_> {
    Destination {
        server: names::IN_CLUSTER_SERVER,
        name: names::IN_CLUSTER_NAME,
        namespace,
    }
}

/// Returns what a project has against a specification, in Argo CD's sentences.
pub(crate) fn objections(project: Option<&Project>, spec: &Spec) -> Vec<String> {
    let Some(project) = project else {
        let name = &spec.project;
        return vec![format!(
            "Application referencing project {name} which does not exist"
        )];
    };
    let sources = spec.sources.iter();
    let refused = sources.filter_map(|s| project.permits_source(&s.repo_url).err());
    let mut objections: Vec<String> = refused.map(|r| r.message).collect();
    let at = in_cluster(&spec.destination.namespace);
    if let Err(refused) = project.permits_destination(&at) {
        // It is called as the application calls it.
        let by_name = Destination { server: "", ..at };
        let words = match spec.destination.name.is_empty() {
            true => refused,
            false => project
                .permits_destination(&by_name)
                .err()
                .unwrap_or(refused),
        };
        objections.push(words.message);
    }
    objections
}

/// Returns why a project doesn't permit objects of a kind, if it doesn't.
pub(crate) fn forbids_kind(
    project: &Project,
    discovery: &Discovery,
    key: &ObjectKey,
) -> Option<String> {
    let is_namespaced = discovery
        .find(&key.group, &key.kind, "")
        .is_some_and(|r| r.namespaced);
    let scope = match is_namespaced {
        true => Scope::Namespaced,
        false => Scope::Cluster,
    };
    let answer = project.permits_kind(&key.group, &key.kind, &key.name, scope);
    answer.err().map(|refused| refused.message)
}

/// Returns why a project doesn't permit objects in a namespace, if it doesn't.
pub(crate) fn forbids_place(project: &Project, key: &ObjectKey) -> Option<String> {
    if key.namespace.is_empty() {
        return None;
    }
    let answer = project.permits_namespace(&in_cluster(&key.namespace));
    answer.err().map(|refused| refused.message)
}

/// Returns the user whose rights count when an application's objects are written; nobody for the
/// controller itself.
///
/// # Errors
/// Fails with Argo CD's sentence if somebody must, and nobody is named.
pub(crate) fn acting_user(
    project: Option<&Project>,
    settings: Impersonation,
    app_namespace: &str,
    destination: &str,
) -> Result<Option<String>, String> {
    let (Some(project), false) = (project, settings == Impersonation::Never) else {
        return Ok(None);
    };
    let at = in_cluster(destination);
    match project.service_account(&at, app_namespace) {
        Err(refused) => Err(format!(
            "failed to derive service account to impersonate: {}",
            refused.message
        )),
        Ok(None) if settings == Impersonation::Always => Err(format!(
            "no matching service account found for destination server {} and namespace \
             {destination}",
            names::IN_CLUSTER_SERVER
        )),
        Ok(user) => Ok(user),
    }
}

/// Returns whether a project's windows let an application be synced.
pub(crate) fn window(
    project: &Project,
    subject: &Subject<'_>,
    manual: bool,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Window {
    if project.windows.is_empty() {
        return Window::Open;
    }
    let trigger = match manual {
        true => Trigger::Manual,
        false => Trigger::Automatic,
    };
    match project.windows.of(subject).can_sync(trigger, since, now) {
        Ok(Verdict::Allowed) => Window::Open,
        Ok(Verdict::Blocked(blocked)) => Window::Closed {
            why: blocked.to_string(),
            until: blocked.until,
        },
        // Nobody knows when it would be open.
        Err(error) => Window::Closed {
            why: error.to_string(),
            until: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spec: Value) -> Project {
        Project::parse(&json!({"metadata": {"name": "team"}, "spec": spec}))
    }

    #[test]
    fn projects_inherit_and_the_default_one_permits_everything() {
        let resource = |name: &str, labels: Value, repo: &str| {
            let resource = json!({
                "metadata": {"name": name, "labels": labels}, "spec": {"sourceRepos": [repo]},
            });
            (name.to_owned(), Arc::new(resource))
        };
        let written = [
            resource("team", json!({"kind": "team"}), "https://git/team"),
            resource("all", json!({}), "https://git/all"),
        ];
        let global = GlobalProjects::parse(&json!([{
            "projectName": "all", "labelSelector": {"matchLabels": {"kind": "team"}},
        }]));
        let projects = Projects::of(&written.into(), &global, &[], &mut Vec::new());
        let team = projects.get("team").expect("it was written");
        assert!(team.permits_source("https://git/all").is_ok());
        assert!(team.permits_source("https://git/other").is_err());
        let default = projects.get("").expect("there always is one");
        assert!(default.permits_source("https://anything").is_ok());
        assert!(default.permits_destination(&in_cluster("x")).is_ok());
        assert!(projects.get("nobody's").is_none());
    }

    #[test]
    fn only_clusters_of_the_project_are_reached_if_it_says_so() {
        let resource = |own: bool| {
            json!({
                "metadata": {"name": "team"},
                "spec": {
                    "destinations": [{"server": "*", "namespace": "*"}],
                    "permitOnlyProjectScopedClusters": own,
                },
            })
        };
        let cluster = |project: &str, server: &str, name: &str| ProjectCluster {
            project: project.into(),
            cluster: project::Cluster {
                server: server.into(),
                name: name.into(),
            },
        };
        let permits = |own: bool, clusters: &[ProjectCluster]| {
            let written = [("team".to_owned(), Arc::new(resource(own)))];
            let none = GlobalProjects::default();
            let projects = Projects::of(&written.into(), &none, clusters, &mut Vec::new());
            let project = projects.get("team").expect("it was written");
            project.permits_destination(&in_cluster("x")).is_ok()
        };
        let ours = cluster("team", names::IN_CLUSTER_SERVER, "");
        assert!(permits(false, &[]));
        assert!(!permits(true, &[]));
        assert!(permits(true, std::slice::from_ref(&ours)));
        assert!(permits(
            true,
            &[cluster("team", "x", names::IN_CLUSTER_NAME)]
        ));
        assert!(!permits(
            true,
            &[cluster("other", &ours.cluster.server, "")]
        ));
    }

    #[test]
    fn a_service_account_of_the_project_acts_where_it_must() {
        let project = of(json!({"destinationServiceAccounts": [
            {"server": "*", "namespace": "team-*", "defaultServiceAccount": "deployer"},
        ]}));
        let user = |settings, to| acting_user(Some(&project), settings, "argocd", to);
        assert_eq!(user(Impersonation::Never, "team-a"), Ok(None));
        let deployer = "system:serviceaccount:team-a:deployer".to_owned();
        assert_eq!(user(Impersonation::Always, "team-a"), Ok(Some(deployer)));
        assert_eq!(user(Impersonation::WhereKnown, "other"), Ok(None));
        let refused = user(Impersonation::Always, "other").unwrap_err();
        assert!(refused.ends_with("and namespace other"), "{refused}");
    }

    #[test]
    fn a_window_that_can_not_be_read_is_closed() {
        let windows = json!([{
            "kind": "allow", "schedule": "whenever", "duration": "1h", "applications": ["*"],
        }]);
        let project = of(json!({"syncWindows": windows}));
        let subject = Subject {
            application: "app",
            ..Subject::default()
        };
        let now = Timestamp::UNIX_EPOCH;
        let Window::Closed { why, until } = window(&project, &subject, true, None, now) else {
            panic!("it can't be read");
        };
        assert!(why.contains("whenever"), "{why}");
        assert_eq!(until, None);
    }
}
