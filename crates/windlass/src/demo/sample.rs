//! The sample repository and its commits.

use super::release;
use crate::connect::user;
use crate::plane::{Commits, Pushed};
use githost::{Author, CommitId, Error, Repository};
use std::path::PathBuf;
use std::sync::Arc;

/// The repository, the application and its namespace.
pub(crate) const NAME: &str = "shop";
const BRANCH: &str = "main";
const WEB: &str = include_str!("../../../../examples/shop/web.yaml");
const SETTINGS: &str = include_str!("../../../../examples/shop/settings.yaml");
const BANNER: &str = include_str!("../../../../examples/shop/banner.yaml");

/// Makes the first commit, unless the repository has one.
pub(crate) fn first(repository: &Repository) -> Result<CommitId, Error> {
    if let Some(commit) = repository.branch(BRANCH)? {
        return Ok(commit);
    }
    let files = [
        ("web.yaml", WEB),
        ("settings.yaml", SETTINGS),
        ("banner.yaml", BANNER),
    ];
    let files: Vec<(&str, Option<&[u8]>)> = files
        .iter()
        .map(|(path, text)| (*path, Some(text.as_bytes())))
        .collect();
    commit(repository, &files, "shop v1")
}

/// Makes a commit whose image can't start.
pub(crate) fn bad(repository: &Repository) -> Result<CommitId, Error> {
    let web = image(repository, "web:broken")?;
    commit(repository, &[("web.yaml", Some(web.as_bytes()))], "shop v2")
}

/// Makes a commit that works, and deletes an object.
pub(crate) fn fix(repository: &Repository) -> Result<CommitId, Error> {
    let web = image(repository, "web:2")?;
    let mut files = vec![("web.yaml", Some(web.as_bytes()))];
    if repository.file(BRANCH, "banner.yaml")?.is_some() {
        files.push(("banner.yaml", None));
    }
    commit(
        repository,
        &files,
        "shop v3: fix the image, drop the banner",
    )
}

/// Returns `web.yaml` as it is now with another image.
fn image(repository: &Repository, image: &str) -> Result<String, Error> {
    let now = repository
        .file(BRANCH, "web.yaml")?
        .unwrap_or_else(|| WEB.into());
    let text = String::from_utf8_lossy(&now).into_owned();
    let lines = text.lines().map(|line| match line.split_once("image: ") {
        Some((indent, _)) => format!("{indent}image: {image}\n"),
        None => format!("{line}\n"),
    });
    Ok(lines.collect())
}

pub(crate) fn commit(
    repository: &Repository,
    files: &[(&str, Option<&[u8]>)],
    message: &str,
) -> Result<CommitId, Error> {
    let name = user();
    let email = format!("{name}@example.com");
    let seconds = jiff::Timestamp::now().as_second();
    repository.commit(
        BRANCH,
        files,
        message,
        Author {
            name: &name,
            email: &email,
            seconds,
        },
    )
}

/// Returns the demo's buttons: commits by name.
pub(crate) fn commits(git: PathBuf) -> Commits {
    Arc::new(move |name| {
        if let Some(version) = name.strip_prefix("release-") {
            return release::press(&git, version);
        }
        let repository = Repository::open(&git.join(format!("{NAME}.git")))?;
        let id = match name {
            "bad" => bad(&repository),
            _ => fix(&repository),
        }?;
        Ok(Pushed {
            repository: NAME,
            id,
        })
    })
}
