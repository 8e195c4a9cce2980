//! `values.schema.json`: JSON Schema, with the messages of Helm's validator.
//!
//! Nothing is fetched: a reference to another document is an error, one to a `urn:` allows
//! everything. `format` is not checked.

mod check;
mod meta;

use crate::chart::Chart;
use check::Checker;
use value::{Object, Value};

/// Checks the values of a chart, and of the charts in it, against their schemas.
///
/// # Errors
/// Fails with Helm's text.
pub fn validate(chart: &Chart, values: &Value) -> Result<(), String> {
    let empty = Object::new();
    let problems = problems(chart, values.as_object().unwrap_or(&empty));
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{problems}"
    ))
}

fn problems(chart: &Chart, values: &Object) -> String {
    let mut text = String::new();
    if let Some(schema) = &chart.schema
        && let Err(problem) = one(schema, values)
    {
        text.push_str(chart.name());
        text.push_str(":\n");
        text.push_str(&problem);
    }
    for inner in &chart.dependencies {
        match values.get(inner.name()) {
            None | Some(Value::Null) => {}
            Some(Value::Object(values)) => text.push_str(&problems(inner, values)),
            Some(other) => {
                let name = inner.name();
                let got = match other {
                    Value::Bool(_) => "bool",
                    Value::String(_) => "string",
                    Value::Array(_) => "[]interface {}",
                    Value::Int(_) => "int64",
                    _ => "float64",
                };
                text.push_str(&format!(
                    "{name}:\ninvalid type for values: expected object (map), got {got}\n"
                ));
            }
        }
    }
    text
}

fn one(schema: &[u8], values: &Object) -> Result<(), String> {
    let is_blank = |text: &[u8]| text.iter().all(u8::is_ascii_whitespace);
    if is_blank(schema) {
        return Err("EOF".to_owned());
    }
    let schema = Value::parse(schema).map_err(|e| e.to_string())?;
    usable(&schema)?;
    let values = Value::Object(values.clone());
    let mut checker = Checker::new(&schema);
    let problem = checker.check(&schema, &values, &mut Vec::new());
    if let Some(failure) = checker.failure {
        return Err(failure);
    }
    match problem {
        None => Ok(()),
        Some(problem) => Err(listed(&problem)),
    }
}

/// Returns what is wrong, one line for each.
fn listed(problem: &Problem) -> String {
    let mut text = String::new();
    if problem.is_group {
        problem
            .causes
            .iter()
            .for_each(|cause| cause.display(&mut text, 1));
    } else {
        problem.display(&mut text, 1);
    }
    // Every line begins with its break; the first one has none.
    format!("{}\n", text.trim_start_matches('\n'))
}

/// Refuses what can't be a schema, and drafts that would have to be fetched.
fn usable(schema: &Value) -> Result<(), String> {
    let got = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(members) => {
            return match members.get("$schema").and_then(Value::as_str) {
                Some(draft) if !draft.contains(':') => Err(format!(
                    "failing loading {draft:?}: no URLLoader registered for {draft:?}"
                )),
                _ => well_formed(schema),
            };
        }
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Null => "null",
        _ => "number",
    };
    Err(format!(
        "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed \
         with 'https://json-schema.org/draft/2020-12/schema#'\n- at '': got {got}, want boolean or object"
    ))
}

/// Checks a schema by the schema for schemas of its draft.
fn well_formed(schema: &Value) -> Result<(), String> {
    let (meta, url) = meta::of(schema);
    let mut checker = Checker::of_schema(&meta);
    let problem = checker.check(&meta, schema, &mut Vec::new());
    if let Some(failure) = checker.failure {
        return Err(failure);
    }
    match problem {
        None => Ok(()),
        Some(problem) => Err(format!(
            "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation \
             failed with '{url}'\n{}",
            listed(&problem)
        )),
    }
}

/// Something that a schema doesn't allow.
struct Problem {
    at: String,
    message: String,
    causes: Vec<Problem>,
    /// Only holds several others.
    is_group: bool,
}

impl Problem {
    fn new(at: &[String], message: impl Into<String>) -> Self {
        let at = at.iter().map(|part| {
            let part = part.replace('~', "~0").replace('/', "~1");
            format!("/{part}")
        });
        Self {
            at: at.collect(),
            message: message.into(),
            causes: Vec::new(),
            is_group: false,
        }
    }

    /// Returns one problem for all, if there is any.
    fn group(at: &[String], mut problems: Vec<Self>) -> Option<Self> {
        if problems.len() < 2 {
            return problems.pop();
        }
        Some(Self {
            causes: problems,
            is_group: true,
            ..Self::new(at, "validation failed")
        })
    }

    fn display(&self, out: &mut String, indent: usize) {
        out.push('\n');
        out.push_str(&"  ".repeat(indent - 1));
        out.push_str(&format!("- at {}: {}", quote(&self.at), self.message));
        self.causes
            .iter()
            .for_each(|cause| cause.display(out, indent + 1));
    }
}

/// Quotes text as the messages do.
fn quote(text: &str) -> String {
    let quoted = format!("{text:?}")
        .replace("\\\"", "\"")
        .replace('\'', "\\'");
    format!("'{}'", &quoted[1..quoted.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(schema: &str) -> String {
        let schema = Value::parse(schema.as_bytes()).expect("it is JSON");
        usable(&schema).err().unwrap_or_default()
    }

    #[test]
    fn a_schema_must_be_one() {
        const START: &str = "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed with 'https://json-schema.org/draft/2020-12/schema#'\n";
        let lines = |schema: &str| wrong(schema).trim_start_matches(START).to_owned();
        assert_eq!(
            lines(r#"{"properties": {"a": {"type": 5}}}"#),
            "- at '': 'allOf' failed\n  - at '/properties/a': 'allOf' failed\n    - at '/properties/a/type': 'anyOf' failed\n      - at '/properties/a/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\n      - at '/properties/a/type': got number, want array\n"
        );
        assert_eq!(
            lines(r#"{"additionalProperties": 3}"#),
            "- at '': 'allOf' failed\n  - at '/additionalProperties': got number, want boolean or object\n"
        );
        assert_eq!(
            lines(r#"{"patternProperties": {"(": {}}}"#),
            "- at '': 'allOf' failed\n  - at '': invalid propertyName '('\n    - at '': '(' is not valid regex: error parsing regexp: missing closing ): `(`\n"
        );
        assert_eq!(
            lines(r#"{"definitions": {"x": {"type": "bad"}}}"#),
            "- at '/definitions/x': 'allOf' failed\n  - at '/definitions/x/type': 'anyOf' failed\n    - at '/definitions/x/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\n    - at '/definitions/x/type': got string, want array\n"
        );
        assert_eq!(
            lines(r#"{"format": 5, "examples": {}}"#),
            "- at '': 'allOf' failed\n  - at '/examples': got object, want array\n  - at '/format': got number, want string\n"
        );
    }

    #[test]
    fn older_drafts_have_their_own_rules() {
        let seven = r#""$schema": "http://json-schema.org/draft-07/schema#""#;
        assert!(
            wrong(&format!("{{{seven}, \"minLength\": -1}}"))
                .ends_with("draft-07/schema#'\n- at '/minLength': 'allOf' failed\n  - at '/minLength': minimum: got -1, want 0\n")
        );
        let four = r#""$schema": "http://json-schema.org/draft-04/schema#""#;
        assert!(
            wrong(&format!("{{{four}, \"exclusiveMinimum\": 5, \"required\": []}}"))
                .ends_with("- at '': properties 'minimum' required, if 'exclusiveMinimum' exists\n- at '/exclusiveMinimum': got number, want boolean\n- at '/required': minItems: got 0, want 1\n")
        );
        for fine in [
            r#"{"items": {}, "x-own": {"type": "bad"}, "enum": [], "default": {"type": 1}}"#
                .to_owned(),
            format!(
                "{{{seven}, \"items\": [{{}}], \"dependencies\": {{\"a\": [\"b\"]}}, \"if\": {{}}}}"
            ),
            format!("{{{four}, \"additionalItems\": false, \"items\": [{{}}]}}"),
        ] {
            assert_eq!(wrong(&fine), "", "{fine}");
        }
    }
}
