//! `windlass serve`: the controller against any cluster.

use crate::cli::{Cli, Serve};
use crate::connect::session;
use crate::failure::{Failure, RUNTIME};
use crate::output::complain;
use cluster::Client;
use controller::{Controller, GitPoll, Options};
use server::Server;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) async fn run(cli: &Cli, args: &Serve) -> anyhow::Result<u8> {
    let session = session(cli).await?;
    let cache = args
        .cache
        .clone()
        .unwrap_or_else(|| super::target::cache_dir().join("serve"));
    let mut options = Options::new(cli.namespace(), cache);
    options.config.health_gate = args.gate.health_gate.0;
    options.poll = args.poll.map(|seconds| {
        let every = Duration::from_secs(seconds);
        GitPoll {
            every: (seconds > 0).then_some(every),
            jitter: every / 2,
        }
    });
    let client = session.client.clone();
    let controller = Controller::start(session.client, options)
        .await
        .map_err(|e| {
            Failure::new(RUNTIME, e.to_string())
                .hint("windlass install --export shows what the cluster needs")
        })?;
    complain(&format!(
        "  controller      ready   applications in namespace {}",
        cli.namespace()
    ));
    let dashboard = match args.ui_listen {
        Some(address) => Some(dashboard(args, address, client, &controller).await?),
        None => None,
    };
    complain("  Press Ctrl-C to stop.");
    tokio::signal::ctrl_c().await?;
    controller.flush().await;
    drop(dashboard);
    Ok(0)
}

async fn dashboard(
    args: &Serve,
    address: SocketAddr,
    client: Client,
    controller: &Controller,
) -> Result<Server, Failure> {
    let mut options = server::Options::new(address);
    let user = crate::connect::user();
    options.admins = vec![user.clone()];
    options.fake_apps = args.fake_fleet;
    options.fake_deltas = args.deltas;
    let server = Server::start(client, controller.view(), options).await;
    let server = server.map_err(|e| {
        Failure::new(RUNTIME, e.to_string()).hint("choose another address with --ui-listen")
    })?;
    let shown = server.link(&user).filter(|_| address.ip().is_loopback());
    let shown = shown.unwrap_or_else(|| format!("http://{}", server.address()));
    complain(&format!("  dashboard       ready   {shown}"));
    Ok(server)
}
