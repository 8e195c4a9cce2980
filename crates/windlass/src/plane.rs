//! The embedded control plane with everything around it: a Git server on the same port, the
//! simulator, the controller, and a kubeconfig for the user's own `kubectl`.

mod identity;
mod mounts;

use crate::connect::{douse_beacon, light_beacon};
use crate::failure::{Failure, REFUSED, RUNTIME};
use cluster::{Client, Discovery};
use controller::{Controller, GitPoll};
use controlplane::{ControlPlane, StartError, Storage, Token};
use engine::Config;
use githost::{CommitId, Host};
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The user that the controller authenticates as.
const CONTROLLER_USER: &str = "system:serviceaccount:argocd:windlass";

/// What a plane is made of.
pub(crate) struct PlaneOptions {
    /// Where its files are: kubeconfig, mirrors, Git repositories, and the state if it is durable.
    pub(crate) dir: PathBuf,
    /// Whether the state survives the process.
    pub(crate) durable: bool,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// The user of the kubeconfig.
    pub(crate) user: String,
    /// The core's settings.
    pub(crate) config: Config,
    /// How often Git is asked.
    pub(crate) poll: Option<Duration>,
    /// The dashboard's port; another is taken if it is in use.
    pub(crate) ui_port: u16,
    /// For what it all runs.
    pub(crate) mode: server::Mode,
}

/// A commit that a demo makes when it is asked to, by name.
pub(crate) type Commits = Arc<dyn Fn(&str) -> Result<Pushed, githost::Error> + Send + Sync>;

/// A commit that was made.
pub(crate) struct Pushed {
    /// The repository's name.
    pub(crate) repository: &'static str,
    /// The commit.
    pub(crate) id: CommitId,
}

/// A running plane.
pub(crate) struct Plane {
    pub(crate) client: Client,
    pub(crate) host: Arc<Host>,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) url: String,
    control_plane: ControlPlane,
    controller: Arc<Controller>,
    dashboard: server::Server,
    user: String,
    simulator: simulator::Simulator,
    _lock: File,
}

impl Plane {
    /// Starts everything.
    pub(crate) async fn start(
        options: PlaneOptions,
        commits: Option<Commits>,
    ) -> Result<Self, Failure> {
        let lock = lock(&options.dir)?;
        let token = token(&options.dir)?;
        let controller_token = random_token()?;
        let controller_slot: Arc<OnceLock<Arc<Controller>>> = Arc::default();
        let base_url: Arc<Mutex<String>> = Arc::default();
        let (slot, base) = (Arc::clone(&controller_slot), Arc::clone(&base_url));
        let git_dir = options.dir.join("git");
        let host = Arc::new(Host::new(&git_dir).on_push(move |push| {
            let base = base.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(controller) = slot.get() {
                controller.repository_changed(&format!("{base}/git/{}.git", push.repository));
            }
        }));
        let mut mounts = vec![("/git/".to_owned(), mounts::git(Arc::clone(&host)))];
        if let Some(commits) = commits {
            let (slot, base) = (Arc::clone(&controller_slot), Arc::clone(&base_url));
            // A button's commit is a push like any other.
            let commits: Commits = Arc::new(move |name| {
                let pushed = commits(name)?;
                let base = base.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(controller) = slot.get() {
                    let url = format!("{base}/git/{}.git", pushed.repository);
                    controller.repository_changed(&url);
                }
                Ok(pushed)
            });
            mounts.push(("/demo/".to_owned(), mounts::demo(&token, commits)));
        }
        let storage = if options.durable {
            Storage::Dir(options.dir.join("state"))
        } else {
            Storage::Memory
        };
        let control_plane = ControlPlane::start(controlplane::Options {
            listen: options.listen,
            storage,
            tokens: vec![
                Token {
                    token: token.clone(),
                    user: options.user.clone(),
                    groups: vec!["system:masters".into()],
                },
                Token {
                    token: controller_token.clone(),
                    user: CONTROLLER_USER.into(),
                    groups: vec!["system:masters".into()],
                },
            ],
            mounts,
            ..controlplane::Options::default()
        })
        .await
        .map_err(|e| start_failure(&e))?;
        let plain = format!("http://{}", control_plane.addr());
        plain.clone_into(&mut base_url.lock().unwrap_or_else(PoisonError::into_inner));
        let kubeconfig = options.dir.join("kubeconfig");
        write_secret(
            &kubeconfig,
            &control_plane.kubeconfig(&token, &options.user),
        )?;
        let simulator = simulator::Simulator::start(
            control_plane.registry().clone(),
            simulator::Mode::Workloads,
            simulator::Speed::default(),
        );
        let own_kubeconfig = options.dir.join("controller.kubeconfig");
        write_secret(
            &own_kubeconfig,
            &control_plane.kubeconfig(&controller_token, "windlass"),
        )?;
        let connect = |path: PathBuf| async move {
            Client::connect(Some(&path))
                .await
                .map_err(|e| Failure::new(RUNTIME, e.to_string()))
        };
        let controller_client = connect(own_kubeconfig).await?;
        let client = connect(kubeconfig.clone()).await?;
        ensure_namespace(&client, api::names::CONTROL_NAMESPACE).await?;
        let discovery = Discovery::fetch(&client).await?;
        let mut settings =
            controller::Options::new(api::names::CONTROL_NAMESPACE, options.dir.join("mirrors"));
        settings.config = options.config.clone();
        settings.poll = Some(GitPoll {
            every: options.poll,
            jitter: Duration::ZERO,
        });
        settings.identity = Arc::new(identity::AuditIdentity::new(
            control_plane.registry().clone(),
            Arc::new(discovery),
        ));
        let controller = Controller::start(controller_client, settings)
            .await
            .map_err(|e| Failure::new(RUNTIME, e.to_string()))?;
        let controller = Arc::new(controller);
        // The slot is empty: it is filled here and nowhere else.
        let _first = controller_slot.set(Arc::clone(&controller));
        let dashboard = dashboard(&options, &token, &client, &controller).await?;
        light_beacon(&kubeconfig);
        Ok(Self {
            client,
            host,
            kubeconfig,
            url: plain,
            control_plane,
            controller,
            dashboard,
            user: options.user,
            simulator,
            _lock: lock,
        })
    }

    /// Returns an address that shows the dashboard to the user, once.
    pub(crate) fn dashboard(&self) -> String {
        let link = self.dashboard.link(&self.user);
        link.unwrap_or_else(|| format!("http://{}", self.dashboard.address()))
    }

    /// Tells the controller that a repository of the Git server has moved.
    pub(crate) fn repository_changed(&self, name: &str) {
        self.controller.repository_changed(&self.git_url(name));
    }

    /// Returns the URL of a repository of the Git server.
    pub(crate) fn git_url(&self, name: &str) -> String {
        format!("{}/git/{name}.git", self.url)
    }

    /// Waits until the ledger is written.
    pub(crate) async fn flush(&self) {
        self.controller.flush().await;
    }

    /// Stops everything, in order.
    pub(crate) async fn stop(self) {
        self.controller.flush().await;
        douse_beacon(&self.kubeconfig);
        drop(self.dashboard);
        drop(self.controller);
        self.simulator.shutdown().await;
        self.control_plane.shutdown().await;
    }
}

/// Starts the dashboard on its own port: the plane's has Kubernetes' paths.
async fn dashboard(
    options: &PlaneOptions,
    token: &str,
    client: &Client,
    controller: &Controller,
) -> Result<server::Server, Failure> {
    // Who has the link may do everything: nobody else is to come near it.
    let ip = match options.listen.ip() {
        ip if ip.is_loopback() => ip,
        _ => std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let at = |port| SocketAddr::new(ip, port);
    let settings = |port| {
        let mut settings = server::Options::new(at(port));
        settings.mode = options.mode;
        settings.admins = vec![options.user.clone()];
        settings.tokens = vec![(token.to_owned(), options.user.clone())];
        settings
    };
    let start = |port| server::Server::start(client.clone(), controller.view(), settings(port));
    let started = match start(options.ui_port).await {
        Err(_) if options.ui_port != 0 => start(0).await,
        started => started,
    };
    started.map_err(|e| Failure::new(RUNTIME, e.to_string()))
}

fn start_failure(error: &StartError) -> Failure {
    let mut text = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        text.push_str(&format!(": {cause}"));
    }
    let failure = Failure::new(RUNTIME, text);
    match error {
        StartError::Listen(..) => failure.hint("choose another address with --listen or --port"),
        _ => failure,
    }
}

/// Takes the folder for this process alone.
fn lock(dir: &Path) -> Result<File, Failure> {
    let shown = dir.display();
    let fail = |e: std::io::Error| Failure::new(RUNTIME, format!("folder {shown}: {e}"));
    std::fs::create_dir_all(dir).map_err(fail)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("lock"))
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            REFUSED,
            format!("another windlass is using the folder {shown}"),
        )
        .hint("stop it first, or choose another folder with --dir")),
        Err(TryLockError::Error(e)) => Err(fail(e)),
    }
}

/// Returns the folder's token, made at the first start: a kubeconfig that was copied goes on
/// working.
fn token(dir: &Path) -> Result<String, Failure> {
    let path = dir.join("token");
    if let Ok(token) = std::fs::read_to_string(&path)
        && token.len() >= 32
    {
        return Ok(token);
    }
    let token = random_token()?;
    write_secret(&path, &token)?;
    Ok(token)
}

/// Returns 128 random bits.
pub(crate) fn random_token() -> Result<String, Failure> {
    let mut bytes = [0u8; 16];
    let mut random = File::open("/dev/urandom")
        .map_err(|e| Failure::new(RUNTIME, format!("no random numbers: {e}")))?;
    std::io::Read::read_exact(&mut random, &mut bytes)
        .map_err(|e| Failure::new(RUNTIME, format!("no random numbers: {e}")))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let write = || -> std::io::Result<()> {
        let partial = path.with_extension("partial");
        let mut file = File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().map_err(|e| Failure::new(RUNTIME, format!("{}: {e}", path.display())))
}

/// Makes a namespace unless it is there.
pub(crate) async fn ensure_namespace(client: &Client, name: &str) -> Result<(), Failure> {
    let namespace =
        value::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    match client.create("/api/v1/namespaces", &namespace).await {
        Err(error) if error.code != 409 => Err(error.into()),
        _ => Ok(()),
    }
}
