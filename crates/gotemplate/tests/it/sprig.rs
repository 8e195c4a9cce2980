//! Sprig's own tests.

use crate::cases;
use gotemplate::{Dialect, Kind, Object, Options, Session, Templates, Time, Value, parse};

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

/// Cases that want an error; the text beside them is what a call before them gave.
const ERRORS: [&str; 2] = ["TestDateMustModifyReturnsErr#1", "TestSemverCompareErr#1"];

/// Sprig's own struct, or a pointer to one, that some cases have for a dot.
struct Fixture(Kind);

impl Object for Fixture {
    fn type_name(&self) -> &'static str {
        match self.0 {
            Kind::Ptr => "*sprig.fixtureTO",
            _ => "sprig.fixtureTO",
        }
    }
    fn kind(&self) -> Kind {
        self.0
    }
    fn text(&self) -> String {
        "{hello world}".to_owned()
    }
    fn equals(&self, _: &dyn Object) -> bool {
        false
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Returns what a case has for a dot: the extraction wrote a struct as the list of its fields.
fn dot_of(case: &value::Value) -> Value {
    let kind = match case.str_at(&["name"]) {
        "TestKindOf#1" => Kind::Struct,
        "TestTypeIs#1" | "TestKindIs#1" => Kind::Ptr,
        _ => return dot(case.get("vars").unwrap_or(&value::Value::Null)),
    };
    Value::Object(std::rc::Rc::new(Fixture(kind)))
}

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
            let dot = dot_of(case);
            let template = case.str_at(&["template"]);
            let got = render(Dialect::Sprig, &options, template, &dot);
            let want = case.str_at(&["expect"]);
            // Helm removes it; the cases differ in whether they do.
            let got = got.map(|text| text.replace("<no value>", ""));
            let want = want.replace("<no value>", "");
            let name = case.str_at(&["name"]);
            let is_right = match ERRORS.contains(&name) {
                true => got.is_err(),
                false => got.as_ref() == Ok(&want),
            };
            (!is_right).then(|| format!("{name}\n{template}\ngot  {got:?}\nwant {want:?}"))
        })
        .collect();
    cases::report("sprig.jsonl", all.len(), &failures);
}
