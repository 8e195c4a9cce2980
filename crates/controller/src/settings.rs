//! What Argo CD's own ConfigMap says: `argocd-cm`.

mod compare;
mod kinds;

use engine::{Method, Tracking};
use jiff::SignedDuration;
use kustomize::LoadRestrictor;
use project::GlobalProjects;
use std::time::Duration;
use value::Value;

pub use compare::CompareSettings;
pub use kinds::KindFilter;

/// Settings of an installation, with Argo CD's names and defaults.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How objects are marked as an application's.
    pub tracking: Tracking,
    /// `timeout.reconciliation`, how often Git is asked; `Some(None)` is never, `None` isn't said.
    pub every: Option<Option<Duration>>,
    /// `timeout.reconciliation.jitter`, by how much that varies.
    pub jitter: Option<Duration>,
    /// What counts as a difference.
    pub compare: CompareSettings,
    /// Which kinds may be deployed.
    pub kinds: KindFilter,
    /// Whether objects are written with the rights of the project's service accounts.
    pub impersonation: Impersonation,
    /// `globalProjects`: which projects inherit from which.
    pub(crate) global_projects: GlobalProjects,
    /// `kustomize.buildOptions`.
    pub kustomize: BuildOptions,
    /// What can't be understood, in sentences: it has no effect.
    pub problems: Vec<String>,
}

/// `application.sync.impersonation`: whose rights count when objects are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Impersonation {
    /// The controller's own.
    #[default]
    Never,
    /// Those of the project's service account for the destination, if it names one.
    WhereKnown,
    /// Those of the project's service account; without one nothing is written.
    Always,
}

/// What `kustomize build` is told on its command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// `--load-restrictor`: whether files outside a kustomization's folder may be read. Nothing
    /// outside the repository ever is.
    pub load_restrictor: LoadRestrictor,
    /// `--enable-helm`: whether kustomizations may have charts.
    pub enable_helm: bool,
}

impl BuildOptions {
    fn parse(text: &str, problems: &mut Vec<String>) -> Self {
        let mut it = Self::default();
        let mut words = text.split([' ', '=', '\n', '\t']).filter(|w| !w.is_empty());
        while let Some(word) = words.next() {
            match word {
                "--enable-helm" => it.enable_helm = true,
                "--load-restrictor" => match words.next() {
                    Some("LoadRestrictionsNone") => it.load_restrictor = LoadRestrictor::None,
                    Some("LoadRestrictionsRootOnly") => {
                        it.load_restrictor = LoadRestrictor::RootOnly;
                    }
                    other => problems.push(format!(
                        "argocd-cm: kustomize.buildOptions: --load-restrictor {}: use \
                         LoadRestrictionsRootOnly or LoadRestrictionsNone",
                        other.unwrap_or_default()
                    )),
                },
                other => problems.push(format!(
                    "argocd-cm: kustomize.buildOptions: {other} is not known or not supported"
                )),
            }
        }
        it
    }
}

impl Settings {
    /// Reads the data of `argocd-cm`. How objects are marked and how often Git is asked hold from
    /// the start of a controller until its end, the rest from now on.
    pub(crate) fn of(data: &Value) -> Self {
        let mut it = Self::default();
        it.tracking.method = match data.str_at(&["application.resourceTrackingMethod"]) {
            "" | "annotation" => Method::Annotation,
            "annotation+label" => Method::AnnotationAndLabel,
            "label" => Method::Label,
            other => {
                it.problems.push(format!(
                    "argocd-cm: application.resourceTrackingMethod {other:?}: use annotation, \
                     annotation+label or label"
                ));
                Method::Annotation
            }
        };
        match data.str_at(&["application.instanceLabelKey"]) {
            "" => {}
            key => it.tracking.label = key.into(),
        }
        let build = data.str_at(&["kustomize.buildOptions"]);
        it.kustomize = BuildOptions::parse(build, &mut it.problems);
        it.impersonation = match (
            data.str_at(&["application.sync.impersonation.enabled"]),
            data.str_at(&["application.sync.impersonation.enforced"]),
        ) {
            ("true", "false") => Impersonation::WhereKnown,
            ("true", _) => Impersonation::Always,
            _ => Impersonation::Never,
        };
        let global = data.str_at(&["globalProjects"]);
        if let Some(list) = read("globalProjects", global, &mut it.problems) {
            it.global_projects = GlobalProjects::parse(&list);
        }
        it.kinds = KindFilter::of(data, &mut it.problems);
        it.compare = CompareSettings::of(data, &mut it.problems);
        it.tracking.installation = data.str_at(&["installationID"]).into();
        let mut duration = |name: &str| {
            let text = data.str_at(&[name]);
            if text.is_empty() {
                return None;
            }
            match engine::parse_duration(text) {
                Ok(duration) => Some(duration),
                Err(error) => {
                    it.problems
                        .push(format!("argocd-cm: {name} {text:?}: {error}"));
                    None
                }
            }
        };
        let unsigned = |d: SignedDuration| Duration::try_from(d).unwrap_or_default();
        let every = duration("timeout.reconciliation");
        let jitter = duration("timeout.reconciliation.jitter");
        it.every = every.map(|d| Some(unsigned(d)).filter(|d| !d.is_zero()));
        it.jitter = jitter.map(unsigned);
        it
    }
}

/// Reads YAML below a name of `argocd-cm`.
fn read(name: &str, text: &str, problems: &mut Vec<String>) -> Option<Value> {
    match yaml::v2::to_value(text.as_bytes()) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(format!("argocd-cm: {name}: {}", error.message()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn argo_cd_s_names_are_read() {
        let settings = Settings::of(&json!({
            "application.resourceTrackingMethod": "annotation+label",
            "application.instanceLabelKey": "example.com/app",
            "timeout.reconciliation": "0",
            "kustomize.buildOptions": "--load-restrictor LoadRestrictionsNone --enable-helm",
            "timeout.reconciliation.jitter": "30s",
        }));
        assert_eq!(settings.tracking.method, Method::AnnotationAndLabel);
        assert_eq!(&*settings.tracking.label, "example.com/app");
        assert_eq!(settings.every, Some(None));
        let all = BuildOptions {
            load_restrictor: LoadRestrictor::None,
            enable_helm: true,
        };
        assert_eq!(settings.kustomize, all);
        assert_eq!(settings.jitter, Some(Duration::from_secs(30)));
        assert_eq!(settings.problems, Vec::<String>::new());
        assert!(Settings::of(&Value::Null).problems.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let settings = Settings::of(&json!({
            "application.resourceTrackingMethod": "magic",
            "timeout.reconciliation": "soon",
            "kustomize.buildOptions": "--load-restrictor=none --network",
        }));
        assert_eq!(settings.problems.len(), 4, "{:?}", settings.problems);
        assert_eq!(settings.every, None);
    }
}
