//! Base64, base32 and hexadecimal text.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, alphabet};

/// Go looks at the padding, but not at the bits that are left over.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Returns bytes as base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64; line breaks don't count.
pub(crate) fn from_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut offsets = Vec::with_capacity(text.len());
    for (i, b) in text.iter().enumerate() {
        if !matches!(b, b'\n' | b'\r') {
            plain.push(*b);
            offsets.push(i);
        }
    }
    STANDARD.decode(&plain).map_err(|error| {
        let at = base64_error(&plain, &error);
        let at = offsets.get(at).copied().unwrap_or(text.len());
        format!("illegal base64 data at input byte {at}")
    })
}

/// Where Go sees the error: reading by fours, it stops at the first byte that can't be.
fn base64_error(text: &[u8], _: &DecodeError) -> usize {
    let mut at = 0;
    while at < text.len() {
        let quantum = &text[at..text.len().min(at + 4)];
        for (i, b) in quantum.iter().enumerate() {
            if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/') {
                continue;
            }
            if *b != b'=' || i < 2 {
                return at + i;
            }
            // Padding: two at the third place, one at the fourth, and nothing after it.
            if i == 2 {
                if at + 3 >= text.len() {
                    return text.len();
                }
                if text[at + 3] != b'=' {
                    return at + 3;
                }
            }
            return at + 4;
        }
        if quantum.len() < 4 {
            return at;
        }
        at += 4;
    }
    text.len()
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns bytes as base32.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(block);
        let digits = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            if i < digits {
                let index = (number >> (35 - 5 * i)) & 31;
                out.push(char::from(BASE32[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Reads base32; line breaks don't count.
pub(crate) fn from_base32(text: &[u8]) -> Result<Vec<u8>, String> {
    let plain: Vec<u8> = text
        .iter()
        .copied()
        .filter(|b| !matches!(b, b'\n' | b'\r'))
        .collect();
    let error = |at: usize| Err(format!("illegal base32 data at input byte {at}"));
    let mut out = Vec::with_capacity(plain.len() / 8 * 5);
    let mut at = 0;
    while at < plain.len() {
        let mut number = 0_u64;
        let mut digits = 0;
        let mut ends = false;
        while digits < 8 {
            let Some(&b) = plain.get(at + digits) else {
                return error(plain.len() - digits);
            };
            if b == b'=' && digits >= 2 {
                if plain.len() < at + 8 {
                    return error(plain.len());
                }
                if let Some(i) = (digits..8).find(|i| plain[at + i] != b'=') {
                    return error(at + i - 1);
                }
                if matches!(digits, 3 | 6) {
                    return error(at + digits - 1);
                }
                ends = true;
                break;
            }
            let Some(digit) = BASE32.iter().position(|c| *c == b) else {
                return error(at + digits);
            };
            number |= (digit as u64) << (35 - 5 * digits);
            digits += 1;
        }
        out.extend_from_slice(&number.to_be_bytes()[3..3 + digits * 5 / 8]);
        at += 8;
        if ends {
            if at < plain.len() {
                return error(at);
            }
            break;
        }
    }
    Ok(out)
}

/// Returns bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let _ = write!(out, "{b:02x}");
    }
    out
}
