//! Kustomizations.

use render::{KustomizeRenderer, Renderers, Request, Tool, render};
use tree::MemTree;

fn tree() -> MemTree {
    MemTree::new([
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        (
            "base/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
        ),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\ncommonLabels: {a: b}\n",
        ),
    ])
}

#[test]
fn a_kustomization_is_built_with_what_the_application_changes() {
    let tree = tree();
    let kustomize = KustomizeRenderer {
        trace: true,
        ..KustomizeRenderer::default()
    };
    let renderers = Renderers {
        kustomize: Some(&kustomize),
        ..Renderers::default()
    };
    let mut request = Request::new("prod");
    request.kustomize.overrides.name_prefix = "x-".to_owned();
    let rendered = render(&tree, &request, &renderers).expect("the tree can be read");
    assert_eq!(rendered.tool, Some(Tool::Kustomize));
    let object = &rendered.objects[0];
    assert_eq!(object.value.str_at(&["metadata", "name"]), "x-a");
    assert_eq!(
        (object.file.as_ref(), object.line_of("/metadata/name")),
        ("base/a.yaml", 4)
    );
    let steps = object.explain("/metadata/name");
    assert_eq!(steps.last().map(|s| s.what.as_str()), Some("namePrefix"));
    // What is out of date is a warning.
    assert_eq!(rendered.errors().count(), 0);
    assert!(
        rendered.diagnostics[0]
            .message
            .contains("'commonLabels' is deprecated")
    );
    // Everything that was looked for is in the read set, found or not.
    let read = |path: &str| rendered.read_set.iter().any(|(read, _)| read == path);
    assert!(read("base/a.yaml") && read("base/kustomization.yml") && read("prod/Chart.yaml"));
}

#[test]
fn a_mistake_is_a_diagnostic_with_its_place() {
    let tree = tree().file("base/a.yaml", "kind: ConfigMap\nmetadata: {}\n");
    let kustomize = KustomizeRenderer::default();
    let renderers = Renderers {
        kustomize: Some(&kustomize),
        ..Renderers::default()
    };
    let rendered = render(&tree, &Request::new("prod"), &renderers).expect("the tree can be read");
    let errors: Vec<_> = rendered.errors().collect();
    assert_eq!(
        (errors[0].file.as_ref(), errors[0].line),
        ("base/a.yaml", Some(1))
    );
}
