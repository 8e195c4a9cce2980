//! Jobs: Pods until enough have succeeded, or too many have failed.

use crate::context::{CONTROLLER_MANAGER, Context, Result, condition, controlled_by, is_true};
use controlplane::Object;
use std::sync::Arc;
use value::{Value, json};

impl Context {
    pub(crate) async fn job(&self, job: &Object) -> Result<()> {
        if job.deleting() || is_true(&job.value, "Complete") || is_true(&job.value, "Failed") {
            return Ok(());
        }
        let pods = self.owned("pods", job).await?;
        let phase = |p: &Arc<Object>, want: &str| p.value.str_at(&["status", "phase"]) == want;
        let succeeded = number(&pods, |p| phase(p, "Succeeded"));
        let failed = number(&pods, |p| phase(p, "Failed"));
        let over = |p: &Arc<Object>| phase(p, "Succeeded") || phase(p, "Failed");
        let mut active = number(&pods, |p| !over(p) && !p.deleting());
        let parallelism = job.value.i64_at(&["spec", "parallelism"]).unwrap_or(1);
        let completions = job.value.i64_at(&["spec", "completions"]).unwrap_or(parallelism.max(1));
        let limit = job.value.i64_at(&["spec", "backoffLimit"]).unwrap_or(6);
        let suspended = job.value.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
        let now = self.stamp();
        let start = match job.value.str_at(&["status", "startTime"]) {
            "" => now.clone(),
            start => start.to_owned(),
        };
        let mut conditions = Vec::new();
        let mut status = json!({"ready": 0});
        if suspended {
            for pod in pods.iter().filter(|p| !over(p)) {
                self.delete("pods", pod, CONTROLLER_MANAGER, None).await?;
            }
            active = 0;
            conditions.push(condition(
                &job.value, "Suspended", true, "JobSuspended", "Job suspended", &now,
            ));
        } else if succeeded >= completions {
            let text = "Reached expected number of succeeded pods";
            for kind in ["SuccessCriteriaMet", "Complete"] {
                let reason = "CompletionsReached";
                conditions.push(condition(&job.value, kind, true, reason, text, &now));
            }
            status.set_at(&["completionTime"], now.as_str());
        } else if failed > limit {
            let text = "Job has reached the specified backoff limit";
            for kind in ["FailureTarget", "Failed"] {
                let reason = "BackoffLimitExceeded";
                conditions.push(condition(&job.value, kind, true, reason, text, &now));
            }
        } else {
            let missing = (completions - succeeded - active).min(parallelism - active);
            for _ in 0..missing {
                self.create("pods", job.namespace(), pod_of(job)).await?;
                active += 1;
            }
        }
        if !suspended {
            status.set_at(&["startTime"], start);
        }
        for (name, count) in [("active", active), ("succeeded", succeeded), ("failed", failed)] {
            if count > 0 {
                status.set_at(&[name], count);
            }
        }
        if !conditions.is_empty() {
            status.set_at(&["conditions"], conditions);
        }
        status.set_at(&["ready"], number(&pods, |p| is_true(&p.value, "Ready")));
        status.set_at(&["terminating"], number(&pods, |p| p.deleting()));
        status.set_at(&["uncountedTerminatedPods"], Value::object());
        self.set_status("jobs", job, CONTROLLER_MANAGER, status).await
    }
}

fn number(pods: &[Arc<Object>], which: impl Fn(&Arc<Object>) -> bool) -> i64 {
    i64::try_from(pods.iter().filter(|p| which(p)).count()).unwrap_or(i64::MAX)
}

fn pod_of(job: &Object) -> Value {
    let template = job.value.at(&["spec", "template"]).cloned().unwrap_or_default();
    let mut metadata = template.get("metadata").cloned().unwrap_or_else(Value::object);
    metadata.remove_at(&["creationTimestamp"]);
    metadata.set_at(&["generateName"], format!("{}-", job.name()));
    metadata.set_at(&["ownerReferences"], controlled_by(job));
    for (name, text) in [
        ("batch.kubernetes.io/controller-uid", job.uid()),
        ("batch.kubernetes.io/job-name", job.name()),
        ("controller-uid", job.uid()),
        ("job-name", job.name()),
    ] {
        metadata.set_at(&["labels", name], text);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template.get("spec").cloned().unwrap_or_default(),
    })
}
