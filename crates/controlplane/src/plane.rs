//! Starting and stopping the whole.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use value::json;

use crate::clock::{self, Clock};
use crate::http::{self, Identity, Mount, Service, Tokens};
use crate::kinds::{KindSet, Kinds};
use crate::lifecycle;
use crate::registry::{Registry, Target, WriteOptions};
use crate::store::{DiskError, Store};

/// Where the state lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory; it ends with the process.
    #[default]
    Memory,
    /// In a folder; it survives the process, however that ends.
    Dir(PathBuf),
}

/// A bearer token and whom it stands for.
#[derive(Clone)]
pub struct Token {
    /// The secret.
    pub token: String,
    /// The user's name.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Token {
    /// Returns the token of an administrator.
    #[must_use]
    pub fn admin(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            user: "admin".to_owned(),
            groups: vec!["system:masters".to_owned()],
        }
    }
}

/// How to start.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any.
    pub listen: SocketAddr,
    /// Where the state lives.
    pub storage: Storage,
    /// Who may use it.
    pub tokens: Vec<Token>,
    /// Which kinds there are at the start.
    pub kinds: KindSet,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Handlers of other paths, by prefix.
    pub mounts: Vec<(String, Mount)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            storage: Storage::Memory,
            tokens: Vec::new(),
            kinds: KindSet::default(),
            clock: clock::system(),
            mounts: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("storage", &self.storage)
            .field("tokens", &self.tokens)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

/// The control plane can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// No certificate can be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The state can't be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The first objects can't be made.
    #[error("cannot make the first objects")]
    Bootstrap(#[source] crate::failure::Failure),
}

/// A running API server.
#[derive(Debug)]
pub struct ControlPlane {
    address: SocketAddr,
    pem: String,
    registry: Registry,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl ControlPlane {
    /// Starts to serve.
    ///
    /// # Errors
    /// Fails if the address is taken or the state can't be read.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let store = match &options.storage {
            Storage::Memory => Store::memory(),
            Storage::Dir(folder) => Store::open(folder)?,
        };
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|e| StartError::Listen(options.listen, e))?;
        let address = listener
            .local_addr()
            .map_err(|e| StartError::Listen(options.listen, e))?;
        let identity =
            Identity::new(&[address.ip().to_string()]).map_err(StartError::Certificate)?;
        let registry = Registry::new(store, Kinds::new(options.kinds), Arc::clone(&options.clock));
        bootstrap(&registry).await.map_err(StartError::Bootstrap)?;
        let mut tokens = Tokens::default();
        for token in &options.tokens {
            tokens.add(&token.token, &token.user, &token.groups);
        }
        let service = Arc::new(Service {
            registry: registry.clone(),
            tokens,
            mounts: options.mounts,
            address: address.to_string(),
        });
        let (stop, stopped) = watch::channel(false);
        let mut tasks = lifecycle::start(&registry, &stopped);
        let pem = identity.pem.clone();
        tasks.push(tokio::spawn(serve(listener, identity, service, stopped)));
        Ok(Self {
            address,
            pem,
            registry,
            stop,
            tasks,
        })
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns its URL, with TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Returns the certificate that clients must trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// Returns a `kubeconfig` file for a token.
    #[must_use]
    pub fn kubeconfig(&self, token: &str, user: &str) -> String {
        let authority = base64::engine::general_purpose::STANDARD.encode(&self.pem);
        // JSON is YAML that needs no quoting rules.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "windlass",
            "clusters": [{"name": "windlass", "cluster": {
                "server": self.url(), "certificate-authority-data": authority
            }}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "windlass", "context": {
                "cluster": "windlass", "user": user, "namespace": "default"
            }}],
        });
        let mut text = config.to_json();
        text.push('\n');
        text
    }

    /// Returns the objects, for use in the same process.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns who wrote what lately.
    #[must_use]
    pub fn audit(&self) -> &crate::audit::Audit {
        self.registry.audit()
    }

    /// Stops to serve, and waits until everything is written down.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the control plane panicked");
            }
        }
        let registry = self.registry;
        let closed = tokio::task::spawn_blocking(move || registry.store.close()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "cannot close the state");
        }
    }
}

async fn serve(
    listener: TcpListener,
    identity: Identity,
    service: Arc<Service>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|s| *s) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let acceptor = identity.acceptor.clone();
        let service = Arc::clone(&service);
        let mut stopped = stopped.clone();
        tokio::spawn(async move {
            // Small answers must not wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            let Ok(stream) = http::accept(stream, &acceptor).await else {
                return;
            };
            let handler = service_fn(move |request| {
                let service = Arc::clone(&service);
                async move { Ok::<_, std::convert::Infallible>(service.answer(request).await) }
            });
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection(TokioIo::new(stream), handler);
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended");
                    }
                }
                _ = stopped.wait_for(|s| *s) => {}
            }
        });
    }
}

/// Makes what every cluster has.
async fn bootstrap(registry: &Registry) -> Result<(), crate::failure::Failure> {
    let namespaces = registry.kind("", "v1", "namespaces")?;
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let target = Target::collection(&namespaces, "");
        let namespace = json!({"metadata": {"name": name}});
        match registry
            .create(&target, namespace, &WriteOptions::system("kube-apiserver"))
            .await
        {
            Err(failure) if failure.reason != "AlreadyExists" => return Err(failure),
            _ => {}
        }
    }
    Ok(())
}
