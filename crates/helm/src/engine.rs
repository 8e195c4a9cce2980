//! Rendering: the templates of a chart, of the charts in it, and what they see.

mod cache;
mod capabilities;
mod failure;
mod files;
mod objects;
mod parsing;
mod record;
mod turn;
mod versions;

pub use cache::Cache;
pub use capabilities::{Capabilities, KubeVersion};
pub use failure::RenderError;
pub(crate) use turn::Turn;

use crate::chart::Chart;
use crate::compat::Compat;
use crate::explain::FileTrace;
use gotemplate::{LookedUp, Lookup, Map, MapType, Options, Session, Str, Templates, Use, Value};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The release that a render is for.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// How often it was changed; from 1.
    pub revision: i64,
    /// True for everything but a first install.
    pub is_upgrade: bool,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The text of every template that is no partial, by its path from the chart's name on.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Calls whose answers depend on more than the chart and the values.
    pub uses: Vec<Use>,
    /// What `lookup` asked, each question once, with what it was told.
    pub lookups: Vec<LookedUp>,
}

/// What a render says besides the text.
pub(crate) struct Told {
    /// As in [`Rendered`].
    pub(crate) uses: Vec<Use>,
    /// As in [`Rendered`].
    pub(crate) lookups: Vec<LookedUp>,
    /// Where the text comes from, if that was asked for.
    pub(crate) traces: BTreeMap<String, FileTrace>,
}

/// What a render needs besides the chart and the values.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The release.
    pub release: &'c Release,
    /// The cluster.
    pub capabilities: &'c Capabilities,
    /// Limits, seed and time. The rule for missing keys is always Helm's.
    pub options: &'c Options,
    /// Templates parsed before.
    pub cache: Option<&'c Cache>,
    /// What `lookup` asks; without it, it finds nothing.
    pub lookup: Option<&'c Lookup<'c>>,
    /// Notes where the text comes from.
    pub trace: bool,
    /// The Helm whose answers are given.
    pub compat: Compat,
}

/// A template file with what it sees.
struct Renderable<'c> {
    text: &'c Arc<[u8]>,
    data: Map,
    base: String,
}

/// Renders a chart with values that were brought together before.
///
/// # Errors
/// Fails with Helm's text.
pub fn render(
    chart: &Chart,
    values: &value::Value,
    context: Context<'_>,
) -> Result<Rendered, RenderError> {
    let mut files = BTreeMap::new();
    let mut keep = |(name, text)| {
        files.insert(name, text);
    };
    let told = render_each(&Turn::begin(), chart, values, context, &mut keep)?;
    Ok(Rendered {
        files,
        uses: told.uses,
        lookups: told.lookups,
    })
}

/// Like [`render`]; hands out each file as soon as it is there, in no order that means anything.
pub(crate) fn render_each(
    turn: &Turn,
    chart: &Chart,
    values: &value::Value,
    context: Context<'_>,
    out: &mut dyn FnMut((String, Vec<u8>)),
) -> Result<Told, RenderError> {
    let compat = context.compat;
    let values_type = objects::values_type(compat);
    let mut found = BTreeMap::new();
    let tree = Value::from_tree(values);
    let values = match &tree {
        Value::Map(map) => map.with_type(values_type),
        _ => Map::new(values_type, Vec::<(Str, Value)>::new()),
    };
    let shared = Shared {
        release: objects::release(context.release),
        capabilities: context.capabilities.value(compat),
        compat,
    };
    collect(chart, chart.name(), &values, true, &shared, &mut found);
    let mut names: Vec<&String> = found.keys().collect();
    // Deepest first, then backwards: what a parent defines replaces what its children do.
    names.sort_by_cached_key(|name| Reverse((depth(name), *name)));
    let texts: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), found[*name].text))
        .collect();
    let mut templates = Templates::new();
    for parsed in parsing::parse(turn, &texts, context.cache, compat.dialect())? {
        templates.add(&parsed);
    }
    let options = Options {
        missing_key: gotemplate::MissingKey::Zero,
        ..context.options.clone()
    };
    let mut session = Session::new(compat.dialect(), &options);
    if let Some(lookup) = context.lookup {
        session.set_lookup(lookup);
    }
    if context.trace {
        session.trace(&Value::Map(values));
    }
    let mut traces = BTreeMap::new();
    for name in names {
        if name
            .rsplit('/')
            .next()
            .is_some_and(|base| base.starts_with('_'))
        {
            continue;
        }
        let file = &found[name];
        let about = [
            ("Name", Value::from(name.as_str())),
            ("BasePath", Value::from(file.base.as_str())),
        ];
        file.data
            .insert("Template", Value::Map(Map::new(values_type, about)));
        let data = Value::Map(file.data.with_type(values_type));
        let text = session
            .execute(&templates, name, &data)
            .map_err(|e| failure::of_executing(name, &e, compat))?;
        if context.trace {
            let trace = FileTrace::new(&text, session.take_trace());
            traces.insert(name.clone(), trace);
        }
        out((name.clone(), without_marks(text)));
    }
    Ok(Told {
        uses: session.uses().to_vec(),
        lookups: session.lookups().to_vec(),
        traces,
    })
}

/// What Go prints where there is nothing.
pub(crate) const MARK: &[u8] = b"<no value>";

fn depth(path: &str) -> usize {
    path.bytes().filter(|b| *b == b'/').count()
}

/// Drops every `<no value>`, as Helm does, whoever wrote it.
fn without_marks(text: Vec<u8>) -> Vec<u8> {
    let finder = memchr::memmem::Finder::new(MARK);
    if finder.find(&text).is_none() {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(at) = finder.find(rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + MARK.len()..];
    }
    out.extend_from_slice(rest);
    out
}

struct Shared {
    release: Value,
    capabilities: Value,
    compat: Compat,
}

/// Goes through a chart and the charts in it; returns what the templates of the chart see.
fn collect<'c>(
    chart: &'c Chart,
    path: &str,
    values: &Map,
    is_root: bool,
    shared: &Shared,
    found: &mut BTreeMap<String, Renderable<'c>>,
) -> Map {
    let values_type = objects::values_type(shared.compat);
    let inner_charts = Map::new(MapType::ANY, Vec::<(Str, Value)>::new());
    let data = Map::new(
        MapType::ANY,
        [
            (
                "Chart",
                objects::chart(&chart.metadata, is_root, shared.compat),
            ),
            ("Files", files::value(&chart.files)),
            ("Release", shared.release.clone()),
            ("Capabilities", shared.capabilities.clone()),
            ("Values", Value::Map(values.clone())),
            ("Subcharts", Value::Map(inner_charts.clone())),
        ],
    );
    for inner in &chart.dependencies {
        let own = match values.get(inner.name().as_bytes()) {
            Some(Value::Map(map)) => map.with_type(values_type),
            _ => Map::new(values_type, Vec::<(Str, Value)>::new()),
        };
        let path = format!("{path}/charts/{}", inner.name());
        let seen = collect(inner, &path, &own, false, shared, found);
        inner_charts.insert(inner.name(), Value::Map(seen));
    }
    let base = format!("{path}/templates");
    for file in &chart.templates {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        if chart.is_library() && !name.starts_with('_') {
            continue;
        }
        found.insert(
            format!("{path}/{}", file.name),
            Renderable {
                text: &file.data,
                data: data.clone(),
                base: base.clone(),
            },
        );
    }
    data
}
