//! What Kustomize builds of the same files, and what else a build promises.

mod cases;
mod explain;
