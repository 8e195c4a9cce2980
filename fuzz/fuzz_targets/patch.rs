//! A patch of any text, strategic merge or JSON 6902.

#![cfg_attr(feature = "libfuzzer", no_main)]

use kustomize::{Options, build};
use tree::{MemTree, Recording};

const KUSTOMIZATION: &str = "resources: [a.yaml]\npatches:\n- path: p.yaml\n  target: {kind: \
                             Deployment}\n- path: p.yaml\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  \
                          template:\n    spec:\n      containers:\n      - {name: web, image: \
                          web:1, ports: [{containerPort: 80}]}\n";

fuzz::target!(|text| {
    let tree = MemTree::new([
        ("app/kustomization.yaml", KUSTOMIZATION.as_bytes()),
        ("app/a.yaml", DEPLOYMENT.as_bytes()),
        ("app/p.yaml", text),
    ]);
    let _built = build(&Recording::new(&tree), "app", &Options::default());
});
