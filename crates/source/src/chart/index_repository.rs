//! Helm repositories: an `index.yaml`, and archives at the URLs that it names.

use super::http::{Get, Validators, may_lead};
use super::index::{self, Broken, Found};
use super::known::{Known, lock};
use super::repository::{ChartRepository, Login, PassCredentials, shown};
use super::store::Kept;
use super::{ARCHIVE_BYTES_MAX, ChartVersion, Charts, Origin, no_version, refused, versions};
use crate::digest::Digest;
use crate::error::{Error, Reason};
use crate::mirror::Freshness;
use reqwest::{StatusCode, Url};
use std::collections::HashMap;
use std::io::BufReader;
use std::sync::{Arc, Mutex};

/// An index on disk: as Argo CD. The largest public one has some 60 MB.
const INDEX_BYTES_MAX: u64 = 1 << 30;
/// Charts whose entries are kept in memory, some 200 bytes a version; beyond it they are looked up
/// anew.
const CHARTS_MAX: usize = 512;
/// What an index calls an archive: it may be anywhere.
const ARCHIVE_TYPES: &str = "application/gzip, application/octet-stream, */*";

/// What is known of Helm repositories.
#[derive(Default)]
pub(super) struct Indexes {
    /// Somebody with another login may see another one.
    asked: Known<ChartRepository, Index>,
    found: Mutex<HashMap<(Digest, String), Arc<Found>>>,
}

/// The index that a repository had.
#[derive(Clone)]
struct Index {
    digest: Digest,
    validators: Validators,
}

impl Charts {
    pub(super) fn resolve_indexed(
        &self,
        repository: &ChartRepository,
        chart: &str,
        wanted: &str,
        freshness: Freshness,
    ) -> Result<ChartVersion, Error> {
        let index = self.index(repository, freshness)?;
        let found = self.find(repository, index.digest, chart)?;
        let listed = match &*found {
            Found::Versions(listed) => listed,
            Found::Nothing { similar } => return Err(no_chart(repository, chart, similar)),
        };
        let names: Vec<&str> = listed.iter().map(|l| l.version.as_ref()).collect();
        let at = versions::pick(wanted, &names)
            .ok_or_else(|| no_version(repository, chart, wanted, &names))?;
        let listed = &listed[at];
        Ok(ChartVersion {
            version: listed.version.to_string(),
            digest: listed.digest,
            chart: chart.to_owned(),
            origin: Origin::Urls {
                urls: listed.urls.clone(),
                index: index.digest,
            },
        })
    }

    /// Returns the index, from the server unless what is known is fresh enough.
    fn index(&self, repository: &ChartRepository, freshness: Freshness) -> Result<Index, Error> {
        let question = || repository.clone();
        let ask = |last: Option<&Index>| self.ask_index(repository, last);
        let index = self.indexes.asked.get(question(), freshness, ask)?;
        if self.store.has(Kept::Index, index.digest) {
            return Ok(Index::clone(&index));
        }
        // Somebody has emptied the cache.
        let index = self.indexes.asked.get(question(), Freshness::Latest, ask)?;
        Ok(Index::clone(&index))
    }

    fn ask_index(
        &self,
        repository: &ChartRepository,
        last: Option<&Index>,
    ) -> Result<Index, Error> {
        let url = beside(&repository.url, "index.yaml");
        // What anybody may have sent is no part of what is trusted.
        let note = format!("{url} {:?}", repository.tls.verify);
        let last = last.filter(|last| self.store.has(Kept::Index, last.digest));
        let last = last.cloned().or_else(|| {
            let (digest, validators) = self.store.last_index(&note)?;
            Some(Index { digest, validators })
        });
        let answer = self.http.get(&Get {
            login: repository.login.as_ref(),
            have: last.as_ref().map(|last| &last.validators),
            compress: true,
            ..Get::new(repository, url, "*/*")
        })?;
        let what = format!("chart repository {}", repository.shown());
        match (answer.status, last) {
            (StatusCode::NOT_MODIFIED, Some(last)) => Ok(last),
            (StatusCode::OK, _) => {
                let validators = answer.validators();
                let digest = self
                    .store
                    .keep(Kept::Index, answer, INDEX_BYTES_MAX, None)?;
                self.store.note_index(&note, digest, &validators);
                Ok(Index { digest, validators })
            }
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => Err(Error::new(
                Reason::RepositoryNotFound,
                format!("{what} has no index.yaml: check the URL; a registry begins with oci://"),
            )),
            _ => Err(refused(answer, &what, repository.login.as_ref())),
        }
    }

    fn find(
        &self,
        repository: &ChartRepository,
        index: Digest,
        chart: &str,
    ) -> Result<Arc<Found>, Error> {
        let key = (index, chart.to_owned());
        if let Some(found) = lock(&self.indexes.found).get(&key) {
            return Ok(Arc::clone(found));
        }
        let what = repository.shown();
        let file = self.store.open(Kept::Index, index).ok_or_else(|| {
            let text = format!("the index of {what} is not in the cache any more: try again");
            Error::new(Reason::CacheFailed, text)
        })?;
        let found = index::find(BufReader::with_capacity(64 << 10, file), chart);
        let found = Arc::new(found.map_err(|broken| {
            let (reason, why) = match broken {
                Broken::Io(e) => (Reason::CacheFailed, e.to_string()),
                Broken::Invalid(why) => (Reason::RepositoryInvalid, why),
                Broken::Unusual(why) => (Reason::RepositoryInvalid, why.to_owned()),
            };
            let text = format!("the index of chart repository {what} can't be read: {why}");
            Error::new(reason, text)
        })?);
        let mut all = lock(&self.indexes.found);
        if all.len() >= CHARTS_MAX {
            all.clear();
        }
        all.insert(key, Arc::clone(&found));
        Ok(found)
    }

    /// Fetches an archive from the first URL that has it; returns its digest.
    pub(super) fn fetch_listed(
        &self,
        repository: &ChartRepository,
        version: &ChartVersion,
        urls: &[Box<str>],
    ) -> Result<Digest, Error> {
        let mut first_error = None;
        for url in urls {
            match self.fetch_url(repository, version, url) {
                Ok(digest) => return Ok(digest),
                Err(e) => drop(first_error.get_or_insert(e)),
            }
        }
        let (shown, chart, version) = (repository.shown(), &version.chart, &version.version);
        Err(first_error.unwrap_or_else(|| {
            let text = format!("chart {chart:?} {version} of {shown} has no URL in the index");
            Error::new(Reason::RepositoryInvalid, text)
        }))
    }

    fn fetch_url(
        &self,
        repository: &ChartRepository,
        version: &ChartVersion,
        url: &str,
    ) -> Result<Digest, Error> {
        let what = format!(
            "the archive of chart {:?} {} from {}",
            version.chart,
            version.version,
            repository.shown()
        );
        if url.starts_with("oci://") {
            return self.fetch_reference(repository, version, url);
        }
        let invalid = |why: &str| {
            let text = format!("{what} is at a URL that {why}");
            Error::new(Reason::RepositoryInvalid, text)
        };
        let mut url = resolve(&repository.url, url).ok_or_else(|| invalid("is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid(&format!(
                "is {}, which is not supported",
                url.scheme()
            )));
        }
        if !may_lead(&repository.url, &url) {
            return Err(invalid("is for this machine alone"));
        }
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| invalid("is none"))?;
        let login = passed_on(repository, &url);
        let answer = self.http.get(&Get {
            login,
            ..Get::new(repository, url.clone(), ARCHIVE_TYPES)
        })?;
        match answer.status {
            StatusCode::OK => {
                self.store
                    .keep(Kept::Archive, answer, ARCHIVE_BYTES_MAX, version.digest)
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Error::new(
                Reason::VersionNotFound,
                format!("{what} is not at {}, where the index says", shown(&url)),
            )),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                if login.is_none() && repository.login.is_some() =>
            {
                Err(Error::new(
                    Reason::AuthenticationRequired,
                    format!(
                        "{what} is at {}, which requires a login: the one of the repository goes \
                         to another host only if passCredentials is set",
                        shown(&url)
                    ),
                ))
            }
            _ => Err(refused(answer, &what, login)),
        }
    }
}

/// Returns the repository's login if another URL may have it.
pub(super) fn passed_on<'r>(repository: &'r ChartRepository, to: &Url) -> Option<&'r Login> {
    let is_own = repository.url.origin() == to.origin();
    let is_downgrade = repository.url.scheme() == "https" && to.scheme() == "http";
    let all = repository.pass_credentials == PassCredentials::AllHosts && !is_downgrade;
    repository.login.as_ref().filter(|_| is_own || all)
}

/// Returns the URL of a file of the repository; its query stays.
fn beside(repository: &Url, file: &str) -> Url {
    let mut url = repository.clone();
    url.set_path(&format!(
        "{}/{file}",
        repository.path().trim_end_matches('/')
    ));
    url
}

/// Returns what a URL in the index means, as Helm does: relative to the repository as a folder,
/// with the query of the repository.
fn resolve(repository: &Url, url: &str) -> Option<Url> {
    match Url::parse(url) {
        Ok(url) => Some(url),
        Err(_) => {
            let mut resolved = beside(repository, "").join(url).ok()?;
            // The query may be a token.
            if resolved.origin() == repository.origin() {
                resolved.set_query(repository.query());
            }
            Some(resolved)
        }
    }
}

fn no_chart(repository: &ChartRepository, chart: &str, similar: &[String]) -> Error {
    let shown = repository.shown();
    let hint = if similar.is_empty() {
        String::new()
    } else {
        let names: Vec<String> = similar.iter().map(|n| format!("{n:?}")).collect();
        format!("; did you mean {}?", names.join(" or "))
    };
    let text = format!("chart repository {shown} has no chart {chart:?}{hint}");
    Error::new(Reason::ChartNotFound, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_resolved_as_helm_does() {
        let cases = [
            (
                "https://h/charts",
                "web-1.tgz",
                "https://h/charts/web-1.tgz",
            ),
            (
                "https://h/charts/",
                "a/web-1.tgz",
                "https://h/charts/a/web-1.tgz",
            ),
            ("https://h/charts", "/web-1.tgz", "https://h/web-1.tgz"),
            (
                "https://h/charts?t=1",
                "web-1.tgz",
                "https://h/charts/web-1.tgz?t=1",
            ),
            (
                "https://h/charts?t=1",
                "https://o/web-1.tgz",
                "https://o/web-1.tgz",
            ),
            ("https://h?t=1", "//o/web-1.tgz", "https://o/web-1.tgz"),
        ];
        for (repository, url, want) in cases {
            let repository = Url::parse(repository).unwrap();
            assert_eq!(resolve(&repository, url).unwrap().as_str(), want, "{url}");
        }
    }

    #[test]
    fn logins_stay_at_home_unless_all_hosts_may_have_them() {
        let repository = ChartRepository::new("https://bob:s3cret@h/charts").unwrap();
        let all = repository
            .clone()
            .with_pass_credentials(PassCredentials::AllHosts);
        let cases = [
            ("https://h/x.tgz", true, true),
            ("https://h:443/x.tgz", true, true),
            ("https://h:8443/x.tgz", false, true),
            ("https://other/x.tgz", false, true),
            ("http://h/x.tgz", false, false),
        ];
        for (url, own, every) in cases {
            let url = Url::parse(url).unwrap();
            assert_eq!(passed_on(&repository, &url).is_some(), own, "{url}");
            assert_eq!(passed_on(&all, &url).is_some(), every, "{url}");
        }
    }
}
