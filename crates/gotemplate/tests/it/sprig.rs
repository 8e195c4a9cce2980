//! Sprig's own tests.

use crate::cases;
use gotemplate::{Dialect, Options, Session, Templates, Value, parse};

/// Renders a template with a dot.
pub(crate) fn render(
    dialect: Dialect,
    options: &Options,
    text: &str,
    dot: &Value,
) -> Result<String, String> {
    let parsed = parse("base", text.as_bytes(), dialect)
        .map_err(|e| format!("failed to parse template {text}: {e}"))?;
    let mut templates = Templates::new();
    templates.add(&parsed);
    let out = Session::new(dialect, options)
        .execute(&templates, "base", dot)
        .map_err(|e| format!("failed to execute go template {text}: {e}"))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn sprig_does_what_its_tests_say() {
    let Some(all) = cases::load("sprig.jsonl") else {
        return;
    };
    let options = Options::default();
    let failures: Vec<String> = all
        .iter()
        .filter_map(|case| {
            let dot = Value::from_tree_floats(case.get("vars").unwrap_or(&value::Value::Null));
            let template = case.str_at(&["template"]);
            let got = render(Dialect::Sprig, &options, template, &dot);
            let want = case.str_at(&["expect"]);
            let got = got.map(|text| text.replace("<no value>", ""));
            let name = case.str_at(&["name"]);
            (got.as_deref() != Ok(want))
                .then(|| format!("{name}\n{template}\ngot  {got:?}\nwant {want:?}"))
        })
        .collect();
    cases::report("sprig.jsonl", all.len(), &failures);
}
