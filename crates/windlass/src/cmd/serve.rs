//! `windlass serve`: the controller against any cluster.

use crate::cli::{Cli, Serve};
use crate::connect::session;
use crate::failure::{Failure, RUNTIME};
use crate::output::complain;
use controller::{Controller, GitPoll, Options};
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
    complain("  Press Ctrl-C to stop.");
    tokio::signal::ctrl_c().await?;
    controller.flush().await;
    Ok(0)
}
