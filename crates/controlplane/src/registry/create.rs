//! Making objects.

use value::Value;

use super::{ATTEMPTS_MAX, Registry, Result, Target, WriteOptions, Written};
use crate::failure::{Failure, FieldError};
use crate::store::{Expect, Lost};
use crate::strategy::Generation;
use crate::tracking::{self, Writer};
use crate::{clock, complete, convert, decode, defaults, prepare, rules};

/// The characters of generated names: no vowels, nothing that looks like something else.
const SUFFIX_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// The length of a generated suffix.
const SUFFIX_CHARS: usize = 5;
/// What a generated name is cut to before its suffix.
const GENERATED_PREFIX_MAX: usize = 58;

impl Registry {
    /// Makes an object.
    ///
    /// # Errors
    /// Fails if there is one of this name, or if the object breaks a rule.
    pub async fn create(
        &self,
        target: &Target,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        let written = self.create_now(target, body, options)?;
        self.store.durable(written.object.revision).await?;
        Ok(written)
    }

    /// Does the same without waiting until it is durable: for parts of the control plane, whose
    /// knowledge ends with the process too.
    ///
    /// # Errors
    /// Fails for the same reasons.
    pub fn create_now(
        &self,
        target: &Target,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Written> {
        let kind = &target.kind;
        let decoded = decode::decode(kind, body, options)?;
        let mut object = decoded.value;
        rules::check_namespace(target, &object)?;
        rules::set_namespace(target, &mut object);
        defaults::apply(kind, &mut object);
        for server_side in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        ] {
            object.remove_at(&["metadata", server_side]);
        }
        defaults::on_create(kind, &mut object);
        let now = clock::seconds(self.now());
        let writer = Writer {
            manager: options.manager(),
            subresource: "",
            now: &now,
        };
        let object = tracking::update(kind, None, object, writer);
        let mut written = self
            .insert(target, object, options, "create")
            .map_err(|f| f.with_warnings(&decoded.warnings))?;
        written.warnings.splice(0..0, decoded.warnings);
        Ok(written)
    }

    /// Stores an object whose owners are tracked already.
    pub(super) fn insert(
        &self,
        target: &Target,
        mut object: Value,
        options: &WriteOptions,
        verb: &'static str,
    ) -> Result<Written> {
        let kind = &target.kind;
        let mut target = target.clone();
        self.admit_namespace(&target, object.str_at(&["metadata", "name"]))?;
        if kind.namespaced() && target.namespace.is_empty() {
            return Err(Failure::bad_request(
                "an empty namespace may not be set during creation",
            ));
        }
        prepare::admit_create(self, kind, &mut object)?;
        let revision = object.str_at(&["metadata", "resourceVersion"]);
        if !(matches!(revision, "" | "0") || options.dry_run) {
            return Err(Failure::unexplained(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.prepare_metadata(&target, &mut object);
        let name = object.str_at(&["metadata", "name"]).to_owned();
        let generated = !object.str_at(&["metadata", "generateName"]).is_empty();
        name.clone_into(&mut target.name);
        let reserved = prepare::before_create(self, kind, &mut object, options.dry_run)?;
        let release = |registry: &Self| {
            if let Some(service) = &reserved {
                registry.addresses.release(service);
            }
        };
        let errors = rules::validate(kind, &object, None);
        if !errors.is_empty() {
            release(self);
            return Err(Failure::invalid(kind, &name, &errors));
        }
        complete::fill_in(kind, &mut object);
        let warnings = crate::warnings::of_object(kind, &object);
        let stored = convert::to_storage(kind, object);
        for _ in 0..ATTEMPTS_MAX {
            if let Some(existing) = self.store.get(&target.table(), &target.key()) {
                release(self);
                return Err(self.exists(&target, existing.deleting(), generated));
            }
            match self.commit(
                &target,
                &Expect::Absent,
                Some(stored.clone()),
                options,
                verb,
            ) {
                Ok(object) => {
                    if options.dry_run {
                        release(self);
                    }
                    return Ok(Written {
                        object,
                        created: true,
                        warnings,
                    });
                }
                Err(Lost::Changed | Lost::Gone) => {}
                Err(Lost::Unwritable(why)) => return Err(why.into()),
            }
        }
        release(self);
        Err(Failure::already_exists(kind, &name))
    }

    fn exists(&self, target: &Target, deleting: bool, generated: bool) -> Failure {
        let mut failure = Failure::already_exists(&target.kind, &target.name);
        if deleting {
            failure.message = format!("object is being deleted: {}", failure.message);
        } else if generated {
            failure
                .message
                .push_str(", the server was not able to generate a unique name");
        }
        failure
    }

    fn prepare_metadata(&self, target: &Target, object: &mut Value) {
        let kind = &target.kind;
        rules::set_namespace(target, object);
        let now = clock::seconds(self.now());
        let uid = uid();
        let Some(metadata) = object.as_object_mut().map(|o| o.object("metadata")) else {
            return;
        };
        for server_side in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "resourceVersion",
        ] {
            metadata.remove(server_side);
        }
        metadata.insert("uid", uid);
        metadata.insert("creationTimestamp", now);
        if kind.strategy.generation != Generation::None {
            metadata.insert("generation", 1);
        }
        let named = metadata
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|n| !n.is_empty());
        let prefix = metadata
            .get("generateName")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !named && !prefix.is_empty() {
            let mut end = prefix.len().min(GENERATED_PREFIX_MAX);
            while !prefix.is_char_boundary(end) {
                end -= 1;
            }
            let name = format!("{}{}", &prefix[..end], suffix());
            metadata.insert("name", name);
        }
    }

    /// Checks that the namespace of a new object is there to stay.
    pub(super) fn admit_namespace(&self, target: &Target, name: &str) -> Result<()> {
        if !target.kind.namespaced() {
            return Ok(());
        }
        let namespaces = (String::new(), "namespaces".to_owned());
        let Some(namespace) = self.store.get(&namespaces, &target.namespace) else {
            let kind = self
                .kinds
                .get("", "v1", "namespaces")
                .expect("the table has namespaces");
            return Err(Failure::not_found(&kind, &target.namespace));
        };
        if namespace.value.str_at(&["status", "phase"]) != "Terminating" {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            target.namespace
        );
        let message = format!("namespace {} is being terminated", target.namespace);
        let cause = value::json!([{
            "reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"
        }]);
        Err(Failure::forbidden(&target.kind, name, &why).with_causes(cause))
    }
}

/// Returns a random uid.
pub(crate) fn uid() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Returns a random suffix for a generated name.
pub(crate) fn suffix() -> String {
    let mut bytes = [0; SUFFIX_CHARS];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    let letter = |b: &u8| char::from(SUFFIX_ALPHABET[usize::from(*b) % SUFFIX_ALPHABET.len()]);
    bytes.iter().map(letter).collect()
}

/// Returns the failure for a missing name.
pub(crate) fn name_required() -> FieldError {
    FieldError::required("metadata.name", "name or generateName is required")
}
