//! The second sample: one base, three overlays, and releases that are commits.

use super::sample::commit;
use crate::plane::Pushed;
use githost::{CommitId, Error, Repository};
use std::path::Path;
use value::Value;

/// The repository.
pub(crate) const NAME: &str = "myapp";
/// The application and its namespace.
pub(crate) const APPLICATION: &str = "myapp-production";
const BRANCH: &str = "main";
/// The file that says what runs in production.
const OVERLAY: &str = "overlays/production/kustomization.yaml";
/// What production runs at first, and what is released.
pub(crate) const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../examples/myapp/", $path)))),*]
    };
}

const FILES: [(&str, &str); 8] = files![
    "application.yaml",
    "base/kustomization.yaml",
    "base/deployment.yaml",
    "base/service.yaml",
    "overlays/dev/kustomization.yaml",
    "overlays/staging/kustomization.yaml",
    "overlays/production/kustomization.yaml",
    "overlays/production/resources.yaml",
];

/// Makes the first commit, unless the repository has one.
pub(crate) fn first(repository: &Repository) -> Result<CommitId, Error> {
    if let Some(commit) = repository.branch(BRANCH)? {
        return Ok(commit);
    }
    let files: Vec<(&str, Option<&[u8]>)> = FILES
        .iter()
        .map(|(path, text)| (*path, Some(text.as_bytes())))
        .collect();
    commit(repository, &files, "myapp 1.0.0")
}

/// Returns the application of the repository at `url`, as the repository itself has it.
pub(crate) fn application(url: &str) -> Value {
    let (_, text) = FILES[0];
    let mut application = yaml::v2::to_value(text.as_bytes()).expect("it is a part of the program");
    application.set_at(&["spec", "source", "repoURL"], url);
    application
}

/// Commits the version that production runs from now on.
pub(crate) fn release(repository: &Repository, version: &str) -> Result<CommitId, Error> {
    let now = repository.file(BRANCH, OVERLAY)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&now).into_owned();
    let lines = text.lines().map(|line| match line.split_once("newTag: ") {
        Some((indent, _)) => format!("{indent}newTag: {version}\n"),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    let message = match version {
        "1.0.0" => "Revert \"myapp 1.1.0\"".to_owned(),
        _ => format!("myapp {version}"),
    };
    commit(repository, &[(OVERLAY, Some(text.as_bytes()))], &message)
}

/// Does what the button says.
pub(crate) fn press(git: &Path, version: &str) -> Result<Pushed, Error> {
    let repository = Repository::open(&git.join(format!("{NAME}.git")))?;
    Ok(Pushed {
        repository: NAME,
        id: release(&repository, version)?,
    })
}
