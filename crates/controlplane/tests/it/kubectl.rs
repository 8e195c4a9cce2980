//! The real `kubectl`, where it is installed, against the plane and its simulated workloads.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use controlplane::{ControlPlane, Options, Token};
use simulator::{Mode, Simulator, Speed};

const WEB: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1
        ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: '1'}
";

const MORE: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: v1
kind: Namespace
metadata: {name: extra}
";

const FIRST: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: first}
";

const SECOND: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: second}
data: {x: '1', y: '2'}
";

/// `kubectl` with a home of its own.
struct Kubectl<'a> {
    folder: &'a Path,
}

impl Kubectl<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command
            .args(arguments)
            .current_dir(self.folder)
            .env("KUBECONFIG", self.folder.join("kubeconfig"))
            .env("HOME", self.folder)
            .stdin(Stdio::null());
        command
    }

    fn output(&self, line: &str) -> Output {
        let arguments: Vec<&str> = line.split(' ').collect();
        self.command(&arguments)
            .output()
            .expect("kubectl is installed")
    }

    /// Runs a line that must succeed; returns what it printed.
    fn ok(&self, line: &str) -> String {
        let output = self.output(line);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {line}: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a line that must fail; returns what it complained about.
    fn refused(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(!output.status.success(), "kubectl {line} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
fn installed() -> bool {
    let there = Command::new("kubectl")
        .args(["version", "--client"])
        .output()
        .is_ok();
    if !there {
        eprintln!("skipped: kubectl is not installed");
    }
    there
}

/// Runs `test` against a plane with simulated workloads.
fn with_plane(test: impl FnOnce(&Kubectl)) {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (plane, simulator) = runtime.block_on(async {
        let options = Options {
            tokens: vec![Token::admin("secret")],
            ..Options::default()
        };
        let plane = ControlPlane::start(options)
            .await
            .expect("the control plane starts");
        let registry = plane.registry().clone();
        (
            plane,
            Simulator::start(registry, Mode::Workloads, Speed::default()),
        )
    });
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file is written");
    };
    write("kubeconfig", &plane.kubeconfig("secret", "admin"));
    for (name, text) in [
        ("web.yaml", WEB),
        ("more.yaml", MORE),
        ("first.yaml", FIRST),
        ("second.yaml", SECOND),
    ] {
        write(name, text);
    }
    test(&Kubectl {
        folder: folder.path(),
    });
    runtime.block_on(async {
        simulator.shutdown().await;
        plane.shutdown().await;
    });
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn kubectl_finds_its_way() {
    with_plane(|kubectl| {
        assert_has(&kubectl.ok("version"), &["Server Version: v1.36"]);
        let resources = kubectl.ok("api-resources");
        assert_has(
            &resources,
            &["deployments", "deploy", "apps/v1", "netpol", "applications"],
        );
        assert_has(
            &kubectl.ok("api-versions"),
            &["apps/v1", "batch/v1", "networking.k8s.io/v1"],
        );
        assert_has(
            &kubectl.ok("get ns"),
            &["NAME", "STATUS", "AGE", "default", "Active"],
        );
        assert_has(
            &kubectl.ok("get nodes -o wide"),
            &["INTERNAL-IP", simulator::NODE],
        );
        assert_has(&kubectl.ok("cluster-info"), &["control plane"]);
        assert_has(
            &kubectl.refused("get pods nope"),
            &["(NotFound)", "pods \"nope\" not found"],
        );
        assert_has(
            &kubectl.refused("get nopes"),
            &["the server doesn't have a resource type"],
        );
    });
}

#[test]
fn kubectl_applies_and_shows() {
    with_plane(|kubectl| {
        let applied = kubectl.ok("apply --server-side -f web.yaml");
        assert_has(
            &applied,
            &[
                "deployment.apps/web serverside-applied",
                "configmap/settings",
            ],
        );
        let rollout = kubectl.ok("rollout status deployment/web --timeout=30s");
        assert_has(&rollout, &["successfully rolled out"]);
        let table = kubectl.ok("get deployments");
        assert_has(&table, &["READY", "UP-TO-DATE", "AVAILABLE", "2/2"]);
        assert!(!table.contains("SELECTOR"), "{table}");
        let wide = kubectl.ok("get deployments -o wide");
        assert_has(&wide, &["CONTAINERS", "IMAGES", "nginx:1", "app=web"]);
        assert_has(
            &kubectl.ok("get pods -o wide"),
            &["1/1", "Running", simulator::NODE],
        );
        assert_has(
            &kubectl.ok("get all"),
            &["deployment.apps/web", "service/web", "replicaset.apps/web-"],
        );
        assert_has(
            &kubectl.ok("get pods -A --show-labels"),
            &["NAMESPACE", "LABELS", "app=web"],
        );
        assert_has(
            &kubectl.ok("get cm settings -o yaml"),
            &["apiVersion: v1", "a: \"1\"", "kind: ConfigMap"],
        );
        assert_has(
            &kubectl.ok("get cm settings -o json"),
            &["\"kind\": \"ConfigMap\""],
        );
        assert_eq!(
            kubectl.ok("get cm settings -o name"),
            "configmap/settings\n"
        );
        assert_eq!(kubectl.ok("get cm settings -o jsonpath={.data.a}"), "1");
        let columns = kubectl.ok("get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas");
        assert_has(&columns, &["N", "R", "web", "2"]);
        assert_has(
            &kubectl.ok("describe deployment web"),
            &["Replicas:", "2 desired", "nginx:1"],
        );
        assert_has(&kubectl.ok("diff --server-side -f web.yaml"), &[]);
        assert_has(
            &kubectl.ok("apply -f web.yaml --server-side --dry-run=server"),
            &["(server dry run)"],
        );
    });
}

#[test]
fn kubectl_changes_and_deletes() {
    with_plane(|kubectl| {
        kubectl.ok("apply --server-side -f web.yaml");
        assert_has(
            &kubectl.ok("scale deployment/web --replicas=3"),
            &["scaled"],
        );
        kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=3 deployment/web --timeout=30s");
        kubectl.ok("wait --for=condition=Available deployment/web --timeout=30s");
        assert_has(&kubectl.ok("label cm settings tier=back"), &["labeled"]);
        assert_has(&kubectl.ok("annotate cm settings note=x"), &["annotated"]);
        assert_has(&kubectl.ok("get cm -l tier=back"), &["settings"]);
        assert_has(
            &kubectl.ok("get cm --field-selector metadata.name=settings"),
            &["settings"],
        );
        let merge = r#"patch cm settings --type=merge -p {"data":{"a":"2","b":"3"}}"#;
        assert_has(&kubectl.ok(merge), &["configmap/settings patched"]);
        let json = r#"patch cm settings --type=json -p [{"op":"remove","path":"/data/b"}]"#;
        kubectl.ok(json);
        assert_eq!(
            kubectl.ok("get cm settings -o jsonpath={.data}"),
            r#"{"a":"2"}"#
        );
        let conflict = kubectl.refused("apply --server-side -f web.yaml");
        assert_has(&conflict, &["conflict", ".data.a"]);
        kubectl.ok("apply --server-side --force-conflicts -f web.yaml");
        assert_has(
            &kubectl.ok("set image deployment/web web=nginx:2"),
            &["image updated"],
        );
        kubectl.ok("rollout status deployment/web --timeout=30s");
        let image = "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}";
        assert_eq!(kubectl.ok(image), "nginx:2");
        assert_has(&kubectl.ok("rollout undo deployment/web"), &["rolled back"]);
        kubectl.ok("rollout status deployment/web --timeout=30s");
        assert_eq!(kubectl.ok(image), "nginx:1");
        assert_has(
            &kubectl.ok("rollout restart deployment/web"),
            &["restarted"],
        );
        kubectl.ok("rollout status deployment/web --timeout=30s");
        assert_has(
            &kubectl.ok("rollout history deployment/web"),
            &["REVISION", "2"],
        );
        kubectl.ok("create -f more.yaml");
        assert_has(
            &kubectl.ok("delete cm other"),
            &["configmap \"other\" deleted"],
        );
        assert_has(
            &kubectl.ok("delete namespace extra --timeout=30s"),
            &["\"extra\" deleted"],
        );
        kubectl.ok("delete -f web.yaml --timeout=30s");
        kubectl.ok("wait --for=delete pod -l app=web --timeout=30s");
        assert_eq!(kubectl.ok("get pods -o name"), "");
    });
}

#[test]
fn kubectl_watches() {
    use std::io::BufRead as _;
    with_plane(|kubectl| {
        kubectl.ok("create -f first.yaml");
        let mut watching = kubectl
            .command(&["get", "configmaps", "-w"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl is installed");
        let out = watching.stdout.take().expect("a pipe");
        let mut lines = std::io::BufReader::new(out).lines().map_while(Result::ok);
        let mut next = |name: &str| {
            lines
                .by_ref()
                .find(|l| l.starts_with(name))
                .unwrap_or_else(|| panic!("{name} is missing"))
        };
        assert_has(&next("NAME"), &["DATA", "AGE"]);
        next("first");
        kubectl.ok("create -f second.yaml");
        assert_eq!(next("second").split_whitespace().nth(1), Some("2"));
        kubectl.ok("delete configmap first");
        next("first");
        watching.kill().expect("it runs");
        watching.wait().expect("it ends");
    });
}
