//! Charts rendered whole.

use super::*;
use crate::chart::File;
use crate::engine::KubeVersion;
use gotemplate::Query;
use value::json;

fn chart(files: &[(&str, &str)]) -> Chart {
    let files = files.iter().map(|(name, text)| File {
        name: (*name).to_owned(),
        data: text.as_bytes().into(),
    });
    Chart::from_files(files.collect()).expect("a chart")
}

fn output(
    files: &[(&str, &str)],
    parts: Parts,
    lookup: Option<&Lookup<'_>>,
) -> Result<Output, String> {
    output_as(Compat::V4, files, parts, lookup)
}

fn output_as(
    compat: Compat,
    files: &[(&str, &str)],
    parts: Parts,
    lookup: Option<&Lookup<'_>>,
) -> Result<Output, String> {
    let release = Release {
        name: "rel".to_owned(),
        namespace: "ns".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let capabilities = Capabilities {
        kube_version: KubeVersion::parse("v1.31.2-gke.1").expect("a version"),
        api_versions: Arc::default(),
    };
    let options = Options::default();
    let request = Request {
        release: &release,
        capabilities: &capabilities,
        parts,
        skip_schema: false,
        options: &options,
        cache: None,
        lookup,
        trace: false,
        compat,
    };
    template(chart(files), &Value::object(), &request).map_err(|e| e.to_string())
}

fn render(files: &[(&str, &str)], parts: Parts) -> Result<Vec<String>, String> {
    let output = output(files, parts, None)?;
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
            "chart requires kubeVersion: >=1.40 which is incompatible with Kubernetes v1.31.2-gke.1",
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

#[test]
fn lookup_asks_each_question_once_and_says_so() {
    let text = "{{- $s := lookup \"v1\" \"Secret\" \"ns\" \"a\" -}}\n\
         kind: A\n\
         known: {{ $s.data.x | default \"new\" }}\n\
         again: {{ (lookup \"v1\" \"Secret\" \"ns\" \"a\").data.x }}\n\
         count: {{ add 1 $s.count }}\n\
         type: {{ kindOf $s.count }}\n\
         none: {{ empty (lookup \"v1\" \"Secret\" \"ns\" \"b\") }}\n\
         all: {{ range (lookup \"v1\" \"Secret\" \"\" \"\").items }}{{ .metadata.name }} {{ end }}\n";
    let asked = std::cell::RefCell::new(Vec::new());
    let answer = |query: &Query| {
        asked.borrow_mut().push(query.name.clone());
        Ok(match query.name.as_str() {
            "a" => json!({"data": {"x": "old"}, "count": 3}),
            "" => json!({"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "c"}}]}),
            _ => Value::Null,
        })
    };
    let output =
        output(&[CHART, ("templates/a.yaml", text)], ALL, Some(&answer)).expect("it renders");
    assert_eq!(
        output.manifests[0].object.to_json(),
        r#"{"again":"old","all":"a c","count":4,"kind":"A","known":"old","none":true,"type":"int64"}"#
    );
    assert_eq!(*asked.borrow(), ["a", "b", ""]);
    let found: Vec<bool> = output.lookups.iter().map(|l| !l.found.is_null()).collect();
    assert_eq!(found, [true, false, true]);
    assert_eq!(output.lookups[0].query.api_version, "v1");
}

#[test]
fn without_a_cluster_lookup_finds_nothing() {
    let text =
        "kind: A\nx: {{ (lookup \"v1\" \"Secret\" \"ns\" \"a\").data | default \"none\" }}\n";
    let files = [CHART, ("templates/a.yaml", text)];
    let found = output(&files, ALL, None).expect("it renders");
    assert_eq!(
        found.manifests[0].object.to_json(),
        r#"{"kind":"A","x":"none"}"#
    );
    // A render with a cluster would depend on it.
    assert_eq!(found.lookups.len(), 1);
    let failing = |_: &Query| Err("no route to host".to_owned());
    let error = output(&files, ALL, Some(&failing)).expect_err("the cluster is away");
    assert!(
        error.contains("error calling lookup: no route to host"),
        "{error}"
    );
}

/// Renders one template as Helm 3 and as Helm 4 do.
fn both(metadata: &str, values: &str, text: &str) -> [String; 2] {
    let metadata = format!("{}{metadata}", CHART.1);
    let files = [
        ("Chart.yaml", metadata.as_str()),
        ("values.yaml", values),
        ("templates/a.yaml", text),
        (
            "charts/sub/Chart.yaml",
            "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
        ),
        ("charts/sub/values.yaml", "x: 1\nz: {w: null}\n"),
    ];
    [Compat::V3, Compat::V4].map(|compat| match output_as(compat, &files, ALL, None) {
        Ok(output) => output.manifests[0]
            .object
            .at(&["v"])
            .map_or_else(String::new, Value::to_json),
        Err(error) => error,
    })
}

#[test]
fn helm_3_keeps_nulls_that_helm_4_drops() {
    let values = "nul: null\na: {b: 1, c: null}\nsub: {x: null}\n";
    let [three, four] = both("", values, "v: {{ omit .Values \"global\" | toJson }}\n");
    assert_eq!(
        three,
        r#"{"a":{"b":1,"c":null},"nul":null,"sub":{"global":{},"z":{"w":null}}}"#
    );
    assert_eq!(four, r#"{"a":{"b":1},"sub":{"global":{},"x":1,"z":{}}}"#);
    let [three, four] = both(
        "",
        "a: 1\n---\nb: 2\n",
        "v: {{ omit .Values \"sub\" | toJson }}\n",
    );
    assert_eq!(
        [three.as_str(), four.as_str()],
        [r#"{"a":1}"#, r#"{"a":1,"b":2}"#]
    );
}

#[test]
fn the_chart_is_a_struct_in_helm_3() {
    let more = "maintainers: [{name: m, email: e}]\nannotations: {a: b}\n";
    let [three, _] = both(more, "", "v: {{ toJson .Chart }}\n");
    assert_eq!(
        three,
        r#"{"IsRoot":true,"annotations":{"a":"b"},"apiVersion":"v2","maintainers":[{"email":"e","name":"m"}],"name":"c","version":"1.0.0"}"#
    );
    let text = "v: {{ .Chart.Metadata.Name }} {{ typeOf .Chart }} {{ range .Chart.Maintainers }}{{ .Name }} {{ typeOf . }}{{ end }}\n";
    let [three, _] = both(more, "", text);
    assert_eq!(
        three,
        r#""c struct { chart.Metadata; IsRoot bool } m *chart.Maintainer""#
    );
    let [three, four] = both("", "", "v: {{ .Chart.Nope }}\n");
    assert_eq!(
        three,
        "template: c/templates/a.yaml:1:12: executing \"c/templates/a.yaml\" at <.Chart.Nope>: can't evaluate field Nope in type interface {}"
    );
    assert_eq!(four, "null");
}

#[test]
fn helm_3_has_fewer_functions_and_other_words() {
    let [three, _] = both("", "", "v: {{ mustToYaml . }}\n");
    assert_eq!(
        three,
        "parse error at (c/templates/a.yaml:1): function \"mustToYaml\" not defined"
    );
    let text = "v: {{ typeOf .Values }} {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.HelmVersion.Version }}\n";
    let [three, four] = both("", "", text);
    assert_eq!(three, r#""chartutil.Values v1.31.2 v3.21""#);
    assert_eq!(four, r#""common.Values v1.31.2-gke.1 v4.2""#);
    let [three, four] = both(
        "",
        "",
        "v: {{ include \"x\" . }}\n{{ define \"x\" }}{{ .Values.b.c }}{{ end }}",
    );
    assert_eq!(
        three,
        "template: c/templates/a.yaml:1:6: executing \"c/templates/a.yaml\" at <include \"x\" .>: error calling include: template: c/templates/a.yaml:2:26: executing \"x\" at <.Values.b.c>: nil pointer evaluating interface {}.c"
    );
    assert!(
        four.starts_with("c/templates/a.yaml:1:6\n  executing"),
        "{four}"
    );
    let [three, four] = both("dependencies: [{name: db, version: 1.x}]\n", "", "");
    assert!(three.starts_with("An error occurred"), "{three}");
    assert!(four.starts_with("an error occurred"), "{four}");
}

#[test]
fn helm_3_drops_white_space_behind_documents() {
    let [three, four] = both("", "", "v: |+\n  a\n\n\n---\nkind: B\n");
    assert_eq!(
        [three.as_str(), four.as_str()],
        [r#""a\n""#, r#""a\n\n\n\n""#]
    );
}

#[test]
fn helm_3_installs_webhooks_among_unknown_kinds() {
    let files = [
        CHART,
        (
            "templates/a.yaml",
            "kind: ValidatingWebhookConfiguration\n---\nkind: Ant\n---\nkind: Zebra\n",
        ),
    ];
    let kinds = |compat| -> Vec<String> {
        let output = output_as(compat, &files, ALL, None).expect("it renders");
        let kinds = output.manifests.iter().map(|m| m.object.str_at(&["kind"]));
        kinds.map(str::to_owned).collect()
    };
    let webhook = "ValidatingWebhookConfiguration";
    assert_eq!(kinds(Compat::V3), ["Ant", webhook, "Zebra"]);
    assert_eq!(kinds(Compat::V4), [webhook, "Ant", "Zebra"]);
}
