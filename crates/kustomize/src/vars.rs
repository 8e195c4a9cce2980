//! Variables: `$(NAME)` in text.

use crate::config::{Config, FieldSpec};
use crate::error::{Error, Result, mistake};
use crate::fieldspec::{self, Make, split_dotted};
use crate::id::{Gvk, Id};
use crate::kustomization::Var;
use crate::path;
use crate::set::Set;
use std::collections::BTreeMap;
use yaml::v3::{Node, NodeKind};

const NAME: &str = "metadata.name";

/// Variables by their names.
pub(crate) type Vars = BTreeMap<String, Var>;

/// Adds variables, and notes in the objects that their values come from them.
pub(crate) fn merge(vars: &mut Vars, new: &[Var], set: &mut Set) -> Result<()> {
    for var in new {
        let id = target(var);
        let is_exact = !id.namespace.is_empty() || id.gvk.is_cluster_scoped();
        let fits = |own: &Id| match is_exact {
            true => own.is_same(&id),
            false => own.name == id.name && own.gvk == id.gvk,
        };
        let matches: Vec<usize> = (0..set.len())
            .filter(|i| !set[*i].node().is_null_or_empty() && set[*i].was_ever(fits))
            .collect();
        match matches.as_slice() {
            [] => {}
            [i] => set[*i].state_mut().vars.push(var.name.clone()),
            many => {
                return Err(mistake!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    many.len(),
                    shown(var)
                ));
            }
        }
    }
    add(vars, new.iter().cloned())
}

/// Adds variables whose names must be new.
pub(crate) fn add(vars: &mut Vars, new: impl IntoIterator<Item = Var>) -> Result<()> {
    for mut var in new {
        if vars.contains_key(&var.name) {
            return Err(mistake!("var '{}' already encountered", var.name));
        }
        if var.fieldref.field_path.is_empty() {
            NAME.clone_into(&mut var.fieldref.field_path);
        }
        vars.insert(var.name.clone(), var);
    }
    Ok(())
}

fn target(var: &Var) -> Id {
    let object = &var.objref;
    let mut gvk = Gvk {
        group: object.group.clone(),
        version: object.version.clone(),
        kind: object.kind.clone(),
    };
    if !object.api_version.is_empty() {
        match object.api_version.split_once('/') {
            Some((group, version)) => {
                group.clone_into(&mut gvk.group);
                version.clone_into(&mut gvk.version);
            }
            None => gvk.version.clone_from(&object.api_version),
        }
    }
    Id {
        gvk,
        name: object.name.clone(),
        namespace: object.namespace.clone(),
    }
}

fn shown(var: &Var) -> String {
    format!(
        "{{{} {} {{{}}}}}",
        var.name,
        target(var),
        var.fieldref.field_path
    )
}

/// What a variable stands for.
#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// Something that can't stand in text.
    Other,
}

/// Replaces all variables; returns the names of those that stand nowhere.
pub(crate) fn resolve(set: &mut Set, vars: &Vars, config: &Config) -> Result<Vec<String>> {
    let mut values = BTreeMap::new();
    for var in vars.values() {
        values.insert(var.name.as_str(), (value(set, var)?, 0_usize));
    }
    if values.is_empty() {
        return Ok(Vec::new());
    }
    for resource in set {
        for spec in &config.var_reference {
            let gvk = Gvk::of(resource.node());
            if !gvk.is_selected_by(&spec.gvk) || !mentions(resource.node(), spec) {
                continue;
            }
            let (file, line) = (resource.file.clone(), resource.node().line);
            fieldspec::visit_path(resource.node_mut(), spec, Make::Nothing, &mut |field| {
                set_field(field, &mut values)
            })
            .map_err(|e| e.at(&file, line))?;
        }
    }
    let unused = values.iter().filter(|(_, (_, count))| *count == 0);
    Ok(unused.map(|(name, _)| (*name).to_owned()).collect())
}

/// Returns false if the object can't have the field: then it stays shared.
fn mentions(node: &Node, spec: &FieldSpec) -> bool {
    let first = spec.path.trim_start_matches('/').split('/').next();
    let first = first.map_or("", |name| name.trim_end_matches("[]"));
    first.contains('\\') || node.get(first).is_some()
}

fn value(set: &Set, var: &Var) -> Result<Value> {
    let owner = set.iter().find(|r| r.state().vars.contains(&var.name));
    let Some(owner) = owner else {
        return Err(mistake!(
            "var '{}' cannot be mapped to a field in the set of known resources",
            shown(var)
        ));
    };
    let missing = || {
        mistake!(
            "field specified in var '{}' not found in corresponding resource",
            shown(var)
        )
    };
    let path = with_indices(split_dotted(&var.fieldref.field_path));
    let field = path::lookup(owner.node(), &path).map_err(|_| missing())?;
    let field = field.ok_or_else(missing)?;
    let Some(text) = field.as_text() else {
        return Ok(Value::Other);
    };
    Ok(match field.short_tag().as_str() {
        "!!int" => Value::Int(text.parse().map_err(|_| missing())?),
        "!!float" => Value::Float(text.parse().map_err(|_| missing())?),
        "!!bool" => match text {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => return Err(missing()),
        },
        _ => Value::Text(text.to_owned()),
    })
}

/// Cuts `ports[0]` into `ports` and `0`.
fn with_indices(path: Vec<String>) -> Vec<String> {
    let mut parts = Vec::with_capacity(path.len());
    for part in path {
        let index = part.strip_suffix(']').and_then(|p| p.rsplit_once('['));
        match index.filter(|(_, i)| !i.is_empty() && i.bytes().all(|b| b.is_ascii_digit())) {
            Some((name, index)) => {
                if !name.is_empty() {
                    parts.push(name.to_owned());
                }
                parts.push(index.to_owned());
            }
            None => parts.push(part),
        }
    }
    parts
}

type Values<'v> = BTreeMap<&'v str, (Value, usize)>;

fn set_field(field: &mut Node, values: &mut Values<'_>) -> Result<()> {
    if field.is_null() {
        return Ok(());
    }
    match &mut field.kind {
        NodeKind::Scalar { .. } => {
            set_text(field, values);
            Ok(())
        }
        NodeKind::Mapping { members, .. } => {
            for (key, value) in members {
                if !key.is_text() {
                    return Err(mistake!(
                        "invalid map key: value='{}', tag='{}'",
                        key.as_text().unwrap_or(""),
                        key.short_tag()
                    ));
                }
                set_text(value, values);
            }
            Ok(())
        }
        NodeKind::Sequence { elements, .. } => {
            for element in elements {
                if !element.is_text() {
                    return Err(Error::new("invalid value type expect a string"));
                }
                set_text(element, values);
            }
            Ok(())
        }
    }
}

fn set_text(node: &mut Node, values: &mut Values<'_>) {
    let Some(text) = node.as_text() else {
        return;
    };
    if !text.contains('$') {
        // What only looks like a number is text from now on.
        if node.tag.is_some() && node.is_text() {
            *node = Node::string(text, node.line);
        }
        return;
    }
    if !node.is_text() {
        return;
    }
    let text = text.to_owned();
    let new = match expand(&text, values) {
        Value::Text(new) if new == text => return,
        Value::Text(new) => Node::string(new, 0),
        Value::Int(i) => Node::plain(i.to_string(), 0),
        Value::Bool(b) => Node::plain(b.to_string(), 0),
        Value::Float(f) => {
            // Even a whole number stays a float.
            let mut new = Node::plain(f.to_string(), 0);
            new.tag = Some("tag:yaml.org,2002:float".into());
            new
        }
        Value::Other => return,
    };
    *node = new;
}

/// Replaces the variables in a text; one that is the whole text keeps its type.
fn expand(text: &str, values: &mut Values<'_>) -> Value {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(i) = rest.find('$') {
        let behind = &rest[i + 1..];
        let Some(next) = behind.chars().next() else {
            break;
        };
        out.push_str(&rest[..i]);
        match next {
            '$' => {
                out.push('$');
                rest = &behind[1..];
            }
            '(' => match behind.find(')') {
                Some(end) => {
                    let name = &behind[1..end];
                    let value = match values.get_mut(name) {
                        Some((Value::Other, _)) | None => Value::Text(format!("$({name})")),
                        Some((value, count)) => {
                            *count += 1;
                            value.clone()
                        }
                    };
                    if text.len() == name.len() + 3 {
                        return value;
                    }
                    match value {
                        Value::Text(text) => out.push_str(&text),
                        Value::Int(i) => out.push_str(&i.to_string()),
                        Value::Bool(b) => out.push_str(if b { "true" } else { "false" }),
                        Value::Float(f) => out.push_str(&f.to_string()),
                        Value::Other => {}
                    }
                    rest = &behind[end + 1..];
                }
                None => {
                    out.push_str("$(");
                    rest = &behind[1..];
                }
            },
            other => {
                out.push('$');
                out.push(other);
                rest = &behind[other.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    Value::Text(out)
}

#[cfg(test)]
mod tests {
    use super::{Value, Values, expand};

    #[test]
    fn text_is_expanded_as_kustomize_does() {
        let mut values: Values<'_> = [("A", "a"), ("B", "b"), ("REF", "$(A)"), ("EMPTY", "")]
            .into_iter()
            .map(|(k, v)| (k, (Value::Text(v.to_owned()), 0)))
            .collect();
        values.insert("INT", (Value::Int(8), 0));
        for (text, want) in [
            ("$(A)", "a"),
            ("$(A)-$(B)", "a-b"),
            ("$$(B)_$(A)", "$(B)_a"),
            ("f000-$$VAR_A", "f000-$VAR_A"),
            ("foo\\$(B)bar", "foo\\bbar"),
            ("$(A$(B))", "$(A$(B))"),
            ("%%$(REF)--$(REF)%%", "%%$(A)--$(A)%%"),
            ("foo$(EMPTY)bar", "foobar"),
            ("foo$(Awhoops!", "foo$(Awhoops!"),
            ("$$$$$$$(A)", "$$$a"),
            ("$(A)foobarzab$", "afoobarzab$"),
            ("--$($($($($--", "--$($($($($--"),
            ("p$(INT)", "p8"),
            ("$(NOPE)", "$(NOPE)"),
        ] {
            let Value::Text(got) = expand(text, &mut values) else {
                panic!("{text} is no text")
            };
            assert_eq!(got, want, "{text}");
        }
        assert!(matches!(expand("$(INT)", &mut values), Value::Int(8)));
    }
}
