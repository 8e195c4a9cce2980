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
    for function in [
        "toJson",
        "toPrettyJson",
        "toRawJson",
        "toToml",
        "toYaml",
        "toYamlPretty",
    ] {
        let mut total = 0;
        let mut failures = Vec::new();
        for case in &all {
            let Some(want) = case.get(function).and_then(value::Value::as_str) else {
                continue;
            };
            total += 1;
            let json = case.str_at(&["json"]);
            // Ours reads no lone surrogates; Go's reader of JSON, as templates have it, does.
            let tree = value::Value::parse(json.as_bytes()).ok();
            let got = match tree.filter(|_| case.get("ints").is_some()) {
                Some(tree) => {
                    // Go reads -0 as the whole number 0.
                    let tree = match tree {
                        value::Value::Float(_) if json == "-0" => value::Value::Int(0),
                        tree => tree,
                    };
                    let template = format!("{{{{ {function} . }}}}");
                    render(Dialect::Helm, &options, &template, &Value::from_tree(&tree))
                }
                None => {
                    let template = format!("{{{{ mustFromJson . | {function} }}}}");
                    render(Dialect::Helm, &options, &template, &Value::from(json))
                }
            };
            if got.as_deref() != Ok(want) {
                failures.push(format!("{json}\ngot  {got:?}\nwant {want:?}"));
            }
        }
        cases::report(function, total, &failures);
    }
}
