//! The control plane as `kubectl` sees it, where `kubectl` is installed.

use std::path::Path;
use std::process::{Command, Output};

use controlplane::{ControlPlane, Options, Token};
use simulator::{Mode, Simulator, Speed};

struct Kubectl<'a> {
    folder: &'a Path,
}

impl Kubectl<'_> {
    fn output(&self, arguments: &[&str]) -> Output {
        Command::new("kubectl")
            .args(arguments)
            .env("KUBECONFIG", self.folder.join("kubeconfig"))
            .env("HOME", self.folder)
            .output()
            .expect("kubectl runs")
    }

    /// Returns what a command that must succeed prints.
    fn run(&self, command: &str) -> String {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let output = self.output(&arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {command}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

const MANIFEST: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "ghcr.io/shop/web:1.0", ports: [{containerPort: 80, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_works() {
    if Command::new("kubectl").arg("version").arg("--client").output().is_err() {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    let plane = ControlPlane::start(Options {
        tokens: vec![Token::admin("secret")],
        ..Options::default()
    })
    .await
    .expect("it starts");
    let simulator = Simulator::start(plane.registry().clone(), Mode::Workloads, Speed::default());
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = plane.kubeconfig("secret", "admin");
    std::fs::write(folder.path().join("kubeconfig"), kubeconfig).expect("it is written");
    let manifest = folder.path().join("web.yaml");
    std::fs::write(&manifest, MANIFEST).expect("it is written");
    let path = folder.path().to_owned();
    let session = tokio::task::spawn_blocking(move || session(&path, &manifest.display().to_string()));
    session.await.expect("kubectl is content");
    simulator.shutdown().await;
    plane.shutdown().await;
}

fn session(folder: &Path, manifest: &str) {
    let kubectl = Kubectl { folder };
    assert!(kubectl.run("version").contains("Server Version: v1.36"));
    let resources = kubectl.run("api-resources");
    assert!(resources.contains("deployments") && resources.contains("applications"));

    let applied = kubectl.run(&format!("apply --server-side -f {manifest}"));
    assert!(applied.contains("deployment.apps/web serverside-applied"), "{applied}");
    kubectl.run("rollout status deployment/web --timeout=20s");
    kubectl.run("wait --for=condition=Available deployment/web --timeout=20s");
    let table = kubectl.run("get deployments");
    assert!(table.contains("READY") && table.contains("2/2"), "{table}");
    for output in ["name", "wide", "yaml", "json", "jsonpath={.items[*].metadata.name}"] {
        let text = kubectl.run(&format!("get pods -o {output}"));
        assert!(text.contains("web"), "{output}: {text}");
    }

    kubectl.run("scale deployment/web --replicas=3");
    kubectl.run("rollout status deployment/web --timeout=20s");
    assert_eq!(kubectl.run("get deployment web -o jsonpath={.status.readyReplicas}"), "3");
    kubectl.run("label deployment/web tier=front");
    kubectl.run("annotate deployment/web note=hello");
    let patch = r#"{"spec":{"paused":false,"revisionHistoryLimit":2}}"#;
    let output = kubectl.output(&["patch", "deployment/web", "--type=merge", "-p", patch]);
    assert!(output.status.success());
    let patch = r#"[{"op":"replace","path":"/spec/revisionHistoryLimit","value":3}]"#;
    let output = kubectl.output(&["patch", "deployment/web", "--type=json", "-p", patch]);
    assert!(output.status.success());
    kubectl.run("set image deployment/web web=ghcr.io/shop/web:2.0");
    kubectl.run("rollout status deployment/web --timeout=20s");
    assert_eq!(
        kubectl.run("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}"),
        "ghcr.io/shop/web:2.0"
    );
    let limit = kubectl.run("get deployment web -o jsonpath={.spec.revisionHistoryLimit}");
    assert_eq!(limit, "3");
    assert!(kubectl.run("describe deployment web").contains("tier=front"));

    kubectl.run(&format!("delete -f {manifest} --timeout=20s"));
    kubectl.run("wait --for=delete pod -l app=web --timeout=20s");
    assert!(kubectl.run("get all").is_empty());
}
