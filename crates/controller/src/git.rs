//! Git and rendering: where a revision points, and which objects it wants.

use crate::actor::Mail;
use crate::secret::Secret;
use crate::settings::{BuildOptions, Settings};
use crate::{Mailboxes, Shared};
use cluster::Discovery;
use engine::{Desired, Directives, ObjectKey, Problem, Source, Spec, Target, Tracking};
use source::{ChartRepository, CommitInfo, Freshness, Sources};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tree::{Tree, TreeError};
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

/// A rendered revision.
#[derive(Clone)]
pub struct Loaded {
    /// Its objects.
    pub target: Arc<Target>,
    /// What was read to render it.
    reads: Arc<tree::ReadSet>,
}

/// What was rendered last, and for which specification.
type Last = (Arc<Spec>, Loaded);

/// Git and rendering for all applications.
pub(crate) struct Git {
    sources: Arc<Sources>,
    renders: Semaphore,
    fetches: Semaphore,
    /// What the kustomizations of a repository share: a base of many overlays is built once.
    bases: Mutex<HashMap<Box<str>, Arc<kustomize::Cache>>>,
    /// Templates parsed before, of all charts.
    templates: Arc<helm::engine::Cache>,
    seed: Secret,
    build: BuildOptions,
    /// The last rendering of each application: a commit that changed nothing it read costs a
    /// comparison of ids.
    last: Mutex<HashMap<Box<str>, Last>>,
}

impl Git {
    pub(crate) fn new(
        sources: Sources,
        seed: Secret,
        build: BuildOptions,
        renders_max: usize,
        fetches_max: usize,
    ) -> Self {
        Self {
            sources: Arc::new(sources),
            renders: Semaphore::new(renders_max),
            fetches: Semaphore::new(fetches_max),
            bases: Mutex::default(),
            templates: Arc::default(),
            seed,
            build,
            last: Mutex::default(),
        }
    }

    /// Forgets what was rendered for an application.
    pub(crate) fn forget(&self, app: &str) {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(app);
    }

    /// Returns the commit that a revision points at, or the version of a chart that fits it.
    pub(crate) async fn resolve(
        &self,
        source: &Source,
        revision: &str,
        freshness: Freshness,
    ) -> Result<String, Problem> {
        let sources = Arc::clone(&self.sources);
        let (url, chart) = (source.repo_url.clone(), source.chart.clone());
        let revision = revision.to_owned();
        let _permit = self.fetches.acquire().await;
        let answer = tokio::task::spawn_blocking(move || {
            if chart.is_empty() {
                let id = sources.resolve(&url, &revision, freshness)?;
                return Ok(id.to_string());
            }
            let repository = ChartRepository::new(&url)?;
            let found = sources.resolve_chart(&repository, &chart, &revision, freshness)?;
            Ok(found.version)
        });
        match answer.await {
            Ok(Ok(revision)) => Ok(revision),
            Ok(Err(error)) => Err(comparison_error(&error)),
            Err(error) => Err(panicked(&error)),
        }
    }

    /// Returns who made a commit; `None` if that can't be read now.
    pub(crate) fn commit_info(&self, url: &str, revision: &str) -> Option<CommitInfo> {
        let id = source::Id::from_hex(revision.as_bytes()).ok()?;
        self.sources.commit_info(url, id).ok()
    }

    fn bases_of(&self, repo_url: &str) -> Arc<kustomize::Cache> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bases.entry(repo_url.into()).or_default())
    }

    /// Returns the objects of a revision.
    pub(crate) async fn load(
        &self,
        app: &str,
        spec: &Arc<Spec>,
        revision: &str,
        discovery: Arc<Discovery>,
        tracking: &Tracking,
    ) -> Result<Loaded, Problem> {
        let before = {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.get(app)
                .filter(|(s, _)| same_rendering(s, spec))
                .map(|(_, l)| l.clone())
        };
        let job = Job {
            sources: Arc::clone(&self.sources),
            app: app.to_owned(),
            spec: Arc::clone(spec),
            revision: revision.to_owned(),
            discovery,
            tracking: tracking.clone(),
            bases: self.bases_of(&spec.source.repo_url),
            templates: Arc::clone(&self.templates),
            seed: self.seed,
            build: self.build,
        };
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
    a.source == b.source && a.destination.namespace == b.destination.namespace
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

struct Job {
    sources: Arc<Sources>,
    app: String,
    spec: Arc<Spec>,
    revision: String,
    discovery: Arc<Discovery>,
    tracking: Tracking,
    bases: Arc<kustomize::Cache>,
    templates: Arc<helm::engine::Cache>,
    seed: Secret,
    build: BuildOptions,
}

impl Job {
    fn run(self, before: Option<Loaded>) -> Result<Loaded, Problem> {
        let source = &self.spec.source;
        let tree = self.files().map_err(|e| comparison_error(&e))?;
        let tree = tree.as_ref();
        // What names its own revision is new with each.
        let has_revision = || source.raw.to_json().contains("ARGOCD_APP_REVISION");
        if let Some(before) = before
            && !has_revision()
            && before.reads.is_current(tree).map_err(|e| unreadable(&e))?
        {
            let mut target = before.target.as_ref().clone();
            target.revision.clone_from(&self.revision);
            return Ok(Loaded {
                target: Arc::new(target),
                reads: before.reads,
            });
        }
        self.render(tree)
    }

    /// Returns the files of the revision.
    fn files(&self) -> Result<Box<dyn Tree>, source::Error> {
        let Source {
            repo_url, chart, ..
        } = &self.spec.source;
        if !chart.is_empty() {
            let repository = ChartRepository::new(repo_url)?;
            let version =
                self.sources
                    .resolve_chart(&repository, chart, &self.revision, Freshness::Known)?;
            return Ok(Box::new(self.sources.chart(&repository, &version)?));
        }
        // A commit of history may be asked for after the mirror was deleted: fetch it again.
        let id = self
            .sources
            .resolve(repo_url, &self.revision, Freshness::Known)?;
        Ok(Box::new(self.sources.snapshot(repo_url, id)?))
    }

    fn render(&self, tree: &dyn Tree) -> Result<Loaded, Problem> {
        let source = &self.spec.source;
        let environment = render::Environment::of(&render::BuildContext {
            app: &self.app,
            namespace: &self.spec.destination.namespace,
            project: &self.spec.project,
            revision: &self.revision,
            repo_url: &source.repo_url,
            path: &source.path,
            target_revision: &source.target_revision,
            kube_version: self.discovery.version(),
        });
        let mut request = render::Request::of_source(&self.app, &source.raw, &environment)
            .map_err(invalid_source)?;
        if !source.chart.is_empty() {
            // The whole tree is the chart.
            request.path = String::new();
            request.tool = Some(render::Tool::Helm);
        }
        if self
            .has_charts(&request, tree)
            .map_err(|e| unreadable(&e))?
        {
            self.complete(&mut request.helm);
        }
        request.kustomize.load_restrictor = self.build.load_restrictor;
        let charts = render::HelmCharts {
            cache: Some(&self.templates),
            kube_version: &request.helm.kube_version,
            api_versions: &request.helm.api_versions,
            seed: request.helm.seed,
            now_seconds: request.helm.now_seconds,
        };
        let kustomize = render::KustomizeRenderer {
            cache: Some(&self.bases),
            charts: match self.build.enable_helm {
                true => Some(&charts),
                false => None,
            },
            ..render::KustomizeRenderer::default()
        };
        let helm = render::HelmRenderer {
            cache: Some(&self.templates),
            ..render::HelmRenderer::default()
        };
        let renderers = render::Renderers {
            kustomize: Some(&kustomize),
            helm: Some(&helm),
        };
        let rendered = render::render(tree, &request, &renderers).map_err(|e| unreadable(&e))?;
        let failures: Vec<String> = rendered.errors().map(ToString::to_string).collect();
        if !failures.is_empty() {
            return Err(Problem {
                kind: "ComparisonError",
                message: failures.join("; "),
                transient: false,
            });
        }
        let mut notes: Vec<(String, String)> = rendered
            .diagnostics
            .iter()
            .map(|d| ("SkippedFileWarning".to_owned(), d.to_string()))
            .collect();
        let objects = self.desired(rendered.objects, &mut notes)?;
        let target = Target {
            revision: self.revision.clone(),
            objects,
            notes,
            source_type: rendered.tool.map_or("", render::Tool::as_str),
        };
        Ok(Loaded {
            target: Arc::new(target),
            reads: Arc::new(rendered.read_set),
        })
    }

    /// Returns true if a chart may be rendered: what it sees costs more than many a plain folder.
    fn has_charts(&self, request: &render::Request, tree: &dyn Tree) -> Result<bool, TreeError> {
        Ok(match request.tool {
            Some(render::Tool::Helm) => true,
            Some(render::Tool::Directory) => false,
            Some(render::Tool::Kustomize) => self.build.enable_helm,
            None if self.build.enable_helm => true,
            None => tree
                .entry(&tree::join(&request.path, "Chart.yaml"))?
                .is_some(),
        })
    }

    /// Adds what a chart sees of the cluster and the installation.
    fn complete(&self, helm: &mut render::Helm) {
        if helm.namespace.is_empty() {
            helm.namespace.clone_from(&self.spec.destination.namespace);
        }
        if helm.kube_version.is_empty() {
            self.discovery.version().clone_into(&mut helm.kube_version);
        }
        if helm.api_versions.is_empty() {
            helm.api_versions = self.discovery.api_versions();
        }
        let commit = source::Id::from_hex(self.revision.as_bytes()).ok();
        let info = commit.and_then(|id| {
            let url = &self.spec.source.repo_url;
            self.sources.commit_info(url, id).ok()
        });
        // The time of the commit: rendering it again gives the same.
        helm.now_seconds = info.map_or(0, |info| info.seconds);
        helm.seed = self.seed.of(&self.app);
    }

    /// Gives objects their namespace and tracking id; of two of one name the last wins.
    fn desired(
        &self,
        rendered: Vec<render::RenderedObject>,
        notes: &mut Vec<(String, String)>,
    ) -> Result<Vec<Desired>, Problem> {
        let mut objects: BTreeMap<ObjectKey, Desired> = BTreeMap::new();
        for object in rendered {
            let mut value = object.value;
            self.place(&mut value);
            let key = ObjectKey::of(&value);
            if key.name.is_empty() && value.str_at(&["metadata", "generateName"]).is_empty() {
                return Err(Problem {
                    kind: "ComparisonError",
                    message: format!("{}:{}: {} has no name", object.file, object.line, key.kind),
                    transient: false,
                });
            }
            self.tracking.mark(&self.app, &key, &mut value);
            // What is compared is what is applied: without what the server owns.
            let value = merge::drift::normalise(&value);
            let desired = Desired {
                api_version: value.str_at(&["apiVersion"]).into(),
                directives: Directives::of(&value),
                value: Arc::new(value),
                file: (&*object.file).into(),
                line: object.line,
                key: key.clone(),
            };
            if let Some(first) = objects.insert(key.clone(), desired) {
                notes.push((
                    "RepeatedResourceWarning".to_owned(),
                    format!(
                        "Resource {}/{}/{}/{} appeared 2 times among application resources \
                         (first in {}:{}; the last wins).",
                        key.group, key.kind, key.namespace, key.name, first.file, first.line
                    ),
                ));
            }
        }
        // `Skip` hooks are left out altogether.
        let wanted = |d: &Desired| !d.directives.is_hook || !d.directives.hooks.is_empty();
        Ok(objects.into_values().filter(wanted).collect())
    }

    /// Puts an object into the destination's namespace if its kind lives in namespaces and it
    /// names none; takes the namespace off a cluster-scoped one.
    fn place(&self, value: &mut Value) {
        let (group, version) = engine::split_api_version(value.str_at(&["apiVersion"]));
        let kind = value.str_at(&["kind"]);
        let resource = self
            .discovery
            .find(group, kind, version)
            .or_else(|| self.discovery.find(group, kind, ""));
        // An unknown kind is taken to live in a namespace: most do.
        let namespaced = resource.is_none_or(|r| r.namespaced);
        let named = !value.str_at(&["metadata", "namespace"]).is_empty();
        if !namespaced {
            value.remove_at(&["metadata", "namespace"]);
        } else if !named && !self.spec.destination.namespace.is_empty() {
            value.set_at(
                &["metadata", "namespace"],
                self.spec.destination.namespace.as_str(),
            );
        }
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

/// Renders an application once, at `revision` or at what it tracks, with mirrors below `cache`:
/// for commands that a person runs.
///
/// # Errors
/// Fails if Git can't be read or the manifests are broken.
pub async fn render_application(
    cache: &std::path::Path,
    name: &str,
    application: &Value,
    revision: Option<&str>,
    discovery: Arc<Discovery>,
    settings: &Settings,
    seed: Secret,
) -> Result<Arc<Target>, Problem> {
    let view = engine::argo::view(application);
    if let Some(problem) = view.spec.problems.first() {
        return Err(Problem {
            kind: "InvalidSpecError",
            message: problem.clone(),
            transient: false,
        });
    }
    let git = Git::new(Sources::new(cache), seed, settings.kustomize, 1, 1);
    let source = &view.spec.source;
    let revision = revision.unwrap_or(&source.target_revision);
    let id = git.resolve(source, revision, Freshness::Latest).await?;
    git.load(name, &view.spec, &id, discovery, &settings.tracking)
        .await
        .map(|loaded| loaded.target)
}
