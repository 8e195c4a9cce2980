//! A chart's defaults under what is given.

use crate::chart::Chart;
use crate::compat::Compat;
use value::{Object, Value};

/// Why values don't fit a chart.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ValuesError(pub(crate) String);

/// Whether `null` deletes what lies below it, or is kept for a later step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    Delete,
    /// As `Delete`, but for those that charts themselves have for defaults: so it was in Helm 3.
    DeleteGiven,
    Keep,
}

impl Nulls {
    pub(super) const fn of(compat: Compat) -> Self {
        match compat {
            Compat::V4 => Self::Delete,
            Compat::V3 => Self::DeleteGiven,
        }
    }
}

/// The key whose table all charts share.
const GLOBAL: &str = "global";

/// Puts the defaults of a chart, and of the charts in it, under the values given.
///
/// # Errors
/// Fails where a chart inside is given something that is no table.
pub fn coalesce(chart: &Chart, values: &Value) -> Result<Value, ValuesError> {
    coalesce_as(chart, values, Compat::V4)
}

/// Like [`coalesce`], as one Helm or the other does it.
///
/// # Errors
/// Fails like [`coalesce`].
pub fn coalesce_as(chart: &Chart, values: &Value, compat: Compat) -> Result<Value, ValuesError> {
    let given = values.as_object().cloned().unwrap_or_default();
    coalesce_with(chart, given, Nulls::of(compat)).map(Value::Object)
}

pub(super) fn coalesce_with(
    chart: &Chart,
    mut values: Object,
    nulls: Nulls,
) -> Result<Object, ValuesError> {
    defaults(chart, &mut values, nulls);
    for inner in &chart.dependencies {
        let name = inner.name();
        if let Some(own) = values.get(name)
            && !own.is_object()
        {
            // The reference prints it as a boolean, which it hardly ever is.
            let shown = gotemplate::format("%t", &[gotemplate::Value::from_tree(own)]);
            return Err(ValuesError(format!("type mismatch on {name}: {shown}")));
        }
        let mut own = match values.remove(name) {
            Some(Value::Object(own)) => own,
            _ => Object::new(),
        };
        globals(&mut own, &values);
        let own = coalesce_with(inner, own, nulls)?;
        values.insert(name, Value::Object(own));
    }
    Ok(values)
}

/// Hands the globals down; those of the outer chart win.
fn globals(inner: &mut Object, outer: &Object) {
    let mut own = match inner.get(GLOBAL) {
        None => Object::new(),
        Some(Value::Object(own)) => own.clone(),
        Some(_) => return,
    };
    let empty = Object::new();
    let from = match outer.get(GLOBAL) {
        None => &empty,
        Some(Value::Object(from)) => from,
        Some(_) => return,
    };
    for (key, value) in from {
        match (value, own.get(key)) {
            (Value::Object(table), Some(Value::Object(below))) => {
                let mut merged = table.clone();
                let mut below = below.clone();
                tables(&mut merged, &mut below, Nulls::Keep);
                own.insert(key, Value::Object(merged));
            }
            (Value::Object(_), Some(_)) => {}
            (_, Some(Value::Object(_))) => {}
            _ => {
                own.insert(key, value.clone());
            }
        }
    }
    inner.insert(GLOBAL, Value::Object(own));
}

/// Puts a chart's own defaults under its values.
fn defaults(chart: &Chart, values: &mut Object, nulls: Nulls) {
    let Some(own) = chart.values.as_object() else {
        return;
    };
    for (key, default) in own {
        let Some(given) = values.get_mut(key) else {
            let mut default = default.clone();
            if nulls == Nulls::Delete {
                if default.is_null() {
                    continue;
                }
                without_nulls(&mut default);
            }
            values.insert(key, default);
            continue;
        };
        if given.is_null() && nulls != Nulls::Keep {
            values.remove(key);
        } else if let (Value::Object(given), Value::Object(default)) = (given, default) {
            // What a chart says about one inside it is merged: its nulls meet the defaults later.
            let is_inner = chart.dependencies.iter().any(|d| d.name() == key.as_str());
            let nulls = if is_inner { Nulls::Keep } else { nulls };
            let mut default = default.clone();
            if nulls == Nulls::Delete {
                default.iter_mut().for_each(|(_, v)| without_nulls(v));
                default.retain(|_, v| !v.is_null());
            }
            tables(given, &mut default, nulls);
        }
    }
}

/// Drops members that are `null`, at any depth of tables.
fn without_nulls(value: &mut Value) {
    if let Value::Object(table) = value {
        table.retain(|_, v| !v.is_null());
        table.iter_mut().for_each(|(_, v)| without_nulls(v));
    }
}

/// Puts one table under another.
pub(super) fn tables(over: &mut Object, under: &mut Object, nulls: Nulls) {
    let filled: Vec<value::Key> = under
        .iter()
        .filter(|(_, v)| !v.is_null())
        .map(|(k, _)| k.clone())
        .collect();
    let nulled: Vec<value::Key> = over
        .iter()
        .filter(|(_, v)| v.is_null())
        .map(|(k, _)| k.clone())
        .collect();
    for key in nulled {
        under.insert(key, Value::Null);
    }
    for (key, value) in std::mem::take(under) {
        match over.get_mut(&key) {
            Some(Value::Null) if nulls != Nulls::Keep && filled.contains(&key) => {
                over.remove(&key);
            }
            None => {
                over.insert(key, value);
            }
            Some(Value::Object(current)) => {
                if let Value::Object(mut value) = value {
                    tables(current, &mut value, nulls);
                }
            }
            Some(_) => {}
        }
    }
}
