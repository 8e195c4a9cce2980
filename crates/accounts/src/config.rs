//! `argocd-cm` and `argocd-secret` as data.

use crate::{Account, Capability, Redacted, Token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gotemplate::regexp::Regexp;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use value::Value;

/// The administrator's account.
pub(crate) const ADMIN: &str = "admin";
const PASSWORD_PATTERN: &str = "^.{8,32}$";
const SESSION_SECONDS: i64 = 24 * 3600;
/// The key of tokens in `argocd-secret`.
pub(crate) const SERVER_KEY: &str = "server.secretkey";

/// A setting that isn't taken as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, `argocd-cm accounts.ci.enabled`.
    pub setting: String,
    /// What is wrong, and what is done.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.why)
    }
}

/// Accounts and what concerns them all, at one moment.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) key: Option<Redacted<Vec<u8>>>,
    pub(crate) session_seconds: i64,
    pub(crate) password_pattern: String,
    pub(crate) password_regex: Option<Arc<Regexp>>,
    is_anonymous_enabled: bool,
    urls: Vec<String>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.accounts.keys().collect();
        f.debug_struct("Accounts").field("names", &names).finish()
    }
}

impl Accounts {
    /// Reads the two; `null` is one that doesn't exist. What can't be read is a problem of one
    /// account, which then can do less, not more.
    #[must_use]
    pub fn from_config(config_map: &Value, secret: &Value) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let setting = |name: &str| config_map.str_at(&["data", name]);
        let mut accounts = Self {
            accounts: accounts_of(config_map, secret, &mut problems),
            key: secret_bytes(secret, SERVER_KEY)
                .filter(|key| !key.is_empty())
                .map(Redacted::new),
            session_seconds: SESSION_SECONDS,
            password_pattern: match setting("passwordPattern") {
                "" => PASSWORD_PATTERN.to_owned(),
                pattern => pattern.to_owned(),
            },
            password_regex: None,
            is_anonymous_enabled: setting("users.anonymous.enabled") == "true",
            urls: urls_of(config_map),
        };
        let mut wrong = |name: &str, why: String| {
            problems.push(Problem {
                setting: format!("argocd-cm {name}"),
                why,
            });
        };
        match setting("users.session.duration") {
            "" => {}
            text => match seconds(text) {
                Some(seconds) => accounts.session_seconds = seconds,
                None => wrong(
                    "users.session.duration",
                    format!("{text:?} is no duration like `12h` or `7d`: sessions last 24 hours"),
                ),
            },
        }
        match Regexp::new(accounts.password_pattern.as_bytes()) {
            Ok(regex) => accounts.password_regex = Some(Arc::new(regex)),
            Err(why) => wrong(
                "passwordPattern",
                format!("{why}: no password can be changed"),
            ),
        }
        (accounts, problems)
    }

    /// Returns an account.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Returns all accounts by name.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Returns true if nobody needs to log in (`users.anonymous.enabled`).
    #[must_use]
    pub const fn is_anonymous_enabled(&self) -> bool {
        self.is_anonymous_enabled
    }

    /// Returns true if any account can log in with a password.
    #[must_use]
    pub fn is_login_possible(&self) -> bool {
        let can = |a: &Account| a.is_enabled && a.can(Capability::Login) && a.has_password();
        self.iter().any(can)
    }

    /// Returns how long a session lasts.
    #[must_use]
    pub const fn session_seconds(&self) -> i64 {
        self.session_seconds
    }

    /// Returns the rule of new passwords, a regular expression.
    #[must_use]
    pub fn password_pattern(&self) -> &str {
        &self.password_pattern
    }

    /// Returns the address of the dashboard that a browser uses, by the header `Host`: one of
    /// [`Accounts::urls`], the first if none has it; `None` if there are none.
    #[must_use]
    pub fn url_for_host(&self, host: &str) -> Option<&str> {
        let authority = |url: &str| {
            let rest = url
                .split_once("://")
                .map_or("", |(_, rest)| rest)
                .to_owned();
            rest.split('/')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        let host = host.to_ascii_lowercase();
        let own = self.urls.iter().find(|url| authority(url) == host);
        own.or(self.urls.first()).map(String::as_str)
    }

    /// Returns the addresses of the dashboard: `url`, then `additionalUrls`.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }
}

fn accounts_of(
    config_map: &Value,
    secret: &Value,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Account> {
    let mut admin = Account::new(ADMIN);
    admin.capabilities = vec![Capability::Login];
    let mut found = BTreeMap::from([(ADMIN.to_owned(), admin)]);
    let mut wrong = |setting: String, why: &str| {
        problems.push(Problem {
            setting,
            why: why.to_owned(),
        });
    };
    let data = match config_map.get("data") {
        Some(Value::Object(data)) => Some(data),
        _ => None,
    };
    for (key, value) in data.into_iter().flat_map(value::Object::iter) {
        let key = key.as_str();
        let (name, suffix) = match key.split('.').collect::<Vec<_>>().as_slice() {
            ["accounts", name] => (*name, ""),
            ["accounts", name, suffix] => (*name, *suffix),
            ["admin", "enabled"] => (ADMIN, "enabled"),
            ["accounts", ..] => {
                wrong(
                    format!("argocd-cm {key}"),
                    "an account's name has no dots: ignored",
                );
                continue;
            }
            _ => continue,
        };
        if name == ADMIN && key.starts_with("accounts.") && suffix == "enabled" {
            wrong(
                format!("argocd-cm {key}"),
                "the setting is called `admin.enabled`",
            );
        }
        let account = found.entry(name.to_owned());
        let account = account.or_insert_with(|| Account::new(name));
        let text = value.as_str().unwrap_or_default();
        match suffix {
            "" => {
                for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                    match Capability::parse(word) {
                        Some(capability) if account.can(capability) => {}
                        Some(capability) => account.capabilities.push(capability),
                        None => wrong(
                            format!("argocd-cm {key}"),
                            "an account can `login` and have an `apiKey`: the rest is ignored",
                        ),
                    }
                }
            }
            "enabled" => match parse_bool(text) {
                // One `false` is enough.
                Some(is_enabled) => account.is_enabled &= is_enabled,
                None => {
                    account.is_enabled = false;
                    let why = "neither `true` nor `false`: the account is disabled";
                    wrong(format!("argocd-cm {key}"), why);
                }
            },
            _ => {}
        }
    }
    for account in found.values_mut() {
        read_secret(account, secret, &mut wrong);
    }
    found
}

/// Takes in what `argocd-secret` has of an account.
fn read_secret(account: &mut Account, secret: &Value, wrong: &mut dyn FnMut(String, &str)) {
    let prefix = secret_prefix(&account.name);
    let text = |name: &str| {
        let bytes = secret_bytes(secret, &format!("{prefix}.{name}"))?;
        String::from_utf8(bytes).ok()
    };
    account.password_hash = Redacted::new(text("password").unwrap_or_default());
    if let Some(time) = text("passwordMtime").filter(|t| !t.is_empty()) {
        match time.trim().parse::<jiff::Timestamp>() {
            Ok(time) => account.password_changed_at = Some(time.as_second()),
            Err(_) => {
                account.is_enabled = false;
                let why = "no time: which tokens still count is unknown, the account is disabled";
                wrong(format!("argocd-secret {prefix}.passwordMtime"), why);
            }
        }
    }
    let tokens = text("tokens").filter(|t| !t.is_empty());
    match tokens.map(|t| Value::parse(t.as_bytes())) {
        Some(Ok(Value::Array(tokens))) => {
            account.tokens = tokens.iter().map(Token::parse).collect();
        }
        None | Some(Ok(Value::Null)) => {}
        Some(_) => wrong(
            format!("argocd-secret {prefix}.tokens"),
            "no list of tokens: the account has none",
        ),
    }
}

/// Returns what the keys of an account in `argocd-secret` begin with.
pub(crate) fn secret_prefix(name: &str) -> String {
    match name {
        ADMIN => ADMIN.to_owned(),
        _ => format!("accounts.{name}"),
    }
}

/// Returns a value of a Secret, as `data` or as `stringData`, which wins.
pub(crate) fn secret_bytes(secret: &Value, key: &str) -> Option<Vec<u8>> {
    if let Some(text) = secret.at(&["stringData", key]).and_then(Value::as_str) {
        return Some(text.as_bytes().to_vec());
    }
    let text = secret.at(&["data", key])?.as_str()?;
    STANDARD.decode(text).ok()
}

/// Reads a boolean by Go's rules.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Reads `7d` or Go's `1h30m`, as whole seconds.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    if let Some(days) = text.strip_suffix('d') {
        let days: i64 = days.parse().ok()?;
        return days.checked_mul(24 * 3600).filter(|s| *s >= 0);
    }
    let nanoseconds = gotemplate::parse_duration(text.as_bytes()).ok()?;
    let seconds = nanoseconds / 1_000_000_000;
    (seconds >= 0).then_some(seconds)
}

fn urls_of(config_map: &Value) -> Vec<String> {
    let url = config_map.str_at(&["data", "url"]);
    let more = config_map.str_at(&["data", "additionalUrls"]);
    let more = yaml::v2::to_value(more.as_bytes()).unwrap_or(Value::Null);
    let more = more.as_array().unwrap_or_default().iter();
    let more = more.filter_map(Value::as_str);
    let all = [url].into_iter().chain(more).filter(|u| !u.is_empty());
    all.map(|u| u.trim_end_matches('/').to_owned()).collect()
}
