//! Changing objects: what a `PUT`, a patch and a controller have in common.

use std::sync::Arc;

use value::Value;

use super::{ATTEMPTS_MAX, Registry, Result, Target, WriteOptions, Written};
use crate::failure::{Failure, FieldError};
use crate::store::{Expect, Lost, Object};
use crate::strategy::Generation;
use crate::tracking::{self, Writer};
use crate::{clock, complete, convert, decode, defaults, prepare, rules};

/// What a change starts from and ends in.
pub(super) struct Proposal {
    /// The object as it shall be, in the version of the request, its owners tracked.
    pub(super) object: Value,
    /// What to tell the client.
    pub(super) warnings: Vec<String>,
}

impl Registry {
    /// Replaces an object, or a part of it that is a subresource.
    ///
    /// # Errors
    /// Fails if there is none (and the kind doesn't make what is missing), if it is not in the
    /// version that `body` names, or if the change breaks a rule.
    pub async fn update(
        &self,
        target: &Target,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        let written = self.update_now(target, body, options)?;
        self.store.durable(written.object.revision).await?;
        Ok(written)
    }

    fn update_now(&self, target: &Target, body: Value, options: &WriteOptions) -> Result<Written> {
        if target.subresource == "scale" {
            return self.update_scale(target, &body, options);
        }
        let kind = &target.kind;
        let decoded = decode::decode(kind, body, options)?;
        let mut object = decoded.value;
        rules::check_name(target, &object)?;
        rules::check_namespace(target, &object)?;
        rules::set_namespace(target, &mut object);
        defaults::apply(kind, &mut object);
        let now = clock::seconds(self.now());
        let writer = Writer {
            manager: options.manager(),
            subresource: &target.subresource,
            now: &now,
        };
        let creates = kind.strategy.create_on_update && target.subresource.is_empty();
        if creates && self.store.get(&target.table(), &target.key()).is_none() {
            let uid = object.str_at(&["metadata", "uid"]);
            if !uid.is_empty() {
                return Err(wrong_uid(target, uid, ""));
            }
            object.remove_at(&["metadata", "resourceVersion"]);
            let object = tracking::update(kind, None, object, writer);
            let mut written = self.insert(target, object, options, "update")?;
            written.warnings.splice(0..0, decoded.warnings);
            return Ok(written);
        }
        self.change(target, options, "update", |live| {
            let object = tracking::update(kind, Some(live), object.clone(), writer);
            Ok(Proposal {
                object,
                warnings: decoded.warnings.clone(),
            })
        })
        .map_err(|f| f.with_warnings(&decoded.warnings))
    }

    /// Changes an object by what `change` makes of its present state, again if others write
    /// meanwhile.
    ///
    /// # Errors
    /// Fails as [`Registry::update`] does, and with what `change` fails with.
    pub async fn modify(
        &self,
        target: &Target,
        options: &WriteOptions,
        change: impl Fn(&mut Value) -> Result<()>,
    ) -> Result<Written> {
        let written = self.modify_now(target, options, change)?;
        self.store.durable(written.object.revision).await?;
        Ok(written)
    }

    /// Does the same without waiting until it is durable: for parts of the control plane, whose
    /// knowledge ends with the process too.
    ///
    /// # Errors
    /// Fails for the same reasons.
    pub fn modify_now(
        &self,
        target: &Target,
        options: &WriteOptions,
        change: impl Fn(&mut Value) -> Result<()>,
    ) -> Result<Written> {
        let now = clock::seconds(self.now());
        let writer = Writer {
            manager: options.manager(),
            subresource: &target.subresource,
            now: &now,
        };
        self.change(target, options, "update", |live| {
            let mut object = live.clone();
            change(&mut object)?;
            // Nobody owns what a binding or an eviction writes.
            if !matches!(target.subresource.as_str(), "binding" | "eviction") {
                object = decode::normalise(&target.kind, object)?;
                defaults::apply(&target.kind, &mut object);
                object = tracking::update(&target.kind, Some(live), object, writer);
            }
            Ok(Proposal {
                object,
                warnings: Vec::new(),
            })
        })
    }

    pub(super) fn change(
        &self,
        target: &Target,
        options: &WriteOptions,
        verb: &'static str,
        propose: impl Fn(&Value) -> Result<Proposal>,
    ) -> Result<Written> {
        for _ in 0..ATTEMPTS_MAX {
            let old = self.find(target)?;
            let live = convert::from_storage(&target.kind, &old.value);
            let proposal = propose(&live)?;
            if let Some(written) = self.replace(target, &old, &live, proposal, options, verb)? {
                return Ok(written);
            }
        }
        Err(Failure::modified(&target.kind, &target.name))
    }

    /// Puts a proposal in the place of `old`. Returns `None` if somebody else was faster.
    pub(super) fn replace(
        &self,
        target: &Target,
        old: &Arc<Object>,
        live: &Value,
        proposal: Proposal,
        options: &WriteOptions,
        verb: &'static str,
    ) -> Result<Option<Written>> {
        let kind = &target.kind;
        let name = &target.name;
        let Proposal {
            mut object,
            warnings,
        } = proposal;
        check_preconditions(target, old, &object, verb)?;
        let errors = deletion_time_errors(live, &object);
        if !errors.is_empty() && target.subresource.is_empty() {
            return Err(Failure::invalid(kind, name, &errors));
        }
        keep_system_metadata(live, &mut object);
        prepare::before_update(self, target, live, &mut object, options.dry_run)?;
        set_generation(target, live, &mut object);
        let errors = rules::validate_update(target, &object, live);
        if !errors.is_empty() {
            return Err(Failure::invalid(kind, name, &errors));
        }
        let mut object = tracking::keep_times(live, object);
        complete::fill_in(kind, &mut object);
        let mut warnings = warnings;
        if target.subresource.is_empty() {
            warnings.extend(crate::warnings::of_change(kind, live, &object));
        }
        if *live == object {
            return Ok(Some(Written {
                object: Arc::clone(old),
                created: false,
                warnings,
            }));
        }
        let finished = old.deleting() && rules::may_vanish(kind, &object);
        let expect = Expect::Present(Arc::clone(old));
        let stored = convert::to_storage(kind, object);
        if finished && (target.subresource.is_empty() || kind.plural == "namespaces") {
            // What was waited for has happened: the write is the object's last.
            let last = Arc::new(Object::new(stored, old.revision));
            return match self.commit(target, &expect, None, options, "delete") {
                Ok(gone) => {
                    prepare::after_delete(self, kind, &gone.value);
                    let mut value = last.value.clone();
                    value.set_at(&["metadata", "resourceVersion"], gone.revision.to_string());
                    let object = Arc::new(Object::new(value, gone.revision));
                    Ok(Some(Written {
                        object,
                        created: false,
                        warnings,
                    }))
                }
                Err(Lost::Changed) => Ok(None),
                Err(Lost::Gone) => Err(Failure::not_found(kind, name)),
                Err(Lost::Unwritable(why)) => Err(why.into()),
            };
        }
        match self.commit(target, &expect, Some(stored), options, verb) {
            Ok(object) => Ok(Some(Written {
                object,
                created: false,
                warnings,
            })),
            Err(Lost::Changed) => Ok(None),
            Err(Lost::Gone) => Err(Failure::not_found(kind, name)),
            Err(Lost::Unwritable(why)) => Err(why.into()),
        }
    }
}

fn check_preconditions(
    target: &Target,
    old: &Arc<Object>,
    object: &Value,
    verb: &'static str,
) -> Result<()> {
    let kind = &target.kind;
    let revision = object.str_at(&["metadata", "resourceVersion"]);
    let uid = object.str_at(&["metadata", "uid"]);
    if !uid.is_empty() && uid != old.uid() && target.subresource.is_empty() {
        if verb == "update" {
            return Err(wrong_uid(target, uid, old.uid()));
        }
        // It is found twice, by the rules for all objects and by those of the kind.
        let error = FieldError::invalid("metadata.uid", uid, "field is immutable");
        let errors = [error.clone(), error];
        return Err(Failure::invalid(kind, &target.name, &errors));
    }
    match revision {
        "" | "0" if kind.strategy.unconditional_update || target.subresource == "scale" => Ok(()),
        "" | "0" => {
            let error = FieldError::invalid(
                "metadata.resourceVersion",
                0,
                "must be specified for an update",
            );
            Err(Failure::invalid_named(
                &kind.group,
                &kind.plural,
                &target.name,
                &[error],
            ))
        }
        text => {
            let number: u64 = text.parse().map_err(|_| no_number(text))?;
            if number == old.revision {
                Ok(())
            } else {
                Err(Failure::modified(kind, &target.name))
            }
        }
    }
}

/// A resource version is no number.
pub(super) fn no_number(text: &str) -> Failure {
    Failure::unexplained(format!(
        "strconv.ParseUint: parsing {}: invalid syntax",
        crate::failure::go_quote(text)
    ))
}

/// The object has another uid than the client believes. The words are those of a kube-apiserver,
/// whose storage finds this out.
fn wrong_uid(target: &Target, wanted: &str, found: &str) -> Failure {
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{}/{}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}",
        target.kind.plural, target.namespace, target.name
    );
    Failure::conflict(&target.kind, &target.name, &why)
}

/// Clients can't change what the server alone says about an object.
fn keep_system_metadata(live: &Value, object: &mut Value) {
    let Some(metadata) = object.as_object_mut().map(|o| o.object("metadata")) else {
        return;
    };
    metadata.remove("selfLink");
    for name in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
        "generateName",
    ] {
        match live.at(&["metadata", name]) {
            // A generated name's origin may be changed by clients.
            _ if name == "generateName" => {}
            Some(kept) => {
                metadata.insert(name, kept.clone());
            }
            None => {
                metadata.remove(name);
            }
        }
    }
}

/// Nobody but the server says when an object ends.
fn deletion_time_errors(live: &Value, object: &Value) -> Vec<FieldError> {
    let path = ["metadata", "deletionTimestamp"];
    let Some(wanted) = object.at(&path).filter(|v| !v.is_null()) else {
        return Vec::new();
    };
    if live.at(&path) == Some(wanted) {
        return Vec::new();
    }
    let error = FieldError::invalid(
        "metadata.deletionTimestamp",
        wanted.clone(),
        "field is immutable",
    );
    // It is found twice, by the rules for all objects and by those of the kind.
    vec![error.clone(), error]
}

fn set_generation(target: &Target, live: &Value, object: &mut Value) {
    let rule = target.kind.strategy.generation;
    if rule == Generation::None || matches!(target.subresource.as_str(), "status" | "binding") {
        return;
    }
    let has_status = target.kind.strategy.has_status;
    let part = |v: &Value, name: &str| v.at(&["metadata", name]).cloned();
    let changed = match rule {
        Generation::None | Generation::Fixed => false,
        Generation::Spec => spec_differs(live, object, has_status),
        Generation::SpecAndAnnotations => {
            spec_differs(live, object, has_status)
                || part(live, "annotations") != part(object, "annotations")
        }
        Generation::SpecLabelsAnnotations => {
            spec_differs(live, object, has_status)
                || part(live, "annotations") != part(object, "annotations")
                || part(live, "labels") != part(object, "labels")
        }
    };
    if changed {
        let generation = live.i64_at(&["metadata", "generation"]).unwrap_or(0) + 1;
        object.set_at(&["metadata", "generation"], generation);
    }
}

fn spec_differs(a: &Value, b: &Value, has_status: bool) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else {
        return true;
    };
    let counts = |name: &str| {
        !(matches!(name, "metadata" | "apiVersion" | "kind") || has_status && name == "status")
    };
    let one = a.iter().filter(|(k, _)| counts(k));
    let other = b.iter().filter(|(k, _)| counts(k));
    !one.eq(other)
}
