//! Kinds that can be stopped and started.

use super::workloads::{is_suspended, resume, suspend, switch};
use super::{PAUSE, PAUSE_CIRCLE, PLAY, PLAY_CIRCLE, Rule, annotate, annotation, is_true, only_if};
use super::{number, unless};
use crate::{ActionError, Call};
use value::Value;

const SUSPEND: Rule = Rule::new("suspend", "", suspend).when(|o| switch(!is_suspended(o)));
const RESUME: Rule = Rule::new("resume", "", resume).when(|o| switch(is_suspended(o)));

pub(super) static SUSPENDED: [Rule; 2] = [SUSPEND, RESUME];

pub(super) static FLUX: [Rule; 3] = [
    Rule::new("reconcile", "", |object, call| {
        let at = call.time("%Y-%m-%dT%H:%M:%S");
        let by = format!("By Argo CD at: {at}");
        annotate(object, "reconcile.fluxcd.io/requestedAt", &by);
        Ok(())
    })
    .when(|o| switch(!is_suspended(o))),
    SUSPEND,
    RESUME,
];

pub(super) static MARIADB: [Rule; 2] = [
    Rule::new("suspend", PAUSE, suspend)
        .called(|_| "Suspend")
        .when(|o| only_if(!is_suspended(o))),
    Rule::new("resume", PLAY, resume)
        .called(|_| "Resume")
        .when(|o| only_if(is_suspended(o))),
];

pub(super) static PERCONA: [Rule; 2] = [
    Rule::new("pause", PAUSE_CIRCLE, |object, _| {
        object.set_at(&["spec", "pause"], true);
        Ok(())
    })
    .when(|o| unless(is_true(o, &["spec", "pause"]))),
    Rule::new("unpause", PLAY_CIRCLE, |object, _| {
        object.set_at(&["spec", "pause"], false);
        Ok(())
    })
    .when(|o| unless(!is_true(o, &["spec", "pause"]))),
];

const PAUSED: &str = "autoscaling.keda.sh/paused";
const PAUSED_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";

fn is_paused(object: &Value) -> bool {
    annotation(object, PAUSED) == Some("true")
}

fn is_held(object: &Value) -> bool {
    is_paused(object) || annotation(object, PAUSED_REPLICAS).is_some()
}

fn pause(object: &mut Value, _: &Call<'_>) -> Result<(), ActionError> {
    annotate(object, PAUSED, "true");
    Ok(())
}

fn unpause(object: &mut Value, _: &Call<'_>) -> Result<(), ActionError> {
    let annotations = ["metadata", "annotations"];
    if object.at(&annotations).is_some() {
        object.remove_at(&["metadata", "annotations", PAUSED]);
    }
    Ok(())
}

pub(super) static SCALED_JOB: [Rule; 2] = [
    Rule::new("pause", PAUSE_CIRCLE, pause).when(|o| unless(is_paused(o))),
    Rule::new("resume", PLAY_CIRCLE, unpause).when(|o| unless(!is_paused(o))),
];

pub(super) static SCALED_OBJECT: [Rule; 3] = [
    Rule::new("pause", PAUSE_CIRCLE, pause).when(|o| unless(is_held(o))),
    Rule::new("paused-replicas", PAUSE_CIRCLE, |object, call| {
        let refused = |message: String| Err(ActionError::Refused(message));
        let Some(given) = call.param("replicas") else {
            return refused("replicas parameter is required".to_owned());
        };
        match number(given) {
            Some(replicas) if replicas.as_f64().is_some_and(|n| n >= 0.0) => {
                annotate(object, PAUSED_REPLICAS, &replicas.to_json());
                Ok(())
            }
            _ => refused(format!("invalid number: {given} (must be >= 0)")),
        }
    })
    .asking(&[("replicas", |object| {
        annotation(object, PAUSED_REPLICAS)
            .unwrap_or("0")
            .to_owned()
    })])
    .when(|o| unless(is_paused(o))),
    Rule::new("resume", PLAY_CIRCLE, |object, call| {
        unpause(object, call)?;
        object.remove_at(&["metadata", "annotations", PAUSED_REPLICAS]);
        Ok(())
    })
    .when(|o| unless(!is_held(o))),
];
