//! `windlass control-plane`: only the Kubernetes API, for anyone's tests.

use crate::cli::{ControlPlane as Args, Simulate};
use crate::connect::user;
use crate::failure::{Failure, RUNTIME};
use crate::output::{complain, say};
use crate::plane::{random_token, write_secret};
use controlplane::{ControlPlane, Options, Storage, Token};
use simulator::{Mode, Simulator, Speed};

pub(crate) async fn run(args: &Args) -> anyhow::Result<u8> {
    let token = match &args.token {
        Some(token) => token.clone(),
        None => random_token()?,
    };
    let storage = args.dir.clone().map_or(Storage::Memory, Storage::Dir);
    let admin = Token {
        token: token.clone(),
        user: user(),
        groups: vec!["system:masters".into()],
    };
    let plane = ControlPlane::start(Options {
        listen: args.listen,
        storage,
        tokens: vec![admin],
        ..Options::default()
    })
    .await
    .map_err(|e| {
        Failure::new(RUNTIME, format!("{e}")).hint("choose another address with --listen")
    })?;
    let mode = match args.simulate {
        Simulate::Workloads => Some(Mode::Workloads),
        Simulate::Controllers => Some(Mode::Controllers),
        Simulate::None => None,
    };
    let start = |mode| Simulator::start(plane.registry().clone(), mode, Speed::default());
    let simulator = mode.map(start);
    let temporary = tempfile::Builder::new().prefix("windlass-").tempdir()?;
    let kubeconfig = args
        .kubeconfig_out
        .clone()
        .unwrap_or_else(|| temporary.path().join("kubeconfig"));
    write_secret(&kubeconfig, &plane.kubeconfig(&token, &user()))?;
    complain(&format!(
        "  control plane   ready   {} and http://{}",
        plane.url(),
        plane.addr()
    ));
    if args.simulate != Simulate::None {
        complain("  Workloads here are simulated.");
    }
    // The one line of the result: scripts take it as it is.
    say(&kubeconfig.display().to_string());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    if let Some(simulator) = simulator {
        simulator.shutdown().await;
    }
    plane.shutdown().await;
    Ok(0)
}
