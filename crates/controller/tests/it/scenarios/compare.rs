//! Two values, one recorded.

use std::collections::{BTreeMap, BTreeSet};
use value::Value;

/// The differences that are ours on purpose: `scenario pointer`, each by a pattern of its own.
#[derive(Debug, Default)]
pub(crate) struct Deliberate(Vec<(String, String)>);

impl Deliberate {
    /// Reads lines of `scenario pointer reason`; `#` begins a comment. `scenario@3` is about that
    /// step only.
    pub(crate) fn read(lines: &BTreeSet<String>) -> Self {
        let lines = lines
            .iter()
            .filter(|l| !l.starts_with('#') && !l.trim().is_empty());
        let read = |line: &String| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().expect("scenario, pointer, reason").to_owned();
            let found = (word(), word());
            assert!(!word().is_empty(), "{line}: a reason");
            found
        };
        Self(lines.map(read).collect())
    }

    fn has(&self, scenario: &str, step: usize, pointer: &str) -> bool {
        let at_step = format!("{scenario}@{step}");
        self.0.iter().any(|(s, p)| {
            let is_it = if s.contains('@') { &at_step } else { scenario };
            glob(s, is_it) && glob(p, pointer)
        })
    }
}

/// `*` is any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().expect("there is always one");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// Text that stands for any other.
const ANY: [&str; 4] = ["<time>", "<uid>", "<unix>", "<file>"];

/// Returns true if `text` is what was recorded, with any text where the recording has `<time>` and
/// the like.
pub(crate) fn matches(recorded: &str, text: &str) -> bool {
    if recorded == text {
        return true;
    }
    let mut pattern = recorded.to_owned();
    for any in ANY {
        pattern = pattern.replace(any, "\u{0}");
    }
    pattern.contains('\u{0}')
        && glob(
            &pattern.replace('*', "\u{1}").replace('\u{0}', "*"),
            &text.replace('*', "\u{1}"),
        )
}

/// Collects what differs.
pub(crate) struct Comparison<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) step: usize,
    pub(crate) deliberate: &'a Deliberate,
    /// Pointers that varied while it was recorded.
    pub(crate) unstable: BTreeSet<String>,
    pub(crate) differences: Vec<String>,
}

impl Comparison<'_> {
    pub(crate) fn compare(
        &mut self,
        pointer: &str,
        recorded: Option<&Value>,
        ours: Option<&Value>,
    ) {
        if self.unstable.contains(pointer) || self.deliberate.has(self.scenario, self.step, pointer)
        {
            return;
        }
        let differs = |this: &mut Self| {
            let show = |v: Option<&Value>| v.map_or("absent".to_owned(), Value::to_json);
            let line = format!(
                "{pointer}: recorded {}, ours {}",
                show(recorded),
                show(ours)
            );
            this.differences.push(line);
        };
        // Argo CD writes a member that says nothing, or leaves it out, by the way it was written.
        let says = |v: Option<&Value>| {
            v.is_some_and(|v| !v.as_object().is_some_and(value::Object::is_empty))
        };
        let (Some(a), Some(b)) = (recorded, ours) else {
            if says(recorded) || says(ours) {
                differs(self);
            }
            return;
        };
        if let (Some(a), Some(b)) = (a.as_object(), b.as_object()) {
            let names: BTreeSet<&str> = a.iter().chain(b.iter()).map(|(n, _)| n.as_str()).collect();
            for name in names {
                let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                self.compare(&below, a.get(name), b.get(name));
            }
        } else if let (Some(a), Some(b)) = (a.as_array(), b.as_array()) {
            for i in 0..a.len().max(b.len()) {
                self.compare(&format!("{pointer}/{i}"), a.get(i), b.get(i));
            }
        } else if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
            let is_alike = pointer.ends_with("/message") && matches(&message(a), &message(b));
            if !is_alike && !matches(a, b) {
                differs(self);
            }
        } else if !a.equivalent(b) {
            differs(self);
        }
    }
}

/// Returns a result's message, whatever the way of applying: ours is server-side.
fn message(text: &str) -> String {
    let words = ["created", "configured", "unchanged", "serverside-applied"];
    let text = &without_places(text);
    // `kubectl` names a temporary file.
    if let Some((before, rest)) = text.split_once("error when patching \"<file>\": ") {
        return message(&format!("{before}{rest}"));
    }
    if let Some(text) = text.strip_suffix(" (dry run)") {
        return message(text);
    }
    match text.rsplit_once(' ') {
        Some((object, word)) if object.contains('/') && words.contains(&word) => {
            format!("{object} applied")
        }
        _ => text.to_owned(),
    }
}

/// Returns a message without what ours says in parentheses: where an object is written, and what was
/// left out of it.
fn without_places(text: &str) -> String {
    let is_ours = |words: &str| {
        let place = words.rsplit_once(".yaml:");
        place.is_some_and(|(_, line)| line.chars().all(|c| c.is_ascii_digit()))
            || words.starts_with("unknown fields left out")
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" (") {
        out += before;
        match after.split_once(')') {
            Some((words, more)) if is_ours(words) => rest = more,
            _ => {
                out += " (";
                rest = after;
            }
        }
    }
    out + rest
}

/// Returns true if an operation that goes on has done more than was recorded. Argo CD tells of a wave
/// only after the pause that follows it; we tell at once.
pub(crate) fn is_ahead(recorded: &Value, ours: &Value) -> bool {
    let path = ["operationState", "syncResult", "resources"];
    let phase = |v: &Value| v.str_at(&["operationState", "phase"]).to_owned();
    let (before, now) = (recorded.array_at(&path), ours.array_at(&path));
    let result = |r: &Value| {
        let text = |name: &str| r.str_at(&[name]).to_owned();
        (
            text("syncPhase"),
            text("kind"),
            text("name"),
            text("status"),
        )
    };
    phase(recorded) == "Running"
        && phase(ours) == "Running"
        && now.len() > before.len()
        && before
            .iter()
            .all(|r| now.iter().any(|n| result(n) == result(r)))
}

/// Sorts results of one phase and kind by name, as they were recorded.
pub(crate) fn sort_results(status: &mut Value) {
    let path = ["operationState", "syncResult", "resources"];
    let Some(results) = status.at(&path).and_then(Value::as_array) else {
        return;
    };
    let mut results: Vec<Value> = results.to_vec();
    let mut groups: BTreeMap<(String, String), usize> = BTreeMap::new();
    for result in &results {
        let next = groups.len();
        groups.entry(group(result)).or_insert(next);
    }
    results.sort_by_cached_key(|r| (groups[&group(r)], r.str_at(&["name"]).to_owned()));
    status.set_at(&path, Value::from_iter(results));
}

fn group(result: &Value) -> (String, String) {
    let text = |name: &str| result.str_at(&[name]).to_owned();
    (text("syncPhase"), text("kind"))
}
