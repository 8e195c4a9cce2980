//! One application's task: mail in, the core's decisions carried out.

use crate::Shared;
use crate::world::ClusterWorld;
use cluster::Prepared;
use engine::argo::{self, Reading};
use engine::{AppState, Event, Ignore, ObjectKey};
use jiff::Timestamp;
use ledger::Receipt;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use value::Value;

/// What an application's task is told.
pub(crate) enum Mail {
    /// The application changed.
    Application,
    /// One of its live objects changed.
    Changed,
    /// Somebody pushed to a repository.
    Pushed {
        /// The repository.
        url: String,
    },
    /// Settings, logins or projects have changed.
    Configured,
    /// What it tracks may have moved; what was learnt since then will do.
    Poll {
        /// When the question was asked.
        since: Instant,
    },
    /// The task itself has something to go on with.
    Event(Box<Event>),
}

/// One application's task.
pub(crate) struct Actor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: ObjectKey,
    /// `None` until the application was read, and after a failure.
    pub(crate) life: Option<Life>,
    pub(crate) attempt: u32,
    /// Entries of the ledger that may not be written yet.
    pub(crate) receipts: VecDeque<Receipt>,
}

/// What a task remembers between two failures.
pub(crate) struct Life {
    pub(crate) state: AppState,
    pub(crate) prepared: Arc<Prepared>,
    /// The application as it is in the API.
    pub(crate) known: argo::Known,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) queue: VecDeque<Event>,
    /// The namespace whose objects of nobody it is told of.
    pub(crate) minds: Option<Box<str>>,
    /// When this life began, until Git was asked for the first time.
    pub(crate) started: Option<Instant>,
}

impl Actor {
    pub(crate) fn new(shared: Arc<Shared>, key: ObjectKey) -> Self {
        Self {
            shared,
            key,
            life: None,
            attempt: 0,
            receipts: VecDeque::new(),
        }
    }

    /// Runs until the application is gone.
    pub(crate) async fn run(mut self, mut mailbox: mpsc::UnboundedReceiver<Mail>) {
        loop {
            let mail = match self.sleep() {
                None => mailbox.recv().await,
                Some(wait) => match tokio::time::timeout(wait, mailbox.recv()).await {
                    Ok(mail) => mail,
                    Err(_) => Some(Mail::Event(Box::new(Event::Look))),
                },
            };
            let Some(mail) = mail else { return };
            let mut looked = self.take(mail).await;
            // Whatever else has come meanwhile is taken in one go: many changes, one look.
            while let Ok(mail) = mailbox.try_recv() {
                looked |= self.take(mail).await;
            }
            if looked && let Some(life) = &mut self.life {
                life.queue.push_back(Event::Look);
            }
            self.work().await;
        }
    }

    /// Returns how long there is nothing to do; `None` is "until mail comes".
    fn sleep(&self) -> Option<std::time::Duration> {
        let Some(life) = &self.life else {
            return (self.attempt > 0).then(|| crate::backoff(self.attempt));
        };
        let wait = life.wake_at?.duration_since(Timestamp::now());
        Some(std::time::Duration::try_from(wait).unwrap_or_default())
    }

    /// Takes one piece of mail. Returns true if the core should look at the cluster.
    async fn take(&mut self, mail: Mail) -> bool {
        match mail {
            Mail::Application => {
                self.take_application().await;
                false
            }
            Mail::Changed => true,
            Mail::Pushed { url } => {
                let concerned = self.life.as_ref().is_some_and(|l| {
                    l.state
                        .app
                        .as_ref()
                        .is_some_and(|a| a.spec.sources.iter().any(|s| s.repo_url == url))
                });
                if concerned {
                    self.resolve(Instant::now(), false).await;
                }
                false
            }
            Mail::Configured => {
                if let Some(life) = &mut self.life {
                    // A failure of before says nothing any more: Git is asked anew.
                    life.started = None;
                    life.queue.push_back(Event::Reconfigured);
                }
                false
            }
            Mail::Poll { since } => {
                self.resolve(since, true).await;
                false
            }
            Mail::Event(event) => {
                if self.life.is_none() {
                    self.take_application().await;
                }
                if let Some(life) = &mut self.life {
                    life.queue.push_back(*event);
                }
                false
            }
        }
    }

    /// Reads the application from the cache.
    async fn take_application(&mut self) {
        let Some(live) = self.shared.cluster.get(&self.key) else {
            return;
        };
        if self
            .life
            .as_ref()
            .is_some_and(|l| l.known.is_newer_than(live.resource_version))
        {
            return;
        }
        let mut application = live.value();
        let mut version = live.resource_version;
        if self.life.is_none() && self.attempt > 0 {
            // After a failure nobody knows what the API server has taken of our writes, and the
            // watch may lag: what is written there counts.
            match self.shared.cluster.client().get(&self.path("")).await {
                Ok(newest) => application = newest,
                Err(error) => {
                    tracing::warn!(app = &*self.key.name, error = %error, "starting anew");
                    self.attempt += 1;
                    return;
                }
            }
            let text = application.str_at(&["metadata", "resourceVersion"]);
            version = text.parse().unwrap_or(version);
        }
        let view = argo::view(&application);
        self.shared.depends(&self.key.name, &view.depends_on);
        if self.life.is_none() {
            self.begin(&application).await;
        }
        let Some(life) = &mut self.life else { return };
        let from = match self.attempt {
            0 => Reading::Watch,
            _ => Reading::Server,
        };
        life.known.read(&application, &view, version, from);
        life.queue.push_back(Event::Application(Box::new(view)));
    }

    /// Starts a life from what the resource says.
    async fn begin(&mut self, application: &Value) {
        // Kinds that were deployed are watched even if Git no longer has any: what is to be pruned
        // must be seen.
        let status = application.get("status").unwrap_or(&Value::Null);
        for resource in status.array_at(&["resources"]) {
            let text = |name: &str| resource.str_at(&[name]);
            self.shared
                .cluster
                .watch(text("group"), text("kind"), text("version"));
        }
        self.shared.cluster.ready().await;
        self.life = Some(Life {
            state: AppState::new(argo::status_from(application)),
            prepared: Arc::new(Prepared::new([], Ignore::default())),
            known: argo::Known::of(application),
            wake_at: None,
            queue: VecDeque::new(),
            minds: None,
            started: Some(Instant::now()),
        });
    }

    /// Lets the core work until there is nothing left to do now.
    async fn work(&mut self) {
        while let Some(life) = &mut self.life {
            let Some(event) = life.queue.pop_front() else {
                self.attempt = 0;
                return;
            };
            if let Event::Loaded {
                result: Ok(target), ..
            } = &event
            {
                let objects = target.objects.iter().map(|d| (&d.key, &d.value));
                let own = life.state.app.as_ref().map(|a| &a.spec.ignore_differences);
                let installation = self.shared.installation();
                let ignore = installation
                    .settings
                    .compare
                    .and(own.unwrap_or(&Value::Null));
                life.prepared = Arc::new(Prepared::new(objects, ignore));
            }
            // Read before our own last write: what it says was dealt with.
            if matches!(&event, Event::Application(view) if life.known.is_newer_than(view.version))
            {
                continue;
            }
            life.wake_at = None;
            // The project that the specification names now, which the event may change.
            let app = match &event {
                Event::Application(view) => Some(Arc::clone(&view.spec)),
                _ => life.state.app.as_ref().map(|a| Arc::clone(&a.spec)),
            };
            let installation = self.shared.installation();
            let project = app
                .as_ref()
                .and_then(|a| installation.projects.get(&a.project));
            let world = ClusterWorld {
                destination: app.as_ref().map_or("", |a| &a.destination.namespace),
                impersonation: installation.settings.impersonation,
                project: project.map(AsRef::as_ref),
                cluster: &self.shared.cluster,
                app: &self.key.name,
                namespace: &self.key.namespace,
                prepared: &life.prepared,
            };
            let effects = life
                .state
                .step(event, &world, &self.shared.config, Timestamp::now());
            self.mind_orphans();
            for effect in effects {
                if let Err(error) = self.carry_out(effect).await {
                    tracing::warn!(app = &*self.key.name, error = %error, "starting anew");
                    self.life = None;
                    self.attempt += 1;
                    return;
                }
            }
        }
    }
}
