//! Field selectors: `metadata.name=web,status.phase!=Running`.

use super::SelectorError;
use std::fmt;

/// One condition on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field's name, as `metadata.name`.
    pub field: String,
    /// Its value.
    pub value: String,
    /// True for `!=`.
    pub negated: bool,
}

/// A field selector: all of its requirements must hold. The default selects everything.
///
/// ```
/// use value::selector::FieldSelector;
/// let selector: FieldSelector = "metadata.name=web,status.phase!=Failed".parse().unwrap();
/// assert!(selector.matches_with(|field| if field == "metadata.name" { "web" } else { "Running" }));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// The requirements in the order written.
    pub requirements: Vec<FieldRequirement>,
}

impl FieldSelector {
    /// Returns true if fields, looked up by name (absent is empty), match.
    pub fn matches_with<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.requirements
            .iter()
            .all(|r| (field(&r.field) == r.value) != r.negated)
    }

    /// Returns the value that a field must have, if the selector says one.
    #[must_use]
    pub fn required(&self, field: &str) -> Option<&str> {
        self.requirements
            .iter()
            .find(|r| r.field == field && !r.negated)
            .map(|r| r.value.as_str())
    }
}

impl std::str::FromStr for FieldSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        for term in terms(text) {
            if term.is_empty() {
                continue;
            }
            let Some((field, negated, value)) = split(term) else {
                return Err(SelectorError(format!(
                    "invalid selector: '{text}'; can't understand '{term}'"
                )));
            };
            requirements.push(FieldRequirement {
                field: field.to_owned(),
                value: unescape(value)?,
                negated,
            });
        }
        Ok(Self { requirements })
    }
}

/// Cuts at commas that no backslash escapes.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let cut = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        cut
    })
}

fn split(term: &str) -> Option<(&str, bool, &str)> {
    let at = term
        .char_indices()
        .map(|(i, _)| i)
        .find(|i| term[*i..].starts_with('=') || term[*i..].starts_with("!="))?;
    let (field, rest) = term.split_at(at);
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, true, value));
    }
    let value = rest.strip_prefix("==").unwrap_or(&rest[1..]);
    Some((field, false, value))
}

fn unescape(value: &str) -> Result<String, SelectorError> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(SelectorError(format!(
                        "invalid field selector: invalid escape sequence: {sequence}"
                    )));
                }
            },
            ',' | '=' => {
                return Err(SelectorError(format!(
                    "invalid field selector: unescaped character in value: {c}"
                )));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.requirements.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let operator = if r.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{operator}", r.field)?;
            for c in r.value.chars() {
                if matches!(c, '\\' | ',' | '=') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::FieldSelector;

    #[test]
    fn field_selectors_are_read_and_written() {
        for (text, want) in [
            ("", ""),
            ("a=b", "a=b"),
            ("a==b,c!=d", "a=b,c!=d"),
            (r"a=b\,c\=d", r"a=b\,c\=d"),
            ("a=", "a="),
            ("a=b,", "a=b"),
        ] {
            let got: FieldSelector = text.parse().expect(text);
            assert_eq!(got.to_string(), want);
        }
        for (text, want) in [
            (
                "metadata.name",
                "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
            ),
            (
                "metadata.name>x",
                "invalid selector: 'metadata.name>x'; can't understand 'metadata.name>x'",
            ),
            (
                r"a=b\x",
                r"invalid field selector: invalid escape sequence: \x",
            ),
            (
                "a=b=c",
                "invalid field selector: unescaped character in value: =",
            ),
        ] {
            let error = text.parse::<FieldSelector>().expect_err(text);
            assert_eq!(error.to_string(), want);
        }
    }
}
