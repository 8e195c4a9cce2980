//! Rules of what runs pods.

use std::collections::HashSet;

use value::{Value, json};

use super::pod::{self, Restart};
use super::words::{
    Errors, among, count_or_percent, immutable, not_more_than_all, not_negative, required, selector,
};
use crate::failure::FieldError;
use crate::kinds::Kind;

const TEMPLATE: &str = "spec.template";

fn numbers(object: &Value, names: &[&str], errors: &mut Errors) {
    for name in names {
        let field = format!("spec.{name}");
        not_negative(&field, object.i64_at(&["spec", name]), errors);
    }
}

/// Checks that a selector is there, that it is one, and that it selects the template.
fn selection(kind: &Kind, object: &Value, errors: &mut Errors) {
    let field = "spec.selector";
    let found = object.at(&["spec", "selector"]).filter(|s| !s.is_null());
    match found {
        None => errors.push(FieldError::required(field, "")),
        Some(found) => {
            selector(field, Some(found), errors);
            if found.is_empty() {
                let kind = kind.kind.to_lowercase();
                let why = format!("empty selector is invalid for {kind}");
                errors.push(FieldError::invalid(field, found.clone(), &why));
            }
        }
    }
}

/// Checks that the template has the labels that the selector asks for.
fn selects_template(object: &Value, errors: &mut Errors) {
    let selector = object.at(&["spec", "selector"]).filter(|s| !s.is_null());
    let labels = object
        .at(&["spec", "template", "metadata", "labels"])
        .cloned()
        .unwrap_or_default();
    let matches = selector.is_some_and(|selector| {
        !selector.is_empty()
            && value::selector::LabelSelector::from_value(selector)
                .is_ok_and(|s| s.matches(&labels))
    });
    if !matches {
        errors.push(FieldError::invalid(
            "spec.template.metadata.labels",
            labels,
            "`selector` does not match template `labels`",
        ));
    }
}

fn template(object: &Value) -> &Value {
    object.at(&["spec", "template"]).unwrap_or(&Value::Null)
}

/// Only pods that are always restarted may be many.
fn always_restarted(object: &Value, errors: &mut Errors) {
    let policy = template(object).str_at(&["spec", "restartPolicy"]);
    if !policy.is_empty() && policy != "Always" {
        among(
            "spec.template.spec.restartPolicy",
            policy,
            &["Always"],
            errors,
        );
    }
    if let Some(seconds) = template(object).at(&["spec", "activeDeadlineSeconds"])
        && !seconds.is_null()
    {
        let why = "activeDeadlineSeconds in ReplicaSet is not Supported";
        let field = "spec.template.spec.activeDeadlineSeconds";
        errors.push(FieldError::forbidden(field, why));
    }
}

pub(super) fn deployment(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Errors) {
    numbers(object, &["replicas"], errors);
    let before = errors.len();
    selection(kind, object, errors);
    let given = object.at(&["spec", "selector"]).filter(|s| !s.is_null());
    match given.filter(|s| value::selector::LabelSelector::from_value(s).is_err()) {
        Some(odd) if errors.len() > before => {
            let mut error = FieldError::invalid("spec.selector", "", "invalid label selector");
            error.message = error.message.replacen("\"\"", &shown_selector(odd), 1);
            errors.push(error);
        }
        _ => {
            selects_template(object, errors);
            pod::template(TEMPLATE, template(object), Restart::Always, errors);
            always_restarted(object, errors);
        }
    }
    strategy(object, errors);
    numbers(object, &["minReadySeconds", "revisionHistoryLimit"], errors);
    let field = "spec.progressDeadlineSeconds";
    if let Some(deadline) = object.i64_at(&["spec", "progressDeadlineSeconds"]) {
        not_negative(field, Some(deadline), errors);
        if deadline <= object.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0) {
            let why = "must be greater than minReadySeconds";
            errors.push(FieldError::invalid(field, deadline, why));
        }
    }
    same_selector(object, old, errors);
}

/// Writes a selector as Go does: labels first.
fn shown_selector(selector: &Value) -> String {
    let parts = ["matchLabels", "matchExpressions"]
        .iter()
        .filter_map(|name| {
            let part = selector.get(name)?;
            Some(format!("\"{name}\":{}", part.to_json()))
        });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

fn same_selector(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    if let Some(old) = old {
        immutable("spec.selector", &["spec", "selector"], object, old, errors);
    }
}

/// Shows a strategy of a type that there isn't.
fn untyped(kind: &str) -> String {
    format!(
        "{{\"Type\":{},\"RollingUpdate\":null}}",
        crate::failure::go_quote(kind)
    )
}

fn strategy(object: &Value, errors: &mut Errors) {
    let field = "spec.strategy";
    let found = object.at(&["spec", "strategy"]).unwrap_or(&Value::Null);
    let rolling = found.get("rollingUpdate").filter(|r| !r.is_null());
    match found.str_at(&["type"]) {
        "Recreate" if rolling.is_some() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            errors.push(FieldError::forbidden("spec.strategy.rollingUpdate", why));
        }
        "Recreate" => {}
        "RollingUpdate" => rolling_update("spec.strategy.rollingUpdate", rolling, errors),
        other => {
            let allowed = ["Recreate", "RollingUpdate"];
            errors.push(FieldError::not_supported_as(
                field,
                &untyped(other),
                &allowed,
            ));
        }
    }
}

fn is_zero(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(text)) => text
            .strip_suffix('%')
            .is_some_and(|t| t.trim_matches('0').is_empty()),
        Some(number) => number.as_i64() == Some(0),
        None => true,
    }
}

fn rolling_update(field: &str, rolling: Option<&Value>, errors: &mut Errors) {
    let Some(rolling) = rolling else {
        errors.push(FieldError::required(
            field,
            "this should be defaulted and never be nil",
        ));
        return;
    };
    let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    let path = format!("{field}.maxUnavailable");
    count_or_percent(&path, unavailable, errors);
    count_or_percent(&format!("{field}.maxSurge"), surge, errors);
    if is_zero(unavailable) && is_zero(surge) {
        let value = unavailable.cloned().unwrap_or_default();
        errors.push(FieldError::invalid(
            &path,
            value,
            "may not be 0 when `maxSurge` is 0",
        ));
    }
    not_more_than_all(&path, unavailable, errors);
}

pub(super) fn replica_set(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Errors) {
    numbers(object, &["replicas", "minReadySeconds"], errors);
    selection(kind, object, errors);
    selects_template(object, errors);
    pod::template(TEMPLATE, template(object), Restart::Always, errors);
    always_restarted(object, errors);
    same_selector(object, old, errors);
}

pub(super) fn controller(object: &Value, errors: &mut Errors) {
    numbers(object, &["minReadySeconds"], errors);
    let selector = object.at(&["spec", "selector"]).filter(|s| !s.is_empty());
    if selector.is_none() {
        errors.push(FieldError::required("spec.selector", ""));
    }
    numbers(object, &["replicas"], errors);
    let found = template(object);
    if found.is_null() {
        errors.push(FieldError::required("spec.template", ""));
        return;
    }
    let labels = found
        .at(&["metadata", "labels"])
        .cloned()
        .unwrap_or_default();
    let wanted = selector.and_then(Value::as_object).into_iter().flatten();
    if wanted.into_iter().any(|(k, v)| labels.get(k) != Some(v)) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(
            "spec.template.metadata.labels",
            labels,
            why,
        ));
    }
    pod::template(TEMPLATE, found, Restart::Always, errors);
    always_restarted(object, errors);
}

/// Checks how many replicas a status tells of.
pub(super) fn replicas_status(object: &Value, errors: &mut Errors) {
    let count = |name: &str| object.i64_at(&["status", name]).unwrap_or(0);
    for name in [
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
    ] {
        not_negative(&format!("status.{name}"), Some(count(name)), errors);
    }
    for (name, of) in [
        ("fullyLabeledReplicas", "replicas"),
        ("readyReplicas", "replicas"),
        ("availableReplicas", "replicas"),
        ("availableReplicas", "readyReplicas"),
    ] {
        if count(name) > count(of) {
            let why = match of {
                "replicas" => "cannot be greater than status.replicas",
                _ => "cannot be greater than readyReplicas",
            };
            errors.push(FieldError::invalid(
                &format!("status.{name}"),
                count(name),
                why,
            ));
        }
    }
}

pub(super) fn daemon_set(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Errors) {
    selection(kind, object, errors);
    selects_template(object, errors);
    pod::template(TEMPLATE, template(object), Restart::Always, errors);
    always_restarted(object, errors);
    numbers(object, &["minReadySeconds"], errors);
    let strategy = object
        .at(&["spec", "updateStrategy"])
        .unwrap_or(&Value::Null);
    match strategy.str_at(&["type"]) {
        "OnDelete" => {}
        "RollingUpdate" => {
            let field = "spec.updateStrategy.rollingUpdate";
            let rolling = strategy.get("rollingUpdate");
            for name in ["maxUnavailable", "maxSurge"] {
                let value = rolling.and_then(|r| r.get(name));
                let field = format!("{field}.{name}");
                count_or_percent(&field, value, errors);
                not_more_than_all(&field, value, errors);
            }
        }
        other => {
            let allowed = ["OnDelete", "RollingUpdate"];
            errors.push(FieldError::not_supported_as(
                "spec.updateStrategy",
                &untyped(other),
                &allowed,
            ));
        }
    }
    numbers(object, &["revisionHistoryLimit"], errors);
    same_selector(object, old, errors);
}

/// Fields of a StatefulSet that may be changed.
const CHANGEABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// Returns the template with a volume for each claim that a pod will have.
fn with_claims(object: &Value) -> Value {
    let mut pods = template(object).clone();
    let claims = object.array_at(&["spec", "volumeClaimTemplates"]);
    if claims.is_empty() {
        return pods;
    }
    let names: HashSet<&str> = claims
        .iter()
        .map(|c| c.str_at(&["metadata", "name"]))
        .collect();
    let mut volumes = pods.array_at(&["spec", "volumes"]).to_vec();
    // A claim takes the place of a volume of the same name.
    volumes.retain(|v| !names.contains(&v.str_at(&["name"])));
    let names = claims.iter().map(|c| c.str_at(&["metadata", "name"]));
    volumes.extend(
        names.map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}})),
    );
    pods.set_at(&["spec", "volumes"], volumes);
    pods
}

pub(super) fn stateful_set(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Errors) {
    if let Some(old) = old {
        let fixed = |v: &Value| {
            let mut spec = v.get("spec").cloned().unwrap_or_default();
            for name in CHANGEABLE {
                spec.remove_at(&[name]);
            }
            for claim in spec
                .get_mut("volumeClaimTemplates")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                claim.remove_at(&["status"]);
            }
            spec
        };
        if fixed(object) != fixed(old) {
            let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                       'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                       'minReadySeconds' are forbidden";
            errors.push(FieldError::forbidden("spec", why));
        }
    }
    let policy = object.str_at(&["spec", "podManagementPolicy"]);
    match policy {
        "OrderedReady" | "Parallel" => {}
        "" => errors.push(FieldError::required("spec.podManagementPolicy", "")),
        other => {
            let why = "must be 'OrderedReady' or 'Parallel'";
            errors.push(FieldError::invalid("spec.podManagementPolicy", other, why));
        }
    }
    let strategy = object
        .at(&["spec", "updateStrategy"])
        .unwrap_or(&Value::Null);
    match strategy.str_at(&["type"]) {
        "OnDelete" | "RollingUpdate" => {
            let partition = strategy.i64_at(&["rollingUpdate", "partition"]);
            let field = "spec.updateStrategy.rollingUpdate.partition";
            not_negative(field, partition, errors);
        }
        "" => errors.push(FieldError::required("spec.updateStrategy", "")),
        other => {
            let why = "must be 'RollingUpdate' or 'OnDelete'";
            let mut error = FieldError::invalid("spec.updateStrategy", "", why);
            error.message = error.message.replacen("\"\"", &untyped(other), 1);
            errors.push(error);
        }
    }
    for name in ["whenDeleted", "whenScaled"] {
        let path = ["spec", "persistentVolumeClaimRetentionPolicy", name];
        let field = path.join(".");
        super::words::among_if_set(&field, object.str_at(&path), &["Retain", "Delete"], errors);
    }
    numbers(
        object,
        &["replicas", "minReadySeconds", "revisionHistoryLimit"],
        errors,
    );
    let service = object.str_at(&["spec", "serviceName"]);
    if !service.is_empty() && old.is_none() {
        super::words::label("spec.serviceName", service, errors);
    }
    selection(kind, object, errors);
    selects_template(object, errors);
    let pods = with_claims(object);
    pod::template(TEMPLATE, &pods, Restart::Always, errors);
    always_restarted(object, errors);
    if old.is_none() {
        let claims = object.array_at(&["spec", "volumeClaimTemplates"]).iter();
        for (i, claim) in claims.enumerate() {
            let path = format!("spec.volumeClaimTemplates[{i}].spec");
            super::storage::claim_spec(&path, claim.get("spec"), errors);
        }
    }
}

pub(super) fn job(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    job_spec("spec", object.at(&["spec"]).unwrap_or(&Value::Null), errors);
    job_selector(object, errors);
    let Some(old) = old else { return };
    for name in ["completions", "selector"] {
        let field = format!("spec.{name}");
        // Both numbers of an indexed job may change together.
        let indexed = object.str_at(&["spec", "completionMode"]) == "Indexed"
            && object.at(&["spec", "completions"]) == object.at(&["spec", "parallelism"])
            && object.at(&["spec", "completions"]).is_some();
        if name == "completions" && indexed {
            continue;
        }
        immutable(&field, &["spec", name], object, old, errors);
    }
    let pods = ["spec", "template"];
    let suspended = old.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true)
        && old.at(&["status", "startTime"]).is_none();
    if object.at(&pods) != old.at(&pods) && !suspended {
        let shown = object.at(&pods).cloned().unwrap_or_default();
        errors.push(FieldError::invalid(TEMPLATE, shown, "field is immutable"));
    }
    for name in [
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        immutable(
            &format!("spec.{name}"),
            &["spec", name],
            object,
            old,
            errors,
        );
    }
}

fn job_selector(object: &Value, errors: &mut Errors) {
    let found = object.at(&["spec", "selector"]).filter(|s| !s.is_null());
    match found {
        None => {
            errors.push(FieldError::required("spec.selector", ""));
            selects_template(object, errors);
        }
        Some(found) => {
            selector("spec.selector", Some(found), errors);
            let manual = object
                .at(&["spec", "manualSelector"])
                .and_then(Value::as_bool)
                == Some(true);
            let own = json!({"matchLabels": {
                "batch.kubernetes.io/controller-uid": object.str_at(&["metadata", "uid"])
            }});
            if !manual && *found != own {
                let why = "`selector` not auto-generated";
                errors.push(FieldError::invalid("spec.selector", found.clone(), why));
            }
            selects_template(object, errors);
        }
    }
}

/// Checks what a job and the template of one have in common.
fn job_spec(path: &str, spec: &Value, errors: &mut Errors) {
    for name in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ] {
        not_negative(&format!("{path}.{name}"), spec.i64_at(&[name]), errors);
    }
    let mode = spec.str_at(&["completionMode"]);
    super::words::among_if_set(
        &format!("{path}.completionMode"),
        mode,
        &["Indexed", "NonIndexed"],
        errors,
    );
    if mode == "Indexed" && spec.i64_at(&["completions"]).is_none() {
        let why = format!("when completion mode is {mode}");
        errors.push(FieldError::required(&format!("{path}.completions"), &why));
    }
    if let Some(limit) = spec.i64_at(&["backoffLimitPerIndex"])
        && mode != "Indexed"
    {
        let why = "requires indexed completion mode";
        errors.push(FieldError::invalid(
            &format!("{path}.backoffLimitPerIndex"),
            limit,
            why,
        ));
    }
    failure_policy(path, spec, errors);
    let template = spec.get("template").unwrap_or(&Value::Null);
    pod::template(
        &format!("{path}.template"),
        template,
        Restart::NotAlways,
        errors,
    );
    let field = format!("{path}.template.spec.restartPolicy");
    match template.str_at(&["spec", "restartPolicy"]) {
        "" | "Always" => {
            let why = "valid values: \"OnFailure\", \"Never\"";
            errors.push(FieldError::required(&field, why));
        }
        "OnFailure" if spec.get("podFailurePolicy").is_some_and(|p| !p.is_null()) => {
            let why = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.push(FieldError::invalid(&field, "OnFailure", why));
        }
        "OnFailure" | "Never" => {}
        other => errors.push(FieldError::not_supported(
            &field,
            other,
            &["OnFailure", "Never"],
        )),
    }
}

/// What is done about pods that fail.
fn failure_policy(path: &str, spec: &Value, errors: &mut Errors) {
    let rules = spec
        .at(&["podFailurePolicy", "rules"])
        .and_then(Value::as_array);
    for (i, rule) in rules.into_iter().flatten().enumerate() {
        let path = format!("{path}.podFailurePolicy.rules[{i}]");
        let action = rule.str_at(&["action"]);
        let field = format!("{path}.action");
        if action == "FailIndex" && spec.i64_at(&["backoffLimitPerIndex"]).is_none() {
            let why = "requires the backoffLimitPerIndex to be set";
            errors.push(FieldError::invalid(&field, action, why));
        } else if action.is_empty() {
            let why = "valid values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"";
            errors.push(FieldError::required(&field, why));
        } else {
            among(
                &field,
                action,
                &["Count", "FailIndex", "FailJob", "Ignore"],
                errors,
            );
        }
        let codes = rule.get("onExitCodes").filter(|c| !c.is_null());
        let conditions = rule.array_at(&["onPodConditions"]);
        if codes.is_some() != conditions.is_empty() {
            let why = match codes {
                Some(_) => "specifying both OnExitCodes and OnPodConditions is not supported",
                None => "specifying one of OnExitCodes and OnPodConditions is required",
            };
            let mut error = FieldError::invalid(&path, "", why);
            error.message = format!("Invalid value: {why}");
            errors.push(error);
        }
        if let Some(codes) = codes {
            exit_codes(&format!("{path}.onExitCodes"), codes, spec, errors);
        }
        for (j, condition) in conditions.iter().enumerate() {
            let field = format!("{path}.onPodConditions[{j}].type");
            super::words::qualified(&field, condition.str_at(&["type"]), errors);
        }
    }
}

fn exit_codes(path: &str, codes: &Value, spec: &Value, errors: &mut Errors) {
    let name = codes.str_at(&["containerName"]);
    let known = ["containers", "initContainers"].iter().any(|list| {
        let containers = spec.array_at(&["template", "spec", list]);
        containers.iter().any(|c| c.str_at(&["name"]) == name)
    });
    if !name.is_empty() && !known {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.push(FieldError::invalid(
            &format!("{path}.containerName"),
            name,
            why,
        ));
    }
    let operator = codes.str_at(&["operator"]);
    if operator.is_empty() {
        let why = "valid values: \"In\", \"NotIn\"";
        errors.push(FieldError::required(&format!("{path}.operator"), why));
    } else {
        among(
            &format!("{path}.operator"),
            operator,
            &["In", "NotIn"],
            errors,
        );
    }
    let values = codes.array_at(&["values"]);
    if values.is_empty() {
        let why = "at least one value is required";
        let shown = Value::Array(Vec::new());
        errors.push(FieldError::invalid(&format!("{path}.values"), shown, why));
    }
    let mut seen = HashSet::new();
    for (i, value) in values.iter().enumerate() {
        let field = format!("{path}.values[{i}]");
        if operator == "In" && value.as_i64() == Some(0) {
            let why = "must not be 0 for the In operator";
            errors.push(FieldError::invalid(&field, value.clone(), why));
        }
        if !seen.insert(value.as_i64()) {
            errors.push(FieldError::duplicate(&field, value.clone()));
        }
    }
    if !values.is_sorted_by_key(Value::as_i64) {
        let shown = Value::Array(values.to_vec());
        errors.push(FieldError::invalid(
            &format!("{path}.values"),
            shown,
            "must be ordered",
        ));
    }
}

pub(super) fn cron_job(object: &Value, errors: &mut Errors) {
    let schedule = object.str_at(&["spec", "schedule"]);
    if required("spec.schedule", schedule, errors) {
        check_schedule(schedule, errors);
    }
    numbers(object, &["startingDeadlineSeconds"], errors);
    if let Some(zone) = object.at(&["spec", "timeZone"]).and_then(Value::as_str) {
        if zone.is_empty() {
            let why = "timeZone must be nil or non-empty string";
            errors.push(FieldError::invalid("spec.timeZone", zone, why));
        } else if zone.eq_ignore_ascii_case("local") {
            let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
            errors.push(FieldError::invalid("spec.timeZone", zone, why));
        }
    }
    let policy = object.str_at(&["spec", "concurrencyPolicy"]);
    let allowed = ["Allow", "Forbid", "Replace"];
    if required("spec.concurrencyPolicy", policy, errors) {
        among("spec.concurrencyPolicy", policy, &allowed, errors);
    }
    let path = "spec.jobTemplate.spec";
    let spec = object
        .at(&["spec", "jobTemplate", "spec"])
        .unwrap_or(&Value::Null);
    job_spec(path, spec, errors);
    if let Some(selector) = spec.get("selector").filter(|s| !s.is_null()) {
        let why = "`selector` will be auto-generated";
        errors.push(FieldError::invalid(
            &format!("{path}.selector"),
            selector.clone(),
            why,
        ));
    }
    if spec.get("manualSelector").and_then(Value::as_bool) == Some(true) {
        let field = format!("{path}.manualSelector");
        errors.push(FieldError::not_supported(&field, true, &["nil", "false"]));
    }
    numbers(
        object,
        &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"],
        errors,
    );
}

fn check_schedule(schedule: &str, errors: &mut Errors) {
    let field = "spec.schedule";
    if schedule.contains("TZ") {
        let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.push(FieldError::invalid(field, schedule, why));
        return;
    }
    if schedule.starts_with('@') {
        return;
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != 5 {
        let why = format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        );
        errors.push(FieldError::invalid(field, schedule, &why));
    }
}
