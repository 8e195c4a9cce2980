//! An HTTP server on a free loopback port, for one test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    /// `GET` and the like.
    pub method: String,
    /// What is asked for, with its query.
    pub target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    /// Returns a header; `""` if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// Returns the path and the query.
    #[must_use]
    pub fn split(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpResponse {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A server that notes what it is asked.
pub(crate) struct HttpServer {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<HttpRequest>>>,
    stopped: Arc<AtomicBool>,
}

impl HttpServer {
    /// Starts a server that answers with `handle`.
    pub(crate) fn start(
        handle: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(handle, None)
    }

    /// Starts a server that speaks TLS; returns its certificate, which has signed itself, as PEM.
    pub(crate) fn start_tls(
        handle: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
    ) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
        let made = made.expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the usual versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("the key is that of the certificate");
        let server = Self::start_with(handle, Some(Arc::new(config)));
        (server, made.cert.pem())
    }

    fn start_with(
        handle: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("the port's address");
        let seen: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
        let stopped = Arc::new(AtomicBool::new(false));
        let handle = Arc::new(handle);
        let (server_seen, server_stopped) = (Arc::clone(&seen), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if server_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (handle, seen) = (Arc::clone(&handle), Arc::clone(&server_seen));
                let Ok(stream) = stream else { continue };
                let tls = tls.clone();
                std::thread::spawn(move || match tls {
                    None => serve(stream, &*handle, &seen),
                    Some(tls) => {
                        let connection = rustls::ServerConnection::new(tls);
                        let connection = connection.expect("the settings were checked");
                        let stream = rustls::StreamOwned::new(connection, stream);
                        serve(stream, &*handle, &seen);
                    }
                });
            }
        });
        Self {
            addr,
            seen,
            stopped,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the requests so far, without bodies.
    pub(crate) fn seen(&self) -> Vec<HttpRequest> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        drop(TcpStream::connect(self.addr));
    }
}

/// Answers the requests of one connection; ends it at the first thing it doesn't understand.
fn serve(
    stream: impl Read + Write,
    handle: &(impl Fn(&HttpRequest) -> HttpResponse + ?Sized),
    seen: &Mutex<Vec<HttpRequest>>,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let note = HttpRequest {
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            body: Vec::new(),
        };
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(note);
        let response = handle(&request);
        let mut head = format!("HTTP/1.1 {} X\r\n", response.status);
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
        let mut answer = head.into_bytes();
        // In one piece: a head alone waits 40 ms for the client's acknowledgement.
        if request.method != "HEAD" {
            answer.extend_from_slice(&response.body);
        }
        let out = reader.get_mut();
        if out.write_all(&answer).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<impl Read + Write>) -> Option<HttpRequest> {
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
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let header = (name.to_owned(), value.trim().to_owned());
        request.headers.push(header);
    }
    if !request.header("expect").is_empty() {
        let out = reader.get_mut();
        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    if request
        .header("transfer-encoding")
        .eq_ignore_ascii_case("chunked")
    {
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
        let length = request.header("content-length").parse().unwrap_or(0);
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body).ok()?;
    }
    Some(request)
}
