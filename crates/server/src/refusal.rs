//! Answers that say no, in Argo CD's shape.

use cluster::ApiError;
use engine::Problem;
use engine::ask::AskError;
use http::StatusCode;
use value::{Value, json};

/// Why, as gRPC numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The request makes no sense.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The one who asks may not, or there is no such thing.
    Denied,
    /// Too much, or too often.
    Exhausted,
    /// Not in the state that things are in.
    Precondition,
    /// Somebody else was faster.
    Aborted,
    /// It isn't built.
    Unimplemented,
    /// Something of ours failed.
    Internal,
    /// Something that we need can't be reached.
    Unavailable,
    /// Nobody has said who asks.
    Unauthenticated,
}

impl Code {
    const fn number(self) -> i64 {
        match self {
            Self::Invalid => 3,
            Self::NotFound => 5,
            Self::Denied => 7,
            Self::Exhausted => 8,
            Self::Precondition => 9,
            Self::Aborted => 10,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Invalid | Self::Precondition => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Exhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Aborted => StatusCode::CONFLICT,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
        }
    }
}

/// An answer that says no.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) hint: String,
    status: StatusCode,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: String::new(),
            status: code.status(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// What is absent and what is forbidden look the same.
    pub(crate) fn denied() -> Self {
        Self::new(Code::Denied, "permission denied")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "no session information")
            .hint("log in, or send a token in the Authorization header")
    }

    pub(crate) fn too_large(what: &str) -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::new(Code::Invalid, format!("{what} is too large"))
        }
    }

    pub(crate) fn method() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            ..Self::new(Code::Unimplemented, "Method Not Allowed")
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "error": self.message.as_str(),
            "code": self.code.number(),
            "message": self.message.as_str(),
        });
        if !self.hint.is_empty() {
            body.set_at(&["hint"], self.hint.as_str());
        }
        body
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let code = match error.code {
            0 => Code::Unavailable,
            400 | 422 => Code::Invalid,
            401 | 403 => Code::Precondition,
            404 => Code::NotFound,
            409 => Code::Aborted,
            429 => Code::Exhausted,
            _ => Code::Internal,
        };
        let refusal = Self::new(code, error.message);
        match code {
            Code::Unavailable => refusal.hint("the control plane can't be reached; try again"),
            Code::Precondition => refusal.hint("the controller's own rights don't suffice"),
            Code::Aborted => refusal.hint("somebody else changed it; look again"),
            _ => refusal,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let code = match problem.transient {
            true => Code::Unavailable,
            false => Code::Precondition,
        };
        Self::new(code, format!("{}: {}", problem.kind, problem.message))
    }
}

impl From<AskError> for Refusal {
    fn from(error: AskError) -> Self {
        let code = match error {
            AskError::NeverDeployed(_) | AskError::NotHeld => Code::NotFound,
            AskError::NoRevision(_) => Code::Invalid,
            AskError::Busy | AskError::Idle | AskError::NotPaused => Code::Precondition,
        };
        Self::new(code, error.to_string())
    }
}
