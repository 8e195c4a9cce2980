//! Passwords: derived, hashed, and used to encrypt.

use super::{Called, Function, STR, UINT32, fixed, int_at, str_at};
use crate::encoding;
use crate::error::Error;
use crate::exec::Exec;
use crate::value::Value;
use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Steps that a slow hash is worth: there is about a tenth of a second in each.
const SLOW_HASH_STEPS: usize = 1_000_000;
/// Longest password that bcrypt takes.
const BCRYPT_BYTES_MAX: usize = 72;
const BLOCK: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("derivePassword", &[UINT32, STR, STR, STR, STR], derive),
    fixed("bcrypt", &[STR], |exec, a| {
        bcrypt(exec, "bcrypt", &str_at(a, 0)).map(Value::from)
    }),
    fixed("htpasswd", &[STR, STR], |exec, a| {
        let (name, password) = (str_at(a, 0), str_at(a, 1));
        if name.contains(&b':') {
            return Ok(format!("invalid username: {name}").into());
        }
        let hash = bcrypt(exec, "htpasswd", &password)?;
        Ok(format!("{name}:{hash}").into())
    }),
    fixed("encryptAES", &[STR, STR], encrypt),
    fixed("decryptAES", &[STR, STR], decrypt),
];

fn bcrypt(exec: &mut Exec<'_, '_>, function: &'static str, s: &[u8]) -> Result<String, Error> {
    const COST: u32 = 10;
    if s.len() > BCRYPT_BYTES_MAX {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
                .to_owned(),
        );
    }
    exec.charge(SLOW_HASH_STEPS)?;
    let mut salt = [0; 16];
    exec.random(function).fill(&mut salt);
    match bcrypt::hash_with_salt(s, COST, salt) {
        Ok(parts) => Ok(parts.format_for_version(bcrypt::Version::TwoA)),
        Err(e) => Ok(format!("failed to encrypt string with bcrypt: {e}")),
    }
}

/// Templates of the master password algorithm: every letter stands for a class of characters.
fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

const fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn derive(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    const SCOPE: &[u8] = b"com.lyndir.masterpassword";
    let (kind, password, user, site) = (str_at(a, 1), str_at(a, 2), str_at(a, 3), str_at(a, 4));
    let counter = int_at(a, 0) as u32;
    let Some(templates) = templates(&kind) else {
        return Ok(format!("cannot find password template {kind}").into());
    };
    exec.charge(2 * SLOW_HASH_STEPS)?;
    let length = |s: &[u8]| (s.len() as u32).to_be_bytes();
    let salt = [SCOPE, &length(&user), &user].concat();
    let parameters = scrypt::Params::new(15, 8, 2, 64)
        .map_err(|e| Error::new(format!("failed to derive password: {e}")))?;
    let mut key = [0; 64];
    scrypt::scrypt(&password, &salt, &parameters, &mut key)
        .map_err(|e| Error::new(format!("failed to derive password: {e}")))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|e| Error::new(format!("failed to derive password: {e}")))?;
    mac.update(&[SCOPE, &length(&site), &site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let text: Vec<u8> = template
        .bytes()
        .zip(&seed[1..])
        .map(|(class, byte)| {
            let characters = characters(class);
            characters[usize::from(*byte) % characters.len()]
        })
        .collect();
    Ok(text.into())
}

/// The password itself is the key, cut or filled with zeros.
fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    key
}

fn encrypt(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let text = str_at(a, 1);
    if text.is_empty() {
        return Ok("".into());
    }
    exec.room(text.len() * 2)?;
    let mut start = [0; BLOCK];
    exec.random("encryptAES").fill(&mut start);
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&key(&str_at(a, 0)).into(), &start.into());
    let encrypted = cipher.encrypt_padded_vec_mut::<Pkcs7>(&text);
    Ok(encoding::base64(&[&start[..], &encrypted].concat()).into())
}

fn decrypt(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let text = str_at(a, 1);
    if text.is_empty() {
        return Ok("".into());
    }
    exec.room(text.len())?;
    let bytes = encoding::from_base64(&text).map_err(Error::new)?;
    if bytes.len() < BLOCK {
        let capacity = text.len() / 4 * 3;
        return Err(format!(
            "runtime error: slice bounds out of range [:16] with capacity {capacity}"
        )
        .into());
    }
    let (start, body) = bytes.split_at(BLOCK);
    if body.len() % BLOCK != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    if body.is_empty() {
        return Err("runtime error: index out of range [-1]".into());
    }
    let start: [u8; BLOCK] = start.try_into().map_err(|_| Error::new("no block"))?;
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&key(&str_at(a, 0)).into(), &start.into());
    let plain = cipher
        .decrypt_padded_vec_mut::<NoPadding>(body)
        .map_err(|e| Error::new(e.to_string()))?;
    let padding = plain.last().copied().map_or(0, usize::from);
    match plain.len().checked_sub(padding) {
        Some(length) => Ok(plain[..length].into()),
        None => {
            let end = plain.len() as i64 - padding as i64;
            Err(format!("runtime error: slice bounds out of range [:{end}]").into())
        }
    }
}
