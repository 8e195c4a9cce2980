//! Files of values: globs, and those of other sources.

use render::{HelmRenderer, Renderers, Request, render_in};
use tree::{MemTree, Recording};
use value::Value;

const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n\
                        data: {order: {{ .Values.order | toJson | quote }}}\n";

fn chart() -> MemTree {
    MemTree::new([
        (
            "app/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        ),
        ("app/values.yaml", "order: none\n"),
        ("app/templates/a.yaml", TEMPLATE),
        ("app/env/a.yaml", "order: a\n"),
        ("app/env/b.yaml", "order: b\n"),
        ("app/env/deep/c.yaml", "order: c\n"),
        ("root.yaml", "order: root\n"),
    ])
}

fn rendered(files: &[&str], missing: bool) -> Result<String, String> {
    let (chart, other) = (chart(), MemTree::new([("env/x.yaml", "order: other\n")]));
    let (chart, other) = (Recording::new(&chart), Recording::new(&other));
    let references = [("values", &other)];
    let helm = HelmRenderer {
        references: &references,
        ..HelmRenderer::default()
    };
    let renderers = Renderers {
        helm: Some(&helm),
        ..Renderers::default()
    };
    let mut request = Request::new("app");
    "web".clone_into(&mut request.app_name);
    request.helm.value_files = files.iter().map(|&f| f.to_owned()).collect();
    request.helm.ignore_missing_value_files = missing;
    let (_, output) = render_in(&chart, &request, &renderers).expect("it is in memory");
    if let Some(diagnostic) = output.diagnostics.first() {
        return Err(diagnostic.to_string());
    }
    let order = output.objects[0].value.str_at(&["data", "order"]);
    let order = Value::parse(order.as_bytes()).expect("it is JSON");
    Ok(order.as_str().unwrap_or_default().to_owned())
}

#[test]
fn the_last_file_wins_whether_named_or_found() {
    for (files, wins) in [
        (&["env/a.yaml", "/root.yaml"][..], "root"),
        (&["env/*.yaml"], "b"),
        (&["env/**/*.yaml"], "c"),
        // What is named itself counts where it is named.
        (&["env/b.yaml", "env/*.yaml"], "a"),
        (&["env/[ab].yaml", "env/**/{c,b}.yaml"], "c"),
        (&["$values/env/x.yaml"], "other"),
        (&["$values/env/*.yaml", "env/a.yaml"], "a"),
        (&["/app/env/?.yaml"], "b"),
    ] {
        let got = rendered(files, false).unwrap_or_default();
        assert_eq!(got, wins, "{files:?}");
    }
}

#[test]
fn what_is_not_there_is_named_unless_it_may_be_missing() {
    let error = rendered(&["env/z*.yaml"], false).expect_err("there is none");
    assert!(
        error.contains("values file glob \"env/z*.yaml\" matched no files"),
        "{error}"
    );
    assert_eq!(
        rendered(&["env/z*.yaml", "none.yaml"], true).as_deref(),
        Ok("none")
    );
    let error = rendered(&["$values/none.yaml"], false).expect_err("there is none");
    assert!(error.contains("none.yaml: no such file"), "{error}");
}
