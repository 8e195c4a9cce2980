//! Test support: Git over HTTP, Helm repositories, OCI registries and what is in them, and an
//! OpenID Connect provider.
//!
//! Only for `[dev-dependencies]`: it prefers a clear panic to an error.

#![expect(
    clippy::missing_panics_doc,
    reason = "a fixture that can't be made fails the test"
)]

mod archive;
mod charts;
mod git;
mod http;
mod oidc;
mod registry;

pub use archive::{ArchiveEntry, pack, pack_chart, pack_folder, sha256};
pub use charts::{ChartServer, ChartServerOptions};
pub use git::{GitServer, GitServerOptions, git};
pub use http::HttpRequest;
pub use oidc::{Exchanged, OidcAlgorithm, OidcProvider, OidcProviderOptions, exchange, fields};
pub use registry::{Registry, RegistryOptions};

use std::path::PathBuf;

/// Returns the folder of upstream's test data, or `None` after saying so: such tests are skipped
/// on a machine that doesn't have it.
#[must_use]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn shared() -> Option<PathBuf> {
    let Some(path) = std::env::var_os("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return None;
    };
    Some(PathBuf::from(path))
}
