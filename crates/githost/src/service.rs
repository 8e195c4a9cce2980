//! The smart HTTP protocol: what `git clone`, `git fetch` and `git push` ask for.

use crate::pack;
use crate::pktline::{Packet, Writer, next, text};
use crate::repository::{CommitId, Error, Repository};
use base64::Engine as _;
use gix::ObjectId;
use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// Largest request body, in bytes: a push to a sample repository is far below it.
pub const BODY_MAX: usize = 256 * 1024 * 1024;

const AGENT: &str = concat!("agent=windlass/", env!("CARGO_PKG_VERSION"));

/// One HTTP request, as far as Git cares.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path below the mount point: `/shop.git/info/refs`.
    pub path: &'a str,
    /// The query without its question mark.
    pub query: &'a str,
    /// The `Git-Protocol` header.
    pub protocol: &'a str,
    /// The `Authorization` header.
    pub authorization: &'a str,
    /// The `Content-Encoding` header: `git` compresses longer requests with gzip.
    pub content_encoding: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// One HTTP answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// One reference that a push moved.
#[derive(Clone, Debug)]
pub struct Push {
    /// The repository's name, without `.git`.
    pub repository: String,
    /// The full reference name.
    pub reference: String,
    /// What it points at now; `None` if it was removed.
    pub new: Option<CommitId>,
}

type Listener = Arc<dyn Fn(&Push) + Send + Sync>;

/// User and password that a host asks for.
#[derive(Clone)]
pub struct BasicAuth {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A folder of bare repositories, `NAME.git` each.
pub struct Host {
    root: PathBuf,
    auth: Option<BasicAuth>,
    listener: Option<Listener>,
    /// One push at a time: a pack is small, and references are checked against what they were.
    push: Mutex<()>,
}

impl Host {
    /// Returns a host of the repositories below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            auth: None,
            listener: None,
            push: Mutex::new(()),
        }
    }

    /// Asks every client for a user and a password.
    #[must_use]
    pub fn with_auth(mut self, auth: BasicAuth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Calls `listener` after each reference that a push moved.
    #[must_use]
    pub fn on_push(mut self, listener: impl Fn(&Push) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Makes the repository `name`, or opens it.
    ///
    /// # Errors
    /// Fails if its folder can't be written.
    pub fn create(&self, name: &str) -> Result<Repository, Error> {
        Repository::create(&self.root.join(format!("{name}.git")))
    }

    /// Answers one request. Blocks on the file system.
    #[must_use]
    pub fn handle(&self, request: &Request<'_>) -> Response {
        if !self.allowed(request.authorization) {
            return Response::text(401, "authentication required\n");
        }
        let Some((name, endpoint)) = split_path(request.path) else {
            return Response::text(404, "no such repository\n");
        };
        let Ok(repository) = Repository::open(&self.root.join(format!("{name}.git"))) else {
            return Response::text(404, "no such repository\n");
        };
        let Ok(body) = decoded(request) else {
            return Response::text(400, "the body can't be decompressed, or is too large\n");
        };
        let answer = match (request.method, endpoint) {
            ("GET", "info/refs") => advertise(&repository, request),
            ("POST", "git-upload-pack") => upload_pack(&repository, &body),
            ("POST", "git-receive-pack") => self.receive_pack(name, &repository, &body),
            _ => return Response::text(404, "not found\n"),
        };
        answer.unwrap_or_else(|e| {
            tracing::warn!(repository = name, error = %e, "git request failed");
            let mut w = Writer::default();
            w.line(&format!("ERR {e}"));
            Response {
                status: 200,
                content_type: "application/x-git-upload-pack-result".into(),
                body: w.0,
            }
        })
    }

    fn allowed(&self, authorization: &str) -> bool {
        let Some(auth) = &self.auth else { return true };
        let Some(given) = authorization.strip_prefix("Basic ") else {
            return false;
        };
        let want = format!("{}:{}", auth.user, auth.password);
        base64::engine::general_purpose::STANDARD
            .decode(given.trim())
            .is_ok_and(|given| given == want.as_bytes())
    }

    /// Takes a push: stores the pack, then moves each reference whose old value still holds.
    fn receive_pack(
        &self,
        name: &str,
        repository: &Repository,
        body: &[u8],
    ) -> Result<Response, Error> {
        let _one_at_a_time = self
            .push
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut input = body;
        let mut commands = Vec::new();
        let mut side_band = false;
        while let Some(Packet::Data(line)) = next(&mut input) {
            let line = String::from_utf8_lossy(line);
            let (command, capabilities) = line.split_once('\0').unwrap_or((&line, ""));
            side_band |= capabilities.split(' ').any(|c| c.trim() == "side-band-64k");
            if let Some(command) = Command::parse(command.trim()) {
                commands.push(command);
            }
        }
        let repo = repository.gix()?;
        let stored = store_pack(&repo, input);
        let mut report = Writer::default();
        match &stored {
            Ok(()) => report.line("unpack ok"),
            Err(e) => report.line(&format!("unpack {e}")),
        }
        // A fresh handle sees the pack that has just been written.
        let repo = repository.gix()?;
        for command in &commands {
            let moved = match &stored {
                Err(_) => Err("unpacker error".to_owned()),
                Ok(()) => move_reference(repository, &repo, command),
            };
            match moved {
                Ok(()) => {
                    report.line(&format!("ok {}", command.reference));
                    if let Some(listener) = &self.listener {
                        listener(&Push {
                            repository: name.to_owned(),
                            reference: command.reference.clone(),
                            new: command.new,
                        });
                    }
                }
                Err(why) => report.line(&format!("ng {} {why}", command.reference)),
            }
        }
        report.flush();
        let mut out = Writer::default();
        if side_band {
            out.band(1, &report.0);
            out.flush();
        } else {
            out = report;
        }
        Ok(Response::git("receive-pack-result", out.0))
    }
}

struct Command {
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    reference: String,
}

impl Command {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let id = |word: &str| {
            let id = ObjectId::from_hex(word.as_bytes()).ok()?;
            Some((!id.is_null()).then_some(id))
        };
        Some(Self {
            old: id(words.next()?)?,
            new: id(words.next()?)?,
            reference: words.next()?.to_owned(),
        })
    }
}

fn move_reference(
    repository: &Repository,
    repo: &gix::Repository,
    command: &Command,
) -> Result<(), String> {
    if !command.reference.starts_with("refs/heads/") && !command.reference.starts_with("refs/tags/")
    {
        return Err("only branches and tags can be pushed".into());
    }
    if let Some(new) = command.new
        && repo.find_object(new).is_err()
    {
        return Err("missing necessary objects".into());
    }
    repository
        .set_reference(repo, &command.reference, command.old, command.new)
        .map_err(|_| "failed to update ref: it has moved, fetch first".into())
}

fn store_pack(repo: &gix::Repository, pack: &[u8]) -> Result<(), Error> {
    if pack.is_empty() {
        return Ok(());
    }
    let directory = repo.objects.store_ref().path().join("pack");
    std::fs::create_dir_all(&directory)?;
    let mut reader = std::io::BufReader::new(pack);
    let outcome = gix::odb::pack::Bundle::write_to_directory(
        &mut reader,
        Some(&directory),
        &mut gix::progress::Discard,
        &AtomicBool::new(false),
        Some(repo.objects.clone()),
        gix::hash::Kind::Sha1,
        gix::odb::pack::bundle::write::Options {
            thread_limit: Some(1),
            ..Default::default()
        },
    )
    .map_err(Error::write)?;
    // The marker guards the pack until references point at it; that follows at once.
    if let Some(keep) = outcome.keep_path {
        std::fs::remove_file(keep)?;
    }
    Ok(())
}

/// Returns the body without its content encoding.
fn decoded<'a>(request: &Request<'a>) -> std::io::Result<Cow<'a, [u8]>> {
    if request.content_encoding != "gzip" {
        return Ok(Cow::Borrowed(request.body));
    }
    let mut body = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(request.body).take(BODY_MAX as u64 + 1);
    reader.read_to_end(&mut body)?;
    if body.len() > BODY_MAX {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(Cow::Owned(body))
}

/// Splits `/shop.git/info/refs` into `shop` and `info/refs`.
fn split_path(path: &str) -> Option<(&str, &str)> {
    let (name, endpoint) = path.strip_prefix('/')?.split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && !name.starts_with('.') && name.chars().all(plain))
        .then_some((name, endpoint))
}

fn advertise(repository: &Repository, request: &Request<'_>) -> Result<Response, Error> {
    let service = request
        .query
        .split('&')
        .find_map(|p| p.strip_prefix("service="));
    let mut w = Writer::default();
    match service {
        Some("git-upload-pack") => {
            w.line("# service=git-upload-pack");
            w.flush();
            if !request.protocol.split(':').any(|p| p == "version=2") {
                w.line("ERR this server speaks Git protocol version 2 only");
                return Ok(Response::git("upload-pack-advertisement", w.0));
            }
            for line in [
                "version 2",
                AGENT,
                "ls-refs=unborn",
                "fetch=shallow",
                "object-format=sha1",
            ] {
                w.line(line);
            }
            w.flush();
            Ok(Response::git("upload-pack-advertisement", w.0))
        }
        Some("git-receive-pack") => {
            w.line("# service=git-receive-pack");
            w.flush();
            let capabilities = format!(
                "report-status delete-refs side-band-64k ofs-delta object-format=sha1 {AGENT}"
            );
            let mut first = true;
            for (name, id, _) in references(&repository.gix()?)? {
                let tail = if first {
                    format!("\0{capabilities}")
                } else {
                    String::new()
                };
                w.line(&format!("{id} {name}{tail}"));
                first = false;
            }
            if first {
                let none = ObjectId::null(gix::hash::Kind::Sha1);
                w.line(&format!("{none} capabilities^{{}}\0{capabilities}"));
            }
            w.flush();
            Ok(Response::git("receive-pack-advertisement", w.0))
        }
        _ => Ok(Response::text(403, "only smart HTTP is served\n")),
    }
}

/// Returns name, id, and peeled id (of an annotated tag) of every branch and tag, by name.
fn references(repo: &gix::Repository) -> Result<Vec<(String, ObjectId, Option<ObjectId>)>, Error> {
    let mut all = Vec::new();
    let platform = repo.references().map_err(Error::read)?;
    for reference in platform.all().map_err(Error::read)? {
        let mut reference = reference.map_err(Error::read)?;
        let name = reference.name().as_bstr().to_string();
        let Some(id) = reference.try_id().map(gix::Id::detach) else {
            continue;
        };
        let peeled = reference.peel_to_id().map_err(Error::read)?.detach();
        all.push((name, id, (peeled != id).then_some(peeled)));
    }
    all.sort();
    Ok(all)
}

/// Answers one protocol version 2 command.
fn upload_pack(repository: &Repository, body: &[u8]) -> Result<Response, Error> {
    let mut input = body;
    let mut command = "";
    let mut arguments = Vec::new();
    let mut after_delimiter = false;
    while let Some(packet) = next(&mut input) {
        match packet {
            Packet::Flush => break,
            Packet::Delimiter => after_delimiter = true,
            Packet::Data(line) if after_delimiter => arguments.push(text(line)),
            Packet::Data(line) => {
                if let Some(name) = text(line).strip_prefix("command=") {
                    command = name;
                }
            }
        }
    }
    let repo = repository.gix()?;
    match command {
        "ls-refs" => ls_refs(&repo, &arguments),
        "fetch" => fetch(&repo, &arguments),
        other => Err(Error::Read(format!("unknown command {other:?}"))),
    }
}

fn ls_refs(repo: &gix::Repository, arguments: &[&str]) -> Result<Response, Error> {
    let prefixes: Vec<&str> = arguments
        .iter()
        .filter_map(|a| a.strip_prefix("ref-prefix "))
        .collect();
    let wanted = |name: &str| prefixes.is_empty() || prefixes.iter().any(|p| name.starts_with(p));
    let peel = arguments.contains(&"peel");
    let symrefs = arguments.contains(&"symrefs");
    let mut w = Writer::default();
    if wanted("HEAD") {
        let head = repo.head().map_err(Error::read)?;
        let target = head.referent_name().map(|n| n.as_bstr().to_string());
        let link = match (&target, symrefs) {
            (Some(target), true) => format!(" symref-target:{target}"),
            _ => String::new(),
        };
        match head.id() {
            Some(id) => w.line(&format!("{id} HEAD{link}")),
            None if arguments.contains(&"unborn") => w.line(&format!("unborn HEAD{link}")),
            None => {}
        }
    }
    for (name, id, peeled) in references(repo)? {
        if wanted(&name) {
            let tail = match peeled {
                Some(peeled) if peel => format!(" peeled:{peeled}"),
                _ => String::new(),
            };
            w.line(&format!("{id} {name}{tail}"));
        }
    }
    w.flush();
    Ok(Response::git("upload-pack-result", w.0))
}

fn fetch(repo: &gix::Repository, arguments: &[&str]) -> Result<Response, Error> {
    let ids = |prefix: &str| -> Vec<ObjectId> {
        arguments
            .iter()
            .filter_map(|a| a.strip_prefix(prefix))
            .filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok())
            .collect()
    };
    let wants = ids("want ");
    let common: Vec<ObjectId> = ids("have ")
        .into_iter()
        .filter(|id| repo.find_commit(*id).is_ok())
        .collect();
    let done = arguments.contains(&"done");
    let depth = arguments
        .iter()
        .find_map(|a| a.strip_prefix("deepen ")?.parse().ok());
    let mut w = Writer::default();
    if !done {
        w.line("acknowledgments");
        for id in &common {
            w.line(&format!("ACK {id}"));
        }
        if common.is_empty() {
            w.line("NAK");
            w.flush();
            return Ok(Response::git("upload-pack-result", w.0));
        }
        w.line("ready");
        w.delimiter();
    }
    let (pack, shallow) = pack::build(repo, &wants, &common, depth)?;
    if depth.is_some() {
        w.line("shallow-info");
        for id in shallow {
            w.line(&format!("shallow {id}"));
        }
        w.delimiter();
    }
    w.line("packfile");
    w.band(1, &pack);
    w.flush();
    Ok(Response::git("upload-pack-result", w.0))
}

impl Response {
    fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8".into(),
            body: body.into(),
        }
    }

    fn git(kind: &str, body: Vec<u8>) -> Self {
        Self {
            status: 200,
            content_type: format!("application/x-git-{kind}"),
            body,
        }
    }
}
