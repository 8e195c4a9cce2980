//! What charts ask for beside their own files: charts of other repositories, and live objects.

use api::names;
use cluster::Cluster;
use engine::{ObjectKey, Spec, split_api_version};
use gotemplate::{LookedUp, Query};
use helm::{Chart, Missing};
use kustomize::HelmChart;
use project::{Destination, Project, Scope};
use source::{ChartRepository, ChartSnapshot, Freshness, Sources};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Instant;
use tree::{Recording, Tree};
use value::{Value, json};

/// A chart of a repository that another chart asked for.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    repository: String,
    name: String,
    wanted: String,
    version: String,
}

/// A question about the cluster, and a digest of the answer.
type Asked = (Query, u64);

/// What the charts of an application saw of the world.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    fetched: Vec<Fetched>,
    asked: Vec<Asked>,
}

/// The world as charts see it.
pub(super) struct World<'j> {
    pub(super) sources: &'j Sources,
    pub(super) spec: &'j Spec,
    pub(super) project: Option<&'j Project>,
    /// The live cache; without it, `lookup` finds nothing.
    pub(super) cluster: Option<&'j Arc<Cluster>>,
    /// What was learnt of a repository since then will do.
    pub(super) since: Instant,
    pub(super) seen: RefCell<Seen>,
}

impl World<'_> {
    /// Returns a chart that another one asks for, as `helm dependency build` fetches it; nothing if
    /// it isn't in a repository.
    pub(super) fn fetch(&self, missing: &Missing) -> Result<Option<Chart>, String> {
        let url = &missing.repository;
        if !["https://", "http://", "oci://"]
            .iter()
            .any(|s| url.starts_with(s))
        {
            return Ok(None);
        }
        let wanted = missing.locked.as_deref().unwrap_or(&missing.version);
        let files = self.files(url, &missing.name, wanted)?;
        let chart = Chart::from_folder(&Recording::new(&files), "").map_err(|e| e.to_string())?;
        Ok(Some(chart))
    }

    /// Returns the files of a chart that a kustomization names with its repository.
    pub(super) fn pull(&self, chart: &HelmChart) -> Result<Arc<dyn Tree>, String> {
        let files = self.files(&chart.repo, &chart.name, &chart.version)?;
        Ok(Arc::new(files))
    }

    /// Returns the files of a chart, and takes note of which version it is.
    fn files(&self, url: &str, name: &str, wanted: &str) -> Result<ChartSnapshot, String> {
        let fetch = || {
            let repository = self.repository(url)?;
            let since = Freshness::Since(self.since);
            let found = self
                .sources
                .resolve_chart(&repository, name, wanted, since)?;
            let files = self.sources.chart(&repository, &found)?;
            Ok((found.version, files))
        };
        let (version, files) = fetch().map_err(|e: source::Error| e.to_string())?;
        self.seen.borrow_mut().fetched.push(Fetched {
            repository: url.to_owned(),
            name: name.to_owned(),
            wanted: wanted.to_owned(),
            version,
        });
        Ok(files)
    }

    /// Returns a repository; its login goes only where the project's applications may come from.
    fn repository(&self, url: &str) -> Result<ChartRepository, source::Error> {
        match self.project.is_none_or(|p| p.permits_source(url).is_ok()) {
            true => self.sources.chart_repository(url),
            false => ChartRepository::new(url),
        }
    }

    /// Answers `lookup` from the live cache, as far as the project's applications may go.
    pub(super) fn look_up(&self, query: &Query) -> Result<Value, String> {
        let Some(cluster) = self.cluster.filter(|_| self.spec.may_look_up) else {
            return Ok(Value::Null);
        };
        let (group, version) = split_api_version(&query.api_version);
        let Some(resource) = cluster
            .discovery()
            .find(group, &query.kind, version)
            .cloned()
        else {
            return Err(format!(
                "no matches for kind {:?} in version {:?}",
                query.kind, query.api_version
            ));
        };
        self.permit(query, group, resource.namespaced)?;
        cluster.watch(group, &query.kind, version);
        tokio::runtime::Handle::current().block_on(cluster.ready());
        let key = ObjectKey::new(group, &query.kind, &query.namespace, &query.name);
        if !query.name.is_empty() {
            return Ok(cluster.get(&key).map_or(Value::Null, |live| live.value()));
        }
        let items = cluster.list(&key).into_iter().map(|live| live.value());
        Ok(json!({
            "apiVersion": query.api_version.as_str(),
            "kind": format!("{}List", query.kind),
            "items": items.collect::<Value>(),
        }))
    }

    fn permit(&self, query: &Query, group: &str, namespaced: bool) -> Result<(), String> {
        let Some(project) = self.project else {
            return Err("lookup: the application has no project".to_owned());
        };
        let refused = if namespaced {
            let own = &self.spec.destination.namespace;
            let at = Destination {
                server: names::IN_CLUSTER_SERVER,
                name: names::IN_CLUSTER_NAME,
                namespace: &query.namespace,
            };
            let is_own = query.namespace == *own && !own.is_empty();
            project.permits_destination(&at).err().filter(|_| !is_own)
        } else {
            let kind = &query.kind;
            project
                .permits_kind(group, kind, &query.name, Scope::Cluster)
                .err()
        };
        match refused {
            None => Ok(()),
            Some(refused) => Err(format!(
                "lookup {} {:?} {:?}: {refused}",
                query.kind, query.namespace, query.name
            )),
        }
    }

    /// Takes note of what was asked of the cluster.
    pub(super) fn looked_up(&self, all: &[LookedUp]) {
        let asked = all.iter().map(|l| (l.query.clone(), digest(&l.found)));
        self.seen.borrow_mut().asked.extend(asked);
    }

    /// Returns true if the world still looks as it did.
    pub(super) fn is_as(&self, seen: &Seen) -> bool {
        let fetched = seen.fetched.iter().all(|chart| {
            let resolved = self.repository(&chart.repository).and_then(|repository| {
                let since = Freshness::Since(self.since);
                self.sources
                    .resolve_chart(&repository, &chart.name, &chart.wanted, since)
            });
            resolved.is_ok_and(|found| found.version == chart.version)
        });
        fetched
            && seen
                .asked
                .iter()
                .all(|(query, answer)| self.look_up(query).is_ok_and(|now| digest(&now) == *answer))
    }
}

fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.to_json().hash(&mut hasher);
    hasher.finish()
}
