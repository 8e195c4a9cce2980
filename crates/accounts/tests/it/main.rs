//! Single sign-on against a provider that is there.

use accounts::oidc::{
    Begun, Callback, Config, Finished, Http, OidcError, Provider, Request, Response,
};
use accounts::{Accounts, AuthError, Identity, NoProjects, Redacted, TokenError};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use testkit::{OidcAlgorithm, OidcProvider, OidcProviderOptions};
use value::{Value, json};

const NOW: i64 = 1_700_000_000;
const BASE: &str = "https://windlass.example.com";

/// A client that answers before it returns.
struct Client;

impl Http for Client {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, String>> + Send {
        let authorization = request.authorization.map(Redacted::into_inner);
        let headers: Vec<(&str, &str)> = authorization
            .iter()
            .map(|a| ("Authorization", a.as_str()))
            .collect();
        let form = request.form.map(Redacted::into_inner).unwrap_or_default();
        let method = if form.is_empty() { "GET" } else { "POST" };
        let answer = testkit::exchange(method, &request.url, &headers, &form);
        std::future::ready(Ok(Response {
            status: answer.status,
            content_type: answer.content_type,
            body: answer.body,
        }))
    }
}

/// Nobody is there.
struct NoClient;

impl Http for NoClient {
    fn send(&self, _: Request) -> impl Future<Output = Result<Response, String>> + Send {
        std::future::ready(Err("connection refused".to_owned()))
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

struct Scene {
    idp: OidcProvider,
    accounts: Accounts,
    provider: Provider,
    seed: u8,
}

impl Scene {
    fn new(options: OidcProviderOptions) -> Self {
        let idp = OidcProvider::start(options);
        let provider = Provider::new(settings(&idp, &json!({})));
        let config_map = json!({"data": {"url": BASE, "users.session.duration": "2h"}});
        let secret = json!({"stringData": {"server.secretkey": "the key of the server"}});
        let (accounts, _) = Accounts::from_config(&config_map, &secret);
        Self {
            idp,
            accounts,
            provider,
            seed: 0,
        }
    }

    fn begin(&mut self, return_url: &str) -> Result<Begun, OidcError> {
        self.seed += 1;
        let seed = self.seed;
        let mut random = move |bytes: &mut [u8]| bytes.fill(seed);
        let begin =
            self.provider
                .begin(&Client, &self.accounts, BASE, return_url, NOW, &mut random);
        run(begin)
    }

    fn finish(&self, callback: &Callback, now: i64) -> Result<Finished, OidcError> {
        let mut random = |bytes: &mut [u8]| bytes.fill(9);
        run(self
            .provider
            .finish(&Client, &self.accounts, callback, now, &mut random))
    }

    /// Goes to the provider and comes back.
    fn visit(&self, begun: &Begun) -> Callback {
        let back = self.idp.visit(&begun.location);
        let (page, query) = back.split_once('?').expect("a query");
        assert_eq!(page, "https://windlass.example.com/auth/callback");
        let mut fields = testkit::fields(query);
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        Callback {
            code: Redacted::new(take("code")),
            state: take("state"),
            cookie: begun.cookie.clone(),
            ..Callback::default()
        }
    }

    fn login(&mut self) -> Result<Finished, OidcError> {
        let begun = self.begin("/applications")?;
        let callback = self.visit(&begun);
        self.finish(&callback, NOW + 5)
    }

    fn verify(&self, token: &str, now: i64) -> Result<Identity, OidcError> {
        run(self.provider.verify(&Client, &self.accounts, token, now))
    }
}

/// The provider's settings with some changed.
fn settings(idp: &OidcProvider, changes: &Value) -> Config {
    let mut settings = Value::parse(idp.config().as_bytes()).expect("settings");
    if let Value::Object(changes) = changes {
        for (name, value) in changes.iter() {
            settings.set_at(&[name.as_str()], value.clone());
        }
    }
    let config_map = json!({"data": {"oidc.config": settings.to_json()}});
    let config = Config::from_config_map(&config_map, &|_| None);
    config.expect("settings").expect("some")
}

#[test]
fn somebody_logs_in_and_has_groups() {
    for algorithm in [OidcAlgorithm::Es256, OidcAlgorithm::Rs256] {
        let mut scene = Scene::new(OidcProviderOptions {
            algorithm,
            ..OidcProviderOptions::default()
        });
        let finished = scene.login().expect("a session");
        assert_eq!(finished.return_url, "/applications");
        assert_eq!(finished.identity.username(), "alice@example.com");
        let scopes = ["groups".to_owned()];
        assert_eq!(finished.identity.groups(&scopes), ["acme:dev"]);
        // The session is foreign to the accounts, and needs no provider.
        let token = finished.session.token.expose();
        let foreign = scene.accounts.verify(token, NOW + 5, &NoProjects);
        assert_eq!(foreign, Err(AuthError::Foreign(scene.idp.issuer())));
        let verify = |now| {
            run(scene
                .provider
                .verify(&NoClient, &scene.accounts, token, now))
        };
        let alice = verify(NOW + 7000).expect("alice");
        assert_eq!(
            (alice.subject(), alice.is_local(), alice.is_session()),
            ("u-1", false, true)
        );
        assert_eq!(
            alice.rbac_subject(&scopes),
            rbac::Subject::user("u-1", ["acme:dev"])
        );
        assert_eq!(alice.token_id(), finished.session.id);
        assert_eq!(verify(NOW + 7205), Err(TokenError::Expired.into()));
    }
}

#[test]
fn groups_may_be_asked_for() {
    for signs_user_info in [false, true] {
        let mut scene = Scene::new(OidcProviderOptions {
            has_user_info: true,
            signs_user_info,
            ..OidcProviderOptions::default()
        });
        let finished = scene.login().expect("a session");
        assert_eq!(
            finished.identity.groups(&["groups".to_owned()]),
            ["acme:dev"]
        );
    }
}

#[test]
fn a_client_without_a_secret_has_pkce() {
    let mut scene = Scene::new(OidcProviderOptions {
        client_secret: None,
        ..OidcProviderOptions::default()
    });
    scene.login().expect("a session");
}

#[test]
fn only_the_browser_that_left_comes_back_and_only_once() {
    let mut scene = Scene::new(OidcProviderOptions::default());
    let mine = scene.begin("").expect("a way");
    let theirs = scene.begin("").expect("a way");
    let callback = scene.visit(&mine);
    let stolen = Callback {
        cookie: theirs.cookie.clone(),
        ..callback.clone()
    };
    assert_eq!(scene.finish(&stolen, NOW), Err(OidcError::State));
    let without = Callback {
        cookie: Redacted::default(),
        ..callback.clone()
    };
    assert_eq!(scene.finish(&without, NOW), Err(OidcError::State));
    let stateless = Callback {
        state: String::new(),
        ..callback.clone()
    };
    assert_eq!(scene.finish(&stateless, NOW), Err(OidcError::State));
    assert_eq!(scene.finish(&callback, NOW + 300), Err(OidcError::State));
    // Their code in my login: the verifier is another's.
    let mixed = Callback {
        code: scene.visit(&theirs).code,
        ..callback.clone()
    };
    let OidcError::Refused {
        status: 400, why, ..
    } = scene.finish(&mixed, NOW).unwrap_err()
    else {
        panic!("the provider refuses");
    };
    assert_eq!(why, "invalid_grant");
    assert_eq!(
        scene.finish(&callback, NOW).expect("a session").return_url,
        "/"
    );
    scene.finish(&callback, NOW).expect_err("a code works once");
}

#[test]
fn a_refusal_is_told_in_the_providers_words() {
    let mut scene = Scene::new(OidcProviderOptions::default());
    let begun = scene.begin("").expect("a way");
    let callback = Callback {
        error: "access_denied".to_owned(),
        error_description: "not\nyou".to_owned(),
        ..scene.visit(&begun)
    };
    let said = scene.finish(&callback, NOW).unwrap_err().to_string();
    assert_eq!(said, "the provider refused: access_denied: notyou");
}

#[test]
fn nobody_is_sent_elsewhere() {
    let mut scene = Scene::new(OidcProviderOptions::default());
    assert_eq!(
        scene.begin("https://evil.example.org/"),
        Err(OidcError::ReturnUrl)
    );
    assert_eq!(
        scene.begin("//evil.example.org/"),
        Err(OidcError::ReturnUrl)
    );
    scene
        .begin("https://windlass.example.com/x")
        .expect("our own");
}

#[test]
fn tokens_of_the_provider_are_taken_from_programs() {
    let scene = Scene::new(OidcProviderOptions::default());
    let signed = |change: &dyn Fn(&mut Value)| {
        let mut claims = scene.idp.claims();
        change(&mut claims);
        scene.verify(&scene.idp.sign(&claims), NOW + 1)
    };
    assert_eq!(signed(&|_| ()).expect("alice").subject(), "u-1");
    assert_eq!(
        signed(&|c| c.set_at(&["aud"], "other")),
        Err(OidcError::Audience)
    );
    assert_eq!(
        signed(&|c| drop(c.remove_at(&["aud"]))),
        Err(OidcError::Audience)
    );
    signed(&|c| c.set_at(&["aud"], json!(["other", "windlass"]))).expect("one of them");
    assert_eq!(
        signed(&|c| c.set_at(&["exp"], NOW)),
        Err(TokenError::Expired.into())
    );
    assert_eq!(
        signed(&|c| drop(c.remove_at(&["exp"]))),
        Err(TokenError::Expired.into())
    );
    assert_eq!(
        signed(&|c| c.set_at(&["nbf"], NOW + 302)),
        Err(TokenError::NotYet.into())
    );
    signed(&|c| c.set_at(&["nbf"], NOW + 301)).expect("clocks differ");
    for name in ["role:admin", "proj:shop:ci", ""] {
        let reserved = OidcError::ReservedName(name.to_owned());
        assert_eq!(signed(&|c| c.set_at(&["sub"], name)), Err(reserved));
    }
    let elsewhere = signed(&|c| c.set_at(&["iss"], "https://other.example.com"));
    assert!(matches!(elsewhere, Err(OidcError::Issuer { .. })));
    let asked = scene.idp.seen().len();
    assert_eq!(
        asked,
        2,
        "discovery and keys are asked for once: {:?}",
        scene.idp.seen()
    );
}

#[test]
fn a_new_key_is_found_and_forgeries_ask_for_it_once_a_minute() {
    let scene = Scene::new(OidcProviderOptions::default());
    let old = scene.idp.sign(&scene.idp.claims());
    scene.verify(&old, NOW).expect("alice");
    scene.idp.rotate_key();
    let new = scene.idp.sign(&scene.idp.claims());
    assert_eq!(
        scene.verify(&new, NOW + 59),
        Err(TokenError::Signature.into())
    );
    scene.verify(&new, NOW + 60).expect("alice, by the new key");
    let asked = scene.idp.seen().len();
    for _ in 0..10 {
        assert_eq!(
            scene.verify(&old, NOW + 61),
            Err(TokenError::Signature.into())
        );
    }
    assert_eq!(scene.idp.seen().len(), asked);
}

#[test]
fn a_token_is_taken_only_as_the_provider_signed_it() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let mut scene = Scene::new(OidcProviderOptions::default());
    let token = scene.idp.sign(&scene.idp.claims());
    let parts: Vec<&str> = token.split('.').collect();
    let with = |header: &str| {
        let forged = format!("{}.{}.{}", encode(header), parts[1], parts[2]);
        scene.verify(&forged, NOW)
    };
    let algorithm = Err(TokenError::Algorithm.into());
    assert_eq!(with(r#"{"alg":"none"}"#), algorithm);
    assert_eq!(with(r#"{"alg":"HS256","kid":"key-1"}"#), algorithm);
    assert_eq!(with(r#"{"alg":"RS256","kid":"key-1"}"#), algorithm);
    assert_eq!(
        with(r#"{"alg":"ES256","kid":"key-1","crit":["x"]}"#),
        algorithm
    );
    let session = Err(TokenError::Signature.into());
    assert_eq!(with(r#"{"alg":"HS256","typ":"windlass-sso+jwt"}"#), session);
    // A session ends with the settings that it was begun with.
    let finished = scene.login().expect("a session");
    scene.provider = Provider::new(settings(
        &scene.idp,
        &json!({"issuer": "https://new.example.com"}),
    ));
    let verified = scene.verify(finished.session.token.expose(), NOW + 6);
    assert!(matches!(verified, Err(OidcError::Issuer { .. })));
}

#[test]
fn a_provider_that_is_down_is_left_alone_for_a_while() {
    struct Down(std::sync::atomic::AtomicU32);
    impl Http for Down {
        fn send(&self, _: Request) -> impl Future<Output = Result<Response, String>> + Send {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            std::future::ready(Err("connection refused".to_owned()))
        }
    }
    let scene = Scene::new(OidcProviderOptions::default());
    let forged = scene.idp.sign(&scene.idp.claims());
    let down = Down(0.into());
    for now in [NOW, NOW + 1, NOW + 4] {
        let verify = scene.provider.verify(&down, &scene.accounts, &forged, now);
        let said = run(verify).unwrap_err().to_string();
        assert!(said.ends_with("connection refused"), "{said}");
    }
    assert_eq!(down.0.into_inner(), 1);
    scene.verify(&forged, NOW + 4).expect_err("not yet");
    scene
        .verify(&forged, NOW + 5)
        .expect("alice, when it is back");
}

#[test]
fn what_a_provider_says_is_not_believed_blindly() {
    let scene = Scene::new(OidcProviderOptions::default());
    let fails = |provider: &Provider| {
        let mut random = |bytes: &mut [u8]| bytes.fill(1);
        let begin = provider.begin(&Client, &scene.accounts, BASE, "", NOW, &mut random);
        run(begin).unwrap_err().to_string()
    };
    let slash = json!({"issuer": format!("{}/", scene.idp.issuer())});
    let said = fails(&Provider::new(settings(&scene.idp, &slash)));
    assert!(said.contains("the provider calls itself"), "{said}");
    let lost = json!({"issuer": format!("{}/lost", scene.idp.issuer())});
    let said = fails(&Provider::new(settings(&scene.idp, &lost)));
    assert!(
        said.ends_with("/lost/.well-known/openid-configuration answers 404"),
        "{said}"
    );
}

#[test]
fn no_secret_is_ever_printed() {
    let mut scene = Scene::new(OidcProviderOptions::default());
    let begun = scene.begin("").expect("a way");
    let callback = scene.visit(&begun);
    let finished = scene.finish(&callback, NOW).expect("a session");
    let wrong = Provider::new(settings(
        &scene.idp,
        &json!({"clientSecret": "a wrong secret"}),
    ));
    let again = scene.begin("").expect("a way");
    let refused = {
        let mut random = |bytes: &mut [u8]| bytes.fill(1);
        let back = scene.visit(&again);
        run(wrong.finish(&Client, &scene.accounts, &back, NOW, &mut random)).unwrap_err()
    };
    let printed = format!(
        "{begun:?} {callback:?} {finished:?} {wrong:?} {refused:?} {refused} {:?}",
        scene.provider
    );
    assert!(
        refused.to_string().ends_with("answers 400: invalid_client"),
        "{refused}"
    );
    let secrets = [
        "a client's secret",
        "a wrong secret",
        finished.session.token.expose(),
        begun.cookie.expose(),
        callback.code.expose(),
    ];
    for secret in secrets {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn logging_out_may_go_on_at_the_provider() {
    let scene = Scene::new(OidcProviderOptions::default());
    assert_eq!(scene.provider.logout_url(BASE), None);
    let url = "https://id.example.com/logout?hint={{token}}&to={{logoutRedirectURL}}";
    let provider = Provider::new(settings(&scene.idp, &json!({"logoutURL": url})));
    let want = "https://id.example.com/logout?hint=&to=https://windlass.example.com";
    assert_eq!(provider.logout_url(BASE).as_deref(), Some(want));
}

#[test]
fn a_session_goes_on_while_the_provider_vouches() {
    let mut scene = Scene::new(OidcProviderOptions::default());
    let first = scene.login().expect("logged in");
    let refresh = first.refresh.expect("the provider gives one");
    let renew = |scene: &Scene, refresh: &Redacted<String>, now| {
        let mut random = |bytes: &mut [u8]| bytes.fill(8);
        let (provider, accounts) = (&scene.provider, &scene.accounts);
        run(provider.renew(
            &Client,
            accounts,
            &first.identity,
            refresh,
            now,
            &mut random,
        ))
    };
    let user = |sub: &str, groups: Value| json!({"sub": sub, "groups": groups});
    scene.idp.set_user(user("u-1", json!(["acme:ops"])));
    let next = renew(&scene, &refresh, NOW + 300).expect("renewed");
    let token = next.session.token.expose();
    let found = scene
        .verify(token, NOW + 7_400)
        .expect("it lasts longer than the first");
    let scopes = ["groups".to_owned()];
    assert_eq!(
        found.groups(&scopes),
        ["acme:ops"],
        "groups are asked for anew"
    );
    assert_ne!(next.session.id, first.session.id);
    // What was used is gone, and nobody becomes somebody else.
    assert!(matches!(
        renew(&scene, &refresh, NOW + 300),
        Err(OidcError::Refused { .. })
    ));
    let mut scene = Scene::new(OidcProviderOptions::default());
    let again = scene.login().expect("logged in").refresh.expect("one");
    scene.idp.set_user(user("u-2", json!([])));
    assert!(matches!(
        renew(&scene, &again, NOW + 300),
        Err(OidcError::Unexpected { .. })
    ));
}
