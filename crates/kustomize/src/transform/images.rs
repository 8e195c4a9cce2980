//! Names, tags and digests of images.

use crate::config::FieldSpec;
use crate::error::Result;
use crate::fieldspec::{self, Make};
use crate::id::Gvk;
use crate::kustomization::Image;
use crate::node::{self, wrong_kind};
use crate::regex::{self, Regex};
use crate::set::Set;
use yaml::v3::{Node, NodeKind};

/// What may follow the name of an image.
const TAG_AND_DIGEST: &str =
    r"(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?$";

pub(super) fn run(set: &mut Set, image: &Image, specs: &[FieldSpec]) -> Result<()> {
    let name = Name::new(&image.name);
    for resource in set {
        let gvk = Gvk::of(resource.node());
        if gvk.kind == "CustomResourceDefinition" {
            continue;
        }
        // An object that doesn't mention the image stays shared.
        let own: Vec<_> = specs
            .iter()
            .filter(|s| gvk.is_selected_by(&s.gvk))
            .collect();
        let object = resource.node_mut();
        walk(object, &name, image)?;
        for spec in own {
            fieldspec::visit_path(object, spec, Make::Nothing, &mut |f| {
                update(f, &name, image)
            })?;
        }
    }
    Ok(())
}

/// Finds containers anywhere.
fn walk(node: &mut Node, name: &Name, image: &Image) -> Result<()> {
    match &mut node.kind {
        NodeKind::Scalar { .. } => Ok(()),
        NodeKind::Sequence { elements, .. } => {
            elements.iter_mut().try_for_each(|e| walk(e, name, image))
        }
        NodeKind::Mapping { members, .. } => {
            for (key, value) in members {
                walk(value, name, image)?;
                if matches!(key.as_text(), Some("containers" | "initContainers")) {
                    for container in value.elements_mut().into_iter().flatten() {
                        if !container.is_mapping() && !container.is_null() {
                            return Err(wrong_kind("MappingNode", container));
                        }
                        if let Some(field) = container.get_mut("image") {
                            update(field, name, image)?;
                        }
                    }
                }
            }
            Ok(())
        }
    }
}

fn update(field: &mut Node, name: &Name, image: &Image) -> Result<()> {
    let Some(text) = field.as_text() else {
        return Err(wrong_kind("ScalarNode", field));
    };
    if !name.matches(text) {
        return Ok(());
    }
    let new = changed(text, image);
    node::overwrite(field, &new, 0)
}

fn changed(text: &str, image: &Image) -> String {
    let (name, tag, digest) = split(text);
    let name = if image.new_name.is_empty() {
        name
    } else {
        &image.new_name
    };
    let (tag, digest) = match (!image.new_tag.is_empty(), !image.digest.is_empty()) {
        (true, true) => (image.new_tag.clone(), image.digest.as_str()),
        (true, false) => (image.new_tag.clone(), ""),
        (false, true) => (String::new(), image.digest.as_str()),
        (false, false) if !image.tag_suffix.is_empty() => {
            (format!("{tag}{}", image.tag_suffix), "")
        }
        (false, false) => (tag.to_owned(), digest),
    };
    let mut new = name.to_owned();
    for (sign, part) in [(':', tag.as_str()), ('@', digest)] {
        if !part.is_empty() {
            new.push(sign);
            new.push_str(part);
        }
    }
    new
}

/// Cuts an image into name, tag and digest.
pub(crate) fn split(image: &str) -> (&str, &str, &str) {
    // A colon before the first slash is that of a port.
    let from = image.find('/').unwrap_or(0);
    let tag = image[from..].find(':').map(|i| from + i);
    let digest = image[from..].find('@').map(|i| from + i);
    match (tag, digest) {
        (None, None) => (image, "", ""),
        (tag, Some(digest)) if tag.is_none_or(|tag| digest < tag) => {
            (&image[..digest], "", &image[digest + 1..])
        }
        (Some(tag), Some(digest)) => (&image[..tag], &image[tag + 1..digest], &image[digest + 1..]),
        (Some(tag), None) => (&image[..tag], &image[tag + 1..], ""),
        (None, Some(_)) => unreachable!("it is before a tag that isn't there"),
    }
}

/// A pattern of an image's name.
enum Name {
    /// Nothing in it is special but dots, which stand for anything.
    Literal(String),
    Regex(Regex),
    /// It isn't a pattern.
    Nothing,
}

impl Name {
    fn new(name: &str) -> Self {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_/.:".contains(&b);
        if name.bytes().all(is_plain) {
            return Self::Literal(name.to_owned());
        }
        match regex::compile(&format!("^{name}{TAG_AND_DIGEST}")) {
            Ok(regex) => Self::Regex(regex),
            Err(_) => Self::Nothing,
        }
    }

    fn matches(&self, image: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Regex(regex) => regex.is_match(image),
            Self::Literal(name) => {
                let mut rest = image.chars();
                let fits = name
                    .chars()
                    .all(|c| rest.next().is_some_and(|r| r == c || c == '.' && r != '\n'));
                fits && is_tag_and_digest(rest.as_str())
            }
        }
    }
}

/// Returns true for what may follow a name.
fn is_tag_and_digest(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b"_.{}-".contains(&b);
    let (tag, digest) = match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (text, None),
    };
    let tag_fits = tag.is_empty()
        || tag
            .strip_prefix(':')
            .is_some_and(|t| t.bytes().all(is_word));
    let digest_fits = digest.is_none_or(|digest| {
        digest.split_once(':').is_some_and(|(algorithm, hash)| {
            let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric());
            algorithm.split(['.', '+', '_', '-']).all(part) && hash.bytes().all(is_word)
        })
    });
    tag_fits && digest_fits
}

#[cfg(test)]
mod tests {
    use super::{Name, split};

    #[test]
    fn images_are_cut() {
        assert_eq!(split("a:1@sha256:x"), ("a", "1", "sha256:x"));
        assert_eq!(split("h:80/a"), ("h:80/a", "", ""));
        assert_eq!(split("h:80/a@sha256:x"), ("h:80/a", "", "sha256:x"));
        assert_eq!(split("a"), ("a", "", ""));
    }

    #[test]
    fn a_literal_name_matches_like_the_pattern() {
        for name in ["nginx", "g.io/a", "a:1"] {
            let escaped = format!("(?:{name})");
            for image in [
                "nginx",
                "nginx:1",
                "nginx@sha256:0a",
                "nginxx",
                "gxio/a:1",
                "nginx:",
                "a:1:2",
                "nginx:1@x",
            ] {
                let literal = Name::new(name).matches(image);
                assert_eq!(
                    literal,
                    Name::new(&escaped).matches(image),
                    "{name} {image}"
                );
            }
        }
    }
}
