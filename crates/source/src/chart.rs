//! Charts of HTTP repositories and OCI registries.

mod archive;
mod files;
mod http;
mod index;
mod index_repository;
mod known;
mod registry;
mod repository;
mod store;
mod versions;

pub use files::ChartSnapshot;
pub use repository::{ChartRepository, Login, PassCredentials, Tls, Verify};

use crate::digest::Digest;
use crate::error::{Error, Reason};
use crate::mirror::{Freshness, Sources};
use http::{Answer, Http};
use index_repository::Indexes;
use known::{Known, lock};
use registry::Registries;
use repository::Protocol;
use reqwest::StatusCode;
use std::path::Path;
use std::sync::Mutex;
use store::{Kept, Store};

/// An archive: as much as a chart may have unpacked.
const ARCHIVE_BYTES_MAX: u64 = 100 << 20;
/// Unpacked charts that stay in memory after their last use. The largest charts have 5 MB, most
/// some 200 KB.
const UNPACKED_BYTES_MAX: usize = 32 << 20;

/// A version of a chart that exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChartVersion {
    /// The version as the repository spells it.
    pub version: String,
    /// The digest of the archive; an index may not tell it.
    pub digest: Option<Digest>,
    /// The chart's name.
    chart: String,
    origin: Origin,
}

/// Where the archive of a version is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Origin {
    /// At one of these URLs, said an index of that digest.
    Urls {
        urls: Box<[Box<str>]>,
        index: Digest,
    },
    /// A layer of the registry's repository of that name.
    Layer { name: String, layer: Digest },
}

impl ChartVersion {
    /// Returns the chart's name.
    #[must_use]
    pub fn chart(&self) -> &str {
        &self.chart
    }
}

impl Sources {
    /// Resolves a version or range (`6.5.4`, `^6`, `>=1.2 <2`, `""` for the latest stable one) of a
    /// chart, by Helm's rule: the very text first, then the highest in the range. A registry also
    /// takes tags and `sha256:` digests. In a registry, `chart` may be `""` if the URL names it.
    ///
    /// # Errors
    /// Fails if the repository can't be reached or understood, asks for a login, or has no such
    /// chart or version.
    pub fn resolve_chart(
        &self,
        repository: &ChartRepository,
        chart: &str,
        version: &str,
        freshness: Freshness,
    ) -> Result<ChartVersion, Error> {
        let charts = self.charts();
        match repository.protocol {
            Protocol::Index => charts.resolve_indexed(repository, chart, version, freshness),
            Protocol::Oci => charts.resolve_tagged(repository, chart, version, freshness),
        }
    }

    /// Returns the files of a version that [`Sources::resolve_chart`] has given.
    ///
    /// # Errors
    /// Fails if the archive can't be fetched, isn't the one that was announced, or isn't a chart.
    pub fn chart(
        &self,
        repository: &ChartRepository,
        version: &ChartVersion,
    ) -> Result<ChartSnapshot, Error> {
        self.charts().chart(repository, version)
    }
}

/// Everything that is known of charts.
pub(crate) struct Charts {
    http: Http,
    store: Store,
    indexes: Indexes,
    registries: Registries,
    /// Archives that were fetched; those without a digest stay as long as their index does.
    fetched: Known<(ChartRepository, ChartVersion), Digest>,
    unpacked: Mutex<Unpacked>,
    /// Each held while one of its archives is unpacked: whoever wants the same one waits.
    unpacking: [Mutex<()>; 16],
}

/// Unpacked charts, the one that was used last at the end.
#[derive(Default)]
struct Unpacked(Vec<ChartSnapshot>);

impl Charts {
    pub(crate) fn new(cache: &Path) -> Self {
        Self {
            http: Http::default(),
            store: Store::new(cache),
            indexes: Indexes::default(),
            registries: Registries::default(),
            fetched: Known::default(),
            unpacked: Mutex::default(),
            unpacking: Default::default(),
        }
    }

    fn chart(
        &self,
        repository: &ChartRepository,
        version: &ChartVersion,
    ) -> Result<ChartSnapshot, Error> {
        let have = |digest| {
            let snapshot = self.have(digest);
            snapshot.map_err(|e| about(repository, version, &e))
        };
        if let Some(digest) = version.digest
            && let Some(snapshot) = have(digest)?
        {
            return Ok(snapshot);
        }
        // What is known may be thrown away by now.
        for freshness in [Freshness::Known, Freshness::Latest] {
            let question = (repository.clone(), version.clone());
            let fetch = |_: Option<&_>| self.fetch(repository, version);
            let digest = self.fetched.get(question, freshness, fetch)?;
            if let Some(snapshot) = have(*digest)? {
                return Ok(snapshot);
            }
        }
        let (chart, version) = (&version.chart, &version.version);
        let text = format!("the archive of chart {chart:?} {version} was thrown away: try again");
        Err(Error::new(Reason::CacheFailed, text))
    }

    fn fetch(&self, repository: &ChartRepository, version: &ChartVersion) -> Result<Digest, Error> {
        match &version.origin {
            Origin::Urls { urls, .. } => self.fetch_listed(repository, version, urls),
            Origin::Layer { name, layer } => self.fetch_layer(repository, name, *layer),
        }
    }

    /// Returns the chart whose archive has that digest, if it is here.
    fn have(&self, digest: Digest) -> Result<Option<ChartSnapshot>, archive::Refused> {
        let unpacked = || lock(&self.unpacked).get(digest);
        if let Some(snapshot) = unpacked() {
            return Ok(Some(snapshot));
        }
        let shard = usize::from(digest.short()[0]) % self.unpacking.len();
        let _unpacking = lock(&self.unpacking[shard]);
        // Somebody may have unpacked it while we waited.
        if let Some(snapshot) = unpacked() {
            return Ok(Some(snapshot));
        }
        let Some(file) = self.store.open(Kept::Archive, digest) else {
            return Ok(None);
        };
        let unpacked = archive::unpack(std::io::BufReader::new(file))?;
        let snapshot = ChartSnapshot::new(digest, unpacked);
        lock(&self.unpacked).put(snapshot.clone());
        Ok(Some(snapshot))
    }
}

/// Returns what is wrong with an archive, in a sentence that names it.
fn about(
    repository: &ChartRepository,
    version: &ChartVersion,
    refused: &archive::Refused,
) -> Error {
    let (reason, why) = match refused {
        archive::Refused::Invalid(why) => (Reason::ChartInvalid, why),
        archive::Refused::TooLarge(why) => (Reason::TooLarge, why),
    };
    let (shown, chart, version) = (repository.shown(), &version.chart, &version.version);
    let text = format!("the archive of chart {chart:?} {version} from {shown} {why}");
    Error::new(reason, text)
}

impl Unpacked {
    fn get(&mut self, digest: Digest) -> Option<ChartSnapshot> {
        let at = self.0.iter().position(|s| s.digest() == digest)?;
        let snapshot = self.0.remove(at);
        self.0.push(snapshot.clone());
        Some(snapshot)
    }

    fn put(&mut self, snapshot: ChartSnapshot) {
        self.0.retain(|s| s.digest() != snapshot.digest());
        self.0.push(snapshot);
        let mut size: usize = self.0.iter().map(ChartSnapshot::size_bytes).sum();
        // The newest stays, whatever its size: it is in use anyway.
        while size > UNPACKED_BYTES_MAX && self.0.len() > 1 {
            size -= self.0.remove(0).size_bytes();
        }
    }
}

/// Returns the error that an answer is, about `what`; `login` is what it was asked with.
fn refused(answer: Answer, what: &str, login: Option<&Login>) -> Error {
    let (status, shown) = (answer.status, answer.shown.clone());
    let said = answer.explanation();
    let (reason, text) = match (status, login) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, None) => (
            Reason::AuthenticationRequired,
            format!("{what} requires a login{said}: add one for this repository"),
        ),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(login)) => {
            let who = match login {
                Login::Basic { user, .. } => format!("user {user:?}"),
                Login::Bearer(_) => "the token".to_owned(),
            };
            (
                Reason::AuthenticationRequired,
                format!("{what} refuses {who}{said}: check the login of this repository"),
            )
        }
        _ => (
            Reason::RepositoryUnreachable,
            format!("{what}: {shown} answers {status}{said}"),
        ),
    };
    Error::new(reason, text)
}

/// Returns that a chart has no such version.
fn no_version(repository: &ChartRepository, chart: &str, wanted: &str, versions: &[&str]) -> Error {
    let (shown, advice) = (repository.shown(), versions::advice(wanted, versions));
    let text = match wanted.trim() {
        "" => format!("chart {chart:?} of {shown} has no stable version: {advice}"),
        wanted => format!("chart {chart:?} of {shown} has no version {wanted:?}: {advice}"),
    };
    Error::new(Reason::VersionNotFound, text)
}
