//! Webhooks and policies that judge writes, and servers behind this one.

use value::{Value, json};

use super::row::Row;
use super::{Layout, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            layout("Name|Webhooks:integer|Age", |row| {
                json!([row.name(), row.count("webhooks"), row.age()])
            })
        }
        "ValidatingAdmissionPolicy" => layout("Name|Validations:integer|ParamKind|Age", |row| {
            json!([
                row.name(),
                row.count("spec.validations"),
                param_kind(row),
                row.age()
            ])
        }),
        "MutatingAdmissionPolicy" => layout("Name|Mutations:integer|ParamKind|Age", |row| {
            json!([
                row.name(),
                row.count("spec.mutations"),
                param_kind(row),
                row.age()
            ])
        }),
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            layout("Name|PolicyName|ParamRef|Age", |row| {
                json!([
                    row.name(),
                    row.text("spec.policyName"),
                    param_ref(row),
                    row.age()
                ])
            })
        }
        "APIService" => layout("Name|Service|Available|Age", |row| {
            json!([row.name(), service(row), available(row), row.age()])
        }),
        _ => None,
    }
}

fn param_kind(row: &Row) -> String {
    match row.at("spec.paramKind") {
        Some(kind) => format!(
            "{}/{}",
            kind.str_at(&["apiVersion"]),
            kind.str_at(&["kind"])
        ),
        None => "<unset>".to_owned(),
    }
}

fn param_ref(row: &Row) -> String {
    let name = row.text("spec.paramRef.name");
    if name.is_empty() {
        return row.at("spec.paramRef.selector").map_or_else(
            || "<unset>".to_owned(),
            |selector| super::format::selector(Some(selector)),
        );
    }
    // Whether parameters live in namespaces can't be told from here.
    format!("{}/{name}", row.filled_or("spec.paramRef.namespace", "*"))
}

fn service(row: &Row) -> String {
    match row.at("spec.service") {
        Some(service) => {
            format!(
                "{}/{}",
                service.str_at(&["namespace"]),
                service.str_at(&["name"])
            )
        }
        None => "Local".to_owned(),
    }
}

fn available(row: &Row) -> String {
    let mut conditions = row.items("status.conditions").iter();
    let Some(condition): Option<&Value> = conditions.find(|c| c.str_at(&["type"]) == "Available")
    else {
        return "Unknown".to_owned();
    };
    match (condition.str_at(&["status"]), condition.str_at(&["reason"])) {
        (status @ "True", _) => status.to_owned(),
        (status, reason) => format!("{status} ({reason})"),
    }
}
