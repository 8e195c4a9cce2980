//! What can be done to an object with one click: restart a Deployment, promote a Rollout, run a
//! CronJob now. Names, icons and effects are those of Argo CD 3.5's built-in resource actions.
//!
//! Pure: an action answers with the changed object, or with one to create; others write it.

mod kinds;

use jiff::Timestamp;
use std::borrow::Cow;
use value::Value;

/// Something that can be done to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// What it is asked for by.
    pub name: Cow<'static, str>,
    /// What it is called on a button; empty where its name does.
    pub display_name: Cow<'static, str>,
    /// A class of Font Awesome; empty if there is none.
    pub icon_class: Cow<'static, str>,
    /// True if it makes no sense now.
    pub disabled: bool,
    /// What it must be told.
    pub params: Vec<Param>,
}

/// Something that an action must be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What is offered.
    pub default: String,
}

/// What an action makes of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The object as it is to be.
    Patch(Value),
    /// A new object.
    Create(Value),
}

/// Why an action can't be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The kind has no such action, or it makes no sense now.
    #[error("{kind} has no action \"{action}\"; there are: {known}")]
    Unknown {
        /// The kind.
        kind: String,
        /// What was asked for.
        action: String,
        /// What could be asked for.
        known: String,
    },
    /// A parameter is missing or makes no sense, or the object isn't in the state for it.
    #[error("{0}")]
    Refused(String),
}

/// Returns what can be done to an object, by name.
#[must_use]
pub fn available(object: &Value) -> Vec<Action> {
    let rules = kinds::of(object).iter();
    let mut actions: Vec<Action> = rules.filter_map(|rule| rule.offer(object)).collect();
    actions.sort_by(|a, b| a.name.cmp(&b.name));
    actions
}

/// Does something to an object.
///
/// # Errors
/// Fails if the object's kind doesn't offer the action, or a parameter makes no sense.
pub fn run(
    object: &Value,
    action: &str,
    params: &[(String, String)],
    now: Timestamp,
) -> Result<Vec<Change>, ActionError> {
    let rules = kinds::of(object);
    let Some(rule) = rules.iter().find(|rule| rule.name == action) else {
        return Err(unknown(object, action));
    };
    let call = Call { params, now };
    let change = match rule.run {
        kinds::Run::Change(change) => {
            let mut changed = object.clone();
            change(&mut changed, &call)?;
            Change::Patch(changed)
        }
        kinds::Run::Make(make) => Change::Create(make(object, &call)),
    };
    Ok(vec![change])
}

/// Returns the error for an action that a kind doesn't have.
#[must_use]
pub fn unknown(object: &Value, action: &str) -> ActionError {
    let names: Vec<Cow<'static, str>> = available(object).into_iter().map(|a| a.name).collect();
    ActionError::Unknown {
        kind: object.str_at(&["kind"]).to_owned(),
        action: action.to_owned(),
        known: if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        },
    }
}

/// An action that is being done.
struct Call<'c> {
    params: &'c [(String, String)],
    now: Timestamp,
}

impl Call<'_> {
    fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    fn time(&self, format: &str) -> String {
        self.now.strftime(format).to_string()
    }

    /// Returns the time as annotations have it.
    fn stamp(&self) -> String {
        self.time("%Y-%m-%dT%H:%M:%SZ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    fn done(object: &Value, action: &str, params: &[(&str, &str)]) -> Result<Change, ActionError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let params: Vec<(String, String)> = params.iter().map(owned).collect();
        let now = "2026-01-02T03:04:05Z".parse().expect("a time");
        run(object, action, &params, now).map(|changes| changes[0].clone())
    }

    fn names(object: &Value) -> Vec<String> {
        let shown = |a: Action| format!("{}{}", a.name, if a.disabled { "!" } else { "" });
        available(object).into_iter().map(shown).collect()
    }

    #[test]
    fn a_deployment_is_restarted_paused_and_scaled() {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "spec": {"replicas": 1, "template": {}}});
        assert_eq!(names(&object), ["pause", "restart", "resume!", "scale"]);
        let Ok(Change::Patch(restarted)) = done(&object, "restart", &[]) else {
            panic!("it is restarted");
        };
        let path = [
            "spec",
            "template",
            "metadata",
            "annotations",
            "kubectl.kubernetes.io/restartedAt",
        ];
        assert_eq!(restarted.str_at(&path), "2026-01-02T03:04:05Z");
        let Ok(Change::Patch(paused)) = done(&object, "pause", &[]) else {
            panic!("it is paused");
        };
        assert_eq!(names(&paused), ["pause!", "restart", "resume", "scale"]);
        let Ok(Change::Patch(scaled)) = done(&object, "scale", &[("replicas", "3")]) else {
            panic!("it is scaled");
        };
        assert_eq!(scaled.i64_at(&["spec", "replicas"]), Some(3));
        let refused = done(&object, "scale", &[("replicas", "many")]);
        assert_eq!(
            refused,
            Err(ActionError::Refused("invalid number: many".to_owned()))
        );
    }

    #[test]
    fn a_cron_job_runs_now() {
        let object = json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": "report", "namespace": "shop", "uid": "u"},
            "spec": {"jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": {}}}}});
        assert_eq!(names(&object), ["create-job", "suspend"]);
        let Ok(Change::Create(job)) = done(&object, "create-job", &[]) else {
            panic!("a job is made");
        };
        assert_eq!(job.str_at(&["metadata", "name"]), "report-2601020304");
        assert_eq!(job.str_at(&["metadata", "labels", "a"]), "b");
        let owner = &job.array_at(&["metadata", "ownerReferences"])[0];
        assert_eq!(owner.str_at(&["uid"]), "u");
    }

    #[test]
    fn what_a_kind_lacks_is_said_with_what_it_has() {
        let object = json!({"apiVersion": "apps/v1", "kind": "DaemonSet"});
        let error = done(&object, "pause", &[]).expect_err("there is no such action");
        assert_eq!(
            error.to_string(),
            "DaemonSet has no action \"pause\"; there are: restart"
        );
        let service = json!({"apiVersion": "v1", "kind": "Service"});
        assert!(available(&service).is_empty());
    }

    #[test]
    fn objects_without_anything_break_nothing() {
        for (api_version, kind) in [
            ("argoproj.io/v1alpha1", "Rollout"),
            ("postgresql.cnpg.io/v1", "Cluster"),
            ("batch/v1", "Job"),
            ("batch/v1", "CronJob"),
            ("numaflow.numaproj.io/v1", "Pipeline"),
            ("keda.sh/v1alpha1", "ScaledObject"),
            ("argoproj.io/v1alpha1", "CronWorkflow"),
        ] {
            let object =
                json!({"apiVersion": api_version, "kind": kind, "metadata": null, "spec": 1});
            for action in available(&object) {
                let _answered = done(&object, &action.name, &[("instance", "any")]);
            }
        }
    }
}
