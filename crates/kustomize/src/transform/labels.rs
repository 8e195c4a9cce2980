//! Labels and annotations.

use crate::config::FieldSpec;
use crate::error::Result;
use crate::fieldspec::{self, Make};
use crate::id::Gvk;
use crate::kustomization::Pairs;
use crate::link;
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
        let first = resource.state().last_link;
        let mut made = vec![0_usize; pairs.len()];
        let object = resource.node_mut();
        for spec in own {
            fieldspec::visit_path(object, spec, Make::Mapping, &mut |field| {
                for ((name, text), (number, made)) in pairs.iter().zip((first + 1..).zip(&mut made))
                {
                    let mut value = Node::string(text.as_str(), 0);
                    if field.is_mapping() && field.get(name).is_none() {
                        value.line = link::mark(number);
                        *made += 1;
                    }
                    node::set_member(field, name, value)?;
                }
                Ok(())
            })?;
        }
        for ((number, text), made) in (first + 1..).zip(pairs.values()).zip(made) {
            let state = resource.state_mut();
            state.last_link = number;
            if made > 1 {
                state
                    .links
                    .push((number, Node::string(text.as_str(), link::mark(number))));
            }
        }
    }
    Ok(())
}
