//! The wire: connections, paths and media types around the registry.

mod auth;
mod body;
mod discovery;
mod negotiate;
mod objects;
mod openapi;
mod params;
mod path;
mod respond;
mod reviews;
mod tls;
mod twice;
mod watching;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;

pub(crate) use auth::Tokens;
pub(crate) use body::go_error;
pub(crate) use tls::{Identity, accept};

use crate::failure::Failure;
use crate::registry::{Caller, Registry};
use negotiate::Accept;
use params::Params;

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A handler for paths that are not Kubernetes' own.
pub type Mount = Arc<
    dyn Fn(Request<Incoming>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send + Sync,
>;

/// Everything that answering a request needs.
pub(crate) struct Service {
    pub(crate) registry: Registry,
    pub(crate) tokens: Tokens,
    pub(crate) mounts: Vec<(String, Mount)>,
    pub(crate) address: String,
}

/// A request, taken apart.
pub(crate) struct Call {
    method: Method,
    path: String,
    params: Params,
    accept: Accept,
    headers: http::HeaderMap,
    caller: Caller,
    body: Option<Incoming>,
}

impl Service {
    /// Answers a request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let mount = self
            .mounts
            .iter()
            .find(|(prefix, _)| request.uri().path().starts_with(prefix));
        if let Some((_, mount)) = mount {
            return mount(request).await;
        }
        let (parts, body) = request.into_parts();
        let accept = Accept::parse(&parts.headers);
        let head = parts.method == Method::HEAD;
        let caller = match self.tokens.caller(&parts.headers) {
            Ok(caller) => caller,
            Err(failure) => return respond::failure(&failure, &accept),
        };
        let call = Call {
            method: parts.method,
            path: path::decode(parts.uri.path()),
            params: Params::parse(parts.uri.query().unwrap_or_default()),
            accept,
            headers: parts.headers,
            caller,
            body: Some(body),
        };
        let fallback = call.accept.clone();
        let answer = self.route(call).await;
        let mut response = answer.unwrap_or_else(|failure| respond::failure(&failure, &fallback));
        if head {
            *response.body_mut() = respond::empty();
        }
        response
    }

    async fn route(self: Arc<Self>, call: Call) -> Result<Response<Body>, Failure> {
        let path = call.path.clone();
        match path.as_str() {
            "/version" | "/healthz" | "/livez" | "/readyz" => {}
            _ => self.tokens.admit(&call)?,
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["version"] | ["version", ""] => discovery::version(&call),
            ["healthz" | "livez" | "readyz", ..] => discovery::health(&call, &segments),
            ["openapi", rest @ ..] => openapi::answer(&self, &call, rest),
            ["api"] | ["api", ""] => discovery::core(&self, &call),
            ["apis"] | ["apis", ""] => discovery::groups(&self, &call),
            ["apis", group] | ["apis", group, ""] => discovery::group(&self, &call, group),
            ["api", "v1"] | ["api", "v1", ""] => discovery::resources(&self, &call, "", "v1"),
            ["apis", group, version] | ["apis", group, version, ""] => {
                discovery::resources(&self, &call, group, version)
            }
            ["api", "v1", rest @ ..] => {
                let rest: Vec<String> = rest.iter().map(|s| (*s).to_owned()).collect();
                objects::answer(&self, call, "", "v1", &rest).await
            }
            ["api", _, ..] => Err(Failure::no_resource()),
            ["apis", group, version, rest @ ..] => {
                let rest: Vec<String> = rest.iter().map(|s| (*s).to_owned()).collect();
                objects::answer(&self, call, group, version, &rest).await
            }
            [""] => discovery::root(&self, &call),
            [".well-known", "openid-configuration"] => discovery::openid(&self, &call),
            _ => Err(Failure::no_page()),
        }
    }
}
