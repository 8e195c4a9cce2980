//! What is said of a certificate: whom it is for and what kind of key it has. Nothing is verified.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Certificates of one text, as many as Argo CD reads.
const CERTIFICATES_MAX: usize = 256;
/// Lines of one certificate.
const LINES_MAX: usize = 128;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A certificate's subject, and the kind of its key in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) algorithm: &'static str,
}

/// Takes a text apart into certificates as they stand in it.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut now: Option<(String, usize)> = None;
    for line in text.lines() {
        if now.is_none() && line.starts_with(BEGIN) {
            now = Some((String::new(), 0));
        }
        let Some((pem, lines)) = &mut now else {
            continue;
        };
        pem.push_str(line);
        pem.push('\n');
        *lines += 1;
        if *lines > LINES_MAX {
            return Err(format!("a certificate has more than {LINES_MAX} lines"));
        }
        if line.starts_with(END) {
            found.extend(now.take().map(|(pem, _)| pem));
        }
        if found.len() > CERTIFICATES_MAX {
            return Err(format!("more than {CERTIFICATES_MAX} certificates"));
        }
    }
    Ok(found)
}

/// Reads a certificate in its armour; `None` if it is none.
pub(super) fn read(pem: &str) -> Option<Certificate> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let text: String = lines.map(str::trim).collect();
    let der = STANDARD.decode(text).ok()?;
    let (outer, rest) = element(&der, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (body, rest) = element(outer, SEQUENCE)?;
    // The algorithm of the signature, and the signature.
    let (_, rest) = element(rest, SEQUENCE)?;
    element(rest, BIT_STRING)?;
    let body = element(body, VERSION).map_or(body, |(_, rest)| rest);
    let (_, body) = element(body, INTEGER)?;
    let (_, body) = element(body, SEQUENCE)?;
    let (_, body) = element(body, SEQUENCE)?;
    let (_, body) = element(body, SEQUENCE)?;
    let (subject, body) = element(body, SEQUENCE)?;
    let (key, _) = element(body, SEQUENCE)?;
    let (algorithm, _) = element(key, SEQUENCE)?;
    let (algorithm, _) = element(algorithm, OBJECT_ID)?;
    Some(Certificate {
        subject: name(subject)?,
        algorithm: match algorithm {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] => "rsa",
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] => "ecdsa",
            [0x2b, 0x65, 0x70] => "ed25519",
            [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01] => "dsa",
            _ => "0",
        },
    })
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The first member of a certificate, in brackets of its own.
const VERSION: u8 = 0xa0;

/// Takes an element of a kind from the front; returns what is in it and what follows.
fn element(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(bytes)?;
    (found == kind).then_some((content, rest))
}

fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().fold(0, |n, d| n << 8 | usize::from(*d));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

/// Returns a name as Go prints it: the parts from the last to the first, known ones by their
/// letters.
fn name(mut bytes: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (mut set, rest) = element(bytes, SET)?;
        bytes = rest;
        let mut together = Vec::new();
        while !set.is_empty() {
            let (pair, rest) = element(set, SEQUENCE)?;
            set = rest;
            let (kind, value) = element(pair, OBJECT_ID)?;
            let (_, value, _) = any(value)?;
            together.push(part(kind, value));
        }
        parts.push(together.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

fn part(kind: &[u8], value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let letters = match kind {
        [0x55, 0x04, 3] => "CN",
        [0x55, 0x04, 5] => "SERIALNUMBER",
        [0x55, 0x04, 6] => "C",
        [0x55, 0x04, 7] => "L",
        [0x55, 0x04, 8] => "ST",
        [0x55, 0x04, 9] => "STREET",
        [0x55, 0x04, 10] => "O",
        [0x55, 0x04, 11] => "OU",
        [0x55, 0x04, 17] => "POSTALCODE",
        other => return format!("{}={value}", dotted(other)),
    };
    let mut text = format!("{letters}=");
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        let is_outside = (i == 0 && matches!(c, ' ' | '#')) || (i == last && c == ' ');
        if is_outside || ",+\"\\<>;".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Returns an object's id in digits.
fn dotted(id: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut now = 0u64;
    for byte in id {
        now = now << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                numbers.extend([(now / 40).min(2), now - (now / 40).min(2) * 40]);
            } else {
                numbers.push(now);
            }
            now = 0;
        }
    }
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj
    /// "/O=Acme, Inc./CN=git.example.com"`.
    pub(in crate::argo) const PEM: &str = "\
-----BEGIN CERTIFICATE-----
MIIBtDCCAVugAwIBAgIUFr0tyZ3aIW4clcx4GTNf4T+9mrowCgYIKoZIzj0EAwIw
LzETMBEGA1UECgwKQWNtZSwgSW5jLjEYMBYGA1UEAwwPZ2l0LmV4YW1wbGUuY29t
MCAXDTI2MTEyMTIzNDMwMloYDzIxMjYxMDI4MjM0MzAyWjAvMRMwEQYDVQQKDApB
Y21lLCBJbmMuMRgwFgYDVQQDDA9naXQuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAQ65pm/xEkg7tj1aujBMRxh2maiimxZMlH1j6ZCsN2o67m0
++8b/d3j1IJ+ecNZQ7yd9FrQjh9pvQq2f2w0Epqdo1MwUTAdBgNVHQ4EFgQUGVpV
EUOQaPxXUcXuMzITCLhq05QwHwYDVR0jBBgwFoAUGVpVEUOQaPxXUcXuMzITCLhq
05QwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAVuiw/m4UJ6+Ti
UkOgCwgYrnl69pzHHgqcOdch/9xNJgIgIhuW/j1r7e9VSe/ukqMZsN7GVTkfUt+Q
dS/D24CMEZQ=
-----END CERTIFICATE-----
";

    #[test]
    fn a_certificate_says_whom_it_is_for() {
        let found = split(&format!("# a comment\n{PEM}{PEM}")).unwrap();
        assert_eq!(found, [PEM, PEM]);
        let want = Certificate {
            subject: "CN=git.example.com,O=Acme\\, Inc.".into(),
            algorithm: "ecdsa",
        };
        assert_eq!(read(PEM), Some(want));
    }

    #[test]
    fn what_is_none_is_refused() {
        assert_eq!(
            read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            None
        );
        let cut = PEM.lines().take(4).collect::<Vec<_>>().join("\n");
        assert_eq!(read(&cut), None);
        assert_eq!(split("nothing"), Ok(Vec::new()));
        assert!(split(&format!("{BEGIN}\n{}", "A\n".repeat(200))).is_err());
    }

    #[test]
    fn ids_are_written_in_digits() {
        assert_eq!(
            dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            "1.2.840.113549"
        );
    }
}
