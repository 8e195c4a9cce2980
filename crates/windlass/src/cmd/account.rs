//! `windlass account`: what local accounts need, without a server.

use crate::cli::Account as Command;
use crate::failure::{Failure, RUNTIME, USAGE};
use crate::output::say;
use accounts::Hash;
use std::io::BufRead as _;

pub(crate) fn run(command: &Command) -> anyhow::Result<u8> {
    match command {
        Command::Bcrypt => hash(Hash::Bcrypt),
        Command::Argon2id => hash(Hash::Argon2id),
    }
}

/// Prints the hash of the password that is the first line of stdin: on the command line others
/// would see it.
fn hash(kind: Hash) -> anyhow::Result<u8> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    let mut failed = None;
    let mut random = |bytes: &mut [u8]| failed = getrandom::fill(bytes).err();
    let hash = accounts::hash(password, kind, &mut random);
    if let Some(error) = failed {
        return Err(Failure::new(RUNTIME, format!("no random numbers: {error}")).into());
    }
    let hash = hash.map_err(|error| {
        let hint = "printf '%s' \"$PASSWORD\" | windlass account argon2id";
        Failure::new(USAGE, error.to_string()).hint(hint)
    })?;
    say(hash.expose());
    Ok(0)
}
