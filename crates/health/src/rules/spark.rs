//! Spark applications.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Missing, Progressing};
use crate::rule::{Clause, at, field, is, is_text, number, truthy, waiting};
use value::Value;

const ERROR: &str = "{status.applicationState.errorMessage}";

pub(super) const ROWS: &[Row] = &[row(
    "sparkoperator.k8s.io",
    "SparkApplication",
    &[
        Clause::Own(running),
        field(
            "status.applicationState.state",
            &[
                is(
                    "",
                    Progressing,
                    "SparkApplication was added, enqueuing it for submission",
                ),
                is(
                    "SUBMITTED",
                    Progressing,
                    "SparkApplication was submitted successfully",
                ),
                is("COMPLETED", Healthy, "SparkApplication was Completed"),
                is("FAILED|SUBMISSION_FAILED|FAILING", Degraded, ERROR),
                is(
                    "PENDING_RERUN",
                    Progressing,
                    "SparkApplication is Pending Rerun",
                ),
                is(
                    "INVALIDATING",
                    Missing,
                    "SparkApplication is in InvalidatingState",
                ),
                is(
                    "SUCCEEDING",
                    Progressing,
                    "The driver pod has been completed successfully. The executor pods terminate and are cleaned up.\n\
                     Under this circumstances, we assume the executor pod are completed.",
                ),
                is(
                    "UNKNOWN",
                    Progressing,
                    "SparkApplication is in UnknownState because either driver pod or one or all executor pods in unknown state",
                ),
            ],
        ),
        waiting("Waiting for Executor pods"),
    ],
)];

/// An application runs when as many executors do as its spec asks for.
fn running(object: &Value) -> Option<Health> {
    if !is_text(object, "status.applicationState.state", "RUNNING") {
        return None;
    }
    let executors = at(object, "status.executorState")?.as_object()?;
    let running = executors.values().filter(|e| e.as_str() == Some("RUNNING"));
    let running = f64::from(u32::try_from(running.count()).unwrap_or(u32::MAX));
    let wanted = number(object, "spec.executor.instances");
    let is_enough = wanted == Some(running)
        || match executor_range(object) {
            Some((min, max)) => (min..=max).contains(&running),
            None => {
                at(object, "spec.dynamicAllocation").is_none() && wanted.is_none() && running >= 1.0
            }
        };
    is_enough.then(|| Health::new(Healthy, "SparkApplication is Running"))
}

/// Returns how few and how many executors dynamic allocation may make of it, if it is on.
fn executor_range(object: &Value) -> Option<(f64, f64)> {
    let from =
        |min: Option<f64>, max: Option<f64>| (min.unwrap_or(0.0), max.unwrap_or(f64::INFINITY));
    if truthy(object, "spec.dynamicAllocation.enabled") {
        return Some(from(
            number(object, "spec.dynamicAllocation.minExecutors"),
            number(object, "spec.dynamicAllocation.maxExecutors"),
        ));
    }
    let settings = at(object, "spec.sparkConf")?;
    let setting = |prefix: &str, name: &str| {
        let value = settings.get(&format!("{prefix}.{name}"))?;
        value.as_str().map(str::to_owned)
    };
    let count = |prefix: &str, name: &str| setting(prefix, name)?.trim().parse().ok();
    [
        "spark.streaming.dynamicAllocation",
        "spark.dynamicAllocation",
    ]
    .into_iter()
    .find(|prefix| setting(prefix, "enabled").as_deref() == Some("true"))
    .map(|prefix| from(count(prefix, "minExecutors"), count(prefix, "maxExecutors")))
}
