//! The OpenAPI 2 document as protocol buffers: older clients, and lists of objects, ask for it.
//!
//! Only what clients look for is in it: which kinds there are, and which parameters their requests
//! understand. Field numbers are those of gnostic's `openapiv2.Document`.

use std::sync::Arc;

use crate::kinds::Kind;

const PARAMETERS: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];

/// Writes the document.
pub(super) fn document(kinds: &[Arc<Kind>]) -> Vec<u8> {
    let mut paths = Vec::new();
    for kind in kinds {
        let mut operation = Vec::new();
        for parameter in PARAMETERS {
            field(&mut operation, 8, &query_parameter(parameter));
        }
        field(&mut operation, 13, &group_version_kind(kind));
        let mut item = Vec::new();
        // `put` and `patch`; the others don't write.
        field(&mut item, 3, &operation);
        field(&mut item, 8, &operation);
        let mut named = Vec::new();
        field(&mut named, 1, super::path(kind).as_bytes());
        field(&mut named, 2, &item);
        field(&mut paths, 2, &named);
    }
    let mut info = Vec::new();
    field(&mut info, 1, b"Windlass");
    field(&mut info, 2, b"v1.36.3");
    let mut document = Vec::new();
    field(&mut document, 1, b"2.0");
    field(&mut document, 2, &info);
    field(&mut document, 8, &paths);
    document
}

/// Writes a field of variable length.
fn field(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    const LENGTH_DELIMITED: u32 = 2;
    varint(out, u64::from(number << 3 | LENGTH_DELIMITED));
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Nests a message in others, the outermost number first.
fn nested(numbers: &[u32], message: Vec<u8>) -> Vec<u8> {
    numbers.iter().rev().fold(message, |inner, number| {
        let mut outer = Vec::new();
        field(&mut outer, *number, &inner);
        outer
    })
}

fn query_parameter(name: &str) -> Vec<u8> {
    let mut parameter = Vec::new();
    field(&mut parameter, 2, b"query");
    field(&mut parameter, 4, name.as_bytes());
    field(&mut parameter, 6, b"string");
    // A parameter, not in the body, but in the query.
    nested(&[1, 2, 3], parameter)
}

fn group_version_kind(kind: &Kind) -> Vec<u8> {
    let yaml = format!(
        "group: \"{}\"\nkind: {}\nversion: {}\n",
        kind.group, kind.kind, kind.version
    );
    let mut extension = Vec::new();
    field(&mut extension, 1, b"x-kubernetes-group-version-kind");
    field(&mut extension, 2, &nested(&[2], yaml.into_bytes()));
    extension
}
