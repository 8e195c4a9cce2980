//! Slash-separated paths.

use super::{Called, Function, STR, fixed, str_at};
use crate::exec::Exec;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("base", &[STR], base),
    fixed("dir", &[STR], dir),
    fixed("clean", &[STR], clean_path),
    fixed("ext", &[STR], ext),
    fixed("isAbs", &[STR], is_absolute),
    fixed("osBase", &[STR], base),
    fixed("osDir", &[STR], dir),
    fixed("osClean", &[STR], clean_path),
    fixed("osExt", &[STR], ext),
    fixed("osIsAbs", &[STR], is_absolute),
];

fn base(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    Ok(base_of(&str_at(a, 0)).into())
}

/// `path.Base`.
pub(crate) fn base_of(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |at| at + 1);
    let path = &path[..end];
    let start = memchr::memrchr(b'/', path).map_or(0, |at| at + 1);
    if path[start..].is_empty() {
        b"/"
    } else {
        &path[start..]
    }
}

fn dir(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let path = str_at(a, 0);
    let end = memchr::memrchr(b'/', &path).map_or(0, |at| at + 1);
    Ok(clean(&path[..end]).into())
}

fn clean_path(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    Ok(clean(&str_at(a, 0)).into())
}

/// `path.Clean`.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(&last) if last != b".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { Vec::new() };
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}

fn ext(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let path = str_at(a, 0);
    let name = memchr::memrchr(b'/', &path).map_or(0, |at| at + 1);
    let dot = memchr::memrchr(b'.', &path[name..]);
    Ok(dot.map_or(&b""[..], |at| &path[name + at..]).into())
}

fn is_absolute(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    Ok((str_at(a, 0).first() == Some(&b'/')).into())
}
