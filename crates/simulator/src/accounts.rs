//! Every namespace has a service account `default`, and the certificate that clients trust.

use controlplane::failure::Result;
use value::json;

use crate::world::{Work, World};

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    let namespaces = world.kind("", "v1", "namespaces")?;
    let namespace = world.get(&namespaces, "", &work.namespace)?;
    if namespace.deleting() {
        return Ok(());
    }
    let kind = world.kind("", "v1", "serviceaccounts")?;
    if world.get(&kind, &work.namespace, "default").is_ok() {
        return Ok(());
    }
    match world.create(
        &kind,
        &work.namespace,
        json!({"metadata": {"name": "default"}}),
    ) {
        Err(failure) if failure.reason != "AlreadyExists" => Err(failure),
        _ => Ok(()),
    }
}
