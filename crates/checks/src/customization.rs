//! The customisations of `argocd-cm`: which script is for which kind.
//!
//! There are two ways to write one: a key per kind, `resource.customizations.health.<group>_<kind>`,
//! and the older single key `resource.customizations`, a map by `<group>/<kind>` that knows `*`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use value::Value;
use value::glob::Glob;

const MAP: &str = "resource.customizations";

/// A user's script.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) source: String,
    /// Whether it may use Lua's whole library.
    pub(crate) open: bool,
    /// Tells scripts apart, so that machines can keep them compiled.
    pub(crate) id: usize,
}

/// Scripts by `group/Kind` or `Kind`.
#[derive(Debug, Default)]
pub(crate) struct Customizations {
    scripts: BTreeMap<String, Script>,
    /// Those keys that have wildcards, in their order.
    wildcards: Vec<(Glob, String)>,
}

impl Customizations {
    pub(crate) fn read(config_map: &Value, problems: &mut Vec<String>) -> Self {
        let mut this = Self::default();
        let Some(data) = config_map.get("data").and_then(Value::as_object) else {
            return this;
        };
        if let Some(text) = data.get(MAP).and_then(Value::as_str) {
            this.read_map(text, problems);
        }
        for (key, value) in data.iter() {
            let Some(rest) = key
                .as_str()
                .strip_prefix(MAP)
                .and_then(|k| k.strip_prefix('.'))
            else {
                continue;
            };
            let Some((what @ ("health" | "useOpenLibs"), kind)) = rest.split_once('.') else {
                continue;
            };
            let Some(kind) = kind_key(kind) else {
                problems.push(format!("{key}: a kind is written `group_Kind` or `Kind`"));
                continue;
            };
            let text = value.as_str().unwrap_or_default();
            let script = this.scripts.entry(kind).or_default();
            match what {
                "health" => text.clone_into(&mut script.source),
                _ => match parse_bool(text) {
                    Some(open) => script.open = open,
                    None => problems.push(format!("{key}: `{text}` is neither true nor false")),
                },
            }
        }
        this.scripts.retain(|_, script| !script.source.is_empty());
        for (key, script) in &mut this.scripts {
            script.id = next_id();
            match Glob::new(key, &[]) {
                Ok(glob) => this.wildcards.push((glob, key.clone())),
                Err(error) => problems.push(format!("{MAP}: `{key}`: {error}")),
            }
        }
        this
    }

    fn read_map(&mut self, text: &str, problems: &mut Vec<String>) {
        let map = match yaml::v2::to_value(text.as_bytes()) {
            Ok(map) => map,
            Err(error) => {
                problems.push(format!("{MAP}: {error}"));
                return;
            }
        };
        for (key, entry) in map.as_object().into_iter().flat_map(value::Object::iter) {
            let script = self.scripts.entry(key.as_str().to_owned()).or_default();
            entry.str_at(&["health.lua"]).clone_into(&mut script.source);
            script.open = entry
                .at(&["health.lua.useOpenLibs"])
                .and_then(Value::as_bool)
                .unwrap_or_default();
        }
    }

    /// Returns the script for an object's kind: that of its very name, or else the first by order
    /// of the names that fits.
    pub(crate) fn script_for(&self, object: &Value) -> Option<&Script> {
        if self.scripts.is_empty() {
            return None;
        }
        let kind = object.str_at(&["kind"]);
        let key = match object.str_at(&["apiVersion"]).split_once('/') {
            Some((group, _)) => format!("{group}/{kind}"),
            None => kind.to_owned(),
        };
        self.scripts.get(&key).or_else(|| {
            let (_, name) = self.wildcards.iter().find(|(glob, _)| glob.matches(&key))?;
            self.scripts.get(name)
        })
    }

    pub(crate) fn scripts(&self) -> impl Iterator<Item = (&str, &Script)> {
        self.scripts
            .iter()
            .map(|(key, script)| (key.as_str(), script))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }
}

pub(crate) fn next_id() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// `apps_Deployment` is `apps/Deployment`; `all` is every kind.
pub(crate) fn kind_key(text: &str) -> Option<String> {
    match text.split_once('_') {
        None if text == "all" => Some("*/*".to_owned()),
        None => Some(text.to_owned()),
        Some((group, kind)) => (!kind.contains('_')).then(|| format!("{group}/{kind}")),
    }
}

/// What Go takes for a boolean.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
