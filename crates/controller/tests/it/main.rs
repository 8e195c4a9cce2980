//! The controller against a real API and a real repository.

mod scenarios;
mod takeover;
mod world;
