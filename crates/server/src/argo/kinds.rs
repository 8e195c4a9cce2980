//! What can be done to objects of some kinds: Argo CD's resource actions.

use engine::{ObjectKey, format_time};
use jiff::Timestamp;
use value::{Value, json};

/// An action on an object.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) title: &'static str,
    pub(crate) is_disabled: bool,
    /// The name of the number that it takes.
    pub(crate) parameter: &'static str,
}

const fn action(name: &'static str, icon: &'static str, title: &'static str) -> Action {
    Action {
        name,
        icon,
        title,
        is_disabled: false,
        parameter: "",
    }
}

/// What an action comes to.
pub(crate) enum Deed {
    /// Change the object by this merge patch.
    Patch(Value),
    /// Change its status by this merge patch.
    Status(Value),
    /// Make this object.
    Create(Box<(ObjectKey, Value)>),
}

/// Returns what can be done to an object.
pub(crate) fn actions(object: &Value) -> Vec<Action> {
    let is = |path: &[&str]| object.at(path).and_then(Value::as_bool) == Some(true);
    let unless = |yes: bool, mut it: Action| {
        it.is_disabled = yes;
        it
    };
    let restart = || action("restart", "fa fa-fw fa-redo", "Restart");
    let scale = || Action {
        parameter: "replicas",
        ..action("scale", "fa fa-fw fa-plus-minus", "Scale")
    };
    let switch = |path: &[&str], off: &'static str, on: &'static str| {
        let stopped = is(path);
        [
            unless(stopped, action(off, "fa fa-fw fa-pause", "Pause")),
            unless(!stopped, action(on, "fa fa-fw fa-play", "Resume")),
        ]
    };
    let (group, _) = engine::split_api_version(object.str_at(&["apiVersion"]));
    let mut found = Vec::new();
    match (group, object.str_at(&["kind"])) {
        ("apps", "Deployment") => {
            found.extend([restart(), scale()]);
            found.extend(switch(&["spec", "paused"], "pause", "resume"));
        }
        ("apps", "StatefulSet") => found.extend([restart(), scale()]),
        ("apps", "DaemonSet") => found.push(restart()),
        ("batch", "CronJob") => {
            found.push(action("create-job", "fa fa-fw fa-plus", "Create a job"));
            found.extend(switch(&["spec", "suspend"], "suspend", "resume"));
        }
        ("batch", "Job") => found.extend(switch(&["spec", "suspend"], "suspend", "resume")),
        ("argoproj.io", "Rollout") => {
            found.push(restart());
            let aborted = is(&["status", "abort"]);
            found.push(unless(
                aborted,
                action("abort", "fa fa-fw fa-times-circle", "Abort"),
            ));
            found.push(unless(
                !aborted,
                action("retry", "fa fa-fw fa-redo", "Retry"),
            ));
            found.push(action(
                "promote-full",
                "fa fa-fw fa-arrow-circle-up",
                "Promote fully",
            ));
            found.extend(switch(&["spec", "paused"], "pause", "resume"));
        }
        _ => {}
    }
    found
}

/// Returns what an action comes to; `None` if there is no such action, or not now.
pub(crate) fn deed(
    object: &Value,
    name: &str,
    number: Option<i64>,
    now: Timestamp,
) -> Option<Deed> {
    let known = actions(object);
    let found = known.iter().find(|a| a.name == name && !a.is_disabled)?;
    let (group, kind) = (
        engine::split_api_version(object.str_at(&["apiVersion"])).0,
        object.str_at(&["kind"]),
    );
    let at = format_time(now);
    Some(match (group, kind, found.name) {
        ("argoproj.io", _, "restart") => Deed::Patch(json!({"spec": {"restartAt": at}})),
        (_, _, "restart") => Deed::Patch(json!({"spec": {"template": {"metadata": {
            "annotations": {"kubectl.kubernetes.io/restartedAt": at},
        }}}})),
        (_, _, "scale") => {
            let replicas = number.filter(|n| (0..=100_000).contains(n))?;
            Deed::Patch(json!({"spec": {"replicas": replicas}}))
        }
        ("batch", _, "suspend") => Deed::Patch(json!({"spec": {"suspend": true}})),
        ("batch", _, "resume") => Deed::Patch(json!({"spec": {"suspend": false}})),
        (_, _, "pause") => Deed::Patch(json!({"spec": {"paused": true}})),
        (_, _, "resume") => Deed::Patch(json!({"spec": {"paused": null}})),
        (_, _, "abort") => Deed::Status(json!({"status": {"abort": true}})),
        (_, _, "retry") => Deed::Status(json!({"status": {"abort": false}})),
        (_, _, "promote-full") => Deed::Status(json!({"status": {"promoteFull": true}})),
        (_, "CronJob", "create-job") => Deed::Create(Box::new(job(object, now))),
        _ => return None,
    })
}

/// Returns a job of a cron job, as `kubectl create job --from` makes it.
fn job(cron: &Value, now: Timestamp) -> (ObjectKey, Value) {
    let name = cron.str_at(&["metadata", "name"]);
    let namespace = cron.str_at(&["metadata", "namespace"]);
    let template = cron.at(&["spec", "jobTemplate"]);
    let part = |path: &[&str]| {
        let part = template.and_then(|t| t.at(path)).cloned();
        part.unwrap_or_else(Value::object)
    };
    let name = format!("{name}-{}", now.as_second());
    let mut annotations = part(&["metadata", "annotations"]);
    annotations.set_at(&["cronjob.kubernetes.io/instantiate"], "manual");
    let job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name.as_str(), "namespace": namespace,
            "labels": part(&["metadata", "labels"]),
            "annotations": annotations,
            "ownerReferences": [{
                "apiVersion": cron.str_at(&["apiVersion"]), "kind": "CronJob",
                "name": cron.str_at(&["metadata", "name"]),
                "uid": cron.str_at(&["metadata", "uid"]),
            }],
        },
        "spec": part(&["spec"]),
    });
    (ObjectKey::new("batch", "Job", namespace, &name), job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_follows_from_the_state() {
        let mut deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}});
        let now = Timestamp::UNIX_EPOCH;
        let can = |object: &Value, name: &str| deed(object, name, Some(3), now).is_some();
        assert!(can(&deployment, "pause") && !can(&deployment, "resume"));
        deployment.set_at(&["spec", "paused"], true);
        assert!(!can(&deployment, "pause") && can(&deployment, "resume"));
        assert!(can(&deployment, "scale") && !can(&deployment, "explode"));
        assert!(deed(&deployment, "scale", Some(-1), now).is_none());
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        assert!(actions(&map).is_empty());
    }
}
