//! Rules of volumes.

use std::collections::HashSet;

use value::Value;

use super::containers::{local_path, no_way_up};
use super::words::{Errors, among, label};
use crate::failure::FieldError;

/// The names of a pod's volumes.
#[derive(Debug, Default)]
pub(super) struct Volumes(HashSet<String>);

impl Volumes {
    /// Returns true if there is one of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Checks all volumes of a pod.
pub(super) fn check(path: &str, volumes: &[Value], errors: &mut Errors) -> Volumes {
    let mut names = Volumes::default();
    for (i, volume) in volumes.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let before = errors.len();
        source(&path, volume, errors);
        let name = volume.str_at(&["name"]);
        let field = format!("{path}.name");
        if name.is_empty() {
            errors.push(FieldError::required(&field, ""));
        } else {
            label(&field, name, errors);
        }
        if names.has(name) {
            errors.push(FieldError::duplicate(&field, name));
        }
        if errors.len() == before {
            names.0.insert(name.to_owned());
        }
    }
    names
}

fn source(path: &str, volume: &Value, errors: &mut Errors) {
    let mut given = 0;
    for (kind, of) in volume.as_object().into_iter().flatten() {
        if kind.as_str() == "name" || of.is_null() {
            continue;
        }
        given += 1;
        let path = format!("{path}.{kind}");
        if given > 1 {
            errors.push(FieldError::forbidden(
                &path,
                "may not specify more than 1 volume type",
            ));
            continue;
        }
        match kind.as_str() {
            "hostPath" => host_path(&path, of, errors),
            "nfs" => nfs(&path, of, errors),
            "configMap" => {
                needed(&path, of, &["name"], errors);
                items(&path, of, errors);
            }
            "secret" => {
                needed(&path, of, &["secretName"], errors);
                items(&path, of, errors);
            }
            "persistentVolumeClaim" => needed(&path, of, &["claimName"], errors),
            "csi" => needed(&path, of, &["driver"], errors),
            "image" => needed(&path, of, &["reference"], errors),
            "emptyDir" => {
                let negative = of.str_at(&["sizeLimit"]).starts_with('-');
                if negative {
                    let why = "SizeLimit field must be a valid resource quantity";
                    errors.push(FieldError::forbidden(&format!("{path}.sizeLimit"), why));
                }
            }
            "downwardAPI" => downward(&path, of, errors),
            "projected" => projected(&path, of, errors),
            "ephemeral" if of.get("volumeClaimTemplate").is_none_or(Value::is_null) => {
                errors.push(FieldError::required(
                    &format!("{path}.volumeClaimTemplate"),
                    "",
                ));
            }
            _ => {}
        }
    }
    if given == 0 {
        errors.push(FieldError::required(path, "must specify a volume type"));
    }
}

fn needed(path: &str, of: &Value, names: &[&str], errors: &mut Errors) {
    for name in names {
        if of.str_at(&[name]).is_empty() {
            errors.push(FieldError::required(&format!("{path}.{name}"), ""));
        }
    }
}

/// Checks a volume that shows a folder of the machine.
pub(super) fn host_path(path: &str, of: &Value, errors: &mut Errors) {
    let folder = of.str_at(&["path"]);
    let field = format!("{path}.path");
    if folder.is_empty() {
        errors.push(FieldError::required(&field, ""));
        return;
    }
    no_way_up(&field, folder, errors);
    let allowed = [
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    among(
        &format!("{path}.type"),
        of.str_at(&["type"]),
        &allowed,
        errors,
    );
}

/// Checks a volume on a file server.
pub(super) fn nfs(path: &str, of: &Value, errors: &mut Errors) {
    needed(path, of, &["server", "path"], errors);
    let folder = of.str_at(&["path"]);
    if !folder.starts_with('/') {
        let field = format!("{path}.path");
        errors.push(FieldError::invalid(
            &field,
            folder,
            "must be an absolute path",
        ));
    }
}

fn mode(field: &str, mode: Option<i64>, errors: &mut Errors) {
    if let Some(mode) = mode.filter(|m| !(0..=0o777).contains(m)) {
        let why = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.push(FieldError::invalid(field, mode, why));
    }
}

fn items(path: &str, of: &Value, errors: &mut Errors) {
    mode(
        &format!("{path}.defaultMode"),
        of.i64_at(&["defaultMode"]),
        errors,
    );
    for (i, item) in of.array_at(&["items"]).iter().enumerate() {
        let path = format!("{path}.items[{i}]");
        needed(&path, item, &["key", "path"], errors);
        let target = item.str_at(&["path"]);
        if !target.is_empty() {
            local_path(&format!("{path}.path"), target, errors);
        }
        mode(&format!("{path}.mode"), item.i64_at(&["mode"]), errors);
    }
}

fn downward(path: &str, of: &Value, errors: &mut Errors) {
    mode(
        &format!("{path}.defaultMode"),
        of.i64_at(&["defaultMode"]),
        errors,
    );
    for item in of.array_at(&["items"]) {
        let target = item.str_at(&["path"]);
        if target.is_empty() {
            errors.push(FieldError::required(&format!("{path}.path"), ""));
        } else {
            local_path(&format!("{path}.path"), target, errors);
        }
        let has = |name: &str| item.get(name).is_some_and(|v| !v.is_null());
        if !has("fieldRef") && !has("resourceFieldRef") {
            let why = "one of fieldRef and resourceFieldRef is required";
            errors.push(FieldError::required(path, why));
        }
    }
}

fn projected(path: &str, of: &Value, errors: &mut Errors) {
    let volume = path;
    mode(
        &format!("{path}.defaultMode"),
        of.i64_at(&["defaultMode"]),
        errors,
    );
    let mut taken: HashSet<&str> = HashSet::new();
    for (i, source) in of.array_at(&["sources"]).iter().enumerate() {
        let at = format!("{path}.sources[{i}]");
        for kind in ["secret", "configMap"] {
            if let Some(of) = source.get(kind).filter(|s| !s.is_null()) {
                let path = format!("{at}.{kind}");
                needed(&path, of, &["name"], errors);
                items(&path, of, errors);
                for item in of.array_at(&["items"]) {
                    take(volume, of, item.str_at(&["path"]), &mut taken, errors);
                }
            }
        }
        if let Some(of) = source.get("downwardAPI").filter(|s| !s.is_null()) {
            downward(&format!("{at}.downwardAPI"), of, errors);
        }
        if let Some(token) = source.get("serviceAccountToken").filter(|s| !s.is_null()) {
            let seconds = token.i64_at(&["expirationSeconds"]).unwrap_or(3_600);
            let field = format!("{at}.serviceAccountToken.expirationSeconds");
            if seconds < 600 {
                let why = "may not specify a duration less than 10 minutes";
                errors.push(FieldError::invalid(&field, seconds, why));
            }
            if seconds > 1 << 32 {
                let why = "may not specify a duration larger than 2^32 seconds";
                errors.push(FieldError::invalid(&field, seconds, why));
            }
            let target = token.str_at(&["path"]);
            if target.is_empty() {
                errors.push(FieldError::required(&format!("{path}.path"), ""));
            } else {
                local_path(&format!("{path}.path"), target, errors);
            }
        }
    }
}

/// Two sources can't fill one path. What is told is the name of the second.
fn take<'a>(
    volume: &str,
    of: &Value,
    target: &'a str,
    taken: &mut HashSet<&'a str>,
    errors: &mut Errors,
) {
    if !target.is_empty() && taken.contains(&target) {
        let name = of.str_at(&["name"]);
        errors.push(FieldError::invalid(
            volume,
            name,
            "conflicting duplicate paths",
        ));
    }
    taken.insert(target);
}
