//! Reading and writing the entries of `managedFields`.

use crate::{FieldsError, Managers, Owned, Set};
use std::collections::HashMap;
use value::{Object, Value, json};

/// How a manager came to own its fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    #[default]
    Update,
}

impl Operation {
    /// Returns the name as in an entry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who an entry belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The field manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The version of its paths. Not part of the identity of an applier, which has one entry.
    pub api_version: String,
    /// The subresource through which it wrote, or empty.
    pub subresource: String,
}

impl Identity {
    /// Returns the name under which the updater knows the manager.
    fn key(&self) -> String {
        let version = match self.operation {
            Operation::Apply => "",
            Operation::Update => &self.api_version,
        };
        // The order of these keys decides the order of conflicts: manager first.
        format!(
            "{}\0{}\0{version}\0{}",
            self.manager,
            self.operation.as_str(),
            self.subresource
        )
    }
}

/// Why entries can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntriesError {
    /// An entry has the wrong operation, version or type of fields.
    #[error("invalid entry: {0}")]
    Entry(&'static str),
    /// The fields of an entry can't be read.
    #[error("invalid fields")]
    Fields(#[from] FieldsError),
}

/// The entries of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// What each manager owns, by its key.
    pub managers: Managers,
    /// When each last changed that, by its key; not every entry has a time.
    pub times: HashMap<String, String>,
    /// Who is behind each key.
    pub identities: HashMap<String, Identity>,
}

impl Entries {
    /// Reads `managedFields`.
    ///
    /// # Errors
    ///
    /// If one entry is invalid: then none counts.
    pub fn read(entries: &Value) -> Result<Self, EntriesError> {
        let mut read = Self::default();
        let list = match entries {
            Value::Null => &[],
            Value::Array(list) => list.as_slice(),
            _ => return Err(EntriesError::Entry("not a list")),
        };
        for entry in list {
            let operation = match entry.str_at(&["operation"]) {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err(EntriesError::Entry("operation must be `Apply` or `Update`")),
            };
            let identity = Identity {
                manager: entry.str_at(&["manager"]).to_owned(),
                operation,
                api_version: entry.str_at(&["apiVersion"]).to_owned(),
                subresource: entry.str_at(&["subresource"]).to_owned(),
            };
            if identity.api_version.is_empty() {
                return Err(EntriesError::Entry("apiVersion must not be empty"));
            }
            if entry.str_at(&["fieldsType"]) != "FieldsV1" {
                return Err(EntriesError::Entry("fieldsType must be `FieldsV1`"));
            }
            let fields = entry.get("fieldsV1").unwrap_or(&Value::Null);
            let owned = Owned {
                set: Set::from_fields_v1(fields)?,
                version: identity.api_version.clone(),
                applied: operation == Operation::Apply,
            };
            let time = entry.str_at(&["time"]).to_owned();
            let key = read.know(identity);
            read.managers.insert(key.clone(), owned);
            if !time.is_empty() {
                read.times.insert(key, time);
            }
        }
        Ok(read)
    }

    /// Returns the key of an identity, known from now on.
    pub(super) fn know(&mut self, identity: Identity) -> String {
        let key = identity.key();
        self.identities.insert(key.clone(), identity);
        key
    }

    /// Returns the key of who applies under this name to the object itself.
    pub(crate) fn key_of_applier(&mut self, manager: &str, api_version: &str) -> String {
        self.know(Identity {
            manager: manager.to_owned(),
            operation: Operation::Apply,
            api_version: api_version.to_owned(),
            subresource: String::new(),
        })
    }

    /// Writes `managedFields`: applies first, then by time, manager, version and subresource.
    #[must_use]
    pub fn write(&self) -> Value {
        let mut entries: Vec<_> = self
            .managers
            .iter()
            .filter_map(|(key, owned)| {
                let time = self.times.get(key).map_or("", String::as_str);
                Some((self.identities.get(key)?, time, owned))
            })
            .collect();
        entries.sort_by_key(|(identity, time, owned)| {
            (
                identity.operation,
                *time,
                &identity.manager,
                &owned.version,
                &identity.subresource,
            )
        });
        let write = |(identity, time, owned): (&Identity, &str, &Owned)| {
            let mut entry: Object = [
                ("operation", json!(identity.operation.as_str())),
                ("apiVersion", json!(&owned.version)),
                ("fieldsType", json!("FieldsV1")),
                ("fieldsV1", owned.set.to_fields_v1()),
            ]
            .into_iter()
            .collect();
            if !identity.manager.is_empty() {
                entry.insert("manager", &identity.manager);
            }
            if !time.is_empty() {
                entry.insert("time", time);
            }
            if !identity.subresource.is_empty() {
                entry.insert("subresource", &identity.subresource);
            }
            Value::Object(entry)
        };
        entries.into_iter().map(write).collect()
    }
}
