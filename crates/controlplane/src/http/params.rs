//! The query of a request.

use crate::failure::{Failure, Result};
use crate::registry::{FieldValidation, ListOptions, Match, WriteOptions};

/// The parameters in the order given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|p| !p.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                super::path::decode_query(name),
                super::path::decode_query(value),
            )
        });
        Self(pairs.collect())
    }

    /// Returns a parameter's first value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Returns a parameter's first value, empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Returns all values of a parameter.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .collect()
    }

    /// Reads a flag: given at all, and neither `false` nor `0`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|v| !matches!(v.to_lowercase().as_str(), "false" | "0"))
    }

    /// Reads a whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                let quoted = crate::failure::go_quote(text);
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let why = if number {
                    "value out of range"
                } else {
                    "invalid syntax"
                };
                Failure::bad_request(format!("strconv.ParseInt: parsing {quoted}: {why}"))
            }),
        }
    }

    /// Reads what selects objects of a list or watch.
    pub(super) fn list(&self) -> Result<ListOptions> {
        let limit = self.number("limit")?.unwrap_or(0);
        let labels = self.text("labelSelector").parse();
        let fields = self.text("fieldSelector").parse();
        Ok(ListOptions {
            labels: labels.map_err(bad_selector)?,
            fields: fields.map_err(bad_selector)?,
            limit: usize::try_from(limit).unwrap_or(0),
            continue_token: self.text("continue").to_owned(),
            resource_version: self.text("resourceVersion").to_owned(),
            resource_version_match: match self.text("resourceVersionMatch") {
                "NotOlderThan" => Some(Match::NotOlderThan),
                "Exact" => Some(Match::Exact),
                _ => None,
            },
        })
    }

    /// Reads how to write.
    pub(super) fn write(&self, options: &'static str) -> Result<WriteOptions> {
        use crate::failure::FieldError;
        let mut errors = Vec::new();
        let invalid =
            |errors: Vec<FieldError>| Failure::invalid_named("meta.k8s.io", options, "", &errors);
        let manager = self.text("fieldManager");
        if manager.len() > 128 {
            errors.push(FieldError::too_long("fieldManager", 128));
        }
        let unprintable = manager.char_indices().find(|(_, c)| c.is_control());
        if let Some((at, c)) = unprintable {
            let why = format!(
                "invalid character U+{:04X} (at position {at})",
                u32::from(c)
            );
            errors.push(FieldError::invalid("fieldManager", manager, &why));
        }
        let dry_run = self.all("dryRun");
        if dry_run.iter().any(|v| *v != "All") {
            let values: value::Value = dry_run.iter().copied().collect();
            errors.push(FieldError::not_supported("dryRun", values, &["All"]));
        }
        let validation = match self.text("fieldValidation") {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let allowed = ["", "Ignore", "Strict", "Warn"];
                errors.push(FieldError::not_supported(
                    "fieldValidation",
                    other,
                    &allowed,
                ));
                FieldValidation::Warn
            }
        };
        if options == "PatchOptions" && self.get("force").is_some() {
            // Only apply knows it; the caller says so.
        }
        if !errors.is_empty() {
            return Err(invalid(errors));
        }
        Ok(WriteOptions {
            manager: manager.to_owned(),
            dry_run: !dry_run.is_empty(),
            force: self.flag("force"),
            field_validation: validation,
            ..WriteOptions::default()
        })
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn bad_selector(error: value::selector::SelectorError) -> Failure {
    Failure::bad_request(error.to_string())
}
