//! An OCI registry on a free loopback port, for one test.

use crate::archive::sha256;
use crate::charts::basic;
use crate::http::{HttpRequest, HttpResponse, HttpServer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// What a chart's image is said to be: nobody needs it.
const CONFIG: &[u8] = b"{}";
/// The token that the registry gives and takes.
const TOKEN: &str = "registry-token";

/// How a [`Registry`] behaves.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Whether it wants a token, which it gives to everybody or to `login` alone.
    pub wants_token: bool,
    /// User and password, if it asks for them; without `wants_token`, at every request.
    pub login: Option<(String, String)>,
    /// Tags on one page, whatever is asked for; 0 is all of them.
    pub page: usize,
    /// Where blobs are: answers with a redirect to that folder.
    pub blobs_at: Option<String>,
}

/// A registry with the charts that were pushed.
pub struct Registry {
    http: HttpServer,
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    /// Manifests by name, then by tag and by digest.
    manifests: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Registry {
    /// Starts a registry without charts.
    #[must_use]
    pub fn start(options: RegistryOptions) -> Self {
        let content: Arc<Mutex<Content>> = Arc::default();
        let served = Arc::clone(&content);
        let host: Arc<OnceLock<String>> = Arc::default();
        let known_host = Arc::clone(&host);
        let http = HttpServer::start(move |request| {
            let content = served.lock().unwrap_or_else(PoisonError::into_inner);
            let host = known_host.get().map_or("", String::as_str);
            answer(&content, &options, host, request)
        });
        host.get_or_init(|| http.addr().to_string());
        Self { http, content }
    }

    /// Returns the host and port.
    #[must_use]
    pub fn host(&self) -> String {
        self.http.addr().to_string()
    }

    /// Pushes a chart as `name:tag`, `name` with its folders; returns the manifest's digest.
    pub fn push(&self, name: &str, tag: &str, archive: &[u8]) -> String {
        self.push_layer(name, tag, CHART_LAYER, archive)
    }

    /// Pushes something with one layer of any type.
    pub fn push_layer(&self, name: &str, tag: &str, kind: &str, layer: &[u8]) -> String {
        let digest = format!("sha256:{}", sha256(layer));
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:{}","size":2}},"layers":[{{"mediaType":"{kind}","digest":"{digest}","size":{}}}]}}"#,
            sha256(CONFIG),
            layer.len()
        );
        self.change(|c| {
            c.blobs.insert(digest, layer.to_vec());
            c.blobs
                .insert(format!("sha256:{}", sha256(CONFIG)), CONFIG.to_vec());
        });
        self.push_manifest(name, tag, manifest.as_bytes())
    }

    /// Pushes a manifest as it is.
    pub fn push_manifest(&self, name: &str, tag: &str, manifest: &[u8]) -> String {
        let digest = format!("sha256:{}", sha256(manifest));
        self.change(|c| {
            let tags = c.manifests.entry(name.to_owned()).or_default();
            tags.insert(tag.to_owned(), manifest.to_vec());
            tags.insert(digest.clone(), manifest.to_vec());
        });
        digest
    }

    /// Replaces a blob by bytes of another digest.
    pub fn damage(&self, archive: &[u8], by: &[u8]) {
        let digest = format!("sha256:{}", sha256(archive));
        self.change(|c| c.blobs.insert(digest, by.to_vec()));
    }

    /// Returns the requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<HttpRequest> {
        self.http.seen()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Content) -> T) {
        change(&mut self.content.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn answer(
    content: &Content,
    options: &RegistryOptions,
    host: &str,
    request: &HttpRequest,
) -> HttpResponse {
    let (path, query) = request.split();
    let authorization = request.header("authorization");
    let login = options
        .login
        .as_ref()
        .map(|(user, password)| basic(user, password));
    if path == "/token" {
        return if login.is_none_or(|login| login == authorization) {
            HttpResponse::new(200, format!(r#"{{"token":"{TOKEN}","expires_in":300}}"#))
        } else {
            HttpResponse::new(
                401,
                r#"{"errors":[{"message":"incorrect username or password"}]}"#,
            )
        };
    }
    if options.wants_token && authorization != format!("Bearer {TOKEN}") {
        let challenge = format!(
            r#"Bearer realm="http://{host}/token",service="test",scope="repository:x:pull""#
        );
        return HttpResponse::new(401, "").with("WWW-Authenticate", challenge);
    }
    if !options.wants_token && login.is_some_and(|login| login != authorization) {
        return HttpResponse::new(401, "").with("WWW-Authenticate", "Basic realm=\"test\"");
    }
    let parts: Option<(&str, &str)> = path
        .strip_prefix("/v2/")
        .and_then(|path| path.rsplit_once('/'));
    let Some((folder, last)) = parts else {
        return HttpResponse::new(404, "");
    };
    if let Some(name) = folder.strip_suffix("/tags") {
        return tags(content, options, name, query);
    }
    if let Some(name) = folder.strip_suffix("/manifests") {
        return match content.manifests.get(name).and_then(|tags| tags.get(last)) {
            Some(manifest) => HttpResponse::new(200, manifest.clone())
                .with("Content-Type", MANIFEST)
                .with(
                    "Docker-Content-Digest",
                    format!("sha256:{}", sha256(manifest)),
                ),
            None => HttpResponse::new(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
        };
    }
    match (&options.blobs_at, content.blobs.get(last)) {
        (Some(elsewhere), _) => {
            HttpResponse::new(307, "").with("Location", format!("{elsewhere}/{last}"))
        }
        (None, Some(blob)) => HttpResponse::new(200, blob.clone()),
        (None, None) => HttpResponse::new(404, ""),
    }
}

fn tags(content: &Content, options: &RegistryOptions, name: &str, query: &str) -> HttpResponse {
    let Some(manifests) = content.manifests.get(name) else {
        return HttpResponse::new(404, r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#);
    };
    let last = query
        .split('&')
        .find_map(|p| p.strip_prefix("last="))
        .unwrap_or_default();
    let tags: Vec<&str> = manifests
        .keys()
        .map(String::as_str)
        .filter(|tag| !tag.starts_with("sha256:") && *tag > last)
        .collect();
    let page = if options.page == 0 {
        tags.len()
    } else {
        options.page
    };
    let quoted: Vec<String> = tags.iter().take(page).map(|t| format!("{t:?}")).collect();
    let body = format!(r#"{{"name":"{name}","tags":[{}]}}"#, quoted.join(","));
    let answer = HttpResponse::new(200, body);
    if tags.len() > page {
        let last = tags[page - 1];
        answer.with(
            "Link",
            format!("</v2/{name}/tags/list?last={last}&n={page}>; rel=\"next\""),
        )
    } else {
        answer
    }
}
