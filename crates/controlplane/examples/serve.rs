//! Serves an empty control plane until it is interrupted: `cargo run -p controlplane --example serve`.
//!
//! Arguments: a port (0 takes any), and a folder to keep the state in.

#![expect(clippy::print_stderr, reason = "an example talks to who runs it")]

use controlplane::{ControlPlane, Options, Storage, Token};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(0), |p| p.parse())?;
    let storage = arguments
        .next()
        .map_or(Storage::Memory, |folder| Storage::Dir(folder.into()));
    let plane = ControlPlane::start(Options {
        listen: ([127, 0, 0, 1], port).into(),
        storage,
        tokens: vec![Token::admin("admintoken")],
        ..Options::default()
    })
    .await?;
    std::fs::write("kubeconfig", plane.kubeconfig("admintoken", "admin"))?;
    eprintln!("serving at {}; see ./kubeconfig", plane.url());
    tokio::signal::ctrl_c().await?;
    plane.shutdown().await;
    Ok(())
}
