//! One way to ask a server: bounded in time, size and redirects, and careful with logins.

use super::known::lock;
use super::repository::{ChartRepository, Login, Tls, Verify, shown};
use crate::digest::{Digest, Hasher};
use crate::error::{Error, Reason, chain};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Certificate, Identity, StatusCode, Url, redirect};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a server may be silent.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long one answer may take, a large index over a slow line included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// Redirects that one request follows, as Go.
const REDIRECTS_MAX: usize = 10;
/// Clients that are kept: each has a thread.
const CLIENTS_MAX: usize = 64;
/// What is kept of a body that explains an error.
const EXPLANATION_BYTES_MAX: u64 = 4 << 10;

/// Clients, made when the first request needs them. A repository with rules of TLS of its own has
/// its own.
#[derive(Default)]
pub(crate) struct Http(Mutex<HashMap<(Tls, Near), Client>>);

/// Whether a client is for this machine: reading its certificates takes longer than the request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Near {
    Yes,
    No,
}

/// A request.
pub(crate) struct Get<'a> {
    pub(crate) url: Url,
    /// For whom.
    pub(crate) repository: &'a ChartRepository,
    /// Sent to this URL's host alone, wherever it redirects to.
    pub(crate) login: Option<&'a Login>,
    pub(crate) accept: &'a str,
    /// What we have, if the server may say that it is still so.
    pub(crate) have: Option<&'a Validators>,
    /// Whether the answer may be compressed on its way.
    pub(crate) compress: bool,
}

impl<'a> Get<'a> {
    pub(crate) fn new(repository: &'a ChartRepository, url: Url, accept: &'a str) -> Self {
        Self {
            url,
            repository,
            login: None,
            accept,
            have: None,
            compress: false,
        }
    }

    /// Returns a request to `url` with everything that this one has to say there.
    fn fill(&self, mut request: RequestBuilder, url: &Url) -> RequestBuilder {
        request = request.header(header::ACCEPT, self.accept);
        if self.compress {
            request = request.header(header::ACCEPT_ENCODING, "gzip");
        }
        if let Some(etag) = self.have.and_then(|have| have.etag.as_deref()) {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = self.have.and_then(|have| have.last_modified.as_deref()) {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        // Whoever is redirected to gets no login, unless it is the same server.
        let login = self.login.filter(|_| url.origin() == self.url.origin());
        match login {
            Some(Login::Basic { user, password }) => request.basic_auth(user, Some(password)),
            Some(Login::Bearer(token)) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// What a server calls a version of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// An answer whose body wasn't read yet.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Where it came from, without login and query.
    pub(crate) shown: String,
    response: Response,
    until: Instant,
}

impl Http {
    /// Asks, and follows redirects.
    pub(crate) fn get(&self, get: &Get<'_>) -> Result<Answer, Error> {
        let until = Instant::now() + ANSWER_TIMEOUT;
        let mut url = get.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let request = self.client(get.repository, &url)?.get(url.clone());
            let response = get.fill(request, &url).send();
            let response = response.map_err(|e| unreachable(&url, e))?;
            if let Some(next) = redirected(&url, &response)? {
                url = next;
                continue;
            }
            return Ok(Answer {
                status: response.status(),
                headers: response.headers().clone(),
                shown: shown(&url),
                response,
                until,
            });
        }
        let first = shown(&get.url);
        Err(Error::new(
            Reason::RepositoryUnreachable,
            format!("{first} redirects more than {REDIRECTS_MAX} times"),
        ))
    }

    fn client(&self, repository: &ChartRepository, url: &Url) -> Result<Client, Error> {
        let is_plain = url.scheme() == "http";
        let near = match url.host_str() {
            Some("127.0.0.1" | "localhost" | "[::1]") if is_plain => Near::Yes,
            _ => Near::No,
        };
        let mut tls = if is_plain {
            Tls::default()
        } else {
            repository.tls.clone()
        };
        if url.origin() != repository.url.origin() {
            tls.identity = None;
        }
        if let Some(client) = lock(&self.0).get(&(tls.clone(), near)) {
            return Ok(client.clone());
        }
        let client = client(&tls, near).map_err(|e| {
            let (shown, e) = (repository.shown(), chain(&e.without_url()));
            let text = format!("the certificates for {shown} can't be used: {e}");
            Error::new(Reason::CertificateInvalid, text)
        })?;
        let mut clients = lock(&self.0);
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert((tls, near), client.clone());
        Ok(client)
    }
}

fn client(tls: &Tls, near: Near) -> reqwest::Result<Client> {
    // An error means that the process has chosen its TLS provider already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(SILENCE_TIMEOUT)
        .redirect(redirect::Policy::none());
    if near == Near::Yes {
        // No proxy knows this machine by that name, either.
        return builder.tls_certs_only([]).no_proxy().build();
    }
    if let Some(authorities) = &tls.authorities {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(authorities.as_bytes())?);
    }
    if let Some(identity) = &tls.identity {
        builder = builder.identity(Identity::from_pem(identity.as_bytes())?);
    }
    builder
        .tls_danger_accept_invalid_certs(tls.verify == Verify::No)
        .build()
}

/// Returns where an answer redirects to.
fn redirected(from: &Url, response: &Response) -> Result<Option<Url>, Error> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refuse = |why: &str| {
        let text = format!("{} redirects {why}", shown(from));
        Err(Error::new(Reason::RepositoryInvalid, text))
    };
    let Some(Ok(to)) = response.headers().get(header::LOCATION).map(|v| v.to_str()) else {
        return refuse("to nowhere");
    };
    let Ok(mut to) = from.join(to) else {
        return refuse("to something that is no URL");
    };
    if !matches!(to.scheme(), "http" | "https") {
        return refuse(&format!("to {}, which is not HTTP", to.scheme()));
    }
    if !may_lead(from, &to) {
        return refuse(&format!(
            "to {}, which is for this machine alone",
            shown(&to)
        ));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return refuse(&format!("from https to {}, in clear text", shown(&to)));
    }
    // Nobody else says which login we use.
    if to
        .set_username("")
        .and_then(|()| to.set_password(None))
        .is_err()
    {
        return refuse("to something that is no URL");
    }
    Ok(Some(to))
}

/// Returns true if what a server says may send us from one URL to another: nobody outside sends
/// us to this machine or to its link, where clouds hand out credentials. Names are not looked up
/// for it.
pub(super) fn may_lead(from: &Url, to: &Url) -> bool {
    !is_near(to) || is_near(from)
}

fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let near_v4 = |ip: Ipv4Addr| ip.is_loopback() || ip.is_link_local() || ip.is_unspecified();
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(ip)) => near_v4(ip),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unicast_link_local()
                || ip.to_ipv4_mapped().is_some_and(near_v4)
        }
        Err(_) => {
            let host = host.trim_end_matches('.');
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

fn unreachable(url: &Url, e: reqwest::Error) -> Error {
    // The URL may have secrets in its query: we say it in our own words.
    let why = chain(&e.without_url());
    let text = format!("{} can't be reached: {why}", shown(url));
    Error::new(Reason::RepositoryUnreachable, text)
}

impl Answer {
    /// Returns a header that is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns what the server calls this version of the answer.
    pub(crate) fn validators(&self) -> Validators {
        let text = |name| self.header(&name).map(str::to_owned);
        Validators {
            etag: text(header::ETAG),
            last_modified: text(header::LAST_MODIFIED),
        }
    }

    /// Returns the body, decompressed if it was compressed on its way, as long as it may last.
    fn body(self, bytes_max: u64) -> (impl Read, String) {
        let is_gzip = self
            .header(&header::CONTENT_ENCODING)
            .is_some_and(|e| e.eq_ignore_ascii_case("gzip"));
        let timed = Timed {
            inner: self.response,
            until: self.until,
        };
        let body: Box<dyn Read> = if is_gzip {
            Box::new(flate2::read::MultiGzDecoder::new(timed))
        } else {
            Box::new(timed)
        };
        // One more than allowed, to tell the limit from the end.
        (body.take(bytes_max + 1), self.shown)
    }

    /// Reads the body into memory.
    pub(crate) fn bytes(self, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.copy(bytes_max as u64, &mut bytes)?;
        Ok(bytes)
    }

    /// Copies the body; returns its digest and size.
    pub(crate) fn copy(self, bytes_max: u64, to: &mut impl Write) -> Result<(Digest, u64), Error> {
        let (mut body, shown) = self.body(bytes_max);
        let (mut hasher, mut size) = (Hasher::default(), 0);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let n = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    let text = format!("{shown} breaks off: {}", without_url(&e));
                    return Err(Error::new(Reason::RepositoryUnreachable, text));
                }
            };
            size += n as u64;
            if size > bytes_max {
                let text = format!("{shown} has more than {bytes_max} bytes, which is the limit");
                return Err(Error::new(Reason::TooLarge, text));
            }
            hasher.update(&buffer[..n]);
            to.write_all(&buffer[..n]).map_err(|e| {
                let text = format!("keep {shown} in the cache: {e}");
                Error::new(Reason::CacheFailed, text)
            })?;
        }
        Ok((hasher.finish(), size))
    }

    /// Returns the server's own words about an error, on one line.
    pub(crate) fn explanation(self) -> String {
        let mut bytes = Vec::new();
        let (body, _) = self.body(EXPLANATION_BYTES_MAX);
        // Half an explanation is one, too.
        drop(body.take(EXPLANATION_BYTES_MAX).read_to_end(&mut bytes));
        let json = value::Value::parse(&bytes).unwrap_or_default();
        let message = json
            .array_at(&["errors"])
            .first()
            .map_or("", |e| e.str_at(&["message"]));
        let message: String = message
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        if message.is_empty() {
            String::new()
        } else {
            format!(" ({message})")
        }
    }
}

/// Returns the words of an error without the URL that the client puts in.
fn without_url(e: &std::io::Error) -> String {
    let inner = e.get_ref().and_then(|e| e.downcast_ref::<reqwest::Error>());
    match inner {
        Some(inner) => std::error::Error::source(inner)
            .map_or_else(|| "the connection ended".to_owned(), chain),
        None => e.to_string(),
    }
}

/// A body that may not take for ever.
struct Timed {
    inner: Response,
    until: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if Instant::now() > self.until {
            let text = format!("it takes longer than {} s", ANSWER_TIMEOUT.as_secs());
            return Err(std::io::Error::other(text));
        }
        self.inner.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_outside_sends_us_to_this_machine() {
        let outside = Url::parse("https://charts.example.com/x").unwrap();
        let here = Url::parse("http://127.0.0.1:8080/x").unwrap();
        for near in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://0.0.0.0/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fe80::1]/",
            "http://localhost:6443/",
            "http://LOCALHOST./",
            "http://x.localhost/",
        ] {
            let near = Url::parse(near).unwrap();
            assert!(!may_lead(&outside, &near), "{near}");
            assert!(may_lead(&here, &near), "{near}");
        }
        for far in [
            "http://10.0.0.7/",
            "https://cdn.example.com/",
            "http://chartmuseum.charts/",
        ] {
            let far = Url::parse(far).unwrap();
            assert!(may_lead(&outside, &far) && may_lead(&here, &far), "{far}");
        }
    }
}
