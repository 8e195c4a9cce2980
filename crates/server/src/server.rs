//! Starting and stopping; what a server is told at the start.

use crate::access::Desk;
use crate::board::{Board, Fleet};
use crate::policies::Policies;
use crate::records::Records;
use crate::refusal::{Code, Refusal};
use cluster::Client;
use controller::View;
use http::{HeaderMap, header};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// For what it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A demonstration on simulated workloads.
    Demo,
    /// An embedded control plane on simulated workloads.
    Up,
    /// A controller of a cluster.
    #[default]
    Serve,
}

impl Mode {
    /// Returns the mode's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Up => "up",
            Self::Serve => "serve",
        }
    }

    /// Returns true if the workloads aren't real.
    #[must_use]
    pub const fn is_simulated(self) -> bool {
        matches!(self, Self::Demo | Self::Up)
    }
}

/// A server's settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// For what it runs.
    pub mode: Mode,
    /// Who may do everything from the start.
    pub admins: Vec<String>,
    /// Tokens that are known from the start, with their users.
    pub tokens: Vec<(String, String)>,
    /// Our version.
    pub version: String,
    /// For development: a fleet of so many applications that doesn't exist.
    pub fake_apps: u32,
    /// For development: how many of those change in a second.
    pub fake_deltas: u32,
}

impl Options {
    /// Returns the defaults for a server at an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            mode: Mode::default(),
            admins: Vec::new(),
            tokens: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fake_apps: 0,
            fake_deltas: 0,
        }
    }
}

/// What requests need to know of the options.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) version: String,
    pub(crate) tokens: Vec<(String, String)>,
    pub(crate) address: SocketAddr,
}

impl Settings {
    /// Refuses requests for another host: a page elsewhere may have given its own name our address.
    pub(crate) fn admits_host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if !self.address.ip().is_loopback() {
            return Ok(());
        }
        let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
        let name = host.unwrap_or_default();
        let name = name
            .rsplit_once(':')
            .map_or(name, |(name, port)| match port.parse::<u16>() {
                Ok(_) => name,
                Err(_) => host.unwrap_or_default(),
            });
        if matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost") {
            return Ok(());
        }
        Err(Refusal::new(
            Code::Denied,
            "this server answers for localhost only",
        ))
    }
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("the dashboard can't listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
}

/// A running server; it stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    desk: Arc<Desk>,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts a server for a controller; what is changed is written through `client`.
    ///
    /// # Errors
    /// Fails if the address can't be listened on.
    pub async fn start(client: Client, view: View, options: Options) -> Result<Self, StartError> {
        let failed = |e| StartError::Listen(options.listen, e);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let namespace = view.namespace().to_owned();
        let board = Arc::new(Board::new(&namespace));
        let records = Arc::new(Records::new(&namespace));
        let policies = Arc::new(Policies::new(&options.admins));
        let settings = Settings {
            mode: options.mode,
            version: options.version,
            tokens: options.tokens,
            address,
        };
        let mut tasks = vec![
            tokio::spawn(Arc::clone(&records).follow(view.clone(), Arc::clone(&board))),
            tokio::spawn(Arc::clone(&policies).follow(
                client.clone(),
                Arc::clone(view.cluster()),
                namespace,
                options.admins,
            )),
        ];
        let fleet = Fleet {
            apps: options.fake_apps,
            deltas: options.fake_deltas,
        };
        if fleet.apps > 0 {
            tasks.push(tokio::spawn(fleet.run(Arc::clone(&board))));
        } else {
            let board = Arc::clone(&board);
            tasks.push(tokio::spawn(
                board.follow(view.clone(), Arc::clone(&records)),
            ));
        }
        let desk = Arc::new(Desk::new(view, client, board, records, policies, settings));
        tasks.push(tokio::spawn(crate::logins::follow(Arc::clone(&desk))));
        tasks.push(tokio::spawn(crate::http::listen(
            listener,
            Arc::clone(&desk),
        )));
        Ok(Self {
            address,
            desk,
            tasks,
        })
    }

    /// Returns where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns an address that logs `user` in once. `None` if there are no random numbers.
    #[must_use]
    pub fn link(&self, user: &str) -> Option<String> {
        let token = self.desk.auth.link(user, Timestamp::now()).ok()?;
        Some(format!("http://{}/?t={token}", self.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
