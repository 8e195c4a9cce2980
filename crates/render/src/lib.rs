//! An application's source to objects.
//!
//! [`render`] finds out which tool a folder is for and gives back the objects, each with the file
//! and line it comes from, everything that is wrong with the files, and the [`ReadSet`](tree::ReadSet): every path
//! that was looked at, found or not. As long as a later commit looks the same there, nothing needs
//! to be rendered again.
//!
//! A render is a pure function of a [`Tree`](tree::Tree) and a [`Request`]: no network, no clock, no file
//! system. What the user wrote wrong is a [`Diagnostic`], never an error: one bad file doesn't hide
//! what is wrong with the others.
//!
//! ```
//! use render::{Request, Renderers};
//! use tree::MemTree;
//! let tree = MemTree::new([("app/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
//! let rendered = render::render(&tree, &Request::new("app"), &Renderers::default()).unwrap();
//! assert_eq!(rendered.objects[0].value.str_at(&["metadata", "name"]), "a");
//! assert!(rendered.read_set.is_current(&tree).unwrap());
//! ```

mod chart;
mod diagnostic;
mod directory;
mod environment;
mod inflate;
mod kustomization;
mod object;
mod overrides;
mod request;
mod source;
mod tool;
mod value_files;

pub use chart::{FetchChart, HelmRenderer, ReadFile, TellLookups};
pub use diagnostic::{Diagnostic, Severity};
pub use directory::DirectoryRenderer;
pub use environment::{BuildContext, Environment};
pub use helm::Compat;
pub use inflate::{HelmCharts, PullChart};
pub use kustomization::KustomizeRenderer;
pub use object::{Output, Rendered, RenderedObject, Step};
pub use overrides::{SourceError, with_overrides};
pub use request::{Depth, Directory, Helm, Kustomize, MANIFEST_BYTES_MAX, Request, SetKind};

pub use tool::{Renderer, Renderers, Tool, render, render_in};
pub use value_files::References;
