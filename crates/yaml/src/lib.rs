//! YAML as Go reads and writes it.
//!
//! Kubernetes, Helm, Kustomize and Argo CD read YAML with two Go libraries whose rules no other
//! language shares: what is a boolean, a number or an error, which of two keys wins, what `<<` does.
//! This crate has one scanner and parser with the rules of libyaml's port to Go, and on top of it
//! the meaning of scalars in both libraries:
//!
//! - [`v2`]: `sigs.k8s.io/yaml`, that is manifests and Helm values;
//! - [`v3`]: kyaml, that is Kustomize;
//! - [`manifests`]: a stream of documents as `kubectl` and Argo CD cut it, with source lines;
//! - [`helm_split`]: a stream as Helm cuts it;
//! - [`to_yaml`], [`to_yaml_pretty`], [`to_yaml_compact`]: a value as text, exact to the byte.
//!
//! Every part of a document knows its source line ([`Lines`]). Nesting, aliases and size are
//! bounded ([`limits`]). It never does I/O, never panics on input, and drops comments.
//!
//! ```
//! let v = yaml::v2::to_value(b"on: [017, 1e3, ~]").unwrap();
//! assert_eq!(v.to_json(), r#"{"true":[15,1000,null]}"#);
//! ```

mod alias;
mod emit;
mod error;
mod helm;
mod input;
pub mod limits;
mod lines;
mod manifests;
mod parse;
mod resolve;
mod scan;
mod timestamp;
mod tree;
pub mod v2;
pub mod v3;

pub use emit::{to_yaml, to_yaml_compact, to_yaml_pretty, to_yaml_through_json};
pub use error::{Error, ErrorKind};
pub use helm::helm_split;
pub use lines::Lines;
pub use manifests::{Document, json_documents, manifests, manifests_until_error};
pub use parse::Layout;
pub use scan::Style;
