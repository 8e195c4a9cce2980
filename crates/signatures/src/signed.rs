//! Git objects, taken apart into what was signed and the signature.

/// A commit or tag, and its signature if it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature in its armour.
    pub signature: Option<String>,
}

/// What kind of signature it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenPGP, as `gpg` makes.
    OpenPgp,
    /// SSH, as `ssh-keygen -Y sign` makes.
    Ssh,
    /// X.509, which isn't supported.
    X509,
}

const BEGIN: [(&str, Format); 4] = [
    ("-----BEGIN PGP SIGNATURE-----", Format::OpenPgp),
    ("-----BEGIN PGP MESSAGE-----", Format::OpenPgp),
    ("-----BEGIN SSH SIGNATURE-----", Format::Ssh),
    ("-----BEGIN SIGNED MESSAGE-----", Format::X509),
];

fn format_of(line: &[u8]) -> Option<Format> {
    let begins = |(begin, _): &&(&str, Format)| line.starts_with(begin.as_bytes());
    BEGIN.iter().find(begins).map(|(_, format)| *format)
}

impl Signed {
    /// Takes the raw bytes of a commit apart: its signature is a header, and so may be one for
    /// another hash; neither was signed.
    #[must_use]
    pub fn commit(raw: &[u8]) -> Self {
        let mut payload = Vec::with_capacity(raw.len());
        let mut signature: Option<Vec<u8>> = None;
        let mut lines = raw.split_inclusive(|b| *b == b'\n');
        // Whether the lines that go on from the last header belong to a signature, and to ours.
        let mut within = None;
        for line in lines.by_ref() {
            if line == b"\n" {
                payload.extend_from_slice(line);
                break;
            }
            if let (Some(ours), Some(more)) = (within, line.strip_prefix(b" ")) {
                if ours && let Some(signature) = &mut signature {
                    signature.extend_from_slice(more);
                }
                continue;
            }
            within = None;
            if let Some(begin) = line.strip_prefix(b"gpgsig ") {
                // Of several, the first is what `git` looks at.
                within = Some(signature.is_none());
                signature.get_or_insert_with(|| begin.to_vec());
            } else if line.starts_with(b"gpgsig-sha256 ") {
                within = Some(false);
            } else {
                payload.extend_from_slice(line);
            }
        }
        for line in lines {
            payload.extend_from_slice(line);
        }
        Self {
            payload,
            signature: signature.map(|s| String::from_utf8_lossy(&s).into_owned()),
        }
    }

    /// Takes the raw bytes of a tag apart: its signature stands at the end.
    #[must_use]
    pub fn tag(raw: &[u8]) -> Self {
        let mut at = 0;
        let mut begin = None;
        for line in raw.split_inclusive(|b| *b == b'\n') {
            if format_of(line).is_some() {
                begin = Some(at);
            }
            at += line.len();
        }
        let (payload, signature) = raw.split_at(begin.unwrap_or(raw.len()));
        Self {
            // A signature for another hash is a header here too, and wasn't signed.
            payload: Self::commit(payload).payload,
            signature: begin.map(|_| String::from_utf8_lossy(signature).into_owned()),
        }
    }

    /// Returns what kind of signature it is.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        format_of(self.signature.as_deref()?.trim_start().as_bytes())
    }
}
