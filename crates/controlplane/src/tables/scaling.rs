//! Autoscalers and disruption budgets.

use value::{Value, json};

use super::row::{Row, quantity};
use super::{Layout, format, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "HorizontalPodAutoscaler" => layout(
            "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age",
            autoscaler,
        ),
        "PodDisruptionBudget" => layout(
            "Name|Min Available|Max Unavailable|Allowed Disruptions:integer|Age",
            |row| {
                json!([
                    row.name(),
                    row.text_or("spec.minAvailable", "N/A"),
                    row.text_or("spec.maxUnavailable", "N/A"),
                    row.int("status.disruptionsAllowed"),
                    row.age(),
                ])
            },
        ),
        _ => None,
    }
}

/// Metrics that one cell shows.
const METRICS_MAX: usize = 2;

fn autoscaler(row: &Row) -> Value {
    let current = row.items("status.currentMetrics");
    let metrics: Vec<String> = row
        .items("spec.metrics")
        .iter()
        .enumerate()
        .map(|(i, metric)| target(metric, current.get(i).unwrap_or(&Value::Null)))
        .collect();
    json!([
        row.name(),
        format!(
            "{}/{}",
            row.text("spec.scaleTargetRef.kind"),
            row.text("spec.scaleTargetRef.name")
        ),
        format::or_none(format::first_few(&metrics, METRICS_MAX, ", ")),
        row.text_or("spec.minReplicas", "<unset>"),
        row.int("spec.maxReplicas"),
        row.int("status.currentReplicas"),
        row.age(),
    ])
}

/// Writes what a metric is and what it should be.
fn target(metric: &Value, status: &Value) -> String {
    let source = match metric.str_at(&["type"]) {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let amount = |value: Option<&Value>| value.and_then(quantity);
    let want = |name: &str| amount(metric.at(&[source, "target", name]));
    let have = |name: &str| {
        amount(status.at(&[source, "current", name])).unwrap_or_else(|| "<unknown>".to_owned())
    };
    match source {
        "resource" | "containerResource" => {
            let name = metric.str_at(&[source, "name"]);
            if let Some(want) = want("averageValue") {
                return format!("{name}: {}/{want}", have("averageValue"));
            }
            let percent = |value: Option<&Value>, otherwise: &str| {
                let percent = value.and_then(Value::as_i64);
                percent.map_or_else(|| otherwise.to_owned(), |p| format!("{p}%"))
            };
            let have = percent(
                status.at(&[source, "current", "averageUtilization"]),
                "<unknown>",
            );
            let want = percent(
                metric.at(&[source, "target", "averageUtilization"]),
                "<auto>",
            );
            format!("{name}: {have}/{want}")
        }
        "pods" => format!(
            "{}/{}",
            have("averageValue"),
            want("averageValue").unwrap_or_default()
        ),
        _ => match want("averageValue") {
            Some(want) => format!("{}/{want} (avg)", have("averageValue")),
            None => format!("{}/{}", have("value"), want("value").unwrap_or_default()),
        },
    }
}
