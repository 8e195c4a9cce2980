//! Helm charts.

use crate::diagnostic::Diagnostic;
use crate::object::{Output, RenderedObject};
use crate::request::{Request, SetKind};
use crate::tool::Renderer;
use crate::value_files::{self, References};
use gotemplate::{LookedUp, Lookup, Options, Seed};
use helm::engine::{Cache, Capabilities, KubeVersion, Release};
use helm::explain::{Layer, PlaceKind, Trace};
use helm::manifests::Manifest;
use helm::template::{self, Parts};
use helm::{Chart, Compat, FolderError, Missing, strvals, values};
use std::sync::Arc;
use tree::{FollowError, Recording, TreeError, join};
use value::Value;
use yaml::Lines;

/// Reads a file that `--set-file` names, from somewhere else than the tree.
pub type ReadFile<'r> = dyn Fn(&str) -> Result<String, String> + 'r;

/// Is told which questions `lookup` asked, with the answers.
pub type TellLookups<'r> = dyn Fn(&[LookedUp]) + 'r;

/// Gives a chart that another one asks for; nothing if it can't be had, which is an error then.
pub type FetchChart<'r> = dyn Fn(&Missing) -> Result<Option<Chart>, String> + 'r;

/// Renders charts as `helm template` does.
#[derive(Clone, Copy, Default)]
pub struct HelmRenderer<'r> {
    /// Templates parsed before.
    pub cache: Option<&'r Cache>,
    /// What `lookup` asks; without it, it finds nothing.
    pub lookup: Option<&'r Lookup<'r>>,
    /// What is told which questions `lookup` asked, with the answers: the objects depend on them.
    pub looked_up: Option<&'r TellLookups<'r>>,
    /// Gives charts that a chart asks for and doesn't hold, as `helm dependency build` does; those of
    /// the tree itself (`file://`) are found then, too. Without it, missing charts are an error.
    pub fetch: Option<&'r FetchChart<'r>>,
    /// What `--set-file` reads; without it, files of the tree.
    pub read_file: Option<&'r ReadFile<'r>>,
    /// Trees of other sources, for `$name/path`.
    pub references: &'r References<'r>,
    /// Leaves lists whole, as `helm template` prints them; otherwise their items count one by one.
    pub whole_lists: bool,
    /// Notes which template wrote what, and which values it looked at.
    pub trace: bool,
    /// What sees the values that the chart's templates saw.
    pub show_values: Option<&'r dyn Fn(&Value)>,
}

/// Why a chart doesn't render: a mistake of the user's, or a tree that can't be read.
pub(crate) enum Failure {
    Tree(TreeError),
    Mistake(String),
}

impl From<FollowError> for Failure {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Tree(error) => Self::Tree(error),
            error => Self::Mistake(error.to_string()),
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Mistake(message)
    }
}

impl Renderer for HelmRenderer<'_> {
    fn render(&self, tree: &Recording<'_>, request: &Request) -> Result<Output, TreeError> {
        let mut output = Output::default();
        match self.manifests(tree, request) {
            Ok((manifests, trace)) => {
                for manifest in manifests {
                    self.place(&request.path, manifest, trace.as_ref(), &mut output);
                }
            }
            Err(Failure::Tree(error)) => return Err(error),
            Err(Failure::Mistake(message)) => {
                let diagnostic = Diagnostic::error(&request.path, message);
                output.diagnostics.push(diagnostic);
            }
        }
        Ok(output)
    }
}

impl HelmRenderer<'_> {
    /// Adds a manifest's objects: a list's one by one.
    fn place(
        &self,
        folder: &str,
        manifest: Manifest,
        trace: Option<&Arc<Trace>>,
        output: &mut Output,
    ) {
        // Below the chart's own name stand the chart's files.
        let inside = manifest.path.split_once('/').map_or("", |(_, path)| path);
        let file: Arc<str> = join(folder, inside).into();
        let lines = Arc::new(Lines::default());
        let apart = !self.whole_lists && manifest.object.str_at(&["kind"]).ends_with("List");
        let traced = |object: RenderedObject| match trace {
            Some(trace) => object.with_chart(trace, manifest.clone(), folder),
            None => object,
        };
        match manifest.object.get("items").and_then(Value::as_array) {
            Some(items) if apart => {
                for (i, item) in items.iter().enumerate() {
                    let at = format!("/items/{i}");
                    let object =
                        RenderedObject::new(item.clone(), file.clone(), lines.clone(), &at);
                    output.objects.push(traced(object));
                }
            }
            _ if manifest.object.is_null() => {}
            _ if trace.is_some() => {
                let value = Value::clone(&manifest.object);
                let object = RenderedObject::new(value, file, lines, "");
                output.objects.push(traced(object));
            }
            _ => {
                let value = Arc::unwrap_or_clone(manifest.object);
                let object = RenderedObject::new(value, file, lines, "");
                output.objects.push(object);
            }
        }
    }

    fn manifests(
        &self,
        tree: &Recording<'_>,
        request: &Request,
    ) -> Result<(Vec<Manifest>, Option<Arc<Trace>>), Failure> {
        let helm = &request.helm;
        let loaded = match self.cache {
            Some(cache) => {
                Chart::from_folder_cached(tree, &request.path, cache).map(Arc::unwrap_or_clone)
            }
            None => Chart::from_folder(tree, &request.path),
        };
        let mut chart = match loaded {
            Ok(chart) => chart,
            Err(FolderError::Read(error)) => return Err(error.into()),
            Err(error) => return Err(error.to_string().into()),
        };
        if let Some(fetch) = self.fetch {
            complete(&mut chart, tree, &request.path, fetch)?;
        }
        let mut layers = Vec::new();
        let given = self.values(tree, request, &mut layers)?;
        let release = Release {
            name: match helm.release.as_str() {
                "" => request.app_name.clone(),
                name => name.to_owned(),
            },
            namespace: helm.namespace.clone(),
            revision: 1,
            is_upgrade: false,
        };
        let options = Options {
            seed: Seed(helm.seed),
            now_seconds: helm.now_seconds,
            ..Options::default()
        };
        let capabilities = capabilities(&helm.kube_version, &helm.api_versions)?;
        let asked = template::Request {
            release: &release,
            capabilities: &capabilities,
            parts: Parts {
                crds: !helm.skip_crds,
                hooks: !helm.skip_hooks,
                tests: !helm.skip_tests,
            },
            skip_schema: helm.skip_schema,
            options: &options,
            cache: self.cache,
            lookup: self.lookup,
            trace: self.trace,
            compat: helm.compat,
        };
        let output = template::template(chart, &given, &asked).map_err(|e| e.to_string())?;
        if let Some(show) = self.show_values {
            show(&output.values);
        }
        if let Some(tell) = self.looked_up {
            tell(&output.lookups);
        }
        let trace = output.trace.map(|mut trace| {
            trace.add_layers(layers);
            Arc::new(trace)
        });
        Ok((output.manifests, trace))
    }

    /// Brings together what the user gives, lowest precedence first; notes where each value comes
    /// from, if that is asked for.
    fn values(
        &self,
        tree: &Recording<'_>,
        request: &Request,
        layers: &mut Vec<Layer>,
    ) -> Result<Value, Failure> {
        let helm = &request.helm;
        let mut given = Value::object();
        let place = |name: &str| value_files::place(tree, &request.path, self.references, name);
        let mut note = |layer: &dyn Fn() -> Layer| {
            if self.trace {
                layers.push(layer());
            }
        };
        let may_be_missing = helm.ignore_missing_value_files;
        for file in value_files::expand(&helm.value_files, place, may_be_missing)? {
            let path = &file.path;
            match file.tree.read(path)? {
                Some(text) => {
                    values::merge(&mut given, read(path, &text, helm.compat)?);
                    let kind = match std::ptr::eq(file.tree, tree) {
                        true => PlaceKind::File,
                        false => PlaceKind::Given,
                    };
                    note(&|| Layer::text(path, &text, kind));
                }
                None if may_be_missing => {}
                None => {
                    return Err(format!("values file {path}: no such file or directory").into());
                }
            }
        }
        for (name, text) in &helm.values {
            values::merge(&mut given, read(name, text.as_bytes(), helm.compat)?);
            note(&|| Layer::text(name, text.as_bytes(), PlaceKind::Given));
        }
        let from_tree = |name: &str| -> Result<String, String> {
            let file = place(name);
            let path = &file.path;
            match file.tree.read(path) {
                Ok(Some(text)) => Ok(String::from_utf8_lossy(&text).into_owned()),
                Ok(None) => Err(format!("open {path}: no such file or directory")),
                Err(error) => Err(error.to_string()),
            }
        };
        for kind in SetKind::ORDER {
            for (_, text) in helm.sets.iter().filter(|(k, _)| *k == kind) {
                let option = kind.option();
                let kind = match kind {
                    SetKind::Json => strvals::Kind::SetJson,
                    SetKind::Plain => strvals::Kind::Set,
                    SetKind::Text => strvals::Kind::SetString,
                    SetKind::File => strvals::Kind::SetFile(match self.read_file {
                        Some(read) => read,
                        None => &from_tree,
                    }),
                    SetKind::Literal => strvals::Kind::SetLiteral,
                };
                strvals::set(&mut given, text, kind)?;
                if self.trace {
                    let mut alone = Value::object();
                    strvals::set(&mut alone, text, kind)?;
                    note(&|| Layer::option(format!("{option} {text}"), alone.clone()));
                }
            }
        }
        Ok(given)
    }
}

/// Adds the charts that a chart asks for and doesn't hold.
fn complete(
    chart: &mut Chart,
    tree: &Recording<'_>,
    folder: &str,
    fetch: &FetchChart<'_>,
) -> Result<(), Failure> {
    for missing in chart.missing().map_err(|e| e.to_string())? {
        let found = match missing.repository.strip_prefix("file://") {
            Some(path) => match Chart::from_folder(tree, &beside(folder, path)?) {
                Ok(inner) => Some(inner),
                Err(FolderError::Read(error)) => return Err(error.into()),
                Err(error) => return Err(error.to_string().into()),
            },
            None => fetch(&missing)?,
        };
        if let Some(inner) = found {
            chart.add(inner);
        }
    }
    Ok(())
}

/// Returns the folder that a path from another folder leads to.
fn beside(folder: &str, path: &str) -> Result<String, String> {
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                let left = names.pop();
                left.ok_or_else(|| format!("{path:?} leads out of the repository"))?;
            }
            name => names.push(name),
        }
    }
    Ok(names.join("/"))
}

/// Reads a values file.
pub(crate) fn read(name: &str, text: &[u8], compat: Compat) -> Result<Value, String> {
    values::read_documents_as(text, compat).map_err(|e| format!("failed to parse {name}: {e}"))
}

/// Returns what a cluster can do; without a version, it is that of Helm's client.
pub(crate) fn capabilities(version: &str, more: &[String]) -> Result<Capabilities, String> {
    let mut capabilities = Capabilities::default();
    if !version.is_empty() {
        capabilities.kube_version = KubeVersion::parse(version)
            .map_err(|e| format!("invalid kube version '{version}': {e}"))?;
    }
    Arc::make_mut(&mut capabilities.api_versions).extend(more.iter().cloned());
    Ok(capabilities)
}
