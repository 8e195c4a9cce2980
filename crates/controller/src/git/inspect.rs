//! One application rendered for a person who asks: its objects, and who wrote which field.

use super::job::{Job, Loaded};
use super::{Git, panicked};
use crate::installation::Installation;
use crate::secret::Secret;
use cluster::Discovery;
use engine::{ObjectKey, Problem, Spec, Target};
use render::RenderedObject;
use source::{CommitInfo, Freshness, Sources};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use value::Value;

/// Renders applications for commands that a person runs.
pub struct Inspector {
    git: Arc<Git>,
    discovery: Arc<Discovery>,
    installation: Arc<Installation>,
    /// How old the answer to what an application tracks may be.
    freshness: Freshness,
}

/// Who had a hand in a field of an object.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What Git wants the field to be; `None` if it says nothing of it.
    pub value: Option<Value>,
    /// The file that the object is from, and what changed the field on its way, in order.
    pub steps: Vec<Step>,
}

/// One of those who had a hand in a field.
#[derive(Clone, Debug)]
pub struct Step {
    /// The repository.
    pub repo_url: String,
    /// The file, from the repository's root.
    pub file: String,
    /// The line, from 1; 0 if none is known.
    pub line: u32,
    /// What it did: `file`, `images`, `patches`.
    pub what: String,
    /// The part of the object that it set: a JSON pointer.
    pub pointer: String,
    /// Who wrote the line.
    pub commit: Option<CommitInfo>,
}

impl Inspector {
    /// Returns an inspector whose mirrors are below `cache`.
    #[must_use]
    pub fn new(
        cache: &Path,
        discovery: Arc<Discovery>,
        installation: Installation,
        seed: Secret,
    ) -> Self {
        let git = Git::new(Sources::new(cache), seed, None, 1, 1);
        git.configure(&installation);
        Self {
            git: Arc::new(git),
            discovery,
            installation: Arc::new(installation),
            freshness: Freshness::Latest,
        }
    }

    /// Returns an inspector that goes by what a running controller knows.
    pub(crate) const fn beside(
        git: Arc<Git>,
        discovery: Arc<Discovery>,
        installation: Arc<Installation>,
    ) -> Self {
        Self {
            git,
            discovery,
            installation,
            freshness: Freshness::Known,
        }
    }

    /// Renders an application at `revision`, or at what it tracks.
    ///
    /// # Errors
    /// Fails if Git can't be read or the manifests are broken.
    pub async fn render(
        &self,
        application: &Value,
        revision: Option<&str>,
    ) -> Result<Arc<Target>, Problem> {
        let loaded = self.load(application, revision).await;
        loaded.map(|loaded| loaded.target)
    }

    /// Returns the files that an application at `revision`, or at what it tracks, is made of, with
    /// a digest of each one's content.
    ///
    /// # Errors
    /// Fails like [`Inspector::render`].
    pub async fn inputs(
        &self,
        application: &Value,
        revision: Option<&str>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let loaded = self.load(application, revision).await;
        loaded.map(|loaded| loaded.files())
    }

    async fn load(&self, application: &Value, revision: Option<&str>) -> Result<Loaded, Problem> {
        let (name, spec, id) = self.resolve(application, revision).await?;
        let discovery = Arc::clone(&self.discovery);
        let installation = Arc::clone(&self.installation);
        let tracking = &self.installation.settings.tracking;
        let git = &self.git;
        git.load(&name, &spec, &id, discovery, tracking, installation)
            .await
    }

    /// Returns the revision that an application's sources point at now.
    ///
    /// # Errors
    /// Fails if Git can't be read, or the specification makes no sense.
    pub async fn target(&self, application: &Value) -> Result<String, Problem> {
        let (_, _, id) = self.resolve(application, None).await?;
        Ok(id)
    }

    /// Says who had a hand in a part of an object, at `revision` or at what the application tracks;
    /// `None` if Git has no such object.
    ///
    /// # Errors
    /// Fails like [`Inspector::render`].
    pub async fn explain(
        &self,
        application: &Value,
        revision: Option<&str>,
        key: &ObjectKey,
        pointer: &str,
    ) -> Result<Option<Explanation>, Problem> {
        let question = (key.clone(), pointer.to_owned());
        let mut answers = self
            .explain_all(application, revision, vec![question])
            .await?;
        Ok(answers.pop().flatten())
    }

    /// Answers several such questions with one rendering, in their order.
    ///
    /// # Errors
    /// Fails like [`Inspector::render`].
    pub async fn explain_all(
        &self,
        application: &Value,
        revision: Option<&str>,
        questions: Vec<(ObjectKey, String)>,
    ) -> Result<Vec<Option<Explanation>>, Problem> {
        let (name, spec, id) = self.resolve(application, revision).await?;
        let discovery = Arc::clone(&self.discovery);
        let installation = Arc::clone(&self.installation);
        let tracking = &self.installation.settings.tracking;
        let git = &self.git;
        let mut job = git.job(&name, &spec, &id, discovery, tracking, installation);
        job.trace = true;
        let answer = tokio::task::spawn_blocking(move || {
            let mut places: HashMap<ObjectKey, usize> = HashMap::new();
            let objects = job.explained()?;
            for (i, (_, object)) in objects.iter().enumerate() {
                let mut value = object.value.clone();
                job.place(&mut value);
                // Of two objects with one name the later counts.
                places.insert(ObjectKey::of(&value), i);
            }
            let answers = questions.iter().map(|(key, pointer)| {
                let (at, object) = &objects[*places.get(key)?];
                Some(explained(&job, *at, object, pointer))
            });
            Ok(answers.collect())
        });
        answer.await.unwrap_or_else(|error| Err(panicked(&error)))
    }

    async fn resolve(
        &self,
        application: &Value,
        revision: Option<&str>,
    ) -> Result<(String, Arc<Spec>, String), Problem> {
        let view = engine::argo::view(application);
        if let Some(problem) = view.spec.problems.first() {
            return Err(Problem {
                kind: "InvalidSpecError",
                message: problem.clone(),
                transient: false,
            });
        }
        let git = &self.git;
        let id = git.resolve(&view.spec, revision, self.freshness).await?;
        let name = application.str_at(&["metadata", "name"]).to_owned();
        Ok((name, Arc::clone(&view.spec), id))
    }
}

fn explained(job: &Job, at: usize, object: &RenderedObject, pointer: &str) -> Explanation {
    let mut parts = job.spec.sources.with_revisions(&job.revision);
    let (source, revision) = parts.nth(at).expect("it has rendered the object");
    let commit = source::Id::from_hex(revision.as_bytes()).ok();
    let steps = object.explain(pointer).into_iter().map(|change| Step {
        commit: commit.filter(|_| change.in_tree).and_then(|id| {
            let url = &source.repo_url;
            let blamed = job.sources.blame(url, id, &change.place, change.line);
            blamed.ok().flatten()
        }),
        repo_url: source::redact(&source.repo_url),
        file: change.place,
        line: change.line,
        what: change.what,
        pointer: change.pointer,
    });
    Explanation {
        value: object.value.pointer(pointer).cloned(),
        steps: steps.collect(),
    }
}
