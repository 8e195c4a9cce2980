//! Labels and annotations.

use crate::config::FieldSpec;
use crate::error::Result;
use crate::fieldspec::{self, Make};
use crate::id::Gvk;
use crate::kustomization::Pairs;
use crate::node;
use crate::set::Set;
use yaml::v3::Node;

pub(super) fn run(set: &mut Set, pairs: &Pairs, specs: &[FieldSpec]) -> Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    for resource in set {
        let gvk = Gvk::of(resource.node());
        let own: Vec<_> = specs
            .iter()
            .filter(|s| gvk.is_selected_by(&s.gvk))
            .collect();
        if own.is_empty() {
            continue;
        }
        let object = resource.node_mut();
        for spec in own {
            fieldspec::visit_path(object, spec, Make::Mapping, &mut |field| {
                pairs.iter().try_for_each(|(name, text)| {
                    node::set_member(field, name, Node::string(text.as_str(), 0))
                })
            })?;
        }
    }
    Ok(())
}
