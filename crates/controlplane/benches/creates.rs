//! Creates per second: 16 clients, each with a connection that it keeps, make ConfigMaps of a
//! kilobyte for three seconds, in memory and on disk.
//!
//! ```text
//! cargo bench -p controlplane --bench creates [memory|durable]
//! ```
//!
//! Clients are threads that write a request and read its answer, so that most of the time that is
//! measured is the server's.

#![expect(clippy::print_stdout, reason = "the result of a bench")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use controlplane::{ControlPlane, Options, Storage, Token};

const CLIENTS: usize = 16;
const DURATION: Duration = Duration::from_secs(3);
/// What the object of one request holds, in bytes.
const DATA_BYTES: usize = 1_024;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for name in ["memory", "durable"] {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let storage = match name {
            "memory" => Storage::Memory,
            _ => Storage::Dir(folder.path().to_owned()),
        };
        let options = Options {
            storage,
            tokens: vec![Token::admin("secret")],
            ..Options::default()
        };
        let plane = runtime
            .block_on(ControlPlane::start(options))
            .expect("the plane starts");
        let result = run(plane.addr());
        runtime.block_on(plane.shutdown());
        println!(
            "{name}: {:.0} creates/s, median {:?}, p99 {:?}",
            result.per_second, result.median, result.p99
        );
    }
}

struct Outcome {
    per_second: f64,
    median: Duration,
    p99: Duration,
}

fn run(address: SocketAddr) -> Outcome {
    let started = Instant::now();
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|i| scope.spawn(move || client(address, i, started)))
            .collect();
        clients
            .into_iter()
            .flat_map(|c| c.join().expect("a client"))
            .collect()
    });
    let took = started.elapsed();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let per_second = times.len() as f64 / took.as_secs_f64();
    Outcome {
        per_second,
        median: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
    }
}

/// Creates objects until the time is up; returns how long each took.
fn client(address: SocketAddr, number: usize, started: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
    let data = "x".repeat(DATA_BYTES);
    let mut times = Vec::new();
    let mut line = String::new();
    let mut body = Vec::new();
    while started.elapsed() < DURATION {
        let name = format!("c{number}-{}", times.len());
        let object = format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"a":"{data}"}}}}"#
        );
        let request = format!(
            "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bearer secret\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n\
             Accept: application/json\r\nContent-Length: {}\r\n\r\n{object}",
            object.len()
        );
        let sent = Instant::now();
        stream
            .write_all(request.as_bytes())
            .expect("the server reads");
        line.clear();
        answers.read_line(&mut line).expect("the server answers");
        assert!(line.starts_with("HTTP/1.1 201"), "{line}");
        let mut length = 0;
        loop {
            line.clear();
            answers.read_line(&mut line).expect("the server answers");
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        body.resize(length, 0);
        answers.read_exact(&mut body).expect("the whole answer");
        times.push(sent.elapsed());
    }
    times
}
