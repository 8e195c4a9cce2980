//! Rules that go by `status.conditions`.

use crate::{Health, HealthStatus};
use value::Value;

/// Returns the first condition of a type.
pub(crate) fn find<'a>(object: &'a Value, condition_type: &str) -> Option<&'a Value> {
    object
        .array_at(&["status", "conditions"])
        .iter()
        .find(|c| c.str_at(&["type"]) == condition_type)
}

pub(crate) fn is_true(condition: &Value) -> bool {
    condition.str_at(&["status"]) == "True"
}

pub(crate) fn message(condition: &Value) -> &str {
    condition.str_at(&["message"])
}

pub(crate) fn api_service(object: &Value) -> Health {
    let Some(available) = find(object, "Available") else {
        return Health::new(HealthStatus::Progressing, "Waiting to be processed");
    };
    let status = if is_true(available) {
        HealthStatus::Healthy
    } else {
        HealthStatus::Progressing
    };
    let reason = available.str_at(&["reason"]);
    Health::new(status, format!("{reason}: {}", message(available)))
}

/// Where an autoscaler of version 1 keeps its conditions, as JSON.
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

pub(crate) fn autoscaler(object: &Value) -> Health {
    if object.str_at(&["apiVersion"]) != "autoscaling/v1" {
        return by_conditions(object.array_at(&["status", "conditions"]));
    }
    let Some(text) = object.at(&["metadata", "annotations", CONDITIONS]) else {
        return by_conditions(&[]);
    };
    match Value::parse(text.as_str().unwrap_or("").as_bytes()) {
        Ok(conditions) => by_conditions(conditions.as_array().unwrap_or(&[])),
        Err(error) => Health::new(
            HealthStatus::Unknown,
            format!("failed to convert conditions annotation to typed: {error}"),
        ),
    }
}

/// The first condition that says anything decides.
fn by_conditions(conditions: &[Value]) -> Health {
    for condition in conditions {
        let condition_type = condition.str_at(&["type"]);
        let failed = matches!(
            (condition_type, condition.str_at(&["reason"])),
            ("AbleToScale", "FailedGetScale" | "FailedUpdateScale")
                | (
                    "ScalingActive",
                    "FailedGetResourceMetric"
                        | "FailedGetObjectMetric"
                        | "FailedGetPodsMetric"
                        | "FailedGetExternalMetric"
                        | "FailedComputeMetricsReplicas"
                        | "InvalidSelector"
                )
        );
        if failed {
            return Health::new(HealthStatus::Degraded, message(condition));
        }
        if matches!(condition_type, "AbleToScale" | "ScalingLimited") && is_true(condition) {
            return Health::new(HealthStatus::Healthy, message(condition));
        }
    }
    Health::new(HealthStatus::Progressing, "Waiting to Autoscale")
}
