//! Certificates: valid ones, the same for the same place in the same render.

use super::keys::Key;
use super::{Called, Function, INT, LIST, STR, der, fixed, int_at, str_at};
use crate::encoding;
use crate::error::Error;
use crate::exec::Exec;
use crate::random::Random;
use crate::time::Time;
use crate::value::{Kind, Object, Type, Value};
use sha1::{Digest, Sha1};
use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

/// Steps that an RSA key of 2,048 bits is worth: some tenths of a second.
const RSA_STEPS: usize = 1_000_000;
const TYPE: &str = "sprig.certificate";
const CERTIFICATE: Type = Type::Object(TYPE, Kind::Struct);
const LATEST_UTC_SECONDS: i64 = 2_524_608_000;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("genPrivateKey", &[STR], private_key),
    fixed("buildCustomCert", &[STR, STR], custom),
    fixed("genCA", &[STR, INT], |exec, a| authority(exec, a, None)),
    fixed("genCAWithKey", &[STR, INT, STR], |exec, a| {
        let key = given_key(&str_at(a, 2))?;
        authority(exec, a, Some(key))
    }),
    fixed("genSelfSignedCert", &[STR, LIST, LIST, INT], |exec, a| {
        self_signed(exec, a, None)
    }),
    fixed(
        "genSelfSignedCertWithKey",
        &[STR, LIST, LIST, INT, STR],
        |exec, a| {
            let key = given_key(&str_at(a, 4))?;
            self_signed(exec, a, Some(key))
        },
    ),
    fixed(
        "genSignedCert",
        &[STR, LIST, LIST, INT, CERTIFICATE],
        |exec, a| signed(exec, a, None),
    ),
    fixed(
        "genSignedCertWithKey",
        &[STR, LIST, LIST, INT, CERTIFICATE, STR],
        |exec, a| {
            let key = given_key(&str_at(a, 5))?;
            signed(exec, a, Some(key))
        },
    ),
];

/// A certificate with its key, both as PEM.
struct Certificate {
    cert: String,
    key: String,
}

impl Object for Certificate {
    fn type_name(&self) -> &'static str {
        TYPE
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(self.cert.as_str().into()),
            "Key" => Some(self.key.as_str().into()),
            _ => None,
        }
    }

    fn text(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn json(&self) -> Option<Value> {
        Some(Value::map([
            ("Cert", Value::from(self.cert.as_str())),
            ("Key", Value::from(self.key.as_str())),
        ]))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|o| o.cert == self.cert && o.key == self.key)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn certificate(cert: String, key: String) -> Value {
    Value::Object(Rc::new(Certificate { cert, key }))
}

fn given_key(text: &[u8]) -> Result<Key, Error> {
    Key::from_pem(text).map_err(|e| Error::wrap("parsing private key: ", e))
}

fn private_key(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let kind = str_at(a, 0);
    let key = match kind.as_bytes() {
        b"" | b"rsa" => {
            exec.charge(8 * RSA_STEPS)?;
            Key::new_rsa(&mut exec.random("genPrivateKey"), 4096)?
        }
        b"ecdsa" => Key::new_ec(&mut exec.random("genPrivateKey")),
        b"ed25519" => Key::new_ed25519(&mut exec.random("genPrivateKey")),
        b"dsa" => return Ok("failed to generate dsa params: DSA keys are not made here".into()),
        _ => return Ok(format!("Unknown type {kind}").into()),
    };
    Ok(key.pem()?.into())
}

fn custom(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let cert = encoding::from_base64(&str_at(a, 0))
        .map_err(|_| Error::new("unable to decode base64 certificate"))?;
    let key = encoding::from_base64(&str_at(a, 1))
        .map_err(|_| Error::new("unable to decode base64 private key"))?;
    let (_, bytes) = der::from_pem(&cert).ok_or("unable to decode certificate")?;
    if subject(&bytes).is_none() {
        return Err(
            "error parsing certificate: decodedCert.Bytes: x509: malformed certificate".into(),
        );
    }
    Key::from_pem(&key).map_err(|e| Error::wrap("error parsing private key: ", e))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(certificate(text(cert), text(key)))
}

/// What a certificate is about.
struct Request {
    name: String,
    ips: Vec<IpAddr>,
    names: Vec<String>,
    days: i64,
    is_authority: bool,
}

fn request(a: &[Value]) -> Result<Request, Error> {
    let mut request = Request {
        name: str_at(a, 0).to_string(),
        ips: Vec::new(),
        names: Vec::new(),
        days: int_at(a, 3),
        is_authority: false,
    };
    for ip in a[1].elements().unwrap_or_default() {
        let shown = crate::fmt::text_of(&ip);
        let text = ip
            .as_str()
            .ok_or_else(|| Error::new(format!("error parsing ip: {shown} is not a string")))?;
        let parsed = text.lossy().parse();
        request
            .ips
            .push(parsed.map_err(|_| Error::new(format!("error parsing ip: {shown}")))?);
    }
    for name in a[2].elements().unwrap_or_default() {
        let shown = crate::fmt::text_of(&name);
        let text = name.as_str().ok_or_else(|| {
            Error::new(format!(
                "error processing alternate dns name: {shown} is not a string"
            ))
        })?;
        request.names.push(text.to_string());
    }
    Ok(request)
}

fn key_or_new(
    exec: &mut Exec<'_, '_>,
    random: &mut Random,
    key: Option<Key>,
) -> Result<Key, Error> {
    match key {
        Some(key) => Ok(key),
        None => {
            exec.charge(RSA_STEPS)?;
            Key::new_rsa(random, 2048)
        }
    }
}

fn authority(exec: &mut Exec<'_, '_>, a: &[Value], key: Option<Key>) -> Called {
    let request = Request {
        name: str_at(a, 0).to_string(),
        ips: Vec::new(),
        names: Vec::new(),
        days: int_at(a, 1),
        is_authority: true,
    };
    let mut random = exec.random("genCA");
    let key = key_or_new(exec, &mut random, key)?;
    issue(exec, &mut random, &request, &key, None)
}

fn self_signed(exec: &mut Exec<'_, '_>, a: &[Value], key: Option<Key>) -> Called {
    let request = request(a)?;
    let mut random = exec.random("genSelfSignedCert");
    let key = key_or_new(exec, &mut random, key)?;
    issue(exec, &mut random, &request, &key, None)
}

fn signed(exec: &mut Exec<'_, '_>, a: &[Value], key: Option<Key>) -> Called {
    let request = request(a)?;
    let mut random = exec.random("genSignedCert");
    let key = key_or_new(exec, &mut random, key)?;
    let ca = match &a[4] {
        Value::Object(o) => o.as_any().downcast_ref::<Certificate>(),
        _ => None,
    };
    let ca = ca.ok_or("unable to decode certificate")?;
    let (_, bytes) = der::from_pem(ca.cert.as_bytes()).ok_or("unable to decode certificate")?;
    let issuer = subject(&bytes)
        .ok_or("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate")?;
    let signer = Key::from_pem(ca.key.as_bytes())
        .map_err(|e| Error::wrap("error parsing private key: ", e))?;
    issue(
        exec,
        &mut random,
        &request,
        &key,
        Some(&(issuer.to_vec(), signer)),
    )
}

/// Returns the name that a certificate is for, as it is encoded.
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let (body, _) = der::expect(certificate, 0x30)?;
    let (mut rest, _) = der::expect(body, 0x30)?;
    if let Some((_, after)) = der::expect(rest, 0xA0) {
        rest = after;
    }
    // Serial number, algorithm, issuer, validity.
    for tag in [2, 0x30, 0x30, 0x30] {
        rest = der::expect(rest, tag)?.1;
    }
    let after = der::expect(rest, 0x30)?.1;
    Some(&rest[..rest.len() - after.len()])
}

fn common_name(name: &str) -> Vec<u8> {
    if name.is_empty() {
        return der::sequence(&[]);
    }
    let printable = |b: u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&b);
    let tag = if name.bytes().all(printable) {
        0x13
    } else {
        0x0C
    };
    let attribute = der::sequence(&[
        &der::object_id(&[0x55, 4, 3]),
        &der::value(tag, name.as_bytes()),
    ]);
    der::sequence(&[&der::value(0x31, &attribute)])
}

fn time(seconds: i64) -> Vec<u8> {
    let time = Time::utc(seconds);
    if seconds < LATEST_UTC_SECONDS {
        der::value(0x17, time.format(b"060102150405Z").as_bytes())
    } else {
        der::value(0x18, time.format(b"20060102150405Z").as_bytes())
    }
}

fn extension(id: u8, critical: bool, content: &[u8]) -> Vec<u8> {
    let id = der::object_id(&[0x55, 0x1D, id]);
    let content = der::value(4, content);
    if critical {
        der::sequence(&[&id, &der::value(1, &[0xFF]), &content])
    } else {
        der::sequence(&[&id, &content])
    }
}

fn key_id(public: &[u8]) -> Vec<u8> {
    let bits = der::expect(public, 0x30)
        .and_then(|(body, _)| der::read(body))
        .and_then(|(_, _, rest)| der::expect(rest, 3))
        .map_or(public, |(bits, _)| bits.get(1..).unwrap_or_default());
    Sha1::digest(bits).to_vec()
}

fn extensions(request: &Request, public: &[u8], signer: Option<&Key>) -> Result<Vec<u8>, Error> {
    // Digital signature, key encipherment, and for authorities certificate signing.
    let usage: &[u8] = if request.is_authority {
        &[3, 2, 2, 0xA4]
    } else {
        &[3, 2, 5, 0xA0]
    };
    let purpose = |last: u8| der::object_id(&[0x2B, 6, 1, 5, 5, 7, 3, last]);
    let basic = if request.is_authority {
        der::sequence(&[&der::value(1, &[0xFF])])
    } else {
        der::sequence(&[])
    };
    let mut all = vec![
        extension(15, true, usage),
        extension(37, false, &der::sequence(&[&purpose(1), &purpose(2)])),
        extension(19, true, &basic),
    ];
    if request.is_authority {
        all.push(extension(14, false, &der::value(4, &key_id(public))));
    }
    if let Some(signer) = signer {
        let id = der::value(0x80, &key_id(&signer.public()?));
        all.push(extension(35, false, &der::sequence(&[&id])));
    }
    let mut names: Vec<Vec<u8>> = request
        .names
        .iter()
        .map(|n| der::value(0x82, n.as_bytes()))
        .collect();
    names.extend(request.ips.iter().map(|ip| match ip {
        IpAddr::V4(ip) => der::value(0x87, &ip.octets()),
        IpAddr::V6(ip) => der::value(0x87, &ip.octets()),
    }));
    if !names.is_empty() {
        all.push(extension(17, false, &der::value(0x30, &names.concat())));
    }
    Ok(der::value(0x30, &all.concat()))
}

fn issue(
    exec: &mut Exec<'_, '_>,
    random: &mut Random,
    request: &Request,
    key: &Key,
    by: Option<&(Vec<u8>, Key)>,
) -> Called {
    let now = exec.run.options.now_seconds;
    let until = now.saturating_add(request.days.saturating_mul(86_400));
    let mut serial = [0; 16];
    random.fill(&mut serial);
    serial[0] &= 0x7F;
    let subject = common_name(&request.name);
    let (issuer, signer) = match by {
        Some((issuer, signer)) => (issuer, signer),
        None => (&subject, key),
    };
    let public = key.public()?;
    let body = der::sequence(&[
        &der::value(0xA0, &der::integer(&[2])),
        &der::integer(&serial),
        &signer.signature_algorithm(),
        issuer,
        &der::sequence(&[&time(now), &time(until)]),
        &subject,
        &public,
        &der::value(0xA3, &extensions(request, &public, by.map(|(_, s)| s))?),
    ]);
    let signature = der::bit_string(&signer.sign(&body));
    let whole = der::sequence(&[&body, &signer.signature_algorithm(), &signature]);
    Ok(certificate(der::pem("CERTIFICATE", &whole), key.pem()?))
}
