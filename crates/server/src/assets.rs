//! The dashboard's files, compressed when they were built.

use crate::call::{Answer, Call, Content};
use crate::refusal::Refusal;
use bytes::Bytes;
use http::{HeaderValue, header};

/// Every file of `ui/dist`, by path, sorted.
const FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/dist.rs"));

/// What is shown in a browser if the dashboard wasn't built.
const BARE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Windlass</title>\
<h1>Windlass</h1><p>This build has no dashboard in it. The API is at <a href=\"/api/v1/board\">\
/api/v1/board</a>; the command line is <code>windlass app list</code>.</p></html>";

fn file(name: &str) -> Option<&'static [u8]> {
    let found = FILES.binary_search_by(|(n, _)| (*n).cmp(name)).ok()?;
    Some(FILES[found].1)
}

/// Returns a file below `/ui/`: its name holds a digest, so it never changes.
pub(crate) fn asset(call: &Call) -> Result<Answer, Refusal> {
    let name = call.path.strip_prefix("/ui/").unwrap_or_default();
    // Vite puts them below `assets/`, under a base of `/ui/`.
    let answer = serve(name, call).ok_or_else(|| Refusal::not_found("there is no such file"))?;
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    Ok(answer.with(header::CACHE_CONTROL, forever))
}

/// Returns a page: the script finds out which.
pub(crate) fn page(call: &Call) -> Answer {
    let answer = serve("index.html", call);
    let answer = answer.unwrap_or_else(|| Answer::text("text/html; charset=utf-8", BARE));
    answer.with(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
}

/// Returns a file of the root that browsers ask for by name, if there is one.
pub(crate) fn root_file(call: &Call) -> Option<Answer> {
    let name = call.path.strip_prefix('/')?;
    let is_file = name.contains('.') && !name.contains('/') && name != "index.html";
    let answer = is_file.then(|| serve(name, call)).flatten()?;
    Some(answer.with(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}

fn serve(name: &str, call: &Call) -> Option<Answer> {
    let plain = file(name)?;
    let accepted = call.header(&header::ACCEPT_ENCODING);
    let encoded = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .find_map(|(coding, ending)| {
            let is_accepted = accepted
                .split(',')
                .any(|c| c.trim().split(';').next() == Some(coding));
            let bytes = is_accepted
                .then(|| file(&format!("{name}.{ending}")))
                .flatten()?;
            Some((coding, bytes))
        });
    let mut answer = Answer::text(content_type(name), Bytes::from_static(plain));
    answer = answer.with(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some((coding, bytes)) = encoded {
        answer.content = Content::Encoded(Bytes::from_static(bytes));
        answer = answer.with(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    } else {
        // Who takes neither gets it as it is.
        answer.content = Content::Encoded(Bytes::from_static(plain));
    }
    Some(answer)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" | "webmanifest" => "application/json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
