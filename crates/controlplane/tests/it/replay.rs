//! Replays what a real kube-apiserver answered.
//!
//! `tests/passing.txt` lists the cases that must pass; `UPDATE_PASSING=1` adds those that do.
//! `CASES=text` runs only cases whose names contain the text, `REPORT=file` writes every difference.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use controlplane::clock::Clock;
use controlplane::kinds::KindSet;
use controlplane::{ControlPlane, Options, Token};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use value::{Object, Value, json};

use crate::client::Client;
use crate::normalise::normalise;

const FILES: [&str; 10] = [
    "crud",
    "watch",
    "tables",
    "gc",
    "patch",
    "apply",
    "random",
    "defaults",
    "validation",
    "crd",
];
/// Cases at a time.
const AT_ONCE: usize = 16;
/// How long a step waits for what it says.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a case that should have passed is played again.
const RETRIES: usize = 3;
/// How long a case may take: longer means that something goes round and round.
const CASE_TIME_MAX: Duration = Duration::from_secs(20);

#[test]
fn answers_equal_those_of_a_real_server() {
    let Some(shared) = std::env::var_os("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return;
    };
    let folder = PathBuf::from(shared).join("conformance/kubernetes");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(replay(&folder));
}

async fn replay(folder: &Path) {
    let only = std::env::var("CASES").ok();
    let files = std::env::var("FILES").ok();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = Vec::new();
    let mut cases = BTreeMap::new();
    for file in FILES {
        if files
            .as_ref()
            .is_some_and(|f| !f.split(',').any(|f| f == file))
        {
            continue;
        }
        let text =
            std::fs::read_to_string(folder.join(format!("{file}.jsonl"))).expect("the cases");
        for line in text.lines() {
            let case = Value::parse(line.as_bytes()).expect("a case is JSON");
            let name = case.str_at(&["name"]).to_owned();
            if only.as_ref().is_some_and(|o| !name.contains(o.as_str())) {
                continue;
            }
            let number = running.len();
            let case = Arc::new(case);
            cases.insert(name.clone(), Arc::clone(&case));
            let gate = Arc::clone(&gate);
            running.push((
                file,
                name,
                tokio::spawn(async move {
                    let _turn = gate.acquire_owned().await.expect("the gate stays open");
                    let started = Instant::now();
                    let differences = run(&case, number).await;
                    (differences, started.elapsed())
                }),
            ));
        }
    }
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut passed = BTreeSet::new();
    let mut report = String::new();
    for (file, name, task) in running {
        let (differences, took) = match task.await {
            Ok(done) => done,
            Err(error) => (vec![format!("panicked: {error}")], Duration::ZERO),
        };
        let count = counts.entry(file).or_default();
        count.1 += 1;
        if differences.is_empty() {
            count.0 += 1;
            passed.insert(name);
        } else {
            let _ = writeln!(report, "FAIL {file} {name} ({took:?})");
            for difference in differences.iter().take(8) {
                let _ = writeln!(report, "   {difference}");
            }
        }
    }
    for (file, (ok, all)) in &counts {
        eprintln!("{file}: {ok}/{all}");
    }
    if let Ok(path) = std::env::var("REPORT") {
        std::fs::write(path, report).expect("the report is written");
    }
    if only.is_none() && !lenient() {
        retry(&cases, &mut passed).await;
        check(&passed, files.is_some());
    }
}

/// Plays the cases that should have passed and didn't once more, one at a time: on a machine with a
/// lot to do a case can run out of its two seconds.
async fn retry(cases: &BTreeMap<String, Arc<Value>>, passed: &mut BTreeSet<String>) {
    let list = std::fs::read_to_string(list()).unwrap_or_default();
    for name in list.lines().filter(|name| !name.is_empty()) {
        let Some(case) = cases.get(name).filter(|_| !passed.contains(name)) else {
            continue;
        };
        for again in 0..RETRIES {
            if run(case, cases.len() + again).await.is_empty() {
                passed.insert(name.to_owned());
                break;
            }
        }
    }
}

/// Returns the list of cases that must pass.
fn list() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/passing.txt")
}

/// Compares with the list of cases that must pass.
fn check(passed: &BTreeSet<String>, partial: bool) {
    let path = list();
    let list = std::fs::read_to_string(&path).unwrap_or_default();
    let wanted: BTreeSet<String> = list
        .lines()
        .filter(|l| !l.is_empty())
        .map(str::to_owned)
        .collect();
    if std::env::var_os("UPDATE_PASSING").is_some() {
        let all: Vec<String> = wanted.union(passed).cloned().collect();
        std::fs::write(&path, all.join("\n") + "\n").expect("the list is written");
        return;
    }
    let lost: Vec<&String> = wanted.difference(passed).collect();
    assert!(
        partial || lost.is_empty(),
        "{} cases no longer pass: {lost:#?}",
        lost.len()
    );
}

/// A clock that only the steps of a case move: which second it is decides the order of owners.
struct CaseClock(AtomicI64);

impl Clock for CaseClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).expect("a sane time")
    }
}

async fn run(case: &Value, number: usize) -> Vec<String> {
    let clock = Arc::new(CaseClock(AtomicI64::new(1_780_000_000_000)));
    let plane = ControlPlane::start(Options {
        kinds: KindSet::Kubernetes,
        tokens: vec![Token::admin("admintoken")],
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Options::default()
    })
    .await
    .expect("the control plane starts");
    let speed = simulator::Speed::default();
    let simulator = simulator::Simulator::start(
        plane.registry().clone(),
        simulator::Mode::Controllers,
        speed,
    );
    let all = steps(plane.addr(), &clock, case, number);
    let differences = tokio::time::timeout(CASE_TIME_MAX, all)
        .await
        .unwrap_or_else(|_| vec!["took too long".to_owned()]);
    simulator.shutdown().await;
    plane.shutdown().await;
    differences
}

async fn steps(address: SocketAddr, clock: &CaseClock, case: &Value, number: usize) -> Vec<String> {
    let ns = format!("t{:010x}", 0x5a_0000_0000_u64 + number as u64 * 0x1_0001);
    let mut client = Client::new(address, "admintoken");
    let mut vars = HashMap::from([("ns".to_owned(), Value::from(ns.as_str()))]);
    let json = [("Content-Type".to_owned(), "application/json".to_owned())];
    let body = json!({"metadata": {"name": ns.as_str()}}).to_vec();
    client
        .send("POST", "/api/v1/namespaces", &json, Some(body))
        .await;
    let mut differences = Vec::new();
    for (i, step) in case.array_at(&["steps"]).iter().enumerate() {
        if let Some(seconds) = step.get("sleep").and_then(Value::as_f64) {
            // The server under test does in milliseconds what the recorded one took longer for.
            #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
            clock
                .0
                .fetch_add((seconds * 1_000.0) as i64, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(30)).await;
            continue;
        }
        let got = if step.get("watch").is_some() {
            watch(&mut client, step, &vars, &ns).await
        } else {
            request(&mut client, step, &mut vars, &ns).await
        };
        let place = format!(
            "step {i} {} {}",
            step.get("method")
                .and_then(Value::as_str)
                .unwrap_or("WATCH"),
            step.get("path")
                .or_else(|| step.get("watch"))
                .and_then(Value::as_str)
                .unwrap_or("")
        );
        for field in [
            "code",
            "warning",
            "response",
            "text",
            "events",
            "until_not_met",
        ] {
            compare(
                step.get(field),
                got.get(field),
                &format!("{place} {field}"),
                &mut differences,
            );
        }
    }
    differences
}

async fn watch(
    client: &mut Client,
    step: &Value,
    vars: &HashMap<String, Value>,
    ns: &str,
) -> Object {
    let mut query = Object::new();
    query.insert("watch", "1");
    query.insert("timeoutSeconds", "1");
    let given = substitute(step.get("query").unwrap_or(&Value::Null), vars);
    for (name, value) in given.as_object().into_iter().flatten() {
        query.insert(name.clone(), value.clone());
    }
    let path = text(&substitute(step.get("watch").unwrap_or(&Value::Null), vars));
    let answer = client
        .send("GET", &with_query(&path, &query), &[], None)
        .await;
    let mut out = Object::new();
    out.insert("code", i64::from(answer.code));
    if answer.code != 200 {
        let response = Value::parse(&answer.body).unwrap_or_default();
        out.insert("response", normalise(&response, ns, ""));
        return out;
    }
    let mut events = Vec::new();
    for line in answer.body.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let event = Value::parse(line).expect("an event is JSON");
        let end = event.at(&[
            "object",
            "metadata",
            "annotations",
            "k8s.io/initial-events-end",
        ]);
        if event.str_at(&["type"]) != "BOOKMARK" || end.is_some() {
            events.push(normalise(&event, ns, ""));
        }
    }
    out.insert("events", events);
    out
}

async fn request(
    client: &mut Client,
    step: &Value,
    vars: &mut HashMap<String, Value>,
    ns: &str,
) -> Object {
    let mut headers: Vec<(String, String)> = Vec::new();
    let given = substitute(step.get("headers").unwrap_or(&Value::Null), vars);
    for (name, value) in given.as_object().into_iter().flatten() {
        headers.push((name.to_string(), text(value)));
    }
    let body = if let Some(raw) = step.get("raw_body") {
        Some(text(&substitute(raw, vars)).into_bytes())
    } else {
        step.get("body").map(|b| substitute(b, vars).to_vec())
    };
    if body.is_some()
        && !headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("Content-Type"))
    {
        headers.push((
            "Content-Type".to_owned(),
            step.str_at(&["content_type"]).to_owned(),
        ));
    }
    let path = text(&substitute(step.get("path").unwrap_or(&Value::Null), vars));
    let query = substitute(step.get("query").unwrap_or(&Value::Null), vars);
    let target = with_query(&path, query.as_object().unwrap_or(&Object::new()));
    let method = step.str_at(&["method"]);
    let deadline = Instant::now() + PATIENCE;
    let mut out = Object::new();
    let mut pause = Duration::from_millis(10);
    let (answer, document) = loop {
        let answer = client.send(method, &target, &headers, body.clone()).await;
        let document = Value::parse(&answer.body).ok();
        let Some(until) = step.get("until").and_then(Value::as_object) else {
            break (answer, document);
        };
        let met = until.iter().all(|(pointer, want)| {
            let want = substitute(want, vars);
            if pointer == "code" {
                return want.as_i64() == Some(i64::from(answer.code));
            }
            let got = document
                .as_ref()
                .and_then(|d| d.pointer(pointer))
                .cloned()
                .unwrap_or_default();
            got == want
        });
        if met {
            break (answer, document);
        }
        if Instant::now() > deadline {
            let last = String::from_utf8_lossy(&answer.body)
                .chars()
                .take(600)
                .collect::<String>();
            out.insert("until_not_met", last);
            break (answer, document);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    };
    out.insert("code", i64::from(answer.code));
    let warnings: Vec<&str> = answer
        .headers
        .get_all("warning")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .collect();
    if !warnings.is_empty() {
        out.insert("warning", warnings.join(", ").replace(ns, "{ns}"));
    }
    for (name, pointer) in step
        .get("capture")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let found = document
            .as_ref()
            .and_then(|d| d.pointer(pointer.as_str().unwrap_or("")));
        vars.insert(name.to_string(), found.cloned().unwrap_or_default());
    }
    match document {
        Some(document @ (Value::Object(_) | Value::Array(_))) => {
            out.insert("response", normalise(&document, ns, ""));
        }
        _ => {
            let text = String::from_utf8_lossy(&answer.body).replace(ns, "{ns}");
            out.insert("text", text);
        }
    }
    out
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_json(), str::to_owned)
}

fn with_query(path: &str, query: &Object) -> String {
    let escape = |s: &str| {
        s.bytes().fold(String::new(), |mut out, b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                out.push(char::from(b));
            } else {
                let _ = write!(out, "%{b:02X}");
            }
            out
        })
    };
    let pairs: Vec<String> = query
        .iter()
        .map(|(k, v)| format!("{}={}", escape(k), escape(&text(v))))
        .collect();
    if pairs.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}

fn substitute(value: &Value, vars: &HashMap<String, Value>) -> Value {
    match value {
        Value::String(s) => {
            let whole = s.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
            if let Some(found) = whole.and_then(|name| vars.get(name)) {
                return found.clone();
            }
            let mut s = s.to_string();
            for (name, by) in vars {
                if s.contains('{') {
                    s = s.replace(&format!("{{{name}}}"), &text(by));
                }
            }
            s.into()
        }
        Value::Array(items) => items.iter().map(|v| substitute(v, vars)).collect(),
        Value::Object(o) => {
            let members = o.iter().map(|(k, v)| {
                (
                    text(&substitute(&k.as_str().into(), vars)),
                    substitute(v, vars),
                )
            });
            members.collect::<Object>().into()
        }
        other => other.clone(),
    }
}

fn compare(want: Option<&Value>, got: Option<&Value>, at: &str, out: &mut Vec<String>) {
    let short = |v: &Value| v.to_json().chars().take(260).collect::<String>();
    match (want, got) {
        (None, None) => {}
        (Some(want), None) => out.push(format!("{at}: missing, want {}", short(want))),
        (None, Some(got)) => out.push(format!("{at}: unexpected {}", short(got))),
        (Some(Value::Object(want)), Some(Value::Object(got))) => {
            let names: BTreeSet<&str> = want
                .keys()
                .chain(got.keys())
                .map(value::Key::as_str)
                .collect();
            for name in names {
                if name == "managedFields" && lenient() {
                    continue;
                }
                compare(want.get(name), got.get(name), &format!("{at}/{name}"), out);
            }
        }
        (Some(Value::Array(want)), Some(Value::Array(got))) => {
            if want.len() != got.len() {
                let short = |v: &[Value]| {
                    Value::Array(v.to_vec())
                        .to_json()
                        .chars()
                        .take(300)
                        .collect::<String>()
                };
                out.push(format!(
                    "{at}: {} items wanted, {} got: {} got {}",
                    want.len(),
                    got.len(),
                    short(want),
                    short(got)
                ));
                return;
            }
            for (i, (want, got)) in want.iter().zip(got).enumerate() {
                compare(Some(want), Some(got), &format!("{at}/{i}"), out);
            }
        }
        (Some(want), Some(got)) if want == got => {}
        (Some(want), Some(got)) => {
            out.push(format!("{at}: want {} got {}", short(want), short(got)));
        }
    }
}

/// `LENIENT=1` looks past the owners of fields, to see what else is wrong.
fn lenient() -> bool {
    std::env::var_os("LENIENT").is_some()
}
