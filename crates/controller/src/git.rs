//! Git and rendering: where a revision points, and which objects it wants.

mod charts;
mod inspect;
mod integrity;
mod job;
mod place;
mod remotes;

use crate::actor::Mail;
use crate::secret::Secret;
use crate::{Installation, Mailboxes, Shared, projects};
use cluster::{Cluster, Discovery};
use engine::{Problem, Source, Spec, Tracking};
pub use inspect::{Explanation, Inspector, Step};
use job::Job;
pub use job::Loaded;
use source::{ChartRepository, CommitInfo, Freshness, PassCredentials, Sources};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tree::TreeError;
use value::Value;

/// How often Git is asked without being told.
#[derive(Clone, Copy, Debug)]
pub struct GitPoll {
    /// Between two questions; `None` never asks.
    pub every: Option<Duration>,
    /// Added at random, so that many controllers don't ask at once.
    pub jitter: Duration,
}

impl Default for GitPoll {
    /// Argo CD's defaults: every 120 s, and up to 60 s more.
    fn default() -> Self {
        Self {
            every: Some(Duration::from_secs(120)),
            jitter: Duration::from_secs(60),
        }
    }
}

/// What was rendered last, and for which specification.
type Last = (Arc<Spec>, Loaded);

/// Git and rendering for all applications.
pub(crate) struct Git {
    sources: Sources,
    renders: Semaphore,
    fetches: Semaphore,
    /// What the kustomizations of a repository share: a base of many overlays is built once.
    bases: Mutex<HashMap<Box<str>, Arc<kustomize::Cache>>>,
    /// Templates parsed before, of all charts.
    templates: Arc<helm::engine::Cache>,
    seed: Secret,
    /// The live cache, if there is one.
    cluster: Option<Arc<Cluster>>,
    /// The last rendering of each application: a commit that changed nothing it read costs a
    /// comparison of ids.
    last: Mutex<HashMap<Box<str>, Last>>,
}

impl Git {
    pub(crate) fn new(
        sources: Sources,
        seed: Secret,
        cluster: Option<Arc<Cluster>>,
        renders_max: usize,
        fetches_max: usize,
    ) -> Self {
        Self {
            sources,
            renders: Semaphore::new(renders_max),
            fetches: Semaphore::new(fetches_max),
            bases: Mutex::default(),
            templates: Arc::default(),
            seed,
            cluster,
            last: Mutex::default(),
        }
    }

    /// Takes other settings: logins from now on, and nothing that was rendered before counts.
    pub(crate) fn configure(&self, installation: &Installation) {
        self.sources
            .set_credentials(installation.credentials.clone());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clear();
    }

    /// Forgets what was rendered for an application.
    pub(crate) fn forget(&self, app: &str) {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(app);
    }

    /// Returns the commits that a revision of a specification's sources points at, or the versions
    /// of charts that fit it; without a revision, what the sources track.
    pub(crate) async fn resolve(
        &self,
        spec: &Arc<Spec>,
        revision: Option<&str>,
        freshness: Freshness,
    ) -> Result<String, Problem> {
        let sources = self.sources_of(spec);
        let spec = Arc::clone(spec);
        let revision = revision.unwrap_or_default().to_owned();
        let _permit = self.fetches.acquire().await;
        let answer = tokio::task::spawn_blocking(move || {
            let parts = spec.sources.with_revisions(&revision);
            let parts = parts.map(|(source, wanted)| {
                let wanted = match wanted {
                    "" => &source.target_revision,
                    wanted => wanted,
                };
                resolve_one(&sources, source, wanted, freshness)
            });
            let parts = parts.collect::<Result<Vec<String>, source::Error>>()?;
            Ok(engine::join_revisions(parts.iter().map(String::as_str)))
        });
        match answer.await {
            Ok(Ok(revision)) => Ok(revision),
            Ok(Err(error)) => Err(comparison_error(&error)),
            Err(error) => Err(panicked(&error)),
        }
    }

    /// Returns who made the newest commit of a revision of several sources; `None` if that can't be
    /// read now.
    pub(crate) fn commit_info(&self, spec: &Spec, revision: &str) -> Option<CommitInfo> {
        let sources = self.sources_of(spec);
        let infos = spec.sources.with_revisions(revision);
        let infos = infos.filter_map(|(source, revision)| {
            let id = source::Id::from_hex(revision.as_bytes()).ok()?;
            sources.commit_info(&source.repo_url, id).ok()
        });
        infos.max_by_key(|info| info.seconds)
    }

    /// Returns the repositories as an application's project sees them.
    fn sources_of(&self, spec: &Spec) -> Sources {
        self.sources.within(projects::name_of(spec))
    }

    fn bases_of(&self, spec: &Spec) -> Vec<Arc<kustomize::Cache>> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        let urls = spec.sources.iter().map(|s| s.repo_url.as_str());
        urls.map(|url| Arc::clone(bases.entry(url.into()).or_default()))
            .collect()
    }

    fn job(
        &self,
        app: &str,
        spec: &Arc<Spec>,
        revision: &str,
        discovery: Arc<Discovery>,
        tracking: &Tracking,
        installation: Arc<Installation>,
    ) -> Job {
        Job {
            sources: self.sources_of(spec),
            app: app.to_owned(),
            spec: Arc::clone(spec),
            revision: revision.to_owned(),
            discovery,
            tracking: tracking.clone(),
            bases: self.bases_of(spec),
            templates: Arc::clone(&self.templates),
            seed: self.seed,
            since: Instant::now(),
            installation,
            cluster: self.cluster.clone(),
            trace: false,
        }
    }

    /// Returns the objects of a revision.
    pub(crate) async fn load(
        &self,
        app: &str,
        spec: &Arc<Spec>,
        revision: &str,
        discovery: Arc<Discovery>,
        tracking: &Tracking,
        installation: Arc<Installation>,
    ) -> Result<Loaded, Problem> {
        let before = {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.get(app)
                .filter(|(s, _)| same_rendering(s, spec))
                .map(|(_, l)| l.clone())
        };
        let job = self.job(app, spec, revision, discovery, tracking, installation);
        let _permit = self.renders.acquire().await;
        let answer = tokio::task::spawn_blocking(move || job.run(before));
        let loaded = answer.await.unwrap_or_else(|error| Err(panicked(&error)))?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(app.into(), (Arc::clone(spec), loaded.clone()));
        Ok(loaded)
    }
}

/// Returns true if two specifications render alike.
fn same_rendering(a: &Spec, b: &Spec) -> bool {
    a.sources == b.sources
        && a.destination.namespace == b.destination.namespace
        && a.may_look_up == b.may_look_up
}

fn resolve_one(
    sources: &Sources,
    source: &Source,
    revision: &str,
    freshness: Freshness,
) -> Result<String, source::Error> {
    if source.chart.is_empty() {
        let id = sources.resolve(&source.repo_url, revision, freshness)?;
        return Ok(id.to_string());
    }
    let repository = chart_repository(sources, source)?;
    let found = sources.resolve_chart(&repository, &source.chart, revision, freshness)?;
    Ok(found.version)
}

/// Returns the repository of a source's chart.
fn chart_repository(sources: &Sources, source: &Source) -> Result<ChartRepository, source::Error> {
    let repository = sources.chart_repository(&source.repo_url)?;
    let pass = source.raw.at(&["helm", "passCredentials"]);
    Ok(match pass.and_then(Value::as_bool) {
        Some(true) => repository.with_pass_credentials(PassCredentials::AllHosts),
        _ => repository,
    })
}

fn invalid_source(message: String) -> Problem {
    Problem {
        kind: "InvalidSpecError",
        message,
        transient: false,
    }
}

fn unreadable(error: &TreeError) -> Problem {
    Problem {
        kind: "ComparisonError",
        message: format!("CacheFailed: {error}"),
        transient: true,
    }
}

fn comparison_error(error: &source::Error) -> Problem {
    Problem {
        kind: "ComparisonError",
        message: format!("{}: {error}", error.reason().as_str()),
        transient: error.reason().is_transient(),
    }
}

fn panicked(error: &tokio::task::JoinError) -> Problem {
    Problem {
        kind: "ComparisonError",
        message: format!("Internal: {error}; this is a defect of windlass"),
        transient: true,
    }
}

/// Asks every application's repository now and then.
pub(crate) async fn poll(shared: Arc<Shared>, mailboxes: Mailboxes, every: GitPoll) {
    let Some(interval) = every.every else { return };
    loop {
        tokio::time::sleep(interval + jitter(every.jitter)).await;
        let since = Instant::now();
        let boxes = mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in boxes.values() {
            // An error means that the application is going away.
            let _gone = mailbox.send(Mail::Poll { since });
        }
        tracing::debug!(
            applications = boxes.len(),
            namespace = shared.namespace,
            "asking Git"
        );
    }
}

/// Returns a random part of `most`; randomness from the hasher's own seed is plenty.
fn jitter(most: Duration) -> Duration {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(if most == 0 { 0 } else { random % most })
}
