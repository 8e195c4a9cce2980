//! Patches.

use crate::error::{Error, Result, mistake};
use crate::id::Id;
use crate::kustomization::{PatchOptions, Selector};
use crate::link;
use crate::load::Loader;
use crate::node;
use crate::read;
use crate::resource::{Resource, set_texts, texts};
use crate::schema::Schema;
use crate::set::{self, Select, Set};
use crate::smp;
use std::sync::Arc;
use value::Value;
use yaml::v3::Node;

/// Operations that one JSON patch may have.
const OPERATIONS_MAX: usize = 10_000;

/// A patch of either kind.
pub(crate) struct Patch {
    kind: Kind,
    target: Option<Select>,
    /// How messages name it.
    source: String,
}

enum Kind {
    Merge(Vec<Resource>),
    Json(Value),
    Nothing,
}

/// A JSON patch by its old name, which doesn't remember what objects were called.
pub(crate) struct JsonPatch {
    operations: Value,
    target: Select,
}

impl Patch {
    pub(crate) fn new(
        path: &str,
        patch: &str,
        target: Option<&Selector>,
        options: Option<&PatchOptions>,
        loader: &Loader<'_>,
        place: (&Arc<str>, u32),
    ) -> Result<Self> {
        let patch = patch.trim();
        let (text, source, file, line): (Vec<u8>, _, _, _) =
            match (path.is_empty(), patch.is_empty()) {
                (true, true) => return Err(Error::new("must specify one of patch and path in\n")),
                (false, false) => {
                    return Err(Error::new("patch and path can't be set at the same time\n"));
                }
                (true, false) => (
                    patch.into(),
                    format!("[patch: {patch:?}]"),
                    Arc::clone(place.0),
                    place.1,
                ),
                (false, true) => {
                    let file = loader.load(path).map_err(|e| {
                        e.context(format_args!(
                            "failed to get the patch file from path({path})"
                        ))
                    })?;
                    (
                        file.bytes.to_vec(),
                        format!("[path: {path:?}]"),
                        file.path,
                        0,
                    )
                }
            };
        let merge = read::patches(&text, &file, line);
        let json = operations(&text);
        let count = |json: &Value| json.as_array().map_or(0, <[_]>::len);
        if let (Ok(merge), Ok(json)) = (&merge, &json)
            && !merge.is_empty()
            && count(json) > 0
        {
            return Err(mistake!(
                "illegally qualifies as both an SM and JSON patch: {source}"
            ));
        }
        let kind = match (merge, json) {
            (Ok(patches), _) if patches.is_empty() => Kind::Nothing,
            (Ok(mut patches), _) => {
                for patch in &mut patches {
                    let options = options.cloned().unwrap_or_default();
                    if options.allow_name_change {
                        patch.state_mut().may_change_name = true;
                    }
                    if options.allow_kind_change {
                        patch.state_mut().may_change_kind = true;
                    }
                }
                Kind::Merge(patches)
            }
            (Err(_), Ok(json)) => Kind::Json(json),
            (Err(merge), Err(_)) => {
                let error = mistake!("unable to parse SM or JSON patch from {source}");
                return Err(match merge {
                    Error::Mistake(m) => error.at(&file, m.line),
                    Error::Tree(error) => Error::Tree(error),
                });
            }
        };
        let target_text = target.map_or_else(String::new, selector_text);
        Ok(Self {
            kind,
            target: target.map(Select::new).transpose().map_err(|e| {
                e.context(format_args!(
                    "unable to find patch target {target_text:?} in `resources`"
                ))
            })?,
            source,
        })
    }

    pub(super) fn run(&self, set: &mut Set, schema: &Schema) -> Result<()> {
        match (&self.kind, &self.target) {
            (Kind::Nothing, _) => Ok(()),
            (Kind::Merge(patches), Some(target)) => {
                let [patch] = patches.as_slice() else {
                    return Err(mistake!(
                        "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set \
                         `patches.target` field: {}",
                        self.source
                    ));
                };
                let selected = target.select(set);
                apply_to(set, &selected, patch, schema)
            }
            (Kind::Merge(patches), None) => patches.iter().try_for_each(|patch| {
                let id = patch.original_id();
                let i = set::by_id(set, &id).map_err(|e| {
                    e.context(format_args!(
                        "no resource matches strategic merge patch \"{id}\""
                    ))
                    .at(&patch.file, read::patch_line(patch.node()).unwrap_or(0))
                })?;
                apply(&mut set[i], patch.node().clone(), patch, schema)
            }),
            (Kind::Json(operations), Some(target)) => {
                for i in target.select(set) {
                    set[i].store_previous_id();
                    apply_json(&mut set[i], operations)?;
                }
                Ok(())
            }
            (Kind::Json(_), None) => Err(mistake!(
                "must specify a target for JSON patch {}",
                self.source
            )),
        }
    }

    /// Returns the file that the patch stands in.
    pub(crate) fn file(&self) -> Option<Arc<str>> {
        match &self.kind {
            Kind::Merge(patches) => patches.first().map(|p| Arc::clone(&p.file)),
            Kind::Json(_) | Kind::Nothing => None,
        }
    }
}

impl JsonPatch {
    pub(crate) fn new(
        target: Option<&Selector>,
        path: &str,
        text: &str,
        loader: &Loader<'_>,
    ) -> Result<Self> {
        let Some(target) = target.filter(|t| !t.name.is_empty()) else {
            return Err(Error::new("must specify the target name"));
        };
        let text: Vec<u8> = match (path.is_empty(), text.is_empty()) {
            (true, true) => return Err(Error::new("empty file path and empty jsonOp")),
            (false, false) => {
                return Err(Error::new("must specify a file path or jsonOp, not both"));
            }
            (true, false) => text.into(),
            (false, true) => {
                let file = loader.load(path)?;
                if file.bytes.is_empty() {
                    return Err(mistake!("patch file '{path}' empty seems to be empty"));
                }
                file.bytes.to_vec()
            }
        };
        let operations = operations(&text)
            .map_err(|e| e.context(format_args!("decoding {}", String::from_utf8_lossy(&text))))?;
        if operations.as_array().is_none_or(<[_]>::is_empty) {
            return Err(mistake!("patch appears to be empty; file={path}, JsonOp="));
        }
        Ok(Self {
            operations,
            target: Select::new(target)?,
        })
    }

    pub(super) fn run(&self, set: &mut Set) -> Result<()> {
        for i in self.target.select(set) {
            apply_json(&mut set[i], &self.operations)?;
        }
        Ok(())
    }
}

fn selector_text(selector: &Selector) -> String {
    let id = Id {
        gvk: crate::id::Gvk {
            group: selector.group.clone(),
            version: selector.version.clone(),
            kind: selector.kind.clone(),
        },
        name: selector.name.clone(),
        namespace: selector.namespace.clone(),
    };
    format!(
        "{id}:a={}:l={}",
        selector.annotation_selector, selector.label_selector
    )
}

/// Reads the operations of a JSON patch, given as JSON or YAML.
fn operations(text: &[u8]) -> Result<Value> {
    if text.is_empty() {
        return Err(Error::new("empty json patch operations"));
    }
    let operations = if text[0] == b'[' {
        Value::parse(text).map_err(|e| mistake!("{e}"))?
    } else {
        yaml::v2::to_value(text)?
    };
    match &operations {
        Value::Null => Ok(operations),
        Value::Array(a) if a.len() > OPERATIONS_MAX => Err(mistake!(
            "a JSON patch may have {OPERATIONS_MAX} operations"
        )),
        Value::Array(a) if a.iter().any(is_too_deep) => {
            Err(mistake!("a path may have {} names", node::PATH_NAMES_MAX))
        }
        Value::Array(a) if a.iter().all(|o| o.is_object() || o.is_null()) => Ok(operations),
        other => Err(mistake!(
            "json: cannot unmarshal {} into Go value of type jsonpatch.Patch",
            other.type_name()
        )),
    }
}

fn is_too_deep(operation: &Value) -> bool {
    let names = |field| operation.str_at(&[field]).matches('/').count();
    names("path").max(names("from")) > node::PATH_NAMES_MAX
}

fn apply_json(resource: &mut Resource, operations: &Value) -> Result<()> {
    let document = resource.to_value()?;
    let patched = value::json_patch(document.clone(), operations).map_err(|e| mistake!("{e}"))?;
    let new = update(resource.node(), &document, &patched);
    link::forget(resource);
    resource.set_node(new);
    Ok(())
}

/// Returns the node of `new`; parts that `old` has, too, keep their lines.
fn update(node: &Node, old: &Value, new: &Value) -> Node {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let members = new.iter().map(|(name, value)| {
                let known = node
                    .members()
                    .iter()
                    .find(|(k, _)| k.as_text() == Some(name.as_str()));
                match (known, old.get(name)) {
                    (Some((key, own)), Some(old)) => (
                        Node::string(name.as_str(), key.line),
                        update(own, old, value),
                    ),
                    _ => (Node::string(name.as_str(), 0), Node::from_value(value, 0)),
                }
            });
            Node::mapping(members.collect(), node.line)
        }
        (Value::Array(old), Value::Array(new)) if old.len() <= new.len() => {
            let elements = new.iter().enumerate().map(|(i, value)| {
                match (node.elements().get(i), old.get(i)) {
                    (Some(own), Some(old)) => update(own, old, value),
                    _ => Node::from_value(value, 0),
                }
            });
            Node::sequence(elements.collect(), node.line)
        }
        (old, new) if old == new => Node::from_value(new, link::line_only(node.line)),
        (_, new) => Node::from_value(new, 0),
    }
}

/// Merges patches, each into the object that it names.
pub(crate) fn apply_merge_patches(
    set: &mut Set,
    patches: &[Resource],
    schema: &Schema,
) -> Result<()> {
    for patch in patches {
        let i = set::by_id(set, &patch.original_id())
            .map_err(|e| e.at(&patch.file, read::patch_line(patch.node()).unwrap_or(0)))?;
        apply_to(set, &[i], patch, schema)?;
    }
    Ok(())
}

/// Merges a patch into the objects that are meant.
fn apply_to(set: &mut Set, selected: &[usize], patch: &Resource, schema: &Schema) -> Result<()> {
    for i in selected {
        let resource = &mut set[*i];
        let mut copy = patch.node().clone();
        // Labels and annotations of a patch for several objects are text, whatever they look like.
        for field in ["labels", "annotations"] {
            let texts = texts(&copy, field);
            set_texts(&mut copy, field, &texts)?;
        }
        let api_version = crate::id::Gvk::of(resource.node()).api_version();
        node::overwrite_member(&mut copy, "apiVersion", &api_version, 0)?;
        apply(resource, copy, patch, schema)?;
    }
    let all = std::mem::take(set);
    set::append_all(
        set,
        all.into_iter().filter(|r| !r.node().is_null_or_empty()),
    )
}

/// Merges a patch into an object; a deleted one becomes `null`.
fn apply(resource: &mut Resource, patch: Node, source: &Resource, schema: &Schema) -> Result<()> {
    let (name, namespace) = (resource.name().to_owned(), resource.namespace().to_owned());
    let kind = resource.kind().to_owned();
    let state = source.state();
    if state.may_change_name || state.may_change_kind {
        resource.store_previous_id();
    }
    let target = std::mem::replace(resource.node_mut(), Node::plain("null", 0));
    let merged = smp::merge(schema, target, patch)
        .map_err(|e| e.at(&source.file, read::patch_line(source.node()).unwrap_or(0)))?;
    let Some(merged) = merged.filter(|m| !m.is_null_or_empty()) else {
        return Ok(());
    };
    resource.set_node(merged);
    if !state.may_change_kind {
        node::overwrite_member(resource.node_mut(), "kind", &kind, 0)?;
    }
    if !state.may_change_name {
        resource.set_name(&name)?;
    }
    resource.set_namespace(&namespace)
}
