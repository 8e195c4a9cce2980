//! Objects as rows of a table, and as their metadata alone.
//!
//! What a kind shows is a [`Layout`]: its columns as one line of text, and a function that reads
//! the cells of a row from an object. Kinds without a layout show their name and when they were
//! created; custom resources show what their definition says.

mod access;
mod admission;
mod config;
mod custom;
mod format;
mod json_path;
mod network;
mod nodes;
mod pods;
mod row;
mod scaling;
mod storage;
mod workloads;

#[cfg(test)]
mod tests;

use value::{Value, json};

use crate::convert;
use crate::kinds::Kind;
use row::Row;

/// What a row carries beside its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// The object's metadata.
    Metadata,
    /// The whole object.
    Object,
}

/// The columns of a kind and where their cells come from.
#[derive(Clone, Copy)]
struct Layout {
    /// Names, separated by `|`. `+` before a name shows the column only in wide output; `:type`
    /// behind it says that cells are no strings.
    columns: &'static str,
    /// Returns as many cells as there are columns.
    cells: fn(&Row) -> Value,
}

const fn layout(columns: &'static str, cells: fn(&Row) -> Value) -> Option<Layout> {
    Some(Layout { columns, cells })
}

/// What kinds show that have nothing of their own to show.
const PLAIN: Layout = Layout {
    columns: "Name|Created At:date",
    cells: |row| json!([row.name(), row.created_at()]),
};

/// The desired and the actual number of replicas.
const SCALE: Layout = Layout {
    columns: "Name|Desired:integer|Available:integer|Age",
    cells: |row| {
        json!([
            row.name(),
            row.int("spec.replicas"),
            row.int("status.replicas"),
            row.age()
        ])
    },
};

fn of(kind: &Kind) -> Layout {
    let (group, name) = (kind.storage_group.as_str(), kind.kind.as_str());
    let found = match group {
        "" => pods::of(name)
            .or_else(|| workloads::of(name))
            .or_else(|| nodes::of(name))
            .or_else(|| network::of(name))
            .or_else(|| storage::of(name))
            .or_else(|| config::of(name)),
        "apps" | "batch" => workloads::of(name),
        "autoscaling" | "policy" => scaling::of(name),
        "networking.k8s.io" | "discovery.k8s.io" => network::of(name),
        "storage.k8s.io" => storage::of(name),
        "rbac.authorization.k8s.io" | "certificates.k8s.io" => access::of(name),
        "admissionregistration.k8s.io" | "apiregistration.k8s.io" => admission::of(name),
        "coordination.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "node.k8s.io"
        | "resource.k8s.io"
        | "scheduling.k8s.io" => config::of(name),
        _ => None,
    };
    found.unwrap_or(PLAIN)
}

/// Returns an object's metadata.
pub(crate) fn partial(version: &str, object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object.at(&["metadata"]).cloned().unwrap_or_else(Value::object),
    })
}

/// Returns a table of objects.
pub(crate) fn table(
    kind: &Kind,
    version: &str,
    objects: &[Value],
    include: Include,
    now: jiff::Timestamp,
) -> Value {
    if let Some(columns) = custom::columns(kind) {
        let rows = objects
            .iter()
            .map(|o| row(version, o, include, custom::cells(&columns, o, now)));
        return document(version, custom::definitions(&columns), rows.collect());
    }
    let layout = of(kind);
    let rows = objects.iter().map(|object| {
        // Cells are read from the version that is stored, whichever is shown.
        let stored = convert::converts(kind).then(|| convert::to_storage(kind, object.clone()));
        let cells = (layout.cells)(&Row {
            object: stored.as_ref().unwrap_or(object),
            now,
        });
        let mut row = row(version, object, include, cells);
        if let Some(conditions) = pods::row_conditions(kind, object) {
            row.set_at(&["conditions"], conditions);
        }
        row
    });
    document(version, definitions(layout.columns, "Name"), rows.collect())
}

/// Returns a table of scales.
pub(crate) fn scale(
    version: &str,
    objects: &[Value],
    include: Include,
    now: jiff::Timestamp,
) -> Value {
    let rows = objects.iter().map(|object| {
        row(
            version,
            object,
            include,
            (SCALE.cells)(&Row { object, now }),
        )
    });
    document(version, definitions(SCALE.columns, ""), rows.collect())
}

fn document(version: &str, columns: Value, rows: Vec<Value>) -> Value {
    json!({
        "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": {},
        "columnDefinitions": columns, "rows": rows,
    })
}

fn row(version: &str, object: &Value, include: Include, cells: Value) -> Value {
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => partial(version, object),
        Include::Object => object.clone(),
    };
    json!({"cells": cells, "object": object})
}

/// Returns the definitions of columns; the column `named` holds names of objects.
fn definitions(columns: &str, named: &str) -> Value {
    let define = |column: &str| {
        let (priority, column) = match column.strip_prefix('+') {
            Some(column) => (1, column),
            None => (0, column),
        };
        let (name, kind) = column.split_once(':').unwrap_or((column, "string"));
        let format = if name == named { "name" } else { "" };
        definition(name, kind, format, priority, "")
    };
    columns.split('|').map(define).collect()
}

fn definition(name: &str, kind: &str, format: &str, priority: i64, description: &str) -> Value {
    json!({
        "name": name, "type": kind, "format": format, "priority": priority,
        "description": description,
    })
}
