//! A Helm repository on a free loopback port, for one test.

use crate::archive::sha256;
use crate::http::{HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What a [`ChartServer`] asks of its clients.
#[derive(Clone, Debug, Default)]
pub struct ChartServerOptions {
    /// User and password, if it asks for them.
    pub login: Option<(String, String)>,
    /// The token that it takes in their place.
    pub token: Option<String>,
}

/// A Helm repository: an index of the charts that were added, and their archives.
pub struct ChartServer {
    http: HttpServer,
    content: Arc<Mutex<Content>>,
    scheme: &'static str,
}

#[derive(Default)]
struct Content {
    /// The entries of each chart.
    charts: BTreeMap<String, String>,
    files: BTreeMap<String, Vec<u8>>,
    redirects: BTreeMap<String, String>,
    compressed: BTreeSet<String>,
}

impl ChartServer {
    /// Starts a repository without charts.
    #[must_use]
    pub fn start(options: ChartServerOptions) -> Self {
        let content: Arc<Mutex<Content>> = Arc::default();
        let http = HttpServer::start(answering(Arc::clone(&content), options));
        Self {
            http,
            content,
            scheme: "http",
        }
    }

    /// Starts a repository that speaks TLS; returns its certificate, which has signed itself, as
    /// PEM.
    #[must_use]
    pub fn start_tls(options: ChartServerOptions) -> (Self, String) {
        let content: Arc<Mutex<Content>> = Arc::default();
        let (http, certificate) = HttpServer::start_tls(answering(Arc::clone(&content), options));
        let scheme = "https";
        (
            Self {
                http,
                content,
                scheme,
            },
            certificate,
        )
    }

    /// Returns the URL of the repository.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("charts")
    }

    /// Returns the URL of a file of the server.
    #[must_use]
    pub fn url_of(&self, path: &str) -> String {
        format!("{}://{}/{path}", self.scheme, self.http.addr())
    }

    /// Adds a version of a chart, with its digest and a relative URL.
    pub fn add(&self, name: &str, version: &str, archive: &[u8]) {
        let file = format!("{name}-{version}.tgz");
        self.list(name, version, &sha256(archive), &file);
        self.put(&format!("charts/{file}"), archive);
    }

    /// Adds a version to the index alone; without `digest`, the index doesn't tell it.
    pub fn list(&self, name: &str, version: &str, digest: &str, url: &str) {
        let digest = if digest.is_empty() {
            String::new()
        } else {
            format!("    digest: {digest}\n")
        };
        let entry = format!(
            "  - apiVersion: v2\n{digest}    name: {name}\n    urls:\n    - {url}\n    version: \
             {version}\n"
        );
        self.change(|c| {
            c.charts
                .entry(name.to_owned())
                .or_default()
                .push_str(&entry);
        });
    }

    /// Serves bytes at a path; `charts/index.yaml` replaces the index.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.change(|c| {
            c.files.insert(format!("/{path}"), bytes.to_vec());
        });
    }

    /// Serves bytes at a path that are compressed with gzip on their way alone.
    pub fn put_compressed(&self, path: &str, gzip: &[u8]) {
        self.put(path, gzip);
        self.change(|c| {
            c.compressed.insert(format!("/{path}"));
        });
    }

    /// Redirects a path.
    pub fn redirect(&self, path: &str, to: &str) {
        self.change(|c| {
            c.redirects.insert(format!("/{path}"), to.to_owned());
        });
    }

    /// Returns the requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<HttpRequest> {
        self.http.seen()
    }

    /// Returns how many requests there were for a path.
    #[must_use]
    pub fn requests(&self, path: &str) -> usize {
        let path = format!("/{path}");
        self.http
            .seen()
            .iter()
            .filter(|r| r.split().0 == path)
            .count()
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        change(&mut self.content.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Content {
    fn index(&self) -> Vec<u8> {
        let mut index = "apiVersion: v1\nentries:\n".to_owned();
        for (name, entries) in &self.charts {
            index.push_str(&format!("  {name}:\n{entries}"));
        }
        index.push_str("generated: \"2026-01-01T00:00:00Z\"\n");
        index.into_bytes()
    }
}

fn answering(
    content: Arc<Mutex<Content>>,
    options: ChartServerOptions,
) -> impl Fn(&HttpRequest) -> HttpResponse {
    move |request| {
        let content = content.lock().unwrap_or_else(PoisonError::into_inner);
        answer(&content, &options, request)
    }
}

fn answer(content: &Content, options: &ChartServerOptions, request: &HttpRequest) -> HttpResponse {
    if !may_enter(options, request.header("authorization")) {
        return HttpResponse::new(401, "").with("WWW-Authenticate", "Basic realm=\"charts\"");
    }
    let (path, _) = request.split();
    if let Some(to) = content.redirects.get(path) {
        return HttpResponse::new(302, "").with("Location", to.clone());
    }
    let body = match content.files.get(path) {
        Some(bytes) => bytes.clone(),
        None if path == "/charts/index.yaml" => content.index(),
        None => return HttpResponse::new(404, "not found"),
    };
    let etag = format!("\"{}\"", sha256(&body));
    if request.header("if-none-match") == etag {
        return HttpResponse::new(304, "").with("ETag", etag);
    }
    let answer = HttpResponse::new(200, body).with("ETag", etag);
    if content.compressed.contains(path) {
        answer.with("Content-Encoding", "gzip")
    } else {
        answer
    }
}

fn may_enter(options: &ChartServerOptions, authorization: &str) -> bool {
    let basic = options
        .login
        .as_ref()
        .map(|(user, password)| basic(user, password));
    let bearer = options
        .token
        .as_ref()
        .map(|token| format!("Bearer {token}"));
    let mut wanted = basic.into_iter().chain(bearer).peekable();
    wanted.peek().is_none() || wanted.any(|w| w == authorization)
}

/// Returns the header of a user with a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    let login = format!("{user}:{password}");
    let login = base64::engine::general_purpose::STANDARD.encode(login);
    format!("Basic {login}")
}
