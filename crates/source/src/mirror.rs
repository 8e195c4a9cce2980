//! Mirrors: one bare repository per URL, fetched at most once for all who ask at the same time.

mod tags;

pub use self::tags::{Tag, TagNames};
use crate::chart::{ChartRepository, Charts, Verify};
use crate::credentials::{Credential, Credentials};
use crate::error::{Error, Reason, chain};
use crate::snapshot::{Snapshot, TreeCache};
use crate::url::{Location, locate, redact};
use gix::remote::Direction;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long one request may take, a large clone included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(600);

/// How old the answer to "where does this branch point" may be.
#[derive(Clone, Copy, Debug)]
pub enum Freshness {
    /// Ask the server, whatever is known.
    Latest,
    /// What was learnt by a fetch that began at or after this moment will do.
    Since(Instant),
    /// Anything that is known will do; the server is asked only if nothing is.
    Known,
}

/// A commit's name tag: who made it, when, and its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// The commit.
    pub id: gix::ObjectId,
    /// The author's name.
    pub author: String,
    /// The author's address.
    pub email: String,
    /// When it was authored, in seconds since 1970, UTC.
    pub seconds: i64,
    /// The first line of the message.
    pub subject: String,
}

/// A commit as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its bytes, signature and all.
    pub raw: Vec<u8>,
    /// The commits before it.
    pub parents: Vec<gix::ObjectId>,
    /// The author's name and address.
    pub author: String,
}

/// All repositories: Git's, each with its mirror, and those of charts. Cheap to clone.
///
/// Whoever asks does so for a project, whose logins are used. What was fetched with a login that is
/// for one project alone is seen by no other.
#[derive(Clone)]
pub struct Sources {
    shared: Arc<Shared>,
    /// The project that asks; empty for nobody's.
    project: Arc<str>,
}

struct Shared {
    cache: PathBuf,
    /// By URL, and the project that alone may see it.
    mirrors: Mutex<HashMap<(String, String), Arc<Mirror>>>,
    credentials: Arc<RwLock<Credentials>>,
    charts: Charts,
}

impl Sources {
    /// Returns sources whose mirrors and charts live below `cache`.
    #[must_use]
    pub fn new(cache: &Path) -> Self {
        Self {
            shared: Arc::new(Shared {
                cache: cache.to_owned(),
                mirrors: Mutex::default(),
                credentials: Arc::default(),
                charts: Charts::new(cache),
            }),
            project: "".into(),
        }
    }

    /// Returns the same sources as a project sees them.
    #[must_use]
    pub fn within(&self, project: &str) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            project: project.into(),
        }
    }

    pub(crate) fn charts(&self) -> &Charts {
        &self.shared.charts
    }

    /// Takes other credentials from now on.
    pub fn set_credentials(&self, credentials: Credentials) {
        let known = self.shared.credentials.write();
        *known.unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    /// Returns the chart repository at a URL, with the login that is known for it.
    ///
    /// # Errors
    /// Fails like [`ChartRepository::new`].
    pub fn chart_repository(&self, url: &str) -> Result<ChartRepository, Error> {
        let known = self.shared.credentials.read();
        known
            .unwrap_or_else(PoisonError::into_inner)
            .chart_repository(url, &self.project)
    }

    /// Resolves a branch, tag, full commit id, `HEAD` or `""` (which is `HEAD`) to a commit.
    ///
    /// # Errors
    /// Fails if the repository can't be reached or has no such revision.
    pub fn resolve(
        &self,
        url: &str,
        revision: &str,
        freshness: Freshness,
    ) -> Result<gix::ObjectId, Error> {
        self.mirror(url)?.resolve(revision, freshness)
    }

    /// Returns the files of a commit that [`Sources::resolve`] has given.
    ///
    /// # Errors
    /// Fails if the mirror lost the commit.
    pub fn snapshot(&self, url: &str, commit: gix::ObjectId) -> Result<Snapshot, Error> {
        let mirror = self.mirror(url)?;
        let repo = mirror.repo()?;
        let tree = repo
            .to_thread_local()
            .find_commit(commit)
            .and_then(|c| Ok(c.tree_id()?.detach()))
            .map_err(|e| mirror.lost(commit, &e))?;
        Ok(Snapshot::new(repo, Arc::clone(&mirror.trees), commit, tree))
    }

    /// Returns who made a commit, when, and its subject.
    ///
    /// # Errors
    /// Fails if the mirror lost the commit.
    pub fn commit_info(&self, url: &str, commit: gix::ObjectId) -> Result<CommitInfo, Error> {
        let mirror = self.mirror(url)?;
        let repo = mirror.repo()?.to_thread_local();
        let info = || -> Result<CommitInfo, gix::Error> {
            let object = repo.find_commit(commit)?;
            let author = object.author()?;
            Ok(CommitInfo {
                id: commit,
                author: author.name.to_string(),
                email: author.email.to_string(),
                seconds: author.seconds(),
                subject: object.message()?.summary().to_string(),
            })
        };
        info().map_err(|e| mirror.lost(commit, &e))
    }

    /// Returns a commit as it is stored.
    ///
    /// # Errors
    /// Fails if the mirror lost the commit.
    pub fn commit(&self, url: &str, commit: gix::ObjectId) -> Result<Commit, Error> {
        let mirror = self.mirror(url)?;
        let repo = mirror.repo()?.to_thread_local();
        let read = || -> Result<Commit, gix::Error> {
            let object = repo.find_commit(commit)?;
            let author = object.author()?;
            Ok(Commit {
                author: format!("{} <{}>", author.name, author.email),
                parents: object.parent_ids().map(gix::Id::detach).collect(),
                raw: object.data.clone(),
            })
        };
        read().map_err(|e| mirror.lost(commit, &e))
    }

    /// Returns the commit that last changed a line (from 1) of a file, as it is in `commit`; `None`
    /// if the file isn't there or has no such line.
    ///
    /// # Errors
    /// Fails if the mirror lost the commit.
    pub fn blame(
        &self,
        url: &str,
        commit: gix::ObjectId,
        path: &str,
        line: u32,
    ) -> Result<Option<CommitInfo>, Error> {
        let mirror = self.mirror(url)?;
        let mut repo = mirror.repo()?.to_thread_local();
        // Every step back reads two trees: they are worth keeping.
        repo.object_cache_size_if_unset(4 << 20);
        let blamed = || -> Result<Option<gix::ObjectId>, gix::Error> {
            let tree = repo.find_commit(commit)?.tree()?;
            let Some(entry) = tree.lookup_entry_by_path(path)? else {
                return Ok(None);
            };
            let lines = entry.object()?.data.split(|b| *b == b'\n').count();
            if line == 0 || line as usize > lines {
                return Ok(None);
            }
            let options = gix::repository::blame_file::Options {
                ranges: gix::blame::BlameRanges::from_one_based_inclusive_range(line..=line)?,
                ..gix::repository::blame_file::Options::default()
            };
            let outcome = repo.blame_file(path.into(), commit, options)?;
            Ok(outcome.entries.first().map(|entry| entry.commit_id))
        };
        match blamed().map_err(|e| mirror.lost(commit, &e))? {
            Some(id) => self.commit_info(url, id).map(Some),
            None => Ok(None),
        }
    }

    fn mirror(&self, url: &str) -> Result<Arc<Mirror>, Error> {
        let location = locate(url)?;
        let shared = &self.shared;
        let owner = {
            let known = shared.credentials.read();
            let known = known.unwrap_or_else(PoisonError::into_inner);
            known.scope(url, &self.project).to_owned()
        };
        let mirrors = shared.mirrors.lock();
        let mut mirrors = mirrors.unwrap_or_else(PoisonError::into_inner);
        let key = (url.to_owned(), owner.clone());
        let mirror = mirrors.entry(key).or_insert_with(|| {
            let path = match &location {
                Location::Local(path) => path.clone(),
                Location::Http(url) => shared.cache.join(directory_name(url, &owner)),
            };
            Arc::new(Mirror {
                location,
                path,
                owner,
                credentials: Arc::clone(&shared.credentials),
                state: Mutex::default(),
                known: Mutex::default(),
                trees: Arc::default(),
            })
        });
        Ok(Arc::clone(mirror))
    }
}

/// Returns a folder name for a mirror: readable, and unique by digest. One of a project is not that
/// of everybody.
fn directory_name(url: &str, owner: &str) -> String {
    let shown = redact(url);
    let tail: String = shown
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let tail = &tail[tail.len().saturating_sub(60)..];
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(shown.as_bytes());
    if !owner.is_empty() {
        // No URL has a line break.
        hasher.update(format!("\n{owner}").as_bytes());
    }
    let digest = hasher
        .try_finalize()
        .map(|id| id.to_hex_with_len(12).to_string());
    format!("{tail}-{}.git", digest.unwrap_or_default())
}

/// What a server said when it was last asked.
struct Advertised {
    asked: Instant,
    references: HashMap<String, gix::ObjectId>,
}

struct Mirror {
    location: Location,
    path: PathBuf,
    /// The project whose login it is fetched with; empty for everybody's.
    owner: String,
    credentials: Arc<RwLock<Credentials>>,
    /// Held during a fetch: whoever comes meanwhile waits and shares the answer.
    state: Mutex<Option<gix::ThreadSafeRepository>>,
    known: Mutex<Option<Arc<Advertised>>>,
    trees: Arc<TreeCache>,
}

impl Mirror {
    fn url(&self) -> String {
        match &self.location {
            Location::Local(path) => path.display().to_string(),
            Location::Http(url) => url.clone(),
        }
    }

    fn lost(&self, commit: gix::ObjectId, e: &gix::Error) -> Error {
        let url = redact(&self.url());
        Error::new(
            Reason::CacheFailed,
            format!("commit {commit} of {url} can't be read: {}", chain(e)),
        )
    }

    fn repo(&self) -> Result<gix::ThreadSafeRepository, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.open(&mut state)
    }

    fn open(
        &self,
        state: &mut Option<gix::ThreadSafeRepository>,
    ) -> Result<gix::ThreadSafeRepository, Error> {
        if let Some(repo) = state {
            return Ok(repo.clone());
        }
        let options = gix::open::Options::isolated;
        let repo = match &self.location {
            Location::Local(path) => {
                let shown = path.display();
                gix::ThreadSafeRepository::open_opts(path, options()).map_err(|e| {
                    let why = if path.exists() {
                        "is not a Git repository"
                    } else {
                        "does not exist"
                    };
                    Error::new(
                        Reason::RepositoryNotFound,
                        format!("repository {shown} {why} ({})", chain(&e)),
                    )
                })?
            }
            Location::Http(_) => self.open_mirror().map_err(|e| {
                Error::new(
                    Reason::CacheFailed,
                    format!("open the mirror {}: {e}", self.path.display()),
                )
            })?,
        };
        *state = Some(repo.clone());
        Ok(repo)
    }

    /// Opens the mirror; one that can't be opened (a crash while it was made) is made anew.
    fn open_mirror(&self) -> Result<gix::ThreadSafeRepository, String> {
        if self.path.exists() {
            match gix::ThreadSafeRepository::open_opts(&self.path, gix::open::Options::isolated()) {
                Ok(repo) => return Ok(repo),
                Err(e) => {
                    tracing::warn!(path = %self.path.display(), error = %e, "mirror is made anew");
                    std::fs::remove_dir_all(&self.path).map_err(|e| e.to_string())?;
                }
            }
        }
        std::fs::create_dir_all(&self.path).map_err(|e| e.to_string())?;
        gix::init_bare(&self.path).map_err(|e| chain(&e))?;
        gix::ThreadSafeRepository::open_opts(&self.path, gix::open::Options::isolated())
            .map_err(|e| chain(&e))
    }

    fn resolve(&self, revision: &str, freshness: Freshness) -> Result<gix::ObjectId, Error> {
        let revision = if revision.is_empty() {
            "HEAD"
        } else {
            revision
        };
        // A full commit id that is here never changes: no server needs to be asked.
        if let Ok(id) = gix::ObjectId::from_hex(revision.as_bytes()) {
            let have = |repo: &gix::Repository| repo.find_commit(id).is_ok();
            if have(&self.repo()?.to_thread_local()) {
                return Ok(id);
            }
            self.refresh(Freshness::Latest)?;
            return if have(&self.repo()?.to_thread_local()) {
                Ok(id)
            } else {
                Err(self.no_revision(revision))
            };
        }
        match &self.location {
            Location::Local(_) => self.resolve_local(revision),
            Location::Http(_) => {
                let advertised = self.refresh(freshness)?;
                candidates(revision)
                    .iter()
                    .find_map(|name| advertised.references.get(name).copied())
                    .map_or_else(|| self.resolve_short(revision), Ok)
            }
        }
    }

    fn no_revision(&self, revision: &str) -> Error {
        Error::new(
            Reason::RevisionNotFound,
            format!(
                "revision {revision:?} is not in repository {}",
                redact(&self.url())
            ),
        )
    }

    fn resolve_local(&self, revision: &str) -> Result<gix::ObjectId, Error> {
        let repo = self.repo()?.to_thread_local();
        for name in candidates(revision) {
            let Ok(Some(mut reference)) = repo.try_find_reference(name.as_str()) else {
                continue;
            };
            if let Ok(id) = reference.peel_to_id() {
                return Ok(id.detach());
            }
        }
        self.resolve_short(revision)
    }

    /// Resolves an abbreviated commit id.
    fn resolve_short(&self, revision: &str) -> Result<gix::ObjectId, Error> {
        let hex = revision.len() >= 7 && revision.bytes().all(|b| b.is_ascii_hexdigit());
        if hex {
            let repo = self.repo()?.to_thread_local();
            if let Ok(id) = repo.rev_parse_single(revision)
                && repo.find_commit(id.detach()).is_ok()
            {
                return Ok(id.detach());
            }
        }
        Err(self.no_revision(revision))
    }

    /// Brings the mirror up to date unless somebody else did so recently enough.
    fn refresh(&self, freshness: Freshness) -> Result<Arc<Advertised>, Error> {
        let Location::Http(url) = &self.location else {
            return Ok(Arc::new(Advertised {
                asked: Instant::now(),
                references: HashMap::new(),
            }));
        };
        let asked_for = Instant::now();
        if let Some(known) = self.known_since(freshness, asked_for) {
            return Ok(known);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have fetched while we waited for the lock.
        if let Some(known) = self.known_since(freshness, asked_for) {
            return Ok(known);
        }
        let repo = self.open(&mut state)?.to_thread_local();
        let asked = Instant::now();
        let known = self.credentials.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let credential = known.of(url, &self.owner);
        drop(known);
        let access = Access::read(url, &credential)?;
        let references = fetch(&repo, url, access)
            .map_err(|e| Error::from_fetch(url, credential.login.as_ref(), &e))
            .inspect_err(|e| {
                tracing::warn!(repository = redact(url), error = %e, "fetch failed");
            })?;
        let advertised = Arc::new(Advertised { asked, references });
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&advertised));
        Ok(advertised)
    }

    fn known_since(&self, freshness: Freshness, asked_for: Instant) -> Option<Arc<Advertised>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref()?;
        let enough = match freshness {
            Freshness::Latest => known.asked >= asked_for,
            Freshness::Since(since) => known.asked >= since,
            Freshness::Known => true,
        };
        enough.then(|| Arc::clone(known))
    }
}

/// Returns the reference names that a revision may mean, best first, as Git looks them up.
fn candidates(revision: &str) -> Vec<String> {
    if revision == "HEAD" || revision.starts_with("refs/") {
        return vec![revision.to_owned()];
    }
    vec![
        format!("refs/tags/{revision}"),
        format!("refs/heads/{revision}"),
    ]
}

/// How a Git server is spoken to.
struct Access {
    headers: Vec<String>,
    authorities: Vec<reqwest::Certificate>,
    identity: Option<reqwest::Identity>,
    verify: Verify,
}

impl Access {
    fn read(url: &str, credential: &Credential) -> Result<Self, Error> {
        let unusable = |e: reqwest::Error| {
            let (shown, why) = (redact(url), chain(&e.without_url()));
            Error::new(
                Reason::CertificateInvalid,
                format!("the certificates for {shown} can't be used: {why}"),
            )
        };
        let tls = &credential.tls;
        let bundle = |pem: &String| reqwest::Certificate::from_pem_bundle(pem.as_bytes());
        let identity = |pem: &String| reqwest::Identity::from_pem(pem.as_bytes());
        let login = credential.login.iter();
        let authorities = tls.authorities.as_ref().map(bundle).transpose();
        let identity = tls.identity.as_ref().map(identity).transpose();
        Ok(Self {
            headers: login
                .map(|login| format!("Authorization: {}", login.authorization()))
                .collect(),
            authorities: authorities.map_err(unusable)?.unwrap_or_default(),
            identity: identity.map_err(unusable)?,
            verify: tls.verify,
        })
    }
}

/// Fetches all branches and tags; returns what the server says they point at, tags peeled.
fn fetch(
    repo: &gix::Repository,
    url: &str,
    access: Access,
) -> Result<HashMap<String, gix::ObjectId>, gix::Error> {
    use gix::protocol::handshake::Ref;
    let refspecs = [
        "+refs/heads/*:refs/heads/*",
        "+refs/tags/*:refs/tags/*",
        "+HEAD:refs/windlass/HEAD",
    ];
    let remote = repo
        .remote_at(url)?
        .with_refspecs(refspecs, Direction::Fetch)?;
    let mut connection = remote.connect(Direction::Fetch)?;
    // No helper, no prompt: a login that is known is sent, and nothing else.
    connection.set_credentials(|_action| Ok(None));
    connection.set_transport_options(Box::new(http_options(url, access)));
    let prepared = connection.prepare_fetch(
        gix::progress::Discard,
        gix::remote::ref_map::Options::default(),
    )?;
    let outcome = prepared.receive(gix::progress::Discard, &AtomicBool::new(false))?;
    let mut references = HashMap::new();
    for reference in &outcome.ref_map.remote_refs {
        let (name, id) = match reference {
            Ref::Peeled {
                full_ref_name,
                object,
                ..
            }
            | Ref::Direct {
                full_ref_name,
                object,
            }
            | Ref::Symbolic {
                full_ref_name,
                object,
                ..
            } => (full_ref_name, *object),
            Ref::Unborn { .. } => continue,
        };
        references.insert(name.to_string(), id);
    }
    Ok(references)
}

fn http_options(
    url: &str,
    access: Access,
) -> gix::protocol::transport::client::blocking_io::http::Options {
    use gix::protocol::transport::client::blocking_io::http;
    // The client inside gix takes the process's TLS provider. An error means that one is installed.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    // Reading the machine's certificates takes longer than a fetch from this machine.
    let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    let without_certificates = local.iter().any(|host| url.starts_with(host));
    let backend = http::reqwest::Options {
        configure_client: Some(Box::new(move |builder| {
            let mut builder = builder
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(REQUEST_TIMEOUT);
            if without_certificates {
                return Ok(builder.tls_certs_only([]));
            }
            if !access.authorities.is_empty() {
                builder = builder.tls_certs_merge(access.authorities.clone());
            }
            if let Some(identity) = &access.identity {
                builder = builder.identity(identity.clone());
            }
            Ok(builder.tls_danger_accept_invalid_certs(access.verify == Verify::No))
        })),
        ..Default::default()
    };
    http::Options {
        user_agent: Some(concat!("windlass/", env!("CARGO_PKG_VERSION")).into()),
        backend: Some(Arc::new(Mutex::new(backend))),
        extra_headers: access.headers,
        ..Default::default()
    }
}
