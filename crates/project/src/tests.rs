use crate::{
    Blocked, Destination, GlobalProjects, GpgMode, Project, Scope, Subject, Trigger, Verdict,
    Window, normalize_git_url,
};
use jiff::Timestamp;
use value::{Value, json};

fn project(spec: Value) -> Project {
    Project::parse(&json!({"metadata": {"name": "team"}, "spec": spec}))
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn sources() {
    let team = project(json!({"sourceRepos": [
        "https://git.example.com/team/*", "git@example.com:team/infra.git"]}));
    for (url, permitted) in [
        ("https://git.example.com/team/shop", true),
        ("https://git.example.com/team/shop.git", true),
        ("HTTPS://Git.Example.com/team/Shop", true),
        ("https://git.example.com/team/a/b", false),
        ("ssh://git@example.com/team/infra", true),
        ("git@example.com:team/infra", true),
        ("https://elsewhere.example.com/x", false),
    ] {
        assert_eq!(team.permits_source(url).is_ok(), permitted, "{url}");
    }
    let refused = team
        .permits_source("https://a.example.com/b")
        .map_err(|e| e.to_string());
    assert_eq!(
        refused,
        Err(
            "application repo https://a.example.com/b is not permitted in project 'team'"
                .to_owned()
        )
    );
    assert!(
        project(json!({"sourceRepos": ["*"]}))
            .permits_source("anything")
            .is_ok()
    );
    assert!(project(json!({})).permits_source("anything").is_err());
    // A denial permits all the rest, as in Argo CD.
    let all_but = project(json!({"sourceRepos": ["!https://git.example.com/x"]}));
    assert!(all_but.permits_source("https://git.example.com/y").is_ok());
    assert!(all_but.permits_source("https://git.example.com/x").is_err());
}

#[test]
fn addresses_that_mean_the_same() {
    for url in [
        "git@host.example:a/b.git",
        "ssh://git@host.example/a/b",
        " SSH://git@host.example/A/b.git",
    ] {
        assert_eq!(normalize_git_url(url), "git@host.example/a/b");
    }
    assert_eq!(
        normalize_git_url("https://host.example/a.git"),
        "https://host.example/a"
    );
}

#[test]
fn destinations() {
    let team = project(json!({"destinations": [
        {"server": "https://a", "namespace": "team-*"},
        {"name": "prod", "namespace": "*"},
        {"server": "*", "namespace": "!kube-system"},
    ]}));
    let to = |server, name, namespace| {
        team.permits_destination(&Destination {
            server,
            name,
            namespace,
        })
        .is_ok()
    };
    assert!(to("https://a", "", "team-x"));
    assert!(to("https://b", "prod", "anything"));
    assert!(to("https://c", "", "anything"));
    assert!(!to("https://a", "", "kube-system"));
    assert!(!to("https://b", "prod", "kube-system"));
    assert!(!to("", "", "team-x"));
    let no_servers = project(json!({"destinations": [
        {"server": "*", "namespace": "*"}, {"server": "!https://prod", "namespace": "*"}]}));
    let at = |server| Destination {
        server,
        name: "",
        namespace: "n",
    };
    assert!(no_servers.permits_destination(&at("https://dev")).is_ok());
    assert!(no_servers.permits_destination(&at("https://prod")).is_err());
}

#[test]
fn kinds() {
    let all = json!([{"group": "*", "kind": "*"}]);
    let permits = |spec: Value, group, kind, scope| {
        project(spec).permits_kind(group, kind, "n", scope).is_ok()
    };
    assert!(permits(json!({}), "", "ConfigMap", Scope::Namespaced));
    assert!(!permits(json!({}), "", "Namespace", Scope::Cluster));
    assert!(permits(
        json!({"clusterResourceWhitelist": &all}),
        "",
        "Namespace",
        Scope::Cluster
    ));
    assert!(!permits(
        json!({"clusterResourceWhitelist": &all, "clusterResourceBlacklist": [{"group": "", "kind": "Name*"}]}),
        "",
        "Namespace",
        Scope::Cluster
    ));
    assert!(!permits(
        json!({"namespaceResourceWhitelist": []}),
        "",
        "ConfigMap",
        Scope::Namespaced
    ));
    assert!(!permits(
        json!({"namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]}),
        "",
        "ConfigMap",
        Scope::Namespaced
    ));
    assert!(permits(
        json!({"namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]}),
        "apps",
        "Deployment",
        Scope::Namespaced
    ));
    let named = project(
        json!({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}]}),
    );
    assert!(
        named
            .permits_kind("", "Namespace", "team-a", Scope::Cluster)
            .is_ok()
    );
    let refused = named.permits_kind("", "Namespace", "other", Scope::Cluster);
    assert_eq!(
        refused.map_err(|e| e.message),
        Err("resource :Namespace is not permitted in project team".to_owned())
    );
}

#[test]
fn namespaces_of_applications() {
    let team = project(json!({"sourceNamespaces": ["team-*", "/^dev-[0-9]+$/"]}));
    let from = |namespace| team.permits_application("a", namespace, "argocd").is_ok();
    assert!(from("argocd") && from("team-a") && from("dev-12"));
    assert!(!from("dev-x") && !from("other"));
}

#[test]
fn service_accounts() {
    let team = project(json!({"destinationServiceAccounts": [
        {"server": "*", "namespace": "team-*", "defaultServiceAccount": "deployer"},
        {"server": "*", "namespace": "ops", "defaultServiceAccount": "system:root"},
        {"server": "*", "namespace": "bad", "defaultServiceAccount": "a*"},
        {"server": "*", "namespace": "", "defaultServiceAccount": "none"},
    ]}));
    let account = |namespace| {
        let at = Destination {
            server: "https://a",
            name: "",
            namespace,
        };
        team.service_account(&at, "argocd").map_err(|e| e.message)
    };
    assert_eq!(
        account("team-a"),
        Ok(Some("system:serviceaccount:team-a:deployer".to_owned()))
    );
    assert_eq!(
        account("ops"),
        Ok(Some("system:serviceaccount:system:root".to_owned()))
    );
    assert_eq!(
        account(""),
        Ok(Some("system:serviceaccount:argocd:none".to_owned()))
    );
    assert_eq!(account("other"), Ok(None));
    assert_eq!(
        account("bad"),
        Err("default service account contains invalid chars 'a*'".to_owned())
    );
}

#[test]
fn projects_inherit() {
    let globals = GlobalProjects::parse(&json!([
        {"projectName": "base", "labelSelector": {"matchLabels": {"tier": "prod"}}},
        {"projectName": "team", "labelSelector": {}},
        {"projectName": "every", "labelSelector": {}},
    ]));
    let labels = json!({"tier": "prod"});
    assert_eq!(
        globals.of("team", &labels).collect::<Vec<_>>(),
        ["base", "every"]
    );
    assert_eq!(
        globals.of("other", &json!({})).collect::<Vec<_>>(),
        ["team", "every"]
    );
    let base = project(
        json!({"sourceRepos": ["https://a"], "namespaceResourceWhitelist": [{"group": "", "kind": "Secret"}],
        "syncWindows": [{"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}]}),
    );
    let team = project(json!({"sourceRepos": ["https://b"]})).inheriting(&base);
    assert_eq!(team.source_repos, ["https://b", "https://a"]);
    assert_eq!(team.windows.iter().count(), 1);
    assert!(
        team.permits_kind("", "ConfigMap", "c", Scope::Namespaced)
            .is_err()
    );
}

#[test]
fn signatures() {
    let old = project(json!({"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]}));
    let gpg = old
        .integrity_of("https://any")
        .expect("one policy")
        .expect("a policy");
    assert_eq!(gpg.mode, GpgMode::Head);
    assert!(gpg.allows("4AEE18F83AFDEB23") && !gpg.allows("0000000000000000"));
    assert_eq!(
        gpg.problem("abc", "Ada", "signed", "4AEE18F83AFDEB23"),
        None
    );
    assert_eq!(
        gpg.problem("abc", "Ada", "signed", "0000000000000000"),
        Some("Failed verifying revision abc by 'Ada': signed with unallowed key (key_id=0000000000000000)".to_owned())
    );
    assert_eq!(
        gpg.problem("abc", "Ada", "unsigned", ""),
        Some("Failed verifying revision abc by 'Ada': unsigned (key_id=)".to_owned())
    );

    let policies = json!([
        {"repos": [{"url": "https://git.example.com/*"}, {"url": "!https://git.example.com/open"}],
         "gpg": {"mode": "strict", "keys": ["5DE3E0509C47EA3CF04A42D34AEE18F83AFDEB23"]}},
        {"repos": [{"url": "https://git.example.com/twice"}], "gpg": {"mode": "head", "keys": []}},
        {"repos": [{"url": "https://none.example.com"}], "gpg": {"mode": "none", "keys": []}},
    ]);
    let new = project(json!({"sourceIntegrity": {"git": {"policies": policies}}}));
    let gpg = new
        .integrity_of("https://git.example.com/a")
        .expect("one policy")
        .expect("a policy");
    assert_eq!(gpg.mode, GpgMode::Strict);
    assert!(gpg.allows("4AEE18F83AFDEB23"));
    for url in [
        "https://git.example.com/open",
        "https://other.example.com/a",
        "https://none.example.com",
    ] {
        assert_eq!(new.integrity_of(url), Ok(None), "{url}");
    }
    assert!(new.integrity_of("https://git.example.com/twice").is_err());
}

fn windows(list: Value) -> Project {
    project(json!({"syncWindows": list}))
}

fn blocked(verdict: Verdict) -> Option<Blocked> {
    match verdict {
        Verdict::Allowed => None,
        Verdict::Blocked(blocked) => Some(blocked),
    }
}

#[test]
fn windows_allow_and_deny() {
    let nights =
        json!({"kind": "allow", "schedule": "0 22 * * *", "duration": "8h", "applications": ["*"]});
    let freeze = json!({"kind": "deny", "schedule": "0 0 24 12 *", "duration": "72h", "applications": ["*"], "manualSync": true});
    let both = windows(json!([&nights, &freeze]));
    let ask = |trigger, now| {
        both.windows
            .can_sync(trigger, None, time(now))
            .map(blocked)
            .expect("good windows")
    };
    assert_eq!(ask(Trigger::Automatic, "2024-06-01T23:00:00Z"), None);
    assert_eq!(ask(Trigger::Automatic, "2024-06-01T05:59:00Z"), None);
    let by_day = ask(Trigger::Automatic, "2024-06-01T12:00:00Z").expect("blocked");
    assert_eq!(
        by_day.to_string(),
        "blocked outside window allow \"0 22 * * *\" for 8h until 2024-06-01T22:00:00Z"
    );
    // The one that allows doesn't let people through.
    assert!(ask(Trigger::Manual, "2024-06-01T12:00:00Z").is_some());
    let frozen = ask(Trigger::Automatic, "2024-12-25T23:00:00Z").expect("blocked");
    assert_eq!(
        frozen.to_string(),
        "blocked by window deny \"0 0 24 12 *\" for 72h until 2024-12-27T00:00:00Z"
    );
    assert_eq!(ask(Trigger::Manual, "2024-12-25T23:00:00Z"), None);
    let never = windows(
        json!([{"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}]),
    );
    let verdict = never
        .windows
        .can_sync(Trigger::Automatic, None, time("2024-06-01T12:00:00Z"));
    let blocked = verdict
        .map(blocked)
        .expect("good windows")
        .expect("blocked");
    assert_eq!(blocked.until, None);
    assert!(blocked.to_string().ends_with("for good"));
}

#[test]
fn windows_may_be_overrun() {
    let overrun = |flag: bool| {
        windows(
            json!([{"kind": "allow", "schedule": "0 22 * * *", "duration": "1h", "applications": ["*"], "syncOverrun": flag}]),
        )
    };
    let started = Some(time("2024-06-01T22:30:00Z"));
    let now = time("2024-06-01T23:30:00Z");
    for (flag, started, allowed) in [
        (true, started, true),
        (false, started, false),
        (true, None, false),
        (true, Some(time("2024-06-01T21:00:00Z")), false),
    ] {
        let verdict = overrun(flag)
            .windows
            .can_sync(Trigger::Automatic, started, now);
        assert_eq!(
            verdict.map(blocked).expect("good windows").is_none(),
            allowed
        );
    }
}

#[test]
fn windows_run_on_their_own_clock() {
    let berlin = json!({"kind": "allow", "schedule": "0 9 * * 1-5", "duration": "1h", "timeZone": "Europe/Berlin", "applications": ["*"]});
    let window = Window::parse(&berlin);
    assert_eq!(window.is_open(time("2024-07-01T07:30:00Z")), Ok(true));
    assert_eq!(window.is_open(time("2024-07-01T08:30:00Z")), Ok(false));
    assert_eq!(window.is_open(time("2024-12-02T08:30:00Z")), Ok(true));
    assert_eq!(
        window.to_string(),
        "allow \"0 9 * * 1-5\" for 1h (Europe/Berlin)"
    );
}

#[test]
fn windows_that_open_often_and_long_are_cheap() {
    let window = json!({"kind": "deny", "schedule": "* * * * *", "duration": "1000000h", "applications": ["*"]});
    let often = windows(json!([window]));
    let verdict = often
        .windows
        .can_sync(Trigger::Automatic, None, time("2024-06-01T12:00:00Z"));
    assert!(verdict.map(blocked).expect("good windows").is_some());
}

#[test]
fn windows_are_for_some() {
    let subject = Subject {
        application: "shop",
        server: "https://a",
        cluster: "",
        namespace: "prod",
    };
    let fits = |window: Value| Window::parse(&window).is_for(&subject);
    assert!(fits(json!({"applications": ["sh*"]})));
    assert!(fits(json!({"namespaces": ["prod"]})));
    assert!(fits(json!({"clusters": ["https://*"]})));
    assert!(!fits(
        json!({"applications": ["other"], "namespaces": ["dev"]})
    ));
    assert!(fits(
        json!({"applications": ["other"], "namespaces": ["prod"]})
    ));
    assert!(!fits(
        json!({"applications": ["other"], "namespaces": ["prod"], "andOperator": true})
    ));
    assert!(fits(
        json!({"applications": ["shop"], "namespaces": ["prod"], "andOperator": true})
    ));
    assert!(!fits(json!({})));
    assert!(!fits(json!({"andOperator": true})));
}

#[test]
fn windows_that_cannot_be_read() {
    let bad = windows(
        json!([{"kind": "deny", "schedule": "0 25 * * *", "duration": "1h", "applications": ["*"]}]),
    );
    let verdict = bad
        .windows
        .can_sync(Trigger::Manual, None, time("2024-06-01T12:00:00Z"));
    assert_eq!(
        verdict.map_err(|e| e.to_string()),
        Err(
            "cannot parse schedule '0 25 * * *': end of range (25) above maximum (23): 25"
                .to_owned()
        )
    );
    let problems = project(json!({
        "destinations": [{"server": "!*", "namespace": "a"}, {"server": "x", "namespace": "a"}, {"server": "x", "namespace": "a"}],
        "roles": [{"name": "dev", "policies": ["p, proj:team:dev, applications, sync, team/*, allow", "p, proj:other:dev, applications, sync, team/*, allow"]}, {"name": "-x"}],
        "syncWindows": [{"kind": "deny", "schedule": "* * * * *", "duration": "1 day"}],
    }))
    .problems();
    assert_eq!(problems.len(), 6, "{problems:#?}");
}
