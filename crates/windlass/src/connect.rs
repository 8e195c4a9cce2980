//! Finding the API server: a flag, the environment, a running demo, the user's kubeconfig.

use crate::cli::Cli;
use crate::failure::{Failure, NOT_FOUND, RUNTIME};
use cluster::Client;
use std::path::{Path, PathBuf};
use value::Value;

/// A connection and the namespace of applications.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) namespace: String,
}

/// Returns the file in which a running demo or `up` says where its kubeconfig is.
pub(crate) fn beacon() -> PathBuf {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(
        || {
            let user = std::env::var("USER").unwrap_or_else(|_| "nobody".into());
            std::env::temp_dir().join(format!("windlass-{user}"))
        },
        PathBuf::from,
    );
    base.join("windlass-kubeconfig")
}

/// Connects as the command line says.
pub(crate) async fn session(cli: &Cli) -> Result<Session, Failure> {
    let path = cli.kubeconfig.clone().or_else(running);
    let client = Client::connect(path.as_deref()).await.map_err(|e| {
        Failure::new(RUNTIME, e.to_string())
            .hint("name a kubeconfig with --kubeconfig, or start a control plane: windlass demo")
    })?;
    Ok(Session {
        client,
        namespace: cli.namespace().to_owned(),
    })
}

/// Returns the kubeconfig of a running demo or `up`, unless the user has set one.
fn running() -> Option<PathBuf> {
    if std::env::var_os("KUBECONFIG").is_some_and(|v| !v.is_empty()) {
        return None;
    }
    let path = PathBuf::from(std::fs::read_to_string(beacon()).ok()?.trim().to_owned());
    path.exists().then_some(path)
}

/// Says where the kubeconfig of this process is, for other terminals.
pub(crate) fn light_beacon(kubeconfig: &Path) {
    let beacon = beacon();
    if let Some(parent) = beacon.parent() {
        // Without the beacon users set KUBECONFIG, as they are told to.
        let _created = std::fs::create_dir_all(parent);
    }
    let _written = std::fs::write(beacon, kubeconfig.display().to_string());
}

/// Takes the beacon down, if it is ours.
pub(crate) fn douse_beacon(kubeconfig: &Path) {
    let beacon = beacon();
    let ours = std::fs::read_to_string(&beacon)
        .is_ok_and(|text| text.trim() == kubeconfig.display().to_string());
    if ours {
        // A beacon that stays names a file that is gone, which is noticed.
        let _removed = std::fs::remove_file(beacon);
    }
}

impl Session {
    /// Returns the path of applications, or of one.
    pub(crate) fn applications(&self, name: &str) -> String {
        let root = format!(
            "/apis/{}/namespaces/{}/applications",
            api::names::ARGO_API_VERSION,
            self.namespace
        );
        if name.is_empty() {
            root
        } else {
            format!("{root}/{name}")
        }
    }

    /// Returns the path of the ledger's entries of one kind.
    pub(crate) fn ledger(&self, plural: &str) -> String {
        format!(
            "/apis/{}/namespaces/{}/{plural}",
            api::names::API_VERSION,
            self.namespace
        )
    }

    /// Returns an application.
    pub(crate) async fn application(&self, name: &str) -> Result<Value, Failure> {
        match self.client.get(&self.applications(name)).await {
            Err(error) if error.is_not_found() => Err(Failure::new(
                NOT_FOUND,
                format!(
                    "there is no application {name:?} in namespace {}",
                    self.namespace
                ),
            )
            .hint("windlass app list")),
            answer => Ok(answer?),
        }
    }

    /// Returns the items of a list, with kind and version.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let list = self.client.get(path).await?;
        let kind = list.str_at(&["kind"]).trim_end_matches("List").to_owned();
        let version = list.str_at(&["apiVersion"]).to_owned();
        let items = list.array_at(&["items"]).iter().map(|item| {
            let mut item = item.clone();
            item.set_at(&["kind"], kind.as_str());
            item.set_at(&["apiVersion"], version.as_str());
            item
        });
        Ok(items.collect())
    }
}

/// Returns the name that is written beside what a person does.
pub(crate) fn user() -> String {
    let name = |variable: &str| std::env::var(variable).ok().filter(|u| !u.is_empty());
    name("USER")
        .or_else(|| name("LOGNAME"))
        .unwrap_or_else(|| "somebody".into())
}
