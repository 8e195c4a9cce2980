//! Which files count, and what becomes of them.

use crate::{config_map, diagnostics, names, render};
use render::{Depth, Request, Tool};
use tree::MemTree;

fn files() -> MemTree {
    let json = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}"#;
    MemTree::new([
        ("app/a.yaml", config_map("a").as_str()),
        ("app/b.json", json),
        ("app/c.txt", &config_map("c")),
        ("app/sub/d.yml", &config_map("d")),
        ("app/.hid/e.yaml", &config_map("e")),
        ("app/.f.yaml", &config_map("f")),
        ("other/x.yaml", &config_map("x")),
    ])
}

#[test]
fn only_the_folder_itself_is_read_unless_asked() {
    let rendered = render(&files(), &Request::new("app"));
    assert_eq!(rendered.tool, Some(Tool::Directory));
    assert_eq!(names(&rendered), ["f", "a", "b"]);
    assert_eq!(diagnostics(&rendered), [""; 0]);
    let root = render(&files(), &Request::new(""));
    assert_eq!(names(&root), [""; 0]);
}

#[test]
fn recursion_goes_into_hidden_folders() {
    let mut request = Request::new("app");
    request.directory.depth = Depth::Recursive;
    assert_eq!(
        names(&render(&files(), &request)),
        ["f", "e", "a", "b", "d"]
    );
    request.path = ".".to_owned();
    assert_eq!(
        names(&render(&files(), &request)),
        ["f", "e", "a", "b", "d", "x"]
    );
}

#[test]
fn patterns_choose_files_across_folders() {
    let mut request = Request::new("app");
    request.directory.depth = Depth::Recursive;
    request.directory.include = "*.{json,yml}".to_owned();
    assert_eq!(names(&render(&files(), &request)), ["b", "d"]);
    request.directory.exclude = "sub/*".to_owned();
    assert_eq!(names(&render(&files(), &request)), ["b"]);
    request.directory.include = "[".to_owned();
    let rendered = render(&files(), &request);
    assert_eq!(
        diagnostics(&rendered),
        ["Error app: directory.include pattern \"[\": unexpected end of input"]
    );
}

#[test]
fn objects_know_their_file_and_line() {
    let text = format!(
        "# first\n---\n{}---\n\n{}  labels:\n    x: y\n",
        config_map("a"),
        config_map("b")
    );
    let rendered = render(&MemTree::new([("app/a.yaml", text)]), &Request::new("app"));
    assert_eq!(names(&rendered), ["a", "b"]);
    let [a, b] = rendered.objects.as_slice() else {
        panic!("there are two objects");
    };
    assert_eq!(
        (&*a.file, a.line, a.line_of("/metadata/name")),
        ("app/a.yaml", 3, 6)
    );
    assert_eq!((b.line, b.line_of("/metadata/labels/x")), (9, 14));
    assert_eq!(b.line_of("/metadata/labels/none"), 13);
}

#[test]
fn lists_are_taken_apart() {
    let text = "\
apiVersion: v1
kind: ConfigMapList
items:
- metadata: {name: a}
- apiVersion: v1
  kind: Secret
  metadata:
    name: b
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
apiVersion: v1
kind: ConfigMapList
items:
";
    let rendered = render(&MemTree::new([("app/a.yaml", text)]), &Request::new("app"));
    assert_eq!(names(&rendered), ["a", "b", "c"]);
    assert_eq!(rendered.objects[0].value.str_at(&["kind"]), "ConfigMap");
    assert_eq!(rendered.objects[1].line, 5);
    assert_eq!(rendered.objects[1].line_of("/metadata/name"), 8);
    assert_eq!(rendered.objects[2].line, 13);
}

#[test]
fn one_bad_file_hides_nothing() {
    let tree = MemTree::new([
        (
            "app/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n",
        ),
        ("app/b.yaml", &config_map("b")),
        ("app/c.yaml", "replicas: 3\n---\nkind: x\n"),
        ("app/d.yaml", "some text\n"),
        ("app/e.yaml", "{{ if }}\nbroken: [\n"),
        (
            "app/f.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: f\ndata:\n  k: 1\n  k: 2\n",
        ),
        ("app/g.json", "{\"kind\": 1}{}"),
        ("app/h.json", "{"),
        ("app/i.jsonnet", "{}"),
        ("app/j.yaml", &format!("{}---\nno: kind\n", config_map("j"))),
        (
            "app/k.yaml",
            "kind: ConfigMap\nmetadata: {name: k}\n---\napiVersion: v1\nkind: Job\nmetadata: {generateName: l-}\n",
        ),
        ("app/m.yaml", "apiVersion: v1\nkind: ConfigMap\n"),
        (
            "app/n.yaml",
            &format!("# +argocd:skip-file-rendering\n{}", config_map("n")),
        ),
        ("app/o.yaml", "# nothing\n"),
    ]);
    let rendered = render(&tree, &Request::new("app"));
    assert_eq!(
        rendered.diagnostics[0].argo_cd.as_deref(),
        Some(
            "Failed to unmarshal \"a.yaml\": failed to unmarshal manifest: error converting YAML to JSON: \
             yaml: line 3: did not find expected ',' or '}'"
        )
    );
    assert_eq!(names(&rendered), ["b", "j", ""]);
    assert_eq!(
        diagnostics(&rendered),
        [
            "Error app/a.yaml:3:19: did not find expected ',' or '}'",
            "Warning app/c.yaml:1: skipped: it doesn't look like a manifest: it has no kind",
            "Error app/c.yaml:3: not a manifest: it has no apiVersion",
            "Warning app/d.yaml:1: skipped: it doesn't look like a manifest: it is of type string",
            "Warning app/e.yaml:1:2: skipped: it doesn't look like a manifest, and can't be read: \
             key must be a string",
            "Error app/f.yaml:7:3: key \"k\" occurs twice in this mapping",
            "Error app/g.json:1: there are several objects: a JSON file may have only one",
            "Error app/h.json:1:1: EOF while parsing an object",
            "Error app/i.jsonnet: Jsonnet is not supported yet",
            "Error app/j.yaml:6: not a manifest: it has no kind",
            "Error app/k.yaml:1: not a manifest: it has no apiVersion",
            "Error app/m.yaml:1: not a manifest: it has no metadata.name",
        ]
    );
}

#[test]
fn folders_that_are_not_there_and_other_tools() {
    let tree = files()
        .file("chart/Chart.yaml", "name: c")
        .file("kust/kustomization.yml", "resources: []")
        .file("app/.argocd-source.yaml", "kustomize: {}")
        .file("app/.argocd-source-web.yaml", "helm: {}");
    let errors = |path: &str| diagnostics(&render(&tree, &Request::new(path)));
    assert_eq!(errors("nope"), ["Error nope: app path does not exist"]);
    assert_eq!(
        errors("app/a.yaml"),
        ["Error app/a.yaml: app path is not a directory"]
    );
    assert_eq!(
        errors("../up"),
        ["Error ../up: \"../up\" leads out of the repository"]
    );
    assert_eq!(
        errors("chart"),
        ["Error chart/Chart.yaml: Helm charts are not supported yet"]
    );
    assert_eq!(
        errors("kust"),
        ["Error kust/kustomization.yml: kustomizations are not supported yet"]
    );
    let mut request = Request::new("chart");
    request.tool = Some(Tool::Directory);
    assert_eq!(render(&tree, &request).tool, Some(Tool::Directory));
    let mut request = Request::new("app");
    request.app_name = "web".to_owned();
    let rendered = render(&tree, &request);
    // They are no manifests.
    let about: Vec<String> = diagnostics(&rendered)
        .into_iter()
        .filter(|d| d.contains(".argocd-source"))
        .collect();
    assert_eq!(about, [""; 0]);
}

#[test]
fn links_are_followed_inside_the_tree_only() {
    let tree = files()
        .link("app/l1.yaml", "../other/x.yaml")
        .link("app/l2.yaml", "/etc/passwd")
        .link("app/l3.yaml", "../../x.yaml")
        .link("app/l4.yaml", "l4.yaml")
        .link("app/l5.yaml", "gone.yaml")
        .link("app/l6.yaml", "sub")
        .link("current", "app");
    let rendered = render(&tree, &Request::new("current"));
    assert_eq!(names(&rendered), ["f", "a", "b", "x"]);
    assert_eq!(
        diagnostics(&rendered),
        [
            "Error current/l2.yaml: \"current/l2.yaml\" leads out of the repository",
            "Error current/l3.yaml: \"current/l3.yaml\" leads out of the repository",
            "Error current/l4.yaml: \"current/l4.yaml\" goes through too many symbolic links",
            "Warning current/l5.yaml: the symbolic link leads nowhere: skipped",
            "Warning current/l6.yaml: the symbolic link doesn't lead to a file: skipped",
        ]
    );
}

#[test]
fn sizes_are_bounded() {
    let mut request = Request::new("app");
    request.manifest_bytes_max = 60;
    let rendered = render(&files(), &request);
    assert_eq!(names(&rendered), ["f"]);
    assert!(diagnostics(&rendered)[0].contains("larger than 60 bytes"));
}

#[test]
fn files_in_utf_16_are_read() {
    let mut bytes = vec![0xFF, 0xFE];
    for unit in format!("{}---\n{}", config_map("é"), config_map("b")).encode_utf16() {
        bytes.extend(unit.to_le_bytes());
    }
    let rendered = render(&MemTree::new([("app/a.yaml", bytes)]), &Request::new("app"));
    assert_eq!(names(&rendered), ["é", "b"]);
}
