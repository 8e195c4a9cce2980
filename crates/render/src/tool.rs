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
    let (tool, output) = render_in(&recording, request, renderers)?;
    Ok(Rendered {
        tool,
        objects: output.objects,
        diagnostics: output.diagnostics,
        read_set: recording.into_read_set(),
    })
}

/// Renders a folder of a tree that others look at, too. Returns the tool that was used; nothing if
/// the folder can't be found.
///
/// # Errors
/// Fails only if the tree can't be read; everything else is a diagnostic.
pub fn render_in(
    tree: &Recording<'_>,
    request: &Request,
    renderers: &Renderers<'_>,
) -> Result<(Option<Tool>, Output), TreeError> {
    let mut tool = None;
    let output = match output(tree, request, renderers, &mut tool) {
        Ok(output) => output,
        Err(FollowError::Tree(error)) => return Err(error),
        Err(error) => failed(Diagnostic::error(&request.path, error.to_string())),
    };
    Ok((tool, output))
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
    Ok(renderer.render(tree, request)?)
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
