//! The two template languages of ApplicationSets.

use crate::cases;
use crate::sprig::render;
use gotemplate::{Dialect, MissingKey, Options, Value, fasttemplate};

fn judge(case: &value::Value, got: &Result<String, String>) -> Option<String> {
    let template = case.str_at(&["in", "template"]);
    let want = match case.get("error").and_then(value::Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(case.str_at(&["want"]).to_owned()),
    };
    (*got != want).then(|| format!("{template}\ngot  {got:?}\nwant {want:?}"))
}

#[test]
fn go_templates_of_application_sets() {
    let Some(all) = cases::load("go/small.jsonl") else {
        return;
    };
    let of_kind = |c: &&value::Value| c.str_at(&["kind"]) == "appset-gotemplate";
    let all: Vec<_> = all.iter().filter(of_kind).collect();
    let failures: Vec<String> = all
        .iter()
        .filter_map(|case| {
            let strict = !case.array_at(&["in", "options"]).is_empty();
            let options = Options {
                missing_key: if strict {
                    MissingKey::Error
                } else {
                    MissingKey::Invalid
                },
                ..Options::default()
            };
            let dot = case.at(&["in", "params"]).expect("parameters");
            let dot = Value::from_tree_floats(dot);
            let template = case.str_at(&["in", "template"]);
            let got = render(Dialect::ApplicationSet, &options, template, &dot);
            judge(case, &got)
        })
        .collect();
    cases::report("appset-gotemplate", all.len(), &failures);
}

#[test]
fn fast_templates_of_application_sets() {
    let Some(all) = cases::load("go/small.jsonl") else {
        return;
    };
    let of_kind = |c: &&value::Value| c.str_at(&["kind"]) == "appset-fasttemplate";
    let all: Vec<_> = all.iter().filter(of_kind).collect();
    let failures: Vec<String> = all
        .iter()
        .filter_map(|case| {
            let parameters = case.at(&["in", "params"]).expect("parameters");
            let got = fasttemplate(case.str_at(&["in", "template"]), |name| {
                parameters.get(name)?.as_str().map(str::to_owned)
            });
            judge(case, &got)
        })
        .collect();
    cases::report("appset-fasttemplate", all.len(), &failures);
}
