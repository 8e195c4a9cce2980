//! `windlass demo`: Git to a healed cluster in a minute, and nothing left behind.

mod release;
mod sample;
mod scenes;

use crate::cli::{Demo, DemoAction};
use crate::connect::user;
use crate::failure::{Failure, RUNTIME};
use crate::output::{complain, say};
use crate::plane::{Plane, PlaneOptions};
use engine::Config;
use jiff::SignedDuration;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use value::json;

/// How long the demo lets a new revision become healthy; the real default is ten minutes.
const GATE: SignedDuration = SignedDuration::from_secs(5);

/// Runs the demo, or one of its buttons; returns the exit code.
pub(crate) async fn run(args: &Demo) -> anyhow::Result<u8> {
    if let Some(action) = args.action {
        return press(action).await;
    }
    let begun = Instant::now();
    let temporary = match &args.keep {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("windlass-demo-")
                .tempdir()?,
        ),
    };
    let dir = match (&args.keep, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => PathBuf::new(),
    };
    let plane = start(args, dir, begun).await?;
    let answer = tokio::select! {
        answer = play(args, &plane, begun) => answer,
        _ = tokio::signal::ctrl_c() => Ok(0),
    };
    complain("");
    complain("  stopping ...");
    plane.stop().await;
    if let Some(temporary) = temporary {
        let path = temporary.path().display().to_string();
        match temporary.close() {
            Ok(()) => complain(&format!("  removed {path}; nothing is left")),
            Err(e) => complain(&format!("  could not remove {path}: {e}")),
        }
    }
    Ok(answer?)
}

async fn start(args: &Demo, dir: PathBuf, begun: Instant) -> Result<Plane, Failure> {
    let git = dir.join("git");
    let options = |port: u16| PlaneOptions {
        dir: dir.clone(),
        durable: false,
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        user: user(),
        config: Config {
            health_gate: Some(GATE),
            wave_delay: SignedDuration::from_millis(200),
            ..Config::default()
        },
        poll: Some(Duration::from_secs(30)),
        ui_port: if args.script { 0 } else { args.ui_port },
        mode: server::Mode::Demo,
    };
    let free = std::net::TcpListener::bind(("127.0.0.1", args.port)).is_ok();
    let port = if free && !args.script { args.port } else { 0 };
    let plane = Plane::start(options(port), Some(sample::commits(git))).await?;
    let took = begun.elapsed();
    say(&format!(
        "  control plane   ready   {:.1}s   {}",
        took.as_secs_f64(),
        plane.url
    ));
    say(&format!(
        "  dashboard       ready          {}",
        plane.dashboard()
    ));
    plane
        .host
        .create(sample::NAME)
        .and_then(|repository| sample::first(&repository))
        .and_then(|_| plane.host.create(release::NAME))
        .and_then(|repository| release::first(&repository))
        .map_err(|e| Failure::new(RUNTIME, format!("the sample repositories: {e}")))?;
    for name in [sample::NAME, release::NAME] {
        say(&format!(
            "  git             ready          git clone {}",
            plane.git_url(name)
        ));
    }
    let kubeconfig = plane.kubeconfig.display();
    say(&format!(
        "  kubeconfig      ready          export KUBECONFIG={kubeconfig}"
    ));
    create_applications(&plane).await?;
    Ok(plane)
}

async fn create_applications(plane: &Plane) -> Result<(), Failure> {
    crate::plane::ensure_namespace(&plane.client, sample::NAME).await?;
    let application = json!({
        "apiVersion": api::names::ARGO_API_VERSION,
        "kind": "Application",
        "metadata": {
            "name": sample::NAME,
            "namespace": api::names::CONTROL_NAMESPACE,
            "finalizers": [api::names::RESOURCES_FINALIZER],
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": plane.git_url(sample::NAME), "path": ".", "targetRevision": "main",
            },
            "destination": {
                "server": api::names::IN_CLUSTER_SERVER, "namespace": sample::NAME,
            },
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
    });
    let path = format!(
        "/apis/{}/namespaces/{}/applications",
        api::names::ARGO_API_VERSION,
        api::names::CONTROL_NAMESPACE
    );
    let released = release::application(&plane.git_url(release::NAME));
    for application in [application, released] {
        match plane.client.create(&path, &application).await {
            Err(error) if error.code != 409 => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

async fn play(args: &Demo, plane: &Plane, begun: Instant) -> Result<u8, Failure> {
    let show = scenes::Show::new(plane, begun);
    show.deployed().await?;
    say("  Workloads here are simulated. Press Ctrl-C to remove everything.");
    if args.script {
        show.drift().await?;
        show.bad_commit().await?;
        show.fix().await?;
        show.trail().await?;
        show.release().await?;
        say(&format!(
            "  all scenes passed in {:.1}s",
            begun.elapsed().as_secs_f64()
        ));
        return Ok(0);
    }
    say("");
    say("  In another terminal:");
    say("    windlass demo break        # or: kubectl -n shop scale deploy/web --replicas=9");
    say("    windlass drift list");
    say("    windlass demo push-bad     # or: push a commit with image web:broken");
    say("    windlass app wait shop --for operation; windlass why shop");
    say("    windlass demo push-fix");
    say("    windlass demo release      # myapp 1.1.0 to production; then: windlass demo revert");
    say("    windlass audit list");
    show.narrate().await
}

/// Presses one of a running demo's buttons.
async fn press(action: DemoAction) -> anyhow::Result<u8> {
    let beacon = crate::connect::beacon();
    let kubeconfig = std::fs::read_to_string(&beacon).map(|t| PathBuf::from(t.trim().to_owned()));
    let Some(kubeconfig) = kubeconfig.ok().filter(|k| k.exists()) else {
        return Err(Failure::new(RUNTIME, "no demo is running")
            .hint("start one in another terminal: windlass demo")
            .into());
    };
    let client = cluster::Client::connect(Some(&kubeconfig))
        .await
        .map_err(|e| Failure::new(RUNTIME, e.to_string()))?;
    match action {
        DemoAction::Break => {
            scenes::scale(&client, 9).await?;
            say("deployment web scaled to 9 by hand; see: windlass drift list");
        }
        DemoAction::PushBad | DemoAction::PushFix | DemoAction::Release | DemoAction::Revert => {
            let [before, after] = release::VERSIONS;
            let name = match action {
                DemoAction::PushBad => "bad".to_owned(),
                DemoAction::Release => format!("release-{after}"),
                DemoAction::Revert => format!("release-{before}"),
                _ => "fix".to_owned(),
            };
            let path = format!("/demo/{name}");
            let answer = client
                .create(&path, &value::Value::Null)
                .await
                .map_err(Failure::from)?;
            let commit = answer.str_at(&["commit"]);
            say(&format!("pushed {}", crate::output::short(commit)));
        }
    }
    Ok(0)
}
