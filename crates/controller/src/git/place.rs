//! Rendered objects to objects of an application: their place, their mark, and one of each name.

use super::job::Job;
use engine::{Desired, Directives, ObjectKey, Problem};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::Value;

impl Job {
    /// Gives objects their namespace and tracking id; of two of one name the last wins.
    pub(super) fn desired(
        &self,
        rendered: impl Iterator<Item = render::RenderedObject>,
        notes: &mut Vec<(String, String)>,
    ) -> Result<Vec<Desired>, Problem> {
        let mut objects: BTreeMap<ObjectKey, Desired> = BTreeMap::new();
        let mut repeated: BTreeMap<ObjectKey, (usize, String)> = BTreeMap::new();
        for object in rendered {
            let mut value = object.value;
            self.place(&mut value);
            let mut key = ObjectKey::of(&value);
            if self
                .installation
                .settings
                .kinds
                .excludes(&key.group, &key.kind)
            {
                let message = format!(
                    "Resource {}/{} {} is excluded in the settings",
                    key.group, key.kind, key.name
                );
                notes.push(("ExcludedResourceWarning".to_owned(), message));
                continue;
            }
            if key.name.is_empty() && value.str_at(&["metadata", "generateName"]).is_empty() {
                return Err(Problem {
                    kind: "ComparisonError",
                    message: format!("{}:{}: {} has no name", object.file, object.line, key.kind),
                    transient: false,
                });
            }
            self.tracking.mark(&self.app, &key, &mut value);
            if key.name.is_empty() {
                // Its name comes with the sync that makes it; until then the place sets it apart.
                let prefix = value.str_at(&["metadata", "generateName"]);
                key.name = format!("{prefix}{}", objects.len()).into();
            }
            // What is compared is what is applied: without what the server owns.
            let value = merge::drift::normalise(&value);
            let desired = Desired {
                api_version: value.str_at(&["apiVersion"]).into(),
                directives: Directives::of(&value),
                value: Arc::new(value),
                file: (&*object.file).into(),
                line: object.line,
                key: key.clone(),
            };
            if let Some(before) = objects.insert(key.clone(), desired) {
                let first = || (1, format!("{}:{}", before.file, before.line));
                repeated.entry(key).or_insert_with(first).0 += 1;
            }
        }
        for (key, (times, first)) in repeated {
            notes.push((
                "RepeatedResourceWarning".to_owned(),
                format!(
                    "Resource {}/{}/{}/{} appeared {times} times among application resources \
                     (first in {first}; the last wins).",
                    key.group, key.kind, key.namespace, key.name
                ),
            ));
        }
        // A hook that nothing ever runs, like Helm's tests, is left out.
        let runs = |d: &Directives| !d.is_hook || !d.hooks.is_empty() || !d.delete_hooks.is_empty();
        let wanted = |d: &Desired| runs(&d.directives);
        Ok(objects.into_values().filter(wanted).collect())
    }

    /// Puts an object into the destination's namespace if its kind lives in namespaces and it
    /// names none; takes the namespace off a cluster-scoped one.
    pub(super) fn place(&self, value: &mut Value) {
        let (group, version) = engine::split_api_version(value.str_at(&["apiVersion"]));
        let kind = value.str_at(&["kind"]);
        let resource = self
            .discovery
            .find(group, kind, version)
            .or_else(|| self.discovery.find(group, kind, ""));
        // An unknown kind is taken to live in a namespace: most do.
        let namespaced = resource.is_none_or(|r| r.namespaced);
        let named = !value.str_at(&["metadata", "namespace"]).is_empty();
        if !namespaced {
            value.remove_at(&["metadata", "namespace"]);
        } else if !named && !self.spec.destination.namespace.is_empty() {
            value.set_at(
                &["metadata", "namespace"],
                self.spec.destination.namespace.as_str(),
            );
        }
    }
}
