//! JSON pointers (RFC 6901).

use crate::Value;
use std::borrow::Cow;

/// Returns the unescaped tokens of a pointer: `/a~1b/0` gives `a/b` and `0`. The empty pointer has
/// none; a pointer that doesn't start with `/` is read as if it did.
pub fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let rest = pointer.strip_prefix('/').unwrap_or(pointer);
    let empty = pointer.is_empty();
    rest.split('/').filter(move |_| !empty).map(unescape)
}

pub(crate) fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// Returns `name` escaped as one token of a pointer.
#[must_use]
pub fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

impl Value {
    /// Returns what a JSON pointer points at.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        tokens(pointer).try_fold(self, |v, token| match v {
            Self::Object(o) => o.get(&token),
            Self::Array(a) => a.get(index(&token)?),
            _ => None,
        })
    }

    /// Returns what a JSON pointer points at, for change.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        tokens(pointer).try_fold(self, |v, token| match v {
            Self::Object(o) => o.get_mut(&token),
            Self::Array(a) => a.get_mut(index(&token)?),
            _ => None,
        })
    }

    /// Removes and returns what a JSON pointer points at.
    pub fn remove_pointer(&mut self, pointer: &str) -> Option<Self> {
        let (parent, last) = pointer.rsplit_once('/')?;
        let last = unescape(last);
        match self.pointer_mut(parent)? {
            Self::Object(o) => o.remove(&last),
            Self::Array(a) => {
                let i = index(&last)?;
                (i < a.len()).then(|| a.remove(i))
            }
            _ => None,
        }
    }
}

fn index(token: &str) -> Option<usize> {
    // RFC 6901: no leading zeros.
    if token.len() > 1 && token.starts_with('0') {
        return None;
    }
    token.parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::{Value, json};

    #[test]
    fn pointers_follow_rfc_6901() {
        let mut v = json!({"a/b": [1, {"m~n": 2}], "": 3});
        assert_eq!(v.pointer(""), Some(&v));
        assert_eq!(v.pointer("/a~1b/1/m~0n"), Some(&Value::Int(2)));
        assert_eq!(v.pointer("/"), Some(&Value::Int(3)));
        assert_eq!(v.pointer("/a~1b/01"), None);
        assert_eq!(v.pointer("/a~1b/-"), None);
        assert_eq!(v.remove_pointer("/a~1b/0"), Some(Value::Int(1)));
        assert_eq!(v.to_json(), r#"{"":3,"a/b":[{"m~n":2}]}"#);
    }
}
