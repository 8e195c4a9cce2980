//! Keys that are there twice in JSON: the last one counts, and clients are told.

use std::collections::HashSet;

/// How deep is looked; JSON that nests deeper isn't read at all.
const DEPTH_MAX: usize = 256;
/// How many are told.
const FOUND_MAX: usize = 64;

/// Returns the paths of keys that repeat an earlier one, in the order of the text, which must be
/// JSON.
pub(super) fn keys(json: &[u8]) -> Vec<String> {
    let mut scan = Scan {
        json,
        at: 0,
        found: Vec::new(),
    };
    scan.value("", 0);
    scan.found
}

struct Scan<'a> {
    json: &'a [u8],
    at: usize,
    found: Vec<String>,
}

impl Scan<'_> {
    fn blank(&mut self) {
        while self.json.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<u8> {
        self.blank();
        self.json.get(self.at).copied()
    }

    fn value(&mut self, path: &str, depth: usize) {
        match self.next() {
            Some(b'{') if depth < DEPTH_MAX => self.object(path, depth),
            Some(b'[') if depth < DEPTH_MAX => self.array(path, depth),
            Some(b'"') => {
                self.text();
            }
            Some(_) => {
                let ends = |b: &u8| matches!(b, b',' | b'}' | b']');
                while self.json.get(self.at).is_some_and(|b| !ends(b)) {
                    self.at += 1;
                }
            }
            None => {}
        }
    }

    fn object(&mut self, path: &str, depth: usize) {
        self.at += 1;
        let mut seen: HashSet<String> = HashSet::new();
        while self.next() == Some(b'"') {
            let key = self.text();
            let place = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            if self.next() == Some(b':') {
                self.at += 1;
            }
            self.value(&place, depth + 1);
            if seen.contains(&key) {
                if self.found.len() < FOUND_MAX && !self.found.contains(&place) {
                    self.found.push(place);
                }
            } else {
                seen.insert(key);
            }
            if self.next() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        self.at += 1;
    }

    fn array(&mut self, path: &str, depth: usize) {
        self.at += 1;
        let mut index = 0;
        while !matches!(self.next(), Some(b']') | None) {
            self.value(&format!("{path}[{index}]"), depth + 1);
            index += 1;
            if self.next() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        self.at += 1;
    }

    /// Reads a string; the scan is at its quote.
    fn text(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.json.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => break,
                _ => {}
            }
        }
        let end = self.at.min(self.json.len());
        let quoted = value::Value::parse(&self.json[start..end]).unwrap_or_default();
        quoted.as_str().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn repeated_keys_are_told_with_their_paths() {
        let json = br#"{"a": 1, "b": {"k": "1", "k": [{"x": 1, "x": "}"}]}, "a": {}}"#;
        assert_eq!(keys(json), ["b.k[0].x", "b.k", "a"]);
        assert!(keys(b"[1, 2, {}]").is_empty());
        assert!(keys(br#"{"a\"": 1, "a": 2}"#).is_empty());
        assert!(keys(b"{\"a\": 1, ").is_empty());
    }
}
