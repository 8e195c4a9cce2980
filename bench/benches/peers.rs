//! The work that Argo CD and Flux were measured with, done by `windlass serve` in a process of its
//! own on any API server: applications of 10 objects each, overlays of one base in one repository.
//! Prints the rows of their figures.
//!
//! `cargo bench -p bench --bench peers -- --kubeconfig FILE [--windlass PROGRAM] [--audit FILE]
//! [--applications N]`
//!
//! The cluster should be empty: what is there is left alone, but costs time. Requests are counted
//! from the API server's audit log (`--audit`, level Metadata), by user agent.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use anyhow::{Context as _, Result, bail, ensure};
use bench::fleet::{COLLECTION, NAMESPACE, application, ask_refresh, healthy, synced, value_of};
use bench::process::{cpu, resident_bytes};
use cluster::Client;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::{GitServer, GitServerOptions};
use value::{Value, json};

/// Objects of one application.
const OBJECTS: usize = 10;
/// How long nothing is done, to see what that costs.
const IDLE: Duration = Duration::from_secs(60);
/// Whom the benchmark acts as: its own requests are told apart by that.
const SELF: &str = "benchmark";
const ROUNDS: usize = 10;

struct Args {
    kubeconfig: PathBuf,
    windlass: PathBuf,
    audit: Option<PathBuf>,
    applications: usize,
}

fn args() -> Result<Args> {
    let mut parsed = Args {
        kubeconfig: PathBuf::new(),
        windlass: PathBuf::from("target/release/windlass"),
        audit: None,
        applications: 300,
    };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        if flag == "--bench" {
            continue;
        }
        let value = args
            .next()
            .with_context(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--kubeconfig" => parsed.kubeconfig = value.into(),
            "--windlass" => parsed.windlass = value.into(),
            "--audit" => parsed.audit = Some(value.into()),
            "--applications" => parsed.applications = value.parse()?,
            other => bail!("there is no flag {other}"),
        }
    }
    ensure!(
        !parsed.kubeconfig.as_os_str().is_empty(),
        "--kubeconfig says which cluster to use"
    );
    Ok(parsed)
}

fn main() -> Result<()> {
    let args = args()?;
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(bench(&args))
}

/// The controller, stopped when this is dropped.
struct Serve(Child);

impl Serve {
    fn start(args: &Args, cache: &Path) -> Result<Self> {
        let child = Command::new(&args.windlass)
            .args(["serve", "--kubeconfig"])
            .arg(&args.kubeconfig)
            .arg("--cache")
            .arg(cache)
            .args(["--poll", "120"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} (see --windlass)", args.windlass.display()))?;
        Ok(Self(child))
    }

    fn cpu(&self) -> Duration {
        cpu(self.0.id())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// The requests of the controller so far, without its watches; `None` without an audit log.
fn requests(args: &Args) -> Result<Option<usize>> {
    let Some(audit) = &args.audit else {
        return Ok(None);
    };
    let log = std::fs::read_to_string(audit)?;
    let is_ours = |line: &&str| {
        line.contains("\"userAgent\":\"windlass/")
            && line.contains("\"stage\":\"ResponseComplete\"")
            && !line.contains("\"impersonatedUser\":{\"username\":\"benchmark\"")
            && !line.contains("\"verb\":\"watch\"")
    };
    Ok(Some(log.lines().filter(is_ours).count()))
}

fn overlay(a: usize) -> String {
    format!(
        "resources: [../../base]\nnamePrefix: app-{a}-\ncommonLabels: {{app: app-{a}}}\nconfigMapGenerator:\n\
         - name: settings\n  options: {{disableNameSuffixHash: true}}\n  literals: [value=1]\n"
    )
}

fn base() -> Vec<(String, String)> {
    let mut files = vec![
        (
            "base/deployment.yaml".to_owned(),
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 0\n  selector: {matchLabels: {part: web}}\n  \
             template:\n    metadata: {labels: {part: web}}\n    spec:\n      containers:\n      - name: web\n        image: web:1\n"
                .to_owned(),
        ),
        (
            "base/service.yaml".to_owned(),
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {part: web}\n  ports: [{port: 80}]\n"
                .to_owned(),
        ),
    ];
    let maps = OBJECTS - 3;
    files.extend((0..maps).map(|i| {
        let filler = "x".repeat(200);
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: part-{i}}}\ndata: {{value: \"1\", filler: {filler}}}\n"
        );
        (format!("base/part-{i}.yaml"), text)
    }));
    let names: Vec<&str> = files
        .iter()
        .map(|(path, _)| &path["base/".len()..])
        .collect();
    let kustomization = format!("resources: [{}]\n", names.join(", "));
    files.push(("base/kustomization.yaml".to_owned(), kustomization));
    files
}

async fn install(user: &Client) -> Result<()> {
    let apply = "application/apply-patch+yaml";
    for definition in api::definitions() {
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}?fieldManager=bench&force=true",
            definition.str_at(&["metadata", "name"])
        );
        user.send(http::Method::PATCH, &path, apply, definition.to_vec())
            .await?;
    }
    for name in ["argocd", NAMESPACE] {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let path = format!("/api/v1/namespaces/{name}?fieldManager=bench&force=true");
        user.send(http::Method::PATCH, &path, apply, namespace.to_vec())
            .await?;
    }
    let begun = Instant::now();
    while user.get(COLLECTION).await.is_err() {
        ensure!(
            begun.elapsed() < Duration::from_secs(30),
            "no applications can be made"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// The benchmark's own user may do everything.
async fn introduce(admin: &Client) -> Result<Client> {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": SELF},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": SELF}],
    });
    let path = format!(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{SELF}?fieldManager=bench&force=true"
    );
    let apply = "application/apply-patch+yaml";
    admin
        .send(http::Method::PATCH, &path, apply, binding.to_vec())
        .await?;
    Ok(admin.acting_as(SELF))
}

async fn bench(args: &Args) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let admin = Client::connect(Some(&args.kubeconfig)).await?;
    let user = introduce(&admin).await?;
    install(&user).await?;
    let git = GitServer::start(GitServerOptions::default());
    let overlays =
        (0..args.applications).map(|a| (format!("apps/app-{a}/kustomization.yaml"), overlay(a)));
    let files: Vec<(String, String)> = base().into_iter().chain(overlays).collect();
    let changes: Vec<(&str, Option<&str>)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), Some(text.as_str())))
        .collect();
    git.commit("fleet", &changes, "fleet");
    for a in 0..args.applications {
        let app = application(a, &git.url("fleet"), &format!("apps/app-{a}"));
        user.create(COLLECTION, &app).await?;
    }

    let before = requests(args)?;
    let begun = Instant::now();
    let serve = Serve::start(args, &dir.path().join("cache"))?;
    while synced(&user).await? < args.applications {
        ensure!(
            begun.elapsed() < Duration::from_secs(900),
            "not synced after a quarter of an hour"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("{} applications of {OBJECTS} objects", args.applications);
    println!(
        "from nothing to Synced      {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!(
        "  CPU in all                {:.2} s",
        serve.cpu().as_secs_f64()
    );
    let applications = args.applications as f64;
    if let (Some(before), Some(after)) = (before, requests(args)?) {
        let each = (after - before) as f64 / applications;
        println!("  requests                  {each:.1} an application");
    }
    println!(
        "memory                      {:.0} MB",
        resident_bytes(serve.0.id()) as f64 / 1e6
    );

    // Deployments become healthy as fast as the cluster's own controllers get to them.
    while healthy(&user).await? < args.applications {
        ensure!(
            begun.elapsed() < Duration::from_secs(900),
            "not healthy after a quarter of an hour"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (used, before) = (serve.cpu(), requests(args)?);
    tokio::time::sleep(IDLE).await;
    let share = (serve.cpu() - used).as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    println!("nothing happens             {share:.2} % of a core");
    if let (Some(before), Some(after)) = (before, requests(args)?) {
        println!("  requests                  {} a minute", after - before);
    }
    one_change(&user, &serve, &git, args.applications / 2).await?;
    heal(&user, &serve, args.applications / 3).await?;
    println!(
        "memory after that           {:.0} MB",
        resident_bytes(serve.0.id()) as f64 / 1e6
    );
    remove(&user, args.applications).await
}

/// One changed application: from the refresh annotation to the changed object.
async fn one_change(user: &Client, serve: &Serve, git: &GitServer, a: usize) -> Result<()> {
    let (mut times, used) = (Vec::new(), serve.cpu());
    for round in 0..ROUNDS {
        let value = format!("round-{round}");
        let text = overlay(a).replace("value=1", &format!("value={value}"));
        let path = format!("apps/app-{a}/kustomization.yaml");
        git.commit("fleet", &[(&path, Some(&text))], "one change");
        let begun = Instant::now();
        ask_refresh(user, a).await?;
        while value_of(user, &format!("app-{a}-settings")).await? != value {
            ensure!(
                begun.elapsed() < Duration::from_secs(20),
                "the change never arrived"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    times.sort();
    println!(
        "refresh to changed object   median {:.1} ms, max {:.1} ms; CPU {:.1} ms each",
        times[ROUNDS / 2].as_secs_f64() * 1e3,
        times[ROUNDS - 1].as_secs_f64() * 1e3,
        (serve.cpu() - used).as_secs_f64() * 1e3 / ROUNDS as f64
    );
    Ok(())
}

/// A change by hand: from the patch's answer to the healed object.
async fn heal(user: &Client, serve: &Serve, first: usize) -> Result<()> {
    let (mut times, used) = (Vec::new(), serve.cpu());
    for a in first..first + 50 {
        let name = format!("app-{a}-part-0");
        let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/{name}");
        let tampered = json!({"data": {"value": "tampered"}});
        let begun = Instant::now();
        user.merge_patch(&path, &tampered).await?;
        while value_of(user, &name).await? == "tampered" {
            ensure!(begun.elapsed() < Duration::from_secs(20), "never healed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(begun.elapsed());
    }
    times.sort();
    println!(
        "change by hand to healed    median {:.1} ms, p98 {:.1} ms; CPU {:.1} ms each",
        times[25].as_secs_f64() * 1e3,
        times[48].as_secs_f64() * 1e3,
        (serve.cpu() - used).as_secs_f64() * 1e3 / 50.0
    );
    Ok(())
}

/// Leaves the cluster as it was, but for the definitions.
async fn remove(user: &Client, applications: usize) -> Result<()> {
    let background: Value = json!({"propagationPolicy": "Background"});
    for a in 0..applications {
        user.delete(&format!("{COLLECTION}/app-{a}"), &background)
            .await?;
    }
    let path = format!("/api/v1/namespaces/{NAMESPACE}");
    user.delete(&path, &background).await?;
    Ok(())
}
