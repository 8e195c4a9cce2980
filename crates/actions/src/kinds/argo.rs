//! Argo's kinds.

use super::{PLUS, Rule, is_true, owner, unless};
use crate::Call;
use value::{Value, json};

fn steps(rollout: &Value) -> Option<usize> {
    let steps = rollout.at(&["spec", "strategy", "canary", "steps"])?;
    Some(steps.as_array().map_or(0, <[Value]>::len))
}

fn is_paused(rollout: &Value) -> bool {
    match rollout.at(&["status", "pauseConditions"]) {
        Some(conditions) if !conditions.is_null() => {
            conditions.as_array().is_some_and(|c| !c.is_empty())
        }
        _ => is_true(rollout, &["spec", "paused"]),
    }
}

/// Whether everything runs the new version.
fn is_promoted(rollout: &Value) -> bool {
    let hash = |name: &str| rollout.at(&["status", name]);
    hash("currentPodHash") == hash("stableRS")
}

fn is_aborted(rollout: &Value) -> bool {
    is_true(rollout, &["status", "abort"])
}

/// Whether the controller is older than 0.10: its observed generation is no number, or a hash.
fn is_old(rollout: &Value) -> bool {
    let observed = match rollout.at(&["status", "observedGeneration"]) {
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        Some(number) => number.as_f64(),
        None => None,
    };
    let generation = rollout.at(&["metadata", "generation"]);
    let generation = generation.and_then(Value::as_f64);
    observed.is_none_or(|observed| generation.is_none_or(|own| observed > own))
}

pub(super) static ROLLOUT: [Rule; 7] = [
    Rule::new("restart", "", |object, call| {
        object.set_at(&["spec", "restartAt"], call.stamp());
        Ok(())
    })
    .called(|_| "Restart Pods"),
    Rule::new("resume", "", |object, _| {
        let conditions = object.array_at(&["status", "pauseConditions"]);
        if !conditions.is_empty() {
            object.remove_at(&["status", "pauseConditions"]);
        }
        if is_true(object, &["spec", "paused"]) {
            object.set_at(&["spec", "paused"], false);
        }
        Ok(())
    })
    .when(|o| unless(!is_paused(o))),
    Rule::new("abort", "", |object, _| {
        object.set_at(&["status", "abort"], true);
        Ok(())
    })
    .when(|o| unless(is_promoted(o) || is_aborted(o))),
    Rule::new("retry", "", |object, _| {
        object.remove_at(&["status", "abort"]);
        Ok(())
    })
    .when(|o| unless(is_promoted(o) || !is_aborted(o))),
    Rule::new("pause", "", |object, _| {
        object.set_at(&["spec", "paused"], true);
        Ok(())
    })
    .when(|o| unless(is_promoted(o) || is_aborted(o) || is_true(o, &["spec", "paused"]))),
    Rule::new("promote-full", "", |object, _| {
        if object.get("status").is_none_or(Value::is_null) {
            return Ok(());
        }
        if is_old(object) {
            object.remove_at(&["status", "abort"]);
            if let Some(steps) = steps(object) {
                let steps = i64::try_from(steps).unwrap_or(i64::MAX);
                object.set_at(&["status", "currentStepIndex"], steps);
            }
        } else {
            object.set_at(&["status", "promoteFull"], true);
        }
        Ok(())
    })
    .when(|o| {
        let has_blue_green = o.at(&["spec", "strategy", "blueGreen"]).is_some();
        let has_status = o.get("status").is_some_and(|s| !s.is_null());
        unless(!has_status || is_promoted(o) || (is_old(o) && has_blue_green))
    }),
    Rule::new("skip-current-step", "", |object, _| {
        let current = object.i64_at(&["status", "currentStepIndex"]);
        let count = steps(object).and_then(|count| i64::try_from(count).ok());
        if let (Some(current), Some(count)) = (current, count)
            && current < count
        {
            if !object.array_at(&["status", "pauseConditions"]).is_empty() {
                object.remove_at(&["status", "pauseConditions"]);
            }
            object.set_at(&["status", "currentStepIndex"], current + 1);
        }
        Ok(())
    })
    .when(|o| {
        let current = o.i64_at(&["status", "currentStepIndex"]);
        let is_last = steps(o).is_none_or(|n| current == i64::try_from(n).ok());
        unless(is_last)
    }),
];

pub(super) static ANALYSIS_RUN: [Rule; 1] = [Rule::new("terminate", "", |object, _| {
    object.set_at(&["spec", "terminate"], true);
    Ok(())
})
.when(|o| {
    let phase = o.str_at(&["status", "phase"]);
    let is_over = matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive");
    unless(is_true(o, &["spec", "terminate"]) || is_over)
})];

fn is_automated(application: &Value) -> bool {
    let automated = application.at(&["spec", "syncPolicy", "automated"]);
    automated.filter(|a| !a.is_null()).is_some_and(|a| {
        let enabled = a.get("enabled");
        enabled.is_none_or(|e| e.is_null() || *e == Value::Bool(true))
    })
}

pub(super) static APPLICATION: [Rule; 1] = [Rule::new("toggle-auto-sync", "", |object, _| {
    let enabled = !is_automated(object);
    object.set_at(&["spec", "syncPolicy", "automated", "enabled"], enabled);
    Ok(())
})
.called(|object| {
    if is_automated(object) {
        "Disable Auto-Sync"
    } else {
        "Enable Auto-Sync"
    }
})];

/// Returns a Workflow without a specification.
fn workflow(object: &Value, call: &Call<'_>) -> Value {
    let name = object.str_at(&["metadata", "name"]);
    let at = call.time("%Y%m%d%H%M");
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": format!("{name}-{at}"),
            "namespace": object.str_at(&["metadata", "namespace"]),
            "ownerReferences": [owner(object)],
        },
    })
}

pub(super) static CRON_WORKFLOW: [Rule; 1] =
    [Rule::making("create-workflow", PLUS, |object, call| {
        let mut workflow = workflow(object, call);
        for part in ["labels", "annotations"] {
            let own = object.at(&["spec", "workflowMetadata", part]).cloned();
            workflow.set_at(&["metadata", part], own.unwrap_or_else(Value::object));
        }
        let name = object.str_at(&["metadata", "name"]);
        let from = "workflows.argoproj.io/cron-workflow";
        workflow.set_at(&["metadata", "labels", from], name);
        let instance = "workflows.argoproj.io/controller-instanceid";
        if let Some(id) = object.at(&["metadata", "labels", instance]) {
            workflow.set_at(&["metadata", "labels", instance], id.clone());
        }
        // The day stands where the hour should: that is how Argo CD writes it.
        let at = call.time("%Y-%m-%dT%d:%H:%MZ");
        let scheduled = "workflows.argoproj.io/scheduled-time";
        workflow.set_at(&["metadata", "annotations", scheduled], at);
        let finalizers = object.array_at(&["spec", "workflowMetadata", "finalizers"]);
        if !finalizers.is_empty() {
            workflow.set_at(&["finalizers"], Value::Array(finalizers.to_vec()));
        }
        let spec = object.at(&["spec", "workflowSpec"]).cloned();
        workflow.set_at(&["spec"], spec.unwrap_or_else(Value::object));
        workflow
    })
    .called(|_| "Create Workflow")];

pub(super) static WORKFLOW_TEMPLATE: [Rule; 1] =
    [Rule::making("create-workflow", PLUS, |object, call| {
        let mut workflow = workflow(object, call);
        let name = object.str_at(&["metadata", "name"]);
        let from = "workflows.argoproj.io/workflow-template";
        workflow.set_at(&["metadata", "labels", from], name);
        workflow.set_at(&["spec", "workflowTemplateRef", "name"], name);
        workflow
    })
    .called(|_| "Create Workflow")];

pub(super) static PULL_REQUEST: [Rule; 1] =
    [Rule::new("merge", "fa fa-fw fa-code-merge", |object, _| {
        object.set_at(&["spec", "state"], "merged");
        Ok(())
    })
    .called(|_| "Merge PR")
    .when(|object| unless(object.str_at(&["spec", "state"]) != "open"))];
