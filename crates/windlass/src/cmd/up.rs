//! `windlass up`: control plane and controller on disk, for a repository of the user's.

use crate::cli::Up;
use crate::connect::user;
use crate::failure::{Failure, RUNTIME};
use crate::output::{complain, say};
use crate::plane::{Plane, PlaneOptions, ensure_namespace};
use engine::Config;
use std::time::Duration;
use value::json;

pub(crate) async fn run(args: &Up) -> anyhow::Result<u8> {
    let dir = std::path::absolute(&args.dir)?;
    let plane = Plane::start(
        PlaneOptions {
            dir,
            durable: true,
            listen: args.listen,
            user: user(),
            config: Config {
                health_gate: args.gate.health_gate.0,
                ..Config::default()
            },
            poll: (args.poll > 0).then(|| Duration::from_secs(args.poll)),
            ui_port: args.ui_port,
            mode: server::Mode::Up,
        },
        None,
    )
    .await?;
    say(&format!("  control plane   ready   {}", plane.url));
    say(&format!("  dashboard       ready   {}", plane.dashboard()));
    say(&format!(
        "  kubeconfig      ready   export KUBECONFIG={}",
        plane.kubeconfig.display()
    ));
    if let Some(repo) = &args.repo {
        let name = application(args, repo, &plane).await?;
        say(&format!(
            "  app {name:<11} watches {repo} {} at {}",
            args.path, args.rev
        ));
    }
    say("  Workloads here are simulated. Press Ctrl-C to stop; the state stays.");
    stopped().await?;
    complain("  stopping ...");
    plane.stop().await;
    Ok(0)
}

/// Waits for Ctrl-C or a polite kill.
async fn stopped() -> Result<(), Failure> {
    let fail = |e: std::io::Error| Failure::new(RUNTIME, format!("signals: {e}"));
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(fail)?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome.map_err(fail),
        _ = terminate.recv() => Ok(()),
    }
}

/// Creates the repository's application, or points the one that is there to it.
async fn application(args: &Up, repo: &str, plane: &Plane) -> Result<String, Failure> {
    // A relative path means what it meant in the folder where it was typed.
    let is_path = !repo.contains("://") && std::path::Path::new(repo).exists();
    let repo = if is_path {
        let path = std::fs::canonicalize(repo)
            .map_err(|e| Failure::new(RUNTIME, format!("{repo}: {e}")))?;
        path.display().to_string()
    } else {
        repo.to_owned()
    };
    let name = args.name.clone().unwrap_or_else(|| name_of(&repo));
    ensure_namespace(&plane.client, &args.dest_namespace).await?;
    let application = json!({
        "apiVersion": api::names::ARGO_API_VERSION,
        "kind": "Application",
        "metadata": {
            "name": name.as_str(),
            "namespace": api::names::CONTROL_NAMESPACE,
            "finalizers": [api::names::RESOURCES_FINALIZER],
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": repo, "path": args.path.as_str(), "targetRevision": args.rev.as_str(),
            },
            "destination": {
                "server": api::names::IN_CLUSTER_SERVER, "namespace": args.dest_namespace.as_str(),
            },
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
    });
    let path = format!(
        "/apis/{}/namespaces/{}/applications",
        api::names::ARGO_API_VERSION,
        api::names::CONTROL_NAMESPACE
    );
    match plane.client.create(&path, &application).await {
        Err(error) if error.code == 409 => {
            let spec = application.get("spec").cloned().unwrap_or_default();
            plane
                .client
                .merge_patch(&format!("{path}/{name}"), &json!({"spec": spec}))
                .await?;
        }
        answer => {
            answer?;
        }
    }
    Ok(name)
}

/// Returns a name for an application from its repository's: `https://host/org/Shop_1.git` gives
/// `shop-1`.
fn name_of(repo: &str) -> String {
    let last = repo
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or("app");
    let last = last.strip_suffix(".git").unwrap_or(last).to_lowercase();
    let name: String = last
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    match name.trim_matches('-') {
        "" => "app".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn applications_are_called_after_their_repository() {
        assert_eq!(name_of("https://host/org/Shop_1.git"), "shop-1");
        assert_eq!(name_of("/srv/shop/"), "shop");
        assert_eq!(name_of("/"), "app");
    }
}
