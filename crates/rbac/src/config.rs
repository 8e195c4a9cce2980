//! `argocd-rbac-cm` as data.

use value::Value;

/// How the patterns of a policy are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchMode {
    /// As globs in which `*` crosses slashes too.
    #[default]
    Glob,
    /// As regular expressions that may be found anywhere in the text.
    Regex,
}

/// One text of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it is called: `policy.csv`, the name of a file.
    pub source: String,
    /// Its lines.
    pub text: String,
}

/// What a policy is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The texts, in their order.
    pub texts: Vec<Text>,
    /// The role that everybody has, or nothing.
    pub default_role: String,
    /// How patterns are read.
    pub match_mode: MatchMode,
    /// The claims of a token whose values are the user's groups.
    pub scopes: Vec<String>,
    /// False leaves the built-in roles out, for tests of a policy alone.
    pub with_builtin: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            default_role: String::new(),
            match_mode: MatchMode::Glob,
            scopes: vec!["groups".to_owned()],
            with_builtin: true,
        }
    }
}

/// A setting that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`scopes` of argocd-rbac-cm must be a list of names like `[groups, email]`")]
pub struct ConfigError;

impl Config {
    /// Reads a ConfigMap `argocd-rbac-cm`; `null` is one that doesn't exist.
    ///
    /// `policy.csv` comes first, then every other `policy.<name>.csv` in the order of the names.
    /// A match mode other than `regex` means globs.
    ///
    /// # Errors
    /// Fails if `scopes` is no list of texts.
    pub fn from_config_map(config_map: &Value) -> Result<Self, ConfigError> {
        let setting = |name: &str| config_map.str_at(&["data", name]);
        let mut config = Self {
            default_role: setting("policy.default").to_owned(),
            match_mode: match setting("policy.matchMode") {
                "regex" => MatchMode::Regex,
                _ => MatchMode::Glob,
            },
            ..Self::default()
        };
        let scopes = setting("scopes");
        if !scopes.is_empty() {
            config.scopes = scopes_of(scopes)?;
        }
        let data = match config_map.get("data") {
            Some(Value::Object(data)) => Some(data),
            _ => None,
        };
        let mut names: Vec<&str> = data
            .into_iter()
            .flat_map(|data| data.iter().map(|(name, _)| name.as_str()))
            .filter(|name| {
                name.starts_with("policy.") && name.ends_with(".csv") && name.len() >= 10
            })
            .collect();
        names.sort_by_key(|name| (*name != "policy.csv", *name));
        for name in names {
            config.add(name, setting(name));
        }
        Ok(config)
    }

    /// Adds a text behind those that are there.
    pub fn add(&mut self, source: impl Into<String>, text: impl Into<String>) {
        self.texts.push(Text {
            source: source.into(),
            text: text.into(),
        });
    }
}

fn scopes_of(text: &str) -> Result<Vec<String>, ConfigError> {
    let list = yaml::v2::to_value(text.as_bytes()).map_err(|_| ConfigError)?;
    if list == Value::Null {
        return Ok(Vec::new());
    }
    let names = list.as_array().ok_or(ConfigError)?;
    let names = names.iter().map(|n| n.as_str().map(str::to_owned));
    names.collect::<Option<_>>().ok_or(ConfigError)
}
