//! Who changed an object, as the embedded API server has authenticated them.

use cluster::Discovery;
use controlplane::Registry;
use controlplane::audit::Entry;
use engine::ObjectKey;
use ledger::{Author, Grade, Identity};
use std::sync::Arc;

/// Identities from the embedded API server's memory of its writes.
pub(crate) struct AuditIdentity {
    registry: Registry,
    discovery: Arc<Discovery>,
}

impl AuditIdentity {
    pub(crate) fn new(registry: Registry, discovery: Arc<Discovery>) -> Self {
        Self {
            registry,
            discovery,
        }
    }
}

impl Identity for AuditIdentity {
    fn who(&self, key: &ObjectKey) -> Option<Author> {
        let plural = &self.discovery.find(&key.group, &key.kind, "")?.plural;
        let about = |e: &&Entry| {
            *e.group == *key.group
                && e.resource == **plural
                && *e.namespace == *key.namespace
                && *e.name == *key.name
        };
        let entries = self.registry.audit().since(0);
        // Components of the control plane and we ourselves aren't people.
        let person = |e: &&Entry| !e.user.starts_with("system:");
        let entry = entries.iter().rev().filter(about).find(person)?;
        Some(Author {
            name: entry.user.clone(),
            via: via(entry),
            grade: Grade::Verified,
        })
    }
}

/// Returns with what a write was made, as a person would have typed it.
fn via(entry: &Entry) -> String {
    let program = entry.user_agent.split('/').next().unwrap_or("");
    let manager = entry.manager.strip_prefix("kubectl-");
    match (program, entry.subresource.as_str(), manager) {
        ("kubectl", "scale", _) => "kubectl scale".into(),
        ("kubectl", _, Some("client-side-apply")) => "kubectl apply".into(),
        ("kubectl", _, Some(verb)) => format!("kubectl {verb}"),
        ("kubectl", ..) => format!("kubectl {}", entry.verb),
        ("", ..) => entry.verb.to_owned(),
        (program, "", _) => format!("{program} {}", entry.verb),
        (program, subresource, _) => format!("{program} {} {subresource}", entry.verb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_told_as_it_was_typed() {
        let entry = |agent: &str, manager: &str, sub: &str, verb: &'static str| Entry {
            revision: 1,
            user: "alice".into(),
            user_agent: agent.into(),
            manager: manager.into(),
            verb,
            group: String::new(),
            version: "v1".into(),
            resource: "pods".into(),
            subresource: sub.into(),
            namespace: String::new(),
            name: "x".into(),
            time: jiff::Timestamp::UNIX_EPOCH,
        };
        for (agent, manager, sub, verb, want) in [
            (
                "kubectl/v1.32",
                "kubectl",
                "scale",
                "patch",
                "kubectl scale",
            ),
            ("kubectl/v1.32", "kubectl-edit", "", "patch", "kubectl edit"),
            (
                "kubectl/v1.32",
                "kubectl-client-side-apply",
                "",
                "patch",
                "kubectl apply",
            ),
            ("kubectl/v1.32", "", "", "delete", "kubectl delete"),
            ("curl/8", "", "", "update", "curl update"),
            ("windlass/0.1", "", "scale", "patch", "windlass patch scale"),
        ] {
            assert_eq!(via(&entry(agent, manager, sub, verb)), want);
        }
    }
}
