//! Which rule is for which custom resource.

use crate::Health;
use crate::rule::{Clause, judge};
use value::Value;

mod apps;
mod argo;
mod cloud;
mod cluster_api;
mod data;
mod delivery;
mod gateway;
mod knative;
mod kruise;
mod messaging;
mod numaproj;
mod promoter;
mod security;
mod spark;

/// One or more kinds of a group and their rule.
pub(crate) struct Row {
    /// A group, or `*.` and what a group ends with.
    group: &'static str,
    /// `A|B`, or `*` for all.
    kinds: &'static str,
    rule: &'static [Clause],
}

const fn row(group: &'static str, kinds: &'static str, rule: &'static [Clause]) -> Row {
    Row { group, kinds, rule }
}

impl Row {
    fn is_for(&self, group: &str, kind: &str) -> bool {
        let group_fits = match self.group.strip_prefix('*') {
            Some(end) => group.ends_with(end),
            None => self.group == group,
        };
        group_fits && (self.kinds == "*" || self.kinds.split('|').any(|k| k == kind))
    }
}

/// By family; rows for whole groups come after those for single kinds.
const TABLES: &[&[Row]] = &[
    argo::ROWS,
    apps::ROWS,
    delivery::ROWS,
    gateway::ROWS,
    security::ROWS,
    data::ROWS,
    messaging::ROWS,
    kruise::ROWS,
    knative::ROWS,
    cluster_api::ROWS,
    numaproj::ROWS,
    promoter::ROWS,
    spark::ROWS,
    cloud::ROWS,
];

/// Returns the health of a custom resource; nothing if its kind has no rule.
pub(crate) fn health(object: &Value) -> Option<Health> {
    let api_version = object.str_at(&["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object.str_at(&["kind"]);
    let row = TABLES
        .iter()
        .flat_map(|rows| rows.iter())
        .find(|row| row.is_for(group, kind))?;
    judge(row.rule, object)
}
