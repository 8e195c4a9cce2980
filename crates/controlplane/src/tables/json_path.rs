//! The JSONPath of printer columns: field names, indices, slices, wildcards and one comparison.

use value::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    /// From an index up to but without another; negative ones count from the end.
    Slice(Option<i64>, Option<i64>),
    Index(i64),
    All,
    /// Items whose member equals a literal.
    Where(Vec<Step>, Value),
}

/// A path into an object, like `.status.conditions[?(@.type=="Ready")].status`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonPath(Vec<Step>);

impl JsonPath {
    /// Reads a path; `None` if it isn't one that is understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        steps(text).map(Self)
    }

    /// Returns the first value that the path leads to.
    pub(super) fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        find(&self.0, value)
    }
}

fn steps(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = closing(inside)?;
            steps.push(bracket(&inside[..end])?);
            rest = &inside[end + 1..];
            continue;
        }
        let name = rest.strip_prefix('.').unwrap_or(rest);
        let (name, after) = field(name);
        rest = after;
        match name.as_str() {
            "" if rest.is_empty() || rest.starts_with('[') => {}
            "" => return None,
            "*" => steps.push(Step::All),
            _ => steps.push(Step::Field(name)),
        }
    }
    Some(steps)
}

/// Reads a name up to the next dot or bracket that isn't escaped.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '.' | '[' => return (name, &text[at..]),
            '\\' => name.extend(characters.next().map(|(_, c)| c)),
            c => name.push(c),
        }
    }
    (name, "")
}

/// Returns where a bracket ends that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Option<Step> {
    let text = text.trim();
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(condition) = text.strip_prefix("?(").and_then(|t| t.strip_suffix(')')) {
        let (left, right) = condition.split_once("==")?;
        let path = steps(left.trim().strip_prefix('@')?)?;
        return Some(Step::Where(path, literal(right.trim())?));
    }
    if let Some(name) = quoted(text) {
        return Some(Step::Field(name));
    }
    if let Some((from, to)) = text.split_once(':') {
        let bound = |text: &str| match text {
            "" => Some(None),
            number => number.parse().ok().map(Some),
        };
        return Some(Step::Slice(bound(from)?, bound(to)?));
    }
    text.parse().ok().map(Step::Index)
}

fn quoted(text: &str) -> Option<String> {
    let inside = ['\'', '"']
        .iter()
        .find_map(|q| text.strip_prefix(*q)?.strip_suffix(*q))?;
    Some(inside.replace('\\', ""))
}

fn literal(text: &str) -> Option<Value> {
    quoted(text)
        .map(Value::from)
        .or_else(|| Value::parse(text.as_bytes()).ok())
}

fn find<'a>(steps: &[Step], value: &'a Value) -> Option<&'a Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    let items = value.as_array().unwrap_or_default();
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let from_end = |i: i64| {
        if i < 0 {
            (length + i).max(0)
        } else {
            i.min(length)
        }
    };
    let at = |i: i64| usize::try_from(i).ok();
    match step {
        Step::Field(name) => find(rest, value.get(name)?),
        Step::Index(i) => {
            let i = if *i < 0 { length + i } else { *i };
            find(rest, items.get(at(i)?)?)
        }
        Step::Slice(from, to) => {
            let (from, to) = (from_end(from.unwrap_or(0)), from_end(to.unwrap_or(length)));
            items
                .get(at(from)?..at(to)?)?
                .iter()
                .find_map(|item| find(rest, item))
        }
        Step::All => match value {
            Value::Object(members) => members.values().find_map(|item| find(rest, item)),
            _ => items.iter().find_map(|item| find(rest, item)),
        },
        Step::Where(path, wanted) => items
            .iter()
            .filter(|item| find(path, item) == Some(wanted))
            .find_map(|item| find(rest, item)),
    }
}
