//! One application in a line.

use crate::causes::{self, Known};
use api::names;
use engine::{Hold, Pause, argo};
use jiff::Timestamp;
use std::fmt::Write as _;
use value::Value;

/// What a row's flags mean.
pub(crate) mod flag {
    pub(crate) const AUTO: u32 = 1;
    pub(crate) const SELF_HEAL: u32 = 1 << 1;
    pub(crate) const HELD: u32 = 1 << 2;
    pub(crate) const PAUSED: u32 = 1 << 3;
    pub(crate) const RUNNING: u32 = 1 << 4;
    pub(crate) const FAILED: u32 = 1 << 5;
    pub(crate) const DRIFT_OPEN: u32 = 1 << 6;
    /// Depends on who looks.
    pub(crate) const MAY_SYNC: u32 = 1 << 7;
    pub(crate) const ROLLED_BACK: u32 = 1 << 8;
    pub(crate) const DELETING: u32 = 1 << 9;
}

/// Drifts of an application: those that are open, and all of the last day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) open: u32,
    pub(crate) day: u32,
}

/// An application in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its number on this board.
    pub(crate) id: u32,
    pub(crate) ns: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) project: Box<str>,
    pub(crate) cluster: Box<str>,
    pub(crate) server: Box<str>,
    pub(crate) dest_ns: Box<str>,
    pub(crate) repo: Box<str>,
    pub(crate) path: Box<str>,
    pub(crate) sync: Box<str>,
    pub(crate) health: Box<str>,
    pub(crate) rev: Box<str>,
    pub(crate) since: i64,
    pub(crate) cause: Box<str>,
    pub(crate) next: Box<str>,
    pub(crate) drift: u32,
    pub(crate) flags: u32,
    pub(crate) resources: u32,
    pub(crate) labels: Box<str>,
}

impl Row {
    pub(crate) fn of(app: &Value, counts: Counts, known: Option<&Known>, now: Timestamp) -> Self {
        let text = |path: &[&str]| -> Box<str> { app.str_at(path).into() };
        let standing = causes::standing(app, known, now);
        let source = app
            .at(&["spec", "source"])
            .or_else(|| app.array_at(&["spec", "sources"]).first())
            .unwrap_or(&Value::Null);
        let place = match source.str_at(&["path"]) {
            "" => source.str_at(&["chart"]),
            path => path,
        };
        let server = app.str_at(&["spec", "destination", "server"]);
        let cluster = match app.str_at(&["spec", "destination", "name"]) {
            "" if server == names::IN_CLUSTER_SERVER => names::IN_CLUSTER_NAME,
            "" => server,
            name => name,
        };
        let revision = argo::deployed_revision(app);
        Self {
            id: 0,
            ns: text(&["metadata", "namespace"]),
            name: text(&["metadata", "name"]),
            project: match app.str_at(&["spec", "project"]) {
                "" => "default".into(),
                project => project.into(),
            },
            cluster: cluster.into(),
            server: match server {
                "" if cluster == names::IN_CLUSTER_NAME => names::IN_CLUSTER_SERVER.into(),
                server => server.into(),
            },
            dest_ns: text(&["spec", "destination", "namespace"]),
            repo: source.str_at(&["repoURL"]).into(),
            path: place.into(),
            sync: standing.sync.as_str().into(),
            health: standing.health.as_str().into(),
            rev: crate::wire::short(&revision).into(),
            since: standing.since.map_or(0, Timestamp::as_second),
            cause: standing.cause.into(),
            next: standing.next.into(),
            drift: counts.day,
            flags: flags(app, counts, now),
            resources: u32::try_from(app.array_at(&["status", "resources"]).len())
                .unwrap_or(u32::MAX),
            labels: labels(app).into(),
        }
    }

    /// Returns true if nothing of it is news.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let other = Self {
            id: self.id,
            ..other.clone()
        };
        *self == other
    }

    pub(crate) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Writes the row as a JSON object.
    pub(super) fn write(&self, flags: u32, out: &mut String) {
        let _never = write!(out, "{{\"uid\":\"{}\"", self.id);
        for (name, text) in [
            ("ns", &self.ns),
            ("name", &self.name),
            ("project", &self.project),
            ("cluster", &self.cluster),
            ("destNs", &self.dest_ns),
            ("repo", &self.repo),
            ("path", &self.path),
            ("sync", &self.sync),
            ("health", &self.health),
            ("rev", &self.rev),
            ("cause", &self.cause),
            ("labels", &self.labels),
        ] {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":");
            push_string(text, out);
        }
        let _never = write!(
            out,
            ",\"since\":{},\"drift\":{},\"flags\":{flags},\"resources\":{}}}",
            self.since, self.drift, self.resources
        );
    }
}

fn flags(app: &Value, counts: Counts, now: Timestamp) -> u32 {
    let annotation = |name: &str| app.str_at(&["metadata", "annotations", name]);
    let automated = app.at(&["spec", "syncPolicy", "automated"]);
    let set = |field: &str| {
        automated
            .and_then(|a| a.get(field))
            .and_then(Value::as_bool)
    };
    let auto = automated.is_some_and(Value::is_object) && set("enabled") != Some(false);
    let phase = app.str_at(&["status", "operationState", "phase"]);
    let holds = Hold::parse_list(annotation(names::HOLDS));
    let held = app
        .array_at(&["status", "conditions"])
        .iter()
        .any(|c| c.str_at(&["type"]) == "RevisionHeld");
    let back = holds.last().is_some_and(|h| !h.back_to.is_empty());
    let pause = Pause::parse(annotation(names::PAUSED));
    [
        (auto, flag::AUTO),
        (auto && set("selfHeal") == Some(true), flag::SELF_HEAL),
        (held, flag::HELD),
        (pause.is_some_and(|p| p.lasts(now)), flag::PAUSED),
        (
            app.get("operation").is_some() || matches!(phase, "Running" | "Terminating"),
            flag::RUNNING,
        ),
        (matches!(phase, "Failed" | "Error"), flag::FAILED),
        (counts.open > 0, flag::DRIFT_OPEN),
        (held && back, flag::ROLLED_BACK),
        (
            app.at(&["metadata", "deletionTimestamp"]).is_some(),
            flag::DELETING,
        ),
    ]
    .into_iter()
    .filter(|(yes, _)| *yes)
    .fold(0, |all, (_, flag)| all | flag)
}

fn labels(app: &Value) -> String {
    let Some(labels) = app.at(&["metadata", "labels"]).and_then(Value::as_object) else {
        return String::new();
    };
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.join(",")
}

/// Writes a number; the formatter of the library takes several times as long.
pub(super) fn push_number(number: i64, out: &mut String) {
    if let Ok(digit @ 0..=9) = u8::try_from(number) {
        out.push(char::from(b'0' + digit));
        return;
    }
    if number < 0 {
        out.push('-');
    }
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).expect("digits are letters"));
}

/// Writes a text as JSON.
pub(crate) fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // Bytes are looked at: parts of a letter are never among these.
    let is_special = |b: &u8| *b < b' ' || matches!(*b, b'"' | b'\\');
    // All at once, which the processor does many at a time: nearly every text is plain.
    if !text.bytes().fold(false, |any, b| any | is_special(&b)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    while let Some(at) = rest.as_bytes().iter().position(is_special) {
        out.push_str(&rest[..at]);
        let special = rest.as_bytes()[at];
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            other => {
                let _never = write!(out, "\\u{other:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn a_row_says_how_an_application_is() {
        let app = json!({
            "metadata": {"name": "web", "namespace": "argocd", "labels": {"team": "a", "x": "y"}},
            "spec": {
                "source": {"repoURL": "r", "path": "p"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "n"},
                "syncPolicy": {"automated": {"selfHeal": true}},
            },
            "status": {
                "sync": {"status": "OutOfSync", "revision": "0123456789"},
                "health": {"status": "Healthy"},
                "resources": [{"kind": "ConfigMap", "name": "c", "status": "OutOfSync"}],
                "operationState": {"phase": "Failed"},
            },
        });
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let row = Row::of(&app, Counts { open: 1, day: 3 }, None, now);
        assert_eq!(
            (&*row.project, &*row.cluster, &*row.rev),
            ("default", "in-cluster", "0123456")
        );
        assert_eq!((row.drift, &*row.labels), (3, "team=a,x=y"));
        let want = flag::AUTO | flag::SELF_HEAL | flag::FAILED | flag::DRIFT_OPEN;
        assert_eq!(row.flags, want);
        let mut text = String::new();
        row.write(row.flags, &mut text);
        let read = Value::parse(text.as_bytes()).unwrap();
        assert_eq!(read.str_at(&["name"]), "web");
    }

    #[test]
    fn numbers_are_written_as_the_library_does() {
        for number in [0, 7, -7, 10, 1_795_297_395_437, i64::MAX, i64::MIN] {
            let mut out = String::new();
            push_number(number, &mut out);
            assert_eq!(out, number.to_string());
        }
    }

    #[test]
    fn texts_are_escaped() {
        let mut out = String::new();
        push_string("a\"b\\c\nd\u{1}é", &mut out);
        assert_eq!(
            Value::parse(out.as_bytes()).unwrap(),
            Value::from("a\"b\\c\nd\u{1}é")
        );
    }
}
