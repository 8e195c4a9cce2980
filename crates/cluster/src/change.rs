//! Writing to the cluster: apply, replace, delete.

mod unknown;

use crate::client::{ApiError, Client};
use crate::discovery::Resource;
use crate::live::LiveObject;
use crate::store::Cluster;
use api::names::{FIELD_MANAGER, HOOK_FINALIZER};
use engine::{ObjectKey, Propagation};
use http::Method;
use std::sync::Arc;
use std::time::Duration;
use value::{Value, json};

/// Attempts to take over an object's fields while others change it.
const TAKE_OVERS_MAX: u32 = 4;

/// How often, and how many times, an object that is being deleted is looked at.
const GONE_LOOK_EVERY: Duration = Duration::from_millis(100);
const GONE_LOOKS_MAX: u32 = 100;

/// What an apply came to.
#[derive(Debug)]
pub struct Applied {
    /// The object as the server has it now.
    pub object: Value,
    /// What happened, as `kubectl` says it: `deployment.apps/web serverside-applied`.
    pub message: String,
}

/// Returns how `kubectl` names an object and what was done to it.
#[must_use]
pub fn apply_message(key: &ObjectKey, verb: &str) -> String {
    let kind = key.kind.to_lowercase();
    if key.group.is_empty() {
        format!("{kind}/{} {verb}", key.name)
    } else {
        format!("{kind}.{}/{} {verb}", key.group, key.name)
    }
}

/// Returns how `kubectl` says that an object was deleted.
fn deleted_message(key: &ObjectKey) -> String {
    let kind = key.kind.to_lowercase();
    let kind = match &*key.group {
        "" => kind,
        group => format!("{kind}.{group}"),
    };
    match &*key.namespace {
        "" => format!("{kind} {:?} deleted", key.name),
        namespace => format!("{kind} {:?} deleted from {namespace} namespace", key.name),
    }
}

/// Asks the server what an object at `path` would become if `desired` were applied.
///
/// # Errors
/// Fails with the server's own words.
pub async fn dry_run(client: &Client, path: &str, desired: &Value) -> Result<Value, ApiError> {
    let path = format!("{path}?fieldManager={FIELD_MANAGER}&force=true&dryRun=All");
    let body = desired.to_vec();
    let answer = client
        .send(Method::PATCH, &path, "application/apply-patch+yaml", body)
        .await?;
    read(&answer)
}

fn read(answer: &[u8]) -> Result<Value, ApiError> {
    Value::parse(answer).map_err(|e| ApiError {
        code: 0,
        reason: "Unreadable".into(),
        message: format!("the API server's answer is not JSON: {e}"),
    })
}

impl Cluster {
    pub(crate) fn path_of(&self, live: &LiveObject) -> Option<String> {
        let resource = self.resource_of(&live.key, live.version()).ok()?;
        Some(resource.object_path(&live.key))
    }

    fn resource_of(&self, key: &ObjectKey, version: &str) -> Result<Arc<Resource>, ApiError> {
        self.discovery()
            .find(&key.group, &key.kind, version)
            .cloned()
            .ok_or_else(|| ApiError {
                code: 404,
                reason: "NotFound".into(),
                message: format!(
                    "the cluster has no kind {} in {:?} {version}",
                    key.kind, key.group
                ),
            })
    }

    /// Puts the server's answer to a write into the cache, so that nothing is decided on older
    /// knowledge than our own deeds.
    fn learn(&self, key: &ObjectKey, answer: &[u8], dry_run: bool) -> Result<Value, ApiError> {
        let object = read(answer)?;
        if !dry_run {
            self.learn_object(key, &object);
        }
        Ok(object)
    }

    fn learn_object(&self, key: &ObjectKey, object: &Value) {
        if let Some(store) = self.store(&key.group, &key.kind)
            && let Some(live) = self.read_object(object)
            && *store.resource.version == *live.version()
        {
            // The watch will bring the same; whoever wrote it needs no telling.
            let _told = self.take(&store, live);
        }
    }

    /// Returns who writes to the cluster: we, or a user whose rights count instead of ours.
    #[must_use]
    pub fn writer(self: &Arc<Self>, user: Option<&str>) -> Writer {
        Writer {
            client: match user {
                None => self.client().clone(),
                Some(user) => self.client().acting_as(user),
            },
            cluster: Arc::clone(self),
        }
    }
}

/// Writes to a cluster under one identity.
pub struct Writer {
    cluster: Arc<Cluster>,
    client: Client,
}

impl Writer {
    /// Applies an object server-side, as our field manager and forced.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn apply(
        &self,
        key: &ObjectKey,
        object: &Value,
        dry_run: bool,
    ) -> Result<Applied, ApiError> {
        let (_, version) = engine::split_api_version(object.str_at(&["apiVersion"]));
        let resource = self.cluster.resource_of(key, version)?;
        if !dry_run {
            self.take_over(key, &resource).await?;
        }
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let path = format!(
            "{}?fieldManager={FIELD_MANAGER}&force=true{dry}",
            resource.object_path(key)
        );
        let apply = async |object: &Value| {
            let (body, kind) = (object.to_vec(), "application/apply-patch+yaml");
            self.client.send(Method::PATCH, &path, kind, body).await
        };
        let mut left_out = Vec::new();
        let answer = match apply(object).await {
            // What the kind doesn't have would be dropped by any other way of writing; here the
            // server is asked once more without it.
            Err(error) => {
                let mut known = object.clone();
                left_out = unknown::leave_out(&mut known, &error.message);
                if left_out.is_empty() {
                    return Err(error);
                }
                apply(&known).await?
            }
            Ok(answer) => answer,
        };
        let object = self.cluster.learn(key, &answer, dry_run)?;
        let verb = if dry_run {
            "serverside-applied (dry run)"
        } else {
            "serverside-applied"
        };
        let mut message = apply_message(key, verb);
        if !left_out.is_empty() {
            message.push_str(&format!(
                " (unknown fields left out: {})",
                left_out.join(", ")
            ));
        }
        Ok(Applied { object, message })
    }

    /// Makes the fields of those who applied the object before us ours, so that what Git no longer
    /// has goes away with the apply that follows. Costs a request only if there is such a field.
    async fn take_over(&self, key: &ObjectKey, resource: &Resource) -> Result<(), ApiError> {
        let may = |raw: &[u8]| str::from_utf8(raw).is_ok_and(merge::may_take_over);
        let Some(live) = self.cluster.get(key).filter(|live| may(&live.raw)) else {
            return Ok(());
        };
        let mut live = live.value();
        let path = resource.object_path(key);
        for attempt in 1.. {
            let managed = live.array_at(&["metadata", "managedFields"]);
            let taken = match merge::take_over(managed, FIELD_MANAGER) {
                Ok(Some(taken)) => taken,
                Ok(None) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%key, %error, "earlier managers keep their fields");
                    return Ok(());
                }
            };
            let patch = json!({"metadata": {
                "managedFields": taken,
                "resourceVersion": live.str_at(&["metadata", "resourceVersion"]),
            }});
            match self.client.merge_patch(&path, &patch).await {
                // Somebody was faster: once more with what there is now.
                Err(error) if error.code == 409 && attempt < TAKE_OVERS_MAX => {
                    live = self.client.get(&path).await?;
                }
                Err(error) if error.is_not_found() => return Ok(()),
                answer => return answer.map(drop),
            }
        }
        Ok(())
    }

    /// Takes the finalizer off a hook.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn let_go(&self, key: &ObjectKey) -> Result<(), ApiError> {
        let Some(live) = self.cluster.get(key) else {
            return Ok(());
        };
        let resource = self.cluster.resource_of(key, live.version())?;
        let path = resource.object_path(key);
        let mut live = live.value();
        for attempt in 1.. {
            let finalizers = live.array_at(&["metadata", "finalizers"]).iter();
            let left = finalizers.filter(|f| f.as_str() != Some(HOOK_FINALIZER));
            let patch = json!({"metadata": {
                "finalizers": left.cloned().collect::<Value>(),
                "resourceVersion": live.str_at(&["metadata", "resourceVersion"]),
            }});
            let query = format!("{path}?fieldManager={FIELD_MANAGER}");
            match self.client.merge_patch(&query, &patch).await {
                Err(error) if error.code == 409 && attempt < TAKE_OVERS_MAX => {
                    match self.client.get(&path).await {
                        Ok(newer) => live = newer,
                        Err(error) if error.is_not_found() => return Ok(()),
                        Err(error) => return Err(error),
                    }
                }
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
                Ok(object) => {
                    self.cluster.learn_object(key, &object);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Deletes an object and waits until it is gone.
    ///
    /// # Errors
    /// Fails with the server's own words, or if something keeps the object for long.
    pub async fn delete_and_wait(&self, key: &ObjectKey) -> Result<(), ApiError> {
        let version = self.cluster.get(key).map(|l| l.version().to_owned());
        let resource = self
            .cluster
            .resource_of(key, &version.unwrap_or_default())?;
        self.delete(key, Propagation::Background, false).await?;
        let path = resource.object_path(key);
        for _ in 0..GONE_LOOKS_MAX {
            match self.client.get(&path).await {
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
                Ok(_) => tokio::time::sleep(GONE_LOOK_EVERY).await,
            }
        }
        Err(ApiError {
            code: 0,
            reason: "StillThere".into(),
            message: format!("{key} was deleted to be made anew, but its finalizers keep it"),
        })
    }

    /// Deletes an object and creates it anew: `Replace=true,Force=true`.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn recreate(&self, key: &ObjectKey, object: &Value) -> Result<Applied, ApiError> {
        if self.cluster.get(key).is_none() {
            return self.replace(key, object, false).await;
        }
        self.delete_and_wait(key).await?;
        let mut applied = self.replace(key, object, false).await?;
        applied.message = format!(
            "{}\n{}",
            deleted_message(key),
            apply_message(key, "replaced")
        );
        Ok(applied)
    }

    /// Replaces an object, or creates it: `Replace=true`.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn replace(
        &self,
        key: &ObjectKey,
        object: &Value,
        dry_run: bool,
    ) -> Result<Applied, ApiError> {
        let (_, version) = engine::split_api_version(object.str_at(&["apiVersion"]));
        let resource = self.cluster.resource_of(key, version)?;
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let query = format!("?fieldManager={FIELD_MANAGER}{dry}");
        let live = self.client.get(&resource.object_path(key)).await;
        let (method, path, body, verb) = match live {
            Ok(live) => {
                let mut body = object.clone();
                let version = live.str_at(&["metadata", "resourceVersion"]);
                body.set_at(&["metadata", "resourceVersion"], version);
                (Method::PUT, resource.object_path(key), body, "replaced")
            }
            Err(error) if error.is_not_found() => (
                Method::POST,
                resource.collection_path(&key.namespace),
                object.clone(),
                "created",
            ),
            Err(error) => return Err(error),
        };
        let path = path + &query;
        let answer = self
            .client
            .send(method, &path, "application/json", body.to_vec())
            .await?;
        let object = self.cluster.learn(key, &answer, dry_run)?;
        Ok(Applied {
            object,
            message: apply_message(key, verb),
        })
    }

    /// Deletes an object; one that is gone already is fine.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn delete(
        &self,
        key: &ObjectKey,
        propagation: Propagation,
        dry_run: bool,
    ) -> Result<(), ApiError> {
        let live = self.cluster.get(key);
        let version = live.as_ref().map_or("", |l| l.version());
        let resource = self.cluster.resource_of(key, version)?;
        let dry = if dry_run { "?dryRun=All" } else { "" };
        let path = format!("{}{dry}", resource.object_path(key));
        let mut options = json!({
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation.as_str(),
        });
        // Only the object that was looked at, not one made since under the same name.
        if let Some(live) = &live {
            options.set_at(&["preconditions", "uid"], &*live.uid);
        }
        match self.client.delete(&path, &options).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}
