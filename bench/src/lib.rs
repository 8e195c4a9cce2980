//! What the benchmarks share: processes' costs, as the kernel counts them, and the applications of
//! a fleet.

pub mod fleet;
pub mod process;
