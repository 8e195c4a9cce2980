//! Reading and writing objects: one pipeline for every kind and every way in.
//!
//! HTTP requests and controllers in the same process go through the same functions here, so that
//! defaults, rules, ownership, revisions and audit are the same for both.

mod create;
mod delete;
mod evict;
mod list;
mod observe;
mod patch;
mod scale;
mod update;
mod watch;

use std::sync::Arc;

use jiff::Timestamp;
use value::Value;

use crate::allocate::Allocator;
use crate::audit::{Audit, Entry};
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::kinds::{Kind, KindSet, Kinds};
use crate::store::{Expect, Lost, Object, Store, Table, key};

pub(crate) use create::name_required;
pub use delete::{DeleteOptions, Deleted, Propagation};
pub(crate) use delete::{FOREGROUND, ORPHAN};
pub(crate) use list::too_large;
pub use list::{ListOptions, Listing, Match};
pub use observe::{Changes, Observation, Present};
pub use patch::PatchType;
pub use watch::{WatchEvent, WatchOptions, Watcher};

/// Attempts at a write that others keep overtaking. A kube-apiserver tries as often to patch.
const ATTEMPTS_MAX: usize = 50;

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The user's name.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
    /// The client program, as its `User-Agent` says.
    pub user_agent: String,
}

/// What to do with fields that a kind doesn't know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// They vanish.
    Ignore,
    /// They vanish, and the answer warns.
    #[default]
    Warn,
    /// The request fails.
    Strict,
}

/// How to write.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// Who writes.
    pub caller: Caller,
    /// The field manager; empty stands for the client program's name.
    pub manager: String,
    /// Everything is done but the write itself.
    pub dry_run: bool,
    /// An apply takes fields from other managers.
    pub force: bool,
    /// What to do with unknown fields.
    pub field_validation: FieldValidation,
    /// What to say about keys that the body has twice.
    pub repeated: Vec<String>,
}

impl WriteOptions {
    /// Returns options for a part of the control plane: the manager is its name.
    #[must_use]
    pub fn system(manager: &str) -> Self {
        Self {
            caller: Caller {
                user: format!("system:{manager}"),
                groups: vec![
                    "system:masters".to_owned(),
                    "system:authenticated".to_owned(),
                ],
                user_agent: manager.to_owned(),
            },
            manager: manager.to_owned(),
            ..Self::default()
        }
    }

    /// Returns the field manager: the one named, or else the client program.
    pub(crate) fn manager(&self) -> &str {
        if !self.manager.is_empty() {
            return &self.manager;
        }
        let program = self.caller.user_agent.split('/').next().unwrap_or_default();
        let mut end = program.len().min(128);
        while !program.is_char_boundary(end) {
            end -= 1;
        }
        if end == 0 { "unknown" } else { &program[..end] }
    }
}

/// What a request is about.
#[derive(Debug, Clone)]
pub struct Target {
    /// The kind.
    pub kind: Arc<Kind>,
    /// The namespace, empty for the cluster or for all namespaces.
    pub namespace: String,
    /// The object's name, empty for a collection.
    pub name: String,
    /// The subresource, or empty.
    pub subresource: String,
}

impl Target {
    /// Returns the target that is an object.
    #[must_use]
    pub fn object(kind: &Arc<Kind>, namespace: &str, name: &str) -> Self {
        Self {
            kind: Arc::clone(kind),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: String::new(),
        }
    }

    /// Returns the target that is a collection.
    #[must_use]
    pub fn collection(kind: &Arc<Kind>, namespace: &str) -> Self {
        Self::object(kind, namespace, "")
    }

    /// Returns the same target's subresource.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "short for subresource; nothing is subtracted"
    )]
    pub fn sub(mut self, subresource: &str) -> Self {
        subresource.clone_into(&mut self.subresource);
        self
    }

    pub(crate) fn table(&self) -> Table {
        (self.kind.storage_group.clone(), self.kind.plural.clone())
    }

    pub(crate) fn key(&self) -> String {
        key(&self.namespace, &self.name)
    }

    /// Returns what the keys of the collection start with.
    pub(crate) fn prefix(&self) -> String {
        if self.namespace.is_empty() {
            String::new()
        } else {
            format!("{}/", self.namespace)
        }
    }
}

/// An answer to a write.
#[derive(Debug, Clone)]
pub struct Written {
    /// The object as it is now.
    pub object: Arc<Object>,
    /// True if it is new.
    pub created: bool,
    /// What to tell the client.
    pub warnings: Vec<String>,
}

/// The objects of the cluster and the rules for them. Clones are handles to the same.
#[derive(Clone)]
pub struct Registry {
    pub(crate) store: Arc<Store>,
    pub(crate) addresses: Arc<Allocator>,
    kinds: Arc<Kinds>,
    clock: Arc<dyn Clock>,
    audit: Arc<Audit>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// Returns an empty registry that nobody serves and no controller acts on, with its state in
    /// memory: for simulations, which bring their own time.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self::new(Store::memory(), Kinds::new(KindSet::default()), clock)
    }

    pub(crate) fn new(store: Store, kinds: Kinds, clock: Arc<dyn Clock>) -> Self {
        let addresses = Allocator::default();
        if let Ok(page) = store.list(&(String::new(), "services".to_owned()), "", None) {
            for service in &page.objects {
                addresses.reserve(&service.value);
            }
        }
        Self {
            store: Arc::new(store),
            addresses: Arc::new(addresses),
            kinds: Arc::new(kinds),
            clock,
            audit: Arc::default(),
        }
    }

    /// Returns the present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the kinds.
    #[must_use]
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Returns who wrote what lately.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Returns the revision of the last write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Returns the kind that `group`, `version` and `plural` name.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn kind(&self, group: &str, version: &str, plural: &str) -> Result<Arc<Kind>> {
        self.kinds
            .get(group, version, plural)
            .ok_or_else(Failure::no_resource)
    }

    /// Returns an object.
    ///
    /// # Errors
    /// Fails if there is none.
    pub async fn get(&self, target: &Target) -> Result<Arc<Object>> {
        let object = self.find(target)?;
        self.store.durable(object.revision).await?;
        Ok(object)
    }

    /// Returns an object without waiting until it is durable.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn find(&self, target: &Target) -> Result<Arc<Object>> {
        self.store
            .get(&target.table(), &target.key())
            .ok_or_else(|| Failure::not_found(&target.kind, &target.name))
    }

    /// Writes what a pipeline made. `None` from `Err` means that somebody else was faster.
    fn commit(
        &self,
        target: &Target,
        expect: &Expect,
        value: Option<Value>,
        options: &WriteOptions,
        verb: &'static str,
    ) -> std::result::Result<Arc<Object>, Lost> {
        if options.dry_run {
            return Ok(self.pretend(expect, value));
        }
        self.store
            .write(&target.table(), &target.key(), expect, value, |revision| {
                self.audit.record(Entry {
                    revision,
                    user: options.caller.user.clone(),
                    user_agent: options.caller.user_agent.clone(),
                    manager: options.manager().to_owned(),
                    verb,
                    group: target.kind.group.clone(),
                    version: target.kind.version.clone(),
                    resource: target.kind.plural.clone(),
                    subresource: target.subresource.clone(),
                    namespace: target.namespace.clone(),
                    name: target.name.clone(),
                    time: self.clock.now(),
                });
            })
    }

    /// Returns what a write would answer. A dry run shows the revision that is there already.
    fn pretend(&self, expect: &Expect, value: Option<Value>) -> Arc<Object> {
        match (expect, value) {
            (Expect::Present(old), Some(value)) => Arc::new(Object::new(value, old.revision)),
            (Expect::Present(old), None) => Arc::clone(old),
            (Expect::Absent, value) => {
                let mut object = Object::new(value.unwrap_or_default(), 0);
                object.value.remove_at(&["metadata", "resourceVersion"]);
                Arc::new(object)
            }
        }
    }
}
