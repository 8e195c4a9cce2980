//! Versions, regular expressions and durations.

use crate::cases;
use gotemplate::regexp::Regexp;
use gotemplate::semver::{Constraint, Version};
use gotemplate::{format_duration, parse_duration};
use value::Value;

/// Runs the cases of a kind; `run` returns what came out, as JSON.
fn check(kind: &str, run: impl Fn(&Value) -> Result<Value, String>) {
    let Some(all) = cases::load("go/small.jsonl") else {
        return;
    };
    let all: Vec<_> = all.iter().filter(|c| c.str_at(&["kind"]) == kind).collect();
    let failures: Vec<String> = all
        .iter()
        .filter_map(|case| {
            let input = case.get("in").expect("input");
            let got = run(input);
            let want = match case.get("error").and_then(Value::as_str) {
                Some(error) => Err(error.to_owned()),
                None => Ok(case.get("want").cloned().unwrap_or_default()),
            };
            let same = match (&got, &want) {
                (Ok(got), Ok(want)) => got.equivalent(want),
                (Err(got), Err(want)) => got == want,
                _ => false,
            };
            let show = |r: &Result<Value, String>| match r {
                Ok(v) => v.to_json(),
                Err(e) => format!("error {e}"),
            };
            (!same).then(|| {
                format!(
                    "{}\ngot  {}\nwant {}",
                    input.to_json(),
                    show(&got),
                    show(&want)
                )
            })
        })
        .collect();
    cases::report(kind, all.len(), &failures);
}

#[test]
fn constraints_are_checked() {
    check("semver-check", |input| {
        let constraint = Constraint::parse(input.str_at(&["constraint"]))?;
        let version = Version::parse(input.str_at(&["version"]))?;
        Ok(constraint.check(&version).into())
    });
}

#[test]
fn versions_are_read() {
    check("semver-parse", |input| {
        let version = Version::parse(input.as_str().unwrap_or(""))?;
        Ok(value::json!({
            "metadata": version.metadata.as_str(),
            "original": version.original.as_str(),
            "prerelease": version.pre.as_str(),
            "string": version.to_string(),
        }))
    });
}

#[test]
fn versions_are_compared() {
    check("semver-compare", |input| {
        let at = |i: usize| input.as_array().and_then(|a| a[i].as_str()).unwrap_or("");
        let (a, b) = (Version::parse(at(0))?, Version::parse(at(1))?);
        let order = a.compare(&b);
        Ok(value::json!({"compare": order as i64, "equal": order.is_eq()}))
    });
}

#[test]
fn durations_are_read_and_written() {
    check("duration", |input| {
        let nanoseconds = parse_duration(input.as_str().unwrap_or("").as_bytes())?;
        let minute = 60_000_000_000_i64;
        let rest = nanoseconds % minute;
        let down = nanoseconds - rest;
        let rounded = if rest.unsigned_abs() * 2 < minute.unsigned_abs() {
            down
        } else {
            down.saturating_add(minute * nanoseconds.signum())
        };
        Ok(value::json!({
            "nanoseconds": nanoseconds.to_string(),
            "round_minute": format_duration(rounded),
            "seconds": nanoseconds as f64 / 1e9,
            "string": format_duration(nanoseconds),
        }))
    });
}

#[test]
fn regular_expressions_match() {
    check("regexp", |input| {
        let regex = Regexp::new(input.str_at(&["pattern"]).as_bytes())?;
        let results = input.array_at(&["inputs"]).iter().map(|text| {
            let text = text.as_str().unwrap_or("").as_bytes();
            let Some(groups) = regex.captures(text) else {
                return Value::Null;
            };
            let bounds = groups.iter().flat_map(|g| match g {
                Some((start, end)) => [Value::from(*start), Value::from(*end)],
                None => [Value::Int(-1), Value::Int(-1)],
            });
            Value::Array(bounds.collect())
        });
        Ok(Value::Array(results.collect()))
    });
}
