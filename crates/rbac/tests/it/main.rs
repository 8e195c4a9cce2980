//! What Argo CD's own enforcer answers.

use rbac::{Config, MatchMode, Policy, Resource, Subject};
use value::Value;

/// Returns what is wrong with a case, if anything is.
fn check(case: &Value) -> Option<String> {
    let mut config = Config {
        default_role: case.str_at(&["default_role"]).to_owned(),
        match_mode: match case.str_at(&["match_mode"]) {
            "regex" => MatchMode::Regex,
            _ => MatchMode::Glob,
        },
        with_builtin: case.get("builtin") == Some(&Value::from(true)),
        ..Config::default()
    };
    config.add("policy.csv", case.str_at(&["policy_csv"]));
    let is_refused = case.get("error").is_some();
    let mut policy = match Policy::parse(&config) {
        Ok(_) if is_refused => return Some("is not refused".to_owned()),
        Err(_) if is_refused => return None,
        Err(e) => return Some(e.to_string()),
        Ok(policy) => policy,
    };
    let project = case.get("project_policy").and_then(Value::as_str);
    if let Some(text) = project {
        // The reference was asked in one project whatever the object.
        let objects = case.array_at(&["requests"]).iter();
        for object in objects.map(|r| r.str_at(&["obj"])) {
            let name = object.split('/').next().unwrap_or_default();
            let _ = policy.set_project_policy(name, text);
        }
    }
    for request in case.array_at(&["requests"]) {
        let ask = |name| request.str_at(&[name]);
        let subject = match project {
            Some(_) => Subject::user(ask("sub"), [""; 0]),
            None => Subject::plain(ask("sub")),
        };
        let resource: Resource = ask("res").parse().expect("a resource");
        let got = policy
            .judge(&subject)
            .allows(resource, ask("act"), ask("obj"));
        if request.get("want") != Some(&Value::from(got)) {
            return Some(format!("{}: {got}", request.to_json()));
        }
    }
    None
}

#[test]
fn argos_answers() {
    let Some(shared) = testkit::shared() else {
        return;
    };
    let path = shared.join("conformance/go/rbac.jsonl");
    let text = std::fs::read_to_string(path).expect("the cases");
    let cases: Vec<Value> = text
        .lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case"))
        .collect();
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.str_at(&["name"]), check(case)?)))
        .collect();
    let passed = cases.len() - failed.len();
    println!("{passed} of {} policies", cases.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
