//! Charts rendered whole.

use super::*;
use crate::chart::File;
use crate::engine::KubeVersion;

fn chart(files: &[(&str, &str)]) -> Chart {
    let files = files.iter().map(|(name, text)| File {
        name: (*name).to_owned(),
        data: text.as_bytes().into(),
    });
    Chart::from_files(files.collect()).expect("a chart")
}

fn render(files: &[(&str, &str)], parts: Parts) -> Result<Vec<String>, String> {
    let release = Release {
        name: "rel".to_owned(),
        namespace: "ns".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let capabilities = Capabilities {
        kube_version: KubeVersion::parse("v1.31.2").expect("a version"),
        api_versions: Vec::new(),
    };
    let options = Options::default();
    let request = Request {
        release: &release,
        capabilities: &capabilities,
        parts,
        skip_schema: false,
        options: &options,
        cache: None,
        lookup: None,
        trace: false,
    };
    let output = template(chart(files), &Value::object(), &request).map_err(|e| e.to_string())?;
    let shown = output.manifests.iter().map(|m| {
        let hook = m
            .hook
            .as_ref()
            .map_or(String::new(), |h| format!(" {:?}", h.events));
        format!("{} {}{hook}", m.path, m.object.str_at(&["kind"]))
    });
    Ok(shown.collect())
}

const ALL: Parts = Parts {
    crds: true,
    hooks: true,
    tests: true,
};
const CHART: (&str, &str) = ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");

#[test]
fn definitions_then_objects_in_install_order_then_hooks() {
    let files = [
        CHART,
        ("crds/d.yaml", "kind: CustomResourceDefinition\n"),
        (
            "templates/a.yaml",
            "kind: Deployment\n---\nkind: Zebra\n---\nkind: Ape\n",
        ),
        (
            "templates/b.yaml",
            "# nothing\n---\nkind: Service\n---\nkind: ConfigMap\n",
        ),
        (
            "templates/c.yaml",
            "kind: Job\nmetadata: {annotations: {helm.sh/hook: 'pre-install, pre-upgrade'}}\n",
        ),
        (
            "templates/t.yaml",
            "kind: Pod\nmetadata: {annotations: {helm.sh/hook: test-success}}\n",
        ),
        (
            "templates/u.yaml",
            "kind: Pod\nmetadata: {annotations: {helm.sh/hook: crd-install}}\n",
        ),
        ("templates/NOTES.txt", "Thank you"),
    ];
    let whole = [
        "c/crds/d.yaml CustomResourceDefinition",
        "c/templates/b.yaml ConfigMap",
        "c/templates/b.yaml Service",
        "c/templates/a.yaml Deployment",
        "c/templates/a.yaml Ape",
        "c/templates/a.yaml Zebra",
        "c/templates/t.yaml Pod [\"test\"]",
        "c/templates/c.yaml Job [\"pre-install\", \"pre-upgrade\"]",
    ];
    assert_eq!(
        render(&files, ALL).as_deref(),
        Ok(&whole.map(str::to_owned)[..])
    );
    let bare = Parts {
        crds: false,
        hooks: false,
        tests: false,
    };
    assert_eq!(render(&files, bare).map(|m| m.len()), Ok(5));
    let without_tests = Parts {
        tests: false,
        ..ALL
    };
    assert_eq!(render(&files, without_tests).map(|m| m.len()), Ok(7));
}

#[test]
fn what_cannot_be_installed_is_refused() {
    for (text, error) in [
        ("type: library\n", "library charts are not installable"),
        (
            "kubeVersion: '>=1.40'\n",
            "chart requires kubeVersion: >=1.40 which is incompatible with Kubernetes v1.31.2",
        ),
        (
            "dependencies: [{name: db, version: 1.x, repository: https://example.com}]\n",
            "missing in charts/ directory: db",
        ),
    ] {
        let text = format!("{}{text}", CHART.1);
        let failure = render(&[("Chart.yaml", text.as_str())], ALL).expect_err("it is refused");
        assert!(failure.contains(error), "{failure}");
    }
}

#[test]
fn a_template_that_writes_no_yaml_is_named() {
    let files = [CHART, ("templates/a.yaml", "a: b: c\n")];
    let failure = render(&files, ALL).expect_err("it is refused");
    assert!(
        failure.starts_with("YAML parse error on c/templates/a.yaml: "),
        "{failure}"
    );
}
