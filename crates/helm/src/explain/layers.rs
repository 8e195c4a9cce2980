//! Where values come from.

use super::PlaceKind;
use crate::chart::Chart;
use value::Value;
use yaml::Lines;

/// The key whose table all charts share.
const GLOBAL: &str = "global";

/// Values from one place.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The file, or the option that sets them.
    pub(super) name: String,
    pub(super) kind: PlaceKind,
    /// The keys under which they count.
    under: Vec<String>,
    values: Value,
    lines: Lines,
}

impl Layer {
    /// Returns the values of a text, which is a file or was given. What can't be read says nothing.
    #[must_use]
    pub fn text(name: &str, text: &[u8], kind: PlaceKind) -> Self {
        Self::at(name.to_owned(), Vec::new(), text, kind)
    }

    /// Returns values that have no lines.
    #[must_use]
    pub fn option(name: String, values: Value) -> Self {
        Self {
            name,
            kind: PlaceKind::Given,
            under: Vec::new(),
            values,
            lines: Lines::default(),
        }
    }

    fn at(name: String, under: Vec<String>, text: &[u8], kind: PlaceKind) -> Self {
        let decoded = yaml::v2::decode(text).unwrap_or_default();
        Self {
            name,
            kind,
            under,
            values: decoded.value,
            lines: decoded.lines,
        }
    }

    /// Returns the line of a value; nothing if there is none here.
    fn line(&self, path: &[String]) -> Option<u32> {
        let own = path.strip_prefix(self.under.as_slice())?;
        at(&self.values, own).filter(|value| !value.is_null())?;
        let mut pointer = String::new();
        for key in own {
            pointer.push('/');
            pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        }
        Some(self.lines.near(&pointer).unwrap_or(0))
    }
}

/// Returns the defaults of a chart and of those in it, lowest precedence first.
pub(super) fn of_chart(chart: &Chart) -> Vec<Layer> {
    let mut layers = Vec::new();
    add(chart, chart.name(), &[], &mut layers);
    layers
}

fn add(chart: &Chart, folder: &str, under: &[String], layers: &mut Vec<Layer>) {
    for inner in &chart.dependencies {
        let folder = format!("{folder}/charts/{}", inner.name());
        let mut under = under.to_vec();
        under.push(inner.name().to_owned());
        add(inner, &folder, &under, layers);
    }
    if let Some(text) = &chart.values_file {
        let name = format!("{folder}/values.yaml");
        layers.push(Layer::at(name, under.to_vec(), text, PlaceKind::Chart));
    }
}

/// Returns what a path leads to.
pub(super) fn at<'v>(values: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(values, |value, key| match value {
        Value::Object(members) => members.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Returns where a value comes from: of what has it, what counts most. Globals are handed down.
pub(super) fn origin<'l>(layers: &'l [Layer], path: &[String]) -> Option<(&'l Layer, u32)> {
    let found = |path: &[String]| {
        let mut layers = layers.iter().rev();
        layers.find_map(|layer| layer.line(path).map(|line| (layer, line)))
    };
    let global = path.iter().position(|key| key == GLOBAL).unwrap_or(0);
    let handed_down = (0..global).find_map(|outer| {
        let shared = [&path[..outer], &path[global..]].concat();
        found(&shared)
    });
    handed_down.or_else(|| found(path))
}

/// Returns a path as templates of the root chart write it.
pub(super) fn dotted(path: &[String]) -> String {
    let mut text = ".Values".to_owned();
    for key in path {
        let is_plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_plain {
            text.push('.');
            text.push_str(key);
        } else {
            text.push_str(&format!("[{key:?}]"));
        }
    }
    text
}
