//! Helm charts in-process: what `helm template` makes of a folder.
//!
//! - [`Chart`]: what the files of a chart say, with the charts in it;
//! - [`values`]: defaults, what is given, conditions, tags and imports brought together;
//! - [`schema`]: values against `values.schema.json`;
//! - [`engine`]: the templates, rendered in Helm's order with Helm's objects;
//! - [`manifests`]: what was rendered, cut and in the order of installation, hooks apart;
//! - [`explain`]: which template wrote a field, and which values it looked at;
//! - [`mod@template`]: all of it, as `helm template` does it.
//!
//! It never does I/O: files come through a [`tree::Recording`] or as bytes. Random text and time come
//! from the options; the same input gives the same bytes.
//!
//! ```
//! use helm::{Chart, File};
//! let file = |name: &str, text: &str| File { name: name.into(), data: text.as_bytes().into() };
//! let chart = Chart::from_files(vec![
//!     file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
//!     file("values.yaml", "replicas: 2\n"),
//!     file("templates/a.yaml", "replicas: {{ .Values.replicas }}\n"),
//! ]).unwrap();
//! assert_eq!(chart.values.to_json(), r#"{"replicas":2}"#);
//! ```

mod chart;
mod compat;
pub mod engine;
pub mod explain;
pub mod ignore;
pub mod manifests;
pub mod schema;
pub mod strvals;
pub mod template;
pub mod values;

pub use chart::{
    Chart, Dependency, File, FolderError, LoadError, Lock, Maintainer, Metadata, Missing,
};
pub use compat::Compat;
