//! Kubernetes' own workloads.

use super::{Offer, PAUSE, PAUSE_CIRCLE, PLAY, PLAY_CIRCLE, PLUS, REDO, Rule};
use super::{is_true, number, only_if, owner, unless};
use crate::{ActionError, Call};
use value::{Value, json};

const RESTART: Rule = Rule::new("restart", REDO, |object, call| {
    let restarted = "kubectl.kubernetes.io/restartedAt";
    let path = ["spec", "template", "metadata", "annotations", restarted];
    object.set_at(&path, call.stamp());
    Ok(())
});

const SCALE: Rule =
    Rule::new("scale", "fa fa-fw fa-plus-circle", scale).asking(&[("replicas", |_| String::new())]);

pub(super) static DEPLOYMENT: [Rule; 4] = [
    RESTART,
    Rule::new("pause", PAUSE_CIRCLE, |object, _| {
        object.set_at(&["spec", "paused"], true);
        Ok(())
    })
    .when(|object| unless(is_true(object, &["spec", "paused"]))),
    Rule::new("resume", PLAY_CIRCLE, |object, _| {
        object.remove_at(&["spec", "paused"]);
        Ok(())
    })
    .when(|object| unless(!is_true(object, &["spec", "paused"]))),
    SCALE,
];

pub(super) static STATEFUL_SET: [Rule; 2] = [RESTART, SCALE];

pub(super) static DAEMON_SET: [Rule; 1] = [RESTART];

pub(super) static CRON_JOB: [Rule; 3] = [
    Rule::making("create-job", PLUS, create_job).called(|_| "Create Job"),
    Rule::new("suspend", PAUSE, suspend).when(|object| only_if(!is_suspended(object))),
    Rule::new("resume", PLAY, resume).when(|object| only_if(is_suspended(object))),
];

pub(super) static JOB: [Rule; 3] = [
    Rule::new("suspend", PAUSE, suspend)
        .when(|object| only_if(!has_ended(object) && !is_suspended(object))),
    Rule::new("resume", PLAY, resume)
        .when(|object| only_if(!has_ended(object) && is_suspended(object))),
    Rule::new("terminate", "fa fa-fw fa-stop", terminate).when(|object| {
        let has_begun = object.get("status").is_some_and(|s| !s.is_null());
        only_if(!has_ended(object) && has_begun)
    }),
];

pub(super) fn is_suspended(object: &Value) -> bool {
    is_true(object, &["spec", "suspend"])
}

pub(super) fn suspend(object: &mut Value, _: &Call<'_>) -> Result<(), ActionError> {
    object.set_at(&["spec", "suspend"], true);
    Ok(())
}

pub(super) fn resume(object: &mut Value, _: &Call<'_>) -> Result<(), ActionError> {
    if is_suspended(object) {
        object.set_at(&["spec", "suspend"], false);
    }
    Ok(())
}

fn scale(object: &mut Value, call: &Call<'_>) -> Result<(), ActionError> {
    let given = call.param("replicas").unwrap_or_default();
    let Some(replicas) = number(given) else {
        return Err(ActionError::Refused(format!("invalid number: {given}")));
    };
    object.set_at(&["spec", "replicas"], replicas);
    Ok(())
}

/// Makes the Job that the CronJob would make now, as `kubectl create job --from` does.
fn create_job(object: &Value, call: &Call<'_>) -> Value {
    let template = |part: &str| object.at(&["spec", "jobTemplate", part]).cloned();
    let mut metadata = template("metadata").unwrap_or_else(Value::object);
    let name = object.str_at(&["metadata", "name"]);
    let at = call.time("%y%m%d%H%M");
    metadata.set_at(&["name"], format!("{name}-{at}"));
    metadata.set_at(&["namespace"], object.str_at(&["metadata", "namespace"]));
    let instantiate = "cronjob.kubernetes.io/instantiate";
    metadata.set_at(&["annotations", instantiate], "manual");
    let mut owner = owner(object);
    owner.set_at(&["blockOwnerDeletion"], true);
    owner.set_at(&["controller"], true);
    metadata.set_at(&["ownerReferences"], json!([owner]));
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": template("spec").unwrap_or_else(Value::object),
    })
}

fn has_ended(job: &Value) -> bool {
    let conditions = job.array_at(&["status", "conditions"]).iter();
    conditions.into_iter().any(|c| {
        let kind = c.str_at(&["type"]);
        c.str_at(&["status"]) == "True"
            && matches!(
                kind,
                "Complete" | "Failed" | "FailureTarget" | "SuccessCriteriaMet"
            )
    })
}

fn terminate(object: &mut Value, call: &Call<'_>) -> Result<(), ActionError> {
    let has_begun = object.get("status").is_some_and(|s| !s.is_null());
    if has_ended(object) || !has_begun {
        return Ok(());
    }
    let mut conditions = object.array_at(&["status", "conditions"]).to_vec();
    conditions.push(json!({
        "lastTransitionTime": call.stamp(),
        "message": "Job was terminated explicitly through Argo CD",
        "reason": "ManuallyTerminated",
        "status": "True",
        "type": "FailureTarget",
    }));
    object.set_at(&["status", "conditions"], Value::Array(conditions));
    Ok(())
}

/// Offers one of two.
pub(super) fn switch(is_on: bool) -> Offer {
    unless(!is_on)
}
