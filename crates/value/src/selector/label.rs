//! Label selectors: their meaning and their two spellings.

use super::{SelectorError, label_key_errors, label_value_errors, parse};
use crate::Value;
use std::fmt;

/// How a [`Requirement`] looks at the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `a=b`
    Equals,
    /// `a==b`, the same as `a=b`.
    DoubleEquals,
    /// `a!=b`; holds without the label.
    NotEquals,
    /// `a in (b,c)`
    In,
    /// `a notin (b,c)`; holds without the label.
    NotIn,
    /// `a`
    Exists,
    /// `!a`
    DoesNotExist,
    /// `a>1`
    GreaterThan,
    /// `a<1`
    LessThan,
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    /// Sorted, without duplicates.
    values: Vec<String>,
}

impl Requirement {
    /// Returns a checked requirement.
    ///
    /// # Errors
    /// Fails if key and values can't be those of a label, or their number doesn't fit the operator.
    pub fn new(
        key: impl Into<String>,
        operator: Operator,
        mut values: Vec<String>,
    ) -> Result<Self, SelectorError> {
        use Operator as O;
        let key = key.into();
        check_key(&key)?;
        values.sort_unstable();
        values.dedup();
        let problem = match (operator, values.len()) {
            (O::In | O::NotIn, 0) => "for 'in', 'notin' operators, values set can't be empty",
            (O::Equals | O::DoubleEquals | O::NotEquals, n) if n != 1 => {
                "exact-match compatibility requires one single value"
            }
            (O::Exists | O::DoesNotExist, n) if n != 0 => {
                "values set must be empty for exists and does not exist"
            }
            (O::GreaterThan | O::LessThan, n) if n != 1 => {
                "for 'Gt', 'Lt' operators, exactly one value is required"
            }
            _ => "",
        };
        if !problem.is_empty() {
            let values = Value::from(values);
            return Err(SelectorError(format!(
                "values: Invalid value: {values}: {problem}"
            )));
        }
        for (i, value) in values.iter().enumerate() {
            if matches!(operator, O::GreaterThan | O::LessThan) && value.parse::<i64>().is_err() {
                return Err(SelectorError(format!(
                    "values[{i}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                )));
            }
            let errors = label_value_errors(value);
            if !errors.is_empty() {
                return Err(SelectorError(format!(
                    "values[{i}][{key}]: Invalid value: \"{value}\": {}",
                    errors.join("; ")
                )));
            }
        }
        Ok(Self {
            key,
            operator,
            values,
        })
    }

    /// Returns the label's name.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns how the label is looked at.
    #[must_use]
    pub const fn operator(&self) -> Operator {
        self.operator
    }

    /// Returns the values, sorted.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Returns true if a label with this value, or its absence, meets the requirement.
    #[must_use]
    pub fn matches(&self, label: Option<&str>) -> bool {
        use Operator as O;
        let listed = |label: &str| self.values.iter().any(|v| v == label);
        let numbers = |label: &str| {
            let want = self.values.first()?.parse::<i64>().ok()?;
            Some((label.parse::<i64>().ok()?, want))
        };
        match (self.operator, label) {
            (O::In | O::Equals | O::DoubleEquals, Some(label)) => listed(label),
            (O::NotIn | O::NotEquals, Some(label)) => !listed(label),
            (O::NotIn | O::NotEquals | O::DoesNotExist, None) | (O::Exists, Some(_)) => true,
            (O::GreaterThan, Some(label)) => numbers(label).is_some_and(|(label, v)| label > v),
            (O::LessThan, Some(label)) => numbers(label).is_some_and(|(label, v)| label < v),
            _ => false,
        }
    }
}

pub(super) fn check_key(key: &str) -> Result<(), SelectorError> {
    let errors = label_key_errors(key);
    if errors.is_empty() {
        return Ok(());
    }
    // The reference prints the absent field path like this.
    Err(SelectorError(format!(
        "<nil>: Invalid value: \"{key}\": {}",
        errors.join("; ")
    )))
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, values, .. } = self;
        let values = values.join(",");
        match self.operator {
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
        }
    }
}

/// A label selector: all of its requirements must hold. The default has none and selects everything.
///
/// ```
/// use value::{json, selector::LabelSelector};
/// let selector: LabelSelector = "app=web,tier in (a,b),!canary".parse().unwrap();
/// assert!(selector.matches(&json!({"app": "web", "tier": "a"})));
/// assert!(!selector.matches(&json!({"app": "web"})));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

impl LabelSelector {
    /// Returns the selector that matches nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            requirements: Vec::new(),
            nothing: true,
        }
    }

    /// Returns a selector of these requirements, ordered by key.
    #[must_use]
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self {
            requirements,
            nothing: false,
        }
    }

    /// Reads the object form with `matchLabels` and `matchExpressions`. `null` selects nothing, an
    /// empty object everything.
    ///
    /// # Errors
    /// Fails at an operator that isn't `In`, `NotIn`, `Exists` or `DoesNotExist`, and at keys and
    /// values that no label can have.
    pub fn from_value(selector: &Value) -> Result<Self, SelectorError> {
        if selector.is_null() {
            return Ok(Self::nothing());
        }
        let mut requirements = Vec::new();
        if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
            for (key, value) in labels {
                let value = value.as_str().unwrap_or("").to_owned();
                requirements.push(Requirement::new(key.as_str(), Operator::In, vec![value])?);
            }
        }
        for expression in selector.array_at(&["matchExpressions"]) {
            let operator = match expression.str_at(&["operator"]) {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(SelectorError(format!(
                        "\"{other}\" is not a valid label selector operator"
                    )));
                }
            };
            let values = expression.array_at(&["values"]).iter();
            let values = values
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            requirements.push(Requirement::new(
                expression.str_at(&["key"]),
                operator,
                values,
            )?);
        }
        Ok(Self::new(requirements))
    }

    /// Returns the requirements, ordered by key.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Returns true if everything matches.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// Returns true if a `labels` object (or `null`: no labels) matches.
    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        self.matches_with(|key| labels.get(key).and_then(Value::as_str))
    }

    /// Returns true if labels, looked up by name, match.
    pub fn matches_with<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(label(&r.key)))
    }
}

impl std::str::FromStr for LabelSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Ok(Self::new(parse::requirements(text)?))
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}
