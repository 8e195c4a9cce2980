//! `windlass install`: what a cluster needs.

use crate::cli::{Cli, Install};
use crate::connect::session;
use crate::failure::Failure;
use crate::output::{complain, say};
use engine::ObjectKey;

pub(crate) async fn run(cli: &Cli, args: &Install) -> anyhow::Result<u8> {
    let mut manifests = api::permissions(cli.namespace());
    manifests.extend(api::definitions());
    if args.export {
        for manifest in &manifests {
            say("---");
            say(yaml::to_yaml(manifest).trim_end());
        }
        return Ok(0);
    }
    let session = session(cli).await?;
    let discovery = cluster::Discovery::fetch(&session.client)
        .await
        .map_err(Failure::from)?;
    for manifest in &manifests {
        let key = ObjectKey::of(manifest);
        let (group, version) = engine::split_api_version(manifest.str_at(&["apiVersion"]));
        let Some(resource) = discovery.find(group, &key.kind, version) else {
            complain(&format!("skipped: the cluster has no kind {}", key.kind));
            continue;
        };
        let path = format!(
            "{}?fieldManager=windlass-install&force=true",
            resource.object_path(&key)
        );
        let apply = "application/apply-patch+yaml";
        session
            .client
            .send(http::Method::PATCH, &path, apply, manifest.to_vec())
            .await
            .map_err(Failure::from)?;
        say(&format!("{key} applied"));
    }
    complain("next: windlass serve");
    Ok(0)
}
