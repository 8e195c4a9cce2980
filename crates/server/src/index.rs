//! The objects of all applications in a form that is quick to look through. An application is read
//! anew only when its resource has changed.

use crate::access::Desk;
use crate::board::Row;
use crate::wire;
use engine::ObjectKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use value::Value;

/// One object of an application.
pub(crate) struct Entry {
    pub(crate) key: ObjectKey,
    pub(crate) version: Box<str>,
    pub(crate) sync: Box<str>,
    pub(crate) health: Box<str>,
    pub(crate) message: Box<str>,
    /// What is looked through, in small letters.
    words: Box<str>,
}

impl Entry {
    fn of(app: &str, resource: &Value) -> Self {
        let text = |path: &[&str]| resource.str_at(path);
        let words = format!(
            "{app} {}/{} {} {}",
            text(&["kind"]),
            text(&["name"]),
            text(&["namespace"]),
            text(&["health", "message"]),
        );
        Self {
            key: wire::key_of(resource),
            version: text(&["version"]).into(),
            sync: text(&["status"]).into(),
            health: text(&["health", "status"]).into(),
            message: text(&["health", "message"]).into(),
            words: words.to_lowercase().into(),
        }
    }

    /// Returns true if it has every one of some words, given in small letters.
    pub(crate) fn has(&self, words: &str) -> bool {
        words.split(' ').all(|word| self.words.contains(word))
    }
}

/// The objects of one application, and the images that they run.
#[derive(Default)]
pub(crate) struct Objects {
    version: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) images: Vec<Box<str>>,
}

/// What is remembered of applications.
#[derive(Default)]
pub(crate) struct Index {
    apps: Mutex<HashMap<u32, Arc<Objects>>>,
}

impl Index {
    /// Returns the objects of applications, given by their rows.
    pub(crate) fn of(&self, desk: &Desk, rows: &[Arc<Row>]) -> Vec<Arc<Objects>> {
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        // Rows that are gone for good.
        if apps.len() > desk.board.count() * 2 + 1_000 {
            apps.clear();
        }
        let read = |row: &Arc<Row>| {
            let version = desk.version_of(row);
            if let Some(known) = apps.get(&row.id).filter(|o| o.version == version) {
                return Arc::clone(known);
            }
            let value = desk.value_of(row);
            let resources = value.array_at(&["status", "resources"]).iter();
            let images = value.array_at(&["status", "summary", "images"]).iter();
            let objects = Arc::new(Objects {
                version,
                entries: resources.map(|r| Entry::of(&row.name, r)).collect(),
                images: images.filter_map(|i| i.as_str().map(Into::into)).collect(),
            });
            apps.insert(row.id, Arc::clone(&objects));
            objects
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_order() {
        let resource = value::json!({
            "kind": "Deployment", "name": "Web", "namespace": "shop",
            "health": {"status": "Degraded", "message": "ImagePullBackOff web:broken"},
        });
        let entry = Entry::of("shop", &resource);
        assert!(entry.has("imagepull deployment/web"));
        assert!(entry.has(""));
        assert!(!entry.has("statefulset"));
    }
}
