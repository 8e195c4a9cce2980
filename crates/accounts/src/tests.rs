//! Accounts without single sign-on.

use crate::*;
use value::{Value, json};

const NOW: i64 = 1_700_000_000;

/// Different bytes each time, the same each run.
fn random() -> impl FnMut(&mut [u8]) {
    let mut seed = 1_u8;
    move |bytes: &mut [u8]| {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = seed
                .wrapping_mul(31)
                .wrapping_add(u8::try_from(at % 256).expect("a byte"));
        }
        seed = seed.wrapping_add(1);
    }
}

fn config_map() -> Value {
    json!({"data": {
        "accounts.alice": "login", "accounts.ci": "apiKey", "accounts.old": "login, apiKey",
        "accounts.old.enabled": "false", "users.session.duration": "1h",
        "url": "https://windlass.example.com/", "additionalUrls": "- https://other.example.com",
    }})
}

/// Accounts whose passwords are `password of NAME`; hashed once for all tests.
fn secret() -> Value {
    static SECRET: std::sync::LazyLock<Value> = std::sync::LazyLock::new(hashed);
    SECRET.clone()
}

fn hashed() -> Value {
    let mut secret = json!({"data": {}});
    let (accounts, problems) = Accounts::from_config(&config_map(), &secret);
    assert_eq!(problems, []);
    let mut random = random();
    let setup = accounts
        .setup(NOW - 100, &mut random)
        .expect("a key")
        .expect("a setup");
    apply(&mut secret, &setup.change);
    for name in ["admin", "alice", "ci", "old"] {
        let password = format!("password of {name}");
        let change = accounts.change_password(name, &password, Hash::Bcrypt, NOW - 50, &mut random);
        apply(&mut secret, &change.expect("a change"));
    }
    secret
}

fn apply(secret: &mut Value, change: &Change) {
    for (key, value) in change
        .secret
        .expose()
        .get("data")
        .and_then(|d| match d {
            Value::Object(data) => Some(data.iter()),
            _ => None,
        })
        .expect("data")
    {
        match value {
            Value::Null => drop(secret.remove_at(&["data", key.as_str()])),
            value => secret.set_at(&["data", key.as_str()], value.clone()),
        }
    }
}

fn accounts() -> Accounts {
    Accounts::from_config(&config_map(), &secret()).0
}

fn verify(accounts: &Accounts, token: &str, now: i64) -> Result<Identity, AuthError> {
    accounts.verify(token, now, &NoProjects)
}

#[test]
fn a_session_begins_with_a_password_and_ends_with_its_time() {
    let (accounts, gate) = (accounts(), Gate::new(Limits::default()));
    let session = accounts.login(&gate, "alice", "password of alice", NOW, &mut random());
    let session = session.expect("a session");
    assert_eq!(session.expires_at, Some(NOW + 3600));
    let token = session.token.expose();
    let alice = verify(&accounts, token, NOW).expect("alice");
    assert_eq!(
        (alice.username(), alice.subject(), alice.issuer()),
        ("alice", "alice", "argocd")
    );
    assert_eq!(alice.token_id(), session.id);
    assert!(alice.is_session() && alice.is_local() && !alice.is_project_role());
    assert_eq!(
        verify(&accounts, token, NOW + 3600),
        Err(TokenError::Expired.into())
    );
    assert_eq!(
        verify(&accounts, token, NOW - 1),
        Err(TokenError::NotYet.into())
    );
    let renew = |now| accounts.renew(&alice, now, &mut random()).expect("a key");
    assert_eq!(renew(NOW + 3000), None);
    let next = renew(NOW + 3301).expect("a new one");
    assert_eq!(next.expires_at, Some(NOW + 3301 + 3600));
    assert_eq!(
        verify(&accounts, next.token.expose(), NOW + 3600)
            .expect("still")
            .username(),
        "alice"
    );
}

#[test]
fn why_is_said_only_to_who_knows_the_password() {
    let (accounts, gate) = (accounts(), Gate::new(Limits::default()));
    let login = |name: &str, password: &str| {
        accounts
            .login(&gate, name, password, NOW, &mut random())
            .unwrap_err()
    };
    assert_eq!(login("alice", "password of admin"), LoginError::Invalid);
    assert_eq!(login("nobody", "password of admin"), LoginError::Invalid);
    assert_eq!(login("old", "wrong"), LoginError::Invalid);
    assert_eq!(login("ci", "wrong"), LoginError::Invalid);
    assert_eq!(
        login("old", "password of old"),
        LoginError::Disabled("old".into())
    );
    assert_eq!(
        login("ci", "password of ci"),
        LoginError::NoLogin("ci".into())
    );
    assert_eq!(login("alice", ""), LoginError::Blank);
    assert_eq!(login(&"a".repeat(33), "x"), LoginError::NameTooLong);
}

#[test]
fn five_failures_close_the_gate_for_five_minutes() {
    let (accounts, gate) = (accounts(), Gate::new(Limits::default()));
    let login =
        |name: &str, password: &str, now| accounts.check_password(&gate, name, password, now);
    for name in ["alice", "nobody"] {
        for _ in 0..5 {
            assert_eq!(login(name, "guess", NOW), Err(LoginError::Invalid));
        }
        let closed = LoginError::TooManyFailures { seconds: Some(301) };
        let said = "Too many failed logins: try again in 301 seconds";
        assert_eq!(closed.to_string(), said);
        assert_eq!(login(name, "guess", NOW), Err(closed));
    }
    assert!(login("alice", "password of alice", NOW + 300).is_err());
    assert_eq!(login("alice", "password of alice", NOW + 301), Ok(()));
    assert_eq!(gate.failures("alice", NOW + 301), 0);
    assert_eq!(login("admin", "password of admin", NOW), Ok(()));
}

#[test]
fn a_gate_bounds_what_runs_and_what_it_remembers() {
    let gate = Gate::new(Limits {
        names_max: 3,
        concurrent_max: 2,
        ..Limits::default()
    });
    gate.enter("admin", NOW).expect("a pass").failed(NOW);
    let first = gate.enter("a", NOW).expect("a pass");
    let second = gate.enter("b", NOW).expect("a pass");
    assert_eq!(gate.enter("c", NOW).unwrap_err(), LoginError::Busy);
    first.failed(NOW + 1);
    second.failed(NOW + 2);
    gate.enter("c", NOW + 3)
        .expect("room for it")
        .failed(NOW + 3);
    let failures = ["admin", "a", "b", "c"].map(|name| gate.failures(name, NOW + 3));
    assert_eq!(failures, [1, 0, 1, 1]);
    // Guesses at once count as if they had failed.
    let gate = Gate::new(Limits::default());
    let passes: Vec<_> = (0..5)
        .map(|_| gate.enter("a", NOW).expect("a pass"))
        .collect();
    assert_eq!(gate.enter("a", NOW).unwrap_err(), LoginError::Busy);
    drop(passes);
    gate.enter("a", NOW).expect("a pass").succeeded();
}

#[test]
fn few_hashes_are_computed_at_a_time() {
    let gate = Gate::new(Limits {
        hashes_max: 2,
        ..Limits::default()
    });
    let running = std::sync::atomic::AtomicU32::new(0);
    let most = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let (gate, running, most) = (&gate, &running, &most);
            scope.spawn(move || {
                let pass = gate.enter(name, NOW).expect("a pass");
                pass.compute(|| {
                    use std::sync::atomic::Ordering::SeqCst;
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    let _no = password::verify(
                        "x",
                        "$2a$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
                    );
                    running.fetch_sub(1, SeqCst);
                });
            });
        }
    });
    assert!((1..=2).contains(&most.into_inner()));
}

#[test]
fn a_new_password_ends_sessions_and_obeys_the_rule() {
    let mut secret = secret();
    let accounts = Accounts::from_config(&config_map(), &secret).0;
    let session = accounts
        .start_session("alice", NOW, &mut random())
        .expect("a session");
    let change = |password: &str| {
        accounts.change_password("alice", password, Hash::Argon2id, NOW + 10, &mut random())
    };
    assert_eq!(
        change("short").unwrap_err().to_string(),
        "new password does not match the following expression: ^.{8,32}$"
    );
    apply(&mut secret, &change("a new password").expect("a change"));
    let accounts = Accounts::from_config(&config_map(), &secret).0;
    let token = session.token.expose();
    assert_eq!(
        verify(&accounts, token, NOW + 20),
        Err(AuthError::PasswordChanged)
    );
    let gate = Gate::new(Limits::default());
    assert_eq!(
        accounts.check_password(&gate, "alice", "a new password", NOW),
        Ok(())
    );
    let hash = accounts.get("alice").expect("alice").password_hash.clone();
    assert!(hash.expose().starts_with("$argon2id$"));
}

#[test]
fn tokens_of_programs_count_while_they_are_listed() {
    let mut secret = secret();
    let accounts = Accounts::from_config(&config_map(), &secret).0;
    let create = |name: &str, id: &str| accounts.create_token(name, 0, id, NOW, &mut random());
    assert_eq!(
        create("alice", ""),
        Err(ChangeError::NoApiKey("alice".into()))
    );
    assert_eq!(create("ci", "a b"), Err(ChangeError::TokenId));
    let issued = create("ci", "deploy").expect("a token");
    let token = issued.token.expose();
    let missing = AuthError::NoToken("ci".into(), "deploy".into());
    assert_eq!(verify(&accounts, token, NOW), Err(missing.clone()));
    apply(&mut secret, &issued.change.expect("a change"));
    let accounts = Accounts::from_config(&config_map(), &secret).0;
    let ci = verify(&accounts, token, NOW + 1_000_000_000).expect("for ever");
    assert!(!ci.is_session() && ci.expires_at().is_none());
    assert_eq!(
        accounts.create_token("ci", 0, "deploy", NOW, &mut random()),
        Err(ChangeError::TokenExists("deploy".into()))
    );
    apply(
        &mut secret,
        &accounts.delete_token("ci", "deploy").expect("a change"),
    );
    assert_eq!(secret.at(&["data", "accounts.ci.tokens"]), None);
    let accounts = Accounts::from_config(&config_map(), &secret).0;
    assert_eq!(verify(&accounts, token, NOW), Err(missing));
}

#[test]
fn tokens_of_projects_count_while_the_project_has_them() {
    let accounts = accounts();
    let issued = accounts
        .create_project_token("shop", "ci", 60, "", NOW, &mut random())
        .expect("a token");
    let project = |items: Value| json!({"spec": {"roles": [{"name": "ci"}]}, "status": {"jwtTokensByRole": {"ci": {"items": items}}}});
    let listed = project(json!([{"iat": NOW, "id": &*issued.kept.id}]));
    let verify = |project: &Value| {
        let projects = |name: &str| (name == "shop").then(|| project.clone());
        accounts.verify(issued.token.expose(), NOW + 1, &projects)
    };
    let role = verify(&listed).expect("the role");
    assert_eq!(role.subject(), "proj:shop:ci");
    assert!(role.is_project_role() && !role.is_session());
    // Another token of the same second has another id.
    verify(&project(json!([{"iat": NOW, "id": "another"}]))).unwrap_err();
    verify(&project(json!([]))).unwrap_err();
    // From before there were ids.
    verify(&json!({"spec": {"roles": [{"name": "ci", "jwtTokens": [{"iat": NOW}]}]}}))
        .expect("an old token");
    verify(&json!({"spec": {"roles": []}, "status": {"jwtTokensByRole": {"ci": {"items": [{"iat": NOW}]}}}})).unwrap_err();
}

#[test]
fn a_token_is_taken_only_as_it_was_signed() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let accounts = accounts();
    let session = accounts
        .start_session("alice", NOW, &mut random())
        .expect("a session");
    let token = session.token.expose().clone();
    let parts: Vec<&str> = token.split('.').collect();
    let none = encode(r#"{"alg":"none"}"#);
    let admin = encode(&format!(
        r#"{{"iss":"argocd","sub":"admin:login","iat":{NOW},"jti":"x"}}"#
    ));
    let signature = |token: String| verify(&accounts, &token, NOW).unwrap_err();
    assert_eq!(
        signature(format!("{}.{admin}.{}", parts[0], parts[2])),
        TokenError::Signature.into()
    );
    assert_eq!(
        signature(format!("{none}.{admin}.")),
        TokenError::Algorithm.into()
    );
    assert_eq!(
        signature(format!("{none}.{}.{}", parts[1], parts[2])),
        TokenError::Algorithm.into()
    );
    for wrong in [
        "",
        "a.b.c",
        "..",
        &token[..token.len() - 4],
        &format!("{token}.x"),
    ] {
        verify(&accounts, wrong, NOW).unwrap_err();
    }
    let elsewhere = encode(r#"{"iss":"https://id.example.com","sub":"x"}"#);
    let foreign = verify(
        &accounts,
        &format!("{}.{elsewhere}.{}", parts[0], parts[2]),
        NOW,
    );
    assert_eq!(
        foreign,
        Err(AuthError::Foreign("https://id.example.com".into()))
    );
    let (keyless, _) = Accounts::from_config(&config_map(), &Value::Null);
    assert_eq!(verify(&keyless, &token, NOW), Err(AuthError::NoKey));
    assert_eq!(keyless.csrf_token(&token), Err(AuthError::NoKey));
}

#[test]
fn disabled_and_deleted_accounts_have_no_sessions() {
    let (accounts, secret) = (accounts(), secret());
    let session = accounts
        .start_session("alice", NOW, &mut random())
        .expect("a session");
    let with = |setting: &str, value: &str| {
        let mut config_map = config_map();
        config_map.set_at(&["data", setting], value);
        let accounts = Accounts::from_config(&config_map, &secret).0;
        verify(&accounts, session.token.expose(), NOW)
    };
    with("x", "y").expect("unchanged");
    assert_eq!(
        with("accounts.alice.enabled", "false"),
        Err(AuthError::Disabled("alice".into()))
    );
    assert_eq!(
        with("accounts.alice.enabled", "maybe"),
        Err(AuthError::Disabled("alice".into()))
    );
    assert_eq!(
        with("accounts.alice", "apiKey"),
        Err(AuthError::NoCapability("alice".into(), "login"))
    );
    let (accounts, _) = Accounts::from_config(&Value::Null, &secret);
    assert_eq!(
        verify(&accounts, session.token.expose(), NOW),
        Err(AuthError::NoAccount("alice".into()))
    );
}

#[test]
fn what_logged_out_stays_out() {
    let revoked = Revoked::default();
    revoked.revoke("a", Some(NOW + 10), NOW);
    revoked.revoke("", Some(NOW + 10), NOW);
    assert!(revoked.contains("a") && !revoked.contains("b") && !revoked.contains(""));
}

#[test]
fn a_page_proves_that_it_can_read_the_session() {
    let accounts = accounts();
    let csrf = accounts.csrf_token("session one").expect("a key");
    let of = |session: &str| accounts.csrf_token(session).expect("a key");
    assert_eq!(of("session one"), csrf);
    assert_ne!(of("session two"), csrf);
}

#[test]
fn a_bad_setting_makes_one_account_less_and_is_told() {
    let config_map = json!({"data": {
        "accounts.a": "login, fly", "accounts.b.c.d": "login", "accounts.e": "login",
        "accounts.e.enabled": "perhaps", "passwordPattern": "(", "users.session.duration": "long",
        "admin.enabled": "false",
    }});
    let secret = json!({"stringData": {
        "accounts.a.passwordMtime": "yesterday", "accounts.e.tokens": "{", "server.secretkey": "k",
    }});
    let (accounts, problems) = Accounts::from_config(&config_map, &secret);
    let settings: Vec<&str> = problems.iter().map(|p| p.setting.as_str()).collect();
    assert_eq!(
        settings,
        [
            "argocd-cm accounts.a",
            "argocd-cm accounts.b.c.d",
            "argocd-cm accounts.e.enabled",
            "argocd-secret accounts.a.passwordMtime",
            "argocd-secret accounts.e.tokens",
            "argocd-cm users.session.duration",
            "argocd-cm passwordPattern",
        ]
    );
    let enabled: Vec<_> = accounts
        .iter()
        .map(|a| (a.name.as_str(), a.is_enabled))
        .collect();
    assert_eq!(enabled, [("a", false), ("admin", false), ("e", false)]);
    assert!(!accounts.is_login_possible());
    assert_eq!(accounts.session_seconds(), 24 * 3600);
    let change = accounts.change_password("a", "long enough", Hash::Bcrypt, NOW, &mut random());
    assert_eq!(change, Err(ChangeError::BadPattern));
}

#[test]
fn settings_are_read() {
    let accounts = accounts();
    assert_eq!(
        accounts.urls(),
        ["https://windlass.example.com", "https://other.example.com"]
    );
    let of_host = |host: &str| accounts.url_for_host(host);
    assert_eq!(
        of_host("OTHER.example.com"),
        Some("https://other.example.com")
    );
    assert_eq!(
        of_host("evil.example.org"),
        Some("https://windlass.example.com")
    );
    assert!(!accounts.is_anonymous_enabled() && accounts.is_login_possible());
    for (text, want) in [
        ("7d", Some(604_800)),
        ("1h30m", Some(5400)),
        ("0s", Some(0)),
        ("-1h", None),
        ("x", None),
    ] {
        assert_eq!(config::seconds(text), want, "{text}");
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let mut secret = secret();
    let accounts = Accounts::from_config(&config_map(), &secret).0;
    let session = accounts
        .start_session("alice", NOW, &mut random())
        .expect("a session");
    let issued = accounts
        .create_token("ci", 0, "x", NOW, &mut random())
        .expect("a token");
    let setup = Accounts::from_config(&Value::Null, &Value::Null)
        .0
        .setup(NOW, &mut random());
    let printed = format!(
        "{accounts:?} {:?} {session:?} {issued:?} {setup:?}",
        accounts.get("alice")
    );
    let setup = setup.expect("a setup").expect("a setup");
    apply(&mut secret, &setup.change);
    for planted in [
        session.token.expose(),
        issued.token.expose(),
        setup.admin_password.expect("one").expose(),
    ] {
        assert!(!printed.contains(planted.as_str()));
    }
    assert!(!printed.contains("$2a$") && !printed.contains("$argon2id$"));
}

#[test]
fn ids_are_version_four() {
    let id = session::unique_id(&mut |b: &mut [u8]| b.fill(0xff));
    assert_eq!(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}
