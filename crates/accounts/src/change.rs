//! Changes of accounts, as what has to be written.

use crate::config::{ADMIN, SERVER_KEY, secret_prefix};
use crate::{Accounts, Hash, PasswordError, Random, Redacted, Token, password};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use value::{Object, Value, json};

const FIRST_PASSWORD_LETTERS: &[u8; 64] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const FIRST_PASSWORD_LENGTH: usize = 16;

/// A merge patch of `argocd-secret`.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The patch.
    pub secret: Redacted<Value>,
}

/// What a new installation needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The patch of `argocd-secret`.
    pub change: Change,
    /// The administrator's first password, if there was none: `password` of the Secret
    /// `argocd-initial-admin-secret`.
    pub admin_password: Option<Redacted<String>>,
}

/// Something that can't be changed like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// There is no such account.
    #[error("account '{0}' does not exist")]
    NoAccount(String),
    /// The rule of passwords.
    #[error("new password does not match the following expression: {0}")]
    Pattern(String),
    /// The rule of passwords is itself wrong.
    #[error("`passwordPattern` of argocd-cm can't be read: no password can be changed")]
    BadPattern,
    /// It can't be stored.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The account has no tokens.
    #[error("account '{0}' does not have apiKey capability")]
    NoApiKey(String),
    /// There is one already.
    #[error("account already has token with id '{0}'")]
    TokenExists(String),
    /// There is none.
    #[error("token with id '{0}' does not exist")]
    NoToken(String),
    /// The id can't be stored.
    #[error("a token's id has 1 to 253 characters without white space")]
    TokenId,
    /// There is no key to sign with.
    #[error("the server has no key yet: `server.secretkey` of argocd-secret is missing")]
    NoKey,
}

impl Accounts {
    /// Changes a password. Tokens that were issued before no longer count.
    ///
    /// # Errors
    /// Fails if the account doesn't exist or the password is against the rule.
    pub fn change_password(
        &self,
        name: &str,
        password: &str,
        kind: Hash,
        now: i64,
        random: Random<'_>,
    ) -> Result<Change, ChangeError> {
        if self.get(name).is_none() {
            return Err(ChangeError::NoAccount(name.to_owned()));
        }
        let rule = self
            .password_regex
            .as_ref()
            .ok_or(ChangeError::BadPattern)?;
        if !rule.is_match(password.as_bytes()) {
            return Err(ChangeError::Pattern(self.password_pattern.clone()));
        }
        let hash = password::hash(password, kind, random)?;
        let mut data = Object::new();
        set_password(&mut data, name, hash.expose(), now);
        Ok(Change::of(data))
    }

    /// Returns the key of the tokens, if it is missing: all that is needed where nobody logs in by
    /// password.
    pub fn first_key(&self, random: Random<'_>) -> Option<Change> {
        let mut data = Object::new();
        self.add_key(&mut data, random);
        (!data.is_empty()).then(|| Change::of(data))
    }

    fn add_key(&self, data: &mut Object, random: Random<'_>) {
        if self.key.is_none() {
            let mut key = [0; 32];
            random(&mut key);
            // The text is the key, as in Argo CD.
            set(data, SERVER_KEY, STANDARD.encode(key).as_bytes());
        }
    }

    /// Returns what is missing: the key of the tokens, the administrator's first password.
    ///
    /// # Errors
    /// Never fails with a working source of randomness.
    pub fn setup(&self, now: i64, random: Random<'_>) -> Option<Result<Setup, PasswordError>> {
        let mut data = Object::new();
        self.add_key(&mut data, random);
        let admin = self.get(ADMIN).filter(|a| a.is_enabled);
        let mut admin_password = None;
        if admin.is_some_and(|a| !a.has_password()) {
            let mut letters = [0; FIRST_PASSWORD_LENGTH];
            random(&mut letters);
            let letter = |byte: &u8| char::from(FIRST_PASSWORD_LETTERS[usize::from(byte % 64)]);
            let password: String = letters.iter().map(letter).collect();
            let hash = match password::hash(&password, Hash::default(), random) {
                Ok(hash) => hash,
                Err(e) => return Some(Err(e)),
            };
            set_password(&mut data, ADMIN, hash.expose(), now);
            admin_password = Some(Redacted::new(password));
        } else if admin.is_some_and(|a| a.password_changed_at.is_none()) {
            set(&mut data, "admin.passwordMtime", rfc3339(now).as_bytes());
        }
        (!data.is_empty()).then(|| {
            Ok(Setup {
                change: Change::of(data),
                admin_password,
            })
        })
    }
}

impl Change {
    pub(crate) fn of(data: Object) -> Self {
        Self {
            secret: Redacted::new(json!({"data": Value::Object(data)})),
        }
    }

    /// The tokens of an account; none of them is a key less.
    pub(crate) fn of_tokens(name: &str, tokens: &[Token]) -> Self {
        let key = format!("{}.tokens", secret_prefix(name));
        let mut data = Object::new();
        if tokens.is_empty() {
            data.insert(&*key, Value::Null);
        } else {
            let list: Vec<Value> = tokens.iter().map(Token::to_value).collect();
            set(&mut data, &key, Value::Array(list).to_json().as_bytes());
        }
        Self::of(data)
    }
}

fn set_password(data: &mut Object, name: &str, hash: &str, now: i64) {
    let prefix = secret_prefix(name);
    set(data, &format!("{prefix}.password"), hash.as_bytes());
    set(
        data,
        &format!("{prefix}.passwordMtime"),
        rfc3339(now).as_bytes(),
    );
}

fn set(data: &mut Object, key: &str, value: &[u8]) {
    data.insert(key, STANDARD.encode(value));
}

fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |t| t.to_string())
}
