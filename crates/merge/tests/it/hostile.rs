//! Whatever a client sends, the answer is a result.

use merge::drift::{Desired, Options};
use merge::managed::{self, Entries, KindVersions, Request};
use merge::{Duplicates, Force, Set, TypeId, Typed, Updater, builtin, strategic_merge_patch};
use proptest::prelude::*;
use value::{Value, json};

/// Names that mean something somewhere, so that the interesting places are reached.
const NAMES: [&str; 22] = [
    "metadata",
    "labels",
    "finalizers",
    "managedFields",
    "manager",
    "operation",
    "apiVersion",
    "fieldsType",
    "fieldsV1",
    "f:spec",
    "k:{\"name\":\"a\"}",
    "v:1",
    "i:x",
    ".",
    "spec",
    "containers",
    "name",
    "env",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
];

fn anything() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec!["a", "Apply", "Update", "v1", "FieldsV1", "delete"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        let names = prop::sample::select(NAMES.to_vec());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A pod with anything in it.
fn pod() -> impl Strategy<Value = Value> {
    (anything(), anything()).prop_map(|(metadata, spec)| {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod"});
        pod.set_at(&["metadata"], metadata);
        pod.set_at(&["spec"], spec);
        pod
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_panics(live in pod(), sent in pod(), patch in anything()) {
        let schema = builtin();
        let of = schema.type_of("v1", "Pod").expect("a built-in kind");
        let _ = Set::from_fields_v1(&patch);
        let _ = Entries::read(&patch);
        for of in [of, TypeId::DEDUCED, TypeId::ATOMIC] {
            let typed = Typed::new(schema, of, &live);
            let _ = typed.validate(Duplicates::Allow);
            let set = typed.field_set().unwrap_or_default();
            let _ = typed.compare(&sent);
            let _ = typed.merge(&sent);
            let _ = typed.remove(&set);
            let _ = typed.extract(&set);
            let _ = set.reconciled(schema, of);
            let _ = strategic_merge_patch(schema, of, live.clone(), &patch);
            if let Ok(desired) = Desired::prepare(schema, of, &sent) {
                let _ = desired.verdict(schema, &live, &Options::default());
            }
        }
        let versions = KindVersions { schema, kind: "Pod", ignored: None };
        let updater = Updater { schema, versions: &versions };
        let request = Request {
            manager: "m",
            api_version: "v1",
            kind: "Pod",
            subresource: "",
            now: "2026-01-01T00:00:00Z",
        };
        let _ = managed::apply(&updater, Some(&live), &sent, &request, Force::Yes);
        let updated = managed::update(&updater, Some(&live), sent, &request);
        let _ = managed::keep_times_if_unchanged(&live, updated);
    }
}
