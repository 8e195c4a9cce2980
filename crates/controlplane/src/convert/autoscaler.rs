//! Autoscalers of version 1 know one metric; the rest travels in annotations.

use value::{Object, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

/// A source of metrics: its member, and for each field its name in version 1 and its path in
/// version 2, in the order in which version 1 is written.
type Source = (
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
);

const SOURCES: [Source; 5] = [
    (
        "object",
        &[
            ("target", &["describedObject"]),
            ("metricName", &["metric", "name"]),
            ("targetValue", &["target", "value"]),
            ("selector", &["metric", "selector"]),
            ("averageValue", &["target", "averageValue"]),
        ],
    ),
    (
        "pods",
        &[
            ("metricName", &["metric", "name"]),
            ("targetAverageValue", &["target", "averageValue"]),
            ("selector", &["metric", "selector"]),
        ],
    ),
    (
        "resource",
        &[
            ("name", &["name"]),
            (
                "targetAverageUtilization",
                &["target", "averageUtilization"],
            ),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
    ),
    (
        "containerResource",
        &[
            ("name", &["name"]),
            (
                "targetAverageUtilization",
                &["target", "averageUtilization"],
            ),
            ("targetAverageValue", &["target", "averageValue"]),
            ("container", &["container"]),
        ],
    ),
    (
        "external",
        &[
            ("metricName", &["metric", "name"]),
            ("metricSelector", &["metric", "selector"]),
            ("targetValue", &["target", "value"]),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
    ),
];

/// The members of a behaviour as the server's own types name them.
const RULES: [(&str, &str); 3] = [
    ("StabilizationWindowSeconds", "stabilizationWindowSeconds"),
    ("SelectPolicy", "selectPolicy"),
    ("Policies", "policies"),
];

/// Returns true for the one metric that version 1 has a field for.
fn is_cpu(metric: &Value) -> bool {
    metric.str_at(&["type"]) == "Resource"
        && metric.str_at(&["resource", "name"]) == "cpu"
        && metric
            .at(&["resource", "target", "averageUtilization"])
            .is_some_and(|v| !v.is_null())
}

/// Brings an autoscaler of version 2 into version 1.
pub(super) fn to_old(object: &mut Value) {
    let metrics = object.remove_at(&["spec", "metrics"]);
    let metrics = metrics
        .as_ref()
        .and_then(Value::as_array)
        .unwrap_or_default();
    if let Some(cpu) = metrics.iter().find(|m| is_cpu(m)) {
        let percent = cpu.at(&["resource", "target", "averageUtilization"]);
        object.set_at(
            &["spec", "targetCPUUtilizationPercentage"],
            percent.cloned().unwrap_or_default(),
        );
    }
    let others: Vec<String> = metrics
        .iter()
        .filter(|m| !is_cpu(m))
        .map(old_metric)
        .collect();
    let annotate = |object: &mut Value, name: &str, text: String| {
        object.set_at(&["metadata", "annotations", name], text);
    };
    if !others.is_empty() {
        annotate(object, METRICS, format!("[{}]", others.join(",")));
    }
    if let Some(behavior) = object.remove_at(&["spec", "behavior"])
        && !behavior.is_null()
    {
        annotate(object, BEHAVIOR, old_behavior(&behavior));
    }
    let current = object.remove_at(&["status", "currentMetrics"]);
    let current = current
        .as_ref()
        .and_then(Value::as_array)
        .unwrap_or_default();
    let cpu = current.iter().find_map(|m| {
        (m.str_at(&["resource", "name"]) == "cpu")
            .then(|| m.at(&["resource", "current", "averageUtilization"]))
            .flatten()
    });
    if let Some(percent) = cpu {
        object.set_at(
            &["status", "currentCPUUtilizationPercentage"],
            percent.clone(),
        );
    }
    if !current.is_empty() {
        annotate(object, CURRENT, Value::Array(current.to_vec()).to_json());
    }
    if let Some(conditions) = object.remove_at(&["status", "conditions"])
        && !conditions.is_empty()
    {
        annotate(object, CONDITIONS, conditions.to_json());
    }
    if object.at(&["status"]).is_some() && object.at(&["status", "currentReplicas"]).is_none() {
        object.set_at(&["status", "currentReplicas"], 0);
    }
}

fn text(value: &Value) -> String {
    value.to_json()
}

fn old_metric(metric: &Value) -> String {
    let mut members = vec![format!(
        "\"type\":{}",
        text(&Value::from(metric.str_at(&["type"])))
    )];
    for (name, fields) in SOURCES {
        let Some(source) = metric.get(name).filter(|s| !s.is_null()) else {
            continue;
        };
        let fields = fields.iter().filter_map(|(old, new)| {
            let value = source.at(new).filter(|v| !v.is_null())?;
            Some(format!("\"{old}\":{}", text(value)))
        });
        let fields: Vec<String> = fields.collect();
        members.push(format!("\"{name}\":{{{}}}", fields.join(",")));
    }
    format!("{{{}}}", members.join(","))
}

fn old_behavior(behavior: &Value) -> String {
    let rules = |name: &str| match behavior.get(name).filter(|r| !r.is_null()) {
        None => "null".to_owned(),
        Some(rules) => {
            let mut members: Vec<String> = Vec::new();
            for (go, name) in RULES {
                let value = rules.get(name).filter(|v| !v.is_null());
                let shown = match (name, value) {
                    (_, None) => "null".to_owned(),
                    ("policies", Some(list)) => {
                        let policies = list.as_array().unwrap_or_default().iter().map(|p| {
                            format!(
                                "{{\"Type\":{},\"Value\":{},\"PeriodSeconds\":{}}}",
                                text(&Value::from(p.str_at(&["type"]))),
                                p.i64_at(&["value"]).unwrap_or(0),
                                p.i64_at(&["periodSeconds"]).unwrap_or(0)
                            )
                        });
                        format!("[{}]", policies.collect::<Vec<_>>().join(","))
                    }
                    (_, Some(value)) => text(value),
                };
                members.push(format!("\"{go}\":{shown}"));
            }
            let tolerance = rules.get("tolerance").map_or("null".to_owned(), text);
            members.push(format!("\"Tolerance\":{tolerance}"));
            format!("{{{}}}", members.join(","))
        }
    };
    format!(
        "{{\"ScaleUp\":{},\"ScaleDown\":{}}}",
        rules("scaleUp"),
        rules("scaleDown")
    )
}

/// Brings an autoscaler of version 1 into version 2.
pub(super) fn to_new(object: &mut Value) {
    let mut metrics: Vec<Value> = Vec::new();
    if let Some(Value::Array(others)) = take(object, METRICS) {
        metrics.extend(others.iter().map(new_metric));
    }
    if let Some(percent) = object.remove_at(&["spec", "targetCPUUtilizationPercentage"])
        && !percent.is_null()
    {
        metrics.push(json!({"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}
        }}));
    }
    if !metrics.is_empty() {
        object.set_at(&["spec", "metrics"], metrics);
    }
    if let Some(behavior) = take(object, BEHAVIOR) {
        object.set_at(&["spec", "behavior"], new_behavior(&behavior));
    }
    let percent = object.remove_at(&["status", "currentCPUUtilizationPercentage"]);
    match take(object, CURRENT) {
        Some(current) => object.set_at(&["status", "currentMetrics"], current),
        None => {
            if let Some(percent) = percent.filter(|p| !p.is_null()) {
                let metric = json!({"type": "Resource", "resource": {
                    "name": "cpu", "current": {"averageUtilization": percent, "averageValue": "0"}
                }});
                object.set_at(&["status", "currentMetrics"], json!([metric]));
            }
        }
    }
    if let Some(conditions) = take(object, CONDITIONS) {
        object.set_at(&["status", "conditions"], conditions);
    }
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        status.entry("currentMetrics", || Value::Null);
        if status.get("currentReplicas").and_then(Value::as_i64) == Some(0) {
            status.remove("currentReplicas");
        }
    }
    if object
        .at(&["metadata", "annotations"])
        .is_some_and(Value::is_empty)
    {
        object.remove_at(&["metadata", "annotations"]);
    }
}

/// Takes what an annotation says out of an object.
fn take(object: &mut Value, name: &str) -> Option<Value> {
    let text = object.remove_at(&["metadata", "annotations", name])?;
    Value::parse(text.as_str()?.as_bytes()).ok()
}

fn new_metric(old: &Value) -> Value {
    let mut metric = json!({"type": old.str_at(&["type"])});
    for (name, fields) in SOURCES {
        let Some(source) = old.get(name).filter(|s| !s.is_null()) else {
            continue;
        };
        let mut of = Value::Object(Object::new());
        for (old, new) in fields {
            if let Some(value) = source.get(old).filter(|v| !v.is_null()) {
                of.set_at(new, value.clone());
            }
        }
        let kind = if of.at(&["target", "averageUtilization"]).is_some() {
            "Utilization"
        } else if of.at(&["target", "averageValue"]).is_some() {
            "AverageValue"
        } else {
            "Value"
        };
        of.set_at(&["target", "type"], kind);
        metric.set_at(&[name], of);
    }
    metric
}

fn new_behavior(old: &Value) -> Value {
    let mut behavior = Value::object();
    for (go, name) in [("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown")] {
        let Some(rules) = old.get(go).filter(|r| !r.is_null()) else {
            continue;
        };
        let mut of = Value::object();
        for (go, name) in RULES {
            let Some(value) = rules.get(go).filter(|v| !v.is_null()) else {
                continue;
            };
            let value = match value {
                Value::Array(policies) => policies
                    .iter()
                    .map(|p| {
                        json!({
                            "type": p.str_at(&["Type"]),
                            "value": p.i64_at(&["Value"]).unwrap_or(0),
                            "periodSeconds": p.i64_at(&["PeriodSeconds"]).unwrap_or(0),
                        })
                    })
                    .collect(),
                other => other.clone(),
            };
            of.set_at(&[name], value);
        }
        if let Some(tolerance) = rules.get("Tolerance").filter(|v| !v.is_null()) {
            of.set_at(&["tolerance"], tolerance.clone());
        }
        behavior.set_at(&[name], of);
    }
    behavior
}
