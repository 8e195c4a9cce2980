//! `windlass render`.

use crate::process::{run, text};

#[test]
fn a_folder_becomes_documents_and_mistakes_have_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display().to_string();
    std::fs::write(
        dir.path().join("a.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {on: \"yes\"}\n",
    )
    .unwrap();
    let good = run(&["render", &path]);
    assert!(good.status.success());
    assert!(
        text(&good.stdout).contains("kind: ConfigMap"),
        "{}",
        text(&good.stdout)
    );

    std::fs::write(
        dir.path().join("b.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  name: c\n",
    )
    .unwrap();
    let bad = run(&["render", &path]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        text(&bad.stderr).contains("b.yaml:5"),
        "{}",
        text(&bad.stderr)
    );
    // One bad file hides no other.
    assert!(text(&bad.stdout).contains("name: a"));
}

#[test]
fn a_kustomization_is_built_and_explains_its_fields() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("base/kustomization.yaml", "resources: [a.yaml]\n");
    write(
        "base/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
    );
    write(
        "prod/kustomization.yaml",
        "resources:\n- ../base\nnamePrefix: prod-\n",
    );
    let path = dir.path().join("prod").display().to_string();
    let built = run(&["render", &path]);
    assert!(built.status.success(), "{}", text(&built.stderr));
    assert!(text(&built.stdout).contains("name: prod-a"));

    let field = "ConfigMap/prod-a:/metadata/name";
    let explained = run(&["render", &path, "--as", "kustomize", "--explain", field]);
    let explained = text(&explained.stdout);
    assert!(explained.contains("base/a.yaml:4"), "{explained}");
    assert!(
        explained.contains("prod/kustomization.yaml:3  namePrefix"),
        "{explained}"
    );

    write("prod/kustomization.yaml", "resources:\n- ../base/a.yaml\n");
    let refused = run(&["render", &path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("prod/kustomization.yaml:2"),
        "{}",
        text(&refused.stderr)
    );
    let allowed = run(&["render", &path, "--load-restrictor", "LoadRestrictionsNone"]);
    assert!(allowed.status.success(), "{}", text(&allowed.stderr));

    write(
        "prod/kustomization.yaml",
        "helmCharts: [{name: web, releaseName: shop}]\n",
    );
    std::fs::create_dir_all(dir.path().join("prod/charts/web/templates")).expect("a folder");
    write(
        "prod/charts/web/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    );
    write("prod/charts/web/values.yaml", "a: 1\n");
    write(
        "prod/charts/web/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-{{ .Values.a }}'}\n",
    );
    let refused = run(&["render", &path]);
    assert!(
        text(&refused.stderr).contains("must specify --enable-helm"),
        "{}",
        text(&refused.stderr)
    );
    let inflated = run(&["render", &path, "--enable-helm"]);
    assert!(
        text(&inflated.stdout).contains("name: shop-1"),
        "{}",
        text(&inflated.stderr)
    );
}

#[test]
fn a_chart_is_rendered_with_helm_s_own_flags() {
    let dir = tempfile::tempdir().unwrap();
    let chart = dir.path().join("web");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    for (name, content) in [
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("values.yaml", "a: {b: 1}\nname: x\n"),
        (
            "templates/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ \
             .Release.Namespace }}\ndata:\n  b: {{ .Values.a.b | quote }}\n  name: {{ required \"a name!\" \
             .Values.name }}\n",
        ),
    ] {
        std::fs::write(chart.join(name), content).unwrap();
    }
    let more = dir.path().join("more.yaml");
    std::fs::write(&more, "a: {b: 2}\n").unwrap();
    let (path, more) = (chart.display().to_string(), more.display().to_string());
    let base = ["render", &path, "--release", "rel", "--namespace", "ns"];
    let with = |flags: &[&str]| run(&[&base[..], flags].concat());

    let good = with(&["-f", &more, "--set", "name=zed"]);
    let written = text(&good.stdout);
    for line in ["name: rel", "namespace: ns", "b: \"2\"", "name: zed"] {
        assert!(written.contains(line), "{written}");
    }
    let values = text(&with(&["--set", "a.b=3", "--show-values"]).stdout);
    assert!(values.contains("b: 3"), "{values}");

    let explained = text(
        &with(&[
            "-f",
            &more,
            "--set",
            "name=zed",
            "--explain",
            "configmap/rel:/data/b",
        ])
        .stdout,
    );
    assert_eq!(
        explained.replace(&more, "more.yaml"),
        "configmap/rel:/data/b = \"2\"\n  templates/a.yaml:7  template\n  more.yaml:1  .Values.a.b = 2\n"
    );
    let set = text(&with(&["--set", "name=zed", "--explain", "configmap/rel:/data/name"]).stdout);
    assert!(
        set.contains("  --set name=zed  .Values.name = \"zed\"\n"),
        "{set}"
    );

    std::fs::write(chart.join("templates/b.yaml"), "v: {{ mustToYaml 1 }}\n").unwrap();
    let three = with(&["--compat", "3"]);
    assert!(text(&three.stderr).contains("function \"mustToYaml\" not defined"));
    assert!(text(&with(&["--compat", "4"]).stdout).contains("v: 1"));

    let bad = with(&["--set", "name="]);
    assert_eq!(bad.status.code(), Some(1));
    let words = text(&bad.stderr);
    assert!(
        words.contains("web/templates/a.yaml") && words.contains("a name!"),
        "{words}"
    );

    let plain = chart.join("templates").display().to_string();
    let no_chart = run(&["render", &plain, "--show-values", "--exclude", "*"]);
    assert_eq!(no_chart.status.code(), Some(2));
    assert!(text(&no_chart.stderr).contains("is no chart"));
}

#[test]
fn a_base_in_another_repository_is_read_when_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    std::fs::create_dir_all(&here).unwrap();
    std::fs::create_dir_all(there.join("base")).unwrap();
    let base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: far}\n";
    std::fs::write(there.join("base/cm.yaml"), base).unwrap();
    let list = "resources: [cm.yaml]\n";
    std::fs::write(there.join("base/kustomization.yaml"), list).unwrap();
    testkit::git(&there, &["init", "-q", "-b", "main"]);
    testkit::git(&there, &["add", "."]);
    testkit::git(&there, &["commit", "-q", "-m", "a base"]);
    let remote = format!("file://{}//base?ref=main", there.display());
    std::fs::write(
        here.join("kustomization.yaml"),
        format!("resources: [\"{remote}\"]\n"),
    )
    .unwrap();
    let path = here.display().to_string();
    let refused = run(&["render", &path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("is not allowed"));
    let allowed = run(&["render", &path, "--remote-bases"]);
    assert!(
        text(&allowed.stdout).contains("name: far"),
        "{}",
        text(&allowed.stderr)
    );
}
