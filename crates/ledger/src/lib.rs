//! The drift ledger and the audit trail.
//!
//! Every change that didn't come from Git is an entry that names who, when, which field, from what
//! to what, and what was done about it; every sync, rollback and heal is one too. Entries are
//! custom resources of the API server (`DriftRecord`, `AuditEntry`), bounded in number.
//!
//! A name is never guessed: each carries its [`Grade`]. Entries are numbered in order and written
//! behind the back of the controller, which waits for them only where a crash would lose them for
//! good; the ledger never stops a sync and never decides anything.

mod entry;
mod identity;
mod shelf;
mod writer;

pub use entry::{Action, AuditEntry, DriftRecord, FieldChange, describe_field};
pub use identity::{Author, Grade, Identity, NoIdentity, author_from_managers};
pub use writer::{AUDIT_ENTRIES_MAX, DRIFT_RECORDS_MAX, Ledger, Receipt};
