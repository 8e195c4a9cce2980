//! Who may do what, and certificates.

use value::{Value, json};

use super::row::Row;
use super::{Layout, format, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "RoleBinding" | "ClusterRoleBinding" => {
            layout("Name|Role|Age|+Users|+Groups|+ServiceAccounts", binding)
        }
        "CertificateSigningRequest" => layout(
            "Name|Age|SignerName|Requestor|RequestedDuration|Condition",
            signing_request,
        ),
        _ => None,
    }
}

fn binding(row: &Row) -> Value {
    let subjects = |kind: &str| -> Vec<&Value> {
        row.items("subjects")
            .iter()
            .filter(|s| s.str_at(&["kind"]) == kind)
            .collect()
    };
    let named = |kind: &str| -> String {
        subjects(kind)
            .iter()
            .map(|s| s.str_at(&["name"]))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let accounts: Vec<String> = subjects("ServiceAccount")
        .iter()
        .map(|s| format!("{}/{}", s.str_at(&["namespace"]), s.str_at(&["name"])))
        .collect();
    json!([
        row.name(),
        format!("{}/{}", row.text("roleRef.kind"), row.text("roleRef.name")),
        row.age(),
        named("User"),
        named("Group"),
        accounts.join(", "),
    ])
}

fn signing_request(row: &Row) -> Value {
    let has = |name: &str| row.condition(name).is_some();
    let mut condition = match () {
        () if has("Denied") => "Denied",
        () if has("Approved") => "Approved",
        () => "Pending",
    }
    .to_owned();
    if has("Failed") {
        condition.push_str(",Failed");
    }
    if !row.text("status.certificate").is_empty() {
        condition.push_str(",Issued");
    }
    let duration = row.at("spec.expirationSeconds").and_then(Value::as_i64);
    json!([
        row.name(),
        row.age(),
        row.filled_or("spec.signerName", "<none>"),
        row.text("spec.username"),
        format::or_none(duration.map(format::human_duration).unwrap_or_default()),
        condition,
    ])
}
