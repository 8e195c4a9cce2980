//! jq as gojq runs it, for `ignoreDifferences[].jqPathExpressions`: same answers, same errors.
//!
//! A [`Program`] is parsed and its names are resolved once; then it runs on any number of values.
//! [`Program::deleting`] makes the program that Argo CD makes of a path expression: `del(path)`.
//!
//! Programs come from users: parsing is bounded in size and depth, running in steps, depth and the
//! size of what is made. There is no clock, no environment and no input but the one value.
//!
//! ```
//! use value::json;
//! let program = jq::Program::deleting(".spec.containers[] | select(.name == \"b\") | .image").unwrap();
//! let object = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}});
//! assert_eq!(
//!     program.delete(&object).unwrap(),
//!     json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}})
//! );
//! ```

mod ast;
mod builtins;
mod dates;
mod encode;
mod error;
mod eval;
mod formats;
mod json;
mod lex;
mod names;
mod ops;
mod parse;
mod path;
mod prelude;
mod regex;

pub use error::Error;

use crate::json::Json;
use value::Value;

/// A program's text: far beyond what anyone writes by hand.
const PROGRAM_BYTES_MAX: usize = 64 << 10;

/// A program that is ready to run.
#[derive(Debug)]
pub struct Program {
    body: ast::Ast,
    limits: Limits,
}

/// How far a run may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps of evaluation; making something large takes more of them.
    pub steps: u64,
    /// How deep functions may call each other, and pipelines reach.
    pub depth: u32,
    /// Results of one run.
    pub results: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // About what gojq does in the second that Argo CD gives it.
        Self {
            steps: 5_000_000,
            depth: 10_000,
            results: 100_000,
        }
    }
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// Fails with gojq's text where the program can't be read or names what isn't there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > PROGRAM_BYTES_MAX {
            return Err(Error::Limit("the program is too long"));
        }
        let body = parse::program(text)?;
        names::check(&body)?;
        Ok(Self {
            body,
            limits: Limits::default(),
        })
    }

    /// Reads a path expression as the program that deletes what it finds.
    ///
    /// # Errors
    /// See [`Program::parse`].
    pub fn deleting(path: &str) -> Result<Self, Error> {
        Self::parse(&format!("del({path})"))
    }

    /// Sets how far a run may go.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Runs a program of [`Program::deleting`]: returns the value without what the path leads to.
    ///
    /// # Errors
    /// See [`Program::run`].
    pub fn delete(&self, from: &Value) -> Result<Value, Error> {
        Ok(self.first(from)?.unwrap_or_default())
    }

    /// Returns all results.
    ///
    /// # Errors
    /// Fails where the program does, and at a limit.
    pub fn run(&self, input: &Value) -> Result<Vec<Value>, Error> {
        let mut results = Vec::new();
        eval::run(&self.body, Json::from(input), self.limits, &mut |result| {
            if results.len() >= self.limits.results {
                return Err(Error::Limit("there are too many results"));
            }
            results.push(result.to_value());
            Ok(eval::More::Yes)
        })?;
        Ok(results)
    }

    /// Returns the first result, and doesn't look for more.
    ///
    /// # Errors
    /// See [`Program::run`].
    pub fn first(&self, input: &Value) -> Result<Option<Value>, Error> {
        let mut first = None;
        eval::run(&self.body, Json::from(input), self.limits, &mut |result| {
            first = Some(result.to_value());
            Ok(eval::More::No)
        })?;
        Ok(first)
    }
}

#[cfg(test)]
mod tests;
