//! What Kustomize builds of the same files, case by case.

mod cases;
