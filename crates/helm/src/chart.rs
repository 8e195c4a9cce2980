//! Charts: what their files say.

mod archive;
mod folder;
mod metadata;
mod missing;

pub use folder::FolderError;
pub(crate) use metadata::text;
pub use metadata::{Dependency, Maintainer, Metadata};
pub use missing::{Lock, Missing};

use crate::values;
use std::sync::Arc;
use value::Value;

/// A file of a chart.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path inside the chart.
    pub name: String,
    /// Its bytes.
    pub data: Arc<[u8]>,
}

/// A chart with the charts in it.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What `Chart.yaml` says.
    pub metadata: Metadata,
    /// The files below `templates/`.
    pub templates: Vec<File>,
    /// `values.yaml`; every number is a float.
    pub values: Arc<Value>,
    /// The text of `values.yaml`.
    pub values_file: Option<Arc<[u8]>>,
    /// `Chart.lock`.
    pub lock: Option<Lock>,
    /// `values.schema.json`.
    pub schema: Option<Arc<[u8]>>,
    /// All other files.
    pub files: Vec<File>,
    /// The charts below `charts/`.
    pub dependencies: Vec<Self>,
}

/// Charts in charts in charts.
const NESTING_MAX: usize = 32;

/// Why a chart can't be loaded, in Helm's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(pub(crate) String);

impl From<String> for LoadError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

/// Reads a lock.
fn read_lock(file: &File) -> Result<Lock, LoadError> {
    let read = yaml::v2::to_value(&file.data);
    let failed = |e| {
        format!(
            "cannot load {}: error converting YAML to JSON: {e}",
            file.name
        )
    };
    Ok(Lock::read(&read.map_err(failed)?))
}

impl Chart {
    /// Makes a chart of its files, named by their paths inside it.
    ///
    /// # Errors
    /// Fails if the files make no chart.
    pub fn from_files(files: Vec<File>) -> Result<Self, LoadError> {
        Self::nested(files, 0)
    }

    fn nested(files: Vec<File>, depth: usize) -> Result<Self, LoadError> {
        if depth > NESTING_MAX {
            return Err(LoadError(format!(
                "charts are nested deeper than {NESTING_MAX}"
            )));
        }
        let mut metadata = None;
        if let Some(file) = files.iter().find(|f| f.name == "Chart.yaml") {
            let mut read = Metadata::default();
            read.read(&file.data)
                .map_err(|e| format!("cannot load Chart.yaml: {e}"))?;
            if read.api_version.is_empty() {
                "v1".clone_into(&mut read.api_version);
            }
            // Of the charts inside, nobody asks.
            match read.api_version.as_str() {
                "v1" | "v2" => {}
                _ if depth > 0 => {}
                "v3" => return Err(LoadError("invalid chart apiVersion".to_owned())),
                _ => return Err(LoadError("unsupported chart version".to_owned())),
            }
            metadata = Some(read);
        }
        let mut chart = Self {
            metadata: Metadata::default(),
            templates: Vec::new(),
            values: Arc::new(Value::object()),
            values_file: None,
            lock: None,
            schema: None,
            files: Vec::new(),
            dependencies: Vec::new(),
        };
        let mut inner: Vec<(String, Vec<File>)> = Vec::new();
        for file in files {
            match file.name.as_str() {
                "Chart.yaml" => {}
                "Chart.lock" => chart.lock = Some(read_lock(&file)?),
                "values.yaml" => {
                    let read = values::read_documents(&file.data)
                        .map_err(|e| format!("cannot load values.yaml: {e}"))?;
                    chart.values = Arc::new(read);
                    chart.values_file = Some(file.data);
                }
                "values.schema.json" => chart.schema = Some(file.data),
                "requirements.yaml" => {
                    let metadata = metadata.get_or_insert_default();
                    metadata
                        .read(&file.data)
                        .map_err(|e| format!("cannot load requirements.yaml: {e}"))?;
                    if metadata.api_version == "v1" {
                        chart.files.push(file);
                    }
                }
                "requirements.lock" => {
                    chart.lock = Some(read_lock(&file)?);
                    if metadata.get_or_insert_default().api_version == "v1" {
                        chart.files.push(file);
                    }
                }
                name if name.starts_with("templates/") => chart.templates.push(file),
                name if name.starts_with("charts/") => {
                    if name.ends_with(".prov") {
                        chart.files.push(file);
                        continue;
                    }
                    let path = name["charts/".len()..].to_owned();
                    let first = path.split('/').next().unwrap_or_default().to_owned();
                    let file = File {
                        name: path,
                        data: file.data,
                    };
                    match inner.iter_mut().find(|(name, _)| *name == first) {
                        Some((_, files)) => files.push(file),
                        None => inner.push((first, vec![file])),
                    }
                }
                _ => chart.files.push(file),
            }
        }
        let Some(mut metadata) = metadata else {
            return Err(LoadError("Chart.yaml file is missing".to_owned()));
        };
        metadata
            .validate()
            .map_err(|e| format!("validation: {e}"))?;
        chart.metadata = metadata;
        // The reference loads them in no order; ours is that of their names.
        inner.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, files) in inner {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let own = &chart.metadata.name;
            let loaded = if name.ends_with(".tgz") {
                match files.into_iter().find(|f| f.name == name) {
                    Some(file) => {
                        archive::read(&file.data).and_then(|files| Self::nested(files, depth + 1))
                    }
                    None => Err(LoadError(format!("expected {name}"))),
                }
            } else {
                let below = |file: File| {
                    let (_, rest) = file.name.split_once('/')?;
                    Some(File {
                        name: rest.to_owned(),
                        data: file.data,
                    })
                };
                Self::nested(files.into_iter().filter_map(below).collect(), depth + 1)
            };
            let loaded =
                loaded.map_err(|e| format!("error unpacking subchart {name} in {own}: {e}"))?;
            chart.dependencies.push(loaded);
        }
        Ok(chart)
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Returns the bytes of its files.
    pub(crate) fn size_bytes(&self) -> usize {
        let files = self.templates.iter().chain(&self.files);
        let own: usize = files.map(|file| file.data.len()).sum();
        own + self
            .dependencies
            .iter()
            .map(Self::size_bytes)
            .sum::<usize>()
    }

    /// Returns true for a chart that only lends its definitions.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.metadata.chart_type.eq_ignore_ascii_case("library")
    }

    /// Returns the manifests below `crds/`, of the charts inside too, with their full paths.
    #[must_use]
    pub fn crds(&self) -> Vec<File> {
        let mut found = Vec::new();
        self.collect_crds(self.name(), &mut found);
        found
    }

    fn collect_crds(&self, path: &str, found: &mut Vec<File>) {
        let is_manifest = |name: &str| {
            let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
            name.starts_with("crds/")
                && ["yaml", "yml", "json"]
                    .iter()
                    .any(|e| extension.eq_ignore_ascii_case(e))
        };
        let own = self.files.iter().filter(|f| is_manifest(&f.name));
        found.extend(own.map(|f| File {
            name: format!("{path}/{}", f.name),
            data: f.data.clone(),
        }));
        for chart in &self.dependencies {
            chart.collect_crds(&format!("{path}/charts/{}", chart.name()), found);
        }
    }
}
