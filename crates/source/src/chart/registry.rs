//! OCI registries: tags, manifests and layers, by the distribution specification.

mod auth;

use super::http::{Answer, Get, may_lead};
use super::index_repository::passed_on;
use super::known::Known;
use super::repository::{ChartRepository, Login, shown};
use super::store::Kept;
use super::{ARCHIVE_BYTES_MAX, ChartVersion, Charts, Origin, no_version, refused, versions};
use crate::digest::Digest;
use crate::error::{Error, Reason};
use crate::mirror::Freshness;
use auth::Tokens;
use reqwest::header::{self, HeaderName};
use reqwest::{StatusCode, Url};
use value::Value;

/// A manifest, as other clients.
const MANIFEST_BYTES_MAX: usize = 4 << 20;
/// One page of tags.
const PAGE_BYTES_MAX: usize = 4 << 20;
/// Pages of tags: with the 100 tags that some registries put on one, 50,000 versions.
const PAGES_MAX: usize = 500;
/// Tags that we ask a page to have; registries may give fewer.
const PAGE_TAGS: &str = "n=1000";

/// What Helm calls the layer with the chart.
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// What it was called before Helm 3.7.
const OLD_CHART_LAYER: &str = "application/tar+gzip";
/// Manifests of one thing; an index of several is none of a chart.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

static CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What is known of registries.
#[derive(Default)]
pub(super) struct Registries {
    tokens: Tokens,
    /// By registry with login, and name.
    tags: Known<(Place, String), Vec<String>>,
    /// By registry with login, name, and tag or digest. Nothing if there is none.
    manifests: Known<(Place, String, String), Option<Digest>>,
}

/// A registry without path, and who asks how.
type Place = ChartRepository;

impl Charts {
    pub(super) fn resolve_tagged(
        &self,
        repository: &ChartRepository,
        chart: &str,
        wanted: &str,
        freshness: Freshness,
    ) -> Result<ChartVersion, Error> {
        let name = name(repository, chart)?;
        let chart = name.rsplit('/').next().unwrap_or(&name);
        let found = |version: &str, layer: Digest| ChartVersion {
            version: version.to_owned(),
            digest: Some(layer),
            chart: chart.to_owned(),
            origin: Origin::Layer {
                name: name.clone(),
                layer,
            },
        };
        let wanted = wanted.trim();
        let is_range = !versions::is_version(wanted) && versions::is_range(wanted);
        if !is_range {
            let reference = if wanted.starts_with("sha256:") {
                wanted.to_owned()
            } else {
                tag_of(wanted)
            };
            if let Some(layer) = self.layer(repository, &name, &reference, freshness)? {
                return Ok(found(wanted, layer));
            }
        }
        let tags = self.tags(repository, &name, freshness)?;
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let none = || no_version(repository, chart, wanted, &tags);
        // Unlike in an index, a version means the tag of that name and no other, as for Helm.
        let at = versions::pick(wanted, &tags).filter(|_| is_range);
        let version = tags[at.ok_or_else(none)?];
        let layer = self.layer(repository, &name, &tag_of(version), freshness)?;
        Ok(found(version, layer.ok_or_else(none)?))
    }

    /// Fetches the archive at `oci://host/name:tag`, which an index may say; returns its digest.
    pub(super) fn fetch_reference(
        &self,
        repository: &ChartRepository,
        version: &ChartVersion,
        url: &str,
    ) -> Result<Digest, Error> {
        // A colon before a slash is that of a port.
        let cut = url.rfind('/').unwrap_or_default();
        let (place, tag) = match url[cut..].split_once(':') {
            Some((last, tag)) => (&url[..cut + last.len()], tag),
            None => (url, version.version.as_str()),
        };
        let mut registry = ChartRepository::new(place)?;
        // Where the index comes without TLS, so does what the same host has beside it.
        if repository.url.scheme() == "http" && repository.url.host() == registry.url.host() {
            registry = registry.with_plain_http();
        }
        if !may_lead(&repository.url, &registry.url) {
            let text = format!("{place}, where the index leads, is for this machine alone");
            return Err(Error::new(Reason::RepositoryInvalid, text));
        }
        registry.tls = repository.tls.clone();
        if registry.url.origin() != repository.url.origin() {
            registry.tls.identity = None;
        }
        registry.login = passed_on(repository, &registry.url).cloned();
        let name = name(&registry, "")?;
        let layer = self.layer(&registry, &name, &tag_of(tag), Freshness::Latest)?;
        let layer = layer.ok_or_else(|| {
            let chart = &version.chart;
            let text = format!("chart {chart:?} is not at {url}, where the index says");
            Error::new(Reason::VersionNotFound, text)
        })?;
        if let Some(listed) = version.digest.filter(|listed| *listed != layer) {
            let text = format!("{url} has the archive {layer}, but the index announces {listed}");
            return Err(Error::new(Reason::DigestMismatch, text));
        }
        if self.store.has(Kept::Archive, layer) {
            return Ok(layer);
        }
        self.fetch_layer(&registry, &name, layer)
    }

    /// Fetches an archive by its digest.
    pub(super) fn fetch_layer(
        &self,
        repository: &ChartRepository,
        name: &str,
        layer: Digest,
    ) -> Result<Digest, Error> {
        let path = format!("{name}/blobs/{layer}");
        let answer = self.ask_registry(repository, name, &path, "*/*")?;
        match answer.status {
            StatusCode::OK => {
                self.store
                    .keep(Kept::Archive, answer, ARCHIVE_BYTES_MAX, Some(layer))
            }
            StatusCode::NOT_FOUND => Err(Error::new(
                Reason::VersionNotFound,
                format!(
                    "{} has no layer {layer}: push the chart anew",
                    at(repository, name)
                ),
            )),
            _ => Err(refused(
                answer,
                &at(repository, name),
                repository.login.as_ref(),
            )),
        }
    }

    /// Returns the digest of the layer with the chart; nothing if there is no such manifest.
    fn layer(
        &self,
        repository: &ChartRepository,
        name: &str,
        reference: &str,
        freshness: Freshness,
    ) -> Result<Option<Digest>, Error> {
        if !is_reference(reference) {
            return Ok(None);
        }
        let question = (place(repository), name.to_owned(), reference.to_owned());
        let ask = |_: Option<&_>| self.ask_layer(repository, name, reference);
        // What a digest names never changes.
        let freshness = match Digest::parse(reference) {
            Some(_) => Freshness::Known,
            None => freshness,
        };
        let layer = self.registries.manifests.get(question, freshness, ask)?;
        Ok(*layer)
    }

    fn ask_layer(
        &self,
        repository: &ChartRepository,
        name: &str,
        reference: &str,
    ) -> Result<Option<Digest>, Error> {
        let path = format!("{name}/manifests/{reference}");
        let answer = self.ask_registry(repository, name, &path, MANIFESTS)?;
        let what = format!("{}:{reference}", at(repository, name));
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(refused(answer, &what, repository.login.as_ref())),
        }
        let announced = answer.header(&CONTENT_DIGEST).and_then(Digest::parse);
        let announced = Digest::parse(reference).or(announced);
        let bytes = answer.bytes(MANIFEST_BYTES_MAX)?;
        let digest = Digest::of(&bytes);
        if let Some(announced) = announced.filter(|a| *a != digest) {
            let text = format!("the manifest of {what} has the digest {digest}, not {announced}");
            return Err(Error::new(Reason::DigestMismatch, text));
        }
        chart_layer(&bytes).map(Some).map_err(|why| {
            Error::new(
                Reason::ChartInvalid,
                format!("{what} is no Helm chart: {why}"),
            )
        })
    }

    /// Returns the versions that a chart has tags for.
    fn tags(
        &self,
        repository: &ChartRepository,
        name: &str,
        freshness: Freshness,
    ) -> Result<std::sync::Arc<Vec<String>>, Error> {
        let question = (place(repository), name.to_owned());
        let ask = |_: Option<&_>| self.ask_tags(repository, name);
        self.registries.tags.get(question, freshness, ask)
    }

    fn ask_tags(&self, repository: &ChartRepository, name: &str) -> Result<Vec<String>, Error> {
        let mut path = format!("{name}/tags/list?{PAGE_TAGS}");
        let mut versions = Vec::new();
        let what = at(repository, name);
        let invalid = |why: &str| {
            let text = format!("the tags of {what} can't be read: {why}");
            Error::new(Reason::RepositoryInvalid, text)
        };
        for _ in 0..PAGES_MAX {
            let answer = self.ask_registry(repository, name, &path, "application/json")?;
            match answer.status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => {
                    let text = format!("there is no chart {what}: check repository and name");
                    return Err(Error::new(Reason::ChartNotFound, text));
                }
                _ => return Err(refused(answer, &what, repository.login.as_ref())),
            }
            let next = next_page(repository, name, &answer).map_err(invalid)?;
            let page = answer.bytes(PAGE_BYTES_MAX)?;
            let page = Value::parse(&page).map_err(|_| invalid("they are not JSON"))?;
            let tags = page.array_at(&["tags"]).iter().filter_map(Value::as_str);
            // What can't be in a tag is written otherwise.
            let tags = tags.map(|t| t.replace('_', "+"));
            versions.extend(tags.filter(|t| is_whole_version(t)));
            match next {
                Some(next) => path = next,
                None => return Ok(versions),
            }
        }
        Err(invalid(&format!(
            "there are more than {PAGES_MAX} pages of them"
        )))
    }

    /// Asks for something below `/v2/`, with a token if the registry wants one.
    fn ask_registry(
        &self,
        repository: &ChartRepository,
        name: &str,
        path: &str,
        accept: &str,
    ) -> Result<Answer, Error> {
        let invalid = |_| {
            let text = format!("{} is no name of a chart", at(repository, name));
            Error::new(Reason::UrlInvalid, text)
        };
        let url = root(&repository.url)
            .join(&format!("/v2/{path}"))
            .map_err(invalid)?;
        let key = (place(repository), name.to_owned());
        let token = self.registries.tokens.get(&key);
        let login = match &repository.login {
            Some(login @ Login::Bearer(_)) => Some(login),
            _ => token.as_ref(),
        };
        let get = |login| Get {
            login,
            ..Get::new(repository, url.clone(), accept)
        };
        let answer = self.http.get(&get(login))?;
        if answer.status != StatusCode::UNAUTHORIZED
            || matches!(repository.login, Some(Login::Bearer(_)))
        {
            return Ok(answer);
        }
        let asked = auth::challenge(answer.headers.get_all(header::WWW_AUTHENTICATE));
        let Some(login) = self.log_in(repository, name, asked)? else {
            return Ok(answer);
        };
        self.registries.tokens.put(key, &login);
        self.http.get(&get(Some(&login.login)))
    }
}

/// Returns the name of a chart in its registry.
fn name(repository: &ChartRepository, chart: &str) -> Result<String, Error> {
    let folder = repository.url.path().trim_matches('/');
    let chart = chart.trim_matches('/');
    let name = match (folder.is_empty(), chart.is_empty()) {
        (true, _) => chart.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{chart}"),
    };
    let is_part = |part: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain)
    };
    if name.split('/').all(is_part) {
        return Ok(name);
    }
    let shown = repository.shown();
    let text = if name.is_empty() {
        format!("registry {shown} is given without the name of a chart")
    } else {
        format!("{name:?} in registry {shown} is no name of a chart")
    };
    Err(Error::new(Reason::UrlInvalid, text))
}

fn place(repository: &ChartRepository) -> Place {
    Place {
        url: root(&repository.url),
        ..repository.clone()
    }
}

fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("/");
    root
}

/// Returns a chart's place as errors show it.
fn at(repository: &ChartRepository, name: &str) -> String {
    let root = shown(&root(&repository.url));
    let host = root.split_once("://").map_or("", |(_, host)| host);
    format!("oci://{host}/{name}")
}

/// Returns the tag of a version: a plus sign can't be in one.
fn tag_of(version: &str) -> String {
    version.replace('+', "_")
}

/// Returns true if a text can name a manifest.
fn is_reference(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    Digest::parse(text).is_some()
        || (text.len() <= 128
            && !text.starts_with(['.', '-'])
            && !text.is_empty()
            && text.bytes().all(is_plain))
}

/// Returns true if a tag has all three numbers of a version, as Helm wants: `20240101` and `1.2`
/// are tags for people.
fn is_whole_version(tag: &str) -> bool {
    let numbers = tag.split(['-', '+']).next().unwrap_or_default();
    numbers.split('.').count() == 3 && versions::is_version(tag)
}

/// Returns the layer with the chart.
fn chart_layer(manifest: &[u8]) -> Result<Digest, String> {
    let manifest = Value::parse(manifest).map_err(|_| "its manifest is not JSON".to_owned())?;
    let layers = manifest.array_at(&["layers"]);
    let of_type = |wanted: &str| layers.iter().find(|l| l.str_at(&["mediaType"]) == wanted);
    let Some(layer) = of_type(CHART_LAYER).or_else(|| of_type(OLD_CHART_LAYER)) else {
        let types: Vec<&str> = layers
            .iter()
            .map(|l| l.str_at(&["mediaType"]))
            .take(3)
            .collect();
        return Err(if types.is_empty() {
            format!(
                "its manifest is {:?} without layers",
                manifest.str_at(&["mediaType"])
            )
        } else {
            format!("its layers are {}", types.join(", "))
        });
    };
    let digest = layer.str_at(&["digest"]);
    Digest::parse(digest).ok_or_else(|| format!("its layer has the digest {digest:?}"))
}

/// Returns the path of the next page of tags, below `/v2/`.
fn next_page(
    repository: &ChartRepository,
    name: &str,
    answer: &Answer,
) -> Result<Option<String>, &'static str> {
    let Some(link) = answer.header(&header::LINK) else {
        return Ok(None);
    };
    for link in link.split(',') {
        let (target, parameters) = link.split_once(';').unwrap_or((link, ""));
        let rel = parameters.to_ascii_lowercase().replace([' ', '"'], "");
        if !rel.split(';').any(|p| p == "rel=next") {
            continue;
        }
        let target = target.trim().trim_start_matches('<').trim_end_matches('>');
        let base = root(&repository.url).join(&format!("/v2/{name}/tags/list"));
        let next = base.and_then(|base| base.join(target));
        let next = next.map_err(|_| "the next page is at no URL")?;
        // Behind a proxy, registries don't know their own scheme: only the path counts.
        let path = next
            .path()
            .strip_prefix("/v2/")
            .ok_or("the next page is elsewhere")?;
        return Ok(Some(match next.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_are_versions_have_three_numbers() {
        for tag in ["1.2.3", "v1.2.3", "1.2.3-rc.1", "1.2.3+b.4", "1.2.3-rc-1.2"] {
            assert!(is_whole_version(tag), "{tag}");
        }
        for tag in ["1.2", "20240101", "latest", "sha256-abc.sig", "1.2.3.4", ""] {
            assert!(!is_whole_version(tag), "{tag}");
        }
    }

    #[test]
    fn names_are_checked_before_they_are_asked_for() {
        let repository = ChartRepository::new("oci://host/org/charts/").unwrap();
        assert_eq!(name(&repository, "web").unwrap(), "org/charts/web");
        assert_eq!(name(&repository, "").unwrap(), "org/charts");
        for wrong in ["../../admin", "a?b", "a b", "a//b", "web:1.0", "a@b"] {
            let error = name(&repository, wrong).unwrap_err();
            assert_eq!(error.reason(), Reason::UrlInvalid, "{wrong}");
        }
        assert!(!is_reference("../x") && !is_reference("1.0/../../x") && is_reference("1.0_b"));
    }

    #[test]
    fn layers_are_found_by_their_media_type() {
        let digest = Digest::of(b"x");
        let manifest =
            |kind: &str| format!(r#"{{"layers":[{{"mediaType":"{kind}","digest":"{digest}"}}]}}"#);
        assert_eq!(chart_layer(manifest(CHART_LAYER).as_bytes()), Ok(digest));
        let image = "application/vnd.oci.image.layer.v1.tar+gzip";
        let error = chart_layer(manifest(image).as_bytes()).unwrap_err();
        assert!(error.contains(image), "{error}");
    }
}
