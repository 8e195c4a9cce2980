//! Policies, tokens and the settings of single sign-on, of three inputs parted by a zero byte: an
//! error or an answer, and the reason agrees with the answer.

#![cfg_attr(feature = "libfuzzer", no_main)]

use accounts::{Accounts, NoProjects, oidc};
use rbac::{Config, MatchMode, Policy, Resource, Subject, action};
use value::json;

fuzz::target!(|text| {
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split('\0');
    let (policy, subject) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or("alice"),
    );
    let object = parts.next().unwrap_or("shop/web");
    for match_mode in [MatchMode::Glob, MatchMode::Regex] {
        let mut config = Config {
            match_mode,
            ..Config::default()
        };
        config.add("policy.csv", policy);
        let Ok(mut policy) = Policy::parse(&config) else {
            continue;
        };
        let _refused = policy.set_project_policy("shop", subject);
        for subject in [Subject::plain(subject), Subject::user(subject, [object])] {
            for resource in Resource::ALL {
                let check = policy.check(&subject, resource, action::GET, object);
                let why = policy.explain(&subject, resource, action::GET, object);
                assert_eq!(check.is_ok(), why.is_allowed, "{why:?}");
            }
        }
    }
    let secret = json!({"stringData": {"server.secretkey": "k", "admin.tokens": subject}});
    let map = json!({"data": {"oidc.config": policy, "accounts.a": subject, "url": object}});
    let (accounts, _) = Accounts::from_config(&map, &secret);
    assert!(accounts.verify(policy, 0, &NoProjects).is_err());
    let _config = oidc::Config::from_config_map(&map, &|_| None);
});
