//! Feeds: how changes reach those who watch.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Event, Object};

/// Changes that may wait for one watcher. One that lets more pile up is closed, and starts anew
/// from the history; the server's memory is worth more than its patience.
const WAITING_EVENTS_MAX: usize = 4_096;

/// The sending end of a subscription.
#[derive(Debug)]
pub(crate) struct Feed {
    prefix: String,
    sender: mpsc::Sender<Arc<Event>>,
}

impl Feed {
    /// Passes a change on. Returns false if the watcher is gone or too slow.
    pub(super) fn send(&self, event: &Arc<Event>) -> bool {
        if event.key().starts_with(&self.prefix) {
            self.sender.try_send(Arc::clone(event)).is_ok()
        } else {
            !self.sender.is_closed()
        }
    }
}

pub(super) fn feed(prefix: &str) -> (Feed, mpsc::Receiver<Arc<Event>>) {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS_MAX);
    (
        Feed {
            prefix: prefix.to_owned(),
            sender,
        },
        receiver,
    )
}

/// A watch in progress.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The revision at which it began.
    pub(crate) revision: u64,
    /// The objects that were there, if asked for.
    pub(crate) present: Vec<Arc<Object>>,
    /// Changes from the history.
    pub(crate) missed: VecDeque<Arc<Event>>,
    /// Changes as they happen.
    pub(crate) receiver: mpsc::Receiver<Arc<Event>>,
}

/// The lines that say a change on the wire, made once for all watchers of a format.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The line of whole objects as JSON.
    pub(crate) whole: OnceLock<Bytes>,
}
