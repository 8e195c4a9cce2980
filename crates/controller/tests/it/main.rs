//! The controller against a real API and a real repository.

mod charts;
mod integrity;
mod login;
mod remotes;
mod rules;
mod scenarios;
mod takeover;
mod world;
