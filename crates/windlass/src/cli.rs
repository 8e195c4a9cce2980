//! The command line.

use crate::output::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Pull what Git wants, heal what drifts.
#[derive(Parser, Debug)]
#[command(
    name = "windlass",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Use this kubeconfig (default: KUBECONFIG, a running demo or `up`, ~/.kube/config)
    #[arg(long, global = true, value_name = "FILE", env = "WINDLASS_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Look for applications in this namespace (default: argocd); `render` takes it for a chart's
    #[arg(
        long,
        short,
        global = true,
        env = "WINDLASS_NAMESPACE",
        value_name = "NAMESPACE"
    )]
    pub(crate) namespace: Option<String>,
    /// Use colours
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
    /// Log more (-v, -vv)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

impl Cli {
    /// Returns the namespace of applications.
    pub(crate) fn namespace(&self) -> &str {
        let given = self.namespace.as_deref();
        given.unwrap_or(api::names::CONTROL_NAMESPACE)
    }
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show everything in a minute: Git, a cluster, drift, rollback; all removed at the end
    Demo(Demo),
    /// Run a control plane and the controller on disk, for a repository of yours
    Up(Up),
    /// Run the controller against a cluster
    Serve(Serve),
    /// Print what a cluster needs for the controller
    Install(Install),
    /// Run only the embedded Kubernetes API
    ControlPlane(ControlPlane),
    /// Work with applications
    #[command(subcommand)]
    App(App),
    /// See changes that did not come from Git
    #[command(subcommand)]
    Drift(Drift),
    /// See what was done, and by whom
    #[command(subcommand)]
    Audit(Audit),
    /// Say in a paragraph how an application is, and what to do
    Why {
        /// The application
        name: String,
        /// Only this resource of it: KIND/NAME
        resource: Option<String>,
    },
    /// Say which application an object belongs to, and which file and commit it is from
    Owner(Resource),
    /// Say who set each field of a live object, with what, and since when
    Blame(Blame),
    /// Say which file, line and commit wants a field to be what it is
    Explain(Explain),
    /// Render a local folder to YAML
    Render(Render),
    /// Say how the objects in files are, by the built-in health checks and those of argocd-cm
    Health(Health),
    /// Say whether somebody may do something, and which line of which policy says so
    CanI(CanI),
    /// Make what local accounts need
    #[command(subcommand)]
    Account(Account),
    /// Print the version
    Version {
        #[command(flatten)]
        output: Output,
    },
    /// Print a completion script
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Resource {
    /// The object: KIND/NAME, as `deploy/web`; its namespace is -n, or that of the kubeconfig
    #[arg(value_name = "KIND/NAME")]
    pub(crate) resource: String,
}

#[derive(Args, Debug)]
pub(crate) struct Blame {
    #[command(flatten)]
    pub(crate) of: Resource,
    /// Only this field and what is in it: spec.replicas, or /spec/replicas
    #[arg(long, value_name = "PATH")]
    pub(crate) field: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) of: Resource,
    /// The field: spec.replicas, spec.containers[name=web].image, or /spec/replicas
    #[arg(long, value_name = "PATH")]
    pub(crate) field: String,
}

#[derive(Args, Debug, Clone)]
pub(crate) struct Output {
    /// Write the result as table, wide, name, json, yaml, jsonl or jsonpath=...
    #[arg(
        long = "output",
        short = 'o',
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    #[command(subcommand)]
    pub(crate) action: Option<DemoAction>,
    /// Play all scenes, check each, and exit
    #[arg(long)]
    pub(crate) script: bool,
    /// Listen on this port; another is taken if it is in use
    #[arg(long, default_value_t = 7070)]
    pub(crate) port: u16,
    /// Serve the dashboard on this port; another is taken if it is in use
    #[arg(long, default_value_t = 7080)]
    pub(crate) ui_port: u16,
    /// Keep everything in this folder instead of removing it
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Subcommand, Debug, Clone, Copy)]
pub(crate) enum DemoAction {
    /// Change the running demo's cluster by hand, as `kubectl scale` would
    Break,
    /// Push a commit whose image can't start
    PushBad,
    /// Push a commit that works, and deletes one object
    PushFix,
    /// Release myapp 1.1.0 to production: a commit to its overlay
    Release,
    /// Undo that release: a revert
    Revert,
}

#[derive(Args, Debug)]
pub(crate) struct Up {
    /// Keep control plane, mirrors and kubeconfig in this folder
    #[arg(long, value_name = "DIR", default_value = ".windlass")]
    pub(crate) dir: PathBuf,
    /// Deploy this repository: an http(s) URL or a local path
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// Deploy this folder of the repository
    #[arg(long, value_name = "PATH", default_value = ".", requires = "repo")]
    pub(crate) path: String,
    /// Deploy this branch, tag or commit
    #[arg(
        long,
        value_name = "REVISION",
        default_value = "HEAD",
        requires = "repo"
    )]
    pub(crate) rev: String,
    /// Deploy into this namespace
    #[arg(
        long,
        value_name = "NAMESPACE",
        default_value = "default",
        requires = "repo"
    )]
    pub(crate) dest_namespace: String,
    /// Name the application (default: the repository's name)
    #[arg(long, value_name = "NAME", requires = "repo")]
    pub(crate) name: Option<String>,
    /// Listen on this address
    #[arg(long, default_value = "127.0.0.1:7070")]
    pub(crate) listen: SocketAddr,
    /// Serve the dashboard on this port; another is taken if it is in use
    #[arg(long, default_value_t = 7080)]
    pub(crate) ui_port: u16,
    /// Ask Git this often, in seconds
    #[arg(long, default_value_t = 3, value_name = "SECONDS")]
    pub(crate) poll: u64,
    #[command(flatten)]
    pub(crate) gate: Gate,
}

#[derive(Args, Debug)]
pub(crate) struct Gate {
    /// Roll back an automated deployment that isn't healthy after this time; `off` never does
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_gate)]
    pub(crate) health_gate: GateValue,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct GateValue(pub(crate) Option<jiff::SignedDuration>);

fn parse_gate(text: &str) -> Result<GateValue, String> {
    match text {
        "off" => Ok(GateValue(None)),
        text => engine::parse_duration(text)
            .map(|d| GateValue(Some(d)))
            .map_err(|e| e.to_string()),
    }
}

fn parse_wait(text: &str) -> Result<Duration, String> {
    let duration = engine::parse_duration(text).map_err(|e| e.to_string())?;
    Duration::try_from(duration).map_err(|_| "a time can't be negative".to_owned())
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Ask Git this often, in seconds, and up to half as much more, at random (default:
    /// timeout.reconciliation of argocd-cm, or 120)
    #[arg(long, value_name = "SECONDS")]
    pub(crate) poll: Option<u64>,
    /// Keep mirrors in this folder (default: the user's cache)
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Serve the dashboard and its API on this address, as 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ui_listen: Option<SocketAddr>,
    /// For development: show so many applications that do not exist
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) fake_fleet: u32,
    /// For development: change so many of them each second
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) deltas: u32,
    #[command(flatten)]
    pub(crate) gate: Gate,
}

#[derive(Args, Debug)]
pub(crate) struct Install {
    /// Print the manifests instead of applying them
    #[arg(long)]
    pub(crate) export: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ControlPlane {
    /// Keep the state in this folder (default: in memory)
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Listen on this address
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Accept this token as the administrator's (default: a random one)
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Write the kubeconfig to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig_out: Option<PathBuf>,
    /// What is simulated
    #[arg(long, value_enum, default_value_t = Simulate::Workloads)]
    pub(crate) simulate: Simulate,
}

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub(crate) enum Simulate {
    /// Controllers and Pods that come up
    Workloads,
    /// Controllers that make ReplicaSets and Pods which nothing runs
    Controllers,
    /// Nothing
    None,
}

#[derive(Args, Debug)]
pub(crate) struct Health {
    /// Objects, one or many; `-` is stdin
    #[arg(long = "filename", short = 'f', value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Use the health checks of this config map too
    #[arg(long, value_name = "FILE")]
    pub(crate) argocd_cm: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct CanI {
    /// The action: get, sync, delete, update, action/apps/Deployment/restart ...
    #[arg(value_name = "VERB")]
    pub(crate) verb: String,
    /// What it is done to: applications, clusters, app/web ...
    #[arg(value_name = "RESOURCE[/NAME]")]
    pub(crate) object: String,
    /// In this project (default: the application's own)
    #[arg(long, short, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Ask for this user, role or `proj:PROJECT:ROLE` (default: yourself)
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Option<String>,
    /// As a member of this group
    #[arg(long = "as-group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// Ask these policies, not the cluster's: lines, or argocd-rbac-cm and projects as YAML
    #[arg(long = "filename", short = 'f', value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Account {
    /// Print the bcrypt hash of the password on stdin, as Argo CD stores it
    Bcrypt,
    /// Print the argon2id hash of the password on stdin
    Argon2id,
}

#[derive(Args, Debug)]
pub(crate) struct Render {
    /// The folder
    pub(crate) path: PathBuf,
    /// Take it for this
    #[arg(long = "as", value_enum, default_value_t = RenderAs::Auto)]
    pub(crate) kind: RenderAs,
    /// Look into folders below it too
    #[arg(long, short)]
    pub(crate) recurse: bool,
    /// Only files that match this pattern
    #[arg(long)]
    pub(crate) include: Option<String>,
    /// No files that match this pattern
    #[arg(long)]
    pub(crate) exclude: Option<String>,
    /// Which files a kustomization may read
    #[arg(long, value_enum, default_value_t = Restrictor::RootOnly)]
    pub(crate) load_restrictor: Restrictor,
    /// Inflate the charts that a kustomization names
    #[arg(long)]
    pub(crate) enable_helm: bool,
    /// Read bases that a kustomization has in other repositories
    #[arg(long)]
    pub(crate) remote_bases: bool,
    /// Say what set a field instead: KIND/NAME:/json/pointer
    #[arg(long, value_name = "FIELD")]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) chart: ChartArgs,
}

/// What `helm template` takes, by the same names.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options for charts")]
pub(crate) struct ChartArgs {
    /// The release's name
    #[arg(long, value_name = "NAME", default_value = "release-name")]
    pub(crate) release: String,
    /// Values from this file, or `-`; later files win
    #[arg(long = "values", short = 'f', value_name = "FILE")]
    pub(crate) values: Vec<PathBuf>,
    /// Set values: a.b=1,c={x,y}
    #[arg(long, value_name = "VALUES")]
    pub(crate) set: Vec<String>,
    /// Set values that are always text
    #[arg(long, value_name = "VALUES")]
    pub(crate) set_string: Vec<String>,
    /// Set values that are JSON
    #[arg(long, value_name = "VALUES")]
    pub(crate) set_json: Vec<String>,
    /// Set values from files: name=path
    #[arg(long, value_name = "VALUES")]
    pub(crate) set_file: Vec<String>,
    /// Set a value as it stands, commas and all
    #[arg(long, value_name = "VALUE")]
    pub(crate) set_literal: Vec<String>,
    /// The Helm whose answers are given
    #[arg(long, value_enum, default_value = "4")]
    pub(crate) compat: HelmVersion,
    /// The cluster's version
    #[arg(long, value_name = "VERSION")]
    pub(crate) kube_version: Option<String>,
    /// What the cluster serves, besides what all do: example.com/v1
    #[arg(long, short, value_name = "VERSIONS", value_delimiter = ',')]
    pub(crate) api_versions: Vec<String>,
    /// The manifests below crds/, too
    #[arg(long)]
    pub(crate) include_crds: bool,
    /// No hooks
    #[arg(long)]
    pub(crate) no_hooks: bool,
    /// No hooks that are tests
    #[arg(long)]
    pub(crate) skip_tests: bool,
    /// Values may break the chart's schema
    #[arg(long)]
    pub(crate) skip_schema_validation: bool,
    /// Show the values that the chart's templates see instead
    #[arg(long)]
    pub(crate) show_values: bool,
}

/// Named as `kustomize build` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Restrictor {
    /// Those in its folder and below
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    /// Any of the repository
    #[value(name = "LoadRestrictionsNone")]
    None,
}

/// A version of Helm that charts may be rendered like.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum HelmVersion {
    /// Helm 3.21
    #[value(name = "3")]
    V3,
    /// Helm 4.2
    #[value(name = "4")]
    V4,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RenderAs {
    Auto,
    Directory,
    Kustomize,
    Helm,
}

#[derive(Subcommand, Debug)]
pub(crate) enum App {
    /// List applications
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show one application
    Get {
        /// The application
        name: String,
        /// Ask Git first
        #[arg(long)]
        refresh: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Create an application
    Create(Create),
    /// Change an application: `windlass app set shop source.targetRevision=v2`
    Set {
        /// The application
        name: String,
        /// Fields below spec, and their values (JSON, or text)
        #[arg(required = true, value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
    /// Delete an application and what it deployed
    Delete {
        /// The application
        name: String,
        /// Leave what it deployed
        #[arg(long)]
        orphan: bool,
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
        /// Don't wait until it is gone
        #[arg(long)]
        no_wait: bool,
        /// Wait this long
        #[arg(long, default_value = "5m", value_parser = parse_wait)]
        timeout: Duration,
    },
    /// Deploy what Git wants, now
    Sync(Sync),
    /// Wait for a state
    Wait {
        /// The applications
        #[arg(required = true)]
        names: Vec<String>,
        /// The state
        #[arg(long = "for", value_enum, default_value_t = WaitFor::Healthy)]
        state: WaitFor,
        /// Wait this long
        #[arg(long, default_value = "5m", value_parser = parse_wait)]
        timeout: Duration,
    },
    /// Show what a sync would change; exits 1 if there is anything
    Diff {
        /// The application
        name: String,
        /// Compare with this revision
        #[arg(long, value_name = "REVISION")]
        revision: Option<String>,
    },
    /// Show every deployment
    History {
        /// The application
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Go back to an earlier deployment and hold the present one
    Rollback {
        /// The application
        name: String,
        /// A commit or a number of the history (default: the one before)
        target: Option<String>,
        /// Say why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Keep a revision from being deployed
    Hold {
        /// The application
        name: String,
        /// The commit
        revision: String,
        /// Say why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Stop automation: nothing is synced, healed or rolled back without being asked
    Pause {
        /// The application
        name: String,
        /// For this long (default: until it is resumed)
        #[arg(long = "for", value_name = "TIME", value_parser = parse_wait)]
        wait: Option<Duration>,
        /// Say why
        #[arg(long)]
        reason: String,
    },
    /// Let automation go on
    Resume {
        /// The application
        name: String,
    },
    /// Stop the operation that runs
    Terminate {
        /// The application
        name: String,
    },
    /// Approve the deletions that ask for it (Prune=confirm, Delete=confirm)
    Approve {
        /// The application
        name: String,
    },
    /// Let a held revision be deployed again
    Unhold {
        /// The application
        name: String,
        /// The commit (default: all)
        revision: Option<String>,
    },
    /// Print the manifests of the deployed revision
    Manifests {
        /// The application
        name: String,
        /// Of this revision
        #[arg(long, value_name = "REVISION")]
        revision: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The application's name
    #[arg(required_unless_present = "file")]
    pub(crate) name: Option<String>,
    /// Read the Application from this file
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["name", "repo"])]
    pub(crate) file: Option<PathBuf>,
    /// The repository
    #[arg(long, value_name = "URL", required_unless_present = "file")]
    pub(crate) repo: Option<String>,
    /// The folder
    #[arg(long, default_value = ".")]
    pub(crate) path: String,
    /// Branch, tag or commit
    #[arg(long, default_value = "HEAD")]
    pub(crate) rev: String,
    /// The project
    #[arg(long, default_value = "default")]
    pub(crate) project: String,
    /// The cluster's name
    #[arg(long, default_value = api::names::IN_CLUSTER_NAME)]
    pub(crate) dest_cluster: String,
    /// The namespace of objects that name none
    #[arg(long = "dest-ns", default_value = "default")]
    pub(crate) dest_namespace: String,
    /// Deploy new commits without being asked
    #[arg(long)]
    pub(crate) auto: bool,
    /// Undo changes that did not come from Git
    #[arg(long, requires = "auto")]
    pub(crate) heal: bool,
    /// Delete what Git no longer has
    #[arg(long, requires = "auto")]
    pub(crate) prune: bool,
    /// Make the namespace
    #[arg(long)]
    pub(crate) create_namespace: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Sync {
    /// The applications
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    /// Deploy this commit
    #[arg(long, alias = "revision", value_name = "REVISION")]
    pub(crate) rev: Option<String>,
    /// Only this object: GROUP/KIND/NAMESPACE/NAME (or GROUP:KIND:NAME)
    #[arg(long, value_name = "OBJECT")]
    pub(crate) resource: Vec<String>,
    /// Delete what Git no longer has
    #[arg(long)]
    pub(crate) prune: bool,
    /// Change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Sync though a window of the project forbids it; needs a reason, which is kept
    #[arg(long, requires = "reason")]
    pub(crate) override_window: bool,
    /// Say why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// Don't wait for the end
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Wait this long
    #[arg(long, default_value = "5m", value_parser = parse_wait)]
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub(crate) enum WaitFor {
    /// As Git wants it
    Synced,
    /// As Git wants it, and healthy
    Healthy,
    /// No operation runs, and no health gate is open
    Operation,
    /// Gone
    Deleted,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Drift {
    /// List changes that did not come from Git
    List {
        /// Only this application
        app: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Show one of them
    Show {
        /// Its id: d-1
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Audit {
    /// List what was done
    List {
        /// Only this application
        app: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}
