//! `windlass`: the binary that wires everything together.
//!
//! Commands live in [`cmd`], one module each; the embedded control plane with its Git server and
//! controller is [`plane`]. Results go to stdout, everything else to stderr.

mod cli;
mod cmd;
mod connect;
mod demo;
mod failure;
mod jsonpath;
mod output;
mod plane;

use clap::Parser as _;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    output::set_color(cli.color);
    start_log(cli.verbose);
    // The process's one TLS provider; nothing else can have installed one yet.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("error: the runtime can't be started: {error}"));
            return ExitCode::from(failure::RUNTIME);
        }
    };
    let answer = runtime.block_on(cmd::run(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match answer {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(failure::report(&error)),
    }
}

/// Logs go to stderr: warnings by default, more with `-v` and `-vv`.
fn start_log(verbose: u8) {
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let level = match verbose {
        0 => LevelFilter::ERROR,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // The client's own log repeats what we tell with more context.
    let targets = tracing_subscriber::filter::Targets::new()
        .with_default(level)
        .with_target("kube_client", LevelFilter::OFF);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    tracing_subscriber::registry()
        .with(targets)
        .with(layer)
        .init();
}
