//! What the enforcer's own cases don't cover: tokens, groups, projects, reasons.

use crate::*;
use value::json;

fn policy(csv: &str) -> Policy {
    let mut config = Config::default();
    config.add("policy.csv", csv);
    Policy::parse(&config).expect(csv)
}

fn may(policy: &Policy, subject: &Subject, action: &str, object: &str) -> bool {
    let question = (Resource::Applications, action, object);
    let allowed = policy.check(subject, question.0, action, object).is_ok();
    assert_eq!(
        policy.judge(subject).allows(question.0, action, object),
        allowed
    );
    let explained = policy.explain(subject, question.0, action, object);
    assert_eq!(explained.is_allowed, allowed);
    allowed
}

fn shop() -> value::Value {
    json!({
        "metadata": {"name": "shop"},
        "spec": {"roles": [
            {"name": "ci", "groups": ["acme:shop"], "policies": [
                "p, proj:shop:ci, applications, sync, shop/*, allow",
                "p, proj:shop:ci, applications, delete, shop/db, deny",
            ]},
        ]},
    })
}

#[test]
fn a_group_counts_only_through_a_membership() {
    let alice = Subject::user("alice", ["acme:dev", "acme:ops"]);
    let direct = policy("p, acme:dev, applications, get, */*, allow");
    assert!(!may(&direct, &alice, "get", "shop/web"));
    let member = policy("p, role:x, applications, get, */*, allow\ng, acme:ops, role:x");
    assert!(may(&member, &alice, "get", "shop/web"));
    assert!(!may(
        &member,
        &Subject::user("bob", ["acme:dev"]),
        "get",
        "shop/web"
    ));
}

#[test]
fn a_refusal_of_one_group_leaves_the_others() {
    let policy = policy(
        "p, role:no, applications, *, */*, deny\np, role:yes, applications, get, */*, allow\n\
         g, a, role:no\ng, b, role:yes",
    );
    assert!(may(&policy, &Subject::user("x", ["a", "b"]), "get", "p/a"));
    assert!(!may(&policy, &Subject::user("x", ["a"]), "get", "p/a"));
}

#[test]
fn roles_of_a_project_are_had_by_tokens_and_groups() {
    let mut policy = policy("");
    policy.set_project(&shop()).expect("the project");
    let token = Subject::user("proj:shop:ci", [""; 0]);
    let member = Subject::user("alice", ["acme:shop"]);
    for subject in [&token, &member] {
        assert!(may(&policy, subject, "sync", "shop/web"));
        assert!(!may(&policy, subject, "delete", "shop/db"));
        assert!(!may(&policy, subject, "sync", "other/web"));
        let own = policy.check(subject, Resource::Projects, "get", "shop");
        own.expect("a role may read its project");
        policy
            .check(subject, Resource::Projects, "get", "other")
            .expect_err("another's");
    }
    policy
        .set_project(&json!({"metadata": {"name": "other"}}))
        .expect("no roles");
    assert!(!may(&policy, &token, "sync", "other/web"));
    let mut without = policy.clone();
    without.remove_project("shop");
    assert!(!may(&without, &member, "sync", "shop/web"));
    assert_eq!(policy.set_projects([]), []);
    assert!(!may(&policy, &member, "sync", "shop/web"));
}

#[test]
fn a_projects_bad_line_takes_its_roles_away_and_nothing_else() {
    let mut policy = policy("p, alice, applications, get, */*, allow");
    let mut project = shop();
    project.set_at(
        &["spec", "roles"],
        json!([{"name": "ci", "policies": ["p, x"]}]),
    );
    let refused = policy.set_project(&project).unwrap_err();
    assert_eq!(refused.problems[0].line, 2);
    assert!(may(
        &policy,
        &Subject::user("alice", [""; 0]),
        "get",
        "shop/web"
    ));
    assert!(!may(
        &policy,
        &Subject::user("proj:shop:ci", [""; 0]),
        "sync",
        "shop/web"
    ));
}

#[test]
fn a_projects_token_asks_about_no_other_project_even_with_a_rule() {
    let mut policy = policy("p, proj:shop:ci, applications, get, */*, allow");
    policy.set_project(&shop()).expect("the project");
    policy
        .set_project(&json!({"metadata": {"name": "other"}}))
        .expect("no roles");
    let token = Subject::user("proj:shop:ci", [""; 0]);
    assert!(may(&policy, &token, "get", "shop/web"));
    assert!(!may(&policy, &token, "get", "other/web"));
    // A project that doesn't exist has no say.
    assert!(may(&policy, &token, "get", "gone/web"));
}

#[test]
fn everybody_has_the_default_role_and_nobody_more() {
    let mut config = Config {
        default_role: "role:readonly".to_owned(),
        ..Config::default()
    };
    config.add("policy.csv", "p, alice, applications, get, shop/*, deny");
    let policy = Policy::parse(&config).expect("a policy");
    assert!(may(&policy, &Subject::anonymous(), "get", "shop/web"));
    assert!(!may(&policy, &Subject::anonymous(), "sync", "shop/web"));
    // As in Argo CD, the default role can't be refused to anybody.
    assert!(may(
        &policy,
        &Subject::user("alice", [""; 0]),
        "get",
        "shop/web"
    ));
}

#[test]
fn deleting_an_application_says_nothing_about_its_resources() {
    let policy =
        policy("p, a, applications, delete, */*, allow\np, b, applications, delete/*, */*, allow");
    let of = |name| Subject::user(name, [""; 0]);
    let pod = action::on_resource("delete", "", "Pod", "shop", "web-1");
    assert_eq!(pod, "delete//Pod/shop/web-1");
    assert!(
        may(&policy, &of("a"), "delete", "shop/web") && !may(&policy, &of("a"), &pod, "shop/web")
    );
    assert!(
        !may(&policy, &of("b"), "delete", "shop/web") && may(&policy, &of("b"), &pod, "shop/web")
    );
}

#[test]
fn a_link_is_followed_ten_times() {
    let chain: String = (0..11).map(|n| format!("g, r{n}, r{}\n", n + 1)).collect();
    let policy = policy(&format!("p, r11, applications, get, */*, allow\n{chain}"));
    assert!(!may(&policy, &Subject::user("r0", [""; 0]), "get", "a/b"));
    assert!(may(&policy, &Subject::user("r1", [""; 0]), "get", "a/b"));
}

#[test]
fn circles_end() {
    let policy = policy("g, a, b\ng, b, a\ng, b, b\np, b, applications, get, */*, allow");
    assert!(may(&policy, &Subject::user("a", [""; 0]), "get", "a/b"));
}

#[test]
fn claims_name_the_user_and_the_groups() {
    let claims = json!({
        "sub": "CgR", "email": "alice@example.com", "groups": ["a", 1, "b"],
        "federated_claims": {"user_id": "alice"},
    });
    let scopes = ["groups".to_owned(), "email".to_owned(), "none".to_owned()];
    let subject = Subject::of_claims(&claims, &scopes);
    assert_eq!(
        subject,
        Subject::user("alice", ["a", "b", "alice@example.com"])
    );
    assert_eq!(
        Subject::of_claims(&json!({"sub": "x"}), &scopes).name(),
        "x"
    );
}

#[test]
fn a_config_map_is_read_in_argos_order() {
    let config = Config::from_config_map(&json!({"data": {
        "policy.z.csv": "z", "policy.csv": "main", "policy.a.csv": "a", "policy.csv.old": "no",
        "policy.default": "role:readonly", "policy.matchMode": "regex", "scopes": "[groups, email]",
    }}));
    let config = config.expect("a config");
    let texts: Vec<&str> = config.texts.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(texts, ["main", "a", "z"]);
    assert_eq!(config.scopes, ["groups", "email"]);
    assert_eq!(config.match_mode, MatchMode::Regex);
    assert_eq!(
        Config::from_config_map(&value::Value::Null),
        Ok(Config::default())
    );
    assert_eq!(
        Config::from_config_map(&json!({"data": {"scopes": "groups"}})),
        Err(ConfigError)
    );
}

#[test]
fn reasons_name_the_line() {
    let mut policy = policy(
        "# people\np, role:dev, applications, sync, shop/*, allow\n\ng, acme:dev, role:dev\n\
         p, bob, applications, sync, shop/db, deny",
    );
    policy.set_project(&shop()).expect("the project");
    let explain = |subject: &Subject, object: &str| {
        policy.explain(subject, Resource::Applications, "sync", object)
    };
    let alice = explain(&Subject::user("alice", ["acme:dev"]), "shop/web");
    assert_eq!(
        alice.why,
        "applications sync shop/web is allowed as member of acme:dev, through role:dev by policy.csv:2"
    );
    let lines: Vec<u32> = alice.memberships.iter().map(|m| m.line).collect();
    assert_eq!(lines, [4]);
    let bob = explain(&Subject::user("bob", [""; 0]), "shop/db");
    assert_eq!(bob.needed, "policy.csv:5 taken out");
    let carol = explain(&Subject::user("carol", ["acme:shop"]), "shop/web");
    assert_eq!(&*carol.rule.expect("a rule").source, "project shop");
    let dave = explain(&Subject::user("dave", [""; 0]), "shop/{a,b}");
    assert_eq!(
        dave.needed,
        "p, dave, applications, sync, \"shop/{a,b}\", allow"
    );
}

#[test]
fn a_policy_is_reviewed() {
    let csv = "p, a, applicatoins, get, */*, allow\np, a, applications, sink, */*, allow\n\
               p, a, applications, get, web, allow\np, a, applications, get, [/x, allow\n\
               p, a, applications, get, */*, Allow\ng, a, role:gone\nr, x\n\
               p, a, projects, get, shop, allow\np, a, applications, action, */*, allow";
    let policy = policy(csv);
    let said: Vec<String> = policy.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "policy.csv:1: no resource is called \"applicatoins\"",
            "policy.csv:2: no action begins with \"sink\"",
            "policy.csv:3: objects are `<project>/<name>` here: nothing is called \"web\"",
            "policy.csv:4: the pattern \"[/x\" can't be read (unexpected end of input): the rule never matches",
            "policy.csv:5: \"Allow\" is neither `allow` nor `deny`: the rule decides nothing",
            "policy.csv:7: this line has no effect: rules begin with `p`, memberships with `g`",
            "policy.csv:9: actions are called `action/<group>/<kind>/<name>`: `action` alone is none",
            "policy.csv:6: no rule is about role:gone",
        ]
    );
    let mut config = Config::default();
    config.add(
        "a.csv",
        "p, a\n\nx, y\np, a, applications, get, \"x\"y, allow",
    );
    let refused = Policy::parse(&config).unwrap_err();
    let lines: Vec<u32> = refused.problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 3, 4]);
}

#[test]
fn nothing_asked_or_written_is_too_long() {
    let policy = Policy::builtin();
    let long = "a/".repeat(QUESTION_BYTES_MAX);
    assert!(!may(
        &policy,
        &Subject::user("admin", [""; 0]),
        "get",
        &long
    ));
    let mut config = Config::default();
    config.add("x", "#".repeat(POLICY_BYTES_MAX + 1));
    Policy::parse(&config).unwrap_err();
    let mut config = Config::default();
    config.add(
        "x",
        format!("p, a, applications, get, {}*, deny", "x".repeat(5000)),
    );
    Policy::parse(&config).unwrap_err();
}

#[test]
fn switched_off_it_allows_everything() {
    assert!(may(
        &Policy::unrestricted(),
        &Subject::anonymous(),
        "delete",
        "shop/web"
    ));
}
