//! `helm template`: from a chart and values to manifests, in Helm's order.

use crate::chart::{Chart, File};
use crate::compat::Compat;
use crate::engine::{Cache, Capabilities, Context, Release, Turn, render_each};
use crate::explain::Trace;
use crate::manifests::{self, Hook, Manifest, ManifestError};
use crate::schema;
use crate::values::{coalesce_as, process_dependencies_as, read_documents_as};
use gotemplate::semver::{Constraint, Version};
use gotemplate::{Dialect, LookedUp, Lookup, Options, Session, Templates, Use};
use std::sync::Arc;
use value::Value;

/// Which manifests come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The manifests below `crds/`.
    pub crds: bool,
    /// Hooks.
    pub hooks: bool,
    /// Hooks that are tests.
    pub tests: bool,
}

/// What is asked of a chart besides its values.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// The release.
    pub release: &'r Release,
    /// The cluster.
    pub capabilities: &'r Capabilities,
    /// What comes out.
    pub parts: Parts,
    /// Values may break their schema.
    pub skip_schema: bool,
    /// Limits, seed and time.
    pub options: &'r Options,
    /// Templates parsed before.
    pub cache: Option<&'r Cache>,
    /// What `lookup` asks; without it, it finds nothing.
    pub lookup: Option<&'r Lookup<'r>>,
    /// Notes where everything comes from.
    pub trace: bool,
    /// The Helm whose answers are given.
    pub compat: Compat,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Definitions first, then objects in the order in which Helm installs them, then hooks.
    pub manifests: Vec<Manifest>,
    /// The values that the chart's own templates saw.
    pub values: Value,
    /// Calls whose answers depend on more than the chart and the values.
    pub uses: Vec<Use>,
    /// What `lookup` asked, each question once, with what it was told.
    pub lookups: Vec<LookedUp>,
    /// Where everything comes from, if that was asked for.
    pub trace: Option<Trace>,
}

/// Longest name of a release: names of objects begin with it.
const NAME_BYTES_MAX: usize = 53;

/// Why a chart makes no manifests, in Helm's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

fn failed(message: &impl ToString) -> TemplateError {
    TemplateError(message.to_string())
}

/// Renders a chart with the user's values.
///
/// # Errors
/// Fails with Helm's text.
pub fn template(
    mut chart: Chart,
    values: &Value,
    request: &Request<'_>,
) -> Result<Output, TemplateError> {
    let compat = request.compat;
    if compat == Compat::V3 {
        as_helm_3(&mut chart)?;
    }
    check_chart(&chart, compat)?;
    check_name(&request.release.name, compat)?;
    process_dependencies_as(&mut chart, values, compat)
        .map_err(|e| failed(&format!("chart dependencies processing failed: {e}")))?;
    let values = coalesce_as(&chart, values, compat).map_err(|e| failed(&e))?;
    if !request.skip_schema {
        schema::validate(&chart, &values).map_err(|e| failed(&e))?;
    }
    check_version(&chart, request.capabilities)?;
    let context = Context {
        release: request.release,
        capabilities: request.capabilities,
        options: request.options,
        cache: request.cache,
        lookup: request.lookup,
        trace: request.trace,
        compat,
    };
    let (turn, cache) = (Turn::begin(), request.cache);
    let (told, read) = turn.piped(
        chart.size_bytes(),
        |(_, text): &(String, Vec<u8>)| text.len(),
        |out| render_each(&turn, &chart, &values, context, out),
        |(path, text): (String, Vec<u8>)| {
            let manifests = manifests::of_file(&path, &text, compat, cache);
            (path, manifests)
        },
    );
    let told = told.map_err(|e| failed(&e))?;
    let mut all = Vec::new();
    if request.parts.crds {
        for file in chart.crds() {
            all.extend(definitions(&file).map_err(|e| failed(&e))?);
        }
    }
    let sorted = manifests::sorted(read.into_iter().collect(), compat).map_err(|e| failed(&e))?;
    all.extend(sorted.manifests);
    if let Some(last) = all.last_mut() {
        manifests::end(last);
    }
    if request.parts.hooks {
        let is_test = |hook: &Hook| hook.events.iter().any(|e| e.starts_with("test"));
        let wanted = |m: &Manifest| request.parts.tests || !m.hook.as_ref().is_some_and(is_test);
        all.extend(sorted.hooks.into_iter().filter(wanted));
    }
    let trace = request
        .trace
        .then(|| Trace::new(&chart, values.clone(), told.traces));
    Ok(Output {
        manifests: all,
        trace,
        values,
        uses: told.uses,
        lookups: told.lookups,
    })
}

/// Returns manifests as one stream, as `helm template` prints them.
#[must_use]
pub fn stream(manifests: &[Manifest]) -> String {
    let mut text = String::new();
    for manifest in manifests {
        text.push_str("---\n# Source: ");
        text.push_str(&manifest.path);
        text.push('\n');
        text.push_str(&manifest.text);
    }
    text
}

/// Returns the name that a template for releases' names gives.
///
/// # Errors
/// Fails with Go's text.
pub fn name_of_template(text: &str, options: &Options) -> Result<String, TemplateError> {
    const NAME: &str = "name-template";
    let parsed =
        gotemplate::parse(NAME, text.as_bytes(), Dialect::Sprig).map_err(|e| failed(&e))?;
    let mut templates = Templates::new();
    templates.add(&parsed);
    let name = Session::new(Dialect::Sprig, options)
        .execute(&templates, NAME, &gotemplate::Value::Nil)
        .map_err(|e| failed(&e))?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

/// Cuts a file below `crds/`, which is no template. Helm prints one that is no YAML, too, and leaves
/// it to others to fail; left out, it would look as if nobody wanted it any more.
fn definitions(file: &File) -> Result<Vec<Manifest>, ManifestError> {
    let text = String::from_utf8_lossy(&file.data);
    let documents = yaml::helm_split(&text);
    let read = |document: &str| {
        let object = yaml::v2::to_value(document.as_bytes());
        Ok(Manifest {
            path: file.name.clone(),
            object: Arc::new(object.map_err(|e| ManifestError {
                path: file.name.clone(),
                message: format!("error converting YAML to JSON: {e}"),
            })?),
            text: format!("{document}\n"),
            offset: 0,
            hook: None,
        })
    };
    documents.map(read).collect()
}

/// Reads the values files again as Helm 3 does.
fn as_helm_3(chart: &mut Chart) -> Result<(), TemplateError> {
    if let Some(text) = &chart.values_file {
        let read = read_documents_as(text, Compat::V3)
            .map_err(|e| failed(&format!("cannot load values.yaml: {e}")))?;
        chart.values = Arc::new(read);
    }
    chart.dependencies.iter_mut().try_for_each(as_helm_3)
}

/// Refuses what can't be installed.
fn check_chart(chart: &Chart, compat: Compat) -> Result<(), TemplateError> {
    let kind = chart.metadata.chart_type.as_str();
    if !matches!(kind, "" | "application") {
        return Err(failed(&format!("{kind} charts are not installable")));
    }
    let missing: Vec<&str> = chart
        .metadata
        .dependencies
        .iter()
        .map(|d| d.name.as_str())
        .filter(|name| chart.dependencies.iter().all(|c| c.name() != *name))
        .collect();
    if !missing.is_empty() {
        let (an, quote) = match compat {
            Compat::V4 => ("an", '\''),
            Compat::V3 => ("An", '`'),
        };
        return Err(failed(&format!(
            "{an} error occurred while checking for chart dependencies. You may need to run \
             {quote}helm dependency build{quote} to fetch missing dependencies: found in Chart.yaml, \
             but missing in charts/ directory: {}",
            missing.join(", ")
        )));
    }
    Ok(())
}

/// Refuses what no release may be called.
fn check_name(name: &str, compat: Compat) -> Result<(), TemplateError> {
    let wrong = if name.is_empty() {
        "no name provided"
    } else if name.len() > NAME_BYTES_MAX || !name.split('.').all(is_label) {
        "invalid release name, must match regex \
         ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not \
         be longer than 53"
    } else {
        return Ok(());
    };
    let quoted = gotemplate::format("%q", &[gotemplate::Value::from(name)]);
    let check = match compat {
        Compat::V4 => "release name check failed: ",
        Compat::V3 => "",
    };
    let quoted = quoted.lossy();
    Err(failed(&format!("{check}release name {quoted}: {wrong}")))
}

fn is_label(text: &str) -> bool {
    let is_alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.iter().all(|b| b.is_some_and(is_alphanumeric))
        && text.bytes().all(|b| b == b'-' || is_alphanumeric(b))
}

/// Refuses charts for clusters of other versions.
fn check_version(chart: &Chart, capabilities: &Capabilities) -> Result<(), TemplateError> {
    let wanted = chart.metadata.kube_version.as_str();
    let version = &capabilities.kube_version;
    let fits = wanted.is_empty()
        || Constraint::parse(wanted)
            .ok()
            .zip(Version::parse(&version.normalized).ok())
            .is_some_and(|(constraint, version)| constraint.check(&version));
    if !fits {
        return Err(failed(&format!(
            "chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {}",
            version.version
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
