//! Deleting objects: at once, after a grace period, or when finalizers let go.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use value::Value;

use super::{ATTEMPTS_MAX, ListOptions, Listing, Registry, Result, Target, WriteOptions};
use crate::failure::Failure;
use crate::store::{Expect, Lost, Object};
use crate::strategy::Dependents;
use crate::{clock, convert, prepare};

/// The finalizer that keeps an owner until its dependents are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that keeps an owner until its dependents are let go.
pub(crate) const ORPHAN: &str = "orphan";

/// What becomes of an object's dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They are collected afterwards.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// How to delete.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// Seconds that the object gets to end.
    pub grace_period_seconds: Option<i64>,
    /// What becomes of dependents.
    pub propagation: Option<Propagation>,
    /// The uid that the object must have.
    pub uid: Option<String>,
    /// The resource version that the object must have.
    pub resource_version: Option<String>,
    /// Who deletes, and whether for real.
    pub write: WriteOptions,
}

/// What a deletion came to.
#[derive(Debug, Clone)]
pub enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Arc<Object>),
    /// The object goes as soon as it may.
    Pending(Arc<Object>),
}

impl Deleted {
    /// Returns the object.
    #[must_use]
    pub fn object(&self) -> &Arc<Object> {
        match self {
            Self::Gone(object) | Self::Pending(object) => object,
        }
    }
}

impl Registry {
    /// Deletes an object.
    ///
    /// # Errors
    /// Fails if there is none, or if it isn't the one that `options` describe.
    pub async fn delete(&self, target: &Target, options: &DeleteOptions) -> Result<Deleted> {
        let deleted = self.delete_now(target, options)?;
        self.store.durable(deleted.object().revision).await?;
        Ok(deleted)
    }

    /// Deletes every object of a collection that `list` selects, and returns what they were.
    ///
    /// # Errors
    /// Fails at the first object that can't be deleted.
    pub async fn delete_collection(
        &self,
        target: &Target,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<Listing> {
        let listing = self.list_now(target, list)?;
        let mut last = 0;
        for object in &listing.objects {
            let one = Target::object(&target.kind, object.namespace(), object.name());
            match self.delete_now(&one, options) {
                Ok(deleted) => {
                    last = last.max(deleted.object().revision);
                }
                Err(failure) if failure.code == 404 => {}
                Err(failure) => return Err(failure),
            }
        }
        self.store.durable(last).await?;
        Ok(listing)
    }

    /// Does the same without waiting until it is durable: for parts of the control plane, whose
    /// knowledge ends with the process too.
    ///
    /// # Errors
    /// Fails for the same reasons.
    pub fn delete_now(&self, target: &Target, options: &DeleteOptions) -> Result<Deleted> {
        let kind = &target.kind;
        prepare::admit_delete(target)?;
        for _ in 0..ATTEMPTS_MAX {
            let old = self.find(target)?;
            check(target, &old, options)?;
            let mut object = old.value.clone();
            if kind.plural == "customresourcedefinitions" && !old.deleting() {
                prepare::mark_definition(self, &mut object);
                let expect = Expect::Present(Arc::clone(&old));
                match self.commit(target, &expect, Some(object), &options.write, "delete") {
                    Ok(marked) => return Ok(Deleted::Pending(marked)),
                    Err(Lost::Changed) => continue,
                    Err(Lost::Gone) => return Err(Failure::not_found(kind, &target.name)),
                    Err(Lost::Unwritable(why)) => return Err(why.into()),
                }
            }
            let finalizers = finalizers(kind.strategy.dependents, &object, options);
            set_finalizers(&mut object, &finalizers);
            let grace = grace(kind.strategy.graceful, &object, options);
            let waits = !finalizers.is_empty()
                || grace > 0
                || kind.plural == "namespaces" && holds_namespace(&object);
            mark(
                &mut object,
                grace,
                kind.strategy.graceful,
                self.now(),
                kind.plural == "namespaces",
            );
            prepare::mark_deleted(kind, &mut object);
            let expect = Expect::Present(Arc::clone(&old));
            let outcome = if waits {
                if object == old.value {
                    return Ok(Deleted::Pending(old));
                }
                self.commit(target, &expect, Some(object), &options.write, "delete")
                    .map(Deleted::Pending)
            } else {
                self.commit(target, &expect, None, &options.write, "delete")
                    .map(|gone| {
                        if !options.write.dry_run {
                            prepare::after_delete(self, kind, &gone.value);
                        }
                        if kind.strategy.graceful || kind.plural == "namespaces" {
                            let mut last = object.clone();
                            last.remove_at(&["metadata", "resourceVersion"]);
                            Deleted::Gone(Arc::new(Object::new(last, gone.revision)))
                        } else {
                            Deleted::Gone(gone)
                        }
                    })
            };
            match outcome {
                Ok(deleted) => return Ok(deleted),
                Err(Lost::Changed) => {}
                Err(Lost::Gone) => return Err(Failure::not_found(kind, &target.name)),
                Err(Lost::Unwritable(why)) => return Err(why.into()),
            }
        }
        Err(Failure::modified(kind, &target.name))
    }

    /// Returns the object of a deletion in the version of the request.
    #[must_use]
    pub fn deleted_value(&self, target: &Target, deleted: &Deleted) -> Value {
        convert::from_storage(&target.kind, &deleted.object().value)
    }
}

fn check(target: &Target, old: &Arc<Object>, options: &DeleteOptions) -> Result<()> {
    if let Some(uid) = &options.uid
        && uid != old.uid()
    {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object \
             might have been deleted and then recreated",
            old.uid()
        );
        if target.kind.plural == "namespaces" {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                old.uid()
            );
            return Err(Failure::conflict(&target.kind, &target.name, &why));
        }
        return Err(mismatch(target, &why));
    }
    if let Some(revision) = &options.resource_version
        && revision != old.value.str_at(&["metadata", "resourceVersion"])
    {
        let why = format!(
            "the ResourceVersion in the precondition ({revision}) does not match the ResourceVersion in \
             record ({}). The object might have been modified",
            old.value.str_at(&["metadata", "resourceVersion"])
        );
        return Err(mismatch(target, &why));
    }
    Ok(())
}

/// The object isn't the one that was meant. Deletions name the kind here, not the resource.
fn mismatch(target: &Target, why: &str) -> Failure {
    let kind = target.kind.qualified_kind();
    let message = format!(
        "Operation cannot be fulfilled on {kind} \"{}\": {why}",
        target.name
    );
    Failure::new(409, "Conflict", message).with_details(crate::failure::names(
        &target.kind,
        &target.name,
        &target.kind.kind,
    ))
}

/// Returns the finalizers that the object has from now on.
fn finalizers(default: Dependents, object: &Value, options: &DeleteOptions) -> Vec<String> {
    let present = object.array_at(&["metadata", "finalizers"]);
    let mut names: Vec<String> = present
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let has = |names: &[String], name: &str| names.iter().any(|n| n == name);
    let (orphan, foreground) = match options.propagation {
        Some(Propagation::Orphan) => (true, false),
        Some(Propagation::Foreground) => (false, true),
        Some(Propagation::Background) => (false, false),
        None if has(&names, ORPHAN) => (true, false),
        None if has(&names, FOREGROUND) => (false, true),
        None => (default == Dependents::Orphan, false),
    };
    for (name, wanted) in [(ORPHAN, orphan), (FOREGROUND, foreground)] {
        if !wanted {
            names.retain(|n| n != name);
        } else if !has(&names, name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn set_finalizers(object: &mut Value, names: &[String]) {
    if names.is_empty() {
        object.remove_at(&["metadata", "finalizers"]);
    } else {
        let names: Value = names.iter().map(String::as_str).collect();
        object.set_at(&["metadata", "finalizers"], names);
    }
}

/// Returns the seconds that an object has to end.
fn grace(graceful: bool, object: &Value, options: &DeleteOptions) -> i64 {
    if !graceful {
        return 0;
    }
    let own = object
        .i64_at(&["spec", "terminationGracePeriodSeconds"])
        .unwrap_or(30);
    let mut grace = options.grace_period_seconds.unwrap_or(own);
    if grace < 0 {
        grace = 1;
    }
    let ended = matches!(object.str_at(&["status", "phase"]), "Failed" | "Succeeded");
    if object.str_at(&["spec", "nodeName"]).is_empty() || ended {
        grace = 0;
    }
    // What is under way may end sooner, but not later.
    match object.i64_at(&["metadata", "deletionGracePeriodSeconds"]) {
        Some(under_way) => grace.min(under_way),
        None => grace,
    }
}

fn mark(object: &mut Value, grace: i64, graceful: bool, now: Timestamp, namespace: bool) {
    let until = now
        .checked_add(SignedDuration::from_secs(grace))
        .unwrap_or(now);
    let marked = object.at(&["metadata", "deletionTimestamp"]).is_some();
    let shortened = graceful
        && object
            .i64_at(&["metadata", "deletionGracePeriodSeconds"])
            .is_some_and(|g| grace < g);
    if marked && !shortened {
        return;
    }
    object.set_at(&["metadata", "deletionTimestamp"], clock::seconds(until));
    if !namespace {
        object.set_at(&["metadata", "deletionGracePeriodSeconds"], grace);
    }
    if !marked && let Some(generation) = object.i64_at(&["metadata", "generation"]) {
        object.set_at(&["metadata", "generation"], generation + 1);
    }
}

fn holds_namespace(object: &Value) -> bool {
    !object.array_at(&["spec", "finalizers"]).is_empty()
}
