//! Knative and KServe.

use super::delivery::line;
use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use crate::rule::{Clause, at, conditions, text, waiting};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "operator.knative.dev",
        "KnativeEventing|KnativeServing",
        &[Clause::Own(operator), waiting("Waiting for {kind}")],
    ),
    row(
        "serving.knative.dev",
        "Service",
        &[Clause::Own(service), waiting("Waiting for status update.")],
    ),
    row(
        "serving.kserve.io",
        "InferenceService",
        &[
            Clause::Own(inference),
            waiting("Waiting for InferenceService to report status..."),
        ],
    ),
];

fn operator(object: &Value) -> Option<Health> {
    at(object, "status.conditions")?;
    let kind = object.str_at(&["kind"]);
    let serves = kind == "KnativeServing";
    let (good, bad): (&[&str], &[&str]) = match serves {
        true => (
            &[
                "Ready",
                "InstallSucceeded",
                "DependenciesInstalled",
                "DeploymentsAvailable",
            ],
            &["Ready", "DeploymentsAvailable"],
        ),
        false => (&["Ready", "InstallSucceeded"], &["Ready"]),
    };
    let (mut is_true, mut is_false) = (0, 0);
    let mut message = String::new();
    for (index, condition) in conditions(object).iter().enumerate() {
        let condition_type = condition.str_at(&["type"]);
        let status = condition.str_at(&["status"]);
        line(&mut message, index, condition_type, status);
        match status {
            "True" if good.contains(&condition_type) => is_true += 1,
            "False" if bad.contains(&condition_type) => is_false += 1,
            "Unknown" => is_false += 1,
            _ => {}
        }
    }
    Some(if is_false > 0 {
        Health::new(Progressing, message)
    } else if is_true == good.len() {
        Health::new(Healthy, format!("{kind} is healthy."))
    } else {
        Health::new(Degraded, message)
    })
}

/// Returns a condition's text if it says anything.
fn said<'a>(condition: &'a Value, name: &str) -> Option<&'a str> {
    text(condition, name).filter(|text| !text.is_empty())
}

fn service(object: &Value) -> Option<Health> {
    at(object, "status.conditions")?;
    let (mut is_true, mut is_false, mut is_unknown) = (0, 0, 0);
    let mut message = String::new();
    for condition in conditions(object) {
        let condition_type = condition.str_at(&["type"]);
        let status = condition.str_at(&["status"]);
        match status {
            "True" => {
                let counts =
                    ["ConfigurationsReady", "RoutesReady", "Ready"].contains(&condition_type);
                is_true += usize::from(counts);
                continue;
            }
            "False" => is_false += 1,
            "Unknown" => is_unknown += 1,
            _ => continue,
        }
        message += &format!("{condition_type} is {status}");
        if let Some(reason) = said(condition, "reason") {
            message += &format!(", since {reason}.");
        }
        if let Some(text) = said(condition, "message") {
            message += &format!(" {text}");
        }
        message.push('\n');
    }
    Some(match (is_true, is_false, is_unknown) {
        (3, 0, 0) => Health::new(Healthy, "Knative Service is healthy."),
        (_, 0, _) => Health::new(Progressing, message),
        _ => Health::new(Degraded, message),
    })
}

fn inference(object: &Value) -> Option<Health> {
    at(object, "status.conditions")?;
    let transition = text(object, "status.modelStatus.transitionStatus");
    let (is_progressing, is_degraded) = match transition {
        Some("UpToDate") => (false, false),
        Some("InProgress") => (true, false),
        other => (
            false,
            other.is_some() || at(object, "status.modelStatus").is_some(),
        ),
    };
    let mut message = match transition {
        Some(transition) if is_progressing || is_degraded => {
            format!("0: transitionStatus | {transition}")
        }
        _ => String::new(),
    };
    let mut all_true = true;
    for (index, condition) in conditions(object).iter().enumerate() {
        let condition_type = condition.str_at(&["type"]);
        let status = condition.str_at(&["status"]);
        let is_stopped = condition_type == "Stopped";
        if is_stopped && status == "True" {
            return Some(Health::new(Suspended, "InferenceService is Stopped"));
        }
        all_true &= !(status == "Unknown" || (status == "False" && !is_stopped));
        if status == "True" || is_stopped {
            continue;
        }
        message += &format!(" | {}: {condition_type} | {status}", index + 1);
        for part in ["reason", "message"]
            .into_iter()
            .filter_map(|name| said(condition, name))
        {
            message += &format!(" | {part}");
        }
    }
    Some(if all_true && !is_progressing && !is_degraded {
        Health::new(Healthy, "InferenceService is healthy.")
    } else if is_degraded {
        Health::new(Degraded, message)
    } else {
        Health::new(Progressing, message)
    })
}
