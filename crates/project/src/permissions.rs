//! What a project permits.

use crate::pattern::{fits, fits_any, fits_or_not, is_denial, normalize_git_url};
use crate::spec::{DestinationRule, KindRule, Project};

/// A project says no, in Argo CD's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The sentence.
    pub message: String,
}

impl Refused {
    fn new(message: String) -> Self {
        Self { message }
    }
}

/// A place to deploy to: a cluster by its address and its name, whichever are known, and a
/// namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The cluster's address.
    pub server: &'a str,
    /// The cluster's name.
    pub name: &'a str,
    /// The namespace.
    pub namespace: &'a str,
}

/// Characters that no service account's name has.
const NOT_IN_ACCOUNTS: [char; 8] = ['!', '*', '[', ']', '{', '}', '\\', '/'];

impl Project {
    /// Returns nothing if applications may come from a repository.
    ///
    /// # Errors
    /// Fails with Argo CD's sentence if not.
    pub fn permits_source(&self, url: &str) -> Result<(), Refused> {
        let wanted = normalize_git_url(url);
        let mut permitted = false;
        for pattern in &self.source_repos {
            let denial = is_denial(pattern);
            let pattern = match pattern.strip_prefix('!') {
                Some(pattern) => format!("!{}", normalize_git_url(pattern)),
                None => normalize_git_url(pattern),
            };
            match fits_or_not(&pattern, &wanted, &['/']) {
                true => permitted = true,
                // One denial outweighs everything.
                false if denial => {
                    permitted = false;
                    break;
                }
                false => {}
            }
        }
        match permitted {
            true => Ok(()),
            false => Err(Refused::new(format!(
                "application repo {url} is not permitted in project '{}'",
                self.name
            ))),
        }
    }

    /// Returns nothing if applications may deploy to a place.
    ///
    /// # Errors
    /// Fails with Argo CD's sentence if not.
    pub fn permits_destination(&self, at: &Destination<'_>) -> Result<(), Refused> {
        if self.reaches(at) {
            return Ok(());
        }
        let cluster = if at.server.is_empty() {
            at.name
        } else {
            at.server
        };
        Err(Refused::new(format!(
            "application destination server '{cluster}' and namespace '{}' do not match any of the allowed destinations in project '{}'",
            at.namespace, self.name
        )))
    }

    fn reaches(&self, at: &Destination<'_>) -> bool {
        self.destinations_reach(at) && (!self.only_own_clusters || self.owns_cluster(at))
    }

    fn owns_cluster(&self, at: &Destination<'_>) -> bool {
        let mut own = self.own_clusters.iter();
        own.any(|c| {
            (!at.name.is_empty() && c.name == at.name)
                || (!at.server.is_empty() && c.server == at.server)
        })
    }

    fn destinations_reach(&self, at: &Destination<'_>) -> bool {
        let mut reached = false;
        for rule in &self.destinations {
            let DestinationRule {
                server,
                name,
                namespace,
            } = rule;
            let by_name = !at.name.is_empty() && fits_or_not(name, at.name, &[]);
            let by_server = !at.server.is_empty() && fits_or_not(server, at.server, &[]);
            let by_namespace = fits_or_not(namespace, at.namespace, &[]);
            if (by_server || by_name) && by_namespace {
                reached = true;
            } else if (!by_name && is_denial(name))
                || (!by_server && is_denial(server) && by_namespace)
                || (!by_namespace && is_denial(namespace) && by_server)
            {
                return false;
            }
        }
        reached
    }

    /// Returns nothing if an object of a kind may be deployed; `namespaced` is the kind's scope.
    ///
    /// # Errors
    /// Fails with Argo CD's sentence if not.
    pub fn permits_kind(
        &self,
        group: &str,
        kind: &str,
        name: &str,
        scope: Scope,
    ) -> Result<(), Refused> {
        let listed = |rules: &[KindRule]| rules.iter().any(|rule| rule.fits(group, kind, name));
        let permitted = match scope {
            Scope::Namespaced => {
                self.namespaced_allowed.as_deref().is_none_or(listed)
                    && !listed(&self.namespaced_denied)
            }
            Scope::Cluster => listed(&self.cluster_allowed) && !listed(&self.cluster_denied),
        };
        match permitted {
            true => Ok(()),
            false => Err(Refused::new(format!(
                "resource {group}:{kind} is not permitted in project {}",
                self.name
            ))),
        }
    }

    /// Returns nothing if a namespaced object may be deployed to its namespace.
    ///
    /// # Errors
    /// Fails with Argo CD's sentence if not.
    pub fn permits_namespace(&self, at: &Destination<'_>) -> Result<(), Refused> {
        match self.reaches(at) {
            true => Ok(()),
            false => Err(Refused::new(format!(
                "namespace {} is not permitted in project '{}'",
                at.namespace, self.name
            ))),
        }
    }

    /// Returns nothing if an application of a namespace may use the project; those of the control
    /// plane's own always may.
    ///
    /// # Errors
    /// Fails with Argo CD's sentence if not.
    pub fn permits_application(
        &self,
        name: &str,
        namespace: &str,
        control_namespace: &str,
    ) -> Result<(), Refused> {
        if namespace.is_empty()
            || namespace == control_namespace
            || fits_any(&self.source_namespaces, namespace)
        {
            return Ok(());
        }
        Err(Refused::new(format!(
            "application '{name}' in namespace '{namespace}' is not allowed to use project {}",
            self.name
        )))
    }

    /// Returns the user that a sync to a place is done as, `system:serviceaccount:...`; nothing if
    /// no rule is for it. `application_namespace` stands in where the destination names none.
    ///
    /// # Errors
    /// Fails if the account's name can't be one.
    pub fn service_account(
        &self,
        at: &Destination<'_>,
        application_namespace: &str,
    ) -> Result<Option<String>, Refused> {
        let fits_rule = |pattern: &str, text: &str| fits(pattern, text, &[]);
        let rule = self.service_accounts.iter().find(|rule| {
            fits_rule(&rule.server, at.server) && fits_rule(&rule.namespace, at.namespace)
        });
        let Some(rule) = rule else {
            return Ok(None);
        };
        let account = rule.account.as_str();
        if account.trim_matches(' ').is_empty() || account.contains(NOT_IN_ACCOUNTS) {
            return Err(Refused::new(format!(
                "default service account contains invalid chars '{account}'"
            )));
        }
        let namespace = match at.namespace {
            "" => application_namespace,
            namespace => namespace,
        };
        Ok(Some(match account.contains(':') {
            true => format!("system:serviceaccount:{account}"),
            false => format!("system:serviceaccount:{namespace}:{account}"),
        }))
    }

    /// Returns true if an object that belongs to no application counts as orphaned here.
    #[must_use]
    pub fn is_orphan(&self, group: &str, kind: &str, name: &str) -> bool {
        let Some(settings) = &self.orphaned_resources else {
            return false;
        };
        let ignored = |rule: &KindRule| {
            let fits_rule = |pattern: &str, text: &str| fits(pattern, text, &[]);
            fits_rule(&rule.group, group)
                && (rule.kind.is_empty() || fits_rule(&rule.kind, kind))
                && (rule.name.is_empty() || fits_rule(&rule.name, name))
        };
        !settings.ignore.iter().any(ignored)
    }
}

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster itself.
    Cluster,
}

impl KindRule {
    fn fits(&self, group: &str, kind: &str, name: &str) -> bool {
        fits(&self.kind, kind, &['/'])
            && fits(&self.group, group, &['/'])
            && (self.name.is_empty() || fits(&self.name, name, &['/']))
    }
}
