//! `ignoreDifferences`: fields whose differences don't count.
//!
//! A rule names objects and fields. The fields are taken off both sides before they are compared,
//! so that neither a value nor its absence counts.

use crate::object::ObjectKey;
use jq::Program;
use std::sync::Arc;
use value::glob::Glob;
use value::{Object, Value};

/// Rules about what is no difference, of an application and of the installation.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
    /// `ignoreAggregatedRoles`: the rules of an aggregated ClusterRole are the cluster's to write.
    aggregated_roles: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    group: Glob,
    kind: Glob,
    /// Empty is any.
    name: String,
    /// Empty is any.
    namespace: String,
    pointers: Vec<String>,
    /// What deletes the fields that a jq path finds.
    deletions: Vec<Arc<Program>>,
    managers: Vec<String>,
}

impl Rule {
    /// Reads a rule; what can't be understood is said in sentences.
    fn parse(raw: &Value, problems: &mut Vec<String>) -> Option<Self> {
        let text = |name: &str| raw.str_at(&[name]).to_owned();
        let list = |name: &str| -> Vec<String> {
            let items = raw.array_at(&[name]).iter();
            items
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        };
        let mut glob = |name: &str| match Glob::new(&text(name), &[]) {
            Ok(glob) => Some(glob),
            Err(error) => {
                problems.push(format!("{name} {:?}: {error}", text(name)));
                None
            }
        };
        let (group, kind) = (glob("group")?, glob("kind")?);
        let mut deletions = Vec::new();
        for path in list("jqPathExpressions") {
            match Program::deleting(&path) {
                Ok(program) => deletions.push(Arc::new(program)),
                Err(error) => problems.push(format!("jqPathExpressions {path:?}: {error}")),
            }
        }
        Some(Self {
            group,
            kind,
            name: text("name"),
            namespace: text("namespace"),
            pointers: list("jsonPointers"),
            deletions,
            managers: list("managedFieldsManagers"),
        })
    }

    fn is_about(&self, key: &ObjectKey) -> bool {
        self.group.matches(&key.group)
            && self.kind.matches(&key.kind)
            && (self.name.is_empty() || *self.name == *key.name)
            && (self.namespace.is_empty() || *self.namespace == *key.namespace)
    }
}

impl Ignore {
    /// Reads rules as `ignoreDifferences` lists them; what can't be understood is said in sentences
    /// and has no effect.
    pub fn parse(rules: &[Value], problems: &mut Vec<String>) -> Self {
        let rules = rules.iter().enumerate().filter_map(|(i, raw)| {
            let mut found = Vec::new();
            let rule = Rule::parse(raw, &mut found);
            let place = |problem| format!("ignoreDifferences[{i}].{problem}");
            problems.extend(found.into_iter().map(place));
            rule
        });
        Self {
            rules: rules.collect(),
            aggregated_roles: false,
        }
    }

    /// Leaves the rules of aggregated ClusterRoles to the cluster.
    #[must_use]
    pub fn with_aggregated_roles(mut self, yes: bool) -> Self {
        self.aggregated_roles = yes;
        self
    }

    /// Returns these rules and the installation's.
    #[must_use]
    pub fn and(mut self, system: &Self) -> Self {
        self.rules.extend(system.rules.iter().cloned());
        self.aggregated_roles |= system.aggregated_roles;
        self
    }

    /// Returns what is ignored of an object, if anything is.
    #[must_use]
    pub fn of(&self, key: &ObjectKey) -> Option<Ignored<'_>> {
        let aggregated_roles = self.aggregated_roles
            && &*key.kind == "ClusterRole"
            && &*key.group == "rbac.authorization.k8s.io";
        let rules: Vec<&Rule> = self.rules.iter().filter(|r| r.is_about(key)).collect();
        let any = aggregated_roles || !rules.is_empty();
        any.then_some(Ignored {
            rules,
            aggregated_roles,
        })
    }
}

/// What is ignored of one object.
#[derive(Debug)]
pub struct Ignored<'a> {
    rules: Vec<&'a Rule>,
    aggregated_roles: bool,
}

impl Ignored<'_> {
    /// Returns an object without what is ignored of it.
    #[must_use]
    pub fn strip(&self, object: &Value) -> Value {
        let mut it = object.clone();
        for rule in &self.rules {
            for pointer in &rule.pointers {
                it.remove_pointer(pointer);
            }
            for deletion in &rule.deletions {
                // One that fails on this object has no effect on it, as in Argo CD.
                if let Ok([left]) = deletion.run(&it).as_deref() {
                    it = left.clone();
                }
            }
        }
        if self.aggregated_roles && it.get("aggregationRule").is_some() {
            it.remove_at(&["rules"]);
        }
        it
    }

    /// Returns true if what a field manager does is no difference.
    #[must_use]
    pub fn trusts(&self, manager: &str) -> bool {
        let mut managers = self.rules.iter().flat_map(|r| &r.managers);
        managers.any(|m| m == manager)
    }

    /// Returns true if there are managers whose fields are ignored.
    #[must_use]
    pub fn has_managers(&self) -> bool {
        self.rules.iter().any(|r| !r.managers.is_empty())
    }

    /// Returns what is to be applied so that the ignored fields stay as they are in the cluster
    /// (`RespectIgnoreDifferences=true`).
    #[must_use]
    pub fn respect(&self, desired: &Value, live: &Value) -> Value {
        graft(desired, &self.strip(desired), live, &self.strip(live))
    }
}

/// Members that nobody applies, whoever ignores them.
const SERVERS_OWN: &[&str] = &["status", "managedFields"];

/// Returns `desired` with what was taken off `live` in place of what was taken off `desired`.
fn graft(desired: &Value, desired_left: &Value, live: &Value, live_left: &Value) -> Value {
    match (desired, desired_left, live, live_left) {
        (Value::Object(d), Value::Object(dl), Value::Object(l), Value::Object(ll)) => {
            let mut out = Object::new();
            for (name, value) in d.iter() {
                let name = name.as_str();
                match (dl.get(name), l.get(name), ll.get(name)) {
                    // Ignored as a whole: the cluster's, if it has it.
                    (None, live, _) => {
                        if let Some(live) = live {
                            out.insert(name, live.clone());
                        }
                    }
                    (Some(left), Some(live), Some(live_left)) => {
                        out.insert(name, graft(value, left, live, live_left));
                    }
                    (Some(_), Some(live), None) => {
                        out.insert(name, live.clone());
                    }
                    (Some(left), None, _) => {
                        out.insert(name, left.clone());
                    }
                }
            }
            // What was applied once and is ignored now must not go.
            let ignored = |name: &str| !d.contains_key(name) && !ll.contains_key(name);
            for (name, value) in l.iter() {
                if ignored(name.as_str()) && !SERVERS_OWN.contains(&name.as_str()) {
                    out.insert(name.as_str(), value.clone());
                }
            }
            Value::Object(out)
        }
        (Value::Array(d), Value::Array(dl), Value::Array(l), Value::Array(ll))
            if d.len() == dl.len() && l.len() == ll.len() =>
        {
            let items = d
                .iter()
                .zip(dl.iter())
                .enumerate()
                .map(|(i, (item, left))| match counterpart(item, i, l) {
                    Some(at) => graft(item, left, &l[at], &ll[at]),
                    None => left.clone(),
                });
            items.collect()
        }
        // Items were taken out of the list: it stays as it is in the cluster.
        (Value::Array(d), Value::Array(dl), Value::Array(_), Value::Array(ll))
            if d.len() != dl.len() && dl == ll =>
        {
            live.clone()
        }
        _ => desired_left.clone(),
    }
}

/// Returns the place of the item of `live` that is the same thing as `item`: of the same name, or at
/// the same place if the items have no names.
fn counterpart(item: &Value, place: usize, live: &[Value]) -> Option<usize> {
    match item.str_at(&["name"]) {
        "" => (place < live.len()).then_some(place),
        name => live
            .iter()
            .position(|other| other.str_at(&["name"]) == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    fn deployment() -> ObjectKey {
        ObjectKey::new("apps", "Deployment", "ns", "web")
    }

    fn of_rule(rule: Value) -> Ignore {
        let mut problems = Vec::new();
        let it = Ignore::parse(&[rule], &mut problems);
        assert_eq!(problems, Vec::<String>::new());
        it
    }

    #[test]
    fn rules_name_objects_by_globs_and_exact_names() {
        for (rule, is_about) in [
            (json!({"group": "apps", "kind": "Deployment"}), true),
            (json!({"group": "*", "kind": "*"}), true),
            (json!({"group": "app*", "kind": "Deploy{ment,ments}"}), true),
            (json!({"kind": "Deployment"}), false),
            (
                json!({"group": "apps", "kind": "Deployment", "name": "web"}),
                true,
            ),
            (
                json!({"group": "apps", "kind": "Deployment", "name": "we*"}),
                false,
            ),
            (
                json!({"group": "apps", "kind": "Deployment", "namespace": "other"}),
                false,
            ),
        ] {
            let got = of_rule(rule.clone()).of(&deployment()).is_some();
            assert_eq!(got, is_about, "{}", rule.to_json());
        }
    }

    #[test]
    fn ignored_fields_are_taken_off_and_what_is_not_there_is_no_matter() {
        let rule = json!({"group": "apps", "kind": "Deployment", "jsonPointers": [
            "/spec/replicas", "/metadata/annotations/a~1b", "/spec/list/1", "/spec/nothing/here",
        ]});
        let ignore = of_rule(rule);
        let it = ignore.of(&deployment()).unwrap();
        let object = json!({
            "metadata": {"annotations": {"a/b": "1", "c": "2"}},
            "spec": {"replicas": 3, "list": [1, 2, 3], "x": 1},
        });
        let want = json!({
            "metadata": {"annotations": {"c": "2"}},
            "spec": {"list": [1, 3], "x": 1},
        });
        assert_eq!(it.strip(&object), want);
    }

    #[test]
    fn jq_paths_delete_what_they_find_and_broken_ones_are_said() {
        let rule = json!({"group": "apps", "kind": "Deployment", "jqPathExpressions": [
            ".spec.containers[] | select(.name == \"b\") | .image", ".spec.x.y?", ".spec.replicas[]",
        ]});
        let ignore = of_rule(rule);
        let it = ignore.of(&deployment()).unwrap();
        let object = json!({"spec": {"replicas": 1, "containers": [
            {"name": "a", "image": "a"}, {"name": "b", "image": "b"},
        ]}});
        let want = json!({"spec": {"replicas": 1, "containers": [
            {"name": "a", "image": "a"}, {"name": "b"},
        ]}});
        assert_eq!(it.strip(&object), want);
        let live = json!({"spec": {"replicas": 1, "containers": [
            {"name": "b", "image": "live"}, {"name": "a", "image": "live"},
        ]}});
        let respected = it.respect(&object, &live);
        assert_eq!(
            respected.to_json(),
            r#"{"spec":{"containers":[{"image":"a","name":"a"},{"image":"live","name":"b"}],"replicas":1}}"#
        );
        let mut problems = Vec::new();
        let broken = json!({"kind": "X", "jqPathExpressions": [".a |"]});
        Ignore::parse(&[broken], &mut problems);
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    #[test]
    fn respecting_keeps_what_the_cluster_has() {
        let rule = json!({"group": "*", "kind": "*", "jsonPointers": [
            "/spec/replicas", "/spec/gone", "/spec/containers/0/image",
        ]});
        let ignore = of_rule(rule);
        let it = ignore.of(&deployment()).unwrap();
        let desired = json!({"spec": {
            "replicas": 1, "gone": 1, "new": 2,
            "containers": [{"name": "a", "image": "a:1", "env": 2}, {"name": "b", "image": "b:2"}],
        }});
        let live = json!({"status": {}, "spec": {
            "replicas": 5, "new": 1, "extra": true,
            "containers": [{"name": "a", "image": "a:9", "env": 1}, {"name": "b", "image": "b:1"}],
        }});
        let want = json!({"spec": {
            "replicas": 5, "new": 2,
            "containers": [{"name": "a", "image": "a:9", "env": 2}, {"name": "b", "image": "b:2"}],
        }});
        assert_eq!(it.respect(&desired, &live), want);
    }

    #[test]
    fn aggregated_roles_belong_to_the_cluster() {
        let ignore = Ignore::default().with_aggregated_roles(true);
        let key = ObjectKey::new("rbac.authorization.k8s.io", "ClusterRole", "", "x");
        let it = ignore.of(&key).unwrap();
        let role = json!({"aggregationRule": {}, "rules": [1]});
        assert_eq!(it.strip(&role), json!({"aggregationRule": {}}));
        assert_eq!(it.strip(&json!({"rules": [1]})), json!({"rules": [1]}));
        assert!(ignore.of(&deployment()).is_none());
    }
}
