//! An OpenID Connect provider on a free loopback port, for one test.
//!
//! It asks nobody for a password: who comes to its page is the user that the test set. Codes work
//! once, and only with their client, redirect address and PKCE verifier.

use crate::http::{HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer as _;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::SignatureEncoding as _;
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use value::{Value, json};

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OidcAlgorithm {
    /// Elliptic curve, made at once.
    #[default]
    Es256,
    /// RSA, whose key takes a moment.
    Rs256,
}

/// What an [`OidcProvider`] is like.
#[derive(Clone, Debug)]
pub struct OidcProviderOptions {
    /// The client that it knows.
    pub client_id: String,
    /// The client's secret; `None` if it has none.
    pub client_secret: Option<String>,
    /// How it signs.
    pub algorithm: OidcAlgorithm,
    /// Whether the groups are told at `/userinfo` alone.
    pub has_user_info: bool,
    /// Whether `/userinfo` answers with a signed token.
    pub signs_user_info: bool,
    /// What tokens say beside the usual; `sub` at least.
    pub user: Value,
    /// The time, in seconds.
    pub now: i64,
}

impl Default for OidcProviderOptions {
    fn default() -> Self {
        Self {
            client_id: "windlass".to_owned(),
            client_secret: Some("a client's secret".to_owned()),
            algorithm: OidcAlgorithm::default(),
            has_user_info: false,
            signs_user_info: false,
            user: json!({"sub": "u-1", "email": "alice@example.com", "groups": ["acme:dev"]}),
            now: 1_700_000_000,
        }
    }
}

enum Key {
    Es256(Box<p256::ecdsa::SigningKey>),
    Rs256(Box<SigningKey<Sha256>>),
}

/// What a code stands for.
struct Grant {
    challenge: String,
    nonce: String,
    redirect: String,
}

struct State {
    options: OidcProviderOptions,
    issuer: String,
    key: Key,
    keys_made: u8,
    codes: HashMap<String, Grant>,
    codes_made: u32,
    /// The refresh token that counts: each is used once.
    refresh: Option<String>,
}

/// A provider.
pub struct OidcProvider {
    http: HttpServer,
    state: Arc<Mutex<State>>,
}

impl OidcProvider {
    /// Starts a provider.
    #[must_use]
    pub fn start(options: OidcProviderOptions) -> Self {
        let state = Arc::new(Mutex::new(State {
            key: Key::new(options.algorithm, 1),
            options,
            issuer: String::new(),
            keys_made: 1,
            codes: HashMap::new(),
            codes_made: 0,
            refresh: None,
        }));
        let answering = Arc::clone(&state);
        let http = HttpServer::start(move |request| lock(&answering).answer(request));
        lock(&state).issuer = format!("http://{}", http.addr());
        Self { http, state }
    }

    /// Returns the provider's address.
    #[must_use]
    pub fn issuer(&self) -> String {
        lock(&self.state).issuer.clone()
    }

    /// Returns the settings of a client, as `oidc.config` of `argocd-cm` has them.
    #[must_use]
    pub fn config(&self) -> String {
        let state = lock(&self.state);
        let mut config = json!({
            "name": "Test", "issuer": &*state.issuer, "clientID": &*state.options.client_id,
        });
        if let Some(secret) = &state.options.client_secret {
            config.set_at(&["clientSecret"], secret);
        }
        if state.options.has_user_info {
            config.set_at(&["enableUserInfoGroups"], true);
            config.set_at(&["userInfoPath"], "/userinfo");
        }
        config.to_json()
    }

    /// Changes who comes to the page.
    pub fn set_user(&self, user: Value) {
        lock(&self.state).options.user = user;
    }

    /// Makes another key; the old one is forgotten.
    pub fn rotate_key(&self) {
        let mut state = lock(&self.state);
        state.keys_made += 1;
        state.key = Key::new(state.options.algorithm, state.keys_made);
    }

    /// Signs a token that says just that.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        lock(&self.state).sign(claims)
    }

    /// Returns the claims of a token for the user.
    #[must_use]
    pub fn claims(&self) -> Value {
        lock(&self.state).claims("")
    }

    /// Returns what was asked for, as method and target.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        let seen = self.http.seen().into_iter();
        seen.map(|r| format!("{} {}", r.method, r.target)).collect()
    }

    /// Goes to the page as a browser would; returns where it is sent, with code and state.
    #[must_use]
    pub fn visit(&self, location: &str) -> String {
        let answer = exchange("GET", location, &[], "");
        assert_eq!(answer.status, 302, "the page sends back");
        answer.location
    }
}

impl Key {
    fn new(algorithm: OidcAlgorithm, number: u8) -> Self {
        match algorithm {
            OidcAlgorithm::Es256 => {
                let key = p256::ecdsa::SigningKey::from_slice(&[number; 32]);
                Self::Es256(Box::new(key.expect("a number in range")))
            }
            OidcAlgorithm::Rs256 => {
                let key = rsa::RsaPrivateKey::new(&mut Digits(u64::from(number)), 2048);
                Self::Rs256(Box::new(SigningKey::new(key.expect("a key"))))
            }
        }
    }
}

/// Random numbers that are the same each time: nobody is protected by these keys.
struct Digits(u64);

impl rsa::rand_core::RngCore for Digits {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            self.0 += 1_000;
            part.copy_from_slice(&Sha256::digest(self.0.to_be_bytes())[..part.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Digits {}

impl State {
    fn answer(&mut self, request: &HttpRequest) -> HttpResponse {
        let (path, query) = request.split();
        match path {
            "/.well-known/openid-configuration" => self.discovery(),
            "/keys" => json_answer(200, &self.key_set()),
            "/authorize" => self.authorize(&fields(query)),
            "/token" => {
                let body = String::from_utf8_lossy(&request.body);
                self.token(&fields(&body), request.header("authorization"))
            }
            "/userinfo" if request.header("authorization") == "Bearer access" => self.user_info(),
            "/userinfo" => json_answer(401, &json!({"error": "invalid_token"})),
            _ => HttpResponse::new(404, ""),
        }
    }

    fn discovery(&self) -> HttpResponse {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json_answer(
            200,
            &json!({
                "issuer": &*self.issuer,
                "authorization_endpoint": at("/authorize"),
                "token_endpoint": at("/token"),
                "jwks_uri": at("/keys"),
                "userinfo_endpoint": at("/userinfo"),
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": [self.algorithm()],
            }),
        )
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Es256(_) => "ES256",
            Key::Rs256(_) => "RS256",
        }
    }

    fn key_id(&self) -> String {
        format!("key-{}", self.keys_made)
    }

    fn key_set(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.key {
            Key::Es256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let (x, y) = (point.x().expect("x"), point.y().expect("y"));
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Key::Rs256(key) => {
                let key: &rsa::RsaPrivateKey = (**key).as_ref();
                let (n, e) = (key.n().to_bytes_be(), key.e().to_bytes_be());
                json!({"kty": "RSA", "n": text(&n), "e": text(&e)})
            }
        };
        key.set_at(&["kid"], self.key_id());
        key.set_at(&["use"], "sig");
        // Keys for other purposes, and of kinds that nobody knows.
        json!({"keys": [{"kty": "XYZ", "kid": "odd"}, key]})
    }

    fn authorize(&mut self, query: &HashMap<String, String>) -> HttpResponse {
        let get = |name: &str| query.get(name).cloned().unwrap_or_default();
        let is_known = get("client_id") == self.options.client_id && get("response_type") == "code";
        if !is_known || get("code_challenge_method") != "S256" {
            return json_answer(400, &json!({"error": "invalid_request"}));
        }
        self.codes_made += 1;
        let code = format!("code {}&", self.codes_made);
        let redirect = get("redirect_uri");
        let location = format!(
            "{redirect}?code={}&state={}",
            escape(&code),
            escape(&get("state"))
        );
        let grant = Grant {
            challenge: get("code_challenge"),
            nonce: get("nonce"),
            redirect,
        };
        self.codes.insert(code, grant);
        HttpResponse::new(302, "").with("Location", location)
    }

    fn token(&mut self, form: &HashMap<String, String>, authorization: &str) -> HttpResponse {
        let get = |name: &str| form.get(name).map_or("", String::as_str);
        let refuse = |code: &str| json_answer(400, &json!({"error": code}));
        let (id, secret) = (&self.options.client_id, &self.options.client_secret);
        let is_client = match secret {
            Some(secret) => {
                let basic = STANDARD.encode(format!("{}:{}", escape(id), escape(secret)));
                authorization == format!("Basic {basic}")
                    || (get("client_id") == id && get("client_secret") == secret)
            }
            None => get("client_id") == id,
        };
        if !is_client {
            return refuse("invalid_client");
        }
        if get("grant_type") == "refresh_token" {
            if self.refresh.take().as_deref() != Some(get("refresh_token")) {
                return refuse("invalid_grant");
            }
            return self.tokens("");
        }
        let Some(grant) = self.codes.remove(get("code")) else {
            return refuse("invalid_grant");
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
        if challenge != grant.challenge || get("redirect_uri") != grant.redirect {
            return refuse("invalid_grant");
        }
        self.tokens(&grant.nonce)
    }

    fn tokens(&mut self, nonce: &str) -> HttpResponse {
        let token = self.sign(&self.claims(nonce));
        self.codes_made += 1;
        let refresh = format!("refresh-{}", self.codes_made);
        self.refresh = Some(refresh.clone());
        let answer = json!({
            "token_type": "Bearer", "access_token": "access", "id_token": token,
            "refresh_token": refresh,
        });
        json_answer(200, &answer)
    }

    fn user_info(&self) -> HttpResponse {
        if !self.options.signs_user_info {
            return json_answer(200, &self.options.user);
        }
        let mut claims = self.claims("");
        claims.set_at(&["groups"], self.options.user.get("groups").cloned());
        HttpResponse::new(200, self.sign(&claims)).with("Content-Type", "application/jwt")
    }

    fn claims(&self, nonce: &str) -> Value {
        let mut claims = self.options.user.clone();
        if self.options.has_user_info {
            claims.remove_at(&["groups"]);
        }
        claims.set_at(&["iss"], &*self.issuer);
        claims.set_at(&["aud"], &*self.options.client_id);
        claims.set_at(&["iat"], self.options.now);
        claims.set_at(&["exp"], self.options.now + 600);
        if !nonce.is_empty() {
            claims.set_at(&["nonce"], nonce);
        }
        claims
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "kid": self.key_id(), "typ": "JWT"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_json());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = match &self.key {
            Key::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(signed.as_bytes());
                signature.to_bytes().to_vec()
            }
            Key::Rs256(key) => key.sign(signed.as_bytes()).to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn json_answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status, body.to_json()).with("Content-Type", "application/json")
}

/// What a server said to [`exchange`].
#[derive(Clone, Debug, Default)]
pub struct Exchanged {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: String,
    /// The header `Location`.
    pub location: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends one request to a server on this machine, without TLS; a form if there is one.
#[must_use]
pub fn exchange(method: &str, url: &str, headers: &[(&str, &str)], form: &str) -> Exchanged {
    let rest = url
        .strip_prefix("http://")
        .expect("an address of plain HTTP");
    let (host, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let target = if target.is_empty() { "/" } else { target };
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !form.is_empty() {
        request.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
    }
    request.push_str(&format!(
        "Connection: close\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    let mut stream = TcpStream::connect(host).expect("the server is there");
    stream
        .write_all(request.as_bytes())
        .expect("the server listens");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("nothing more to say");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers");
    let end = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("an end of the head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|l| l.split_once(": "));
        let found = lines.find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or_else(String::new, |(_, v)| v.to_owned())
    };
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    Exchanged {
        status: status.expect("a status"),
        content_type: header("content-type"),
        location: header("location"),
        body: answer[end + 4..].to_vec(),
    }
}

/// Reads a form, or a query.
#[must_use]
pub fn fields(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter(|p| !p.is_empty());
    let pairs = pairs.map(|p| p.split_once('=').unwrap_or((p, "")));
    pairs.map(|(n, v)| (unescape(n), unescape(v))).collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = String::from_utf8(hex).expect("two digits");
                u8::from_str_radix(&hex, 16).expect("two digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("a text")
}

fn escape(text: &str) -> String {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
    let bytes = text.bytes().map(|b| match is_plain(&b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    });
    bytes.collect()
}
