//! Digests, keys and random text.

use super::{Called, Function, INT, STR, fixed, int_at, str_at};
use crate::encoding::hex;
use crate::exec::Exec;
use crate::value::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("sha1sum", &[STR], |_, a| {
        Ok(hex(&Sha1::digest(&*str_at(a, 0))).into())
    }),
    fixed("sha256sum", &[STR], |_, a| {
        Ok(hex(&Sha256::digest(&*str_at(a, 0))).into())
    }),
    fixed("sha512sum", &[STR], |_, a| {
        Ok(hex(&Sha512::digest(&*str_at(a, 0))).into())
    }),
    fixed("adler32sum", &[STR], |_, a| {
        Ok(adler32(&str_at(a, 0)).to_string().into())
    }),
    fixed("randAlphaNum", &[INT], |exec, a| {
        random_text(exec, "randAlphaNum", int_at(a, 0), |b| {
            b.is_ascii_alphanumeric()
        })
    }),
    fixed("randAlpha", &[INT], |exec, a| {
        random_text(exec, "randAlpha", int_at(a, 0), |b| b.is_ascii_alphabetic())
    }),
    fixed("randNumeric", &[INT], |exec, a| {
        random_text(exec, "randNumeric", int_at(a, 0), |b| b.is_ascii_digit())
    }),
    fixed("randAscii", &[INT], |exec, a| {
        random_text(exec, "randAscii", int_at(a, 0), |b| (32..127).contains(&b))
    }),
    fixed("randBytes", &[INT], |exec, a| {
        let Ok(count) = usize::try_from(int_at(a, 0)) else {
            return Err("runtime error: makeslice: len out of range".into());
        };
        exec.room(count.saturating_mul(64))?;
        let mut bytes = vec![0; count];
        exec.random("randBytes").fill(&mut bytes);
        Ok(crate::encoding::base64(&bytes).into())
    }),
    fixed("uuidv4", &[], |exec, _| {
        let mut b = [0; 16];
        exec.random("uuidv4").fill(&mut b);
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let h = hex(&b);
        Ok(format!(
            "{}-{}-{}-{}-{}",
            &h[..8],
            &h[8..12],
            &h[12..16],
            &h[16..20],
            &h[20..]
        )
        .into())
    }),
    fixed("shuffle", &[STR], |exec, a| {
        let mut chars: Vec<char> = crate::text::runes(&str_at(a, 0)).collect();
        exec.charge(chars.len())?;
        let mut random = exec.random("shuffle");
        for i in (1..chars.len()).rev() {
            let j = random.below(i as u64 + 1);
            chars.swap(i, j as usize);
        }
        Ok(chars.into_iter().collect::<String>().into())
    }),
];

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1, 0);
    for byte in bytes {
        a = (a + u32::from(*byte)) % MODULUS;
        b = (b + a) % MODULUS;
    }
    (b << 16) | a
}

/// Random characters of a class; nothing for a negative count, as in the reference.
fn random_text(
    exec: &mut Exec<'_, '_>,
    function: &'static str,
    count: i64,
    class: fn(u8) -> bool,
) -> Called {
    let count = usize::try_from(count).unwrap_or(0);
    // A random byte costs more than a written one.
    exec.room(count.saturating_mul(64))?;
    let alphabet: Vec<u8> = (0..128).filter(|b| class(*b)).collect();
    let mut random = exec.random(function);
    let text: Vec<u8> = (0..count)
        .map(|_| alphabet[random.below(alphabet.len() as u64) as usize])
        .collect();
    Ok(Value::from(text))
}
