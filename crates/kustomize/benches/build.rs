//! What builds cost: an overlay the size of podinfo's, a thousand overlays of one base, and folders
//! that are given: `cargo bench -p kustomize --bench build [-- ROOT FOLDER...]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use kustomize::{Cache, Options, build};
use std::path::Path;
use std::time::{Duration, Instant};
use tree::{MemTree, Recording, Tree};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long one figure is measured.
const MEASURED: Duration = Duration::from_millis(700);
const OVERLAYS: usize = 1_000;

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: podinfo
spec:
  minReadySeconds: 3
  revisionHistoryLimit: 5
  progressDeadlineSeconds: 60
  strategy:
    rollingUpdate:
      maxUnavailable: 0
    type: RollingUpdate
  selector:
    matchLabels:
      app: podinfo
  template:
    metadata:
      annotations:
        prometheus.io/scrape: \"true\"
        prometheus.io/port: \"9797\"
      labels:
        app: podinfo
    spec:
      containers:
      - name: podinfod
        image: ghcr.io/stefanprodan/podinfo:6.5.0
        imagePullPolicy: IfNotPresent
        ports:
        - name: http
          containerPort: 9898
          protocol: TCP
        - name: http-metrics
          containerPort: 9797
          protocol: TCP
        - name: grpc
          containerPort: 9999
          protocol: TCP
        command:
        - ./podinfo
        - --port=9898
        - --port-metrics=9797
        - --grpc-port=9999
        - --grpc-service-name=podinfo
        - --level=info
        - --random-delay=false
        - --random-error=false
        env:
        - name: PODINFO_UI_COLOR
          value: \"#34577c\"
        livenessProbe:
          exec:
            command: [podcli, check, http, localhost:9898/healthz]
          initialDelaySeconds: 5
          timeoutSeconds: 5
        readinessProbe:
          exec:
            command: [podcli, check, http, localhost:9898/readyz]
          initialDelaySeconds: 5
          timeoutSeconds: 5
        resources:
          limits:
            cpu: 2000m
            memory: 512Mi
          requests:
            cpu: 100m
            memory: 64Mi
";
const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: podinfo
spec:
  type: ClusterIP
  selector:
    app: podinfo
  ports:
  - name: http
    port: 9898
    protocol: TCP
    targetPort: http
  - port: 9999
    targetPort: grpc
    protocol: TCP
    name: grpc
";
const AUTOSCALER: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: podinfo
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: podinfo
  minReplicas: 2
  maxReplicas: 4
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 99
";
const PATCH: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: podinfo
spec:
  template:
    spec:
      containers:
      - name: podinfod
        env:
        - name: PODINFO_UI_COLOR
          value: \"#ff0000\"
        resources:
          limits:
            memory: 256Mi
";

fn overlay(n: usize, patched: bool) -> String {
    let patches = if patched {
        "patches:\n- path: patch.yaml\n"
    } else {
        ""
    };
    format!(
        "namespace: team-{n}\nnamePrefix: t{n}-\nresources:\n- ../../base\nimages:\n- name: \
         ghcr.io/stefanprodan/podinfo\n  newTag: 6.6.{n}\nlabels:\n- pairs: {{team: t{n}}}\n  \
         includeSelectors: true\nconfigMapGenerator:\n- name: settings\n  literals: [a={n}]\n{patches}"
    )
}

fn repository(overlays: usize, patched: bool) -> MemTree {
    let mut files: Vec<(String, String)> = vec![
        (
            "base/kustomization.yaml".into(),
            "resources:\n- deployment.yaml\n- service.yaml\n- hpa.yaml\n".into(),
        ),
        ("base/deployment.yaml".into(), DEPLOYMENT.into()),
        ("base/service.yaml".into(), SERVICE.into()),
        ("base/hpa.yaml".into(), AUTOSCALER.into()),
    ];
    for n in 0..overlays {
        files.push((
            format!("overlays/{n}/kustomization.yaml"),
            overlay(n, patched),
        ));
        files.push((format!("overlays/{n}/patch.yaml"), PATCH.into()));
    }
    MemTree::new(files)
}

/// Prints the fastest of many runs, which is what the code costs.
fn measure(what: &str, mut run: impl FnMut()) {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < MEASURED {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    println!("{what:<58} {:>10.1} us", best.as_secs_f64() * 1e6);
}

fn once(tree: &dyn Tree, folder: &str, options: &Options<'_>) -> usize {
    let built = build(&Recording::new(tree), folder, options).expect("it builds");
    built.objects.len()
}

fn folder(root: &Path, from: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != ".git" {
            folder(root, &path, files);
        } else if let (Ok(bytes), Ok(inside)) = (std::fs::read(&path), path.strip_prefix(root)) {
            files.push((inside.to_string_lossy().into_owned(), bytes));
        }
    }
}

fn main() {
    let plain = repository(1, false);
    let patched = repository(1, true);
    let options = Options::default();
    measure("overlay of podinfo's size, cold", || {
        once(&plain, "overlays/0", &options);
    });
    measure("the same with a strategic merge patch", || {
        once(&patched, "overlays/0", &options);
    });
    let recording = Recording::new(&plain);
    build(&recording, "overlays/0", &options).expect("it builds");
    let reads = recording.into_read_set();
    measure("unchanged: looking at what was read", || {
        assert!(reads.is_current(&plain).expect("the tree is in memory"));
    });
    let many = repository(OVERLAYS, true);
    measure("1,000 overlays of one base, each built alone", || {
        for n in 0..OVERLAYS {
            once(&many, &format!("overlays/{n}"), &options);
        }
    });
    measure("1,000 overlays of one base, shared", || {
        let cache = Cache::new();
        let options = Options {
            cache: Some(&cache),
            ..options
        };
        for n in 0..OVERLAYS {
            once(&many, &format!("overlays/{n}"), &options);
        }
    });
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let Some(root) = arguments.next() else { return };
    let mut files = Vec::new();
    folder(Path::new(&root), Path::new(&root), &mut files);
    let tree = MemTree::new(files);
    for folder in arguments {
        let count = once(&tree, &folder, &options);
        measure(&format!("{folder} ({count} objects)"), || {
            once(&tree, &folder, &options);
        });
    }
}
