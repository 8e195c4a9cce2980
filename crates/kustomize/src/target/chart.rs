//! Charts: what a kustomization says of them, checked, and the values that they get.

use super::Target;
use crate::build::Builder;
use crate::error::{Error, Result, mistake};
use crate::helm::{ChartRequest, Charts};
use crate::kustomization::{HelmChart, HelmGlobals};
use crate::read;
use crate::resource::Resource;
use crate::smp;
use std::sync::Arc;
use tree::{Recording, Tree};
use value::Value;
use yaml::v3::{self, Node};

/// The folder of charts, unless the kustomization names another.
const CHART_HOME: &str = "charts";
/// Lines of values that stand in the kustomization aren't kept.
const NO_LINE: u32 = 0;

/// Where a chart is.
enum Place {
    /// In this folder, from the tree's root with a leading `/`.
    Folder(String),
    /// In a repository of charts; these are its files.
    Pulled(Arc<dyn Tree>),
}

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
        let place = self.chart_place(chart, globals, charts)?;
        let mut values = vec![self.values(chart, &place, builder)?];
        values.extend(more);
        builder.depends_on_more();
        let inflate = |files: &Recording<'_>, folder: &str| {
            charts.inflate(&ChartRequest {
                chart,
                files,
                folder,
                values: &values,
            })
        };
        let manifests = match &place {
            Place::Folder(folder) => {
                let folder = folder.trim_start_matches('/');
                self.loader.files.with(|files| inflate(files, folder))
            }
            Place::Pulled(tree) => inflate(&Recording::new(&**tree), ""),
        }?;
        let file: Arc<str> = format!("{}/{}", self.file, chart.name).into();
        let mut resources = read::resources(&manifests, &file, 0)
            .map_err(|e| e.context("could not parse bytes into resource map"))?;
        for resource in &mut resources {
            resource.state_mut().is_helm = true;
        }
        Ok(resources)
    }

    /// Returns where the chart is. The folder of charts may well be outside the kustomization's: only
    /// values files are restricted.
    fn chart_place(
        &self,
        chart: &HelmChart,
        globals: &HelmGlobals,
        charts: &dyn Charts,
    ) -> Result<Place> {
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
            return Ok(Place::Folder(folder));
        }
        if chart.repo.is_empty() {
            return Err(mistake!(
                "no repo specified for pull, no chart found at '{folder}'"
            ));
        }
        let pulled = charts
            .pull(chart)
            .map_err(|why| mistake!("chart '{}' of '{}': {why}", chart.name, chart.repo))?;
        if let Some(tree) = pulled {
            return Ok(Place::Pulled(tree));
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
    fn values(
        &self,
        chart: &HelmChart,
        place: &Place,
        builder: &Builder<'b>,
    ) -> Result<ValuesFile> {
        let own = chart.values_file.is_empty();
        let path = match place {
            Place::Folder(folder) if own => format!("{folder}/values.yaml"),
            Place::Pulled(_) if own => format!("{}/values.yaml", chart.name),
            _ => chart.values_file.clone(),
        };
        let load = || match place {
            Place::Pulled(tree) if own => {
                let file = Recording::new(&**tree)
                    .read("values.yaml")
                    .map_err(Error::from)?;
                file.ok_or_else(|| mistake!("chart '{}' has no values.yaml", chart.name))
            }
            _ => self.loader.load(&path).map(|file| file.bytes),
        };
        let inline = match &chart.values_inline {
            Value::Object(members) if !members.is_empty() => &chart.values_inline,
            _ => {
                let text = load()?;
                return Ok((path, text));
            }
        };
        let as_file = |value: &Value| yaml::to_yaml(value).into_bytes().into();
        if chart.values_merge == "replace" {
            return Ok((path, as_file(inline)));
        }
        let text = load()?;
        let place = |e: Error| e.at(&path, 0);
        let unreadable = |e: Error| place(e.context("could not parse values file into rnode"));
        let of_file = v3::documents(&text).map_err(|e| unreadable(e.into()))?;
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
