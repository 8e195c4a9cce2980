//! Rendering an application here, for `diff` and `manifests`.

use crate::connect::Session;
use crate::failure::{Failure, RUNTIME};
use cluster::Discovery;
use controller::{Installation, Secret};
use engine::Target;
use std::path::PathBuf;
use std::sync::Arc;
use value::Value;

/// Returns the folder for the mirrors of commands that a person runs.
pub(crate) fn cache_dir() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("windlass")
}

/// Renders an application at `revision`; `None` is what it tracks.
pub(crate) async fn render(
    session: &Session,
    application: &Value,
    revision: Option<&str>,
) -> Result<Arc<Target>, Failure> {
    let discovery = Arc::new(Discovery::fetch(&session.client).await?);
    let name = application.str_at(&["metadata", "name"]).to_owned();
    let namespace = application.str_at(&["metadata", "namespace"]);
    let installation = Installation::read(&session.client, namespace).await?;
    let cache = cache_dir();
    // A look changes nothing, and who may not read the Secret may still compare.
    let seed = Secret::read(&session.client, namespace).await;
    let seed = seed.ok().flatten().unwrap_or(Secret::unknown());
    controller::render_application(
        &cache,
        &name,
        application,
        revision,
        discovery,
        &installation,
        seed,
    )
    .await
    .map_err(|problem| Failure::new(RUNTIME, format!("{name}: {}", problem.message)))
}
