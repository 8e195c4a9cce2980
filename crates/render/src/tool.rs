//! Which tool a folder is for.

use crate::diagnostic::Diagnostic;
use crate::directory::DirectoryRenderer;
use crate::object::{Output, Rendered};
use crate::request::Request;
use tree::{EntryKind, FollowError, Recording, Tree, TreeError, join};

/// What makes objects of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Plain manifests.
    Directory,
    /// A Helm chart.
    Helm,
    /// A kustomization.
    Kustomize,
}

impl Tool {
    /// Returns the name that Argo CD's status has for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "Directory",
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
        }
    }
}

/// A tool that makes objects of a folder. It may look at the tree only through the recording.
pub trait Renderer {
    /// Renders the folder of a request, which exists.
    ///
    /// # Errors
    /// Fails only if the tree can't be read; mistakes in the files are diagnostics.
    fn render(&self, tree: &Recording<'_>, request: &Request) -> Result<Output, TreeError>;
}

/// The tools at hand; without one, its folders are an error.
#[derive(Clone, Copy, Default)]
pub struct Renderers<'r> {
    /// Helm.
    pub helm: Option<&'r dyn Renderer>,
    /// Kustomize.
    pub kustomize: Option<&'r dyn Renderer>,
}

const CHART: &str = "Chart.yaml";
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const OVERRIDES: &str = ".argocd-source.yaml";

/// Renders a folder of a tree.
///
/// # Errors
/// Fails only if the tree can't be read; everything else is a diagnostic.
pub fn render(
    tree: &dyn Tree,
    request: &Request,
    renderers: &Renderers<'_>,
) -> Result<Rendered, TreeError> {
    let recording = Recording::new(tree);
    let mut tool = None;
    let output = match output(&recording, request, renderers, &mut tool) {
        Ok(output) => output,
        Err(FollowError::Tree(error)) => return Err(error),
        Err(error) => failed(Diagnostic::error(&request.path, error.to_string())),
    };
    Ok(Rendered {
        tool,
        objects: output.objects,
        diagnostics: output.diagnostics,
        read_set: recording.into_read_set(),
    })
}

fn failed(diagnostic: Diagnostic) -> Output {
    Output {
        objects: Vec::new(),
        diagnostics: vec![diagnostic],
    }
}

fn output(
    tree: &Recording<'_>,
    request: &Request,
    renderers: &Renderers<'_>,
    used: &mut Option<Tool>,
) -> Result<Output, FollowError> {
    let path = &request.path;
    match tree.find(path)? {
        None => return Ok(failed(Diagnostic::error(path, "app path does not exist"))),
        Some(found) if found.entry.kind != EntryKind::Directory => {
            return Ok(failed(Diagnostic::error(
                path,
                "app path is not a directory",
            )));
        }
        Some(_) => {}
    }
    let (tool, marker) = match request.tool {
        Some(tool) => (tool, path.clone()),
        None => detect(tree, path)?,
    };
    *used = Some(tool);
    let renderer: &dyn Renderer = match tool {
        Tool::Directory => &DirectoryRenderer,
        Tool::Helm => match renderers.helm {
            Some(helm) => helm,
            None => return Ok(not_supported(&marker, "Helm charts")),
        },
        Tool::Kustomize => match renderers.kustomize {
            Some(kustomize) => kustomize,
            None => return Ok(not_supported(&marker, "kustomizations")),
        },
    };
    let mut output = renderer.render(tree, request)?;
    overrides(tree, request, &mut output)?;
    Ok(output)
}

fn not_supported(marker: &str, what: &str) -> Output {
    failed(Diagnostic::error(
        marker,
        format!("{what} are not supported yet"),
    ))
}

/// Returns the tool and the file that asks for it.
fn detect(tree: &Recording<'_>, path: &str) -> Result<(Tool, String), FollowError> {
    let candidates = std::iter::once((Tool::Helm, CHART))
        .chain(KUSTOMIZATIONS.map(|name| (Tool::Kustomize, name)));
    for (tool, name) in candidates {
        let file = join(path, name);
        if tree.has_file(&file)? {
            return Ok((tool, file));
        }
    }
    Ok((Tool::Directory, path.to_owned()))
}

/// Warns of files that would change the source, which nothing reads yet.
fn overrides(
    tree: &Recording<'_>,
    request: &Request,
    output: &mut Output,
) -> Result<(), FollowError> {
    let own = format!(".argocd-source-{}.yaml", request.app_name);
    let names =
        std::iter::once(OVERRIDES).chain((!request.app_name.is_empty()).then_some(own.as_str()));
    for name in names {
        let file = join(&request.path, name);
        if tree.has_file(&file)? {
            let message = "source overrides are not supported yet: the file is ignored";
            output.diagnostics.push(Diagnostic::warning(&file, message));
        }
    }
    Ok(())
}
