//! Values copied from one field to others.

use crate::error::{Error, Result, mistake};
use crate::fieldspec::split_dotted;
use crate::id::{Gvk, Id};
use crate::kustomization::{FieldOptions, ReplacementEntry, Source, Target};
use crate::load::Loader;
use crate::node;
use crate::path::{self, Create};
use crate::resource::Resource;
use crate::set::{Select, Set};
use value::Value;
use yaml::v3::Node;

const NAME: &str = "metadata.name";

/// A value and where it goes.
pub(crate) struct Replacement {
    source: Option<Source>,
    value: Option<String>,
    targets: Option<Vec<ReadyTarget>>,
}

struct ReadyTarget {
    select: Option<Select>,
    reject: Vec<Select>,
    paths: Vec<String>,
    options: Option<FieldOptions>,
}

impl Replacement {
    /// Reads all replacements, those of files, too.
    pub(crate) fn read(entries: &[ReplacementEntry], loader: &Loader<'_>) -> Result<Vec<Self>> {
        let mut replacements = Vec::new();
        for entry in entries {
            let has_more =
                entry.source.is_some() || entry.targets.as_ref().is_some_and(|t| !t.is_empty());
            if entry.path.is_empty() {
                replacements.push(Self::new(entry));
                continue;
            }
            if has_more {
                return Err(Error::new(
                    "cannot specify both path and inline replacement",
                ));
            }
            let file = loader.load(&entry.path)?;
            let value = yaml::v2::to_value(&file.bytes)?;
            match &value {
                Value::Array(_) => {
                    let entries: Vec<ReplacementEntry> = crate::decode::lenient(&value)?;
                    replacements.extend(entries.iter().map(Self::new));
                }
                Value::Object(_) => {
                    let entry: ReplacementEntry = crate::decode::lenient(&value)?;
                    replacements.push(Self::new(&entry));
                }
                other => {
                    return Err(mistake!(
                        "unsupported replacement type encountered within replacement path: {}",
                        other.type_name()
                    ));
                }
            }
        }
        Ok(replacements)
    }

    fn new(entry: &ReplacementEntry) -> Self {
        let ready = |target: &Target| {
            // A selector that can't be read is reported once something is selected with it.
            let select = target.select.as_ref().and_then(|s| Select::new(s).ok());
            ReadyTarget {
                select,
                reject: target
                    .reject
                    .iter()
                    .filter_map(|s| Select::new(s).ok())
                    .collect(),
                paths: match target.field_paths.as_slice() {
                    [] => vec![NAME.to_owned()],
                    paths => paths.to_vec(),
                },
                options: target.options.clone(),
            }
        };
        Self {
            source: entry.source.clone(),
            value: entry.source_value.clone(),
            targets: entry
                .targets
                .as_ref()
                .map(|targets| targets.iter().map(ready).collect()),
        }
    }
}

/// Checks the selectors, which are read without their errors.
pub(crate) fn check(entries: &[ReplacementEntry]) -> Result<()> {
    for target in entries.iter().flat_map(|e| e.targets.iter().flatten()) {
        for selector in target.select.iter().chain(&target.reject) {
            Select::new(selector).map_err(|e| e.context("error creating target selector"))?;
        }
    }
    Ok(())
}

/// Parts that the replacements of one kustomization may copy: a few of them in a row could otherwise
/// double an object over and over.
const COPIED_MAX: usize = 2_000_000;

pub(super) fn run(set: &mut Set, replacements: &[Replacement]) -> Result<()> {
    let mut copied = 0;
    for replacement in replacements {
        let has_source = replacement.source.is_some() || replacement.value.is_some();
        let Some(targets) = replacement.targets.as_ref().filter(|_| has_source) else {
            return Err(Error::new(
                "replacements must specify a source and at least one target",
            ));
        };
        let value = value(set, replacement)?;
        let (parts, depth) = node::measure(&value);
        if depth > node::DEPTH_MAX {
            return Err(mistake!(
                "a replacement may be {} collections deep",
                node::DEPTH_MAX
            ));
        }
        for target in targets {
            let places = apply(set, &value, target)?;
            copied += if parts > 1 { parts * places } else { 0 };
            if copied > COPIED_MAX {
                return Err(mistake!("replacements may copy {COPIED_MAX} parts"));
            }
        }
    }
    Ok(())
}

/// Returns what an object is and was called.
fn ids(resource: &Resource) -> Vec<Id> {
    let mut ids = vec![resource.id()];
    ids.extend(resource.previous_ids());
    ids
}

fn source_text(source: &Source, id: &Id) -> String {
    let mut text = id.to_string();
    if !source.field_path.is_empty() {
        text.push(':');
        text.push_str(&source.field_path);
    }
    text
}

fn value(set: &Set, replacement: &Replacement) -> Result<Node> {
    let source = match (&replacement.value, &replacement.source) {
        (Some(_), Some(_)) => {
            return Err(Error::new(
                "value and resource selectors are mutually exclusive",
            ));
        }
        (Some(text), None) => return Ok(Node::untagged(text.as_str(), 0)),
        (None, Some(source)) => source,
        (None, None) => return Err(Error::new("nothing selected by ")),
    };
    let selector = Id {
        gvk: Gvk {
            group: source.group.clone(),
            version: source.version.clone(),
            kind: source.kind.clone(),
        },
        name: source.name.clone(),
        namespace: source.namespace.clone(),
    };
    let fits = |r: &&Resource| ids(r).iter().any(|id| id.is_selected_by(&selector));
    let mut found = set.iter().filter(fits);
    let shown = || source_text(source, &selector);
    let Some(resource) = found.next() else {
        return Err(mistake!("nothing selected by {}", shown()));
    };
    if found.next().is_some() {
        return Err(mistake!("multiple matches for selector {}", shown()));
    }
    let field = if source.field_path.is_empty() {
        NAME
    } else {
        &source.field_path
    };
    let node = path::lookup(resource.node(), &split_dotted(field))
        .map_err(|e| e.context("error looking up replacement source"))?;
    let Some(node) = node.filter(|n| !n.is_null_or_empty()) else {
        return Err(mistake!(
            "fieldPath `{field}` is missing for replacement source {selector}"
        ));
    };
    let Some(options) = source.options.as_ref().filter(|o| !o.delimiter.is_empty()) else {
        return Ok(node.clone());
    };
    let Some(text) = node.as_text() else {
        return Err(Error::new(
            "delimiter option can only be used with scalar nodes",
        ));
    };
    let mut parts = text.split(options.delimiter.as_str());
    let part = usize::try_from(options.index)
        .ok()
        .and_then(|i| parts.nth(i));
    let Some(part) = part else {
        return Err(mistake!(
            "options.index {} is out of bounds for value {text}",
            options.index
        ));
    };
    let mut copy = node.clone();
    copy.set_text(part);
    Ok(copy)
}

/// Puts a value where it goes; returns in how many places.
fn apply(set: &mut Set, value: &Node, target: &ReadyTarget) -> Result<usize> {
    let mut places = 0;
    let Some(select) = &target.select else {
        return Err(Error::new("target must specify resources to select"));
    };
    for resource in set.iter_mut() {
        let node = resource.node();
        if !select.matches_texts(node) {
            continue;
        }
        let is_rejected_text = |r: &Select| !r.has_no_texts && r.matches_texts(node);
        if target.reject.iter().any(is_rejected_text) {
            continue;
        }
        let ids = ids(resource);
        let is_rejected = |r: &Select| !r.has_no_id && ids.iter().any(|id| r.matches_id(id));
        if target.reject.iter().any(is_rejected) || !ids.iter().any(|id| select.matches_id(id)) {
            continue;
        }
        places += target.paths.len();
        for path in &target.paths {
            let (file, line) = (resource.file.clone(), resource.node().line);
            set_field(resource.node_mut(), value, path, target.options.as_ref())
                .map_err(|e| e.at(&file, line))?;
        }
    }
    Ok(places)
}

fn set_field(
    object: &mut Node,
    value: &Node,
    path_text: &str,
    options: Option<&FieldOptions>,
) -> Result<()> {
    let creates = options.is_some_and(|o| o.create);
    let create = match creates {
        false => Create::Nothing,
        true if value.is_mapping() => Create::Mapping,
        true if value.is_sequence() => Create::Sequence,
        true => Create::Scalar,
    };
    let path = split_dotted(path_text);
    if set_inside_text(object, value, &path, options, create).is_ok() {
        return Ok(());
    }
    let missing = || match creates {
        true => format!("unable to find or create field {path_text:?} in replacement target"),
        false => format!("unable to find field {path_text:?} in replacement target"),
    };
    // What can't be written back into the text is dropped there without a word.
    if is_inside_text(object, &path, create) {
        return Ok(());
    }
    let ways = path::find_all(object, &path, create).map_err(|e| e.context(missing()))?;
    if ways.is_empty() {
        return Err(Error::new(missing()));
    }
    for way in ways {
        set_one(path::follow(object, &way), value, options)?;
    }
    Ok(())
}

fn set_one(field: &mut Node, value: &Node, options: Option<&FieldOptions>) -> Result<()> {
    let value = value.clone();
    if let Some(options) = options.filter(|o| !o.delimiter.is_empty()) {
        let Some(text) = field.as_text() else {
            return Err(Error::new(
                "delimiter option can only be used with scalar nodes",
            ));
        };
        let new = value
            .as_text()
            .filter(|_| !value.is_null())
            .unwrap_or("")
            .to_owned();
        let mut parts: Vec<&str> = text.split(options.delimiter.as_str()).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(i) if i >= parts.len() => parts.push(&new),
            Ok(i) => parts[i] = &new,
        }
        let joined = parts.join(&options.delimiter);
        field.set_text(joined);
        return Ok(());
    }
    match (field.is_scalar(), value.as_text()) {
        (true, text) => field.set_text(text.unwrap_or("")),
        (false, _) => *field = value,
    }
    Ok(())
}

/// Sets a field inside JSON or YAML that stands in a text.
fn set_inside_text(
    object: &mut Node,
    value: &Node,
    path: &[String],
    options: Option<&FieldOptions>,
    create: Create,
) -> Result<()> {
    let nothing = || Error::new("no structured data found in path");
    let (i, text, mut document) = text_with_document(object, path).ok_or_else(nothing)?;
    let ways = path::find_all(&mut document, &path[i..], create)?;
    if ways.is_empty() {
        return Err(Error::new("unable to find field in structured data"));
    }
    for way in ways {
        set_one(path::follow(&mut document, &way), value, options)?;
    }
    let new = if text.trim_start().starts_with(['{', '[']) {
        let value = document.to_value()?;
        if text.contains('\n') && text.contains("  ") {
            pretty_json(&value)
        } else {
            crate::generate::go_json(&value)
        }
    } else {
        yaml::v3::to_text(&document).trim().to_owned()
    };
    let ways = path::find_all(object, &path[..i], Create::Nothing)?;
    let [way] = ways.as_slice() else {
        return Err(nothing());
    };
    path::follow(object, way).set_text(new);
    Ok(())
}

/// Returns the first text on a path that is a document of its own: the number of names that lead to
/// it, the text and the document.
fn text_with_document(object: &Node, path: &[String]) -> Option<(usize, String, Node)> {
    (1..path.len()).find_map(|i| {
        let text = path::lookup(object, &path[..i]).ok()??.as_text()?;
        let document = first_document(text).ok()?;
        Some((i, text.to_owned(), document))
    })
}

/// Returns true if a path leads to fields of a document that stands in a text.
fn is_inside_text(object: &Node, path: &[String], create: Create) -> bool {
    text_with_document(object, path).is_some_and(|(i, _, mut document)| {
        path::find_all(&mut document, &path[i..], create).is_ok_and(|ways| !ways.is_empty())
    })
}

fn first_document(text: &str) -> Result<Node> {
    let mut documents = yaml::v3::documents(text.as_bytes())?;
    if documents.is_empty() {
        return Err(Error::new("no document"));
    }
    Ok(documents.swap_remove(0))
}

/// Returns JSON over several lines, as Go indents it.
fn pretty_json(value: &Value) -> String {
    let compact = crate::generate::go_json(value);
    let mut out = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut chars = compact.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if matches!(chars.peek(), Some('}' | ']')) {
                    out.extend(chars.next());
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pretty_json;

    #[test]
    fn json_is_indented_as_go_does() {
        let value = value::json!({"a": [1, {"b": "x,{\"y\":1}"}], "c": {}, "d": []});
        let want = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,{\\\"y\\\":1}\"\n    }\n  ],\n  \
                    \"c\": {},\n  \"d\": []\n}";
        assert_eq!(pretty_json(&value), want);
    }
}
