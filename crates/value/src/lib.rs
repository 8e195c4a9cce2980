//! Compact JSON values, and what Kubernetes does with them.
//!
//! [`Value`] is the tree that every other crate computes with. It is 32 bytes a node, keeps 64-bit
//! integers, sorts the members of objects, and shares the spelling of well-known keys, so that a
//! Deployment of 3 KB costs a fraction of what a general JSON tree does.
//! Beside it live JSON pointers, JSON Patch, JSON merge patch, quantities and label selectors.
//!
//! This crate never does I/O, never reads the clock, and knows no Kubernetes kind.
//!
//! ```
//! use value::Value;
//! let v = Value::parse(br#"{"spec":{"replicas":3}}"#).unwrap();
//! assert_eq!(v.pointer("/spec/replicas").and_then(Value::as_i64), Some(3));
//! assert_eq!(v.to_json(), r#"{"spec":{"replicas":3}}"#);
//! ```

mod build;
pub mod doublestar;
pub mod glob;
mod json_patch;
mod key;
mod merge_patch;
mod names;
mod number;
mod object;
mod order;
pub mod pointer;
pub mod quantity;
pub mod selector;
mod serde_impl;
mod tree;

pub use json_patch::{COPY_BYTES_MAX, JsonPatchError, json_patch};
pub use key::Key;
pub use merge_patch::create_merge_patch;
pub use names::NameHasher;
pub use number::format_float;
pub use object::Object;
pub use quantity::Quantity;
pub use serde_impl::ParseError;
pub use tree::Value;
