//! Workloads: replicas wanted and there, and what they run.

use value::{Value, json};

use super::row::Row;
use super::{Layout, format, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "ReplicationController" => layout(REPLICAS, |row| {
            replicas(row, format::labels(row.at("spec.selector")))
        }),
        "ReplicaSet" => layout(REPLICAS, |row| {
            replicas(row, format::selector(row.at("spec.selector")))
        }),
        "Deployment" => layout(
            "Name|Ready|Up-to-date|Available|Age|+Containers|+Images|+Selector",
            deployment,
        ),
        "StatefulSet" => layout("Name|Ready|Age|+Containers|+Images", |row| {
            json!([
                row.name(),
                ready(row),
                row.age(),
                containers(row, POD),
                images(row, POD)
            ])
        }),
        "DaemonSet" => layout(
            "Name|Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|\
             Available:integer|Node Selector|Age|+Containers|+Images|+Selector",
            daemon_set,
        ),
        "Job" => layout(
            "Name|Status|Completions|Duration|Age|+Containers|+Images|+Selector",
            job,
        ),
        "CronJob" => layout(
            "Name|Schedule|Timezone|Suspend:boolean|Active:integer|Last Schedule|Age|\
             +Containers|+Images|+Selector",
            cron_job,
        ),
        "ControllerRevision" => layout("Name|Controller|Revision|Age", controller_revision),
        _ => None,
    }
}

const REPLICAS: &str = "Name|Desired:integer|Current:integer|Ready:integer|Age|\
                        +Containers|+Images|+Selector";
/// Where the pod of a workload is.
const POD: &str = "spec.template.spec";
/// Where the pod of a scheduled job is.
const SCHEDULED_POD: &str = "spec.jobTemplate.spec.template.spec";

fn containers(row: &Row, pod: &str) -> String {
    format::names(row.items(&format!("{pod}.containers")), "name", ",")
}

fn images(row: &Row, pod: &str) -> String {
    format::names(row.items(&format!("{pod}.containers")), "image", ",")
}

fn ready(row: &Row) -> String {
    format!(
        "{}/{}",
        row.int("status.readyReplicas"),
        row.int("spec.replicas")
    )
}

fn replicas(row: &Row, selector: String) -> Value {
    json!([
        row.name(),
        row.int("spec.replicas"),
        row.int("status.replicas"),
        row.int("status.readyReplicas"),
        row.age(),
        containers(row, POD),
        images(row, POD),
        selector,
    ])
}

fn deployment(row: &Row) -> Value {
    json!([
        row.name(),
        ready(row),
        row.int("status.updatedReplicas"),
        row.int("status.availableReplicas"),
        row.age(),
        containers(row, POD),
        images(row, POD),
        format::selector(row.at("spec.selector")),
    ])
}

fn daemon_set(row: &Row) -> Value {
    json!([
        row.name(),
        row.int("status.desiredNumberScheduled"),
        row.int("status.currentNumberScheduled"),
        row.int("status.numberReady"),
        row.int("status.updatedNumberScheduled"),
        row.int("status.numberAvailable"),
        format::labels(row.at("spec.template.spec.nodeSelector")),
        row.age(),
        containers(row, POD),
        images(row, POD),
        format::selector(row.at("spec.selector")),
    ])
}

fn job(row: &Row) -> Value {
    let succeeded = row.int("status.succeeded");
    let parallelism = row.int("spec.parallelism");
    let completions = match row.at("spec.completions").and_then(Value::as_i64) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    };
    let duration = row.time("status.startTime").map(|start| {
        let end = row.time("status.completionTime").unwrap_or(row.now);
        format::human_duration(end.duration_since(start).as_secs())
    });
    json!([
        row.name(),
        job_status(row),
        completions,
        duration.unwrap_or_default(),
        row.age(),
        containers(row, POD),
        images(row, POD),
        format::selector(row.at("spec.selector")),
    ])
}

fn job_status(row: &Row) -> &'static str {
    let is = |condition: &str| row.condition(condition) == Some("True");
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if row.deleting() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn cron_job(row: &Row) -> Value {
    // A boolean's column, but the cell is a word.
    let suspend = match row.at("spec.suspend").and_then(Value::as_bool) {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = row
        .time("status.lastScheduleTime")
        .map(|_| row.since("status.lastScheduleTime"));
    json!([
        row.name(),
        row.text("spec.schedule"),
        row.text_or("spec.timeZone", "<none>"),
        suspend,
        row.count("status.active"),
        format::or_none(last.unwrap_or_default()),
        row.age(),
        containers(row, SCHEDULED_POD),
        images(row, SCHEDULED_POD),
        format::selector(row.at("spec.jobTemplate.spec.selector")),
    ])
}

fn controller_revision(row: &Row) -> Value {
    let owners = row.items("metadata.ownerReferences").iter();
    let mut owners = owners.filter(|o| o.get("controller").and_then(Value::as_bool) == Some(true));
    let controller = owners.next().map(|owner| {
        let (group, _) = crate::kinds::split_api_version(owner.str_at(&["apiVersion"]));
        let dot = if group.is_empty() { "" } else { "." };
        let kind = owner.str_at(&["kind"]).to_lowercase();
        format!("{kind}{dot}{group}/{}", owner.str_at(&["name"]))
    });
    json!([
        row.name(),
        format::or_none(controller.unwrap_or_default()),
        row.int("revision"),
        row.age(),
    ])
}
