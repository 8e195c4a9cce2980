//! Folders rendered whole.

mod charts;
mod directory;
mod kustomization;
mod reads;
mod value_files;

use render::{Rendered, Renderers, Request};
use tree::MemTree;

fn render(tree: &MemTree, request: &Request) -> Rendered {
    render::render(tree, request, &Renderers::default()).expect("a tree in memory can be read")
}

/// Returns a ConfigMap's manifest.
fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

fn names(rendered: &Rendered) -> Vec<&str> {
    let objects = rendered.objects.iter();
    objects
        .map(|o| o.value.str_at(&["metadata", "name"]))
        .collect()
}

fn diagnostics(rendered: &Rendered) -> Vec<String> {
    let diagnostics = rendered.diagnostics.iter();
    diagnostics
        .map(|d| format!("{:?} {d}", d.severity))
        .collect()
}
