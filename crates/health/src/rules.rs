//! Which rule is for which custom resource.

use crate::Health;
use crate::rule::{Clause, judge};
use std::collections::HashMap;
use std::sync::OnceLock;
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
    fn is_for(&self, kind: &str) -> bool {
        self.kinds == "*" || self.kinds.split('|').any(|k| k == kind)
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

/// The rows by group, and those for groups that end alike.
struct Index {
    by_group: HashMap<&'static str, Vec<&'static Row>>,
    by_end: Vec<(&'static str, &'static Row)>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index {
            by_group: HashMap::new(),
            by_end: Vec::new(),
        };
        for row in TABLES.iter().flat_map(|rows| rows.iter()) {
            match row.group.strip_prefix('*') {
                Some(end) => index.by_end.push((end, row)),
                None => index.by_group.entry(row.group).or_default().push(row),
            }
        }
        index
    })
}

/// Returns the health of a custom resource; nothing if its kind has no rule.
pub(crate) fn health(object: &Value) -> Option<Health> {
    let api_version = object.str_at(&["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object.str_at(&["kind"]);
    let index = index();
    let of_group = index.by_group.get(group).into_iter().flatten().copied();
    let ends_alike = index.by_end.iter().filter(|(end, _)| group.ends_with(end));
    let row = of_group
        .chain(ends_alike.map(|(_, row)| *row))
        .find(|row| row.is_for(kind))?;
    judge(row.rule, object)
}
