//! The wire: connections and their limits, headers of every answer, compression.

use crate::access::{Caller, Desk};
use crate::call::{self, Answer, Call, Content};
use crate::refusal::{Code, Refusal};
use crate::{assets, auth, board, routes, session, sso};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Connections at the same time: 500 dashboards with some to spare.
const CONNECTIONS_MAX: usize = 4_096;
/// Bytes of a request's body; manifests are smaller.
const BODY_MAX: usize = 1024 * 1024;
/// Bytes of the body of somebody who hasn't logged in: a name and a password.
const OPEN_BODY_MAX: usize = 16 * 1024;
/// Bytes of a request's path and query.
const PATH_MAX: usize = 16 * 1024;
/// Headers are small and come at once.
const HEADERS_TIME: Duration = Duration::from_secs(10);
/// A body of the greatest size over a poor line.
const BODY_TIME: Duration = Duration::from_secs(30);
/// An answer that takes longer is given up; streams begin at once.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Smaller bodies gain nothing from compression.
const PACK_MIN: usize = 1_024;

/// Larger ones are compressed away from the threads that others wait for.
const PACK_HERE_MAX: usize = 128 * 1024;

/// What a page may load, and from where: from here only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'self'";

/// Takes connections until it is dropped.
pub(crate) async fn listen(listener: TcpListener, desk: Arc<Desk>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await;
        let Ok(permit) = permit else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, Arc::clone(&desk), permit));
            }
            Err(error) => {
                tracing::warn!(error = %error, "no connection could be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, desk: Arc<Desk>, _permit: OwnedSemaphorePermit) {
    // Small messages go out at once.
    let _slower = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(answer(desk, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIME)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the other side's affair.
    let _broken = connection.await;
}

async fn answer(desk: Arc<Desk>, request: Request<Incoming>) -> Response<Body> {
    let gzip = accepts_gzip(request.headers());
    let head = request.method() == Method::HEAD;
    let is_page = !request.uri().path().starts_with("/api/");
    let answered = tokio::time::timeout(ANSWER_TIME, respond(&desk, request)).await;
    let answer = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => Answer::from(&refusal),
        Err(_) => Answer::from(
            &Refusal::new(Code::Unavailable, "the answer takes too long").hint("try again"),
        ),
    };
    let answer = if gzip { packed(answer).await } else { answer };
    finish(answer, head, is_page)
}

/// Compresses what isn't yet, and gains by it.
async fn packed(mut answer: Answer) -> Answer {
    let Content::Plain(bytes) = &answer.content else {
        return answer;
    };
    if bytes.len() < PACK_MIN {
        return answer;
    }
    let packed = if bytes.len() < PACK_HERE_MAX {
        board::pack(bytes)
    } else {
        let bytes = bytes.clone();
        match tokio::task::spawn_blocking(move || board::pack(&bytes)).await {
            Ok(packed) => packed,
            Err(_) => return answer,
        }
    };
    answer.content = Content::Encoded(packed);
    answer.with(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))
}

async fn respond(desk: &Arc<Desk>, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path.len() + parts.uri.query().map_or(0, str::len) > PATH_MAX {
        return Err(Refusal::too_large("the path"));
    }
    desk.settings.admits_host(&parts.headers)?;
    let now = Timestamp::now();
    let is_api = path.starts_with("/api/");
    let mut known = desk.identify(&parts.headers, now);
    if known.is_err()
        && let Some(found) = sso::bearer(desk, &parts.headers, now).await
    {
        known = found.map(Some);
    }
    let identity = match known {
        Ok(identity) => identity,
        // A page shows the login; what was logged in before says so to the API alone.
        Err(_) if !is_api || session::is_open(&path) => None,
        Err(refusal) => return Err(refusal),
    };
    let method = match parts.method {
        Method::HEAD => Method::GET,
        method => method,
    };
    auth::meant(&method, &parts.headers, identity.as_ref())?;
    let caller = Arc::new(Caller::new(identity, desk.policies.current()));
    let body = if auth::is_safe(&method) {
        Bytes::new()
    } else {
        let max = if caller.identity.is_some() {
            BODY_MAX
        } else {
            OPEN_BODY_MAX
        };
        read(body, &parts.headers, max).await?
    };
    let call = Call {
        method,
        query: call::query(parts.uri.query().unwrap_or_default()),
        captures: Vec::new(),
        headers: parts.headers,
        caller,
        body,
        path,
    };
    if is_api || call.path == "/healthz" || call.path.starts_with("/auth/") {
        let renewed = match (&call.caller.identity, call.path.as_str()) {
            (Some(known), path) if known.ends_soon(now) && !session::is_open(path) => {
                let secure = auth::is_secure(&call.headers);
                let next = match desk.renew(&call.headers, now) {
                    None => desk.renew_sso(&call.headers, now).await,
                    next => next,
                };
                next.map(|token| auth::set_cookie(&token, secure))
            }
            _ => None,
        };
        let answer = routes::dispatch(desk, call).await?;
        return Ok(match renewed {
            Some(cookie) => answer.with(header::SET_COOKIE, cookie),
            None => answer,
        });
    }
    if call.method != Method::GET {
        return Err(Refusal::method());
    }
    if let Some(answer) = session::redeem(desk, &call, now) {
        return Ok(answer);
    }
    if call.path.starts_with("/ui/") {
        return assets::asset(&call);
    }
    Ok(assets::root_file(&call).unwrap_or_else(|| assets::page(&call)))
}

async fn read(body: Incoming, headers: &HeaderMap, max: usize) -> Result<Bytes, Refusal> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > max) {
        return Err(Refusal::too_large("the body"));
    }
    let collected = Limited::new(body, max).collect();
    match tokio::time::timeout(BODY_TIME, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Refusal::too_large("the body")),
        Err(_) => Err(Refusal::invalid("the body doesn't come")),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let value = headers.get(header::ACCEPT_ENCODING);
    let accepted = value.and_then(|v| v.to_str().ok()).unwrap_or("");
    accepted.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        matches!(name.trim(), "gzip" | "*") && quality.trim() != "q=0"
    })
}

fn finish(answer: Answer, head: bool, is_page: bool) -> Response<Body> {
    let mut headers = HeaderMap::new();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        headers.insert(name, HeaderValue::from_static("same-origin"));
    }
    if is_page {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
    } else {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, nothing);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    for (name, value) in answer.headers {
        if name == header::SET_COOKIE {
            headers.append(name, value);
        } else {
            headers.insert(name, value);
        }
    }
    let body = match answer.content {
        Content::Empty => full(Bytes::new()),
        Content::Encoded(bytes) | Content::Plain(bytes) => full(bytes),
        Content::Stream(_) if head => full(Bytes::new()),
        Content::Stream(receiver) => {
            let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
                receiver.recv().await.map(|piece| (piece, receiver))
            });
            let frames = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
            StreamBody::new(frames).boxed_unsync()
        }
    };
    let body = if head { full(Bytes::new()) } else { body };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}
