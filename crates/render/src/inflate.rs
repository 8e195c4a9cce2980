//! Charts of kustomizations.

use crate::chart::{capabilities, read};
use gotemplate::{Options, Seed};
use helm::engine::{Cache, Release};
use helm::template::{self, Parts};
use helm::{Chart, Compat, FolderError, values};
use kustomize::{ChartRequest, Charts, Error, HelmChart};
use std::sync::Arc;
use tree::Tree;
use value::Value;

/// The name of a release that nobody names.
const RELEASE: &str = "release-name";
/// The namespace of a release that belongs to none.
const NAMESPACE: &str = "default";

/// Gives the files of a chart that a kustomization names with its repository.
pub type PullChart<'r> = dyn Fn(&HelmChart) -> Result<Arc<dyn Tree>, String> + 'r;

/// Inflates the charts of kustomizations as `kustomize build --enable-helm` does.
#[derive(Clone, Copy, Default)]
pub struct HelmCharts<'r> {
    /// Templates parsed before.
    pub cache: Option<&'r Cache>,
    /// The cluster's version, unless the kustomization says another; that of Helm's client if empty.
    pub kube_version: &'r str,
    /// What the cluster serves besides what every cluster does, unless the kustomization says so.
    pub api_versions: &'r [String],
    /// Where random text comes from: secret, and the same for the same application.
    pub seed: [u8; 32],
    /// What `now` is, in seconds since 1970.
    pub now_seconds: i64,
    /// Gives charts that aren't among the kustomization's own files; without it, none is pulled.
    pub pull: Option<&'r PullChart<'r>>,
}

impl Charts for HelmCharts<'_> {
    fn inflate(&self, asked: &ChartRequest<'_>) -> Result<Vec<u8>, Error> {
        let said = asked.chart;
        let options = Options {
            seed: Seed(self.seed),
            now_seconds: self.now_seconds,
            ..Options::default()
        };
        let release = Release {
            name: release_name(said, &options).map_err(Error::new)?,
            namespace: or(&said.namespace, NAMESPACE).to_owned(),
            revision: 1,
            is_upgrade: false,
        };
        let api_versions = match said.api_versions.as_slice() {
            [] => self.api_versions,
            own => own,
        };
        let version = or(&said.kube_version, self.kube_version);
        let capabilities = capabilities(version, api_versions).map_err(Error::new)?;
        let mut given = Value::object();
        for (name, text) in asked.values {
            values::merge(
                &mut given,
                read(name, text, Compat::V4).map_err(Error::new)?,
            );
        }
        let chart = Chart::from_folder(asked.files, asked.folder).map_err(|e| match e {
            FolderError::Read(error) => Error::from(error),
            error => Error::new(error.to_string()),
        })?;
        let request = template::Request {
            release: &release,
            capabilities: &capabilities,
            parts: Parts {
                crds: said.include_crds,
                hooks: !said.skip_hooks,
                tests: !said.skip_tests,
            },
            skip_schema: false,
            options: &options,
            cache: self.cache,
            lookup: None,
            trace: false,
            compat: Compat::V4,
        };
        let output =
            template::template(chart, &given, &request).map_err(|e| Error::new(e.to_string()))?;
        Ok(template::stream(&output.manifests).into_bytes())
    }

    fn pull(&self, chart: &HelmChart) -> Result<Option<Arc<dyn Tree>>, String> {
        self.pull.map(|pull| pull(chart)).transpose()
    }
}

/// Returns what a release is called. A kustomization that says nothing asks Helm for a generated
/// name, which `helm template` doesn't give.
fn release_name(chart: &HelmChart, options: &Options) -> Result<String, String> {
    match (chart.release_name.as_str(), chart.name_template.as_str()) {
        ("", "") => Ok(RELEASE.to_owned()),
        (name, "") => Ok(name.to_owned()),
        ("", text) => template::name_of_template(text, options).map_err(|e| e.to_string()),
        _ => Err("cannot set --name-template and also specify a name".to_owned()),
    }
}

fn or<'t>(text: &'t str, default: &'t str) -> &'t str {
    if text.is_empty() { default } else { text }
}
