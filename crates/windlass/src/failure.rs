//! Exit codes and how a failure is told: what, why, and what next.

use std::fmt;

/// The answer is "no": differences, drift, unhealthy.
pub(crate) const NO: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// It didn't work.
pub(crate) const RUNTIME: u8 = 3;
/// A login is needed.
pub(crate) const LOGIN: u8 = 4;
/// There is no such thing.
pub(crate) const NOT_FOUND: u8 = 5;
/// A rule forbids it.
pub(crate) const REFUSED: u8 = 6;
/// It took too long.
pub(crate) const TIMEOUT: u8 = 7;

/// A failure that a person can act on.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<cluster::ApiError> for Failure {
    fn from(error: cluster::ApiError) -> Self {
        match error.code {
            401 => Self::new(LOGIN, error.message).hint("the kubeconfig's token is not accepted"),
            403 => Self::new(REFUSED, error.message),
            404 => Self::new(NOT_FOUND, error.message),
            0 => Self::new(RUNTIME, error.message)
                .hint("is the control plane running? Start one with: windlass demo"),
            _ => Self::new(RUNTIME, error.message),
        }
    }
}

/// Tells a failure and returns its exit code.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let known = error.chain().find_map(|e| e.downcast_ref::<Failure>());
    let mut text = String::new();
    for cause in error.chain() {
        let said = cause.to_string();
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
    }
    crate::output::complain(&format!("error: {text}"));
    if let Some(hint) = known.and_then(|f| f.hint.as_deref()) {
        crate::output::complain(&format!("hint: {hint}"));
    }
    known.map_or(RUNTIME, |f| f.code)
}
