//! Namespaces.

use crate::config::FieldSpec;
use crate::error::{Result, mistake};
use crate::fieldspec::{self, Make};
use crate::id::{Gvk, Key};
use crate::node;
use crate::resource::Resource;
use crate::set::Set;
use std::collections::HashMap;
use yaml::v3::Node;

/// Which subjects of role bindings move along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    /// Those named `default`.
    #[default]
    Default,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    None,
}

impl Subjects {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "" | "defaultOnly" => Ok(Self::Default),
            "allServiceAccounts" => Ok(Self::AllServiceAccounts),
            "none" => Ok(Self::None),
            other => Err(mistake!(
                "invalid value {other:?} for setRoleBindingSubjects: must be one of \"defaultOnly\", \
                 \"none\" or \"allServiceAccounts\""
            )),
        }
    }
}

const SUBJECTS: &str = "subjects/namespace";

pub(super) fn run(
    set: &mut Set,
    namespace: &str,
    specs: &[FieldSpec],
    unset_only: bool,
    subjects: Subjects,
) -> Result<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    let mut ids: HashMap<Key, usize> = HashMap::with_capacity(set.len());
    for resource in set.iter() {
        *ids.entry(resource.id().key()).or_default() += 1;
    }
    for resource in set.iter_mut() {
        if resource.node().is_null_or_empty() || resource.state().is_helm {
            continue;
        }
        let old = resource.id().key();
        resource.store_previous_id();
        let setter = Setter {
            namespace,
            unset_only,
        };
        set_namespace(resource, &setter, specs, subjects)?;
        if let Some(count) = ids.get_mut(&old) {
            *count -= 1;
        }
        let id = resource.id();
        let count = ids.entry(id.key()).or_default();
        *count += 1;
        if *count > 1 {
            return Err(mistake!(
                "namespace transformation produces ID conflict: {id}"
            ));
        }
    }
    Ok(())
}

struct Setter<'n> {
    namespace: &'n str,
    unset_only: bool,
}

impl Setter<'_> {
    fn set(&self, field: &mut Node) -> Result<()> {
        let has_value = !field.is_null() && field.as_text().is_some_and(|t| !t.is_empty());
        if self.unset_only && has_value {
            return Ok(());
        }
        if !field.is_scalar() {
            return Err(node::wrong_kind("ScalarNode", field)
                .context("namespace field specs must target scalar nodes"));
        }
        node::set_scalar(field, Node::string(self.namespace, 0))
    }
}

/// Sets the namespace of one object and of what it names.
fn set_namespace(
    resource: &mut Resource,
    setter: &Setter<'_>,
    specs: &[FieldSpec],
    subjects: Subjects,
) -> Result<()> {
    let gvk = Gvk::of(resource.node());
    let object = resource.node_mut();
    if !gvk.is_cluster_scoped() {
        let own = FieldSpec::everywhere("metadata/namespace");
        fieldspec::visit(object, &own, Make::Scalar, &mut |f| setter.set(f))?;
    }
    let is_binding = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
    if is_binding {
        set_subjects(object, setter, subjects)?;
    }
    for spec in specs {
        let is_own = *spec.path == *"metadata/namespace"
            || *spec.path == *"metadata/name" && gvk.api_version() != "v1";
        let is_subject = is_binding
            && *spec.path == *SUBJECTS
            && matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if !is_own && !is_subject {
            fieldspec::visit(object, spec, Make::Scalar, &mut |f| setter.set(f))
                .map_err(|e| e.context("namespace transformation failed"))?;
        }
    }
    Ok(())
}

/// Sets the namespace of an object, as the transformer that adds values does it.
pub(super) fn set_own(resource: &mut Resource, namespace: &str) -> Result<()> {
    let setter = Setter {
        namespace,
        unset_only: false,
    };
    set_namespace(resource, &setter, &[], Subjects::Default)
}

fn set_subjects(object: &mut Node, setter: &Setter<'_>, mode: Subjects) -> Result<()> {
    if mode == Subjects::None {
        return Ok(());
    }
    let Some(subjects) = object.get_mut("subjects").filter(|s| !s.is_null()) else {
        return Ok(());
    };
    let before = "setting namespace on (cluster)role binding subjects";
    if !subjects.is_sequence() {
        return Err(node::wrong_kind("SequenceNode", subjects).context(before));
    }
    for subject in subjects.elements_mut().into_iter().flatten() {
        let text = |name| subject.get(name).and_then(Node::as_text);
        let is_meant = match mode {
            Subjects::Default => text("name") == Some("default"),
            Subjects::AllServiceAccounts => text("kind") == Some("ServiceAccount"),
            Subjects::None => false,
        };
        if is_meant {
            let field = node::member_or(subject, "namespace", || Node::plain("", 0))?;
            setter.set(field).map_err(|e| e.context(before))?;
        }
    }
    Ok(())
}
