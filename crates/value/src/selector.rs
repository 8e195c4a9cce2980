//! Label selectors and field selectors, as Kubernetes reads and words them.

mod field;
mod label;
mod names;
mod parse;

pub use field::{FieldRequirement, FieldSelector};
pub use label::{LabelSelector, Operator, Requirement};
pub use names::{label_key_errors, label_value_errors};

/// A selector that can't be read. The text is the one that a kube-apiserver answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub(crate) String);
