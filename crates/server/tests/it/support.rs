//! A control plane, a Git server, a controller and a server for one test.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use base64::Engine as _;
use cluster::Client;
use controller::{Controller, GitPoll, Options};
use controlplane::{ControlPlane, Mount, Token};
use githost::{Author, Host, Repository};
use http_body_util::{BodyExt as _, Full};
use simulator::{Mode, Simulator, Speed};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use value::{Value, json};

/// The administrator's token.
pub(crate) const ADMIN: &str = "admin-token-of-the-test";
/// The token of somebody who may nothing.
pub(crate) const NOBODY: &str = "nobody-token-of-the-test";
/// The token of somebody whose rights `argocd-rbac-cm` says.
pub(crate) const BOB: &str = "bob-token-of-the-test";

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: web, image: web:1}]\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: correct-horse, again: correct-horse, other: battery-staple}\n";
const SETTINGS: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {GREETING: Ahoy}\n";

/// Everything that a test needs; it stops when it is dropped.
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) host: Arc<Host>,
    pub(crate) server: server::Server,
    pub(crate) controller: Controller,
    _simulator: Simulator,
    plane: Option<ControlPlane>,
    address: SocketAddr,
    _dir: tempfile::TempDir,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        Value::parse(&self.body).unwrap_or_else(|e| panic!("{e}: {} {text}", self.status))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request as it is written, and reads one answer.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    read_answer(BufReader::new(stream))
}

fn read_head(reader: &mut impl std::io::BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap_or("0").parse().unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    (status, headers)
}

fn read_answer(mut reader: impl std::io::BufRead) -> Answer {
    let (status, headers) = read_head(&mut reader);
    let length = headers.iter().find(|(n, _)| n == "content-length");
    let length = length.map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Answer {
        status,
        headers,
        body,
    }
}

/// An open stream of events.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
}

impl Events {
    /// Waits until something is sent; returns false if the stream has ended.
    pub(crate) fn wait(&mut self) -> bool {
        let mut line = String::new();
        self.reader.read_line(&mut line).is_ok_and(|read| read > 0)
    }

    /// Reads the next line that isn't empty and no length of a chunk.
    pub(crate) fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.reader.read_line(&mut line).unwrap() > 0,
                "the stream ended"
            );
            let line = line.trim_end();
            let is_length =
                !line.is_empty() && line.len() < 8 && usize::from_str_radix(line, 16).is_ok();
            if !line.is_empty() && !is_length {
                return line.to_owned();
            }
        }
    }

    /// Reads until an event of a kind comes that fits; returns its number and data.
    pub(crate) fn event(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> (String, Value) {
        let (mut id, mut is_kind) = (String::new(), false);
        loop {
            let line = self.line();
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if let Some(name) = line.strip_prefix("event: ") {
                is_kind = name == kind;
            } else if let Some(data) = line.strip_prefix("data: ").filter(|_| is_kind) {
                let data = Value::parse(data.as_bytes()).unwrap();
                if fits(&data) {
                    return (id, data);
                }
            }
        }
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut server::Options)) -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let host = Arc::new(Host::new(&dir.path().join("git")));
        let served = Arc::clone(&host);
        let plane = ControlPlane::start(controlplane::Options {
            tokens: vec![Token::admin("plane")],
            mounts: vec![("/git/".to_owned(), git(served))],
            ..controlplane::Options::default()
        })
        .await
        .unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        std::fs::write(&kubeconfig, plane.kubeconfig("plane", "admin")).unwrap();
        let simulator =
            Simulator::start(plane.registry().clone(), Mode::Workloads, Speed::default());
        let client = Client::connect(Some(&kubeconfig)).await.unwrap();
        for name in ["argocd", "shop"] {
            let namespace =
                json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}});
            client
                .create("/api/v1/namespaces", &namespace)
                .await
                .unwrap();
        }
        let mut options = Options::new("argocd", dir.path().join("mirrors"));
        options.poll = Some(GitPoll {
            every: None,
            jitter: Duration::ZERO,
        });
        let controller = Controller::start(client.clone(), options).await.unwrap();
        let mut options = server::Options::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        options.admins = vec!["alice".into()];
        options.tokens = vec![
            (ADMIN.into(), "alice".into()),
            (NOBODY.into(), "mallory".into()),
            (BOB.into(), "bob".into()),
        ];
        change(&mut options);
        let server = server::Server::start(client.clone(), controller.view(), options);
        let stage = Self {
            server: server.await.unwrap(),
            client,
            host,
            controller,
            _simulator: simulator,
            address: plane.addr(),
            plane: Some(plane),
            _dir: dir,
        };
        stage.push(
            "shop",
            &[
                ("web.yaml", WEB),
                ("settings.yaml", SETTINGS),
                ("secret.yaml", SECRET),
            ],
            "first",
        );
        stage
    }

    /// Stops the control plane.
    pub(crate) async fn stop_plane(&mut self) {
        let plane = self.plane.take().unwrap();
        plane.shutdown().await;
    }

    /// Commits files to a repository of the Git server.
    pub(crate) fn push(&self, name: &str, files: &[(&str, &str)], message: &str) -> String {
        let repository = self.host.create(name).unwrap();
        let commit = commit(&repository, files, message);
        self.controller.repository_changed(&self.repo(name));
        commit
    }

    pub(crate) fn repo(&self, name: &str) -> String {
        format!("http://{}/git/{name}.git", self.address)
    }

    /// Makes an application of the repository `shop`, and waits until it is synced and healthy.
    pub(crate) async fn shop(&self, automated: bool) {
        let mut application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop", "namespace": "argocd", "labels": {"team": "a"}},
            "spec": {
                "project": "default",
                "source": {"repoURL": self.repo("shop"), "path": ".", "targetRevision": "main"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            },
        });
        if automated {
            application.set_at(
                &["spec", "syncPolicy", "automated"],
                json!({"selfHeal": true}),
            );
        }
        self.client
            .create(APPLICATIONS, &application)
            .await
            .unwrap();
        let (sync, health) = match automated {
            true => ("Synced", "Healthy"),
            false => ("OutOfSync", "Missing"),
        };
        self.until("shop", |app| {
            app.str_at(&["status", "sync", "status"]) == sync
                && app.str_at(&["status", "health", "status"]) == health
        })
        .await;
    }

    /// Waits until the server shows an application in some state.
    pub(crate) async fn until(&self, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        let address = self.server.address();
        let mut events = self.events("topics=apps&since=0", ADMIN).await;
        loop {
            let path = format!("/api/v1/applications/{name}");
            let answer = tokio::task::spawn_blocking(move || {
                raw(address, &request("GET", &path, ADMIN, &[], b""))
            });
            let answer = answer.await.unwrap();
            if answer.status == 200 && is(&answer.json()) {
                return answer.json();
            }
            let waited = tokio::task::spawn_blocking(move || events.wait().then_some(events));
            events = match waited.await.unwrap() {
                Some(events) => events,
                // The server may end a stream whenever it likes: whoever listens asks again.
                None => self.events("topics=apps&since=0", ADMIN).await,
            };
        }
    }

    pub(crate) async fn events(&self, query: &str, token: &str) -> Events {
        let address = self.server.address();
        let request = request("GET", &format!("/api/v1/stream?{query}"), token, &[], b"");
        let opened = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&request).unwrap();
            let mut reader = BufReader::new(stream);
            let (status, _) = read_head(&mut reader);
            assert_eq!(status, 200);
            Events { reader }
        });
        opened.await.unwrap()
    }

    /// Returns the first document of a stream.
    pub(crate) async fn first_line(&self, path: &str) -> String {
        let address = self.server.address();
        let request = request("GET", path, ADMIN, &[], b"");
        let opened = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&request).unwrap();
            let mut reader = BufReader::new(stream);
            let (status, _) = read_head(&mut reader);
            assert_eq!(status, 200);
            Events { reader }.line()
        });
        opened.await.unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let address = self.server.address();
        let request = request(method, path, token, headers, body);
        let answer = tokio::task::spawn_blocking(move || raw(address, &request));
        answer.await.unwrap()
    }

    /// Asks again until the answer is as wanted: settings are followed, not read.
    pub(crate) async fn ask(&self, path: &str, token: &str, is: impl Fn(&Answer) -> bool) {
        while !is(&self.send("GET", path, token, &[], b"").await) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a token is known.
    pub(crate) async fn accepted(&self, token: &str) {
        self.ask("/api/v1/session/userinfo", token, |a| {
            a.status == 200 && a.json().at(&["loggedIn"]) == Some(&Value::Bool(true))
        })
        .await;
    }

    /// Waits until a token isn't known any more.
    pub(crate) async fn refused(&self, token: &str) {
        self.ask("/api/v1/board", token, |a| a.status == 401).await;
    }

    /// Waits until the policy allows something.
    pub(crate) async fn allowed(&self, token: &str, what: &str) {
        let path = format!("/api/v1/account/can-i/{what}");
        self.ask(&path, token, |a| {
            a.status == 200 && a.json().str_at(&["value"]) == "yes"
        })
        .await;
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Answer {
        let body = json!({"username": name, "password": password}).to_vec();
        self.send("POST", "/api/v1/session", "", &[], &body).await
    }

    /// Waits until the administrator can log in; returns the first password.
    pub(crate) async fn first_password(&self) -> String {
        self.ask("/api/v1/settings", "", |a| {
            let path = ["windlass", "login", "local"];
            a.json().at(&path) == Some(&Value::Bool(true))
        })
        .await;
        let path = "/api/v1/namespaces/argocd/secrets/argocd-initial-admin-secret";
        let secret = self.client.get(path).await.unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(secret.str_at(&["data", "password"]))
            .unwrap();
        String::from_utf8(bytes).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, ADMIN, &[], b"").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, ADMIN, &[], &body.to_vec()).await
    }
}

/// The path of applications in the control plane.
pub(crate) const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/// Returns a request as it goes over the wire.
pub(crate) fn request(
    method: &str,
    path: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        text.push_str("host: localhost\r\n");
    }
    if !token.is_empty() {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The files of `shop`, as it is first.
pub(crate) const FILES: [(&str, &str); 3] = [
    ("web.yaml", WEB),
    ("settings.yaml", SETTINGS),
    ("secret.yaml", SECRET),
];

fn commit(repository: &Repository, files: &[(&str, &str)], message: &str) -> String {
    let files: Vec<(&str, Option<&[u8]>)> = files
        .iter()
        .map(|(name, text)| (*name, Some(text.as_bytes())))
        .collect();
    let author = Author {
        name: "carol",
        email: "carol@example.com",
        seconds: 1_700_000_000,
    };
    repository
        .commit("main", &files, message, author)
        .unwrap()
        .to_string()
}

/// Serves Git beside the control plane.
fn git(host: Arc<Host>) -> Mount {
    Arc::new(move |request| {
        let host = Arc::clone(&host);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let served = tokio::task::spawn_blocking(move || {
                let header = |name: &str| {
                    let value = parts.headers.get(name).and_then(|v| v.to_str().ok());
                    value.unwrap_or("").to_owned()
                };
                host.handle(&githost::Request {
                    method: parts.method.as_str(),
                    path: parts.uri.path().strip_prefix("/git").unwrap_or_default(),
                    query: parts.uri.query().unwrap_or_default(),
                    protocol: &header("git-protocol"),
                    authorization: "",
                    content_encoding: &header("content-encoding"),
                    body: &body,
                })
            });
            let served = served.await.unwrap();
            let body = Full::new(served.body.into())
                .map_err(|never: std::convert::Infallible| match never {})
                .boxed_unsync();
            http::Response::builder()
                .status(served.status)
                .header("content-type", served.content_type)
                .body(body)
                .unwrap()
        })
    })
}
