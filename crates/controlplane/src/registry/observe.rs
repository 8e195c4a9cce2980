//! For parts of the control plane: every change of every kind, and writes that don't wait.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Registry;
use crate::store::{Event, Object, Observed};

/// A change of an object of any kind.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The group of the kind.
    pub group: String,
    /// The plural of the kind.
    pub plural: String,
    /// What changed.
    pub event: Arc<Event>,
}

/// The changes of every kind, in the order of their revisions.
#[derive(Debug)]
pub struct Changes {
    receiver: mpsc::UnboundedReceiver<Observed>,
}

impl Changes {
    /// Returns the next change, or `None` when the control plane has ended.
    pub async fn next(&mut self) -> Option<Observation> {
        self.receiver.recv().await.map(observation)
    }

    /// Returns the next change if it has happened already.
    pub fn try_next(&mut self) -> Option<Observation> {
        self.receiver.try_recv().ok().map(observation)
    }
}

fn observation(((group, plural), event): Observed) -> Observation {
    Observation {
        group,
        plural,
        event,
    }
}

/// An object and the group and plural of its kind.
pub type Present = (String, String, Arc<Object>);

impl Registry {
    /// Returns all objects, and every change from now on.
    ///
    /// This is for controllers in the same process, which must keep up: changes that they have not
    /// taken wait without limit, and are seen before they are durable.
    #[must_use]
    pub fn observe(&self) -> (Vec<Present>, Changes) {
        let (present, receiver) = self.store.observe();
        let present = present
            .into_iter()
            .map(|((group, plural), o)| (group, plural, o))
            .collect();
        (present, Changes { receiver })
    }
}
