//! In which form an answer is wanted.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::failure::{Failure, Result};

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

/// What an answer shows of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum View {
    /// The whole object.
    #[default]
    Whole,
    /// Rows of a table, in this version of `meta.k8s.io`.
    Table(String),
    /// Only the metadata, in this version of `meta.k8s.io`.
    Partial(String),
    /// The same for a list.
    PartialList(String),
    /// Discovery of all groups in one document, in this version.
    Discovery(String),
}

/// One clause of the `Accept` header.
#[derive(Debug, Clone, Default)]
struct Clause {
    media: String,
    kind: String,
    group: String,
    version: String,
}

/// The `Accept` header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accept {
    clauses: Vec<Clause>,
}

/// Which views a path can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offers {
    /// Objects: whole, as table, or their metadata.
    Object,
    /// A collection; as `Object`, and watches.
    Collection,
    /// Objects that are no rows of a table.
    NoTable,
    /// Discovery documents.
    Discovery,
    /// JSON only.
    Json,
}

impl Accept {
    pub(super) fn parse(headers: &HeaderMap) -> Self {
        let texts: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .collect();
        let mut clauses: Vec<(f32, Clause)> = Vec::new();
        for text in texts.join(",").split(',') {
            let mut parts = text.split(';').map(str::trim);
            let mut clause = Clause::default();
            parts
                .next()
                .unwrap_or_default()
                .clone_into(&mut clause.media);
            if clause.media.is_empty() {
                continue;
            }
            let mut quality = 1.0;
            for part in parts {
                match part.split_once('=') {
                    Some(("as", v)) => v.clone_into(&mut clause.kind),
                    Some(("g", v)) => v.clone_into(&mut clause.group),
                    Some(("v", v)) => v.clone_into(&mut clause.version),
                    Some(("q", v)) => quality = v.trim().parse().unwrap_or(1.0),
                    _ => {}
                }
            }
            clauses.push((quality, clause));
        }
        clauses.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self {
            clauses: clauses.into_iter().map(|(_, c)| c).collect(),
        }
    }

    /// Returns the first form that can be offered.
    pub(super) fn choose(&self, offers: Offers) -> Result<(Format, View)> {
        if self.clauses.is_empty() {
            return Ok((Format::Json, View::Whole));
        }
        let mut transformed = false;
        for clause in &self.clauses {
            let format = match clause.media.as_str() {
                "application/json" | "*/*" | "application/*" => Format::Json,
                "application/yaml" if offers != Offers::Json => Format::Yaml,
                _ => continue,
            };
            if clause.kind.is_empty() || offers == Offers::Json {
                // Discovery prefers its one document to the many, wherever it stands.
                if offers == Offers::Discovery
                    && let Some(version) = self.discovery()
                {
                    return Ok((format, View::Discovery(version)));
                }
                return Ok((format, View::Whole));
            }
            transformed = true;
            let version = clause.version.clone();
            let meta =
                clause.group == "meta.k8s.io" && matches!(version.as_str(), "v1" | "v1beta1");
            let rows = matches!(offers, Offers::Object | Offers::Collection);
            let objects = rows || offers == Offers::NoTable;
            match clause.kind.as_str() {
                "Table" if meta && rows => return Ok((format, View::Table(version))),
                "PartialObjectMetadata" if meta && objects => {
                    return Ok((format, View::Partial(version)));
                }
                "PartialObjectMetadataList" if meta && objects => {
                    return Ok((format, View::PartialList(version)));
                }
                "APIGroupDiscoveryList"
                    if offers == Offers::Discovery
                        && clause.group == "apidiscovery.k8s.io"
                        && matches!(version.as_str(), "v2" | "v2beta1") =>
                {
                    return Ok((format, View::Discovery(version)));
                }
                _ => {}
            }
        }
        if transformed {
            let message = "only the following media types are accepted: application/json, \
                           application/yaml, application/vnd.kubernetes.protobuf";
            return Err(Failure::new(406, "NotAcceptable", message));
        }
        let mut offered = vec!["application/json"];
        if offers != Offers::Json {
            offered.extend(["application/yaml", "application/vnd.kubernetes.protobuf"]);
        }
        if offers == Offers::Collection {
            offered.extend([
                "application/json;stream=watch",
                "application/vnd.kubernetes.protobuf;stream=watch",
            ]);
        }
        let message = format!(
            "406: Not Acceptable\n\nAvailable representations: {}",
            offered.join(", ")
        );
        Err(Failure::new(406, "NotAcceptable", message).with_details(value::Value::object()))
    }

    /// Returns the version of the one discovery document that is asked for.
    fn discovery(&self) -> Option<String> {
        let known = |c: &&Clause| {
            c.kind == "APIGroupDiscoveryList"
                && c.group == "apidiscovery.k8s.io"
                && matches!(c.version.as_str(), "v2" | "v2beta1")
        };
        self.clauses.iter().find(known).map(|c| c.version.clone())
    }

    /// Returns the form for a refusal: whatever can be had of what is wanted.
    pub(super) fn format(&self) -> Format {
        let known = self.clauses.iter().find_map(|c| match c.media.as_str() {
            "application/json" | "*/*" | "application/*" => Some(Format::Json),
            "application/yaml" => Some(Format::Yaml),
            _ => None,
        });
        known.unwrap_or_default()
    }
}
