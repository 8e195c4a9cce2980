//! How cells are written.

use value::Value;
use value::selector::{LabelSelector, Operator, Requirement};

/// Writes seconds as Kubernetes writes an age.
pub(super) fn human_duration(seconds: i64) -> String {
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let pair = |a: i64, unit: &str, b: i64, small: &str| {
        if b == 0 {
            format!("{a}{unit}")
        } else {
            format!("{a}{unit}{b}{small}")
        }
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => pair(days, "d", hours % 24, "h"),
        () if days < 730 => format!("{days}d"),
        () if days < 8 * 365 => pair(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

/// Writes labels as `a=b,c=d`.
pub(super) fn labels(labels: Option<&Value>) -> String {
    let pairs: Vec<String> = labels
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{}={}", k.as_str(), v.as_str().unwrap_or_default()))
        .collect();
    or_none(pairs.join(","))
}

/// Writes a selector with `matchLabels` and `matchExpressions`.
pub(super) fn selector(selector: Option<&Value>) -> String {
    let Some(selector) = selector else {
        return "<none>".to_owned();
    };
    match parse(selector) {
        Some(selector) => or_none(selector.to_string()),
        None => "<error>".to_owned(),
    }
}

fn parse(selector: &Value) -> Option<LabelSelector> {
    let mut requirements = Vec::new();
    for (key, value) in selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let values = vec![value.as_str().unwrap_or_default().to_owned()];
        requirements.push(Requirement::new(key.as_str(), Operator::Equals, values).ok()?);
    }
    let mut expressions = selector.clone();
    expressions.remove_at(&["matchLabels"]);
    let expressions = LabelSelector::from_value(&expressions).ok()?;
    requirements.extend(expressions.requirements().iter().cloned());
    Some(LabelSelector::new(requirements))
}

/// Writes the first few of `items`, and how many more there are.
pub(super) fn first_few<T: AsRef<str>>(items: &[T], max: usize, separator: &str) -> String {
    let shown: Vec<&str> = items.iter().take(max).map(AsRef::as_ref).collect();
    let shown = shown.join(separator);
    match items.len().checked_sub(max) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} + {more} more..."),
    }
}

/// Joins the strings at `name` of each item.
pub(super) fn names(items: &[Value], name: &str, separator: &str) -> String {
    let names: Vec<&str> = items.iter().map(|i| i.str_at(&[name])).collect();
    names.join(separator)
}

/// Joins strings.
pub(super) fn strings(items: &[Value], separator: &str) -> String {
    let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    items.join(separator)
}

/// Returns `<none>` for an empty text.
pub(super) fn or_none(text: String) -> String {
    if text.is_empty() {
        "<none>".to_owned()
    } else {
        text
    }
}
