//! Ten thousand applications: the board from memory, and five hundred listeners to a thousand
//! changes a second. A thousand real ones: how long a change in the cluster takes to a listener.
//!
//! ```text
//! cargo bench -p server
//! ```
//!
//! The listeners are another process, so that only the server's time is counted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the result of a bench; what fails ends it"
)]

use cluster::Client;
use controller::{Controller, Options};
use controlplane::{ControlPlane, Token};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const APPS: u32 = 10_000;
const DELTAS: u32 = 1_000;
const LISTENERS: usize = 500;
const LISTEN: Duration = Duration::from_secs(10);
const TOKEN: &str = "bench";

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    if let (Some(word), Some(address)) = (arguments.next(), arguments.next())
        && word == "listen"
    {
        listen(address.parse().unwrap());
        return;
    }
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

/// Returns the time that this process has had of the processors, in milliseconds.
fn cpu_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let of = |thread: std::io::Result<std::fs::DirEntry>| -> Option<f64> {
        // One that has ended meanwhile is left out.
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    threads.filter_map(of).sum::<f64>() / 1e6
}

async fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let plane = ControlPlane::start(controlplane::Options {
        tokens: vec![Token::admin("plane")],
        ..controlplane::Options::default()
    })
    .await
    .unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, plane.kubeconfig("plane", "admin")).unwrap();
    let client = Client::connect(Some(&kubeconfig)).await.unwrap();
    let namespace = value::json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"},
    });
    client
        .create("/api/v1/namespaces", &namespace)
        .await
        .unwrap();
    let options = Options::new("argocd", dir.path().join("mirrors"));
    let controller = Controller::start(client.clone(), options).await.unwrap();
    live(&client, &controller).await;
    for deltas in [20, DELTAS] {
        let mut options = server::Options::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        options.mode = server::Mode::Demo;
        options.admins = vec!["bench".into()];
        options.tokens = vec![(TOKEN.into(), "bench".into())];
        options.fake_apps = APPS;
        options.fake_deltas = deltas;
        let server = server::Server::start(client.clone(), controller.view(), options);
        let server = server.await.unwrap();
        // The fleet is there, and everybody's rights are known.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let address = server.address();
        if deltas == DELTAS {
            streams(address).await;
        } else {
            board(address).await;
        }
    }
}

/// Changes one of a thousand applications again and again, and waits until a listener hears of it.
async fn live(client: &Client, controller: &Controller) {
    const PATH: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
    const LIVE: usize = 1_000;
    const CHANGES: usize = 100;
    for i in 0..LIVE {
        let application = value::json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {
                "name": format!("app-{i}"), "namespace": "argocd",
                // Nothing but the way of the change is measured.
                "annotations": {"argocd.argoproj.io/skip-reconcile": "true"},
            },
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://git.example/x.git", "path": "."},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "x"},
            },
        });
        client.create(PATH, &application).await.unwrap();
    }
    let mut options = server::Options::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    options.mode = server::Mode::Demo;
    options.admins = vec!["bench".into()];
    options.tokens = vec![(TOKEN.into(), "bench".into())];
    let server = server::Server::start(client.clone(), controller.view(), options);
    let server = server.await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let address = server.address();
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /api/v1/stream?topics=apps HTTP/1.1\r\nhost: localhost\r\n\
             authorization: Bearer {TOKEN}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(stream));
        for line in lines.map_while(Result::ok) {
            if line.starts_with("data:") && heard.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    let mut times = Vec::new();
    for i in 0..CHANGES {
        let path = format!("{PATH}/app-{}", i * 7 % LIVE);
        let mark = format!("mark=m{i}x");
        let patch = value::json!({"metadata": {"labels": {"mark": format!("m{i}x")}}});
        let began = Instant::now();
        client.merge_patch(&path, &patch).await.unwrap();
        loop {
            let (at, line) = hears.recv().await.unwrap();
            if line.contains(&mark) {
                times.push(at.duration_since(began));
                break;
            }
        }
    }
    times.sort_unstable();
    println!(
        "a change of one of {LIVE} applications is heard after {:.0} ms (median), {:.0} ms (99 %)",
        times[CHANGES / 2].as_secs_f64() * 1e3,
        times[CHANGES * 99 / 100].as_secs_f64() * 1e3,
    );
    for i in 0..LIVE {
        let path = format!("{PATH}/app-{i}");
        client.delete(&path, &value::Value::object()).await.unwrap();
    }
}

async fn board(address: SocketAddr) {
    let get = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /api/v1/board HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             accept-encoding: gzip\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut body = Vec::new();
        stream.read_to_end(&mut body).unwrap();
        body.len()
    };
    let _warm = tokio::task::spawn_blocking(get).await.unwrap();
    let (mut total, mut size, rounds) = (0.0, 0, 10);
    for _ in 0..rounds {
        // Older than a second it is made anew.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let before = cpu_ms();
        size = tokio::task::spawn_blocking(get).await.unwrap();
        total += cpu_ms() - before;
    }
    println!(
        "board of {APPS}: {:.1} ms CPU, {} KB compressed",
        total / f64::from(rounds),
        size / 1000
    );
}

async fn streams(address: SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["listen", &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::inherit())
        .spawn()
        .unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (before, began) = (cpu_ms(), Instant::now());
    tokio::time::sleep(LISTEN).await;
    let used = (cpu_ms() - before) / began.elapsed().as_secs_f64() / 1_000.0;
    drop(child.stdin.take());
    child.wait().unwrap();
    println!("{LISTENERS} streams, {DELTAS} changes/s: {used:.2} of a core");
}

/// Listens until standard input ends.
fn listen(address: SocketAddr) {
    let bytes = Arc::new(AtomicU64::new(0));
    for _ in 0..LISTENERS {
        let bytes = Arc::clone(&bytes);
        let run = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let request = format!(
                "GET /api/v1/stream?topics=apps HTTP/1.1\r\nhost: localhost\r\n\
                 authorization: Bearer {TOKEN}\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                bytes.fetch_add(read as u64, Ordering::Relaxed);
            }
        };
        std::thread::Builder::new()
            .stack_size(128 * 1024)
            .spawn(run)
            .unwrap();
    }
    let began = Instant::now();
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "shown in whole megabytes")]
    let rate = bytes.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64() / 1e6;
    println!("listeners got {rate:.0} MB/s");
}
