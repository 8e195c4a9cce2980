//! Pods: what a person wants to know of their containers in one word.

use jiff::Timestamp;
use value::{Value, json};

use super::row::Row;
use super::{Layout, format, layout};
use crate::kinds::Kind;

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "Pod" => layout(
            "Name|Ready|Status|Restarts|Age|+IP|+Node|+Nominated Node|+Readiness Gates",
            pod,
        ),
        "PodTemplate" => layout("Name|Containers|Images|Pod Labels", |row| {
            let containers = row.items("template.spec.containers");
            json!([
                row.name(),
                format::names(containers, "name", ","),
                format::names(containers, "image", ","),
                format::labels(row.at("template.metadata.labels")),
            ])
        }),
        _ => None,
    }
}

/// Returns what a client may sort finished pods out by.
pub(super) fn row_conditions(kind: &Kind, object: &Value) -> Option<Value> {
    if (kind.group.as_str(), kind.kind.as_str()) != ("", "Pod") {
        return None;
    }
    let (reason, message) = match object.str_at(&["status", "phase"]) {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

fn pod(row: &Row) -> Value {
    let summary = Summary::of(row);
    let ip = match row.items("status.podIPs").first() {
        Some(ip) => ip.str_at(&["ip"]).to_owned(),
        None => String::new(),
    };
    json!([
        row.name(),
        format!("{}/{}", summary.ready, summary.containers),
        summary.reason,
        restarts(summary.restarts, row.now),
        row.age(),
        format::or_none(ip),
        row.filled_or("spec.nodeName", "<none>"),
        row.filled_or("status.nominatedNodeName", "<none>"),
        readiness_gates(row),
    ])
}

fn restarts(restarts: Restarts, now: Timestamp) -> String {
    match restarts.last {
        Some(last) if restarts.count != 0 => {
            let ago = format::human_duration(now.duration_since(last).as_secs());
            format!("{} ({ago} ago)", restarts.count)
        }
        _ => restarts.count.to_string(),
    }
}

fn readiness_gates(row: &Row) -> String {
    let gates = row.items("spec.readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let met = gates
        .iter()
        .filter(|g| row.condition(g.str_at(&["conditionType"])) == Some("True"));
    format!("{}/{}", met.count(), gates.len())
}

#[derive(Debug, Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += container.i64_at(&["restartCount"]).unwrap_or(0);
        let finished = container
            .str_at(&["lastState", "terminated", "finishedAt"])
            .parse()
            .ok();
        self.last = self.last.max(finished);
    }
}

struct Summary {
    ready: usize,
    containers: usize,
    reason: String,
    restarts: Restarts,
}

impl Summary {
    fn of(row: &Row) -> Self {
        let init = row.items("spec.initContainers");
        let sidecars = init.iter().filter(|c| is_sidecar(c)).count();
        let mut summary = Self {
            ready: 0,
            containers: row.items("spec.containers").len() + sidecars,
            reason: row
                .filled_or("status.reason", row.text("status.phase"))
                .to_owned(),
            restarts: Restarts::default(),
        };
        let gated = row.items("status.conditions").iter().any(|c| {
            c.str_at(&["type"]) == "PodScheduled" && c.str_at(&["reason"]) == "SchedulingGated"
        });
        if gated {
            "SchedulingGated".clone_into(&mut summary.reason);
        }
        let (initializing, of_sidecars) = summary.initialise(row, init);
        if !initializing || row.condition("Initialized") == Some("True") {
            summary.restarts = of_sidecars;
            summary.started(row);
        }
        if row.deleting() {
            if row.text("status.reason") == "NodeLost" {
                "Unknown".clone_into(&mut summary.reason);
            } else if !matches!(row.text("status.phase"), "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut summary.reason);
            }
        }
        summary
    }

    /// Looks at the init containers up to the first that isn't done. Returns whether there is such
    /// a one, and the restarts of sidecars, which alone count later on.
    fn initialise(&mut self, row: &Row, init: &[Value]) -> (bool, Restarts) {
        let mut of_sidecars = Restarts::default();
        for (i, status) in row.items("status.initContainerStatuses").iter().enumerate() {
            let sidecar = init
                .iter()
                .any(|c| c.get("name") == status.get("name") && is_sidecar(c));
            self.restarts.add(status);
            if sidecar {
                of_sidecars.add(status);
            }
            let state = |name| status.at(&["state", name]).filter(|s| !s.is_null());
            let waiting = status.str_at(&["state", "waiting", "reason"]);
            match state("terminated") {
                Some(end) if end.i64_at(&["exitCode"]).unwrap_or(0) == 0 => continue,
                _ if sidecar && status.get("started").and_then(Value::as_bool) == Some(true) => {
                    self.ready += usize::from(is_ready(status));
                    continue;
                }
                Some(end) => self.reason = format!("Init:{}", end_reason(end)),
                None if !matches!(waiting, "" | "PodInitializing") => {
                    self.reason = format!("Init:{waiting}");
                }
                None => self.reason = format!("Init:{i}/{}", init.len()),
            }
            return (true, of_sidecars);
        }
        (false, of_sidecars)
    }

    /// Looks at the containers; the first that says why it isn't running gives the reason.
    fn started(&mut self, row: &Row) {
        let mut running = false;
        for status in row.items("status.containerStatuses").iter().rev() {
            self.restarts.add(status);
            let state = |name| status.at(&["state", name]).filter(|s| !s.is_null());
            let waiting = status.str_at(&["state", "waiting", "reason"]);
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.reason);
            } else if let Some(end) = state("terminated") {
                self.reason = end_reason(end);
            } else if is_ready(status) && state("running").is_some() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && running {
            let ready = row.condition("Ready") == Some("True");
            if ready { "Running" } else { "NotReady" }.clone_into(&mut self.reason);
        }
    }
}

fn is_sidecar(container: &Value) -> bool {
    container.str_at(&["restartPolicy"]) == "Always"
}

fn is_ready(status: &Value) -> bool {
    status.get("ready").and_then(Value::as_bool) == Some(true)
}

fn end_reason(end: &Value) -> String {
    let reason = end.str_at(&["reason"]);
    match end.i64_at(&["signal"]) {
        _ if !reason.is_empty() => reason.to_owned(),
        Some(signal) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", end.i64_at(&["exitCode"]).unwrap_or(0)),
    }
}
