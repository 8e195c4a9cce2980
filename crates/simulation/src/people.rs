//! People, and other programs with rights: they edit, delete, sync, hold and stop.

use crate::cluster::Plane;
use crate::controller::CONTROL;
use crate::git::Repository;
use crate::objects::PLACE;
use api::names;
use controlplane::registry::WriteOptions;
use engine::{Hold, ObjectKey};
use value::{Object, Value, json};

const APPLICATION: &str = "argoproj.io/v1alpha1";
const WHO: &str = "kubectl-edit";

/// Makes the namespace, objects that are nobody's, and an application.
pub(crate) fn prepare(plane: &mut Plane, app: &str, is_heal: bool) {
    let options = WriteOptions::system(WHO);
    let mut objects = Vec::new();
    for name in [CONTROL, PLACE] {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
        });
        objects.push(("v1", namespace));
    }
    for name in ["foreign", "settings-of-others"] {
        let foreign = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": PLACE}, "data": {"value": "foreign"},
        });
        objects.push(("v1", foreign));
    }
    let application = json!({
        "apiVersion": APPLICATION, "kind": "Application",
        "metadata": {
            "name": app, "namespace": CONTROL,
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": format!("https://git/{app}"), "path": ".", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": PLACE},
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": is_heal, "allowEmpty": true},
                "retry": {"limit": 3, "backoff": {"duration": "2s", "factor": 2, "maxDuration": "30s"}},
            },
        },
    });
    objects.push((APPLICATION, application));
    for (api_version, object) in objects {
        let target = plane.target(&ObjectKey::of(&object), api_version);
        let made = plane.registry.create_now(&target, object, &options);
        // What two applications need is there already.
        let is_fine = made.as_ref().map_or_else(|e| e.code == 409, |_| true);
        assert!(is_fine, "{made:?}");
    }
}

/// Somebody does something to the cluster or to an application.
pub(crate) fn act(plane: &mut Plane, app: &ObjectKey, git: &Repository) {
    match plane.random.below(10) {
        0..3 => edit(plane),
        3 => delete(plane),
        4 => {
            let options = WriteOptions::system(WHO);
            let number = plane.random.below(5);
            let object = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": format!("made-{number}"), "namespace": PLACE},
            });
            let target = plane.target(&ObjectKey::of(&object), "v1");
            let _there = plane.registry.create_now(&target, object, &options);
        }
        _ => ask(plane, app, git),
    }
}

fn deployed(plane: &Plane) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for (api_version, kind) in [
        ("v1", "ConfigMap"),
        ("apps/v1", "Deployment"),
        ("batch/v1", "Job"),
    ] {
        let there = plane.objects(api_version, kind).into_iter();
        all.extend(there.map(|object| (api_version, object.value.clone())));
    }
    all
}

/// Somebody edits an object by hand.
fn edit(plane: &mut Plane) {
    let all = deployed(plane);
    let Some((api_version, object)) = plane.random.pick(&all) else {
        return;
    };
    let number = plane.random.below(100);
    let patch = match *api_version {
        "v1" => json!({"data": {"value": number.to_string(), "more": "by hand"}}),
        "apps/v1" => json!({"spec": {"replicas": 1 + number % 5}}),
        _ => json!({"metadata": {"labels": {"by-hand": number.to_string()}}}),
    };
    let target = plane.target(&ObjectKey::of(object), api_version);
    plane.patch_as(WHO, &target, &patch);
}

fn delete(plane: &mut Plane) {
    let all = deployed(plane);
    let Some((api_version, object)) = plane.random.pick(&all) else {
        return;
    };
    let target = plane.target(&ObjectKey::of(object), api_version);
    plane.delete_as(WHO, &target);
}

/// Somebody asks an application for something.
fn ask(plane: &mut Plane, app: &ObjectKey, git: &Repository) {
    let target = plane.target(app, APPLICATION);
    let Some(application) = plane.find(app, APPLICATION) else {
        return;
    };
    let annotate = |name: &str, text: Option<&str>| {
        let mut annotations = Object::new();
        annotations.insert(name, text);
        json!({"metadata": {"annotations": Value::Object(annotations)}})
    };
    let operation =
        |sync: Value| json!({"operation": {"initiatedBy": {"username": "bob"}, "sync": sync}});
    let patch = match plane.random.below(9) {
        0 => annotate(names::REFRESH, Some("normal")),
        1 => annotate(names::REFRESH, Some("hard")),
        2 => operation(json!({"prune": true})),
        3 => operation(json!({"dryRun": true})),
        4 => operation(json!({"resources": [{"kind": "ConfigMap", "name": "settings"}]})),
        5 => operation(json!({"revision": git.head()})),
        6 if application.value.get("operation").is_none()
            && application
                .value
                .str_at(&["status", "operationState", "phase"])
                == "Running" =>
        {
            json!({"status": {"operationState": {"phase": "Terminating"}}})
        }
        7 => {
            let hold = Hold {
                revision: git.head().to_owned(),
                back_to: String::new(),
                message: "bob doesn't like it".to_owned(),
                by: "bob".to_owned(),
                since: Some(plane.wall()),
            };
            annotate(names::HOLDS, Some(&Hold::format_list(&[hold])))
        }
        8 => annotate(names::HOLDS, None),
        _ => return,
    };
    plane.patch_as(WHO, &target, &patch);
}
