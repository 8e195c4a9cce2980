//! Logs of an application's pods, as they are written.

use super::resources;
use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::detail;
use crate::refusal::{Code, Refusal};
use bytes::Bytes;
use cluster::LiveObject;
use futures_util::AsyncBufReadExt as _;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc;
use value::{Value, json};

/// Pods whose logs are read together, as in Argo CD.
const PODS_MAX: usize = 10;
/// Lines that are asked for of each container, unless the request says how many.
const LINES: i64 = 1_000;
const LINES_MAX: i64 = 100_000;
/// Bytes of one line; the rest of a longer one is left out.
const LINE_MAX: usize = 64 * 1024;
/// Lines that wait for who reads.
const WAITING_MAX: usize = 256;

/// One container's log.
struct Source {
    pod: String,
    path: String,
}

/// `GET /api/v1/applications/{app}/logs`
pub(crate) async fn logs(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let permit = app.permit_logs()?;
    let sources = sources(&app, &call)?;
    let follow = call.flag("follow");
    let filter = Filter::parse(call.param("filter"));
    let client = app.acting_client(&permit)?;
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let (first, rest) = sources.split_at(1.min(sources.len()));
    // A log that can't be read at all is said at once.
    if let Some(first) = first.first() {
        let opened = client.lines(&first.path).await;
        let reader = opened.map_err(|error| {
            let hint = match app.desk().settings.mode.is_simulated() {
                true => "workloads are simulated here: they write nothing",
                false => "look whether the container runs",
            };
            Refusal::from(error).hint(hint)
        })?;
        tokio::spawn(pump(
            reader,
            first.pod.clone(),
            filter.clone(),
            sender.clone(),
        ));
    }
    for source in rest {
        let (client, filter, sender) = (client.clone(), filter.clone(), sender.clone());
        let (path, pod) = (source.path.clone(), source.pod.clone());
        tokio::spawn(async move {
            if let Ok(reader) = client.lines(&path).await {
                pump(reader, pod, filter, sender).await;
            }
        });
    }
    tokio::spawn(async move {
        // The last line of all says that it is; while it is followed there is none.
        if !follow {
            last(&sender).await;
        }
    });
    Ok(Answer::stream("application/json", receiver))
}

async fn last(sender: &mpsc::Sender<Bytes>) {
    // The others have sent all they have when only this one is left.
    while sender.strong_count() > 1 && !sender.is_closed() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let line = json!({"result": {"content": "", "last": true, "timeStampStr": ""}});
    // An error means that nobody reads any more.
    let _gone = sender.send(piece(&line)).await;
}

fn piece(line: &Value) -> Bytes {
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    bytes.into()
}

/// Which lines are wanted: all with a text, or with `!` all without.
#[derive(Clone)]
struct Filter {
    text: String,
    inverse: bool,
}

impl Filter {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('!') {
            Some(text) => Self {
                text: text.to_owned(),
                inverse: true,
            },
            None => Self {
                text: text.to_owned(),
                inverse: false,
            },
        }
    }

    fn takes(&self, line: &str) -> bool {
        self.text.is_empty() || line.contains(&self.text) != self.inverse
    }
}

async fn pump(
    mut reader: impl futures_util::AsyncBufRead + Unpin,
    pod: String,
    filter: Filter,
    sender: mpsc::Sender<Bytes>,
) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = tokio::select! {
            read = reader.read_until(b'\n', &mut line) => read,
            () = sender.closed() => return,
        };
        if !matches!(read, Ok(1..)) {
            return;
        }
        line.truncate(LINE_MAX);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\n');
        let (stamp, content) = text.split_once(' ').unwrap_or(("", text));
        let (stamp, content) = match engine::parse_time(stamp) {
            Some(_) => (stamp, content),
            None => ("", text),
        };
        if !filter.takes(content) {
            continue;
        }
        let mut it = json!({"result": {
            "content": content, "timeStampStr": stamp, "last": false, "podName": pod.as_str(),
        }});
        // Go reads no empty time.
        if !stamp.is_empty() {
            it.set_at(&["result", "timeStamp"], stamp);
        }
        if sender.send(piece(&it)).await.is_err() {
            return;
        }
    }
}

fn sources(app: &App, call: &Call) -> Result<Vec<Source>, Refusal> {
    let pods = pods(app, call)?;
    if pods.is_empty() {
        return Err(Refusal::not_found("there is no pod to read the log of"));
    }
    if pods.len() > PODS_MAX {
        return Err(Refusal::new(
            Code::Precondition,
            format!(
                "max pods to view logs are reached: {} of at most {PODS_MAX}",
                pods.len()
            ),
        )
        .hint("choose a pod"));
    }
    let sources = pods.iter().map(|pod| {
        let value = pod.value();
        let containers = value.array_at(&["spec", "containers"]);
        let container = match call.param("container") {
            "" => containers.first().map_or("", |c| c.str_at(&["name"])).to_owned(),
            name => name.to_owned(),
        };
        let plain = |text: &str| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        };
        if !plain(&container) {
            return Err(Refusal::invalid("container: that is no name"));
        }
        let tail = call.param("tailLines").parse().unwrap_or(LINES).clamp(0, LINES_MAX);
        let mut path = format!(
            "/api/v1/namespaces/{}/pods/{}/log?container={container}&timestamps=true&tailLines={tail}",
            pod.key.namespace, pod.key.name
        );
        for name in ["follow", "previous"] {
            if call.flag(name) {
                path.push_str(&format!("&{name}=true"));
            }
        }
        if let Ok(seconds) = call.param("sinceSeconds").parse::<u32>()
            && seconds > 0
        {
            path.push_str(&format!("&sinceSeconds={seconds}"));
        }
        Ok(Source {
            pod: pod.key.name.to_string(),
            path,
        })
    });
    sources.collect()
}

/// Returns the pods that a request is about: one, those below a workload, or all.
fn pods(app: &App, call: &Call) -> Result<Vec<Arc<LiveObject>>, Refusal> {
    let name = match (call.param("podName"), call.captures.get(1)) {
        ("", Some(pod)) => pod,
        (pod, _) => pod,
    };
    let nodes = detail::live_nodes(app);
    let is_pod = |live: &LiveObject| &*live.key.kind == "Pod" && live.key.group.is_empty();
    let in_namespace = |live: &LiveObject| {
        let namespace = call.param("namespace");
        namespace.is_empty() || namespace == &*live.key.namespace
    };
    if !name.is_empty() {
        let found = nodes.into_iter().map(|n| n.live);
        let mut found = found.filter(|l| is_pod(l) && *l.key.name == *name && in_namespace(l));
        return match found.next() {
            Some(pod) => Ok(vec![pod]),
            None => Err(Refusal::not_found(format!(
                "pod {name} not found as part of application {}",
                app.name()
            ))),
        };
    }
    if call.param("resourceName").is_empty() {
        let pods = nodes
            .into_iter()
            .map(|n| n.live)
            .filter(|l| is_pod(l) && in_namespace(l));
        return Ok(pods.collect());
    }
    let top = resources::object(app, call, &Value::Null)?;
    // Parents come before their children.
    let mut below: HashSet<Box<str>> = HashSet::from([top.uid.clone()]);
    let mut pods = Vec::new();
    for node in nodes {
        let is_below = node
            .parent
            .is_some_and(|parent| below.contains(&parent.uid));
        if is_below || node.live.uid == top.uid {
            below.insert(node.live.uid.clone());
            if is_pod(&node.live) {
                pods.push(node.live);
            }
        }
    }
    Ok(pods)
}

/// Returns a text as a query has it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
