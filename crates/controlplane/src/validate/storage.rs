//! Rules of volumes, claims and classes.

use std::collections::HashSet;

use value::{Quantity, Value};

use super::volumes;
use super::words::{
    Errors, among, among_if_set, immutable, qualified, quantity, required, selector, subdomain,
};
use crate::failure::FieldError;

const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];

fn modes(field: &str, modes: &[Value], errors: &mut Errors) {
    let texts = || modes.iter().filter_map(Value::as_str);
    for mode in texts() {
        among(field, mode, &MODES, errors);
    }
    if modes.len() > 1 && texts().any(|m| m == "ReadWriteOncePod") {
        let why = "may not use ReadWriteOncePod with other access modes";
        errors.push(FieldError::forbidden(field, why));
    }
}

/// Checks a claim; `path` is where its spec stands.
pub(super) fn claim_spec(path: &str, spec: Option<&Value>, errors: &mut Errors) {
    let spec = spec.unwrap_or(&Value::Null);
    let field = format!("{path}.accessModes");
    let wanted = spec.array_at(&["accessModes"]);
    if wanted.is_empty() {
        let why = "at least 1 access mode is required";
        errors.push(FieldError::required(&field, why));
    }
    if let Some(found) = spec.get("selector").filter(|s| !s.is_null()) {
        selector(&format!("{path}.selector"), Some(found), errors);
    }
    modes(&field, wanted, errors);
    let field = format!("{path}.resources[storage]");
    match spec.at(&["resources", "requests", "storage"]) {
        None => errors.push(FieldError::required(&field, "")),
        Some(amount) => {
            let zero: Quantity = "0".parse().expect("zero is a quantity");
            if quantity(amount).is_some_and(|a| a <= zero) {
                let why = "must be greater than zero";
                errors.push(FieldError::invalid(&field, amount.clone(), why));
            }
        }
    }
    let class = spec.str_at(&["storageClassName"]);
    if !class.is_empty() {
        subdomain(&format!("{path}.storageClassName"), class, errors);
    }
    let mode = spec.str_at(&["volumeMode"]);
    among_if_set(
        &format!("{path}.volumeMode"),
        mode,
        &["Block", "Filesystem"],
        errors,
    );
}

pub(super) fn claim(object: &Value, errors: &mut Errors) {
    claim_spec("spec", object.get("spec"), errors);
}

/// The sources of a volume are all members of its spec but these.
const NO_SOURCES: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

pub(super) fn volume(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let wanted = spec.array_at(&["accessModes"]);
    if wanted.is_empty() {
        errors.push(FieldError::required("spec.accessModes", ""));
    }
    modes("spec.accessModes", wanted, errors);
    if spec.at(&["capacity"]).is_none_or(Value::is_empty) {
        errors.push(FieldError::required("spec.capacity", ""));
    }
    let policy = spec.str_at(&["persistentVolumeReclaimPolicy"]);
    let allowed = ["Delete", "Recycle", "Retain"];
    among_if_set(
        "spec.persistentVolumeReclaimPolicy",
        policy,
        &allowed,
        errors,
    );
    let mut given = 0;
    for (name, of) in spec.as_object().into_iter().flatten() {
        if NO_SOURCES.contains(&name.as_str()) || of.is_null() {
            continue;
        }
        given += 1;
        let field = format!("spec.{name}");
        if given > 1 {
            errors.push(FieldError::forbidden(
                &field,
                "may not specify more than 1 volume type",
            ));
            continue;
        }
        match name.as_str() {
            "nfs" => volumes::nfs(&field, of, errors),
            "hostPath" => {
                volumes::host_path(&field, of, errors);
            }
            _ => {}
        }
    }
    if given == 0 {
        errors.push(FieldError::required("spec", "must specify a volume type"));
    }
    if spec.str_at(&["hostPath", "path"]) == "/" && policy == "Recycle" {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(FieldError::forbidden(
            "spec.persistentVolumeReclaimPolicy",
            why,
        ));
    }
    let class = spec.str_at(&["storageClassName"]);
    if !class.is_empty() {
        subdomain("spec.storageClassName", class, errors);
    }
    let mode = spec.str_at(&["volumeMode"]);
    among_if_set("spec.volumeMode", mode, &["Block", "Filesystem"], errors);
    if let Some(old) = old {
        immutable("volumeMode", &["spec", "volumeMode"], object, old, errors);
    }
}

pub(super) fn class(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let provisioner = object.str_at(&["provisioner"]);
    if required("provisioner", provisioner, errors) {
        qualified("provisioner", &provisioner.to_lowercase(), errors);
    }
    let policy = object.str_at(&["reclaimPolicy"]);
    among_if_set("reclaimPolicy", policy, &["Delete", "Retain"], errors);
    let mode = object.str_at(&["volumeBindingMode"]);
    let allowed = ["Immediate", "WaitForFirstConsumer"];
    if mode.is_empty() {
        errors.push(FieldError::required("volumeBindingMode", ""));
    } else {
        among("volumeBindingMode", mode, &allowed, errors);
    }
    for (i, term) in object.array_at(&["allowedTopologies"]).iter().enumerate() {
        let mut keys = HashSet::new();
        for (j, item) in term.array_at(&["matchLabelExpressions"]).iter().enumerate() {
            let path = format!("allowedTopologies[{i}].matchLabelExpressions[{j}]");
            let values = item.array_at(&["values"]);
            if values.is_empty() {
                errors.push(FieldError::required(&format!("{path}.values"), ""));
            }
            let mut seen = HashSet::new();
            for (k, value) in values.iter().enumerate() {
                if !seen.insert(value.as_str().unwrap_or_default()) {
                    let field = format!("{path}.values[{k}]");
                    errors.push(FieldError::duplicate(&field, value.clone()));
                }
            }
            let key = item.str_at(&["key"]);
            if keys.contains(&key) {
                errors.push(FieldError::duplicate(&format!("{path}.key"), key));
            }
            keys.insert(key);
        }
    }
    let Some(old) = old else { return };
    for name in ["parameters", "provisioner"] {
        if object.get(name) != old.get(name) {
            let why = match name {
                "parameters" => "updates to parameters are forbidden.",
                _ => "updates to provisioner are forbidden.",
            };
            errors.push(FieldError::forbidden(name, why));
        }
    }
    if object.get("reclaimPolicy") != old.get("reclaimPolicy") {
        let why = "updates to reclaimPolicy are forbidden.";
        errors.push(FieldError::forbidden("reclaimPolicy", why));
    }
    immutable(
        "volumeBindingMode",
        &["volumeBindingMode"],
        object,
        old,
        errors,
    );
}

pub(super) fn driver(object: &Value, errors: &mut Errors) {
    let policy = object.str_at(&["spec", "fsGroupPolicy"]);
    let allowed = ["File", "None", "ReadWriteOnceWithFSType"];
    among_if_set("spec.fsGroupPolicy", policy, &allowed, errors);
    for mode in object.array_at(&["spec", "volumeLifecycleModes"]) {
        let mode = mode.as_str().unwrap_or_default();
        among(
            "spec.volumeLifecycleModes",
            mode,
            &["Persistent", "Ephemeral"],
            errors,
        );
    }
}
