//! The controller against a real API and a real repository.

mod charts;
mod impersonation;
mod integrity;
mod ledger;
mod login;
mod recorder;
mod remotes;
mod rules;
mod scenarios;
mod takeover;
mod world;
