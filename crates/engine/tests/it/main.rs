//! The core played against a cluster and a Git of its own, under a clock that only tests move.

mod behaviour;
mod crash;
mod harness;
mod rollback;
mod waves;
