//! Applications of a fleet, and what becomes of them.

use cluster::{ApiError, Client};
use value::{Value, json};

/// Where the applications are.
pub const COLLECTION: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
/// Where they deploy to.
pub const NAMESPACE: &str = "fleet";

/// Returns the application number `a`, which deploys a folder of a repository and heals itself.
#[must_use]
pub fn application(a: usize, repo: &str, path: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": format!("app-{a}"), "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": repo, "path": path, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
    })
}

/// Returns how many applications are deployed.
///
/// # Errors
/// Fails if the API server does.
pub async fn synced(user: &Client) -> Result<usize, ApiError> {
    let list = user.get(COLLECTION).await?;
    let done = |a: &&Value| {
        a.str_at(&["status", "sync", "status"]) == "Synced"
            && a.str_at(&["status", "operationState", "phase"]) == "Succeeded"
    };
    Ok(list.array_at(&["items"]).iter().filter(done).count())
}

/// Returns how many applications are healthy.
///
/// # Errors
/// Fails if the API server does.
pub async fn healthy(user: &Client) -> Result<usize, ApiError> {
    let list = user.get(COLLECTION).await?;
    let is_healthy = |a: &&Value| a.str_at(&["status", "health", "status"]) == "Healthy";
    Ok(list.array_at(&["items"]).iter().filter(is_healthy).count())
}

/// Asks for a refresh of the application number `a`.
///
/// # Errors
/// Fails if the API server does.
pub async fn ask_refresh(user: &Client, a: usize) -> Result<(), ApiError> {
    let refresh = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
    let path = format!("{COLLECTION}/app-{a}");
    user.merge_patch(&path, &refresh).await.map(drop)
}

/// Returns what a ConfigMap of the fleet has under `value`.
///
/// # Errors
/// Fails if the API server does.
pub async fn value_of(user: &Client, name: &str) -> Result<String, ApiError> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/{name}");
    Ok(user.get(&path).await?.str_at(&["data", "value"]).to_owned())
}
