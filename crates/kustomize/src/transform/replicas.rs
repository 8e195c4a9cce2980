//! Numbers of replicas.

use crate::config::FieldSpec;
use crate::error::{Result, mistake};
use crate::fieldspec::{self, Make};
use crate::kustomization::Replica;
use crate::node;
use crate::set::Set;
use yaml::v3::Node;

pub(super) fn run(set: &mut Set, replica: &Replica, specs: &[FieldSpec]) -> Result<()> {
    let mut found = false;
    for spec in specs {
        for resource in set.iter_mut() {
            let fits =
                resource.was_ever(|id| id.name == replica.name && id.gvk.is_selected_by(&spec.gvk));
            if !fits {
                continue;
            }
            found = true;
            fieldspec::visit(resource.node_mut(), spec, Make::Scalar, &mut |field| {
                node::set_scalar(field, Node::plain(replica.count.to_string(), 0))
            })?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<String> = specs.iter().map(|s| s.gvk.to_string()).collect();
    Err(mistake!(
        "resource with name {} does not match a config with the following GVK [{}]",
        replica.name,
        kinds.join(" ")
    ))
}
