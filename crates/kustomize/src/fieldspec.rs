//! Finding the fields that a transformer changes.

use crate::config::FieldSpec;
use crate::error::{Error, Result};
use crate::id::{Gvk, Id};
use yaml::v3::{Node, NodeKind};

/// What a missing field is made as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// It isn't made.
    Nothing,
    /// A scalar.
    Scalar,
    /// A mapping.
    Mapping,
}

/// Calls `set` with every field of an object that `spec` means.
pub(crate) fn visit(
    object: &mut Node,
    spec: &FieldSpec,
    make: Make,
    set: &mut dyn FnMut(&mut Node) -> Result<()>,
) -> Result<()> {
    if !Gvk::of(object).is_selected_by(&spec.gvk) {
        return Ok(());
    }
    visit_path(object, spec, make, set)
}

/// Like [`visit`], for an object that is known to be meant.
pub(crate) fn visit_path(
    object: &mut Node,
    spec: &FieldSpec,
    make: Make,
    set: &mut dyn FnMut(&mut Node) -> Result<()>,
) -> Result<()> {
    let make = if spec.create { make } else { Make::Nothing };
    let path: &str = &spec.path;
    let walked = if path.contains('\\') {
        let names = split_path(path, "/");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        crate::node::check_path(names.len())?;
        walk(object, &names, make, set)
    } else {
        let path = path
            .strip_prefix('/')
            .filter(|p| !p.is_empty())
            .unwrap_or(path);
        let mut names = [""; 16];
        let mut count = 0;
        for name in path.split('/') {
            if count == names.len() {
                let names: Vec<&str> = path.split('/').collect();
                crate::node::check_path(names.len())?;
                return walk(object, &names, make, set).map_err(|e| blame(e, spec, object));
            }
            names[count] = name;
            count += 1;
        }
        walk(object, &names[..count], make, set)
    };
    walked.map_err(|e| blame(e, spec, object))
}

fn blame(error: Error, spec: &FieldSpec, object: &Node) -> Error {
    error.context(format_args!(
        "considering field '{}' of object {}",
        &*spec.path,
        Id::of(object)
    ))
}

fn walk(
    node: &mut Node,
    path: &[&str],
    make: Make,
    set: &mut dyn FnMut(&mut Node) -> Result<()>,
) -> Result<()> {
    let Some((name, rest)) = path.split_first() else {
        return set(node);
    };
    if node.is_null() {
        return Ok(());
    }
    match &mut node.kind {
        NodeKind::Scalar { .. } => Err(Error::new("expected sequence or mapping node")),
        NodeKind::Sequence { elements, .. } => {
            for element in elements {
                walk(element, path, make, set)
                    .map_err(|e| e.context(format_args!("visit traversal on path: {path:?}")))?;
            }
            Ok(())
        }
        NodeKind::Mapping { members, .. } => {
            let (name, is_list) = match name.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (*name, false),
            };
            if name.is_empty() {
                return Err(Error::new("cannot set or create an empty field name"));
            }
            let makes = make != Make::Nothing && !is_list;
            let known = members.iter().position(|(k, _)| k.as_text() == Some(name));
            let new = || match make {
                Make::Scalar if rest.is_empty() => Node::plain("", 0),
                _ => Node::mapping(Vec::new(), 0),
            };
            let i = match known {
                Some(i) => i,
                None if makes => {
                    members.push((Node::string(name, 0), new()));
                    members.len() - 1
                }
                None => return Ok(()),
            };
            let field = &mut members[i].1;
            if field.is_null() && known.is_some() {
                if is_list && !rest.is_empty() {
                    *field = Node::sequence(Vec::new(), field.line);
                } else if makes {
                    *field = new();
                }
            }
            walk(field, rest, make, set)
        }
    }
}

/// Cuts a path; a delimiter behind a backslash is part of a name.
pub(crate) fn split_path(path: &str, delimiter: &str) -> Vec<String> {
    let mut parts = path.split(delimiter).peekable();
    if path.starts_with(delimiter) {
        parts.next();
    }
    let mut names: Vec<String> = Vec::new();
    for part in parts {
        match names.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push_str(delimiter);
                last.push_str(part);
            }
            None => names.push(part.to_owned()),
        }
    }
    if names.is_empty() {
        names.push(String::new());
    }
    names
}

/// Cuts a path at dots, but not inside brackets.
pub(crate) fn split_dotted(path: &str) -> Vec<String> {
    let parts = split_path(path, ".");
    let mut names = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            names.push(part);
            continue;
        }
        let mut whole = part;
        for part in parts.by_ref() {
            whole.push('.');
            whole.push_str(&part);
            if part.ends_with(']') {
                break;
            }
        }
        if whole.contains('=') {
            names.push(whole);
        } else {
            names.push(whole.trim_matches(['[', ']']).to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{split_dotted, split_path};

    #[test]
    fn paths_are_cut_as_kustomize_cuts_them() {
        assert_eq!(split_path("a/b\\/c/d", "/"), ["a", "b/c", "d"]);
        assert_eq!(split_path("/a", "/"), ["a"]);
        assert_eq!(split_dotted("a.[b=c.d].e"), ["a", "[b=c.d]", "e"]);
        assert_eq!(split_dotted("a.[b.c/d].e"), ["a", "b.c/d", "e"]);
        assert_eq!(split_dotted("a.b\\.c"), ["a", "b.c"]);
    }
}
