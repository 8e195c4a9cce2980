//! `windlass render`: a local folder to YAML.

mod chart;
mod remotes;

use crate::cli::{Render, RenderAs, Restrictor};
use crate::failure::{Failure, NO, RUNTIME, USAGE};
use crate::output::{complain, say};
use kustomize::LoadRestrictor;
use render::{
    Depth, Directory, HelmCharts, HelmRenderer, KustomizeRenderer, RenderedObject, Renderers,
    Request, Severity, Tool,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::{ContentId, Entry, EntryKind, Named, Tree, TreeError};

pub(crate) fn run(args: &Render, namespace: Option<&str>) -> anyhow::Result<u8> {
    if !args.path.is_dir() {
        let wrong = format!("{} is not a folder", args.path.display());
        return Err(Failure::new(USAGE, wrong).into());
    }
    let root = root_of(args);
    let mut request = Request::new(inside(&root, &args.path));
    request.kustomize.load_restrictor = match args.load_restrictor {
        Restrictor::RootOnly => LoadRestrictor::RootOnly,
        Restrictor::None => LoadRestrictor::None,
    };
    request.tool = match args.kind {
        RenderAs::Auto => None,
        RenderAs::Directory => Some(Tool::Directory),
        RenderAs::Kustomize => Some(Tool::Kustomize),
        RenderAs::Helm => Some(Tool::Helm),
    };
    request.directory = Directory {
        depth: if args.recurse {
            Depth::Recursive
        } else {
            Depth::Flat
        },
        include: args.include.clone().unwrap_or_default(),
        exclude: args.exclude.clone().unwrap_or_default(),
    };
    request.helm = chart::request(&args.chart, namespace)?;
    // Below the file system's root, paths are those that people know.
    let before = if root.parent().is_none() { "/" } else { "" };
    let tree = Folder {
        root,
        paths: RefCell::default(),
    };
    let clones = remotes::Clones::new();
    let remotes = args.remote_bases.then_some(&clones);
    let pull = |chart: &kustomize::HelmChart| clones.pull(chart);
    let charts = HelmCharts {
        kube_version: &request.helm.kube_version,
        api_versions: &request.helm.api_versions,
        seed: request.helm.seed,
        now_seconds: request.helm.now_seconds,
        pull: Some(&pull),
        ..HelmCharts::default()
    };
    let kustomize = KustomizeRenderer {
        charts: args.enable_helm.then_some(&charts),
        remotes: remotes.map(|r| r as &dyn kustomize::Remotes),
        trace: args.explain.is_some(),
        ..KustomizeRenderer::default()
    };
    let show_values = |values: &value::Value| say(yaml::to_yaml(values).trim_end());
    let helm = HelmRenderer {
        read_file: Some(&chart::read_file),
        whole_lists: true,
        trace: args.explain.is_some(),
        show_values: args.chart.show_values.then_some(&show_values),
        ..HelmRenderer::default()
    };
    let renderers = Renderers {
        kustomize: Some(&kustomize),
        helm: Some(&helm),
    };
    let rendered = render::render(&tree, &request, &renderers)
        .map_err(|e| Failure::new(RUNTIME, e.to_string()))?;
    let mut failed = false;
    for diagnostic in &rendered.diagnostics {
        failed |= diagnostic.severity == Severity::Error;
        if diagnostic.file.is_empty() {
            complain(&format!("error: {}", diagnostic.message));
        } else {
            complain(&format!("{before}{diagnostic}"));
        }
    }
    if args.chart.show_values {
        if !failed && rendered.tool != Some(Tool::Helm) {
            let wrong = format!("{} is no chart: it has no values", args.path.display());
            return Err(Failure::new(USAGE, wrong).into());
        }
        return Ok(if failed { NO } else { 0 });
    }
    if let Some(field) = &args.explain {
        explain(field, &rendered.objects, before)?;
        return Ok(if failed { NO } else { 0 });
    }
    for object in &rendered.objects {
        say("---");
        say(yaml::to_yaml(&object.value).trim_end());
    }
    Ok(if failed { NO } else { 0 })
}

/// Returns the folder that is the root of the tree. A kustomization may name its neighbours: its root
/// is the repository's, or that of the file system.
fn root_of(args: &Render) -> PathBuf {
    let has = |name: &str| args.path.join(name).is_file();
    let is_kustomization = match args.kind {
        RenderAs::Kustomize => true,
        RenderAs::Auto => !has("Chart.yaml") && kustomize::FILE_NAMES.iter().any(|name| has(name)),
        RenderAs::Directory | RenderAs::Helm => false,
    };
    let Some(path) = is_kustomization
        .then(|| args.path.canonicalize().ok())
        .flatten()
    else {
        return args.path.clone();
    };
    let repository = path.ancestors().find(|folder| folder.join(".git").exists());
    let root = repository.or_else(|| path.ancestors().last());
    root.unwrap_or(&args.path).to_owned()
}

/// Returns the path of a folder in the tree.
fn inside(root: &Path, path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let inside = whole.strip_prefix(root);
    inside.map_or_else(
        |_| String::new(),
        |inside| inside.to_string_lossy().into_owned(),
    )
}

/// Says where a field of an object comes from and what changed it.
fn explain(field: &str, objects: &[RenderedObject], before: &str) -> anyhow::Result<()> {
    let usage = || Failure::new(USAGE, "--explain takes KIND/NAME:/json/pointer".to_owned());
    let (object, pointer) = field.split_once(':').unwrap_or((field, ""));
    let (kind, name) = object.split_once('/').ok_or_else(usage)?;
    let fits = |o: &&RenderedObject| {
        o.value.str_at(&["kind"]).eq_ignore_ascii_case(kind)
            && o.value.str_at(&["metadata", "name"]) == name
    };
    let Some(object) = objects.iter().find(fits) else {
        return Err(Failure::new(RUNTIME, format!("no object is {kind}/{name}")).into());
    };
    let Some(value) = object.value.pointer(pointer) else {
        return Err(Failure::new(RUNTIME, format!("{kind}/{name} has no {pointer}")).into());
    };
    say(&format!("{field} = {}", value.to_json()));
    for step in object.explain(pointer) {
        let before = if step.in_tree { before } else { "" };
        let place = match (step.place.as_str(), step.line) {
            ("", _) => "-".to_owned(),
            (place, 0) => format!("{before}{place}"),
            (place, line) => format!("{before}{place}:{line}"),
        };
        let what = step.what;
        if step.pointer == pointer {
            say(&format!("  {place}  {what}"));
        } else {
            say(&format!("  {place}  {what} ({})", step.pointer));
        }
    }
    Ok(())
}

/// A folder of this machine as a tree. Ids are made up: a render that is never repeated needs them
/// only to ask for what it has seen.
struct Folder {
    root: PathBuf,
    paths: RefCell<HashMap<ContentId, PathBuf>>,
}

impl Folder {
    fn id(&self, path: PathBuf) -> ContentId {
        let mut paths = self.paths.borrow_mut();
        let mut id = [0; 20];
        id[..8].copy_from_slice(&(paths.len() as u64).to_be_bytes());
        let id = ContentId(id);
        paths.insert(id, path);
        id
    }

    fn path(&self, id: ContentId) -> PathBuf {
        self.paths.borrow().get(&id).cloned().unwrap_or_default()
    }

    fn describe(&self, path: PathBuf, kind: std::fs::FileType) -> Entry {
        let kind = if kind.is_symlink() {
            EntryKind::Link
        } else if kind.is_dir() {
            EntryKind::Directory
        } else {
            EntryKind::File
        };
        Entry {
            kind,
            id: self.id(path),
        }
    }
}

fn failed(error: std::io::Error) -> TreeError {
    TreeError(Box::new(error))
}

impl Tree for Folder {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let path = if path.is_empty() {
            self.root.clone()
        } else {
            self.root.join(path)
        };
        match std::fs::symlink_metadata(&path) {
            // The root itself may well be a link.
            Ok(_) if path == self.root => Ok(Some(Entry {
                kind: EntryKind::Directory,
                id: self.id(path),
            })),
            Ok(metadata) => Ok(Some(self.describe(path, metadata.file_type()))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }

    fn content(&self, id: ContentId) -> Result<Arc<[u8]>, TreeError> {
        let path = self.path(id);
        let link = std::fs::symlink_metadata(&path).is_ok_and(|m| m.file_type().is_symlink());
        if link {
            let target = std::fs::read_link(&path).map_err(failed)?;
            return Ok(target.to_string_lossy().as_bytes().into());
        }
        Ok(std::fs::read(&path).map_err(failed)?.into())
    }

    fn folder(&self, id: ContentId) -> Result<Arc<[Named]>, TreeError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.path(id)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let name = entry
                .file_name()
                .to_string_lossy()
                .into_owned()
                .into_boxed_str();
            // A repository's own folder is no part of its tree.
            if *name != *".git" {
                entries.push(Named {
                    name,
                    entry: self.describe(entry.path(), kind),
                });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries.into())
    }
}
