//! Requests to an API server, as bytes: typed objects are for those who need them.

use bytes::Bytes;
use futures_util::{AsyncBufRead, AsyncBufReadExt};
use http::{Method, Request};
use kube::client::Body;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use value::Value;

/// What the server answered instead of what was asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status; 0 if there was no answer.
    pub code: u16,
    /// The reason, in CamelCase: `NotFound`, `Conflict`, `Expired`, ...
    pub reason: String,
    /// The server's sentence.
    pub message: String,
}

impl ApiError {
    /// Returns true if there is no such object, or no such kind.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        self.code == 404
    }

    /// Returns true if the revision that was asked for is forgotten.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.code == 410
    }

    /// Returns true if the server could not be reached.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        self.code == 0
    }

    fn unreachable(source: &dyn std::error::Error) -> Self {
        let mut message = source.to_string();
        let mut next = source.source();
        while let Some(cause) = next {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            next = cause.source();
        }
        Self {
            code: 0,
            reason: "Unreachable".into(),
            message,
        }
    }

    /// Reads a `Status`, or whatever else the server said.
    pub(crate) fn from_answer(code: u16, body: &[u8]) -> Self {
        let status = Value::parse(body).ok();
        let text = |name: &str| status.as_ref().map_or("", |s| s.str_at(&[name])).to_owned();
        let message = match text("message") {
            m if m.is_empty() => String::from_utf8_lossy(body).trim().to_owned(),
            m => m,
        };
        Self {
            code,
            reason: text("reason"),
            message,
        }
    }
}

/// Why no connection could be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig can't be read.
    #[error("kubeconfig {path}: {message}")]
    Kubeconfig {
        /// The file, or `default`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The client can't be made.
    #[error("client: {0}")]
    Client(String),
}

/// A connection to one API server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    kube: kube::Client,
    namespace: Arc<str>,
    /// Whose rights count instead of ours.
    user: Option<Arc<str>>,
    requests: Arc<AtomicU64>,
}

impl Client {
    /// Connects with a kubeconfig file, or with what the environment offers (`KUBECONFIG`,
    /// `~/.kube/config`, a pod's service account).
    ///
    /// # Errors
    /// Fails if there is no usable configuration; the server itself isn't asked yet.
    pub async fn connect(kubeconfig: Option<&Path>) -> Result<Self, ConnectError> {
        let config = match kubeconfig {
            Some(path) => {
                let wrong = |e: &dyn std::fmt::Display| ConnectError::Kubeconfig {
                    path: path.display().to_string(),
                    message: e.to_string(),
                };
                let file = kube::config::Kubeconfig::read_from(path).map_err(|e| wrong(&e))?;
                kube::Config::from_custom_kubeconfig(
                    file,
                    &kube::config::KubeConfigOptions::default(),
                )
                .await
                .map_err(|e| wrong(&e))?
            }
            None => kube::Config::infer()
                .await
                .map_err(|e| ConnectError::Kubeconfig {
                    path: "default".into(),
                    message: e.to_string(),
                })?,
        };
        let namespace = config.default_namespace.as_str().into();
        let kube =
            kube::Client::try_from(config).map_err(|e| ConnectError::Client(e.to_string()))?;
        Ok(Self {
            kube,
            namespace,
            user: None,
            requests: Arc::default(),
        })
    }

    /// Returns the namespace of the kubeconfig's context.
    #[must_use]
    pub fn default_namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the same connection, on which the rights of another user count
    /// (`Impersonate-User`).
    #[must_use]
    pub fn acting_as(&self, user: &str) -> Self {
        Self {
            user: Some(user.into()),
            ..self.clone()
        }
    }

    /// Returns how many requests were sent, watches included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Begins a request: who sends it, and whose rights count.
    fn request(&self, path: &str) -> http::request::Builder {
        let request = Request::builder()
            .uri(path)
            .header(http::header::USER_AGENT, USER_AGENT);
        match &self.user {
            None => request,
            Some(user) => request.header("Impersonate-User", &**user),
        }
    }

    /// Sends one request and returns the answer's body.
    ///
    /// # Errors
    /// Fails with the server's own words for any status but success.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Bytes, ApiError> {
        let mut request = self.request(path).method(method);
        if !content_type.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, content_type);
        }
        let accept = if path.starts_with("/api?") || path.starts_with("/apis?") {
            DISCOVERY_ACCEPT
        } else {
            "application/json"
        };
        let request = request
            .header(http::header::ACCEPT, accept)
            .body(Body::from(body));
        let request = request.map_err(|e| ApiError::unreachable(&e))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self
            .kube
            .send(request)
            .await
            .map_err(|e| ApiError::unreachable(&e))?;
        let code = answer.status();
        let body = answer
            .into_body()
            .collect_bytes()
            .await
            .map_err(|e| ApiError::unreachable(&e))?;
        if code.is_success() {
            Ok(body)
        } else {
            Err(ApiError::from_answer(code.as_u16(), &body))
        }
    }

    /// Gets one document.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        parse(&self.send(Method::GET, path, "", Vec::new()).await?)
    }

    /// Creates an object.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        parse(
            &self
                .send(Method::POST, path, "application/json", object.to_vec())
                .await?,
        )
    }

    /// Applies a JSON merge patch.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn merge_patch(&self, path: &str, patch: &Value) -> Result<Value, ApiError> {
        let content_type = "application/merge-patch+json";
        parse(
            &self
                .send(Method::PATCH, path, content_type, patch.to_vec())
                .await?,
        )
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn delete(&self, path: &str, options: &Value) -> Result<Value, ApiError> {
        parse(
            &self
                .send(Method::DELETE, path, "application/json", options.to_vec())
                .await?,
        )
    }

    /// Opens a stream of lines.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn lines(
        &self,
        path: &str,
    ) -> Result<impl AsyncBufRead + Unpin + Send + use<>, ApiError> {
        let request = self
            .request(path)
            .header(http::header::ACCEPT, "application/json")
            .body(Body::empty())
            .map_err(|e| ApiError::unreachable(&e))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self
            .kube
            .send(request)
            .await
            .map_err(|e| ApiError::unreachable(&e))?;
        let code = answer.status();
        if !code.is_success() {
            let body = answer
                .into_body()
                .collect_bytes()
                .await
                .map_err(|e| ApiError::unreachable(&e))?;
            return Err(ApiError::from_answer(code.as_u16(), &body));
        }
        let stream = http_body_util::BodyDataStream::new(answer.into_body());
        let stream = futures_util::TryStreamExt::map_err(stream, std::io::Error::other);
        Ok(futures_util::TryStreamExt::into_async_read(Box::pin(
            stream,
        )))
    }
}

const USER_AGENT: &str = concat!("windlass/", env!("CARGO_PKG_VERSION"));
const DISCOVERY_ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// Reads one line of a stream into `line`; false at its end.
pub(crate) async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> std::io::Result<bool> {
    line.clear();
    Ok(reader.read_until(b'\n', line).await? > 0)
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    Value::parse(body).map_err(|e| ApiError {
        code: 0,
        reason: "Unreadable".into(),
        message: format!("the API server's answer is not JSON: {e}"),
    })
}
