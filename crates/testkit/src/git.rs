//! A Git server on a free loopback port, for one test.

use crate::http::{HttpRequest, HttpResponse, HttpServer};
use githost::{Author, BasicAuth, CommitId, Host, Repository, Request};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What a [`GitServer`] asks of its clients.
#[derive(Default)]
pub struct GitServerOptions {
    /// User and password, if it asks for them.
    pub auth: Option<BasicAuth>,
}

/// A Git server whose repositories disappear with it.
pub struct GitServer {
    http: HttpServer,
    host: Arc<Host>,
    clock: AtomicI64,
    _dir: tempfile::TempDir,
}

impl GitServer {
    /// Starts a server without repositories.
    #[must_use]
    pub fn start(options: GitServerOptions) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut host = Host::new(dir.path());
        if let Some(auth) = options.auth {
            host = host.with_auth(auth);
        }
        let host = Arc::new(host);
        let server_host = Arc::clone(&host);
        let http = HttpServer::start(move |request| answer(&server_host, request));
        Self {
            http,
            host,
            clock: AtomicI64::new(1_700_000_000),
            _dir: dir,
        }
    }

    /// Returns the URL of a repository.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.http.addr())
    }

    /// Makes the repository `name`, or opens it.
    #[must_use]
    pub fn repository(&self, name: &str) -> Repository {
        self.host.create(name).expect("the repository can be made")
    }

    /// Adds a commit to `main`; `None` removes a file.
    pub fn commit(&self, name: &str, files: &[(&str, Option<&str>)], message: &str) -> CommitId {
        let files: Vec<(&str, Option<&[u8]>)> = files
            .iter()
            .map(|(path, content)| (*path, content.map(str::as_bytes)))
            .collect();
        let seconds = self.clock.fetch_add(60, Ordering::SeqCst);
        let author = Author {
            name: "alice",
            email: "alice@example.com",
            seconds,
        };
        self.repository(name)
            .commit("main", &files, message, author)
            .expect("the commit")
    }

    /// Returns how many requests were answered.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.http.seen().len()
    }
}

fn answer(host: &Host, request: &HttpRequest) -> HttpResponse {
    let (path, query) = request.split();
    let response = host.handle(&Request {
        method: &request.method,
        path,
        query,
        protocol: request.header("git-protocol"),
        authorization: request.header("authorization"),
        content_encoding: request.header("content-encoding"),
        body: &request.body,
    });
    let answer = HttpResponse::new(response.status, response.body)
        .with("Content-Type", response.content_type);
    if response.status == 401 {
        answer.with("WWW-Authenticate", "Basic realm=\"git\"")
    } else {
        answer
    }
}

/// Runs the stock `git` in `dir`, free of the user's settings; returns what it printed.
pub fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "bob")
        .env("GIT_AUTHOR_EMAIL", "bob@example.com")
        .env("GIT_COMMITTER_NAME", "bob")
        .env("GIT_COMMITTER_EMAIL", "bob@example.com")
        .output()
        .expect("git is installed");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "git {args:?}: {text}");
    text
}
