//! What people have set beside the applications: Argo CD's ConfigMaps, the Secrets of repositories,
//! projects. A change counts at once.

use crate::actor::Mail;
use crate::projects::Projects;
use crate::settings::Settings;
use crate::{Mailboxes, Shared, credentials};
use api::names;
use checks::{Actions, Checks};
use cluster::{ApiError, Client, Judge, Objects, follow_selected};
use signatures::Keyring;
use source::Credentials;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, PoisonError};
use tokio::sync::watch;
use value::Value;

const SETTINGS: &str = "argocd-cm";
/// How the names of customisations begin.
const CUSTOMIZATIONS: &str = "resource.customizations";
const AUTHORITIES: &str = "argocd-tls-certs-cm";
const GPG_KEYS: &str = "argocd-gpg-keys-cm";
/// SSH keys that commits may be signed with, in `ssh-keygen`'s own format: ours.
const SIGNERS: &str = "windlass-allowed-signers";

/// The settings of an installation, as they are at one moment.
#[derive(Clone, Debug, Default)]
pub struct Installation {
    /// What `argocd-cm` says.
    pub settings: Settings,
    /// What can be done to objects with one click.
    pub actions: Arc<Actions>,
    /// Logins of repositories.
    pub(crate) credentials: Credentials,
    /// Projects by name, as they are written.
    pub(crate) written_projects: BTreeMap<String, Arc<Value>>,
    /// Projects as they count.
    pub(crate) projects: Projects,
    /// Keys that commits may be signed with.
    pub(crate) keys: Arc<Keyring>,
    /// Health checks that people have written.
    pub(crate) checks: HealthChecks,
    /// Which objects, in which state, all this was read from.
    read_from: u64,
}

/// Health checks of `argocd-cm`, and what they were made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthChecks {
    source: BTreeMap<String, String>,
    checks: Arc<Checks>,
}

impl HealthChecks {
    fn of(config_map: Option<&Value>, problems: &mut Vec<String>) -> Self {
        let Some(config_map) = config_map else {
            return Self::default();
        };
        let data = config_map.get("data").and_then(Value::as_object);
        let data = data.into_iter().flat_map(value::Object::iter);
        let source = data
            .filter(|(name, _)| name.as_str().starts_with(CUSTOMIZATIONS))
            .filter_map(|(name, text)| Some((name.to_string(), text.as_str()?.to_owned())))
            .collect();
        let now = || jiff::Timestamp::now().as_second();
        let checks = Checks::from_argocd_cm(config_map).with_clock(now);
        problems.extend(checks.problems.iter().cloned());
        Self {
            source,
            checks: Arc::new(checks),
        }
    }

    /// Returns who judges the health of objects, if others than the built-in rules do.
    pub(crate) fn judge(&self) -> Option<Judge> {
        if self.checks.is_empty() {
            return None;
        }
        let checks = Arc::clone(&self.checks);
        Some(Arc::new(move |object| checks.health(object)))
    }

    /// Returns true if they are made of the same as others.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

fn actions_of(config_map: &Value) -> Actions {
    let now = || jiff::Timestamp::now().as_second();
    Actions::from_argocd_cm(config_map).with_clock(now)
}

type ByName = BTreeMap<String, Arc<Value>>;

/// Where everything is.
struct Collections {
    config_maps: String,
    secrets: String,
    projects: String,
}

/// Which Secrets matter.
const SECRETS: &str = "labelSelector=argocd.argoproj.io%2Fsecret-type";

impl Collections {
    fn of(namespace: &str) -> Self {
        let group = names::ARGO_API_VERSION;
        Self {
            config_maps: format!("/api/v1/namespaces/{namespace}/configmaps"),
            secrets: format!("/api/v1/namespaces/{namespace}/secrets"),
            projects: format!("/apis/{group}/namespaces/{namespace}/appprojects"),
        }
    }
}

fn is_setting(name: &str) -> bool {
    matches!(name, SETTINGS | AUTHORITIES | GPG_KEYS | SIGNERS)
}

impl Installation {
    /// Reads the settings of the installation in `namespace`; there need not be any. Secrets that
    /// may not be read are left out.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn read(client: &Client, namespace: &str) -> Result<Self, ApiError> {
        let collections = Collections::of(namespace);
        let list = async |path: &str| -> Result<ByName, ApiError> {
            match client.get(path).await {
                Ok(list) => {
                    let items = list.array_at(&["items"]).iter();
                    let name = |o: &Value| o.str_at(&["metadata", "name"]).to_owned();
                    Ok(items.map(|o| (name(o), Arc::new(o.clone()))).collect())
                }
                Err(error) if error.is_not_found() => Ok(ByName::new()),
                Err(error) => Err(error),
            }
        };
        let mut config_maps = ByName::new();
        for name in [SETTINGS, AUTHORITIES, GPG_KEYS, SIGNERS] {
            match client
                .get(&format!("{}/{name}", collections.config_maps))
                .await
            {
                Ok(map) => {
                    config_maps.insert(name.to_owned(), Arc::new(map));
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        let secrets = list(&format!("{}?{SECRETS}", collections.secrets)).await;
        let secrets = secrets.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the logins of repositories can't be read");
            ByName::new()
        });
        let projects = list(&collections.projects).await?;
        Ok(Self::of(&config_maps, &secrets, projects))
    }

    fn of(config_maps: &ByName, secrets: &ByName, projects: ByName) -> Self {
        let settings = config_maps.get(SETTINGS).and_then(|map| map.get("data"));
        let mut settings = Settings::of(settings.unwrap_or(&Value::Null));
        let authorities = config_maps.get(AUTHORITIES).map(AsRef::as_ref);
        let logins = secrets.values().map(AsRef::as_ref);
        let credentials = credentials::read(logins, authorities, &mut settings.problems);
        let global = &settings.global_projects;
        let config_map = config_maps.get(SETTINGS).map(AsRef::as_ref);
        let checks = HealthChecks::of(config_map, &mut settings.problems);
        let actions = config_map.map(actions_of).unwrap_or_default();
        settings.problems.extend(actions.problems.iter().cloned());
        let keys = keys(config_maps, &mut settings.problems);
        let read_from = state_of([config_maps, secrets, &projects]);
        let clusters = credentials::project_clusters(secrets.values().map(AsRef::as_ref));
        let counting = Projects::of(&projects, global, &clusters, &mut settings.problems);
        Self {
            settings,
            actions: Arc::new(actions),
            credentials,
            written_projects: projects,
            projects: counting,
            keys: Arc::new(keys),
            checks,
            read_from,
        }
    }

    /// Returns an annotation of a project; empty if it has none.
    #[must_use]
    pub fn annotation(&self, project: &str, name: &str) -> &str {
        let project = match project {
            "" => "default",
            project => project,
        };
        let written = self.written_projects.get(project);
        written.map_or("", |p| p.str_at(&["metadata", "annotations", name]))
    }

    /// Returns true if kustomizations of a project's applications may name the repository at `url`.
    pub(crate) fn permits_remote_base(&self, project: &str, url: &str) -> bool {
        let name = match project {
            "" => "default",
            project => project,
        };
        let (Some(written), Some(project)) =
            (self.written_projects.get(name), self.projects.get(project))
        else {
            return false;
        };
        let annotation = ["metadata", "annotations", names::REMOTE_BASES];
        written.str_at(&annotation) == "true" && project.permits_source(url).is_ok()
    }
}

/// Returns a digest of which objects there are in which state.
fn state_of(all: [&ByName; 3]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (collection, objects) in all.into_iter().enumerate() {
        for (name, object) in objects {
            let metadata = |field: &str| object.str_at(&["metadata", field]);
            (collection, name).hash(&mut hasher);
            (metadata("uid"), metadata("resourceVersion")).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn keys(config_maps: &ByName, problems: &mut Vec<String>) -> Keyring {
    let (mut keys, mut wrong) = match config_maps.get(GPG_KEYS) {
        Some(map) => Keyring::from_gpg_keys_cm(map),
        None => (Keyring::default(), Vec::new()),
    };
    if let Some(map) = config_maps.get(SIGNERS) {
        let signers = map.str_at(&["data", "allowed_signers"]);
        let lines = keys.add_allowed_signers(signers).into_iter();
        wrong.extend(lines.map(|line| format!("{SIGNERS}: {line}")));
    }
    problems.append(&mut wrong);
    keys
}

/// Follows the settings and brings every change to who needs it, until it is dropped.
pub(crate) async fn follow(shared: Arc<Shared>, mailboxes: Mailboxes) {
    let client = shared.cluster.client();
    let collections = Collections::of(&shared.namespace);
    let all: fn(&str) -> bool = |_| true;
    let start =
        |path: &str, selector: &str, keep| follow_selected(client.clone(), path, selector, keep);
    let mut config_maps = start(&collections.config_maps, "", is_setting);
    let mut secrets = start(&collections.secrets, SECRETS, all);
    let mut projects = start(&collections.projects, "", all);
    let mut said = shared.installation().settings.problems.clone();
    loop {
        let changed = tokio::select! {
            changed = config_maps.changed() => changed,
            changed = secrets.changed() => changed,
            changed = projects.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        let now = |receiver: &mut watch::Receiver<Objects>| receiver.borrow_and_update().clone();
        let (Some(config_maps), Some(secrets), Some(projects)) =
            (now(&mut config_maps), now(&mut secrets), now(&mut projects))
        else {
            continue;
        };
        let installation = Installation::of(&config_maps, &secrets, projects.as_ref().clone());
        // A watch that begins anew says again what is known.
        if installation.read_from == shared.installation().read_from {
            continue;
        }
        let problems = &installation.settings.problems;
        for problem in problems.iter().filter(|p| !said.contains(p)) {
            tracing::warn!("{problem}; it has no effect");
        }
        said.clone_from(problems);
        shared.configure(installation).await;
        let boxes = mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in boxes.values() {
            // An error means that the application is going away.
            let _gone = mailbox.send(Mail::Configured);
        }
    }
}
