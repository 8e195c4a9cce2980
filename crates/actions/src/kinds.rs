//! Which kinds have which actions.

mod argo;
mod data;
mod numa;
mod switches;
mod workloads;

use crate::{Action, ActionError, Call, Param};
use value::Value;

/// An action of a kind.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    display_name: fn(&Value) -> &'static str,
    icon_class: &'static str,
    when: When,
    params: &'static [Asks],
    pub(crate) run: Run,
}

/// Whether an action is offered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Yes,
    /// It is shown and can't be done.
    Disabled,
    No,
}

type When = fn(&Value) -> Offer;

/// Something to ask for: its name, and what is offered.
type Asks = (&'static str, fn(&Value) -> String);

/// What an action does.
pub(crate) enum Run {
    /// It changes the object.
    Change(fn(&mut Value, &Call<'_>) -> Result<(), ActionError>),
    /// It makes another one.
    Make(fn(&Value, &Call<'_>) -> Value),
}

impl Rule {
    /// Returns an action that is always offered.
    const fn new(
        name: &'static str,
        icon_class: &'static str,
        change: fn(&mut Value, &Call<'_>) -> Result<(), ActionError>,
    ) -> Self {
        Self {
            name,
            display_name: |_| "",
            icon_class,
            when: |_| Offer::Yes,
            params: &[],
            run: Run::Change(change),
        }
    }

    const fn making(
        name: &'static str,
        icon_class: &'static str,
        make: fn(&Value, &Call<'_>) -> Value,
    ) -> Self {
        let nothing = Self::new(name, icon_class, |_, _| Ok(()));
        Self {
            run: Run::Make(make),
            ..nothing
        }
    }

    const fn called(self, display_name: fn(&Value) -> &'static str) -> Self {
        Self {
            display_name,
            ..self
        }
    }

    const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    const fn asking(self, params: &'static [Asks]) -> Self {
        Self { params, ..self }
    }

    pub(crate) fn offer(&self, object: &Value) -> Option<Action> {
        let offer = (self.when)(object);
        (offer != Offer::No).then(|| Action {
            name: self.name.into(),
            display_name: (self.display_name)(object).into(),
            icon_class: self.icon_class.into(),
            disabled: offer == Offer::Disabled,
            params: (self.params.iter())
                .map(|(name, default)| Param {
                    name: (*name).to_owned(),
                    default: default(object),
                })
                .collect(),
        })
    }
}

/// Returns the actions of an object's kind.
pub(crate) fn of(object: &Value) -> &'static [Rule] {
    let api_version = object.str_at(&["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    match (group, object.str_at(&["kind"])) {
        ("apps", "Deployment") => &workloads::DEPLOYMENT,
        ("apps", "StatefulSet") => &workloads::STATEFUL_SET,
        ("apps", "DaemonSet") => &workloads::DAEMON_SET,
        ("batch", "CronJob") => &workloads::CRON_JOB,
        ("batch", "Job") => &workloads::JOB,
        ("argoproj.io", "Rollout") => &argo::ROLLOUT,
        ("argoproj.io", "AnalysisRun") => &argo::ANALYSIS_RUN,
        ("argoproj.io", "Application") => &argo::APPLICATION,
        ("argoproj.io", "CronWorkflow") => &argo::CRON_WORKFLOW,
        ("argoproj.io", "WorkflowTemplate") => &argo::WORKFLOW_TEMPLATE,
        ("promoter.argoproj.io", "PullRequest") => &argo::PULL_REQUEST,
        ("notification.toolkit.fluxcd.io", "Alert" | "Provider") => &switches::SUSPENDED,
        (
            "helm.toolkit.fluxcd.io"
            | "kustomize.toolkit.fluxcd.io"
            | "image.toolkit.fluxcd.io"
            | "notification.toolkit.fluxcd.io"
            | "source.toolkit.fluxcd.io",
            "HelmRelease"
            | "Kustomization"
            | "ImageRepository"
            | "ImageUpdateAutomation"
            | "Receiver"
            | "Bucket"
            | "GitRepository"
            | "HelmChart"
            | "HelmRepository"
            | "OCIRepository",
        ) => &switches::FLUX,
        ("k8s.mariadb.com", "MariaDB") => &switches::MARIADB,
        ("psmdb.percona.com", "PerconaServerMongoDB") => &switches::PERCONA,
        ("keda.sh", "ScaledJob") => &switches::SCALED_JOB,
        ("keda.sh", "ScaledObject") => &switches::SCALED_OBJECT,
        ("core.strimzi.io", "StrimziPodSet") => &data::STRIMZI_POD_SET,
        ("external-secrets.io", "ExternalSecret") => &data::EXTERNAL_SECRET,
        ("external-secrets.io", "PushSecret") => &data::PUSH_SECRET,
        ("postgresql.cnpg.io", "Cluster") => &data::POSTGRES,
        ("numaflow.numaproj.io", "InterStepBufferService") => &numa::BUFFER,
        ("numaflow.numaproj.io", "MonoVertex") => &numa::MONO_VERTEX,
        ("numaflow.numaproj.io", "Pipeline") => &numa::PIPELINE,
        ("numaplane.numaproj.io", "MonoVertexRollout") => &numa::MONO_VERTEX_ROLLOUT,
        ("numaplane.numaproj.io", "PipelineRollout") => &numa::PIPELINE_ROLLOUT,
        _ => &[],
    }
}

const REDO: &str = "fa fa-fw fa-redo";
const PLAY: &str = "fa fa-fw fa-play";
const PAUSE: &str = "fa fa-fw fa-pause";
const PLUS: &str = "fa fa-fw fa-plus";
const PAUSE_CIRCLE: &str = "fa fa-fw fa-pause-circle";
const PLAY_CIRCLE: &str = "fa fa-fw fa-play-circle";

/// Offers something that makes sense only sometimes.
const fn unless(disabled: bool) -> Offer {
    if disabled {
        Offer::Disabled
    } else {
        Offer::Yes
    }
}

/// Offers something only where it makes sense.
const fn only_if(is_sensible: bool) -> Offer {
    if is_sensible { Offer::Yes } else { Offer::No }
}

/// Lua's truth: what is there and isn't `false`.
fn is_true(object: &Value, path: &[&str]) -> bool {
    !matches!(
        object.at(path),
        None | Some(Value::Null | Value::Bool(false))
    )
}

fn annotation<'o>(object: &'o Value, name: &str) -> Option<&'o str> {
    object.at(&["metadata", "annotations", name])?.as_str()
}

fn label<'o>(object: &'o Value, name: &str) -> Option<&'o str> {
    object.at(&["metadata", "labels", name])?.as_str()
}

fn annotate(object: &mut Value, name: &str, value: &str) {
    object.set_at(&["metadata", "annotations", name], value);
}

/// Returns a reference to an object, for one that it makes.
fn owner(object: &Value) -> Value {
    let mut owner = Value::object();
    for field in ["apiVersion", "kind"] {
        owner.set_at(&[field], object.str_at(&[field]));
    }
    for field in ["name", "uid"] {
        if let Some(value) = object.at(&["metadata", field]) {
            owner.set_at(&[field], value.clone());
        }
    }
    owner
}

/// Reads a number as Lua's `tonumber` does.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let int = text.parse::<i64>().ok().map(Value::from);
    int.or_else(|| {
        let float: f64 = text.parse().ok().filter(|f: &f64| f.is_finite())?;
        Some(Value::from(float))
    })
}
