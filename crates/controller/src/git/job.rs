//! Rendering one revision of an application, on a thread of its own.

use super::charts::{Seen, World};
use super::integrity::{self, Wanted};
use super::remotes::{RemoteBase, Remotes};
use super::{chart_repository, comparison_error, invalid_source, unreadable};
use crate::Installation;
use crate::secret::Secret;
use cluster::{Cluster, Discovery};
use engine::{Problem, Source, Spec, Target, Tracking};
use render::{
    BuildContext, Environment, HelmCharts, HelmRenderer, KustomizeRenderer, Output, References,
    RenderedObject, Renderers, Request, SourceError, Tool, render_in, with_overrides,
};
use source::{Freshness, Sources};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tree::{EntryKind, FollowError, ReadSet, Recording, Tree};

/// A rendered revision.
#[derive(Clone)]
pub struct Loaded {
    /// Its objects.
    pub target: Arc<Target>,
    /// What was read of each source to render it.
    reads: Arc<[ReadSet]>,
    /// It names its own revision, so that each one is new.
    names_revision: bool,
    /// Bases in other repositories.
    remotes: Vec<RemoteBase>,
    /// What charts saw beside the sources.
    seen: Seen,
}

impl Loaded {
    /// Returns the files that were read, of all sources, with a digest of each one's content.
    pub(super) fn files(&self) -> BTreeMap<String, String> {
        let seen = self.reads.iter().flat_map(ReadSet::iter);
        let files = seen.filter_map(|(path, seen)| match seen {
            tree::Seen::Entry(entry) if entry.kind == EntryKind::File => {
                Some((path.to_owned(), format!("{:?}", entry.id)))
            }
            _ => None,
        });
        files.collect()
    }

    /// Returns true if sources with these files give the same objects.
    fn is_current(&self, files: &[Files]) -> Result<bool, Problem> {
        if self.names_revision || self.reads.len() != files.len() {
            return Ok(false);
        }
        for (reads, files) in self.reads.iter().zip(files) {
            if !reads.is_current(&*files.tree).map_err(|e| unreadable(&e))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Everything that a rendering needs.
pub(super) struct Job {
    pub(super) sources: Sources,
    pub(super) app: String,
    pub(super) spec: Arc<Spec>,
    pub(super) revision: String,
    pub(super) discovery: Arc<Discovery>,
    pub(super) tracking: Tracking,
    /// For each source.
    pub(super) bases: Vec<Arc<kustomize::Cache>>,
    pub(super) templates: Arc<helm::engine::Cache>,
    pub(super) seed: Secret,
    /// What was learnt of other repositories since then will do.
    pub(super) since: Instant,
    pub(super) installation: Arc<Installation>,
    /// The live cache, for charts that look something up.
    pub(super) cluster: Option<Arc<Cluster>>,
    /// Notes what sets which field.
    pub(super) trace: bool,
}

/// What all sources give.
#[derive(Default)]
struct Made {
    /// Each with the place of its source.
    objects: Vec<(usize, RenderedObject)>,
    notes: Vec<(String, String)>,
    source_types: Vec<&'static str>,
    reads: Arc<[ReadSet]>,
    names_revision: bool,
    remotes: Vec<RemoteBase>,
    seen: Seen,
}

/// One source of an application.
#[derive(Clone, Copy)]
struct Part<'j> {
    source: &'j Source,
    revision: &'j str,
    tree: &'j Recording<'j>,
    bases: &'j kustomize::Cache,
    packed_seconds: Option<i64>,
}

/// The files of one source.
struct Files {
    tree: Box<dyn Tree>,
    /// When a chart of a repository was packed, in seconds since 1970.
    packed_seconds: Option<i64>,
}

impl Job {
    pub(super) fn run(self, before: Option<Loaded>) -> Result<Loaded, Problem> {
        let parts = self.spec.sources.with_revisions(&self.revision);
        let files = parts.map(|(source, revision)| self.files(source, revision));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        if let Some(before) = before
            && before.is_current(&files)?
            && before
                .remotes
                .iter()
                .all(|base| base.is_current(&self.sources, self.since))
            && self.world().is_as(&before.seen)
        {
            let mut target = before.target.as_ref().clone();
            target.revision.clone_from(&self.revision);
            return Ok(Loaded {
                target: Arc::new(target),
                ..before
            });
        }
        self.render(&files)
    }

    /// Returns the files of a source at a revision.
    fn files(&self, source: &Source, revision: &str) -> Result<Files, Problem> {
        let failed = |e: source::Error| comparison_error(&e);
        let Source {
            repo_url, chart, ..
        } = source;
        if !chart.is_empty() {
            let repository = chart_repository(&self.sources, source).map_err(failed)?;
            let version =
                self.sources
                    .resolve_chart(&repository, chart, revision, Freshness::Known);
            let version = version.map_err(failed)?;
            let chart = self.sources.chart(&repository, &version).map_err(failed)?;
            return Ok(Files {
                packed_seconds: Some(chart.packed_seconds()),
                tree: Box::new(chart),
            });
        }
        // A commit of history may be asked for after the mirror was deleted: fetch it again.
        let id = self.sources.resolve(repo_url, revision, Freshness::Known);
        let id = id.map_err(failed)?;
        self.check_integrity(source, revision, id)?;
        let tree = self.sources.snapshot(repo_url, id).map_err(failed)?;
        Ok(Files {
            tree: Box::new(tree),
            packed_seconds: None,
        })
    }

    /// Fails if a commit isn't signed as the project asks for.
    fn check_integrity(
        &self,
        source: &Source,
        revision: &str,
        head: source::Id,
    ) -> Result<(), Problem> {
        let url = &source.repo_url;
        let name = match source::Id::from_hex(revision.as_bytes()) {
            Ok(_) => &source.target_revision,
            Err(_) => revision,
        };
        let wanted = Wanted { url, name, head };
        let project = self.installation.projects.get(&self.spec.project);
        let keys = &self.installation.keys;
        integrity::check(&self.sources, project.map(AsRef::as_ref), keys, wanted)
    }

    fn render(&self, files: &[Files]) -> Result<Loaded, Problem> {
        let mut made = self.make(files)?;
        let objects = std::mem::take(&mut made.objects);
        let objects = self.desired(objects.into_iter().map(|o| o.1), &mut made.notes)?;
        Ok(Loaded {
            reads: made.reads,
            names_revision: made.names_revision,
            remotes: made.remotes,
            seen: made.seen,
            target: Arc::new(Target {
                revision: self.revision.clone(),
                objects,
                notes: made.notes,
                source_types: made.source_types,
            }),
        })
    }

    /// Returns what the sources give, each object with the place of its source.
    pub(super) fn explained(&self) -> Result<Vec<(usize, RenderedObject)>, Problem> {
        let parts = self.spec.sources.with_revisions(&self.revision);
        let files = parts.map(|(source, revision)| self.files(source, revision));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        Ok(self.make(&files)?.objects)
    }

    /// Renders all sources.
    fn make(&self, files: &[Files]) -> Result<Made, Problem> {
        let recordings = files.iter().map(|f| Recording::new(&*f.tree));
        let recordings: Vec<Recording<'_>> = recordings.collect();
        let sources = self.spec.sources.iter();
        let references: Vec<(&str, &Recording<'_>)> = sources
            .zip(&recordings)
            .filter(|(source, _)| !source.reference.is_empty() && source.chart.is_empty())
            .map(|(source, tree)| (source.reference.as_str(), tree))
            .collect();
        let mut made = Made::default();
        let mut failures = Vec::new();
        let world = self.world();
        let remotes = Remotes {
            sources: &self.sources,
            installation: &self.installation,
            project: &self.spec.project,
            since: self.since,
            used: RefCell::default(),
        };
        let parts = self.spec.sources.with_revisions(&self.revision);
        let trees = recordings.iter().zip(files).zip(&self.bases);
        for (at, ((source, revision), ((tree, files), bases))) in parts.zip(trees).enumerate() {
            if !source.is_rendered() {
                made.source_types.push("");
                continue;
            }
            let part = Part {
                source,
                revision,
                tree,
                bases,
                packed_seconds: files.packed_seconds,
            };
            let (tool, output) = self.part(
                part,
                &references,
                &remotes,
                &world,
                &mut made.names_revision,
            )?;
            made.source_types.push(tool.map_or("", Tool::as_str));
            for diagnostic in &output.diagnostics {
                match diagnostic.severity {
                    render::Severity::Error => failures.push(diagnostic.to_string()),
                    render::Severity::Warning => {
                        let note = ("SkippedFileWarning".to_owned(), diagnostic.to_string());
                        made.notes.push(note);
                    }
                }
            }
            made.objects
                .extend(output.objects.into_iter().map(|object| (at, object)));
        }
        if !failures.is_empty() {
            return Err(Problem {
                kind: "ComparisonError",
                message: failures.join("; "),
                transient: false,
            });
        }
        made.remotes = remotes.used.into_inner();
        made.seen = world.seen.into_inner();
        drop(references);
        let reads = recordings.into_iter().map(Recording::into_read_set);
        made.reads = reads.collect();
        Ok(made)
    }

    /// Returns the world as the application's charts see it.
    fn world(&self) -> World<'_> {
        World {
            sources: &self.sources,
            spec: &self.spec,
            project: self
                .installation
                .projects
                .get(&self.spec.project)
                .map(AsRef::as_ref),
            cluster: self.cluster.as_ref(),
            since: self.since,
            seen: RefCell::default(),
        }
    }

    /// Renders one source.
    fn part(
        &self,
        part: Part<'_>,
        references: &References<'_>,
        remotes: &Remotes<'_>,
        world: &World<'_>,
        names_revision: &mut bool,
    ) -> Result<(Option<Tool>, Output), Problem> {
        let source = part.source;
        let merged = match with_overrides(part.tree, &self.app, &source.path, &source.raw) {
            Ok(merged) => merged,
            Err(SourceError::Tree(error)) => return Err(unreadable(&error)),
            Err(SourceError::Mistake(diagnostic)) => {
                return Ok((
                    None,
                    Output {
                        objects: Vec::new(),
                        diagnostics: vec![diagnostic],
                    },
                ));
            }
        };
        *names_revision |= merged.to_json().contains("ARGOCD_APP_REVISION");
        let mut request = Request::of_source(&self.app, &merged, &self.environment(part))
            .map_err(invalid_source)?;
        if !source.chart.is_empty() {
            // The whole tree is the chart.
            request.path = String::new();
            request.tool = Some(Tool::Helm);
        }
        if self.has_charts(&request, part.tree)? {
            self.complete(part, &mut request.helm);
        }
        request.kustomize.load_restrictor = self.installation.settings.kustomize.load_restrictor;
        let pull = |chart: &kustomize::HelmChart| world.pull(chart);
        let charts = HelmCharts {
            cache: Some(&self.templates),
            kube_version: &request.helm.kube_version,
            api_versions: &request.helm.api_versions,
            seed: request.helm.seed,
            now_seconds: request.helm.now_seconds,
            pull: Some(&pull),
        };
        let kustomize = KustomizeRenderer {
            cache: Some(part.bases),
            charts: match self.installation.settings.kustomize.enable_helm {
                true => Some(&charts),
                false => None,
            },
            remotes: Some(remotes),
            trace: self.trace,
        };
        let look_up = |query: &gotemplate::Query| world.look_up(query);
        let looked_up = |all: &[gotemplate::LookedUp]| world.looked_up(all);
        let fetch = |missing: &helm::Missing| world.fetch(missing);
        let helm = HelmRenderer {
            cache: Some(&self.templates),
            lookup: Some(&look_up),
            looked_up: Some(&looked_up),
            fetch: Some(&fetch),
            references,
            trace: self.trace,
            ..HelmRenderer::default()
        };
        let renderers = Renderers {
            kustomize: Some(&kustomize),
            helm: Some(&helm),
        };
        render_in(part.tree, &request, &renderers).map_err(|e| unreadable(&e))
    }

    /// Returns what the variables in a source's fields stand for.
    fn environment(&self, part: Part<'_>) -> Environment {
        let environment = Environment::of(&BuildContext {
            app: &self.app,
            namespace: &self.spec.destination.namespace,
            project: &self.spec.project,
            revision: part.revision,
            repo_url: &part.source.repo_url,
            path: &part.source.path,
            target_revision: &part.source.target_revision,
            kube_version: self.discovery.version(),
        });
        let sources = &self.spec.sources;
        if !sources.is_list() {
            return environment;
        }
        let named = sources.iter().filter(|s| !s.reference.is_empty());
        environment.with_references(named.map(|s| s.reference.clone()))
    }

    /// Returns true if a chart may be rendered: what it sees costs more than many a plain folder.
    fn has_charts(&self, request: &Request, tree: &Recording<'_>) -> Result<bool, Problem> {
        Ok(match request.tool {
            Some(Tool::Helm) => true,
            Some(Tool::Directory) => false,
            Some(Tool::Kustomize) => self.installation.settings.kustomize.enable_helm,
            None if self.installation.settings.kustomize.enable_helm => true,
            None => match tree.has_file(&tree::join(&request.path, "Chart.yaml")) {
                Ok(found) => found,
                Err(FollowError::Tree(error)) => return Err(unreadable(&error)),
                // The render itself says what is wrong.
                Err(_) => false,
            },
        })
    }

    /// Adds what a chart sees of the cluster and the installation.
    fn complete(&self, part: Part<'_>, helm: &mut render::Helm) {
        if helm.namespace.is_empty() {
            helm.namespace.clone_from(&self.spec.destination.namespace);
        }
        if helm.kube_version.is_empty() {
            self.discovery.version().clone_into(&mut helm.kube_version);
        }
        if helm.api_versions.is_empty() {
            helm.api_versions = self.discovery.api_versions();
        }
        // The time of the commit or of the package: rendering it again gives the same.
        helm.now_seconds = part.packed_seconds.unwrap_or_else(|| {
            let commit = source::Id::from_hex(part.revision.as_bytes()).ok();
            let info = commit.and_then(|id| {
                let url = &part.source.repo_url;
                self.sources.commit_info(url, id).ok()
            });
            info.map_or(0, |info| info.seconds)
        });
        helm.seed = self.seed.of(&self.app);
    }
}
