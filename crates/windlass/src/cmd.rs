//! The commands, one module each.

mod account;
mod app;
mod can_i;
mod control_plane;
mod health;
mod install;
mod ledger;
mod origin;
mod render;
mod serve;
mod target;
mod up;
mod wait;
mod why;

use crate::cli::{Cli, Command};
use crate::output::{self, Format};

/// Runs what the command line asks for; returns the exit code.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Demo(args) => crate::demo::run(args).await,
        Command::Up(args) => up::run(args).await,
        Command::Serve(args) => serve::run(&cli, args).await,
        Command::Install(args) => install::run(&cli, args).await,
        Command::ControlPlane(args) => control_plane::run(args).await,
        Command::App(command) => app::run(&cli, command).await,
        Command::Drift(command) => ledger::drift(&cli, command).await,
        Command::Audit(command) => ledger::audit(&cli, command).await,
        Command::Why { name, resource } => why::run(&cli, name, resource.as_deref()).await,
        Command::Owner(args) => origin::owner(&cli, args).await,
        Command::Blame(args) => origin::blame(&cli, args).await,
        Command::Explain(args) => origin::explain(&cli, args).await,
        Command::Render(args) => render::run(args, cli.namespace.as_deref()),
        Command::Health(args) => health::run(args),
        Command::CanI(args) => can_i::run(&cli, args).await,
        Command::Account(command) => account::run(command),
        Command::Version { output } => version(&output.format),
        Command::Completion { shell } => {
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(*shell, &mut command, "windlass", &mut std::io::stdout());
            Ok(0)
        }
    }
}

fn version(format: &Format) -> anyhow::Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    if *format == Format::Table {
        output::say(&format!("windlass {version}"));
    } else {
        output::resources(format, &[value::json!({"version": version})], false)?;
    }
    Ok(0)
}
