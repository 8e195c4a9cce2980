//! Logging in with a password.

use crate::{Account, Accounts, Capability, Gate, Random, Session, password};

/// Bytes of an account's name: names that were tried are remembered.
const NAME_BYTES_MAX: usize = 32;

/// Somebody isn't let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No password.
    #[error("Blank passwords are not allowed")]
    Blank,
    /// No account has such a name.
    #[error("Username is too long ({NAME_BYTES_MAX} bytes max)")]
    NameTooLong,
    /// The name or the password; which, is not said.
    #[error("Invalid username or password")]
    Invalid,
    /// The name failed too often; how long it has to wait, if that ends.
    #[error("Too many failed logins: try again {}", when(*.seconds))]
    TooManyFailures {
        /// Seconds until the next try.
        seconds: Option<i64>,
    },
    /// Too many passwords are being checked.
    #[error("Too many logins at a time: try again in a moment")]
    Busy,
    /// The password is right.
    #[error("Account {0} is disabled")]
    Disabled(String),
    /// The password is right.
    #[error("Account {0} does not have login capability")]
    NoLogin(String),
    /// There is no key to sign with.
    #[error("the server has no key yet: `server.secretkey` of argocd-secret is missing")]
    NoKey,
}

fn when(seconds: Option<i64>) -> String {
    match seconds {
        Some(seconds) => format!("in {seconds} seconds"),
        None => "after a restart of the server".to_owned(),
    }
}

impl Accounts {
    /// Checks a password and begins a session.
    ///
    /// This takes a tenth of a second of one processor and waits for its turn: not for an async
    /// thread.
    /// A name that no account has takes as long as the administrator's.
    ///
    /// # Errors
    /// Fails if the name, the password or the account isn't good, or failed too often.
    pub fn login(
        &self,
        gate: &Gate,
        name: &str,
        password: &str,
        now: i64,
        random: Random<'_>,
    ) -> Result<Session, LoginError> {
        self.check_password(gate, name, password, now)?;
        self.start_session(name, now, random)
            .map_err(|_| LoginError::NoKey)
    }

    /// Checks a password; see [`Accounts::login`].
    ///
    /// # Errors
    /// Fails as [`Accounts::login`] does.
    pub fn check_password(
        &self,
        gate: &Gate,
        name: &str,
        password: &str,
        now: i64,
    ) -> Result<(), LoginError> {
        if password.is_empty() {
            return Err(LoginError::Blank);
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(LoginError::NameTooLong);
        }
        let pass = gate.enter(name, now)?;
        let account = self.get(name);
        // Somebody else's hash is as much work as one's own.
        let own = account.filter(|a| a.has_password());
        let hashed = own.or_else(|| self.iter().find(|a| a.has_password()));
        let fits = |a: &Account| password::verify(password, a.password_hash.expose());
        let fits = pass.compute(|| hashed.is_some_and(fits));
        let Some(account) = own.filter(|_| fits) else {
            pass.failed(now);
            return Err(LoginError::Invalid);
        };
        if !account.is_enabled {
            return Err(LoginError::Disabled(name.to_owned()));
        }
        if !account.can(Capability::Login) {
            return Err(LoginError::NoLogin(name.to_owned()));
        }
        pass.succeeded();
        Ok(())
    }
}
