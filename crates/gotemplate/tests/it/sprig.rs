//! Sprig's own tests.

use crate::cases;
use gotemplate::{Dialect, Options, Session, Templates, Time, Value, parse};

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

/// Cases that the extraction could not write down as JSON, or that expect an error in Go code.
const NOT_CASES: [(&str, &str); 5] = [
    (
        "TestDateMustModifyReturnsErr#1",
        "the test wants an error, its text is another's",
    ),
    ("TestKindOf#1", "the dot is a Go struct"),
    ("TestTypeIs#1", "the dot is a pointer to a Go struct"),
    ("TestKindIs#1", "the dot is a pointer to a Go struct"),
    (
        "TestSemverCompareErr#1",
        "the test wants an error, not this text",
    ),
];

/// Returns the dot: the extraction wrote Go's `tm` by its name, and empty maps as lists.
fn dot(vars: &value::Value) -> Value {
    match vars {
        value::Value::Object(members) => {
            Value::map(members.iter().map(|(k, v)| (k.as_str(), dot(v))))
        }
        value::Value::Array(items) if items.is_empty() => dot(&value::Value::object()),
        value::Value::String(s) if &**s == "name tm" => {
            Value::Object(std::rc::Rc::new(Time::utc(1_560_458_379)))
        }
        other => Value::from_tree_floats(other),
    }
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
            let dot = dot(case.get("vars").unwrap_or(&value::Value::Null));
            let template = case.str_at(&["template"]);
            let got = render(Dialect::Sprig, &options, template, &dot);
            let want = case.str_at(&["expect"]);
            // Helm removes it; the cases differ in whether they do.
            let got = got.map(|text| text.replace("<no value>", ""));
            let want = want.replace("<no value>", "");
            let name = case.str_at(&["name"]);
            let is_case = NOT_CASES.iter().all(|(other, _)| *other != name);
            (is_case && got.as_ref() != Ok(&want))
                .then(|| format!("{name}\n{template}\ngot  {got:?}\nwant {want:?}"))
        })
        .collect();
    cases::report("sprig.jsonl", all.len(), &failures);
}
