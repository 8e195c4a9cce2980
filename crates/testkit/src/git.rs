//! A Git server on a free loopback port, for one test.

use githost::{Author, BasicAuth, CommitId, Host, Repository, Request};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

/// What a [`GitServer`] asks of its clients.
#[derive(Default)]
pub struct GitServerOptions {
    /// User and password, if it asks for them.
    pub auth: Option<BasicAuth>,
}

/// A Git server whose repositories disappear with it.
pub struct GitServer {
    addr: SocketAddr,
    host: Arc<Host>,
    requests: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
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
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("the port's address");
        let requests = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::new(AtomicBool::new(false));
        let (server_host, server_requests, server_stopped) = (
            Arc::clone(&host),
            Arc::clone(&requests),
            Arc::clone(&stopped),
        );
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if server_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (host, requests) = (Arc::clone(&server_host), Arc::clone(&server_requests));
                let Ok(stream) = stream else { continue };
                std::thread::spawn(move || serve(&stream, &host, &requests));
            }
        });
        Self {
            addr,
            host,
            requests,
            stopped,
            clock: AtomicI64::new(1_700_000_000),
            _dir: dir,
        }
    }

    /// Returns the URL of a repository.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.addr)
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
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        drop(TcpStream::connect(self.addr));
    }
}

/// Answers the requests of one connection; ends it at the first thing it doesn't understand.
fn serve(stream: &TcpStream, host: &Host, requests: &AtomicUsize) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader, stream) {
        requests.fetch_add(1, Ordering::SeqCst);
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        let response = host.handle(&Request {
            method: &request.method,
            path,
            query,
            protocol: &request.protocol,
            authorization: &request.authorization,
            content_encoding: &request.content_encoding,
            body: &request.body,
        });
        let challenge = if response.status == 401 {
            "WWW-Authenticate: Basic realm=\"git\"\r\n"
        } else {
            ""
        };
        let mut answer = format!(
            "HTTP/1.1 {} X\r\nContent-Type: {}\r\n{challenge}Content-Length: {}\r\n\r\n",
            response.status,
            response.content_type,
            response.body.len()
        )
        .into_bytes();
        // In one piece: a head alone waits 40 ms for the client's acknowledgement.
        answer.extend_from_slice(&response.body);
        let mut out = stream;
        if out.write_all(&answer).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct HttpRequest {
    method: String,
    target: String,
    protocol: String,
    authorization: String,
    content_encoding: String,
    body: Vec<u8>,
}

fn read_request(reader: &mut BufReader<&TcpStream>, mut stream: &TcpStream) -> Option<HttpRequest> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let mut request = HttpRequest {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        ..HttpRequest::default()
    };
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "git-protocol" => request.protocol = value.to_owned(),
            "authorization" => request.authorization = value.to_owned(),
            "content-encoding" => request.content_encoding = value.to_owned(),
            "expect" => stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?,
            _ => {}
        }
    }
    if chunked {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            request.body.extend_from_slice(&chunk[..size]);
        }
    } else {
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body).ok()?;
    }
    Some(request)
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
