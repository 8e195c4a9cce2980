//! `oidc.config`.

use super::ClientSecret;
use super::web::is_as_safe;
use crate::{Redacted, config};
use std::collections::BTreeSet;
use value::{Value, json};

/// The Secret that references are to if they name none.
const OWN_SECRET: &str = "argocd-secret";
/// Scopes that are asked for if the settings name none.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "groups"];

/// The settings of single sign-on.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What the button says.
    pub name: String,
    /// The provider's address, which is its name.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// What the provider calls the command line; empty if it has no name of its own.
    pub cli_client_id: String,
    /// For whom tokens may be made.
    pub allowed_audiences: Vec<String>,
    /// The root certificates of the provider as PEM; empty for the usual ones.
    pub root_ca: String,
    pub(super) client_secret: ClientSecret,
    pub(super) accepts_no_audience: bool,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The parameter `claims`, as JSON.
    pub(super) requested_claims: Option<String>,
    pub(super) logout_url: Option<String>,
    pub(super) domain_hint: String,
    /// Where groups are asked for, if not the token has them.
    pub(super) user_info_url: Option<String>,
}

/// Settings that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Argo CD's bundled Dex.
    #[error(
        "`dex.config` of argocd-cm needs a Dex, which is not inside Windlass: run one and name it \
         as the issuer of `oidc.config`"
    )]
    Dex,
    /// It can't be read.
    #[error("`oidc.config` of argocd-cm is no map of YAML")]
    Yaml,
    /// Something is missing.
    #[error("`oidc.config` of argocd-cm has no `{0}`")]
    Missing(&'static str),
    /// A reference leads nowhere.
    #[error("`oidc.config` of argocd-cm refers to {0}, which doesn't exist")]
    NoSecret(String),
    /// The issuer is no address.
    #[error("the issuer {0:?} of `oidc.config` is no address of a server")]
    Issuer(String),
    /// The address of groups is none, or less safe than the issuer's.
    #[error("`userInfoBaseURL` of `oidc.config` is no safe address: {0:?}")]
    UserInfo(String),
}

impl Config {
    /// Reads a ConfigMap `argocd-cm`; `None` if it has no single sign-on.
    ///
    /// A text like `$key` is taken from `argocd-secret`, one like `$name:key` from another Secret:
    /// `secrets` returns them by name.
    ///
    /// # Errors
    /// Fails if the settings can't be used.
    pub fn from_config_map(
        config_map: &Value,
        secrets: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Option<Self>, ConfigError> {
        let text = config_map.str_at(&["data", "oidc.config"]);
        if text.trim().is_empty() {
            let has_dex = !config_map.str_at(&["data", "dex.config"]).trim().is_empty();
            return if has_dex {
                Err(ConfigError::Dex)
            } else {
                Ok(None)
            };
        }
        let mut settings = yaml::v2::to_value(text.as_bytes()).map_err(|_| ConfigError::Yaml)?;
        if !matches!(settings, Value::Object(_)) {
            return Err(ConfigError::Yaml);
        }
        resolve(&mut settings, secrets)?;
        let required = |name: &'static str| match settings.str_at(&[name]) {
            "" => Err(ConfigError::Missing(name)),
            text => Ok(text.to_owned()),
        };
        let text = |name: &str| settings.str_at(&[name]).to_owned();
        let list = |name: &str| {
            let texts = settings.array_at(&[name]).iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect::<Vec<String>>()
        };
        let flag = |name: &str| settings.get(name) == Some(&Value::from(true));
        let issuer = required("issuer")?;
        if !is_as_safe(&issuer, &issuer) {
            return Err(ConfigError::Issuer(issuer));
        }
        let client_id = required("clientID")?;
        let cli_client_id = text("cliClientID");
        let mut allowed_audiences = list("allowedAudiences");
        if allowed_audiences.is_empty() {
            let both = [&client_id, &cli_client_id].into_iter();
            allowed_audiences = both.filter(|a| !a.is_empty()).cloned().collect();
        }
        let mut scopes = list("requestedScopes");
        if scopes.is_empty() {
            scopes = SCOPES.map(str::to_owned).to_vec();
        } else if !scopes.iter().any(|s| s == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let user_info = match text("userInfoPath").as_str() {
            path if !path.is_empty() && flag("enableUserInfoGroups") => {
                let base = text("userInfoBaseURL");
                let base = if base.is_empty() { &issuer } else { &base };
                if !is_as_safe(base, &issuer) {
                    return Err(ConfigError::UserInfo(base.clone()));
                }
                Some(format!("{}{path}", base.trim_end_matches('/')))
            }
            _ => None,
        };
        Ok(Some(Self {
            name: match text("name") {
                name if name.is_empty() => "SSO".to_owned(),
                name => name,
            },
            client_secret: Some(text("clientSecret"))
                .filter(|s| !s.is_empty())
                .map(Redacted::new),
            accepts_no_audience: flag("skipAudienceCheckWhenTokenHasNoAudience"),
            requested_claims: settings.get("requestedIDTokenClaims").and_then(|claims| {
                matches!(claims, Value::Object(o) if !o.is_empty())
                    .then(|| json!({"id_token": claims.clone()}).to_json())
            }),
            logout_url: Some(text("logoutURL")).filter(|u| !u.is_empty()),
            domain_hint: text("domainHint").trim().to_owned(),
            root_ca: text("rootCA"),
            user_info_url: user_info,
            issuer,
            client_id,
            cli_client_id,
            allowed_audiences,
            scopes,
        }))
    }

    /// Returns the names of the Secrets that the settings refer to beside `argocd-secret`, for who
    /// has to fetch them first.
    #[must_use]
    pub fn secret_names(config_map: &Value) -> BTreeSet<String> {
        let text = config_map.str_at(&["data", "oidc.config"]);
        let settings = yaml::v2::to_value(text.as_bytes()).unwrap_or(Value::Null);
        let mut names = BTreeSet::new();
        note_names(&settings, &mut names);
        names.remove(OWN_SECRET);
        names
    }
}

fn note_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(_, v)| note_names(v, names)),
        Value::Array(items) => items.iter().for_each(|v| note_names(v, names)),
        _ => {
            let reference = value.as_str().and_then(|t| t.strip_prefix('$'));
            names.extend(reference.map(|r| split_reference(r).0.to_owned()));
        }
    }
}

/// Splits a reference into the names of a Secret and of its key.
fn split_reference(reference: &str) -> (&str, &str) {
    reference.split_once(':').unwrap_or((OWN_SECRET, reference))
}

/// Replaces references to Secrets.
fn resolve(value: &mut Value, secrets: &dyn Fn(&str) -> Option<Value>) -> Result<(), ConfigError> {
    match value {
        Value::Object(members) => {
            for (_, member) in members.iter_mut() {
                resolve(member, secrets)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                resolve(item, secrets)?;
            }
        }
        _ => {
            let Some(reference) = value.as_str().and_then(|t| t.strip_prefix('$')) else {
                return Ok(());
            };
            let (name, key) = split_reference(reference);
            let found = secrets(name).and_then(|s| config::secret_bytes(&s, key));
            let found = found.and_then(|bytes| String::from_utf8(bytes).ok());
            let found = found.ok_or_else(|| ConfigError::NoSecret(format!("${reference}")))?;
            *value = Value::from(found.trim());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Option<Config>, ConfigError> {
        let secret = |name: &str| match name {
            "argocd-secret" => Some(json!({"data": {"oidc.clientSecret": "aHVudGVyMgo="}})),
            "other" => Some(json!({"stringData": {"k": "https://id.example.com"}})),
            _ => None,
        };
        Config::from_config_map(&json!({"data": {"oidc.config": text}}), &secret)
    }

    #[test]
    fn secrets_are_looked_up() {
        let text = "name: Okta\nissuer: $other:k\nclientID: windlass\nclientSecret: $oidc.clientSecret\n\
                    requestedIDTokenClaims: {groups: {essential: true}}\ncliClientID: cli";
        let config = config(text).expect("settings").expect("some");
        assert_eq!(config.issuer, "https://id.example.com");
        assert_eq!(
            config.client_secret.as_ref().map(|s| s.expose().as_str()),
            Some("hunter2")
        );
        assert_eq!(config.allowed_audiences, ["windlass", "cli"]);
        assert_eq!(
            config.requested_claims.as_deref(),
            Some(r#"{"id_token":{"groups":{"essential":true}}}"#)
        );
        assert!(!format!("{config:?}").contains("hunter2"));
        let map = json!({"data": {"oidc.config": text}});
        assert_eq!(
            Config::secret_names(&map),
            BTreeSet::from(["other".to_owned()])
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let wrong = |text: &str| config(text).unwrap_err().to_string();
        assert_eq!(config(""), Ok(None));
        let dex = json!({"data": {"dex.config": "connectors: []"}});
        assert_eq!(
            Config::from_config_map(&dex, &|_| None),
            Err(ConfigError::Dex)
        );
        assert_eq!(wrong("- a"), "`oidc.config` of argocd-cm is no map of YAML");
        assert_eq!(
            wrong("issuer: https://x"),
            "`oidc.config` of argocd-cm has no `clientID`"
        );
        assert_eq!(
            wrong("issuer: $gone\nclientID: x"),
            "`oidc.config` of argocd-cm refers to $gone, which doesn't exist"
        );
        assert_eq!(
            config("issuer: file:///x\nclientID: x"),
            Err(ConfigError::Issuer("file:///x".into()))
        );
    }
}
