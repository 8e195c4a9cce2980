//! The part of kubectl's JSONPath that scripts use: `{.a.b[0].c}`, `{.items[*].metadata.name}`,
//! `{["a.b"]}` and text between the braces.

use value::Value;

/// Returns what a template gives; several results are joined by spaces.
pub(crate) fn evaluate(template: &str, value: &Value) -> Result<String, String> {
    let template = if template.contains('{') {
        template.to_owned()
    } else {
        format!("{{{template}}}")
    };
    let mut out = String::new();
    let mut rest = template.as_str();
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let close = rest[open..].find('}').ok_or("a brace is not closed")? + open;
        out.push_str(&expression(&rest[open + 1..close], value)?);
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn expression(text: &str, value: &Value) -> Result<String, String> {
    let text = text.trim();
    // `{"\n"}` is a literal.
    if let Some(literal) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        return Ok(literal.replace("\\n", "\n").replace("\\t", "\t"));
    }
    let mut found = vec![value];
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let close = tail.find(']').ok_or("a bracket is not closed")?;
            found = subscript(&tail[..close], &found)?;
            rest = &tail[close + 1..];
        } else {
            let tail = rest.strip_prefix('.').unwrap_or(rest);
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let name = &tail[..end];
            rest = &tail[end..];
            if !name.is_empty() {
                found = member(name, &found);
            }
        }
    }
    let texts: Vec<String> = found
        .into_iter()
        .map(|v| v.as_str().map_or_else(|| v.to_json(), str::to_owned))
        .collect();
    Ok(texts.join(" "))
}

fn member<'a>(name: &str, found: &[&'a Value]) -> Vec<&'a Value> {
    found.iter().filter_map(|v| v.get(name)).collect()
}

fn subscript<'a>(text: &str, found: &[&'a Value]) -> Result<Vec<&'a Value>, String> {
    if text == "*" {
        return Ok(found
            .iter()
            .flat_map(|v| v.as_array().unwrap_or(&[]))
            .collect());
    }
    let quoted = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    if let Some(name) = quoted('"').or_else(|| quoted('\'')) {
        return Ok(member(name, found));
    }
    let index: i64 = text
        .parse()
        .map_err(|_| format!("{text:?} is not an index"))?;
    let at = |v: &&'a Value| {
        let items = v.as_array()?;
        let len = i64::try_from(items.len()).ok()?;
        let index = if index < 0 { len + index } else { index };
        items.get(usize::try_from(index).ok()?)
    };
    Ok(found.iter().filter_map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::evaluate;
    use value::json;

    #[test]
    fn paths_are_kubectls() {
        let v = json!({"a": {"b.c": 1}, "items": [{"n": "x"}, {"n": "y"}]});
        for (path, want) in [
            ("{.items[*].n}", "x y"),
            ("{.items[0].n}", "x"),
            ("{.items[-1].n}", "y"),
            (".items[1].n", "y"),
            ("{.a['b.c']}", "1"),
            ("n={.items[0].n}{\"\\n\"}", "n=x\n"),
            ("{.none}", ""),
        ] {
            assert_eq!(evaluate(path, &v).unwrap(), want, "{path}");
        }
        assert!(evaluate("{.a", &v).is_err());
        assert!(evaluate("{.a[x]}", &v).is_err());
    }
}
