//! The running controller: the engine's pure core wired to Git, rendering, a cluster and the
//! ledger.
//!
//! Every application is one task with a mailbox. It takes an event, lets the core decide, carries
//! out the effects, and sleeps; waiting costs nothing. Whatever goes wrong with the API server
//! throws the task's memory away: the next life starts from the resource, as after a crash.
//!
//! It never decides what is to be done (that is the core's) and keeps no state of its own that
//! can't be deleted.

mod actor;
mod credentials;
mod effects;
mod git;
mod installation;
mod orphans;
mod projects;
mod records;
mod secret;
mod settings;
mod view;
mod vouch;
mod world;

use cluster::{Change, ChangeKind, Client, Cluster};
use engine::{Config, ObjectKey};
use ledger::{Identity, Ledger, NoIdentity};
use source::Sources;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast, mpsc};
use vouch::Vouches;

pub use git::{Explanation, GitPoll, Inspector, Loaded, Step};
pub use installation::Installation;
pub use secret::Secret;
pub use settings::{BuildOptions, CompareSettings, Impersonation, KindFilter, Settings};
pub use source::CommitInfo;
pub use view::View;

/// Requests that are under way at the same time; an API server's own limits are higher.
const WRITES_MAX: usize = 32;
/// Applications that may apply objects at the same time.
const APPLIES_MAX: usize = 16;
/// Renderings at the same time: one for each core of a small machine.
const RENDERS_MAX: usize = 2;
/// Renderings at the same time for those who only look: a sync never waits for them.
const VIEWS_MAX: usize = 1;
/// Changes of live objects that somebody who looks may be behind.
const TOUCHED_MAX: usize = 4_096;
/// Conversations with Git servers at the same time.
const FETCHES_MAX: usize = 8;

/// The controller's settings.
pub struct Options {
    /// The namespace of applications and of the ledger.
    pub namespace: String,
    /// Where mirrors are kept.
    pub cache: PathBuf,
    /// The core's settings.
    pub config: Config,
    /// How often Git is asked without being told; `None` is what `argocd-cm` says, or else Argo
    /// CD's defaults.
    pub poll: Option<GitPoll>,
    /// Who changed what, as authenticated by somebody.
    pub identity: Arc<dyn Identity>,
}

impl Options {
    /// Returns the defaults for applications in `namespace` and mirrors below `cache`.
    #[must_use]
    pub fn new(namespace: &str, cache: PathBuf) -> Self {
        Self {
            namespace: namespace.to_owned(),
            cache,
            config: Config::default(),
            poll: None,
            identity: Arc::new(NoIdentity),
        }
    }
}

/// What all applications share.
pub(crate) struct Shared {
    pub(crate) namespace: String,
    pub(crate) config: Config,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) git: git::Git,
    /// Git and rendering for those who only look: the same mirrors, other memories.
    pub(crate) viewing: Arc<git::Git>,
    pub(crate) installation: RwLock<Arc<Installation>>,
    pub(crate) ledger: Ledger,
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) writes: Semaphore,
    pub(crate) applies: Semaphore,
    /// Who depends on an application.
    dependents: Mutex<BTreeMap<Box<str>, BTreeSet<Box<str>>>>,
    pub(crate) rediscovered: Mutex<Option<std::time::Instant>>,
    /// Who is told of objects of nobody.
    pub(crate) minders: orphans::Minders,
    /// By application: who asked for its operation, as somebody who authenticated them told us.
    pub(crate) vouches: Vouches,
    /// Tells those who look which application's live objects have changed.
    pub(crate) touched: broadcast::Sender<Box<str>>,
}

impl Shared {
    /// Takes note of what an application depends on: it is told of every change there.
    pub(crate) fn depends(&self, app: &str, on: &[String]) {
        let dependents = self.dependents.lock();
        let mut dependents = dependents.unwrap_or_else(PoisonError::into_inner);
        if on.is_empty() && dependents.is_empty() {
            return;
        }
        for apps in dependents.values_mut() {
            apps.remove(app);
        }
        for name in on {
            let apps = dependents.entry(name.as_str().into()).or_default();
            apps.insert(app.into());
        }
        dependents.retain(|_, apps| !apps.is_empty());
    }

    fn dependents_of(&self, app: &str) -> Vec<Box<str>> {
        let dependents = self.dependents.lock();
        let dependents = dependents.unwrap_or_else(PoisonError::into_inner);
        let apps = dependents.get(app);
        apps.into_iter().flatten().cloned().collect()
    }

    /// Returns the settings as they are now.
    pub(crate) fn installation(&self) -> Arc<Installation> {
        let current = self.installation.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes other settings from now on.
    pub(crate) async fn configure(&self, installation: Installation) {
        self.git.configure(&installation);
        self.viewing.configure(&installation);
        let before = self.installation();
        let judge = installation.checks.judge();
        let is_same = before.checks.is_same(&installation.checks);
        {
            let current = self.installation.write();
            *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(installation);
        }
        if !is_same {
            self.cluster.set_judge(judge).await;
        }
    }
}

type Mailboxes = Arc<Mutex<HashMap<Box<str>, mpsc::UnboundedSender<actor::Mail>>>>;

/// A running controller; it stops when it is dropped.
pub struct Controller {
    shared: Arc<Shared>,
    mailboxes: Mailboxes,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Controller {
    /// Starts a controller against the API server that `client` talks to.
    ///
    /// # Errors
    /// Fails if the API server can't be reached, or doesn't know applications.
    pub async fn start(client: Client, options: Options) -> Result<Self, StartError> {
        let installation = Installation::read(&client, &options.namespace).await?;
        let settings = &installation.settings;
        let seed = Secret::read_or_make(&client, &options.namespace).await?;
        for problem in &settings.problems {
            tracing::warn!("{problem}; it has no effect");
        }
        let defaults = GitPoll::default();
        let poll = options.poll.unwrap_or(GitPoll {
            every: settings.every.unwrap_or(defaults.every),
            jitter: settings.jitter.unwrap_or(defaults.jitter),
        });
        let (cluster, changes) =
            Cluster::connect(client.clone(), settings.tracking.clone()).await?;
        if cluster
            .discovery()
            .find(api::names::ARGO_GROUP, "Application", "")
            .is_none()
        {
            return Err(StartError::NoApplications);
        }
        let sources = Sources::new(&options.cache);
        let git = |renders_max| {
            let cluster = Some(Arc::clone(&cluster));
            git::Git::new(sources.clone(), seed, cluster, renders_max, FETCHES_MAX)
        };
        let shared = Arc::new(Shared {
            ledger: Ledger::start(client, &options.namespace),
            namespace: options.namespace,
            config: options.config,
            git: git(RENDERS_MAX),
            viewing: Arc::new(git(VIEWS_MAX)),
            installation: RwLock::new(Arc::new(Installation::default())),
            identity: options.identity,
            writes: Semaphore::new(WRITES_MAX),
            applies: Semaphore::new(APPLIES_MAX),
            dependents: Mutex::default(),
            rediscovered: Mutex::default(),
            minders: orphans::Minders::default(),
            vouches: Vouches::default(),
            touched: broadcast::Sender::new(TOUCHED_MAX),
            cluster,
        });
        shared.configure(installation).await;
        // Kinds that every application may need: children that say why a workload fails, and
        // namespaces.
        for (group, kind) in [("", "Namespace"), ("", "Pod"), ("apps", "ReplicaSet")] {
            shared.cluster.watch(group, kind, "");
        }
        let mailboxes: Mailboxes = Arc::default();
        let applications = shared.cluster.follow(api::names::ARGO_GROUP, "Application");
        let tasks = vec![
            tokio::spawn(run_applications(
                Arc::clone(&shared),
                Arc::clone(&mailboxes),
                applications,
            )),
            tokio::spawn(run_changes(
                Arc::clone(&shared),
                Arc::clone(&mailboxes),
                changes,
            )),
            tokio::spawn(installation::follow(
                Arc::clone(&shared),
                Arc::clone(&mailboxes),
            )),
            tokio::spawn(git::poll(Arc::clone(&shared), Arc::clone(&mailboxes), poll)),
        ];
        Ok(Self {
            shared,
            mailboxes,
            tasks,
        })
    }

    /// Asks Git again for every application of a repository, as after a push.
    pub fn repository_changed(&self, url: &str) {
        let mailboxes = self
            .mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for mailbox in mailboxes.values() {
            // An error means that the application is going away.
            let _gone = mailbox.send(actor::Mail::Pushed {
                url: url.to_owned(),
            });
        }
    }

    /// Returns what the controller knows, for those who only look.
    #[must_use]
    pub fn view(&self) -> View {
        View::of(Arc::clone(&self.shared))
    }

    /// Waits until the ledger has written what it was told.
    pub async fn flush(&self) {
        self.shared.ledger.flush().await;
    }

    /// Returns how many objects the live cache holds, and their bytes.
    #[must_use]
    pub fn cache_size(&self) -> (usize, usize) {
        self.shared.cluster.size()
    }

    /// Returns how many requests were sent to the API server, watches included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.cluster.client().requests()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Why a controller can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The API server can't be reached, or refuses us.
    #[error("the API server can't be used: {0}")]
    Api(#[from] cluster::ApiError),
    /// The definitions aren't installed.
    #[error(
        "the API server doesn't know argoproj.io/Application: install the definitions first \
         (windlass install --export | kubectl apply --server-side -f -)"
    )]
    NoApplications,
}

/// Gives every application its task, and every task the application's newest state.
async fn run_applications(
    shared: Arc<Shared>,
    mailboxes: Mailboxes,
    mut applications: mpsc::UnboundedReceiver<ObjectKey>,
) {
    while let Some(key) = applications.recv().await {
        if *key.namespace != *shared.namespace {
            continue;
        }
        let dependents = shared.dependents_of(&key.name);
        let mut boxes = mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in dependents.iter().filter_map(|name| boxes.get(name)) {
            // An error means that the application is going away.
            let _gone = mailbox.send(actor::Mail::Changed);
        }
        if shared.cluster.get(&key).is_none() {
            boxes.remove(&key.name);
            shared.minders.set(&key.name, None);
            continue;
        }
        let mailbox = boxes.entry(key.name.clone()).or_insert_with(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let actor = actor::Actor::new(Arc::clone(&shared), key.clone());
            tokio::spawn(actor.run(receiver));
            sender
        });
        // An error means that the task is gone, which only happens on shutdown.
        let _gone = mailbox.send(actor::Mail::Application);
    }
}

/// Brings every change of a live object to the application that it belongs to.
async fn run_changes(
    shared: Arc<Shared>,
    mailboxes: Mailboxes,
    mut changes: mpsc::Receiver<Change>,
) {
    while let Some(change) = changes.recv().await {
        if shared.touched.receiver_count() > 0
            && let Some(app) = &change.app
        {
            // An error means that whoever looked has just gone.
            let _gone = shared.touched.send(app.clone());
        }
        let boxes = mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let own = change.app.as_deref().and_then(|app| boxes.get(app));
        // What belongs to nobody, or did until now, is an orphan to others.
        let is_orphan = own.is_none() || change.kind == ChangeKind::Moved;
        let minders = match is_orphan && change.kind != ChangeKind::Changed {
            true => shared.minders.of(&change.key.namespace),
            false => Vec::new(),
        };
        for mailbox in own
            .into_iter()
            .chain(minders.iter().filter_map(|app| boxes.get(app)))
        {
            // An error means that the application is going away.
            let _gone = mailbox.send(actor::Mail::Changed);
        }
    }
}

/// Returns the wait before try `attempt` (from 0) after something went wrong.
pub(crate) fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(100)
        .saturating_mul(2u32.saturating_pow(attempt.min(9)))
        .min(
            // Long enough to leave a struggling API server alone, short enough to be back soon.
            Duration::from_secs(30),
        )
}
