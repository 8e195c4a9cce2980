//! Rendering an application here, for `diff`, `manifests` and `explain`.

use crate::connect::Session;
use crate::failure::{Failure, RUNTIME};
use cluster::Discovery;
use controller::{Inspector, Installation, Secret};
use engine::{Problem, Target};
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

/// Returns what renders applications of an installation.
pub(crate) async fn inspector(
    session: &Session,
    discovery: Arc<Discovery>,
) -> Result<Inspector, Failure> {
    let (client, namespace) = (&session.client, &session.namespace);
    let installation = Installation::read(client, namespace).await?;
    // A look changes nothing, and who may not read the Secret may still compare.
    let seed = Secret::read(client, namespace).await;
    let seed = seed.ok().flatten().unwrap_or(Secret::unknown());
    Ok(Inspector::new(&cache_dir(), discovery, installation, seed))
}

/// Renders an application at `revision`; `None` is what it tracks.
pub(crate) async fn render(
    session: &Session,
    application: &Value,
    revision: Option<&str>,
) -> Result<Arc<Target>, Failure> {
    let discovery = Arc::new(Discovery::fetch(&session.client).await?);
    let inspector = inspector(session, discovery).await?;
    let target = inspector.render(application, revision).await;
    target.map_err(|problem| failed(application, &problem))
}

/// Returns the failure that a problem with an application is.
pub(crate) fn failed(application: &Value, problem: &Problem) -> Failure {
    let name = application.str_at(&["metadata", "name"]);
    Failure::new(RUNTIME, format!("{name}: {}", problem.message))
}
