//! Carrying out what the core decides.

use crate::actor::Actor;
use crate::settings::Impersonation;
use cluster::{ApiError, Writer};
use engine::{ApplyItem, Effect, Event, ObjectKey, Outcome, Propagation, Target, argo};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use source::Freshness;
use std::sync::Arc;
use std::time::{Duration, Instant};
use value::{Value, json};

/// How often the API server is asked for its kinds again because one was missing.
const REDISCOVER_EVERY: Duration = Duration::from_secs(10);

impl Actor {
    /// Carries out one effect. An error ends this life of the application's task.
    pub(crate) async fn carry_out(&mut self, effect: Effect) -> Result<(), ApiError> {
        match effect {
            Effect::Resolve { hard } => {
                if hard {
                    self.shared.git.forget(&self.key.name);
                }
                // At the start one fetch serves all applications of a repository; later a refresh
                // means now.
                let started = self.life.as_mut().and_then(|l| l.started.take());
                self.resolve(started.unwrap_or_else(Instant::now), false)
                    .await;
            }
            Effect::Load { revision } => self.load(revision).await,
            Effect::Write {
                clear_operation,
                clear_refresh,
            } => {
                self.write(clear_operation, clear_refresh).await?;
            }
            Effect::Apply {
                target,
                items,
                dry_run,
            } => {
                self.apply(&target, &items, dry_run).await;
            }
            Effect::Delete {
                key,
                propagation,
                dry_run,
            } => {
                self.delete(key, propagation, dry_run).await;
            }
            Effect::CreateNamespace {
                name,
                metadata,
                dry_run,
            } => {
                self.create_namespace(&name, metadata, dry_run).await;
            }
            Effect::Confirm(keys) => self.confirm(&keys).await,
            Effect::Record(record) => self.record(record),
            Effect::LetGo { key } => {
                self.writer()?.let_go(&key).await?;
                self.push(Event::Look);
            }
            Effect::Finalize(finalizers) => self.finalize(finalizers).await?,
            Effect::WakeAt(at) => {
                if let Some(life) = &mut self.life {
                    life.wake_at = Some(life.wake_at.map_or(at, |before| before.min(at)));
                }
            }
        }
        Ok(())
    }

    /// Returns who writes the application's objects.
    fn writer(&self) -> Result<Writer, ApiError> {
        let installation = self.shared.installation();
        let app = self.life.as_ref().and_then(|l| l.state.app.clone());
        let spec = app.as_ref().map(|a| &a.spec);
        let project = spec.and_then(|s| installation.projects.get(&s.project));
        let mut settings = installation.settings.impersonation;
        if settings == Impersonation::Always && app.as_ref().is_some_and(|a| a.deleting) {
            // Nobody needs to be named for an application to go, or it could never go.
            settings = Impersonation::WhereKnown;
        }
        let user = crate::projects::acting_user(
            project.map(AsRef::as_ref),
            settings,
            &self.key.namespace,
            spec.map_or("", |s| &s.destination.namespace),
        );
        let user = user.map_err(|message| ApiError {
            code: 403,
            reason: "Forbidden".into(),
            message,
        })?;
        Ok(self.shared.cluster.writer(user.as_deref()))
    }

    fn push(&mut self, event: Event) {
        if let Some(life) = &mut self.life {
            life.queue.push_back(event);
        }
    }

    /// Asks Git where the application's revision points. `quietly`: only news is passed on.
    pub(crate) async fn resolve(&mut self, since: Instant, quietly: bool) {
        let Some(app) = self.life.as_ref().and_then(|l| l.state.app.clone()) else {
            return;
        };
        if !app.spec.problems.is_empty() || app.skip || app.deleting {
            return;
        }
        let freshness = Freshness::Since(since);
        let git = &self.shared.git;
        let result = git.resolve(&app.spec, None, freshness).await;
        let known = self.life.as_ref().and_then(|l| l.state.resolved.clone());
        if quietly && known.as_ref() == Some(&result) {
            return;
        }
        self.push(Event::Resolved(result));
    }

    async fn load(&mut self, revision: String) {
        let Some(app) = self.life.as_ref().and_then(|l| l.state.app.clone()) else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let discovery = shared.cluster.discovery();
        let result = shared
            .git
            .load(
                &self.key.name,
                &app.spec,
                &revision,
                discovery,
                shared.cluster.tracking(),
                shared.installation(),
            )
            .await;
        let result = result.map(|loaded| loaded.target);
        if let Ok(target) = &result {
            self.watch_kinds(target).await;
        }
        self.push(Event::Loaded { revision, result });
    }

    /// Watches every kind of a revision and waits until each was listed once.
    async fn watch_kinds(&self, target: &Target) {
        let cluster = &self.shared.cluster;
        let missing = |d: &&engine::Desired| {
            cluster
                .discovery()
                .find(&d.key.group, &d.key.kind, d.version())
                .is_none()
        };
        if target.objects.iter().any(|d| missing(&d)) && self.may_rediscover() {
            // A failure shows as a kind that isn't known.
            let _failed = cluster.rediscover().await;
        }
        if target.objects.iter().any(|d| &*d.key.kind == "CronJob") {
            // What says why it fails.
            cluster.watch("batch", "Job", "");
        }
        // There may be new kinds since.
        self.watch_for_orphans();
        for desired in &target.objects {
            cluster.watch(&desired.key.group, &desired.key.kind, desired.version());
        }
        cluster.ready().await;
    }

    fn may_rediscover(&self) -> bool {
        let mut last = self
            .shared
            .rediscovered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = last.is_none_or(|at| at.elapsed() >= REDISCOVER_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    /// Writes what has changed in status, annotations and operation, in one request; none if
    /// nothing has.
    async fn write(&mut self, clear_operation: bool, clear_refresh: bool) -> Result<(), ApiError> {
        let Some(life) = &self.life else {
            return Ok(());
        };
        let clear = argo::Clear {
            operation: clear_operation,
            refresh: clear_refresh,
        };
        let namespace = &self.shared.namespace;
        let Some(writing) = life.known.writing(&life.state, namespace, clear) else {
            return Ok(());
        };
        self.await_ledger().await;
        let query = format!(
            "{}?fieldManager={}",
            self.path(""),
            api::names::FIELD_MANAGER
        );
        let Some(answer) = self.patch_application(&query, &writing.patch).await? else {
            return Ok(());
        };
        if let Some(life) = &mut self.life {
            let revision = answer.str_at(&["metadata", "resourceVersion"]).parse();
            life.known.written(writing, &mut life.state, revision.ok());
        }
        Ok(())
    }

    /// Patches the application; `None` if it is gone.
    async fn patch_application(
        &mut self,
        path: &str,
        patch: &Value,
    ) -> Result<Option<Value>, ApiError> {
        let answer = {
            let _permit = self.shared.writes.acquire().await;
            self.shared.cluster.client().merge_patch(path, patch).await
        };
        match answer {
            Err(error) if error.is_not_found() => {
                // The application is gone: so is this life, and the mailbox soon after.
                self.life = None;
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    pub(crate) fn path(&self, subresource: &str) -> String {
        format!(
            "/apis/{}/namespaces/{}/applications/{}{subresource}",
            api::names::ARGO_API_VERSION,
            self.key.namespace,
            self.key.name
        )
    }

    async fn apply(&mut self, target: &Arc<Target>, items: &[ApplyItem], dry_run: bool) {
        let shared = Arc::clone(&self.shared);
        let Some(prepared) = self.life.as_ref().map(|l| Arc::clone(&l.prepared)) else {
            return;
        };
        let writer = match self.writer() {
            Ok(writer) => writer,
            Err(error) => {
                for item in items {
                    let (key, outcome) = (item.key.clone(), Err(error.message.clone()));
                    self.push(Event::Answered { key, outcome });
                }
                return;
            }
        };
        // A request's state takes kilobytes: only what may be sent soon gets one.
        let turn = shared.applies.acquire().await;
        let mut answers = FuturesUnordered::new();
        for item in items {
            let (shared, target, item) = (&shared, Arc::clone(target), item.clone());
            let prepared = Arc::clone(&prepared);
            let by = (&shared.cluster, &writer);
            answers.push(async move {
                let desired = &target.objects[item.index];
                let _permit = shared.writes.acquire().await;
                let object = object_to_apply(&shared.cluster, &prepared, desired, &item);
                let outcome = apply_one(by, desired, &object, &item, dry_run).await;
                (item.key, outcome)
            });
        }
        let mut done = Vec::new();
        while let Some(answer) = answers.next().await {
            done.push(answer);
        }
        drop((answers, turn));
        if let Some(life) = self.life.as_ref().filter(|_| !dry_run) {
            for (key, _) in done.iter().filter(|(_, outcome)| outcome.is_ok()) {
                if let Some(live) = self.shared.cluster.get(key) {
                    life.prepared.applied(&live);
                }
            }
        }
        for (key, outcome) in done {
            self.push(Event::Answered { key, outcome });
        }
    }

    async fn delete(&mut self, key: ObjectKey, propagation: Propagation, dry_run: bool) {
        let answer = match self.writer() {
            Err(error) => Err(error),
            Ok(writer) => {
                let _permit = self.shared.writes.acquire().await;
                writer.delete(&key, propagation, dry_run).await
            }
        };
        let outcome = match answer {
            Ok(()) => Ok(if dry_run {
                "pruned (dry run)"
            } else {
                "pruned"
            }
            .to_owned()),
            Err(error) => Err(error.message),
        };
        self.push(Event::Answered { key, outcome });
    }

    async fn create_namespace(&mut self, name: &str, metadata: Option<Value>, dry_run: bool) {
        let key = ObjectKey::new("", "Namespace", "", name);
        let mut object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        for part in ["labels", "annotations"] {
            if let Some(own) = metadata.as_ref().and_then(|m| m.get(part)) {
                object.set_at(&["metadata", part], own.clone());
            }
        }
        let answer = match self.writer() {
            Ok(writer) => writer.apply(&key, &object, dry_run).await,
            Err(error) => Err(error),
        };
        let outcome = outcome(answer);
        self.push(Event::Answered { key, outcome });
    }

    /// Asks the server whether objects differ, and looks again.
    async fn confirm(&mut self, keys: &[ObjectKey]) {
        let Some(life) = &self.life else { return };
        let prepared = Arc::clone(&life.prepared);
        for key in keys {
            let Some(live) = self.shared.cluster.get(key) else {
                continue;
            };
            let _permit = self.shared.writes.acquire().await;
            prepared.confirm(&self.shared.cluster, &live).await;
        }
        self.push(Event::Look);
    }

    /// Leaves the application these finalizers.
    async fn finalize(&mut self, finalizers: Vec<String>) -> Result<(), ApiError> {
        let (path, patch) = (self.path(""), argo::finalizers_patch(&finalizers));
        if self.patch_application(&path, &patch).await?.is_some()
            && let Some(life) = &mut self.life
        {
            life.state.finalizers_written(finalizers);
            life.queue.push_back(Event::Look);
        }
        Ok(())
    }

    pub(crate) fn now() -> Timestamp {
        Timestamp::now()
    }
}

/// Returns what is sent to the cluster for an object that Git wants.
fn object_to_apply(
    cluster: &cluster::Cluster,
    prepared: &cluster::Prepared,
    desired: &engine::Desired,
    item: &ApplyItem,
) -> Arc<Value> {
    let object = desired.to_apply(&item.key.name, item.hook_run.as_deref());
    match cluster.get(&item.key) {
        Some(live) if item.respect_ignored => prepared.respecting_ignored(&object, &live),
        _ => object,
    }
}

async fn apply_one(
    (cluster, writer): (&Arc<cluster::Cluster>, &Writer),
    desired: &engine::Desired,
    object: &Value,
    item: &ApplyItem,
    dry_run: bool,
) -> Outcome {
    let key = &item.key;
    let (group, kind, version) = (&*key.group, &*key.kind, desired.version());
    if !dry_run && cluster.discovery().find(group, kind, version).is_none() {
        // Its definition is a part of the same application.
        cluster.await_kind(group, kind, version).await;
    }
    let answer = match (item.replace, item.force && !dry_run) {
        (true, true) => writer.recreate(key, object).await,
        (true, false) => writer.replace(key, object, dry_run).await,
        (false, _) => writer.apply(key, object, dry_run).await,
    };
    let answer = match answer {
        // `Force=true`: what can't be changed is made anew.
        Err(error) if item.force && !item.replace && !dry_run && error.code == 422 => {
            match writer.delete_and_wait(key).await {
                Ok(()) => writer.apply(key, object, false).await,
                Err(error) => Err(error),
            }
        }
        answer => answer,
    };
    outcome(answer).map_err(|message| {
        // The server's words, and where the object is written.
        format!("{message} ({}:{})", desired.file, desired.line)
    })
}

fn outcome(answer: Result<cluster::Applied, ApiError>) -> Outcome {
    answer
        .map(|applied| applied.message)
        .map_err(|error| error.message)
}
