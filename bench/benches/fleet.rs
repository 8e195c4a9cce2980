//! 1,000 applications of 10 objects each in one repository, against a control plane in a process
//! of its own: from nothing to Synced, idle, and one change.
//!
//! `cargo bench -p bench --bench fleet [-- APPLICATIONS]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use anyhow::{Context as _, Result, ensure};
use bench::fleet::{COLLECTION, NAMESPACE, application, ask_refresh, synced, value_of};
use bench::process::resident_bytes;
use cluster::Client;
use controller::{Controller, GitPoll, Options};
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::{GitServer, GitServerOptions};
use value::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const OBJECTS: usize = 10;
const IDLE: Duration = Duration::from_secs(20);
const TOKEN: &str = "bench-token-bench-token-bench-token";

fn main() -> Result<()> {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if let Ok(dir) = std::env::var("BENCH_PLANE_DIR") {
        return runtime.block_on(plane(Path::new(&dir)));
    }
    let applications = std::env::args()
        .skip(1)
        .find_map(|a| a.parse().ok())
        .unwrap_or(1_000);
    runtime.block_on(bench(applications))
}

/// The child: a control plane until its standard input ends.
async fn plane(dir: &Path) -> Result<()> {
    let plane = controlplane::ControlPlane::start(controlplane::Options {
        tokens: vec![controlplane::Token::admin(TOKEN)],
        ..controlplane::Options::default()
    })
    .await?;
    let file = dir.join("kubeconfig");
    std::fs::write(&file, plane.kubeconfig(TOKEN, "admin"))?;
    println!("ready");
    std::io::stdout().flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await?;
    plane.shutdown().await;
    Ok(())
}

fn start_plane(dir: &Path) -> Result<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .env("BENCH_PLANE_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().context("stdout")?).read_line(&mut line)?;
    ensure!(line.trim() == "ready", "the control plane said {line:?}");
    Ok(child)
}

fn manifest(application: usize, object: usize, value: &str) -> String {
    let filler = "x".repeat(200);
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{application}-{object}\n  labels:\n    \
         app: app-{application}\ndata:\n  value: \"{value}\"\n  filler: {filler}\n"
    )
}

fn own_cpu() -> Duration {
    bench::process::cpu(std::process::id())
}

async fn bench(applications: usize) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut child = start_plane(dir.path())?;
    let kubeconfig = dir.path().join("kubeconfig");
    let git = GitServer::start(GitServerOptions::default());
    let files: Vec<(String, String)> = (0..applications)
        .flat_map(|a| {
            (0..OBJECTS).map(move |o| (format!("apps/app-{a}/{o}.yaml"), manifest(a, o, "1")))
        })
        .collect();
    let changes: Vec<(&str, Option<&str>)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), Some(text.as_str())))
        .collect();
    git.commit("fleet", &changes, "fleet");
    let user = Client::connect(Some(&kubeconfig)).await?;
    for namespace in ["argocd", NAMESPACE] {
        let it = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        user.create("/api/v1/namespaces", &it).await?;
    }
    for a in 0..applications {
        user.create(
            COLLECTION,
            &application(a, &git.url("fleet"), &format!("apps/app-{a}")),
        )
        .await?;
    }

    let (cpu, begun) = (own_cpu(), Instant::now());
    let mut options = Options::new("argocd", dir.path().join("mirrors"));
    options.poll = Some(GitPoll {
        every: Some(Duration::from_secs(120)),
        jitter: Duration::ZERO,
    });
    let client = Client::connect(Some(&kubeconfig)).await?;
    let controller = Controller::start(client, options).await?;
    while synced(&user).await? < applications {
        ensure!(
            begun.elapsed() < Duration::from_secs(300),
            "not synced after five minutes"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took = begun.elapsed();
    controller.flush().await;
    let requests = controller.requests();
    let per_app = requests as f64 / applications as f64;
    let (objects, bytes) = controller.cache_size();
    println!("applications x objects            {applications} x {OBJECTS}");
    println!(
        "nothing to Synced                 {:.2} s",
        took.as_secs_f64()
    );
    println!("  requests                        {requests} ({per_app:.1} per application)");
    println!(
        "  CPU of the controller           {:.2} s (the benchmark's own included)",
        (own_cpu() - cpu).as_secs_f64()
    );
    println!(
        "live cache                        {objects} objects, {:.1} MB",
        bytes as f64 / 1e6
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (cpu, requests) = (own_cpu(), controller.requests());
    tokio::time::sleep(IDLE).await;
    let used = (own_cpu() - cpu).as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    let asked = controller.requests() - requests;
    println!(
        "idle for {} s                     {asked} requests, {used:.2} % of a core",
        IDLE.as_secs()
    );

    println!(
        "resident memory, benchmark's too  {:.0} MB",
        resident_bytes(std::process::id()) as f64 / 1e6
    );
    one_change(&user, &git, applications / 2).await?;
    heal(&user, applications / 3).await?;
    println!(
        "  after these changes             {:.0} MB",
        resident_bytes(std::process::id()) as f64 / 1e6
    );
    drop(controller);
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}

/// One changed application: from the refresh annotation to the changed object.
async fn one_change(user: &Client, git: &GitServer, a: usize) -> Result<()> {
    let mut times = Vec::new();
    let mut cpus = Vec::new();
    for round in 0..10 {
        let value = format!("round {round}");
        let text = manifest(a, 0, &value);
        git.commit(
            "fleet",
            &[(&format!("apps/app-{a}/0.yaml"), Some(&text))],
            "one change",
        );
        let (cpu, begun) = (own_cpu(), Instant::now());
        ask_refresh(user, a).await?;
        while value_of(user, &format!("app-{a}-0")).await? != value {
            ensure!(
                begun.elapsed() < Duration::from_secs(20),
                "the change never arrived"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(300)).await;
        cpus.push(own_cpu() - cpu);
    }
    times.sort();
    let cpu: Duration = cpus.iter().sum::<Duration>() / 10;
    println!(
        "refresh to changed object         median {:.1} ms, max {:.1} ms; CPU {:.0} ms each (the benchmark's polling included)",
        times[5].as_secs_f64() * 1e3,
        times[9].as_secs_f64() * 1e3,
        cpu.as_secs_f64() * 1e3
    );
    Ok(())
}

/// A change by hand: from the patch's answer to the healed object.
async fn heal(user: &Client, first: usize) -> Result<()> {
    let mut times = Vec::new();
    for a in first..first + 100 {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/app-{a}-0");
        let begun = Instant::now();
        user.merge_patch(&path, &json!({"data": {"value": "tampered"}}))
            .await?;
        while value_of(user, &format!("app-{a}-0")).await? == "tampered" {
            ensure!(begun.elapsed() < Duration::from_secs(20), "never healed");
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        times.push(begun.elapsed());
    }
    times.sort();
    println!(
        "change by hand to healed          median {:.1} ms, p99 {:.1} ms",
        times[50].as_secs_f64() * 1e3,
        times[98].as_secs_f64() * 1e3
    );
    Ok(())
}
