//! Charts in kustomizations.

use kustomize::{AboveRoot, Options, Order};
use render::{
    FetchChart, HelmCharts, HelmRenderer, KustomizeRenderer, Rendered, Renderers, Request, SetKind,
};
use std::sync::Arc;
use tree::{MemTree, Recording};
use value::Value;

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const VALUES: &str = "image: {name: web, tag: a}\nports: [1, 2]\nextra: {a: 1, b: 2}\n";
const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  values: {{ omit .Values \"global\" | toJson | quote }}
  kube: {{ .Capabilities.KubeVersion }}
  things: {{ .Capabilities.APIVersions.Has \"example.com/v1\" | quote }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
";

fn tree(kustomization: &str) -> MemTree {
    MemTree::new([
        ("app/kustomization.yaml", kustomization),
        ("app/own.yaml", "image: {tag: own}\nextra: null\n"),
        ("app/none.yaml", "# nothing\n"),
        ("app/more.yaml", "image: {tag: more}\n"),
        ("app/charts/web/Chart.yaml", CHART),
        ("app/charts/web/values.yaml", VALUES),
        ("app/charts/web/templates/all.yaml", TEMPLATE),
        (
            "app/charts/web/crds/a.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: c}\n",
        ),
    ])
}

fn rendered(tree: &MemTree) -> Rendered {
    let charts = HelmCharts {
        kube_version: "1.30.1",
        ..HelmCharts::default()
    };
    let kustomize = KustomizeRenderer {
        charts: Some(&charts),
        ..KustomizeRenderer::default()
    };
    let renderers = Renderers {
        kustomize: Some(&kustomize),
        ..Renderers::default()
    };
    render::render(tree, &Request::new("app"), &renderers).expect("a tree in memory can be read")
}

/// Returns the values that the chart of a kustomization sees.
fn values(fields: &str) -> String {
    let tree = tree(&format!("helmCharts:\n- name: web\n{fields}"));
    let rendered = rendered(&tree);
    assert_eq!(super::diagnostics(&rendered), [""; 0]);
    let map = rendered
        .objects
        .iter()
        .find(|o| o.value.str_at(&["kind"]) == "ConfigMap");
    map.expect("the chart has one")
        .value
        .str_at(&["data", "values"])
        .to_owned()
}

fn refusal(kustomization: &str) -> String {
    super::diagnostics(&rendered(&tree(kustomization))).join("\n")
}

#[test]
fn values_of_the_file_and_of_the_kustomization_come_together() {
    let plain = r#"{"extra":{"a":1,"b":2},"image":{"name":"web","tag":"a"},"ports":[1,2]}"#;
    assert_eq!(values(""), plain);
    let inline = "  valuesInline: {image: {tag: inline}, ports: [3], extra: {b: null, c: 3}}\n";
    // What is deleted from the file's values is still a default of the chart.
    let over = r#"{"extra":{"a":1,"b":2,"c":3},"image":{"name":"web","tag":"inline"},"ports":[3]}"#;
    assert_eq!(values(inline), over);
    let under = r#"{"extra":{"a":1,"b":2,"c":3},"image":{"name":"web","tag":"a"},"ports":[1,2]}"#;
    assert_eq!(values(&format!("{inline}  valuesMerge: merge\n")), under);
    let alone = r#"{"extra":{"a":1,"c":3},"image":{"name":"web","tag":"inline"},"ports":[3]}"#;
    assert_eq!(values(&format!("{inline}  valuesMerge: replace\n")), alone);
    let own = r#"{"image":{"name":"web","tag":"own"},"ports":[1,2]}"#;
    assert_eq!(values("  valuesFile: own.yaml\n"), own);
    let more = r#"{"image":{"name":"web","tag":"more"},"ports":[1,2]}"#;
    let files = "  valuesFile: own.yaml\n  additionalValuesFiles: [more.yaml]\n";
    assert_eq!(values(files), more);
}

#[test]
fn the_kustomization_says_what_of_a_chart_counts() {
    let objects = |fields: &str| {
        let tree = tree(&format!("helmCharts:\n- name: web\n{fields}"));
        let rendered = rendered(&tree);
        assert_eq!(super::diagnostics(&rendered), [""; 0]);
        let mut names: Vec<String> = super::names(&rendered)
            .into_iter()
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(objects(""), "hook release-name test");
    assert_eq!(objects("  releaseName: r\n  skipTests: true\n"), "hook r");
    assert_eq!(
        objects("  skipHooks: true\n  includeCRDs: true\n"),
        "c release-name"
    );
    assert_eq!(
        objects("  nameTemplate: '{{ upper \"X\" | lower }}'\n  skipHooks: true\n"),
        "x"
    );

    let fields = "  namespace: ns\n  skipHooks: true\n  apiVersions: [example.com/v1]\n";
    let said = rendered(&tree(&format!("helmCharts:\n- name: web\n{fields}")));
    let map = &said.objects[0].value;
    assert_eq!(map.str_at(&["metadata", "namespace"]), "ns");
    assert_eq!(map.str_at(&["data", "kube"]), "v1.30.1");
    assert_eq!(map.str_at(&["data", "things"]), "true");
    // Whatever of the chart was read counts for the next commit.
    let reads = |path: &str| said.read_set.iter().any(|(read, _)| read == path);
    assert!(reads("app/charts/web/values.yaml") && reads("app/charts/web/templates/all.yaml"));
}

#[test]
fn a_chart_that_cannot_be_had_is_a_mistake() {
    let refused = |fields: &str, part: &str| {
        let refusal = refusal(&format!("helmCharts:\n- {fields}\n"));
        assert!(refusal.contains(part), "{fields}: {refusal}");
    };
    refused("releaseName: x", "chart name cannot be empty");
    refused(
        "{name: web, valuesMerge: x}",
        "valuesMerge must be one of [merge override replace]",
    );
    refused(
        "name: none",
        "no repo specified for pull, no chart found at '/app/charts/none'",
    );
    let remote = "{name: web, repo: 'https://charts.example.com', version: 1.2.3}";
    refused(
        remote,
        "not in the repository, at '/app/charts/web-1.2.3/web'",
    );
    refused(
        "{name: web, valuesFile: ../x.yaml}",
        "no such file or directory",
    );
    refused(
        "{name: web, additionalValuesFiles: [x.yaml]}",
        "could not load additionalValuesFile",
    );
    refused(
        "{name: web, releaseName: Web}",
        "release name check failed: release name \"Web\"",
    );
    refused(
        "{name: web, releaseName: a, nameTemplate: b}",
        "cannot set --name-template and also specify a name",
    );
    refused("{name: web, kubeVersion: x}", "invalid kube version 'x'");
    let empty = refusal("helmCharts: [{name: web, valuesFile: none.yaml, valuesInline: {a: 1}}]\n");
    assert!(
        empty.contains("could not parse values file into rnode: EOF"),
        "{empty}"
    );
    refused(
        "{name: web, valuesInline: [a]}",
        "of type map[string]interface {}",
    );
    // The folder of charts may stand anywhere in the tree; values files may not.
    refused(
        "{name: web}\nhelmGlobals: {chartHome: ../other}",
        "no chart found at '/other/web'",
    );
    let elsewhere =
        "helmGlobals: {chartHome: ../other}\nhelmCharts:\n- {name: web, valuesFile: own.yaml}\n";
    let moved = tree(elsewhere).file("other/web/Chart.yaml", CHART).file(
        "other/web/templates/a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: moved}\n",
    );
    assert_eq!(super::names(&rendered(&moved)), ["moved"]);
}

#[test]
fn a_chart_is_released_into_the_namespace_of_the_nearest_kustomization() {
    let namespace = |own: &str, outer: &str| {
        let inner = format!("{own}helmCharts: [{{name: web, skipHooks: true}}]\n");
        let tree = tree("");
        let chart = [
            ("Chart.yaml", CHART),
            ("values.yaml", VALUES),
            ("templates/all.yaml", TEMPLATE),
        ];
        let tree = chart.iter().fold(tree, |tree, (name, text)| {
            tree.file(&format!("base/charts/web/{name}"), text)
        });
        let tree = tree
            .file("base/kustomization.yaml", inner)
            .file("mid/kustomization.yaml", "resources: [../base]\n")
            .file(
                "app/kustomization.yaml",
                format!("{outer}resources: [../mid]\n"),
            );
        let rendered = rendered(&tree);
        assert_eq!(super::diagnostics(&rendered), [""; 0]);
        let object = &rendered.objects[0].value;
        object.str_at(&["metadata", "namespace"]).to_owned()
    };
    assert_eq!(namespace("", ""), "default");
    assert_eq!(namespace("", "namespace: outer\n"), "outer");
    assert_eq!(namespace("namespace: own\n", ""), "own");
}

/// Returns the recorded cases; none without `WINDLASS_SHARED`.
#[expect(clippy::print_stderr, reason = "a skipped test must be visible")]
fn cases() -> Vec<Value> {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return Vec::new();
    };
    let path = format!("{shared}/conformance/kustomize.jsonl");
    let text = std::fs::read_to_string(&path).expect("the recorded cases are readable");
    let cases = text
        .lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case is JSON"));
    cases
        .filter(|case| case.at(&["options", "needs_helm"]).is_some())
        .collect()
}

#[test]
fn cases_with_their_charts_give_what_is_recorded() {
    for case in cases() {
        let name = case.str_at(&["name"]);
        let files = case.get("files").and_then(Value::as_object);
        let files = files
            .into_iter()
            .flat_map(value::Object::iter)
            .map(|(path, text)| {
                let path = path.trim_start_matches('/').to_owned();
                (path, text.as_str().unwrap_or_default())
            });
        let files: Vec<_> = files.collect();
        let wants_error = case.get("want_error").and_then(Value::as_bool) == Some(true);
        if !wants_error && !files.iter().any(|(path, _)| path.ends_with("Chart.yaml")) {
            eprintln!("skipped: {name}: its charts are not among its files");
            continue;
        }
        let tree = MemTree::new(files);
        let charts = HelmCharts::default();
        let options = Options {
            charts: Some(&charts),
            above_root: AboveRoot::Root,
            order: match case.str_at(&["options", "Reorder"]) {
                "" => Order::AsGiven,
                _ => Order::Legacy,
            },
            ..Options::default()
        };
        let folder = case.str_at(&["dir"]).trim_matches(['/', '.']);
        let built = kustomize::build(&Recording::new(&tree), folder, &options);
        let built = match built {
            Ok(built) if !wants_error => built,
            Ok(_) => panic!("{name}: it builds"),
            Err(error) => {
                let text = error.to_string();
                let parts = case.array_at(&["error"]);
                let says = |part: &Value| part.as_str().is_some_and(|part| text.contains(part));
                assert!(wants_error && parts.iter().all(says), "{name}: {text}");
                continue;
            }
        };
        let want = yaml::v3::documents(case.str_at(&["expect"]).as_bytes()).expect("it is YAML");
        let want: Vec<Value> = want
            .iter()
            .map(|node| node.to_value().expect("it has a value"))
            .collect();
        let got: Vec<Value> = built.objects.into_iter().map(|o| o.value).collect();
        assert_eq!(got, want, "{name}");
    }
}

#[test]
fn a_field_of_a_chart_is_explained() {
    let tree = MemTree::new([
        ("apps/web/Chart.yaml", CHART),
        ("apps/web/values.yaml", "tag: a\nteam: x\n"),
        ("apps/web/prod.yaml", "# ours\ntag: b\n"),
        (
            "apps/web/templates/a.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n  spec:\n    image: x:{{ .Values.tag }}\n    team: {{ .Values.team }}\n",
        ),
    ]);
    let helm = HelmRenderer {
        trace: true,
        ..HelmRenderer::default()
    };
    let renderers = Renderers {
        helm: Some(&helm),
        ..Renderers::default()
    };
    let mut request = Request::new("apps/web");
    request.app_name = "web".to_owned();
    request.helm.value_files = vec!["prod.yaml".to_owned()];
    request.helm.sets = vec![(SetKind::Text, "team=y".to_owned())];
    let rendered = render::render(&tree, &request, &renderers).expect("a tree in memory");
    assert_eq!(super::diagnostics(&rendered), [""; 0]);
    let explained = |pointer: &str| -> Vec<String> {
        let steps = rendered.objects[0].explain(pointer).into_iter();
        steps
            .map(|s| format!("{}:{} {}", s.place, s.line, s.what))
            .collect()
    };
    assert_eq!(
        explained("/spec/image"),
        [
            "apps/web/templates/a.yaml:8 template",
            "apps/web/prod.yaml:2 .Values.tag = \"b\"",
        ]
    );
    assert_eq!(
        explained("/spec/team"),
        [
            "apps/web/templates/a.yaml:9 template",
            "--set-string team=y:0 .Values.team = \"y\"",
        ]
    );
}

#[test]
fn charts_that_are_missing_are_fetched() {
    let declared = format!(
        "{CHART}dependencies:\n- {{name: near, version: 1.x, repository: 'file://../near'}}\n- {{name: far, version: 2.x, repository: 'https://example.com', alias: away}}\n"
    );
    let tree = MemTree::new([
        ("apps/web/Chart.yaml", declared.as_str()),
        ("apps/web/values.yaml", "away: {x: 2}\n"),
        (
            "apps/near/Chart.yaml",
            "apiVersion: v2\nname: near\nversion: 1.1.0\n",
        ),
        ("apps/near/templates/a.yaml", "kind: Near\n"),
    ]);
    let fetch = |missing: &helm::Missing| {
        assert_eq!(
            (missing.name.as_str(), missing.version.as_str()),
            ("far", "2.x")
        );
        let file = |name: &str, text: &str| helm::File {
            name: name.to_owned(),
            data: text.as_bytes().into(),
        };
        let chart = helm::Chart::from_files(vec![
            file("Chart.yaml", "apiVersion: v2\nname: far\nversion: 2.3.4\n"),
            file("templates/a.yaml", "kind: Far\nx: {{ .Values.x }}\n"),
        ]);
        chart.map(Some).map_err(|e| e.to_string())
    };
    let kinds = |fetch: Option<&FetchChart<'_>>| {
        let helm = HelmRenderer {
            fetch,
            ..HelmRenderer::default()
        };
        let renderers = Renderers {
            helm: Some(&helm),
            ..Renderers::default()
        };
        let mut request = Request::new("apps/web");
        request.app_name = "web".to_owned();
        let rendered = render::render(&tree, &request, &renderers).expect("a tree in memory");
        let objects: Vec<String> = rendered.objects.iter().map(|o| o.value.to_json()).collect();
        let read = rendered
            .read_set
            .iter()
            .any(|(path, _)| path == "apps/near/Chart.yaml");
        (objects, super::diagnostics(&rendered), read)
    };
    let (objects, wrong, read) = kinds(Some(&fetch));
    assert_eq!(objects, [r#"{"kind":"Far","x":2}"#, r#"{"kind":"Near"}"#]);
    assert_eq!(wrong, [""; 0]);
    assert!(read, "the chart beside it was looked at");
    let (objects, wrong, _) = kinds(None);
    assert!(objects.is_empty());
    assert!(
        wrong[0].contains("missing in charts/ directory: near, far"),
        "{wrong:?}"
    );
}

#[test]
fn a_chart_of_a_repository_is_pulled_if_it_may_be() {
    let kustomization = "helmCharts:\n- name: far\n  repo: https://charts\n  version: 1.0.0\n  \
                         releaseName: r\n  valuesInline: {image: {tag: own}}\n";
    let tree = tree(kustomization);
    let asked = refusal(kustomization);
    assert!(asked.contains("commit it there"), "{asked}");
    let pull = |chart: &kustomize::HelmChart| -> Result<Arc<dyn tree::Tree>, String> {
        assert_eq!((&*chart.repo, &*chart.version), ("https://charts", "1.0.0"));
        Ok(Arc::new(MemTree::new([
            ("Chart.yaml", "apiVersion: v2\nname: far\nversion: 1.0.0\n"),
            ("values.yaml", VALUES),
            ("templates/all.yaml", TEMPLATE),
        ])))
    };
    let charts = HelmCharts {
        pull: Some(&pull),
        ..HelmCharts::default()
    };
    let kustomize = KustomizeRenderer {
        charts: Some(&charts),
        ..KustomizeRenderer::default()
    };
    let renderers = Renderers {
        kustomize: Some(&kustomize),
        ..Renderers::default()
    };
    let rendered = render::render(&tree, &Request::new("app"), &renderers).expect("in memory");
    assert_eq!(super::diagnostics(&rendered), [""; 0]);
    let map = rendered
        .objects
        .iter()
        .find(|o| o.value.str_at(&["metadata", "name"]) == "r");
    let values = map
        .expect("it is there")
        .value
        .str_at(&["data", "values"])
        .to_owned();
    assert!(values.contains("\"tag\":\"own\""), "{values}");
    assert!(values.contains("\"name\":\"web\""), "{values}");
}
