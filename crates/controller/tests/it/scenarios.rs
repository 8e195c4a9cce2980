//! What Argo CD does with an Application, played against our controller and control plane.
//!
//! `conformance/argocd/scenarios.jsonl` was recorded on a real Argo CD. A scenario passes if status,
//! metadata, operation and live objects are as recorded after each step, but for the differences in
//! `scenarios/differences.txt`, which are deliberate: each has its reason there. The scenarios of
//! `scenarios/passing.txt` must pass; the list only grows.
//!
//! `CASES=part` plays only the scenarios whose name has `part`; `REPORT=file` writes down what
//! differs in the others; `UPDATE_PASSING=1` adds the names of those that pass now.

pub(crate) mod compare;

use crate::world::World;
use compare::Deliberate;
use std::collections::BTreeSet;
use std::sync::Arc;
use value::Value;

/// Scenarios played at the same time; they mostly wait.
const AT_ONCE: usize = 8;

fn list(file: &str) -> BTreeSet<String> {
    let path = format!("{}/tests/scenarios/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn argo_cd_scenarios_play_alike() {
    let Some(shared) = testkit::shared() else {
        return;
    };
    let path = shared.join("conformance/argocd/scenarios.jsonl");
    let text = std::fs::read_to_string(path).expect("the scenarios");
    let part = std::env::var("CASES").unwrap_or_default();
    let known = list("passing.txt");
    let asked = ["CASES", "REPORT", "UPDATE_PASSING"];
    let all = asked.iter().any(|name| std::env::var_os(name).is_some());
    let scenarios: Vec<Value> = text
        .lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a scenario"))
        .filter(|s| s.str_at(&["name"]).contains(&part))
        .filter(|s| all || known.contains(s.str_at(&["name"])))
        .collect();
    let deliberate = Arc::new(Deliberate::read(&list("differences.txt")));
    let turns = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut tasks = Vec::new();
    for scenario in scenarios {
        let (deliberate, turns) = (Arc::clone(&deliberate), Arc::clone(&turns));
        let known = known.contains(scenario.str_at(&["name"]));
        tasks.push(tokio::spawn(async move {
            let _turn = turns.acquire().await;
            let name = scenario.str_at(&["name"]).to_owned();
            let mut differences = play(&scenario, &deliberate).await;
            if !differences.is_empty() && known {
                // Others were playing: alone it counts.
                differences = play(&scenario, &deliberate).await;
            }
            (name, differences)
        }));
    }
    let (mut passing, mut report) = (BTreeSet::new(), String::new());
    let mut count = 0;
    for task in tasks {
        let (name, differences) = task.await.expect("a scenario");
        count += 1;
        if differences.is_empty() {
            passing.insert(name);
        } else {
            report += &format!("== {name}\n{}\n", differences.join("\n"));
        }
    }
    if let Ok(file) = std::env::var("REPORT") {
        let head = format!("{} of {count} pass\n", passing.len());
        std::fs::write(file, head + &report).expect("the report");
    }
    if std::env::var_os("UPDATE_PASSING").is_some() {
        let all: Vec<&str> = known.union(&passing).map(String::as_str).collect();
        let path = format!("{}/tests/scenarios/passing.txt", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, all.join("\n") + "\n").expect("the list");
    }
    let lost: Vec<&String> = known
        .difference(&passing)
        .filter(|name| name.contains(&part))
        .collect();
    assert!(lost.is_empty(), "no longer as recorded: {lost:?}\n{report}");
}

/// Plays a scenario; returns what differs at its first step that does.
async fn play(scenario: &Value, deliberate: &Deliberate) -> Vec<String> {
    let name = scenario.str_at(&["name"]);
    let mut world = World::start(scenario).await;
    for (i, step) in scenario.array_at(&["steps"]).iter().enumerate() {
        let what = step.str_at(&["do"]);
        let differences = match what {
            "wait" | "pause" => world.check((name, i), step, deliberate).await,
            _ => world.act(step).await.err().into_iter().collect(),
        };
        if !differences.is_empty() {
            let place = format!("step {i} ({what})");
            return differences
                .iter()
                .map(|d| format!("{place}: {d}"))
                .collect();
        }
    }
    Vec::new()
}
