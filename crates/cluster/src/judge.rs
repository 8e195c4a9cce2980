//! Whose word counts about the health of live objects.

use crate::live::LiveObject;
use crate::store::{Change, ChangeKind, Cluster, Store};
use health::Health;
use std::sync::{Arc, PoisonError};
use value::Value;

/// Returns an object's health, if it has one.
pub type Judge = Arc<dyn Fn(&Value) -> Option<Health> + Send + Sync>;

impl Cluster {
    /// Reads an object as this cluster's are read. `None` if it has no kind or no name.
    pub(crate) fn read_object(&self, value: &Value) -> Option<LiveObject> {
        let mut live = LiveObject::read(value, self.tracking())?;
        if let Some(judge) = self.judge() {
            live.health = judge(value);
        }
        Some(live)
    }

    fn judge(&self) -> Option<Judge> {
        let judge = self.judge.read();
        judge.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets somebody else than the built-in rules say how healthy objects are, those that are known
    /// already included. `None` leaves it to the rules.
    pub async fn set_judge(&self, judge: Option<Judge>) {
        *self.judge.write().unwrap_or_else(PoisonError::into_inner) = judge;
        for store in self.all_stores() {
            for change in self.judge_again(&store) {
                self.tell(change).await;
            }
        }
    }

    fn judge_again(&self, store: &Store) -> Vec<Change> {
        let judge = self.judge();
        let mut changes = Vec::new();
        for object in store.objects() {
            let value = object.value();
            let health = match &judge {
                Some(judge) => judge(&value),
                None => health::of(&value),
            };
            if health == object.health {
                continue;
            }
            let mut newer = object.as_ref().clone();
            newer.health = health;
            if !store.replace(&object, newer) {
                // It has changed meanwhile, and was judged anew then.
                continue;
            }
            changes.extend(self.app_of(&object).map(|app| Change {
                app: Some(app),
                key: object.key.clone(),
                kind: ChangeKind::Changed,
                resource_version: object.resource_version,
            }));
        }
        changes
    }
}
