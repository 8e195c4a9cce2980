//! Source lines of the parts of a value.

/// The source line of every part of a value, found by JSON pointer.
///
/// Twelve bytes a part: the pointer's digest and the line. It needs no value to be asked, and so
/// stays right when the value is changed elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// Ascending.
    digests: Box<[u64]>,
    lines: Box<[u32]>,
}

impl Lines {
    /// Returns the line, from 1, on which what `pointer` points at begins: for a member of an
    /// object the line of its name.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<u32> {
        let digest = value::pointer::tokens(pointer).fold(ROOT, |d, token| child(d, &token));
        let i = self.digests.binary_search(&digest).ok()?;
        Some(self.lines[i])
    }

    /// Returns the line of what `pointer` points at, or else of the nearest part around it.
    #[must_use]
    pub fn near(&self, pointer: &str) -> Option<u32> {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.at(pointer) {
                return Some(line);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    /// Returns the number of parts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns true if no line is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The digest of the empty pointer.
pub(crate) const ROOT: u64 = 0xCBF2_9CE4_8422_2325;

/// Returns the digest of `parent` and one more token.
pub(crate) fn child(parent: u64, token: &str) -> u64 {
    // FxHash-like: eight bytes a step, and the length so that tokens don't run together.
    let mut digest = parent ^ (token.len() as u64);
    let (words, rest) = token.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for word in words.iter().chain([&last]) {
        digest =
            (digest.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        digest ^= digest >> 32;
    }
    digest
}

/// Returns the digest of `parent` and an index.
pub(crate) fn element(parent: u64, index: usize) -> u64 {
    let mut digits = [0; 20];
    let mut from = digits.len();
    let mut left = index;
    loop {
        from -= 1;
        digits[from] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    child(parent, std::str::from_utf8(&digits[from..]).unwrap_or(""))
}

/// Collects lines while a value is made.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    parts: Vec<(u64, u32)>,
    overwrites: bool,
    is_off: bool,
}

impl Builder {
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self {
            parts: Vec::with_capacity(n),
            ..Self::default()
        }
    }

    /// Returns one that collects nothing.
    pub(crate) fn none() -> Self {
        Self {
            is_off: true,
            ..Self::default()
        }
    }

    /// Says that a part is set twice.
    pub(crate) const fn overwrite(&mut self) {
        self.overwrites = true;
    }

    pub(crate) fn add(&mut self, digest: u64, line: u32) {
        if !self.is_off {
            self.parts.push((digest, line));
        }
    }

    /// Returns the table. Of two lines for one part the later one counts.
    pub(crate) fn build(mut self, first_line: u32) -> Lines {
        // The order of parts that were set twice counts: the last one is kept.
        if self.overwrites {
            self.parts.sort_by_key(|(digest, _)| *digest);
        } else {
            self.parts.sort_unstable_by_key(|(digest, _)| *digest);
        }
        let mut digests = Vec::with_capacity(self.parts.len());
        let mut lines: Vec<u32> = Vec::with_capacity(self.parts.len());
        for (digest, line) in self.parts {
            let line = line + first_line;
            if digests.last() == Some(&digest) {
                if let Some(last) = lines.last_mut() {
                    *last = line;
                }
            } else {
                digests.push(digest);
                lines.push(line);
            }
        }
        Lines {
            digests: digests.into(),
            lines: lines.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Builder, ROOT, child, element};

    #[test]
    fn lines_are_found_by_pointer() {
        let mut b = Builder::default();
        b.add(ROOT, 0);
        b.add(child(ROOT, "a/b"), 1);
        b.add(element(child(ROOT, "a/b"), 12), 2);
        b.overwrite();
        b.add(child(ROOT, "a/b"), 7);
        let lines = b.build(1);
        assert_eq!(lines.at(""), Some(1));
        assert_eq!(lines.at("/a~1b"), Some(8));
        assert_eq!(lines.at("/a~1b/12"), Some(3));
        assert_eq!(lines.at("/a~1b/x"), None);
        assert_eq!(lines.near("/a~1b/x/y"), Some(8));
    }
}
