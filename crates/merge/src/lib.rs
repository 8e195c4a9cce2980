//! Structured merge and diff: who owns which field, and what an apply changes.
//!
//! The same code answers "would applying this change anything?" for drift and performs server-side
//! apply in the embedded control plane.
//!
//! - [`Schema`]: which lists are maps, which maps are one value;
//! - [`Typed`]: a value seen through its type: field set, compare, merge, remove, extract;
//! - [`Set`]: sets of paths, read from and written to `fieldsV1`;
//! - [`Updater`]: what an update or an apply does to the managers of an object;
//! - [`managed`]: the same for whole requests, in `metadata.managedFields`;
//! - [`strategic_merge_patch`]: the patch type of built-in kinds;
//! - [`drift`]: would applying an object change anything, and who is to blame?
//!
//! It never does I/O and never reads the clock: time is passed in.
//!
//! ```
//! use merge::{Schema, TypeId, Typed};
//! use value::json;
//! let schema = Schema::default();
//! let live = json!({"spec": {"replicas": 3, "paused": true}});
//! let live = Typed::new(&schema, TypeId::DEDUCED, &live);
//! let merged = live.merge(&json!({"spec": {"replicas": 5}})).unwrap();
//! assert_eq!(merged, json!({"spec": {"paused": true, "replicas": 5}}));
//! let changes = live.compare(&merged).unwrap();
//! assert_eq!(changes.modified.to_fields_v1(), json!({"f:spec": {"f:replicas": {}}}));
//! ```

pub mod drift;
mod fields_v1;
mod go;
pub mod managed;
mod path;
pub mod schema;
mod set;
mod strategic;
mod takeover;
mod typed;
mod updater;

pub use fields_v1::FieldsError;
pub use path::{DisplayPath, PathElement};
pub use schema::{Schema, TypeId, builtin};
pub use set::Set;
pub use strategic::{StrategicError, strategic_merge_patch};
pub use takeover::{may_take_over, take_over};
pub use typed::{Comparison, Duplicates, Mismatch, TypeError, Typed};
pub use updater::{Conflicts, Force, Managers, Owned, UpdateError, Updater, Versions};
