//! The resources that people write: Argo CD's names, fields and annotations, and our own.
//!
//! Data only: constants, the fields that each resource knows, and the definitions to install. It
//! never does I/O and decides nothing.
//!
//! ```
//! use value::json;
//! let app = json!({"spec": {"project": "default", "sorce": {}, "source": {"repoURL": "x"}}});
//! assert_eq!(api::unknown_fields(&app), ["spec.sorce"]);
//! ```

mod definitions;
mod fields;
pub mod names;

pub use definitions::{definitions, permissions};
pub use fields::unknown_fields;
