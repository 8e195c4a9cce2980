//! kustomization.yaml in-process: what `kustomize build` makes of a folder.
//!
//! [`build`] reads a kustomization and everything that it names through a [`Recording`](tree::Recording),
//! and gives back objects, each with the file and line it comes from. Every field of a kustomization
//! means what it means to Kustomize 5.8; other repositories and charts come through doors that the
//! caller may open ([`Remotes`], [`Charts`]). Programs and containers are never run.
//!
//! It is a pure function: no network, no file system, no clock. Nothing outside the tree is read, and
//! nothing outside a kustomization's folder unless [`LoadRestrictor::None`] allows it. Hostile
//! kustomizations are bounded in depth, number and size.
//!
//! ```
//! use kustomize::{Options, build};
//! use tree::{MemTree, Recording};
//! let tree = MemTree::new([
//!     ("app/kustomization.yaml", "namePrefix: dev-\nresources: [a.yaml]\n"),
//!     ("app/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
//! ]);
//! let built = build(&Recording::new(&tree), "app", &Options::default()).unwrap();
//! assert_eq!(built.objects[0].value.str_at(&["metadata", "name"]), "dev-a");
//! assert_eq!((built.objects[0].file.as_ref(), built.objects[0].line), ("app/a.yaml", 1));
//! ```

mod build;
mod cache;
mod config;
mod decode;
mod error;
mod fieldspec;
mod generate;
mod helm;
mod id;
mod kustomization;
mod link;
mod load;
mod nameref;
mod node;
mod overrides;
mod path;
mod read;
mod regex;
mod remote;
mod resource;
mod schema;
mod set;
mod smp;
mod target;
mod trace;
mod transform;
mod vars;

pub use build::{Built, Object, Options, Order, build};
pub use cache::Cache;
pub use error::{Error, Mistake};
pub use helm::{ChartRequest, Charts};
pub use kustomization::{HelmChart, HelmGlobals, Pairs, Patch, PatchOptions, Replica, Selector};
pub use load::{AboveRoot, LoadRestrictor};
pub use overrides::Overrides;
pub use remote::{Remotes, RepoSpec};
pub use resource::Change;
pub use target::FILE_NAMES;
