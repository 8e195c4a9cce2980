use super::{Layer, PlaceKind};
use crate::engine::{Capabilities, Release};
use crate::template::{Parts, Request, template};
use crate::{Chart, Compat, File};
use gotemplate::Options;
use value::{Value, json};

const HELPERS: &str = "{{- define \"web.labels\" -}}
app: {{ .Values.nameOverride | default .Chart.Name }}
team: {{ .Values.global.team }}
{{- end }}
{{- define \"web.name\" -}}
{{ .Release.Name }}-{{ .Values.suffix }}
{{- end }}
";
const DEPLOYMENT: &str = "kind: Deployment
metadata:
  name: {{ include \"web.name\" . }}
  labels:
    {{- include \"web.labels\" . | nindent 4 }}
    fixed: text
spec:
  image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  args:
  {{- range $i, $arg := .Values.args }}
  - {{ $arg }}
  {{- end }}
  {{- $port := .Values.port }}
  port: {{ $port }}
";
const VALUES: &str = "global:
  team: a
image:
  repository: nginx
  tag: old
resources:
  limits:
    cpu: 1
args: [x, z]
suffix: s
port: 80
sub:
  replicas: 3
";

/// Returns what is said about a field: places and words.
fn explained(kind: &str, pointer: &str) -> Vec<String> {
    let file = |name: &str, text: &str| File {
        name: name.into(),
        data: text.as_bytes().into(),
    };
    let chart = Chart::from_files(vec![
        file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        file("values.yaml", VALUES),
        file("templates/_helpers.tpl", HELPERS),
        file("templates/deployment.yaml", DEPLOYMENT),
        file("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
        file("charts/sub/values.yaml", "replicas: 1\nsize: 2\n"),
        file(
            "charts/sub/templates/a.yaml",
            "kind: Sub\nreplicas: {{ .Values.replicas }}\nsize: {{ .Values.size }}\nteam: {{ .Values.global.team }}\n",
        ),
    ])
    .expect("it is a chart");
    let given = json!({"image": {"tag": "new"}});
    let options = Options::default();
    let request = Request {
        release: &Release {
            name: "rel".to_owned(),
            namespace: "default".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: &Capabilities::default(),
        parts: Parts {
            crds: true,
            hooks: true,
            tests: true,
        },
        skip_schema: false,
        options: &options,
        cache: None,
        lookup: None,
        trace: true,
        compat: Compat::V4,
    };
    let output = template(chart, &given, &request).expect("it renders");
    let mut trace = output.trace.expect("it was asked for");
    trace.add_layers([
        Layer::text("prod.yaml", b"image:\n  tag: newer\n", PlaceKind::File),
        Layer::option("--set image.tag=new".to_owned(), given),
    ]);
    let of_kind = |m: &&crate::manifests::Manifest| {
        m.object.get("kind").and_then(Value::as_str) == Some(kind)
    };
    let manifest = output.manifests.iter().find(of_kind).expect("it is there");
    assert!(manifest.object.pointer(pointer).is_some(), "{pointer}");
    let steps = trace.explain(manifest, pointer);
    steps
        .iter()
        .map(|s| format!("{}:{} {}", s.place, s.line, s.what))
        .collect()
}

#[test]
fn text_of_a_template_is_found() {
    assert_eq!(
        explained("Deployment", "/metadata/labels/fixed"),
        ["web/templates/deployment.yaml:6 template"]
    );
}

#[test]
fn an_action_names_the_values_and_what_set_them() {
    assert_eq!(
        explained("Deployment", "/spec/image"),
        [
            "web/templates/deployment.yaml:8 template",
            "web/values.yaml:4 .Values.image.repository = \"nginx\"",
            "--set image.tag=new:0 .Values.image.tag = \"new\"",
        ]
    );
}

#[test]
fn a_table_written_whole_is_followed_inside() {
    assert_eq!(
        explained("Deployment", "/spec/resources/limits/cpu"),
        [
            "web/templates/deployment.yaml:11 template",
            "web/values.yaml:8 .Values.resources.limits.cpu = 1",
        ]
    );
}

#[test]
fn an_included_template_is_looked_into() {
    assert_eq!(
        explained("Deployment", "/metadata/labels/team"),
        [
            "web/templates/_helpers.tpl:3 template",
            "web/templates/deployment.yaml:5 called it",
            "web/values.yaml:2 .Values.global.team = \"a\"",
        ]
    );
    assert_eq!(
        explained("Deployment", "/metadata/labels/app"),
        [
            "web/templates/_helpers.tpl:2 template",
            "web/templates/deployment.yaml:5 called it",
            ":0 .Values.nameOverride is not set",
        ]
    );
    assert_eq!(
        explained("Deployment", "/metadata/name"),
        [
            "web/templates/_helpers.tpl:6 template",
            "web/templates/deployment.yaml:3 called it",
            "web/values.yaml:10 .Values.suffix = \"s\"",
        ]
    );
}

#[test]
fn variables_and_loops_remember_what_was_read() {
    assert_eq!(
        explained("Deployment", "/spec/port"),
        [
            "web/templates/deployment.yaml:18 template",
            "web/values.yaml:11 .Values.port = 80",
        ]
    );
    assert_eq!(
        explained("Deployment", "/spec/args/1"),
        [
            "web/templates/deployment.yaml:15 template",
            "web/values.yaml:9 .Values.args.1 = \"z\"",
        ]
    );
}

#[test]
fn charts_inside_have_their_own_and_the_shared_values() {
    assert_eq!(
        explained("Sub", "/replicas"),
        [
            "web/charts/sub/templates/a.yaml:2 template",
            "web/values.yaml:13 .Values.sub.replicas = 3",
        ]
    );
    assert_eq!(
        explained("Sub", "/size"),
        [
            "web/charts/sub/templates/a.yaml:3 template",
            "web/charts/sub/values.yaml:2 .Values.sub.size = 2",
        ]
    );
    assert_eq!(
        explained("Sub", "/team"),
        [
            "web/charts/sub/templates/a.yaml:4 template",
            "web/values.yaml:2 .Values.sub.global.team = \"a\"",
        ]
    );
}
