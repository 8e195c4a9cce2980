//! Accounts as `argocd-cm` and `argocd-secret` have them now, and who logs in with them.

use crate::access::Desk;
use crate::auth::{Identity, Known};
use crate::refusal::{Code, Refusal};
use crate::sso::{self, Sso};
use accounts::{
    Accounts, AuthError, Change, ChangeError, Ended, Gate, Limits, LoginError, Revoked,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{ApiError, Client, follow_selected};
use jiff::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};
use value::{Object, Value, json};

const SETTINGS: &str = "argocd-cm";
const SECRET: &str = "argocd-secret";
/// Where the tokens are kept that were ended before their time, by digests of their names.
const ENDED: &str = "windlass-ended-sessions";
/// Tokens in it: a Secret may have a megabyte. The soonest to end are forgotten first.
const ENDED_MAX: usize = 5_000;
/// Where the administrator's first password is kept, as in Argo CD.
const FIRST_PASSWORD: &str = "argocd-initial-admin-secret";

/// Accounts, and who has failed or given up.
pub(crate) struct Logins {
    accounts: RwLock<Arc<Accounts>>,
    gate: Gate,
    revoked: Revoked,
    pub(crate) sso: Sso,
}

/// Fills bytes at random. Without randomness nothing may go on.
pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has random numbers");
}

impl Logins {
    pub(crate) fn new() -> Self {
        let (accounts, _) = Accounts::from_config(&Value::Null, &Value::Null);
        Self {
            accounts: RwLock::new(Arc::new(accounts)),
            gate: Gate::new(Limits::default()),
            revoked: Revoked::default(),
            sso: Sso::default(),
        }
    }

    /// Returns the accounts as they are now.
    pub(crate) fn accounts(&self) -> Arc<Accounts> {
        let accounts = self.accounts.read();
        Arc::clone(&accounts.unwrap_or_else(PoisonError::into_inner))
    }

    /// Checks a password and begins a session. It takes a while.
    pub(crate) fn login(&self, name: &str, password: &str, now: i64) -> Result<String, Refusal> {
        let accounts = self.accounts();
        let session = accounts.login(&self.gate, name, password, now, &mut random);
        Ok(session?.token.into_inner())
    }

    /// Checks a password alone. It takes a while.
    pub(crate) fn check(&self, name: &str, password: &str, now: i64) -> Result<(), Refusal> {
        Ok(self
            .accounts()
            .check_password(&self.gate, name, password, now)?)
    }

    /// Returns whose token it is.
    pub(crate) fn verify(&self, token: &str, known: &Known<'_>) -> Result<Identity, Refusal> {
        let found = self.look(token, known)?;
        self.admit(&found, token, known.scopes)
    }

    /// Returns whose token of the provider of single sign-on it is: a program's. `None` if it is
    /// none of a provider's.
    pub(crate) async fn foreign(
        &self,
        token: &str,
        now: Timestamp,
        scopes: &[String],
    ) -> Option<Result<Identity, Refusal>> {
        let accounts = self.accounts();
        let now = now.as_second();
        let own = accounts.verify(token, now, &accounts::NoProjects);
        if !matches!(own, Err(AuthError::Foreign(_))) {
            return None;
        }
        match self.sso.foreign(&accounts, token, now).await {
            Ok(found) => Some(self.admit(&found?, token, scopes)),
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Returns whose token it is, one of ours or a session of single sign-on.
    fn look(&self, token: &str, known: &Known<'_>) -> Result<accounts::Identity, Refusal> {
        let accounts = self.accounts();
        let now = known.now.as_second();
        match accounts.verify(token, now, known.projects) {
            Err(foreign @ AuthError::Foreign(_)) => {
                let found = self.sso.session(&accounts, token, now)?;
                found.ok_or_else(|| foreign.into())
            }
            found => Ok(found?),
        }
    }

    /// Returns who somebody is to the server, unless they gave the token up.
    fn admit(
        &self,
        found: &accounts::Identity,
        token: &str,
        scopes: &[String],
    ) -> Result<Identity, Refusal> {
        if self.revoked.contains(found.token_id()) {
            return Err(AuthError::Revoked.into());
        }
        Ok(Identity {
            username: found.username().to_owned(),
            subject: found.subject().to_owned(),
            issuer: found.issuer().to_owned(),
            groups: found.groups(scopes),
            expires: found
                .expires_at()
                .and_then(|at| Timestamp::from_second(at).ok()),
            csrf: self.accounts().csrf_token(token)?,
        })
    }

    /// Returns the next token of a session that ends soon.
    pub(crate) fn renew(&self, token: &str, known: &Known<'_>) -> Option<String> {
        let accounts = self.accounts();
        let now = known.now.as_second();
        let found = accounts.verify(token, now, known.projects).ok()?;
        let next = accounts.renew(&found, now, &mut random).ok()??;
        Some(next.token.into_inner())
    }

    /// Ends a token before its time; returns what is to be kept of it.
    pub(crate) fn end(&self, token: &str, known: &Known<'_>) -> Option<Ended> {
        let now = known.now.as_second();
        let found = self.look(token, known).ok()?;
        self.sso.forget(found.token_id());
        self.revoked
            .revoke(found.token_id(), found.expires_at(), now)
    }

    /// Takes note of the tokens that were ended elsewhere, or before this process began.
    fn know_ended(&self, secret: &Value, now: i64) {
        for ended in ended_of(secret) {
            self.revoked.know(&ended, now);
        }
    }
}

/// Reads the tokens that were ended.
fn ended_of(secret: &Value) -> Vec<Ended> {
    let data = secret.get("data").and_then(Value::as_object);
    let pairs = data.into_iter().flat_map(Object::iter);
    pairs
        .filter_map(|(mark, text)| {
            let bytes = STANDARD.decode(text.as_str()?).ok()?;
            let ends_at = std::str::from_utf8(&bytes).ok()?.parse().ok()?;
            Some(Ended {
                mark: mark.to_string(),
                ends_at,
            })
        })
        .collect()
}

/// Keeps that a token was ended: whoever comes after this process, and every other one, knows it.
/// Those that would have ended by now are forgotten.
pub(crate) async fn keep_ended(
    client: &Client,
    namespace: &str,
    ended: &Ended,
    now: i64,
) -> Result<(), ApiError> {
    let collection = format!("/api/v1/namespaces/{namespace}/secrets");
    let path = format!("{collection}/{ENDED}");
    let mut patch = Value::object();
    patch.set_at(&["stringData", &ended.mark], ended.ends_at.to_string());
    match client.get(&path).await {
        Err(error) if error.is_not_found() => {
            let mut secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {
                    "name": ENDED, "namespace": namespace,
                    "labels": {"app.kubernetes.io/part-of": "argocd"},
                },
            });
            secret.merge_patch(&patch);
            match client.create(&collection, &secret).await {
                // Another process was faster.
                Err(error) if error.code == 409 => {}
                answer => return answer.map(|_| ()),
            }
        }
        Err(error) => return Err(error),
        Ok(secret) => {
            let mut known = ended_of(&secret);
            known.sort_by_key(|it| it.ends_at);
            let spare = (known.len() + 1).saturating_sub(ENDED_MAX);
            for (i, old) in known.iter().enumerate() {
                if old.ends_at <= now || i < spare {
                    patch.set_at(&["data", &old.mark], Value::Null);
                }
            }
        }
    }
    let path = format!("{path}?fieldManager=windlass");
    client.merge_patch(&path, &patch).await.map(|_| ())
}

impl From<LoginError> for Refusal {
    fn from(error: LoginError) -> Self {
        let code = match error {
            LoginError::TooManyFailures { .. } | LoginError::Busy => Code::Exhausted,
            LoginError::NoKey => Code::Precondition,
            _ => Code::Unauthenticated,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        let text = match error.to_string() {
            text if text.starts_with("invalid session") => text,
            text => format!("invalid session: {text}"),
        };
        Self::new(Code::Unauthenticated, text).hint("log in again")
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        let code = match error {
            ChangeError::NoAccount(_) | ChangeError::NoToken(_) => Code::NotFound,
            ChangeError::NoKey | ChangeError::BadPattern => Code::Precondition,
            _ => Code::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

/// Follows the accounts until it is dropped; makes what a new installation lacks.
pub(crate) async fn follow(desk: Arc<Desk>) {
    let client = desk.accounts_client().clone();
    let namespace = desk.namespace().to_owned();
    let path = |plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    let start = |plural: &str, keep| follow_selected(client.clone(), &path(plural), "", keep);
    let mut maps = start("configmaps", |name| name == SETTINGS);
    let mut secrets = start("secrets", |name| matches!(name, SECRET | ENDED));
    let mut said = Vec::new();
    let mut is_set_up = false;
    loop {
        let known = (
            maps.borrow_and_update().clone(),
            secrets.borrow_and_update().clone(),
        );
        if let (Some(maps), Some(secrets)) = known {
            let null = Arc::new(Value::Null);
            let map = maps.get(SETTINGS).unwrap_or(&null);
            let secret = secrets.get(SECRET).unwrap_or(&null);
            let (accounts, problems) = Accounts::from_config(map, secret);
            for problem in problems.iter().filter(|p| !said.contains(*p)) {
                tracing::warn!("{problem}");
            }
            said = problems;
            if !is_set_up {
                is_set_up = true;
                if let Err(error) = set_up(&desk, &client, &accounts).await {
                    tracing::warn!(error = %error, "accounts can't be set up");
                }
            }
            desk.configure(Arc::clone(map));
            let logins = &desk.auth.logins;
            if let Some(ended) = secrets.get(ENDED) {
                logins.know_ended(ended, Timestamp::now().as_second());
            }
            let config = sso::settings(&client, &namespace, map, secret).await;
            logins.sso.take(config);
            let slot = logins.accounts.write();
            *slot.unwrap_or_else(PoisonError::into_inner) = Arc::new(accounts);
        }
        tokio::select! {
            changed = maps.changed() => if changed.is_err() { return },
            changed = secrets.changed() => if changed.is_err() { return },
        }
    }
}

/// Makes the key of tokens and the administrator's first password, where there are none. A demo has
/// its link, and needs no password.
async fn set_up(desk: &Desk, client: &Client, accounts: &Accounts) -> Result<(), ApiError> {
    if desk.settings.mode == crate::Mode::Demo {
        return match accounts.first_key(&mut random) {
            Some(change) => write(client, desk.namespace(), &change).await,
            None => Ok(()),
        };
    }
    let now = Timestamp::now().as_second();
    let accounts = accounts.clone();
    let setup = tokio::task::spawn_blocking(move || accounts.setup(now, &mut random)).await;
    let Ok(Some(Ok(setup))) = setup else {
        return Ok(());
    };
    let namespace = desk.namespace();
    if let Some(password) = &setup.admin_password {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": FIRST_PASSWORD, "namespace": namespace},
            "stringData": {"password": password.expose().as_str()},
        });
        let path = format!("/api/v1/namespaces/{namespace}/secrets");
        match client.create(&path, &secret).await {
            Err(error) if error.code == 409 => {
                let path = format!("{path}/{FIRST_PASSWORD}");
                let patch = json!({"stringData": {"password": password.expose().as_str()}});
                client.merge_patch(&path, &patch).await?;
            }
            answer => {
                answer?;
            }
        }
    }
    write(client, namespace, &setup.change).await
}

/// Writes a change of `argocd-secret`, which need not be there.
pub(crate) async fn write(
    client: &Client,
    namespace: &str,
    change: &Change,
) -> Result<(), ApiError> {
    let collection = format!("/api/v1/namespaces/{namespace}/secrets");
    let path = format!("{collection}/{SECRET}?fieldManager=windlass");
    match client.merge_patch(&path, change.secret.expose()).await {
        Err(error) if error.is_not_found() => {
            let mut secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {
                    "name": SECRET, "namespace": namespace,
                    "labels": {"app.kubernetes.io/part-of": "argocd"},
                },
            });
            secret.merge_patch(change.secret.expose());
            client.create(&collection, &secret).await.map(|_| ())
        }
        answer => answer.map(|_| ()),
    }
}
