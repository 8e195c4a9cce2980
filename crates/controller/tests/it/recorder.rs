//! A way to the API server on which every request is noted.

use crate::world::World;
use cluster::{ApiError, Client};
use http::Method;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use value::{Value, json};

/// A request, and whose rights were to count for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
    /// Empty for the controller's own.
    pub(crate) user: String,
}

/// Passes requests on. It sends them by `client`, whose rights count in the end.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Seen>>>);

impl Recorder {
    /// Returns a client whose requests are noted before `client` sends them.
    pub(crate) async fn before(&self, client: Client, dir: &Path) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let recorder = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (recorder, client) = (recorder.clone(), client.clone());
                // Whoever hangs up is done.
                tokio::spawn(async move { recorder.serve(stream, client).await.ok() });
            }
        });
        let kubeconfig = dir.join("recorded");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "x", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        });
        std::fs::write(&kubeconfig, text.to_json()).expect("a kubeconfig");
        Client::connect(Some(&kubeconfig)).await.expect("a client")
    }

    /// Returns what was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    fn note(&self, seen: Seen) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.push(seen);
    }

    async fn serve(&self, stream: TcpStream, client: Client) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let mut words = line.split_whitespace();
            let method = words.next().unwrap_or_default().to_owned();
            let target = words.next().unwrap_or_default().to_owned();
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let mut seen = Seen {
                path: path.to_owned(),
                query: query.to_owned(),
                method,
                ..Seen::default()
            };
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                let Some((name, text)) = line.trim_end().split_once(": ") else {
                    break;
                };
                match name.to_lowercase().as_str() {
                    "content-length" => length = text.parse().expect("a length"),
                    "content-type" => text.clone_into(&mut seen.content_type),
                    "impersonate-user" => text.clone_into(&mut seen.user),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            seen.body = String::from_utf8_lossy(&body).into_owned();
            self.note(seen.clone());
            let client = match seen.user.as_str() {
                "" => client.clone(),
                user => client.acting_as(user),
            };
            if seen.query.contains("watch=") {
                return pass_stream(stream, &client, &target).await;
            }
            let method = Method::from_bytes(seen.method.as_bytes()).expect("a method");
            let answer = client.send(method, &target, &seen.content_type, body);
            let (code, body) = match answer.await {
                Ok(body) => (200, body.to_vec()),
                Err(error) => (error.code.max(400), status(&error)),
            };
            let head = format!(
                "HTTP/1.1 {code} -\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
    }
}

fn status(error: &ApiError) -> Vec<u8> {
    let (reason, message) = (error.reason.as_str(), error.message.as_str());
    json!({"kind": "Status", "code": i64::from(error.code), "reason": reason, "message": message})
        .to_vec()
}

/// Passes a watch on for as long as both ends want it.
async fn pass_stream(
    mut stream: BufReader<TcpStream>,
    client: &Client,
    target: &str,
) -> std::io::Result<()> {
    let lines = match client.lines(target).await {
        Ok(lines) => lines,
        Err(error) => {
            let body = status(&error);
            let head = format!(
                "HTTP/1.1 {} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                error.code,
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            return stream.write_all(&body).await;
        }
    };
    stream
        .write_all(b"HTTP/1.1 200 -\r\nconnection: close\r\n\r\n")
        .await?;
    let mut lines = lines;
    let mut chunk = vec![0; 64 << 10];
    loop {
        let n = futures_util::AsyncReadExt::read(&mut lines, &mut chunk).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&chunk[..n]).await?;
    }
}

/// Starts a world whose controller's requests are noted.
pub(crate) async fn start(scenario: &Value) -> (World, Recorder, tempfile::TempDir) {
    let recorder = Recorder::default();
    let dir = tempfile::tempdir().expect("a folder");
    let way = async |client| recorder.before(client, dir.path()).await;
    let world = World::start_by(scenario, way).await;
    (world, recorder, dir)
}

/// Returns true for a request that changes something, or pretends to.
pub(crate) fn is_write(seen: &Seen) -> bool {
    seen.method != "GET"
}

/// Returns what kind of request it is, in a word.
pub(crate) fn kind(seen: &Seen) -> String {
    let what = match seen.content_type.as_str() {
        "application/apply-patch+yaml" => "apply",
        "application/merge-patch+json" => "patch",
        _ => match seen.method.as_str() {
            "POST" => "create",
            "PUT" => "replace",
            "DELETE" => "delete",
            "GET" => "get",
            other => other,
        },
    };
    match seen.query.contains("dryRun=All") {
        true => format!("{what} (dry run)"),
        false => what.to_owned(),
    }
}

/// Returns a patch that asks for an operation.
pub(crate) fn operation(sync: Value) -> Value {
    json!({"do": "app", "patch": {"operation": {"sync": sync}}})
}
