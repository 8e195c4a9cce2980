//! What the API server answers when it refuses, in its exact words.

use std::fmt;

use value::{Object, Value, json};

use crate::kinds::Kind;
use crate::store::Unwritable;

/// A refusal: an HTTP code and what the `Status` object of the answer says.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The HTTP code.
    pub code: u16,
    /// The machine-readable reason; empty where Kubernetes gives none.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// The `details` object, if there is one.
    pub details: Option<Value>,
    /// True if the answer is plain text instead of a `Status`.
    pub plain: bool,
    /// What else to tell the client.
    pub warnings: Vec<String>,
}

/// The result of a request.
pub type Result<T> = std::result::Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Unwritable> for Failure {
    fn from(why: Unwritable) -> Self {
        Self::new(500, "InternalError", why.to_string())
    }
}

/// One wrong field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path, like `spec.ports[0].port`.
    pub field: String,
    /// The kind of mistake, like `FieldValueInvalid`.
    pub reason: &'static str,
    /// What is wrong, without the path.
    pub message: String,
}

impl FieldError {
    /// A value is there but wrong. `value` is written as Go writes it.
    #[must_use]
    pub fn invalid(field: &str, value: impl Into<Value>, why: &str) -> Self {
        let message = format!("Invalid value: {}: {why}", go_value(&value.into()));
        Self {
            field: field.to_owned(),
            reason: "FieldValueInvalid",
            message,
        }
    }

    /// A value is there but of the wrong type.
    #[must_use]
    pub fn type_invalid(field: &str, value: impl Into<Value>, why: &str) -> Self {
        Self {
            reason: "FieldValueTypeInvalid",
            ..Self::invalid(field, value, why)
        }
    }

    /// A value is missing.
    #[must_use]
    pub fn required(field: &str, why: &str) -> Self {
        let message = if why.is_empty() {
            "Required value".to_owned()
        } else {
            format!("Required value: {why}")
        };
        Self {
            field: field.to_owned(),
            reason: "FieldValueRequired",
            message,
        }
    }

    /// A value is none of those allowed.
    #[must_use]
    pub fn not_supported(field: &str, value: impl Into<Value>, allowed: &[&str]) -> Self {
        let allowed: Vec<String> = allowed.iter().map(|a| format!("\"{a}\"")).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            go_value(&value.into()),
            allowed.join(", ")
        );
        Self {
            field: field.to_owned(),
            reason: "FieldValueNotSupported",
            message,
        }
    }

    /// A value is there twice.
    #[must_use]
    pub fn duplicate(field: &str, value: impl Into<Value>) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueDuplicate",
            message: format!("Duplicate value: {}", go_value(&value.into())),
        }
    }

    /// What a value names isn't there.
    #[must_use]
    pub fn not_found(field: &str, value: &str) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueNotFound",
            message: format!("Not found: {}", go_quote(value)),
        }
    }

    /// A list or map has too many members.
    #[must_use]
    pub fn too_many(field: &str, count: usize, count_max: usize) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueTooMany",
            message: format!("Too many: {count}: must have at most {count_max} items"),
        }
    }

    /// A value is wrong that is shown as given.
    #[must_use]
    pub(crate) fn invalid_as(field: &str, shown: &str, why: &str) -> Self {
        Self {
            message: format!("Invalid value: {shown}: {why}"),
            ..Self::invalid(field, "", why)
        }
    }

    /// The same for a value that is shown as given: a Go struct, whose members have an order.
    #[must_use]
    pub(crate) fn not_supported_as(field: &str, shown: &str, allowed: &[&str]) -> Self {
        let mut error = Self::not_supported(field, "", allowed);
        error.message = error.message.replacen("\"\"", shown, 1);
        error
    }

    /// A value must not be there.
    #[must_use]
    pub fn forbidden(field: &str, why: &str) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueForbidden",
            message: format!("Forbidden: {why}"),
        }
    }

    /// A value is too long.
    #[must_use]
    pub fn too_long(field: &str, bytes_max: usize) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueTooLong",
            message: format!("Too long: may not be more than {bytes_max} bytes"),
        }
    }
}

/// Writes a value as Go's `%#v` does in validation errors: strings quoted, the rest as JSON.
fn go_value(value: &Value) -> String {
    match value {
        Value::String(s) => go_quote(s),
        other => other.to_json(),
    }
}

/// Quotes a string as Go's `%q` does.
#[must_use]
pub fn go_quote(s: &str) -> String {
    let mut quoted = String::with_capacity(s.len() + 2);
    quoted.push('"');
    for c in s.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => {
                quoted.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

impl Failure {
    /// Returns a failure without details.
    #[must_use]
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            plain: false,
            warnings: Vec::new(),
        }
    }

    /// The request cannot be understood.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A mistake of the server, or what Kubernetes reports as one; without a reason.
    #[must_use]
    pub fn unexplained(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// No such object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", kind.resource()),
        )
        .with_details(names(kind, name, &kind.plural))
    }

    /// No such path, as a `Status`.
    #[must_use]
    pub fn no_resource() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
        .with_details(Value::object())
    }

    /// No such path, as text.
    #[must_use]
    pub fn no_page() -> Self {
        Self {
            plain: true,
            ..Self::new(404, "NotFound", "404 page not found\n")
        }
    }

    /// The path exists, but not for this method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
        .with_details(Value::object())
    }

    /// A custom resource doesn't know this verb here.
    #[must_use]
    pub fn not_supported(kind: &Kind, verb: &str) -> Self {
        let message = format!(
            "{verb} is not supported on resources of kind \"{}\"",
            kind.resource()
        );
        Self::new(405, "MethodNotAllowed", message).with_details(names(kind, "", &kind.plural))
    }

    /// The server can't do what it should.
    #[must_use]
    pub fn internal(why: &str) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {why}"),
        )
        .with_details(json!({"causes": [{"message": why}]}))
    }

    /// An object of this name is there already.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", kind.resource()),
        )
        .with_details(names(kind, name, &kind.plural))
    }

    /// The object changed meanwhile, or another precondition fails.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            kind.resource()
        );
        Self::new(409, "Conflict", message).with_details(names(kind, name, &kind.plural))
    }

    /// The object was read in an older version than the present one.
    #[must_use]
    pub fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(kind, name, why)
    }

    /// The user may not do this, or an admission rule forbids it.
    #[must_use]
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let subject = if name.is_empty() {
            kind.resource()
        } else {
            format!("{} \"{name}\"", kind.resource())
        };
        Self::new(403, "Forbidden", format!("{subject} is forbidden: {why}")).with_details(names(
            kind,
            name,
            &kind.plural,
        ))
    }

    /// The object breaks rules of its kind.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        Self::invalid_named(&kind.group, &kind.kind, name, errors)
    }

    /// Something that is not stored (options, mostly) breaks rules.
    #[must_use]
    pub fn invalid_named(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let qualified = if group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{group}")
        };
        let mut texts: Vec<String> = Vec::new();
        for e in errors {
            let text = format!("{}: {}", e.field, e.message);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let mut details = Object::new();
        if !name.is_empty() {
            details.insert("name", name);
        }
        if !group.is_empty() {
            details.insert("group", group);
        }
        details.insert("kind", kind);
        let causes: Value = errors
            .iter()
            .map(|e| {
                json!({"reason": e.reason, "message": e.message.as_str(), "field": e.field.as_str()})
            })
            .collect();
        details.insert("causes", causes);
        Self::new(
            422,
            "Invalid",
            format!("{qualified} \"{name}\" is invalid: {list}"),
        )
        .with_details(details.into())
    }

    /// The history that was asked for is gone.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The token is unknown.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// Returns the failure with `details`.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Returns the failure with warnings that come before its own.
    #[must_use]
    pub(crate) fn with_warnings(mut self, warnings: &[String]) -> Self {
        self.warnings.splice(0..0, warnings.iter().cloned());
        self
    }

    /// Returns the failure with `causes` in its details.
    #[must_use]
    pub fn with_causes(mut self, causes: Value) -> Self {
        self.details
            .get_or_insert_with(Value::object)
            .set_at(&["causes"], causes);
        self
    }

    /// Returns the `Status` object.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = Object::new();
        status.insert("kind", "Status");
        status.insert("apiVersion", "v1");
        status.insert("metadata", Value::object());
        status.insert("status", "Failure");
        status.insert("message", self.message.as_str());
        if !self.reason.is_empty() {
            status.insert("reason", self.reason);
        }
        if let Some(details) = &self.details {
            status.insert("details", details.clone());
        }
        status.insert("code", i64::from(self.code));
        status.into()
    }
}

/// Returns the `details` that name an object.
#[must_use]
pub fn names(kind: &Kind, name: &str, kind_name: &str) -> Value {
    let mut details = Object::new();
    if !name.is_empty() {
        details.insert("name", name);
    }
    if !kind.group.is_empty() {
        details.insert("group", kind.group.as_str());
    }
    details.insert("kind", kind_name);
    details.into()
}
