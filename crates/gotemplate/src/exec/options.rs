//! How templates are executed, and how far they may go.

use crate::random::Seed;

/// Bytes written that cost as much as one node.
pub(crate) const BYTES_PER_STEP: usize = 8;

/// What a key that is not in a map stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value; it prints as `<no value>`.
    #[default]
    Invalid,
    /// The zero value of the map's elements, as Helm asks for.
    Zero,
    /// An error.
    Error,
}

/// How far templates may go. What goes further is an error with its place.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Nodes walked, commands evaluated, and bytes written (eight of them count as one) in a whole
    /// session: some seconds of work.
    pub steps_max: usize,
    /// Templates that may be inside each other by `{{ template }}`. Go allows 100,000, and the error
    /// says so here too: nothing but a recursion without end comes near either, and a stack that
    /// deep would take gigabytes.
    pub depth_max: usize,
    /// Templates inside each other that `include` and `tpl` called.
    pub nested_max: usize,
    /// Bytes of one string, and of the output of one template.
    pub string_bytes_max: usize,
    /// Elements of a list that one call makes.
    pub list_items_max: usize,
    /// Times that one name may be included inside itself, as Helm has it.
    pub include_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps_max: 50_000_000,
            depth_max: 10_000,
            nested_max: 5_000,
            string_bytes_max: 64 << 20,
            list_items_max: 4_000_000,
            include_max: 1000,
        }
    }
}

/// How templates are executed.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What a key that is not in a map stands for.
    pub missing_key: MissingKey,
    /// How far templates may go.
    pub limits: Limits,
    /// Where random text comes from.
    pub seed: Seed,
    /// What `now` is, in seconds since 1970.
    pub now_seconds: i64,
}
