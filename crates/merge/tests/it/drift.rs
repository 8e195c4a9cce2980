//! Verdicts: row by row, and against what an apply really does.

use merge::drift::{Desired, DriftKind, Options, Reason, Verdict};
use merge::managed::{self, KindVersions, Request};
use merge::{Force, Schema, Typed, Updater, builtin};
use proptest::prelude::*;
use value::{Value, json};

const ME: &str = "windlass";

fn request<'a>(object: &'a Value, manager: &'a str, now: &'a str) -> Request<'a> {
    Request {
        manager,
        api_version: object.str_at(&["apiVersion"]),
        kind: object.str_at(&["kind"]),
        subresource: "",
        now,
    }
}

fn apply(schema: &Schema, live: Option<&Value>, object: &Value, manager: &str, now: &str) -> Value {
    let kind = object.str_at(&["kind"]);
    let versions = KindVersions {
        schema,
        kind,
        ignored: None,
    };
    let updater = Updater {
        schema,
        versions: &versions,
    };
    let request = request(object, manager, now);
    let new = managed::apply(&updater, live, object, &request, Force::Yes).expect("a valid object");
    match live {
        Some(live) => managed::keep_times_if_unchanged(live, new),
        None => new,
    }
}

fn update(schema: &Schema, live: &Value, object: &Value, manager: &str, now: &str) -> Value {
    let kind = object.str_at(&["kind"]);
    let versions = KindVersions {
        schema,
        kind,
        ignored: None,
    };
    let updater = Updater {
        schema,
        versions: &versions,
    };
    let request = request(object, manager, now);
    let new = managed::update(&updater, Some(live), object.clone(), &request);
    managed::keep_times_if_unchanged(live, new)
}

fn prepare(schema: &Schema, object: &Value) -> Desired {
    let of = schema
        .type_of(object.str_at(&["apiVersion"]), object.str_at(&["kind"]))
        .expect("a known kind");
    Desired::prepare(schema, of, object).expect("a valid object")
}

/// Returns the verdict about a built-in object that was applied, changed by the server, and then
/// perhaps by `by`.
fn after(git: &Value, change: impl FnOnce(&mut Value), by: Option<&str>) -> Verdict {
    let schema = builtin();
    let desired = prepare(schema, git);
    let stored = apply(schema, None, desired.value(), ME, "2026-01-01T00:00:00Z");
    let mut live = stored.clone();
    change(&mut live);
    if let Some(manager) = by {
        live = update(schema, &stored, &live, manager, "2026-01-02T00:00:00Z");
    }
    desired.verdict(schema, &live, &Options::default())
}

fn pod(spec: &Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    for (name, value) in spec.as_object().cloned().unwrap_or_default() {
        pod.set_at(&["spec", name.as_str()], value);
    }
    pod
}

fn container(member: &str, value: Value) -> Value {
    let mut container = json!({"name": "c", "image": "i"});
    container.set_at(&[member], value);
    pod(&json!({"containers": [container]}))
}

fn set_in_container<'a>(path: &'a [&'a str], value: Value) -> impl FnOnce(&mut Value) + 'a {
    move |live: &mut Value| {
        let container = live.pointer_mut("/spec/containers/0").expect("a container");
        container.set_at(path, value);
    }
}

fn kinds(verdict: &Verdict) -> Vec<(&str, DriftKind)> {
    match verdict {
        Verdict::Drift { fields } | Verdict::Unknown { fields, .. } => {
            fields.iter().map(|f| (f.path.as_str(), f.kind)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn quantities_are_compared_by_value() {
    let limits = |cpu: Value| container("resources", json!({"limits": {"cpu": cpu}}));
    let path = ["resources", "limits", "cpu"];
    for (git, live) in [
        (json!("1000m"), "1"),
        (json!("0.5"), "500m"),
        (json!(1), "1"),
        (json!("1024Mi"), "1Gi"),
    ] {
        let verdict = after(&limits(git), set_in_container(&path, json!(live)), None);
        assert_eq!(verdict, Verdict::InSync, "{live}");
    }
    let verdict = after(
        &limits(json!("1")),
        set_in_container(&path, json!("2")),
        None,
    );
    let changed = r#".spec.containers[name="c"].resources.limits.cpu"#;
    assert_eq!(kinds(&verdict), [(changed, DriftKind::Changed)]);
}

#[test]
fn int_or_string_is_strict() {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80, "targetPort": 80}]},
    });
    let target = |live: &mut Value| {
        let port = live.pointer_mut("/spec/ports/0").expect("a port");
        port.set_at(&["targetPort"], "80");
    };
    let verdict = after(&service, target, None);
    let path = r#".spec.ports[port=80,protocol="TCP"].targetPort"#;
    assert_eq!(kinds(&verdict), [(path, DriftKind::Changed)]);
}

#[test]
fn bytes_are_compared_decoded_and_string_data_is_data() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "stringData": {"a": "hello"}, "data": {"b": "aGVs\nbG8="},
    });
    let canonical =
        |live: &mut Value| live.set_at(&["data"], json!({"a": "aGVsbG8=", "b": "aGVsbG8="}));
    assert_eq!(after(&secret, canonical, None), Verdict::InSync);
    let other = |live: &mut Value| live.set_at(&["data", "a"], "d29ybGQ=");
    assert_eq!(
        kinds(&after(&secret, other, None)),
        [(".data.a", DriftKind::Changed)]
    );
}

#[test]
fn times_are_compared_to_their_precision() {
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"},
        "spec": {"renewTime": "2026-01-01T00:00:00+00:00"},
    });
    let canonical =
        |live: &mut Value| live.set_at(&["spec", "renewTime"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(after(&lease, canonical, None), Verdict::InSync);
    let other =
        |live: &mut Value| live.set_at(&["spec", "renewTime"], "2026-01-01T00:00:00.000001Z");
    assert_eq!(
        kinds(&after(&lease, other, None)),
        [(".spec.renewTime", DriftKind::Changed)]
    );
}

#[test]
fn numbers_are_compared_by_value() {
    let verdict = after(
        &pod(&json!({"terminationGracePeriodSeconds": 5})),
        |live| {
            live.set_at(&["spec", "terminationGracePeriodSeconds"], 5.0);
        },
        None,
    );
    assert_eq!(verdict, Verdict::InSync);
}

/// Removes all of the spec but its containers.
fn only_containers(live: &mut Value) {
    let spec = live.get_mut("spec").and_then(Value::as_object_mut);
    let spec = spec.expect("a spec");
    spec.retain(|name, _| name.as_str() == "containers");
}

#[test]
fn empty_lists_and_maps_vanish() {
    for (name, empty) in [("nodeSelector", json!({})), ("tolerations", json!([]))] {
        let git = pod(&json!({name: empty}));
        assert_eq!(
            after(&git, only_containers, None),
            Verdict::InSync,
            "{name}"
        );
    }
}

#[test]
fn empty_values_that_are_absent_are_not_proof() {
    for (name, empty) in [
        ("securityContext", json!({})),
        ("hostname", json!("")),
        ("priority", json!(0)),
        ("hostIPC", json!(false)),
    ] {
        let git = pod(&json!({name: empty}));
        let verdict = after(&git, only_containers, None);
        let reason = Reason::Defaulting;
        assert!(
            matches!(&verdict, Verdict::Unknown { reason: r, fields } if *r == reason
                && fields[0].kind == DriftKind::Soft),
            "{name}: {verdict:?}"
        );
    }
}

#[test]
fn null_is_satisfied_by_absence() {
    let git = pod(&json!({"hostname": null}));
    let remove = |live: &mut Value| {
        live.remove_at(&["spec", "hostname"]);
    };
    assert_eq!(after(&git, remove, None), Verdict::InSync);
    let set = |live: &mut Value| live.set_at(&["spec", "hostname"], "h");
    assert_eq!(
        kinds(&after(&git, set, None)),
        [(".spec.hostname", DriftKind::Soft)]
    );
}

#[test]
fn defaults_inside_of_atomic_values_are_known_or_asked() {
    let git = container(
        "env",
        json!([{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]),
    );
    let reference = |extra: &'static str, value: &'static str| {
        move |live: &mut Value| {
            let env = live.pointer_mut("/spec/containers/0/env/0").expect("env");
            env.set_at(&["valueFrom", "fieldRef", extra], value);
        }
    };
    assert_eq!(
        after(&git, reference("apiVersion", "v1"), None),
        Verdict::InSync
    );
    let verdict = after(&git, reference("apiVersion", "v2"), None);
    assert!(
        matches!(
            verdict,
            Verdict::Unknown {
                reason: Reason::Defaulting,
                ..
            }
        ),
        "{verdict:?}"
    );
    let verdict = after(&git, reference("fieldPath", "y"), None);
    let path = r#".spec.containers[name="c"].env[name="A"].valueFrom.fieldRef"#;
    assert_eq!(kinds(&verdict), [(path, DriftKind::Changed)]);
}

#[test]
fn enums_and_addresses_are_exact() {
    let git = pod(&json!({"restartPolicy": "Always"}));
    let set = |live: &mut Value| live.set_at(&["spec", "restartPolicy"], "Never");
    assert_eq!(
        kinds(&after(&git, set, None)),
        [(".spec.restartPolicy", DriftKind::Changed)]
    );
}

#[test]
fn what_others_added_is_not_drift() {
    let add = |live: &mut Value| {
        live.set_at(&["metadata", "labels", "injected"], "yes");
        live.set_at(&["spec", "nodeName"], "n1");
        let containers = live
            .pointer_mut("/spec/containers")
            .and_then(Value::as_array_mut);
        containers
            .expect("containers")
            .push(json!({"name": "sidecar", "image": "s"}));
    };
    assert_eq!(
        after(&pod(&json!({})), add, Some("injector")),
        Verdict::InSync
    );
}

#[test]
fn who_changed_a_field_is_told() {
    let git = container("command", json!(["a"]));
    let verdict = after(
        &git,
        set_in_container(&["image"], json!("evil")),
        Some("kubectl-edit"),
    );
    let Verdict::Drift { fields } = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].pointer, "/spec/containers/0/image");
    assert_eq!(fields[0].path, r#".spec.containers[name="c"].image"#);
    assert_eq!(fields[0].desired, Some(json!("i")));
    assert_eq!(fields[0].live, Some(json!("evil")));
    let owner = &fields[0].owners[0];
    assert_eq!(
        (owner.manager.as_str(), owner.certain),
        ("kubectl-edit", true)
    );
    assert_eq!(owner.time, "2026-01-02T00:00:00Z");
}

#[test]
fn who_may_have_removed_a_field_is_told() {
    let git = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"},
    });
    let remove = |live: &mut Value| {
        live.remove_at(&["data", "a"]);
        live.set_at(&["data", "z"], "9");
    };
    let verdict = after(&git, remove, Some("kubectl-edit"));
    let Verdict::Drift { fields } = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        (fields[0].path.as_str(), fields[0].kind),
        (".data.a", DriftKind::Missing)
    );
    let owner = &fields[0].owners[0];
    assert_eq!(
        (owner.manager.as_str(), owner.certain),
        ("kubectl-edit", false)
    );
}

#[test]
fn what_git_gave_up_is_to_be_removed_unless_others_own_it() {
    let schema = builtin();
    let object = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data});
    let (before, now) = (
        object(json!({"a": "1", "b": "2", "c": "3"})),
        object(json!({"a": "1"})),
    );
    let live = apply(schema, None, &before, ME, "2026-01-01T00:00:00Z");
    let live = apply(
        schema,
        Some(&live),
        &object(json!({"b": "2"})),
        "other",
        "2026-01-01T00:00:01Z",
    );
    let verdict = prepare(schema, &now).verdict(schema, &live, &Options::default());
    assert_eq!(kinds(&verdict), [(".data.c", DriftKind::ToRemove)]);
    let shared = object(json!({"a": "1", "c": "3"}));
    let verdict = prepare(schema, &shared).verdict(schema, &live, &Options::default());
    assert_eq!(verdict, Verdict::OwnershipOnly);
}

#[test]
fn the_order_of_shared_items_counts() {
    let git = pod(&json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}));
    let order = |names: &'static [&'static str]| {
        move |live: &mut Value| {
            let list: Value = names.iter().map(|n| json!({"name": *n})).collect();
            live.set_at(&["spec", "containers"], list);
        }
    };
    assert_eq!(
        after(&git, order(&["x", "a", "b", "y", "c"]), None),
        Verdict::InSync
    );
    let verdict = after(&git, order(&["b", "a", "c"]), None);
    assert_eq!(kinds(&verdict), [(".spec.containers", DriftKind::Order)]);
}

#[test]
fn what_can_not_be_compared_is_unknown() {
    let reason = |change: fn(&mut Value)| match after(&pod(&json!({})), change, None) {
        Verdict::Unknown { reason, .. } => Some(reason),
        _ => None,
    };
    assert_eq!(
        reason(|live| live.set_at(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z")),
        Some(Reason::Deleting)
    );
    assert_eq!(
        reason(|live| live.set_at(&["apiVersion"], "v2")),
        Some(Reason::Version)
    );
    assert_eq!(
        reason(|live| live.set_at(
            &["spec", "containers"],
            json!([{"name": "c"}, {"name": "c"}])
        )),
        Some(Reason::LiveType)
    );
}

#[test]
fn an_object_of_someone_else_is_ours_to_take() {
    let schema = builtin();
    let git = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}});
    let live = apply(schema, None, &git, "other", "2026-01-01T00:00:00Z");
    let verdict = prepare(schema, &git).verdict(schema, &live, &Options::default());
    assert_eq!(verdict, Verdict::OwnershipOnly);
}

#[test]
fn custom_resources_are_exact_whatever_their_group() {
    let crd = json!({"spec": {
        "group": "gateway.networking.k8s.io", "names": {"kind": "Gateway"},
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {
            "type": "object",
            "properties": {"spec": {"type": "object", "properties": {
                "addresses": {"type": "array", "items": {"type": "string"}},
                "memory": {"type": "string"},
            }}},
        }}}],
    }});
    let schema = Schema::from_crd(&crd).expect("a valid definition");
    let gateway = |spec: Value| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "g"}, "spec": spec,
        })
    };
    let desired = prepare(
        &schema,
        &gateway(json!({"addresses": [], "memory": "1024Mi"})),
    );
    let live = gateway(json!({"memory": "1Gi"}));
    let verdict = desired.verdict(&schema, &live, &Options::default());
    assert_eq!(
        kinds(&verdict),
        [
            (".spec.addresses", DriftKind::Missing),
            (".spec.memory", DriftKind::Changed)
        ]
    );
}

/// A kind with every sort of field.
fn zoo() -> Schema {
    let crd = json!({"spec": {
        "group": "example.com", "names": {"kind": "Zoo"},
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {
            "type": "object",
            "properties": {
                "scalar": {"type": "integer"},
                "plain": {"type": "object", "additionalProperties": {"type": "string"}},
                "atom": {"type": "object", "additionalProperties": {"type": "integer"}, "x-kubernetes-map-type": "atomic"},
                "list": {"type": "array", "items": {"type": "integer"}},
                "set": {"type": "array", "items": {"type": "integer"}, "x-kubernetes-list-type": "set"},
                "items": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "properties": {
                        "name": {"type": "string"}, "n": {"type": "integer"},
                        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    }},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            },
        }}}],
    }});
    Schema::from_crd(&crd).expect("a valid definition")
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn unique(values: Vec<i64>) -> Value {
    let mut seen: Vec<i64> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.into_iter().map(Value::from).collect()
}

fn animal() -> impl Strategy<Value = Value> {
    let small = 0..3i64;
    let map = |values| prop::collection::btree_map(text(), values, 0..3);
    let item = (
        text(),
        prop::option::of(small.clone()),
        prop::option::of(prop::collection::btree_set(text(), 0..3)),
    );
    let items = prop::collection::vec(item, 0..4).prop_map(|items| {
        let mut out: Vec<Value> = Vec::new();
        for (name, n, tags) in items {
            if out.iter().any(|item| item.str_at(&["name"]) == name) {
                continue;
            }
            let mut item = json!({"name": name});
            if let Some(n) = n {
                item.set_at(&["n"], n);
            }
            if let Some(tags) = tags {
                item.set_at(&["tags"], Value::from_iter(tags));
            }
            out.push(item);
        }
        Value::from(out)
    });
    let free = prop::collection::btree_map(
        text(),
        prop::collection::btree_map(text(), small.clone(), 0..2),
        0..3,
    );
    (
        prop::option::of(small.clone()),
        prop::option::of(map(0..3i64)),
        prop::option::of(map(0..3i64)),
        prop::option::of(prop::collection::vec(small.clone(), 0..3)),
        prop::option::of(prop::collection::vec(small, 0..4)),
        prop::option::of(items),
        prop::option::of(free),
    )
        .prop_map(|(scalar, plain, atom, list, set, items, free)| {
            let mut zoo =
                json!({"apiVersion": "example.com/v1", "kind": "Zoo", "metadata": {"name": "z"}});
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    zoo.set_at(&[name], value);
                }
            };
            put("scalar", scalar.map(Value::from));
            put(
                "plain",
                plain.map(|m| {
                    Value::Object(m.into_iter().map(|(k, v)| (k, v.to_string())).collect())
                }),
            );
            put("atom", atom.map(|m| Value::Object(m.into_iter().collect())));
            put("list", list.map(Value::from));
            put("set", set.map(unique));
            put("items", items);
            put(
                "free",
                free.map(|m| {
                    Value::Object(
                        m.into_iter()
                            .map(|(k, v)| (k, Value::Object(v.into_iter().collect())))
                            .collect(),
                    )
                }),
            );
            zoo
        })
}

fn without_entries(object: &Value) -> Value {
    let mut object = object.clone();
    object.remove_at(&["metadata", "managedFields"]);
    object
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// What was just applied is in sync. It may take two: where the first one prunes the last item,
    /// it leaves nothing at all, and an empty list is still wanted.
    #[test]
    fn applying_ends_in_sync(first in animal(), other in animal(), git in animal()) {
        let schema = zoo();
        let live = apply(&schema, None, &first, ME, "2026-01-01T00:00:00Z");
        let live = apply(&schema, Some(&live), &other, "other", "2026-01-01T00:00:01Z");
        let desired = prepare(&schema, &git);
        let live = apply(&schema, Some(&live), desired.value(), ME, "2026-01-01T00:00:02Z");
        let live = apply(&schema, Some(&live), desired.value(), ME, "2026-01-01T00:00:03Z");
        prop_assert_eq!(desired.verdict(&schema, &live, &Options::default()), Verdict::InSync);
    }

    /// A verdict says what an apply does: nothing, only to the entries, or to the object.
    #[test]
    fn verdicts_foretell_applies(first in animal(), edited in animal(), git in animal(), edit in any::<bool>()) {
        let schema = zoo();
        let mut live = apply(&schema, None, &first, ME, "2026-01-01T00:00:00Z");
        if edit {
            live = update(&schema, &live, &edited, "someone", "2026-01-01T00:00:01Z");
        }
        let desired = prepare(&schema, &git);
        let verdict = desired.verdict(&schema, &live, &Options::default());
        let new = apply(&schema, Some(&live), desired.value(), ME, "2026-01-01T00:00:02Z");
        let same_object = without_entries(&live).equivalent(&without_entries(&new));
        match &verdict {
            Verdict::InSync => prop_assert_eq!(&live, &new),
            Verdict::OwnershipOnly => prop_assert!(same_object && live != new, "{} {}", live, new),
            Verdict::Drift { .. } => prop_assert!(!same_object, "{:?} {} {}", verdict, live, new),
            Verdict::Unknown { .. } => prop_assert!(false, "{:?}", verdict),
        }
    }

    /// Sets, comparison, merge and extraction keep their laws.
    #[test]
    fn the_algebra_holds(a in animal(), b in animal()) {
        let schema = zoo();
        let of = schema.type_of("example.com/v1", "Zoo").expect("its kind");
        let typed = |value| Typed::new(&schema, of, value);
        let changes = typed(&a).compare(&b).expect("valid");
        let back = typed(&b).compare(&a).expect("valid");
        prop_assert!(typed(&a).compare(&a).expect("valid").is_empty());
        prop_assert_eq!(&changes.added, &back.removed);
        prop_assert_eq!(&changes.modified, &back.modified);
        prop_assert_eq!(changes.is_empty(), a == b);
        let (sa, sb) = (typed(&a).field_set().expect("valid"), typed(&b).field_set().expect("valid"));
        prop_assert_eq!(merge::Set::from_fields_v1(&sa.to_fields_v1()), Ok(sa.clone()));
        prop_assert_eq!(sa.union(&sb), sb.union(&sa));
        prop_assert_eq!(sa.intersection(&sb), sb.intersection(&sa));
        prop_assert_eq!(&sa.difference(&sb).union(&sa.intersection(&sb)), &sa);
        prop_assert!(sa.difference(&sb).intersection(&sb).is_empty());
        prop_assert!(sa.recursive_difference(&sa).is_empty());
        prop_assert_eq!(sa.len(), sa.paths().len());
        prop_assert_eq!(&sa.paths().into_iter().collect::<merge::Set>(), &sa);
        prop_assert!(sa.paths().iter().all(|p| sa.union(&sb).has(p)));
        prop_assert_eq!(&typed(&a).merge(&a).expect("valid"), &a);
        let merged = typed(&a).merge(&b).expect("valid");
        let again = typed(&merged).merge(&b).expect("valid");
        prop_assert_eq!(&again, &merged);
        let extracted = typed(&a).extract(&sa.leaves()).expect("valid");
        let restored = typed(&a).merge(&extracted).expect("valid");
        prop_assert_eq!(&restored, &a);
    }
}
