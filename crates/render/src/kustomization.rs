//! Kustomizations.

use crate::diagnostic::Diagnostic;
use crate::object::{Output, RenderedObject};
use crate::request::Request;
use crate::tool::Renderer;
use kustomize::{Cache, Charts, Error, Options, Remotes};
use std::sync::Arc;
use tree::{Recording, TreeError};

/// Renders kustomizations as `kustomize build` does.
#[derive(Clone, Copy, Default)]
pub struct KustomizeRenderer<'r> {
    /// What earlier renders of the same repository made of bases.
    pub cache: Option<&'r Cache>,
    /// What inflates charts; without it they are an error.
    pub charts: Option<&'r dyn Charts>,
    /// What gives other repositories; without it they are an error.
    pub remotes: Option<&'r dyn Remotes>,
    /// Notes which step set which field of an object.
    pub trace: bool,
}

impl Renderer for KustomizeRenderer<'_> {
    fn render(&self, tree: &Recording<'_>, request: &Request) -> Result<Output, TreeError> {
        let settings = &request.kustomize;
        let overrides = &settings.overrides;
        let options = Options {
            load_restrictor: settings.load_restrictor,
            charts: self.charts,
            remotes: self.remotes,
            overrides: (!overrides.is_empty()).then_some(overrides),
            cache: self.cache,
            trace: self.trace,
            ..Options::default()
        };
        let mut output = Output::default();
        match kustomize::build(tree, &request.path, &options) {
            Ok(built) => {
                for (file, message) in built.warnings {
                    output.diagnostics.push(Diagnostic::warning(&file, message));
                }
                for object in built.objects {
                    let lines = Arc::new(object.lines());
                    let rendered = RenderedObject::new(object.value, object.file, lines, "");
                    output.objects.push(rendered.with_changes(object.changes));
                }
            }
            Err(Error::Tree(error)) => return Err(error),
            Err(error) => output.diagnostics.push(diagnostic(&request.path, &error)),
        }
        Ok(output)
    }
}

fn diagnostic(folder: &str, error: &Error) -> Diagnostic {
    match error {
        Error::Mistake(mistake) if !mistake.file.is_empty() => {
            let line = (mistake.line > 0).then_some(mistake.line);
            Diagnostic::error(&mistake.file, error.to_string()).at(line, None)
        }
        _ => Diagnostic::error(folder, error.to_string()),
    }
}
