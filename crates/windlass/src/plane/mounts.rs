//! What is served beside the Kubernetes API: Git, and a demo's buttons.

use super::Commits;
use controlplane::{Body, Mount};
use githost::Host;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use std::sync::Arc;

/// Serves the Git repositories below `/git/`.
pub(crate) fn git(host: Arc<Host>) -> Mount {
    Arc::new(move |request| {
        let host = Arc::clone(&host);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = Limited::new(body, githost::BODY_MAX).collect().await else {
                return answer(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "text/plain",
                    "too large\n".into(),
                );
            };
            let body = body.to_bytes();
            let served = tokio::task::spawn_blocking(move || {
                let header = |name: &str| {
                    let value = parts.headers.get(name).and_then(|v| v.to_str().ok());
                    value.unwrap_or("").to_owned()
                };
                let (protocol, authorization, encoding) = (
                    header("git-protocol"),
                    header("authorization"),
                    header("content-encoding"),
                );
                host.handle(&githost::Request {
                    method: parts.method.as_str(),
                    path: parts.uri.path().strip_prefix("/git").unwrap_or_default(),
                    query: parts.uri.query().unwrap_or_default(),
                    protocol: &protocol,
                    authorization: &authorization,
                    content_encoding: &encoding,
                    body: &body,
                })
            });
            match served.await {
                Ok(served) => {
                    let status = StatusCode::from_u16(served.status)
                        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                    answer(status, &served.content_type, served.body)
                }
                Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Vec::new()),
            }
        })
    })
}

/// Serves `POST /demo/NAME`: makes the commit of that name, for whoever has the token.
pub(crate) fn demo(token: &str, commits: Commits) -> Mount {
    let wanted = format!("Bearer {token}");
    Arc::new(move |request| {
        let commits = Arc::clone(&commits);
        let given = request
            .headers()
            .get("authorization")
            .and_then(|v| v.to_str().ok());
        let allowed = given == Some(wanted.as_str());
        let name = request.uri().path().trim_start_matches("/demo/").to_owned();
        let post = request.method() == http::Method::POST;
        Box::pin(async move {
            if !allowed || !post {
                return answer(StatusCode::FORBIDDEN, "text/plain", "forbidden\n".into());
            }
            match tokio::task::spawn_blocking(move || commits(&name)).await {
                Ok(Ok(pushed)) => {
                    let body = value::json!({"commit": pushed.id.to_string()}).to_vec();
                    answer(StatusCode::OK, "application/json", body)
                }
                Ok(Err(e)) => {
                    let text = format!("{e}\n").into_bytes();
                    answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", text)
                }
                Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Vec::new()),
            }
        })
    })
}

fn answer(status: StatusCode, content_type: &str, body: Vec<u8>) -> Response<Body> {
    let body = Full::new(body.into())
        .map_err(|never| match never {})
        .boxed_unsync();
    let response = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("cache-control", "no-cache")
        .body(body);
    response.expect("the parts of an answer are well-formed")
}
