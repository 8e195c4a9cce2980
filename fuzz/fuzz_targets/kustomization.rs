//! A kustomization of any text, beside files that it may name.

#![cfg_attr(feature = "libfuzzer", no_main)]

use kustomize::{Options, build};
use tree::{MemTree, Recording};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  \
                          template:\n    spec:\n      containers: [{name: web, image: web:1}]\n";

fuzz::target!(|text| {
    let tree = MemTree::new([
        ("app/kustomization.yaml", text),
        ("app/a.yaml", DEPLOYMENT.as_bytes()),
        ("app/p.yaml", DEPLOYMENT.as_bytes()),
        (
            "base/kustomization.yaml",
            b"resources: [a.yaml]\n".as_slice(),
        ),
        ("base/a.yaml", DEPLOYMENT.as_bytes()),
    ]);
    let _built = build(&Recording::new(&tree), "app", &Options::default());
});
