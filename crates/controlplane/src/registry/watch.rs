//! Watching: the changes of a collection as they happen.

use std::collections::VecDeque;
use std::sync::Arc;

use value::selector::{FieldSelector, LabelSelector};

use super::list::{Selects, check_fields, parse_version};
use super::{Registry, Result, Target};
use crate::failure::Failure;
use crate::store::{Change, Event, NoState, Object, Subscription};

/// What to watch.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// Which labels objects must have.
    pub labels: LabelSelector,
    /// Which fields objects must have.
    pub fields: FieldSelector,
    /// The resource version after which to begin, as sent. Empty and `0` begin with the present
    /// objects.
    pub resource_version: String,
    /// Begin with the present objects whatever the version is; `None` lets the version decide.
    pub send_initial_events: Option<bool>,
    /// Mark the end of the present objects.
    pub bookmarks: bool,
}

/// What a watcher sees.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// An object is there, or has come into sight.
    Added(Arc<Object>, Option<Arc<Event>>),
    /// An object is another.
    Modified(Arc<Object>, Option<Arc<Event>>),
    /// An object is gone, or out of sight.
    Deleted(Arc<Object>, Option<Arc<Event>>),
    /// Everything up to this revision has been shown.
    Bookmark {
        /// The revision.
        revision: u64,
        /// True if this ends the present objects.
        initial_end: bool,
    },
}

/// A watch in progress.
#[derive(Debug)]
pub struct Watcher {
    registry: Registry,
    subscription: Subscription,
    present: VecDeque<Arc<Object>>,
    initial_end: Option<u64>,
    selects: Selects,
    seen: u64,
}

impl Registry {
    /// Begins to watch a collection.
    ///
    /// # Errors
    /// Fails if the options make no sense, or begin at a state that is gone (code 410).
    pub fn watch(&self, target: &Target, options: &WatchOptions) -> Result<Watcher> {
        check_fields(&target.kind, &options.fields)?;
        let from = parse_version(&options.resource_version)?;
        let initial = options.send_initial_events.unwrap_or(from == 0);
        let now = self.store.revision();
        // A watch may begin in the future: it waits there.
        let start = match (initial, from) {
            (true, _) => None,
            (false, 0) => Some(now),
            (false, from) => Some(from),
        };
        let prefix = if target.name.is_empty() {
            target.prefix()
        } else {
            target.key()
        };
        let mut subscription = self
            .store
            .subscribe(&target.table(), &prefix, start)
            .map_err(|e| match e {
                NoState::Expired => {
                    Failure::expired(format!("too old resource version: {from} ({now})"))
                }
                NoState::Ahead(now) => super::list::too_large(from, now),
            })?;
        let present = std::mem::take(&mut subscription.present).into();
        let seen = if initial { subscription.revision } else { from };
        let initial_end = (initial && options.bookmarks).then_some(subscription.revision);
        let mut fields = options.fields.clone();
        if !target.name.is_empty() {
            // Keys that only start alike are other objects.
            fields.requirements.push(value::selector::FieldRequirement {
                field: "metadata.name".to_owned(),
                value: target.name.clone(),
                negated: false,
            });
        }
        let selects = Selects::new(&target.kind, &options.labels, &fields);
        Ok(Watcher {
            registry: self.clone(),
            subscription,
            present,
            initial_end,
            selects,
            seen,
        })
    }
}

impl Watcher {
    /// Returns the revision up to which everything has been shown.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Returns the next event, or `None` when the watcher was too slow, or the disk
    /// refuses what comes next, and it must begin anew.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        while let Some(object) = self.present.pop_front() {
            if self.selects.matches(&object.value) {
                self.durable(object.revision).await?;
                return Some(WatchEvent::Added(object, None));
            }
        }
        if let Some(revision) = self.initial_end.take() {
            self.durable(revision).await?;
            return Some(WatchEvent::Bookmark {
                revision,
                initial_end: true,
            });
        }
        loop {
            let event = match self.subscription.missed.pop_front() {
                Some(event) => event,
                None => self.subscription.receiver.recv().await?,
            };
            if event.revision <= self.seen {
                continue;
            }
            self.durable(event.revision).await?;
            self.seen = event.revision;
            if let Some(event) = self.show(event) {
                return Some(event);
            }
        }
    }

    /// Waits until a revision is durable; `None` ends the watch, whose client begins anew and is told
    /// the reason then.
    async fn durable(&self, revision: u64) -> Option<()> {
        self.registry.store.durable(revision).await.ok()
    }

    fn show(&self, event: Arc<Event>) -> Option<WatchEvent> {
        let now = event.change != Change::Deleted && self.selects.matches(&event.object.value);
        let before = event
            .before
            .as_ref()
            .filter(|b| self.selects.matches(&b.value));
        let object = Arc::clone(&event.object);
        match (before, now) {
            (None, true) if self.selects.everything || event.before.is_none() => {
                Some(WatchEvent::Added(object, Some(event)))
            }
            (None, true) => Some(WatchEvent::Added(object, None)),
            (Some(_), true) => Some(WatchEvent::Modified(object, Some(event))),
            (Some(before), false) => {
                if event.change == Change::Deleted {
                    return Some(WatchEvent::Deleted(object, Some(event)));
                }
                // Out of sight: the watcher gets what it last saw, under the new revision.
                let last = Object::new(before.value.clone(), event.revision);
                Some(WatchEvent::Deleted(Arc::new(last), None))
            }
            (None, false) => None,
        }
    }
}
