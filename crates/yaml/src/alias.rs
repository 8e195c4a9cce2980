//! Bounds on what aliases may do.

use crate::error::{Error, ErrorKind};
use crate::limits::{ALIAS_BYTES_MAX, DEPTH_MAX};
use crate::tree::{NodeId, Tree};

/// Below so many steps nearly all of them may come from aliases.
const FEW_STEPS: u32 = 400_000;
/// Above so many steps only a few may.
const MANY_STEPS: u32 = 4_000_000;

/// Counts decoding steps as the reference does, so that the same documents are refused, and bounds
/// the bytes that aliases copy, which the reference doesn't.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    steps: u32,
    alias_steps: u32,
    alias_bytes: usize,
    depth: usize,
    /// The aliases that are being expanded.
    open: Vec<NodeId>,
}

impl Budget {
    /// Counts one node.
    pub(crate) fn step(&mut self, tree: &Tree<'_>, id: NodeId) -> Result<(), Error> {
        self.steps += 1;
        if self.open.is_empty() {
            return Ok(());
        }
        self.alias_steps += 1;
        let ratio = f64::from(self.alias_steps) / f64::from(self.steps);
        if self.alias_steps > 100 && self.steps > 1000 && ratio > allowed_ratio(self.steps) {
            let message = "document contains excessive aliasing";
            return Err(tree.error(ErrorKind::Limit, message, id));
        }
        Ok(())
    }

    /// Begins to expand an alias.
    pub(crate) fn enter(&mut self, tree: &Tree<'_>, id: NodeId, name: &str) -> Result<(), Error> {
        if self.open.contains(&id) {
            let message = format!("anchor '{name}' value contains itself");
            return Err(tree.error(ErrorKind::Alias, message, id));
        }
        self.deeper(tree, id)?;
        self.open.push(id);
        Ok(())
    }

    /// Ends what [`Budget::enter`] began.
    pub(crate) fn leave(&mut self) {
        self.open.pop();
        self.shallower();
    }

    /// Counts the text of a scalar.
    pub(crate) fn copied(
        &mut self,
        tree: &Tree<'_>,
        id: NodeId,
        bytes: usize,
    ) -> Result<(), Error> {
        if !self.open.is_empty() {
            self.alias_bytes += bytes;
            if self.alias_bytes > ALIAS_BYTES_MAX {
                let message = format!("aliases expand to more than {ALIAS_BYTES_MAX} bytes");
                return Err(tree.error(ErrorKind::Limit, message, id));
            }
        }
        Ok(())
    }

    /// Enters a collection.
    pub(crate) fn deeper(&mut self, tree: &Tree<'_>, id: NodeId) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("exceeded max depth of {DEPTH_MAX}");
            return Err(tree.error(ErrorKind::Limit, message, id));
        }
        Ok(())
    }

    /// Leaves a collection.
    pub(crate) fn shallower(&mut self) {
        self.depth -= 1;
    }
}

fn allowed_ratio(steps: u32) -> f64 {
    if steps <= FEW_STEPS {
        0.99
    } else if steps >= MANY_STEPS {
        0.10
    } else {
        0.99 - 0.89 * f64::from(steps - FEW_STEPS) / f64::from(MANY_STEPS - FEW_STEPS)
    }
}
