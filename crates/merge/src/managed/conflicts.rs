//! Conflicts as API servers word them.

use super::{Identity, Operation};
use crate::{DisplayPath, Set};
use std::fmt;

/// Who owns which of the fields that an apply wants to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConflictReport(Vec<(Identity, Set)>);

/// One conflict, as in `details.causes` with the reason `FieldManagerConflict`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `conflict with "m1" using v1`.
    pub message: String,
    /// `.data.a`.
    pub field: String,
}

impl ConflictReport {
    /// Collects conflicts; sorted by manager.
    pub(super) fn of(conflicts: impl Iterator<Item = (Identity, Set)>) -> Self {
        let mut conflicts: Vec<_> = conflicts.collect();
        conflicts.sort_by_cached_key(|(identity, _)| display_manager(identity));
        Self(conflicts)
    }

    /// Leaves out the paths in `allowed`.
    pub(super) fn without(&self, allowed: &Set) -> Self {
        let rest = self.0.iter().map(|(identity, set)| {
            let rest = set.difference(allowed);
            (identity.clone(), rest)
        });
        Self(rest.filter(|(_, set)| !set.is_empty()).collect())
    }

    /// Returns true if there is no conflict.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the managers and what each owns.
    #[must_use]
    pub fn managers(&self) -> &[(Identity, Set)] {
        &self.0
    }

    /// Returns the conflicts one by one.
    #[must_use]
    pub fn causes(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        for (identity, set) in &self.0 {
            let message = format!("conflict with {}", display_manager(identity));
            set.for_each(|path| {
                causes.push(Cause {
                    message: message.clone(),
                    field: DisplayPath(path).to_string(),
                });
            });
        }
        causes
    }
}

/// Writes `"m1" with subresource "status" using apps/v1`.
fn display_manager(identity: &Identity) -> String {
    use std::fmt::Write as _;
    let mut out = format!("{:?}", identity.manager);
    if !identity.subresource.is_empty() {
        let _ = write!(out, " with subresource {:?}", identity.subresource);
    }
    if identity.operation == Operation::Update {
        let _ = write!(out, " using {}", identity.api_version);
    }
    out
}

impl fmt::Display for ConflictReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes = self.causes();
        if let [Cause { message, field }] = causes.as_slice() {
            return write!(f, "Apply failed with 1 conflict: {message}: {field}");
        }
        write!(f, "Apply failed with {} conflicts: ", causes.len())?;
        for (i, (identity, set)) in self.0.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}conflicts with {}:", display_manager(identity))?;
            for path in set.paths() {
                write!(f, "\n- {}", DisplayPath(&path))?;
            }
        }
        Ok(())
    }
}
