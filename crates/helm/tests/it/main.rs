//! The conformance cases of Helm.

mod cases;
mod templates;
mod values;
