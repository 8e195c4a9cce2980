//! One keyword after the other.

use super::{Problem, quote};
use gotemplate::regexp::Regexp;
use value::{Object, Value};

/// Schemas inside schemas, references included.
const DEPTH_MAX: usize = 200;
/// Schemas that are looked at for one chart.
const STEPS_MAX: usize = 2_000_000;

pub(super) struct Checker<'s> {
    root: &'s Value,
    depth: usize,
    steps: usize,
    /// It is a schema that is checked: patterns must be regular expressions.
    is_meta: bool,
    /// Why the schema itself can't be used.
    pub(super) failure: Option<String>,
}

type Path = Vec<String>;

/// The types in the order in which messages name them.
const TYPES: [&str; 7] = [
    "null", "boolean", "number", "integer", "string", "array", "object",
];

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_type(value: &Value, name: &str) -> bool {
    name == type_of(value)
        || (name == "integer" && value.as_f64().is_some_and(|f| f.fract() == 0.0))
}

/// A value in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => quote(s),
        Value::Object(_) | Value::Array(_) => "value".to_owned(),
        Value::Null => "<nil>".to_owned(),
        other => number(other.as_f64()).unwrap_or_else(|| other.to_json()),
    }
}

/// A number in a message, with commas.
fn number(f: Option<f64>) -> Option<String> {
    let f = f?;
    let text = value::format_float(f);
    let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |d| ("-", d));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text);
    }
    let mut out = String::from(sign);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    Some(out)
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|n| quote(n)).collect();
    names.join(", ")
}

fn count(schema: &Object, keyword: &str) -> Option<usize> {
    let n = schema.get(keyword)?.as_f64()?;
    (n >= 0.0).then_some(n as usize)
}

impl<'s> Checker<'s> {
    pub(super) const fn new(root: &'s Value) -> Self {
        Self {
            root,
            depth: 0,
            steps: 0,
            is_meta: false,
            failure: None,
        }
    }

    /// Returns one that checks a schema.
    pub(super) fn of_schema(root: &'s Value) -> Self {
        Self {
            is_meta: true,
            ..Self::new(root)
        }
    }

    /// Returns what is wrong with a value.
    pub(super) fn check(
        &mut self,
        schema: &'s Value,
        value: &Value,
        at: &mut Path,
    ) -> Option<Problem> {
        self.steps += 1;
        if self.depth >= DEPTH_MAX || self.steps > STEPS_MAX {
            self.failure
                .get_or_insert_with(|| "the schema is too deep".to_owned());
            return None;
        }
        self.depth += 1;
        let problem = match schema {
            Value::Bool(false) => Some(Problem::new(at, "false schema")),
            Value::Object(schema) => self.keywords(schema, value, at),
            _ => None,
        };
        self.depth -= 1;
        problem
    }

    fn keywords(&mut self, schema: &'s Object, value: &Value, at: &mut Path) -> Option<Problem> {
        let mut problems = Vec::new();
        self.reference(schema, value, at, &mut problems);
        if let Some(types) = schema.get("type") {
            let wanted: Vec<&str> = match types {
                Value::String(one) => vec![one],
                Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            if !wanted.is_empty() && !wanted.iter().any(|t| is_type(value, t)) {
                let got = type_of(value);
                // They are named in an order of their own.
                let mut wanted = wanted;
                wanted.sort_by_key(|name| TYPES.iter().position(|t| t == name));
                let wanted = wanted.join(" or ");
                // Nothing else says more about a value of the wrong type.
                return Some(Problem::new(at, format!("got {got}, want {wanted}")));
            }
        }
        if let Some(wanted) = schema.get("const")
            && !wanted.equivalent(value)
        {
            let message = match wanted {
                Value::Object(_) | Value::Array(_) => "'const' failed".to_owned(),
                wanted => format!("value must be {}", shown(wanted)),
            };
            problems.push(Problem::new(at, message));
        }
        if let Some(Value::Array(allowed)) = schema.get("enum")
            && !allowed.iter().any(|a| a.equivalent(value))
        {
            let plain = allowed
                .iter()
                .all(|a| !matches!(a, Value::Object(_) | Value::Array(_)));
            let texts: Vec<String> = allowed.iter().map(shown).collect();
            let message = match &texts[..] {
                [one] if plain => format!("value must be {one}"),
                all if plain => format!("value must be one of {}", all.join(", ")),
                _ => "'enum' failed".to_owned(),
            };
            problems.push(Problem::new(at, message));
        }
        match value {
            Value::Object(members) => self.object(schema, members, at, &mut problems),
            Value::Array(items) => self.array(schema, items, at, &mut problems),
            Value::String(text) => self.string(schema, text, at, &mut problems),
            _ => {}
        }
        if let Some(n) = value.as_f64() {
            numbers(schema, n, at, &mut problems);
        }
        self.combined(schema, value, at, &mut problems);
        Problem::group(at, problems)
    }

    fn reference(
        &mut self,
        schema: &'s Object,
        value: &Value,
        at: &mut Path,
        problems: &mut Vec<Problem>,
    ) {
        let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
            return;
        };
        if target.starts_with("urn:") {
            return;
        }
        match self.resolve(target) {
            Some(found) => problems.extend(self.check(found, value, at)),
            None => {
                self.failure
                    .get_or_insert_with(|| format!("the reference {target:?} can't be followed"));
            }
        }
    }

    fn resolve(&self, target: &str) -> Option<&'s Value> {
        let fragment = target.strip_prefix('#')?;
        if fragment.is_empty() {
            return Some(self.root);
        }
        if let Some(pointer) = fragment.strip_prefix('/') {
            let pointer = pointer.replace("%25", "%").replace("%20", " ");
            return self.root.pointer(&format!("/{pointer}"));
        }
        anchor(self.root, fragment, 0)
    }

    fn object(
        &mut self,
        schema: &'s Object,
        members: &Object,
        at: &mut Path,
        problems: &mut Vec<Problem>,
    ) {
        for (keyword, too_few) in [("minProperties", true), ("maxProperties", false)] {
            if let Some(want) = count(schema, keyword) {
                let got = members.len();
                if (too_few && got < want) || (!too_few && got > want) {
                    problems.push(Problem::new(
                        at,
                        format!("{keyword}: got {got}, want {want}"),
                    ));
                }
            }
        }
        if let Some(Value::Array(required)) = schema.get("required") {
            let missing: Vec<String> = required
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| !members.contains_key(name))
                .map(str::to_owned)
                .collect();
            match &missing[..] {
                [] => {}
                [one] => {
                    problems.push(Problem::new(at, format!("missing property {}", quote(one))));
                }
                all => {
                    problems.push(Problem::new(
                        at,
                        format!("missing properties {}", quoted(all)),
                    ));
                }
            }
        }
        self.dependent(schema, members, at, problems);
        let mut unknown = Vec::new();
        for (name, value) in members {
            let mut known = false;
            at.push(name.to_string());
            if let Some(inner) = schema.get("properties").and_then(|p| p.get(name)) {
                known = true;
                problems.extend(self.check(inner, value, at));
            }
            if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
                for (pattern, inner) in patterns {
                    if self.matches(pattern, name) {
                        known = true;
                        problems.extend(self.check(inner, value, at));
                    }
                }
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) if !known => unknown.push(name.to_string()),
                Some(inner) if !known => problems.extend(self.check(inner, value, at)),
                _ => {}
            }
            at.pop();
            if let Some(inner) = schema.get("propertyNames")
                && let Some(problem) =
                    self.check(inner, &Value::from(name.as_str()), &mut Vec::new())
            {
                // A name is nowhere.
                let mut outer = Problem::new(&[], format!("invalid propertyName {}", quote(name)));
                outer.causes.push(problem);
                problems.push(outer);
            }
        }
        if !unknown.is_empty() {
            let names = quoted(&unknown);
            let message = format!("additional properties {names} not allowed");
            problems.push(Problem::new(at, message));
        }
    }

    fn dependent(
        &mut self,
        schema: &'s Object,
        members: &Object,
        at: &mut Path,
        problems: &mut Vec<Problem>,
    ) {
        for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
            let Some(Value::Object(rules)) = schema.get(keyword) else {
                continue;
            };
            for (name, rule) in rules {
                if !members.contains_key(name) {
                    continue;
                }
                if let Value::Array(required) = rule {
                    let missing: Vec<String> = required
                        .iter()
                        .filter_map(Value::as_str)
                        .filter(|other| !members.contains_key(other))
                        .map(str::to_owned)
                        .collect();
                    if !missing.is_empty() {
                        let (missing, name) = (quoted(&missing), quote(name));
                        let message = format!("properties {missing} required, if {name} exists");
                        problems.push(Problem::new(at, message));
                    }
                } else {
                    let value = Value::Object(members.clone());
                    problems.extend(self.check(rule, &value, at));
                }
            }
        }
    }

    fn array(
        &mut self,
        schema: &'s Object,
        items: &[Value],
        at: &mut Path,
        problems: &mut Vec<Problem>,
    ) {
        let got = items.len();
        if let Some(want) = count(schema, "minItems")
            && got < want
        {
            problems.push(Problem::new(
                at,
                format!("minItems: got {got}, want {want}"),
            ));
        }
        if let Some(want) = count(schema, "maxItems")
            && got > want
        {
            problems.push(Problem::new(
                at,
                format!("maxItems: got {got}, want {want}"),
            ));
        }
        if schema.get("uniqueItems").and_then(Value::as_bool) == Some(true) {
            let same = items.iter().enumerate().find_map(|(j, b)| {
                let i = items[..j].iter().position(|a| a.equivalent(b))?;
                Some((i, j))
            });
            self.steps += got.saturating_mul(got) / 64;
            if let Some((i, j)) = same {
                problems.push(Problem::new(at, format!("items at {i} and {j} are equal")));
            }
        }
        let (first, rest) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(first)), rest) => (&first[..], rest),
            (_, Some(Value::Array(first))) => (&first[..], schema.get("additionalItems")),
            (_, rest) => (&[][..], rest),
        };
        for (i, item) in items.iter().enumerate() {
            if let Some(inner) = first.get(i).or(rest) {
                at.push(i.to_string());
                problems.extend(self.check(inner, item, at));
                at.pop();
            }
        }
        if let Some(inner) = schema.get("contains") {
            let found = items
                .iter()
                .filter(|item| self.check(inner, item, at).is_none())
                .count();
            if found == 0 && count(schema, "minContains") != Some(0) {
                problems.push(Problem::new(at, "no items match contains schema"));
            }
        }
    }

    fn matches(&mut self, pattern: &str, text: &str) -> bool {
        self.steps += 1 + text.len() / 64;
        match Regexp::new(pattern.as_bytes()) {
            Ok(regex) => regex.is_match(text.as_bytes()),
            Err(e) => {
                self.failure.get_or_insert(e);
                true
            }
        }
    }

    fn string(
        &mut self,
        schema: &'s Object,
        text: &str,
        at: &mut Path,
        problems: &mut Vec<Problem>,
    ) {
        let got = text.chars().count();
        if let Some(want) = count(schema, "minLength")
            && got < want
        {
            problems.push(Problem::new(
                at,
                format!("minLength: got {got}, want {want}"),
            ));
        }
        if let Some(want) = count(schema, "maxLength")
            && got > want
        {
            problems.push(Problem::new(
                at,
                format!("maxLength: got {got}, want {want}"),
            ));
        }
        if self.is_meta
            && schema.get("format").and_then(Value::as_str) == Some("regex")
            && let Err(error) = Regexp::new(text.as_bytes())
        {
            let text = quote(text);
            problems.push(Problem::new(
                at,
                format!("{text} is not valid regex: {error}"),
            ));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && !self.matches(pattern, text)
        {
            let (text, pattern) = (quote(text), quote(pattern));
            problems.push(Problem::new(
                at,
                format!("{text} does not match pattern {pattern}"),
            ));
        }
    }

    fn combined(
        &mut self,
        schema: &'s Object,
        value: &Value,
        at: &mut Path,
        problems: &mut Vec<Problem>,
    ) {
        let mut wrap = |message: &str, causes: Vec<Problem>, at: &Path| {
            let mut problem = Problem::new(at, message);
            problem.causes = causes;
            problems.push(problem);
        };
        if let Some(inner) = schema.get("not")
            && self.check(inner, value, at).is_none()
        {
            wrap("'not' failed", Vec::new(), at);
        }
        if let Some(Value::Array(all)) = schema.get("allOf") {
            let causes: Vec<Problem> = all
                .iter()
                .filter_map(|inner| self.check(inner, value, at))
                .collect();
            if !causes.is_empty() {
                wrap("'allOf' failed", causes, at);
            }
        }
        if let Some(Value::Array(any)) = schema.get("anyOf") {
            let causes: Vec<Problem> = any
                .iter()
                .filter_map(|inner| self.check(inner, value, at))
                .collect();
            if causes.len() == any.len() {
                wrap("'anyOf' failed", causes, at);
            }
        }
        if let Some(Value::Array(one)) = schema.get("oneOf") {
            let results: Vec<Option<Problem>> = one
                .iter()
                .map(|inner| self.check(inner, value, at))
                .collect();
            let good: Vec<usize> = results
                .iter()
                .enumerate()
                .filter(|(_, r)| r.is_none())
                .map(|(i, _)| i)
                .collect();
            match good[..] {
                [_] => {}
                [] => {
                    let causes = results.into_iter().flatten().collect();
                    wrap("'oneOf' failed, none matched", causes, at);
                }
                [a, b, ..] => {
                    wrap(
                        &format!("'oneOf' failed, subschemas {a}, {b} matched"),
                        Vec::new(),
                        at,
                    );
                }
            }
        }
        if let Some(condition) = schema.get("if") {
            let keyword = if self.check(condition, value, at).is_none() {
                "then"
            } else {
                "else"
            };
            if let Some(inner) = schema.get(keyword) {
                let problem = self.check(inner, value, at);
                problems.extend(problem);
            }
        }
    }
}

fn numbers(schema: &Object, got: f64, at: &Path, problems: &mut Vec<Problem>) {
    type Allows = fn(f64, f64) -> bool;
    let rules: [(&str, Allows); 4] = [
        ("minimum", |got, want| got >= want),
        ("maximum", |got, want| got <= want),
        ("exclusiveMinimum", |got, want| got > want),
        ("exclusiveMaximum", |got, want| got < want),
    ];
    let shown = |f: f64| number(Some(f)).unwrap_or_default();
    for (keyword, allows) in rules {
        // In the fourth draft, a flag beside the bound says that the bound itself is left out.
        let bound = match (keyword, schema.get(keyword)) {
            ("exclusiveMinimum", Some(Value::Bool(true))) => schema.get("minimum"),
            ("exclusiveMaximum", Some(Value::Bool(true))) => schema.get("maximum"),
            (_, bound) => bound,
        };
        if let Some(want) = bound.and_then(Value::as_f64)
            && !allows(got, want)
        {
            let (got, want) = (shown(got), shown(want));
            problems.push(Problem::new(
                at,
                format!("{keyword}: got {got}, want {want}"),
            ));
        }
    }
    if let Some(want) = schema.get("multipleOf").and_then(Value::as_f64)
        && want != 0.0
        && (got / want).fract() != 0.0
    {
        let (got, want) = (shown(got), shown(want));
        problems.push(Problem::new(
            at,
            format!("multipleOf: got {got}, want {want}"),
        ));
    }
}

/// Finds the schema of an anchor.
fn anchor<'s>(schema: &'s Value, name: &str, depth: usize) -> Option<&'s Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let is_it = schema.str_at(&["$anchor"]) == name
        || schema.str_at(&["$id"]).strip_prefix('#') == Some(name);
    if is_it {
        return Some(schema);
    }
    match schema {
        Value::Object(members) => members.values().find_map(|v| anchor(v, name, depth + 1)),
        Value::Array(items) => items.iter().find_map(|v| anchor(v, name, depth + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_commas() {
        assert_eq!(number(Some(1_234_567.5)).as_deref(), Some("1,234,567.5"));
        assert_eq!(number(Some(-999.0)).as_deref(), Some("-999"));
    }
}
