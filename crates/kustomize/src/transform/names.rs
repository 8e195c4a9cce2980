//! Prefixes and suffixes.

use crate::config::FieldSpec;
use crate::error::Result;
use crate::fieldspec::{self, Make};
use crate::generate;
use crate::id::Gvk;
use crate::node;
use crate::set::Set;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Prefix,
    Suffix,
}

const NAME: &str = "metadata/name";

/// Kinds whose names mean something to others.
fn keeps_its_name(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

pub(super) fn run(set: &mut Set, side: Side, affix: &str, specs: &[FieldSpec]) -> Result<()> {
    if affix.is_empty() {
        return Ok(());
    }
    for resource in set {
        let original = resource.original_id();
        if keeps_its_name(&original.gvk) {
            continue;
        }
        for spec in specs {
            if !original.gvk.is_selected_by(&spec.gvk) {
                continue;
            }
            if *spec.path == *NAME {
                resource.store_previous_id();
                let state = resource.state_mut();
                match side {
                    Side::Prefix => state.prefixes.push(affix.to_owned()),
                    Side::Suffix => state.suffixes.push(affix.to_owned()),
                }
            }
            fieldspec::visit(resource.node_mut(), spec, Make::Scalar, &mut |field| {
                let old = field.as_text().unwrap_or("");
                let new = match side {
                    Side::Prefix => format!("{affix}{old}"),
                    Side::Suffix => format!("{old}{affix}"),
                };
                node::overwrite(field, &new, field.line)
            })?;
        }
    }
    Ok(())
}

/// Puts the suffix that stands for the content behind the names of generated objects.
pub(super) fn hash(set: &mut Set) -> Result<()> {
    for resource in set.iter_mut().filter(|r| r.state().needs_hash) {
        let suffix = generate::hash(resource)?;
        resource.store_previous_id();
        let name = format!("{}-{suffix}", resource.name());
        resource.set_name(&name)?;
    }
    Ok(())
}
