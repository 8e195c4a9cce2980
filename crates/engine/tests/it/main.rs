//! The core played against a cluster and a Git of its own, under a clock that only tests move.

mod behaviour;
mod crash;
mod deletion;
mod harness;
mod options;
mod rollback;
mod rules;
mod simulation;
mod waves;
