//! Private keys.

use super::der;
use crate::error::Error;
use crate::random::Random;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::rand_core;
use rsa::signature::{SignatureEncoding, Signer};
use sha2::Sha256;

const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
const RSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11];
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
const ECDSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
const NULL: &[u8] = &[5, 0];

/// A private key.
pub(super) enum Key {
    Rsa(Box<rsa::RsaPrivateKey>),
    Ec(p256::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl rand_core::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.number() as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.number()
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill(dest);
        Ok(())
    }
}

impl rand_core::CryptoRng for Random {}

impl Key {
    pub(super) fn new_rsa(random: &mut Random, bits: usize) -> Result<Self, Error> {
        let key = rsa::RsaPrivateKey::new(random, bits);
        let key = key.map_err(|e| Error::new(format!("error generating rsa key: {e}")))?;
        Ok(Self::Rsa(Box::new(key)))
    }

    pub(super) fn new_ec(random: &mut Random) -> Self {
        Self::Ec(p256::ecdsa::SigningKey::random(random))
    }

    pub(super) fn new_ed25519(random: &mut Random) -> Self {
        let mut secret = [0; 32];
        random.fill(&mut secret);
        Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&secret)))
    }

    /// Returns the key as a PEM block.
    pub(super) fn pem(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Rsa(key) => {
                let bytes = key.to_pkcs1_der().map_err(|e| Error::new(e.to_string()))?;
                der::pem("RSA PRIVATE KEY", bytes.as_bytes())
            }
            Self::Ec(key) => {
                let public = key.verifying_key().to_encoded_point(false);
                let bytes = der::sequence(&[
                    &der::integer(&[1]),
                    &der::value(4, &key.to_bytes()),
                    &der::value(0xA0, &der::object_id(P256)),
                    &der::value(0xA1, &der::bit_string(public.as_bytes())),
                ]);
                der::pem("EC PRIVATE KEY", &bytes)
            }
            Self::Ed25519(key) => {
                let secret = der::value(4, &key.to_bytes());
                let bytes = der::sequence(&[
                    &der::integer(&[]),
                    &der::sequence(&[&der::object_id(ED25519)]),
                    &der::value(4, &secret),
                ]);
                der::pem("PRIVATE KEY", &bytes)
            }
        })
    }

    /// Reads a PEM block.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let (label, bytes) = der::from_pem(text).ok_or("no PEM data in input")?;
        if label == "PRIVATE KEY" {
            return Self::from_pkcs8(&bytes)
                .ok_or_else(|| Error::new("decoding PEM as PKCS#8: the key can't be read"));
        }
        match label.strip_suffix(" PRIVATE KEY") {
            Some("RSA") => rsa::RsaPrivateKey::from_pkcs1_der(&bytes)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|e| Error::new(format!("parsing RSA private key from PEM: {e}"))),
            Some("EC") => Self::from_sec1(&bytes).ok_or_else(|| {
                Error::new("parsing EC private key from PEM: the key can't be read")
            }),
            Some(other) => Err(format!("invalid private key type {other}").into()),
            None => Err(format!("no private key data in PEM block of type {label}").into()),
        }
    }

    fn from_sec1(bytes: &[u8]) -> Option<Self> {
        let (body, _) = der::expect(bytes, 0x30)?;
        let (_, rest) = der::expect(body, 2)?;
        let (secret, _) = der::expect(rest, 4)?;
        p256::ecdsa::SigningKey::from_slice(secret)
            .ok()
            .map(Self::Ec)
    }

    fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let (body, _) = der::expect(bytes, 0x30)?;
        let (_, rest) = der::expect(body, 2)?;
        let (algorithm, rest) = der::expect(rest, 0x30)?;
        let (id, _) = der::expect(algorithm, 6)?;
        let (inner, _) = der::expect(rest, 4)?;
        if id == RSA {
            let key = rsa::RsaPrivateKey::from_pkcs1_der(inner).ok()?;
            return Some(Self::Rsa(Box::new(key)));
        }
        if id == EC {
            return Self::from_sec1(inner);
        }
        if id != ED25519 {
            return None;
        }
        let (secret, _) = der::expect(inner, 4)?;
        let secret: [u8; 32] = secret.try_into().ok()?;
        Some(Self::Ed25519(Box::new(
            ed25519_dalek::SigningKey::from_bytes(&secret),
        )))
    }

    /// Returns the public key as a certificate holds it.
    pub(super) fn public(&self) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Rsa(key) => {
                let public = key.to_public_key().to_pkcs1_der();
                let public = public.map_err(|e| Error::new(e.to_string()))?;
                let algorithm = der::sequence(&[&der::object_id(RSA), NULL]);
                der::sequence(&[&algorithm, &der::bit_string(public.as_bytes())])
            }
            Self::Ec(key) => {
                let public = key.verifying_key().to_encoded_point(false);
                let algorithm = der::sequence(&[&der::object_id(EC), &der::object_id(P256)]);
                der::sequence(&[&algorithm, &der::bit_string(public.as_bytes())])
            }
            Self::Ed25519(key) => {
                let algorithm = der::sequence(&[&der::object_id(ED25519)]);
                let public = key.verifying_key().to_bytes();
                der::sequence(&[&algorithm, &der::bit_string(&public)])
            }
        })
    }

    /// Returns how signatures by this key are called in a certificate.
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => der::sequence(&[&der::object_id(RSA_SHA256), NULL]),
            Self::Ec(_) => der::sequence(&[&der::object_id(ECDSA_SHA256)]),
            Self::Ed25519(_) => der::sequence(&[&der::object_id(ED25519)]),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new((**key).clone());
                let signature: rsa::pkcs1v15::Signature = Signer::sign(&signer, message);
                signature.to_vec()
            }
            Self::Ec(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }
}
