//! Paths.

/// Undoes percent escapes.
pub(super) fn decode(path: &str) -> String {
    if !path.contains('%') {
        return path.to_owned();
    }
    decode_bytes(path, false)
}

/// Undoes percent escapes of a query, where `+` is a blank.
pub(super) fn decode_query(text: &str) -> String {
    decode_bytes(text, true)
}

fn decode_bytes(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = bytes
            .get(i + 1..i + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match (
            bytes[i],
            escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (b'+', _) if plus_is_blank => {
                out.push(b' ');
                i += 1;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a path below a group and version names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub(super) watch: bool,
    pub(super) namespace: &'a str,
    pub(super) plural: &'a str,
    pub(super) name: &'a str,
    pub(super) subresource: &'a str,
    /// True if there are more segments than any object has.
    pub(super) too_long: bool,
}

/// Reads the segments below a group and version.
pub(super) fn named(segments: &[String]) -> Named<'_> {
    let mut rest: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut named = Named::default();
    if rest.last() == Some(&"") {
        rest.pop();
    }
    if rest.first() == Some(&"watch") {
        named.watch = true;
        rest.remove(0);
    }
    // A namespace is itself an object: only with a kind after it does it hold others.
    let own = |s: &str| matches!(s, "status" | "finalize");
    if let ["namespaces", namespace, plural, ..] = rest.as_slice()
        && !(own(plural) && rest.len() == 3)
    {
        named.namespace = namespace;
        rest.drain(..2);
    }
    let mut rest = rest.into_iter();
    named.plural = rest.next().unwrap_or_default();
    named.name = rest.next().unwrap_or_default();
    named.subresource = rest.next().unwrap_or_default();
    named.too_long = rest.next().is_some();
    named
}
