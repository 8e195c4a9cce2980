//! Applications: what is deployed, what should be, and how one becomes the other.
//!
//! The core is pure. [`AppState::step`] takes one event, the time, and a view of the live cluster,
//! and answers with effects: patches to write, objects to apply or delete, entries for the ledger.
//! It never reads a clock, does no I/O and draws no random number, so the whole controller can be
//! run under a simulated clock. Custom resources are met only in [`argo`].
//!
//! Behaviour is Argo CD's where its users would notice (`docs/compatibility.md` lists what differs).

pub mod argo;
pub mod ask;
mod auto;
mod compare;
mod farewell;
mod gate;
mod ignore;
mod object;
mod operation;
mod order;
mod path;
mod rules;
mod sources;
mod spec;
mod status;
mod step;
mod tracking;
pub mod why;

pub use compare::{
    Comparison, FieldDiff, LiveFacts, Match, ResourceState, Subject, World, compare,
};
pub use gate::{Hold, HoldReason, RollbackOn};
pub use ignore::{Ignore, Ignored};
pub use object::{
    DeletePhase, DeletePolicy, Desired, Directives, ObjectKey, Permission, Phase, split_api_version,
};
pub use operation::{Operation, OperationPhase, Request, ResourceResult, Selector};
pub use order::kind_rank;
pub use path::pointer_of;
pub use rules::{Dependency, Pause, Window};
pub use sources::{Source, Sources, join as join_revisions};
pub use spec::{
    Automated, Destination, DurationError, Propagation, Retry, Spec, SyncOptions, format_time,
    parse_duration, parse_time,
};
pub use status::{Condition, HistoryEntry, OperationState, Status, SyncStatus};
pub use step::{
    AppState, AppView, ApplyItem, Config, Effect, Event, Outcome, Problem, Record, Refresh, Target,
};
pub use tracking::{Claim, Method, Tracking};
