//! Signatures that `git`, `gpg` 2.2 and `ssh-keygen` made, by keys made for this: see
//! `tests/data/README.md`.

use jiff::Timestamp;
use signatures::{Keyring, Outcome, Signed, Verification};
use value::{Value, json};

fn data(name: &str) -> String {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect(name)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn keyring(names: &[&str]) -> Keyring {
    let mut keyring = Keyring::default();
    for name in names {
        keyring
            .add_openpgp(&data(&format!("{name}.asc")))
            .expect(name);
    }
    keyring
}

const EVERYONE: [&str; 6] = ["ada", "bob", "eve", "rex", "nora", "sue"];

fn verify(name: &str, now: &str) -> Verification {
    let signed = Signed::commit(data(&format!("{name}.commit")).as_bytes());
    keyring(&EVERYONE).verify(&signed, at(now))
}

#[test]
fn openpgp_signatures() {
    for (name, outcome, signer) in [
        ("ada", Outcome::Good, "Ada <ada@example.com>"),
        ("bob", Outcome::Good, "Bob <bob@example.com>"),
        ("nora", Outcome::Good, "Nora Nistp <nora@example.com>"),
        ("sue", Outcome::Good, "Sue Subkey <sue@example.com>"),
        ("eve", Outcome::ExpiredKey, "Eve Expired <eve@example.com>"),
        ("rex", Outcome::RevokedKey, "Rex Revoked <rex@example.com>"),
        (
            "expiring",
            Outcome::ExpiredSignature,
            "Ada <ada@example.com>",
        ),
        ("unsigned", Outcome::Unsigned, ""),
    ] {
        let found = verify(name, "2024-06-01T00:00:00Z");
        assert_eq!(
            (found.outcome, found.signer.as_str()),
            (outcome, signer),
            "{name}"
        );
    }
    assert_eq!(
        verify("ada", "2024-06-01T00:00:00Z").key_id,
        "DAC50D1F3EC4788F"
    );
    assert_eq!(verify("eve", "2024-01-20T00:00:00Z").outcome, Outcome::Good);
    assert_eq!(
        verify("expiring", "2024-01-10T12:00:00Z").outcome,
        Outcome::Good
    );
    // A signature from the future.
    assert_eq!(verify("ada", "2024-01-05T00:00:00Z").outcome, Outcome::Bad);
}

#[test]
fn changed_commits_are_bad() {
    let now = at("2024-06-01T00:00:00Z");
    for name in ["ada", "bob", "sue"] {
        let changed = data(&format!("{name}.commit")).replace("signed by", "Signed by");
        let found = keyring(&EVERYONE).verify(&Signed::commit(changed.as_bytes()), now);
        assert_eq!(found.outcome, Outcome::Bad, "{name}");
    }
    // Someone else's signature.
    let signed = Signed {
        signature: Signed::commit(data("bob.commit").as_bytes()).signature,
        ..Signed::commit(data("ada.commit").as_bytes())
    };
    assert_eq!(
        keyring(&EVERYONE).verify(&signed, now).outcome,
        Outcome::Bad
    );
    for garbage in [
        "",
        "x",
        "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n",
        "-----BEGIN SIGNED MESSAGE-----\n",
    ] {
        let signed = Signed {
            payload: Vec::new(),
            signature: Some(garbage.to_owned()),
        };
        assert_eq!(
            keyring(&EVERYONE).verify(&signed, now).outcome,
            Outcome::Bad,
            "{garbage}"
        );
    }
}

#[test]
fn unknown_keys() {
    let signed = Signed::commit(data("bob.commit").as_bytes());
    let found = keyring(&["ada"]).verify(&signed, at("2024-06-01T00:00:00Z"));
    assert_eq!(found.outcome, Outcome::MissingKey);
    assert_eq!(found.key_id, "584C8CA43C3F608B");
}

#[test]
fn tags() {
    let now = at("2024-06-01T00:00:00Z");
    let tag = Signed::tag(data("ada.tag").as_bytes());
    assert_eq!(keyring(&EVERYONE).verify(&tag, now).outcome, Outcome::Good);
    let changed = data("ada.tag").replace("release", "Release");
    let changed = Signed::tag(changed.as_bytes());
    assert_eq!(
        keyring(&EVERYONE).verify(&changed, now).outcome,
        Outcome::Bad
    );
    let unsigned = Signed::tag(b"object 0\ntype commit\n\nmessage\n");
    assert_eq!(
        keyring(&EVERYONE).verify(&unsigned, now).outcome,
        Outcome::Unsigned
    );
}

#[test]
fn ssh_signatures() {
    let mut keyring = Keyring::default();
    assert_eq!(
        keyring.add_allowed_signers(&data("allowed_signers")),
        [""; 0]
    );
    let verify = |name: &str, now: &str| {
        let signed = Signed::commit(data(&format!("ssh-{name}.commit")).as_bytes());
        keyring.verify(&signed, at(now))
    };
    let (before, after) = ("2024-05-01T00:00:00Z", "2024-07-01T00:00:00Z");
    let ada = verify("ed", after);
    assert_eq!(ada.outcome, Outcome::Good);
    assert_eq!(ada.signer, "ada@example.com,*@ada.example.com");
    assert!(ada.key_id.starts_with("SHA256:"));
    assert_eq!(verify("rsa", before).outcome, Outcome::Good);
    assert_eq!(verify("rsa", after).outcome, Outcome::ExpiredKey);
    assert_eq!(verify("ec", after).outcome, Outcome::Untrusted);
    assert_eq!(verify("other", after).outcome, Outcome::MissingKey);
    let changed = data("ssh-ed.commit").replace("ssh ed", "ssh Ed");
    let changed = keyring.verify(&Signed::commit(changed.as_bytes()), at(after));
    assert_eq!(changed.outcome, Outcome::Bad);
}

#[test]
fn allowed_signers_that_cannot_be_used() {
    let mut keyring = Keyring::default();
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJZKXGnMXPKjBZ5GzPOyQ0ZUZ3qGkhKvPqJ7tXqS0VRj";
    let text = format!(
        "a@b nonsense\na@b cert-authority {key}\na@b valid-after=\"2024\" {key}\n\n# fine\n"
    );
    assert_eq!(keyring.add_allowed_signers(&text).len(), 3);
    assert!(keyring.is_empty());
}

#[test]
fn the_config_map_of_keys() {
    let map = json!({"data": {"DAC50D1F3EC4788F": data("ada.asc"), "0000000000000000": data("bob.asc"), "X": "nonsense"}});
    let (keyring, problems) = Keyring::from_gpg_keys_cm(&map);
    assert_eq!(problems.len(), 2, "{problems:?}");
    let signed = Signed::commit(data("ada.commit").as_bytes());
    assert_eq!(
        keyring.verify(&signed, at("2024-06-01T00:00:00Z")).outcome,
        Outcome::Good
    );
    assert!(Keyring::from_gpg_keys_cm(&Value::Null).0.is_empty());
}

#[test]
fn keys_are_listed() {
    let keys = signatures::openpgp_keys(&data("ada.asc")).unwrap();
    let [key] = keys.as_slice() else {
        panic!("{keys:?}");
    };
    assert_eq!(key.id, "DAC50D1F3EC4788F");
    assert!(key.fingerprint.ends_with(&key.id), "{}", key.fingerprint);
    assert!(!key.owner.is_empty() && !key.algorithm.is_empty());
    // What is kept is the key alone, and reads as itself.
    let again = signatures::openpgp_keys(&key.armored).unwrap();
    assert_eq!(again[0].fingerprint, key.fingerprint);
    assert!(signatures::openpgp_keys("nonsense").is_err());
}
