//! What values look like as JSON, YAML and TOML.

use crate::cases;
use crate::sprig::render;
use gotemplate::{Dialect, Options, Value};

#[test]
fn values_are_written_as_in_helm() {
    let Some(all) = cases::load("go/yaml-write.jsonl") else {
        return;
    };
    let options = Options::default();
    for function in ["toJson", "toPrettyJson", "toRawJson", "toToml", "toYaml", "toYamlPretty"] {
        let mut total = 0;
        let mut failures = Vec::new();
        for case in &all {
            let Some(want) = case.get(function).and_then(value::Value::as_str) else {
                continue;
            };
            total += 1;
            let json = value::Value::parse(case.str_at(&["json"]).as_bytes()).expect("JSON");
            let dot = if case.get("ints").is_some() {
                Value::from_tree(&json)
            } else {
                Value::from_tree_floats(&json)
            };
            let template = format!("{{{{ {function} . }}}}");
            let got = render(Dialect::Helm, &options, &template, &dot);
            if got.as_deref() != Ok(want) {
                let json = case.str_at(&["json"]);
                failures.push(format!("{json}\ngot  {got:?}\nwant {want:?}"));
            }
        }
        cases::report(function, total, &failures);
    }
}
