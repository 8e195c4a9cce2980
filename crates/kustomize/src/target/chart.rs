//! Charts: what a kustomization says of them, checked, and the values that they get.

use super::Target;
use crate::build::Builder;
use crate::error::{Error, Result, mistake};
use crate::helm::ChartRequest;
use crate::kustomization::{HelmChart, HelmGlobals};
use crate::read;
use crate::resource::Resource;
use crate::smp;
use std::sync::Arc;
use value::Value;
use yaml::v3::{self, Node};

/// The folder of charts, unless the kustomization names another.
const CHART_HOME: &str = "charts";
/// Lines of values that stand in the kustomization aren't kept.
const NO_LINE: u32 = 0;

/// A values file: its name and its text.
type ValuesFile = (String, Arc<[u8]>);

impl<'b> Target<'b> {
    /// Inflates one of the kustomization's charts.
    pub(super) fn inflate(&self, i: usize, builder: &Builder<'b>) -> Result<Vec<Resource>> {
        let mut chart = self.kustomization.helm_charts[i].clone();
        if chart.namespace.is_empty() {
            let own = &self.kustomization.namespace;
            let namespace = if own.is_empty() {
                &self.helm_namespace
            } else {
                own
            };
            chart.namespace.clone_from(namespace);
        }
        let globals = self.kustomization.helm_globals.clone().unwrap_or_default();
        self.inflate_chart(&chart, &globals, builder)
    }

    pub(super) fn inflate_chart(
        &self,
        chart: &HelmChart,
        globals: &HelmGlobals,
        builder: &Builder<'b>,
    ) -> Result<Vec<Resource>> {
        let configuring = |e: Error| {
            e.context("trouble configuring builtin HelmChartInflationGenerator with config")
        };
        let Some(charts) = builder.options.charts else {
            return Err(configuring(Error::new("must specify --enable-helm")));
        };
        check(chart).map_err(configuring)?;
        let more = self.more_values(chart).map_err(configuring)?;
        let folder = self.chart_folder(chart, globals)?;
        let mut values = vec![self.values(chart, &folder, builder)?];
        values.extend(more);
        builder.depends_on_more();
        let inflate = |files: &tree::Recording<'_>| {
            let folder = folder.trim_start_matches('/');
            charts.inflate(&ChartRequest {
                chart,
                files,
                folder,
                values: &values,
            })
        };
        let manifests = self.loader.files.with(inflate)?;
        let file: Arc<str> = format!("{}/{}", self.file, chart.name).into();
        let mut resources = read::resources(&manifests, &file, 0)
            .map_err(|e| e.context("could not parse bytes into resource map"))?;
        for resource in &mut resources {
            resource.state_mut().is_helm = true;
        }
        Ok(resources)
    }

    /// Returns the chart's folder, from the tree's root with a leading `/`. The folder of charts may
    /// well be outside the kustomization's: only values files are restricted.
    fn chart_folder(&self, chart: &HelmChart, globals: &HelmGlobals) -> Result<String> {
        let mut home = match globals.chart_home.as_str() {
            "" => CHART_HOME.to_owned(),
            home => home.to_owned(),
        };
        if !chart.version.is_empty() && !chart.repo.is_empty() {
            home = format!("{home}/{}-{}", chart.name, chart.version);
        }
        let folder = format!(
            "/{}",
            self.loader.resolve(&format!("{home}/{}", chart.name))?
        );
        if self.loader.has_folder(&folder)? {
            return Ok(folder);
        }
        if chart.repo.is_empty() {
            return Err(mistake!(
                "no repo specified for pull, no chart found at '{folder}'"
            ));
        }
        Err(mistake!(
            "chart '{}' of '{}' is not in the repository, at '{folder}', and a build doesn't pull \
             charts: commit it there",
            chart.name,
            chart.repo
        ))
    }

    fn more_values(&self, chart: &HelmChart) -> Result<Vec<ValuesFile>> {
        let files = chart.additional_values_files.iter().map(|path| {
            let file = self.loader.load(path);
            let file = file.map_err(|e| e.context("could not load additionalValuesFile"))?;
            Ok((path.clone(), file.bytes))
        });
        files.collect()
    }

    /// Brings the values file and the values in the kustomization together.
    fn values(&self, chart: &HelmChart, folder: &str, builder: &Builder<'b>) -> Result<ValuesFile> {
        let path = match chart.values_file.as_str() {
            "" => format!("{folder}/values.yaml"),
            path => path.to_owned(),
        };
        let inline = match &chart.values_inline {
            Value::Object(members) if !members.is_empty() => &chart.values_inline,
            _ => {
                let file = self.loader.load(&path)?;
                return Ok((path, file.bytes));
            }
        };
        let as_file = |value: &Value| yaml::to_yaml(value).into_bytes().into();
        if chart.values_merge == "replace" {
            return Ok((path, as_file(inline)));
        }
        let file = self.loader.load(&path)?;
        let place = |e: Error| e.at(&file.path, 0);
        let unreadable = |e: Error| place(e.context("could not parse values file into rnode"));
        let of_file = v3::documents(&file.bytes).map_err(|e| unreadable(e.into()))?;
        let of_file = of_file.into_iter().next();
        let of_file = of_file.ok_or_else(|| unreadable(Error::new("EOF")))?;
        let inline = Node::from_value(inline, NO_LINE);
        let (target, patch) = match chart.values_merge.as_str() {
            "merge" => (inline, of_file),
            _ => (of_file, inline),
        };
        let merged = smp::merge(&builder.schema(), target, patch)
            .map_err(|e| place(e.context("could not merge values")))?;
        let merged = merged
            .map(|node| node.to_value())
            .transpose()
            .map_err(|e| place(Error::from(e).context("could not parse merged values into map")))?;
        Ok((path, as_file(&merged.unwrap_or_else(Value::object))))
    }
}

/// Refuses what no chart can be found by.
fn check(chart: &HelmChart) -> Result<()> {
    if chart.name.is_empty() {
        return Err(Error::new("chart name cannot be empty"));
    }
    if !matches!(
        chart.values_merge.as_str(),
        "" | "merge" | "override" | "replace"
    ) {
        return Err(Error::new(
            "valuesMerge must be one of [merge override replace]",
        ));
    }
    Ok(())
}
