//! Where objects and their fields come from, and what may be read.

use kustomize::{Error, LoadRestrictor, Options, Overrides, Replica, RepoSpec, build};
use std::sync::Arc;
use tree::{MemTree, Recording, Tree};

fn tree(files: &[(&str, &str)]) -> MemTree {
    MemTree::new(files.iter().copied())
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        image: web:1
        env:
        - name: A
          value: a
";

fn shop() -> MemTree {
    tree(&[
        ("base/kustomization.yaml", "resources:\n- web.yaml\n"),
        ("base/web.yaml", DEPLOYMENT),
        (
            "prod/kustomization.yaml",
            "resources:\n- ../base\nimages:\n- name: web\n  newTag: \"2\"\npatches:\n- path: env.yaml\n\
             - target: {kind: Deployment}\n  patch: |\n    - op: replace\n      path: /spec/replicas\n      value: 3\n",
        ),
        (
            "prod/env.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      \
             containers:\n      - name: web\n        env:\n        - name: B\n          value: b\n",
        ),
    ])
}

#[test]
fn every_field_knows_what_set_it() {
    let tree = shop();
    let options = Options {
        trace: true,
        ..Options::default()
    };
    let built = build(&Recording::new(&tree), "prod", &options).expect("it builds");
    let object = &built.objects[0];
    let explain = |pointer: &str| -> Vec<String> {
        let steps = object.explain(pointer);
        steps
            .iter()
            .map(|c| format!("{}:{} {}", c.file, c.line, c.what))
            .collect()
    };
    let image = "/spec/template/spec/containers/0/image";
    assert_eq!(
        explain(image),
        [
            "base/web.yaml:11 resources",
            "prod/kustomization.yaml:4 images"
        ]
    );
    assert_eq!(
        explain("/spec/replicas"),
        [
            "base/web.yaml:6 resources",
            "prod/kustomization.yaml:8 patches"
        ]
    );
    let env = explain("/spec/template/spec/containers/0/env/0/value");
    assert_eq!(
        env.last().map(String::as_str),
        Some("prod/env.yaml:12 patches")
    );
    assert_eq!(explain("/kind"), ["base/web.yaml:2 resources"]);
    assert_eq!((object.file.as_ref(), object.line), ("base/web.yaml", 1));
}

#[test]
fn mistakes_name_the_file_and_the_chain() {
    let tree = tree(&[
        ("a/kustomization.yaml", "resources:\n- ../b\n"),
        ("b/kustomization.yaml", "resources:\n- c.yaml\n"),
        ("b/c.yaml", "kind: ConfigMap\nmetadata: {}\n"),
    ]);
    let error =
        build(&Recording::new(&tree), "a", &Options::default()).expect_err("a name is missing");
    let Error::Mistake(mistake) = error else {
        panic!("the tree can be read")
    };
    assert_eq!((mistake.file.as_str(), mistake.line), ("b/c.yaml", 1));
    assert!(
        mistake
            .message
            .contains("recursed accumulation of path '/b'"),
        "{mistake}"
    );
    assert!(
        mistake.message.contains("missing metadata.name in object"),
        "{mistake}"
    );
}

#[test]
fn nothing_outside_is_read() {
    let build_error = |files: &[(&str, &str)], restrictor| {
        let options = Options {
            load_restrictor: restrictor,
            ..Options::default()
        };
        build(&Recording::new(&tree(files)), "app", &options)
            .map(|built| built.objects.len())
            .map_err(|e| e.to_string())
    };
    let above = [("app/kustomization.yaml", "resources: [../../x]\n")];
    let error = build_error(&above, LoadRestrictor::None).expect_err("it leads out");
    assert!(error.contains("leads out of the repository"), "{error}");
    let aside = [
        ("app/kustomization.yaml", "resources: [../x.yaml]\n"),
        (
            "x.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
        ),
    ];
    let error = build_error(&aside, LoadRestrictor::RootOnly).expect_err("it isn't below");
    assert!(
        error.contains("security; file '/x.yaml' is not in or below '/app'"),
        "{error}"
    );
    assert_eq!(build_error(&aside, LoadRestrictor::None), Ok(1));
    let linked = tree(&[
        ("app/kustomization.yaml", "resources: [x.yaml]\n"),
        aside[1],
    ]);
    let linked = linked.link("app/x.yaml", "../x.yaml");
    let error =
        build(&Recording::new(&linked), "app", &Options::default()).expect_err("a link counts");
    assert!(error.to_string().contains("security"), "{error}");
    let circle = [
        ("app/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../app]\n"),
    ];
    let error = build_error(&circle, LoadRestrictor::RootOnly).expect_err("it is a circle");
    assert!(error.contains("cycle detected"), "{error}");
}

#[test]
fn programs_and_charts_are_refused_in_kustomizes_words() {
    let refused = |settings: &str| {
        let tree = tree(&[
            ("kustomization.yaml", settings),
            (
                "p.yaml",
                "apiVersion: x/v1\nkind: P\nmetadata:\n  name: p\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./p}\n",
            ),
        ]);
        let built = build(&Recording::new(&tree), "", &Options::default());
        built.expect_err("it is refused").to_string()
    };
    let error = refused("transformers: [p.yaml]\n");
    assert!(
        error.contains("external plugins disabled; unable to load external plugin 'P'"),
        "{error}"
    );
    let error = refused("helmCharts:\n- name: c\n");
    assert!(error.contains("must specify --enable-helm"), "{error}");
    let error = refused("resources: [\"https://github.com/a/b//c?ref=v1\"]\n");
    assert!(error.contains("remote base"), "{error}");
    let error = refused("namespace: 1\n");
    let want =
        "json: cannot unmarshal number into Go struct field Kustomization.namespace of type string";
    assert!(error.contains(want), "{error}");
    let error = refused("resourcse: []\n");
    assert!(
        error.contains("invalid Kustomization: json: unknown field \"resourcse\""),
        "{error}"
    );
}

struct Elsewhere;

impl kustomize::Remotes for Elsewhere {
    fn tree(&self, repository: &RepoSpec) -> Result<Arc<dyn Tree>, String> {
        if repository.url != "https://github.com/o/r" {
            return Err(format!("{} isn't known", repository.url));
        }
        Ok(Arc::new(tree(&[
            (
                "k/kustomization.yaml",
                "namePrefix: far-\nresources: [../l]\n",
            ),
            ("l/kustomization.yaml", "resources: [cm.yaml]\n"),
            (
                "l/cm.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
            ),
        ])))
    }
}

#[test]
fn other_repositories_come_through_their_door() {
    let options = Options {
        remotes: Some(&Elsewhere),
        ..Options::default()
    };
    let tree = tree(&[(
        "kustomization.yaml",
        "resources: [\"github.com/o/r//k?ref=v1\"]\n",
    )]);
    let built = build(&Recording::new(&tree), "", &options).expect("it builds");
    assert_eq!(
        built.objects[0].value.str_at(&["metadata", "name"]),
        "far-x"
    );
}

#[test]
fn an_application_changes_the_kustomization() {
    let tree = shop();
    let overrides = Overrides {
        name_prefix: "x-".to_owned(),
        images: vec!["web=other:9".to_owned()],
        replicas: vec![Replica {
            name: "web".to_owned(),
            count: 7,
        }],
        common_labels: [("team".to_owned(), "a".to_owned())].into(),
        namespace: "shop".to_owned(),
        components: vec!["../none".to_owned()],
        ignore_missing_components: true,
        ..Overrides::default()
    };
    let options = Options {
        overrides: Some(&overrides),
        ..Options::default()
    };
    let built = build(&Recording::new(&tree), "prod", &options).expect("it builds");
    let object = &built.objects[0].value;
    assert_eq!(object.str_at(&["metadata", "name"]), "x-web");
    assert_eq!(object.str_at(&["metadata", "namespace"]), "shop");
    assert_eq!(
        object.str_at(&["spec", "selector", "matchLabels", "team"]),
        "a"
    );
    assert_eq!(object.i64_at(&["spec", "replicas"]), Some(7));
    let container = &object.array_at(&["spec", "template", "spec", "containers"])[0];
    assert_eq!(container.str_at(&["image"]), "other:9");
}

#[test]
fn a_shared_base_gives_the_same_and_is_read_again_when_it_changes() {
    let cache = kustomize::Cache::new();
    let options = Options {
        cache: Some(&cache),
        ..Options::default()
    };
    let names = |tree: &MemTree| -> (Vec<String>, tree::ReadSet) {
        let recording = Recording::new(tree);
        let built = build(&recording, "prod", &options).expect("it builds");
        let names = built.objects.iter().map(|o| o.value.to_json()).collect();
        (names, recording.into_read_set())
    };
    let before = shop();
    let (cold, cold_reads) = names(&before);
    let (warm, warm_reads) = names(&before);
    assert_eq!(cache.len(), 1);
    assert_eq!((&cold, &cold_reads), (&warm, &warm_reads));
    let after = shop().file("base/web.yaml", DEPLOYMENT.replace("web:1", "web:1.1"));
    assert!(
        !warm_reads
            .is_current(&after)
            .expect("the tree is in memory")
    );
    let changed = after.file(
        "base/kustomization.yaml",
        "namePrefix: y-\nresources:\n- web.yaml\n",
    );
    let failed = build(&Recording::new(&changed), "prod", &options);
    let names: Vec<_> = failed.expect("the patch knows the old name").objects;
    assert_eq!(names[0].value.str_at(&["metadata", "name"]), "y-web");
}
