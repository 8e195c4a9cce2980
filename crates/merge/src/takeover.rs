//! Taking over the fields that earlier managers own.
//!
//! Whoever applied an object before, `kubectl apply` or Argo CD, goes on owning its fields: one that
//! is removed from Git would stay for ever. Before the first apply their entries become ours, as
//! client-go's `csaupgrade` does it.

use crate::{FieldsError, Set};
use value::{Value, json};

/// Managers whose fields come from the manifests that are applied from now on, and whether their
/// server-side applies count, too.
const EARLIER: [(&str, bool); 3] = [
    ("kubectl-client-side-apply", false),
    ("before-first-apply", false),
    ("argocd-controller", true),
];

fn is_earlier(entry: &Value) -> bool {
    let text = |name: &str| entry.str_at(&[name]);
    let is_apply = text("operation") == "Apply";
    text("subresource").is_empty()
        && EARLIER
            .iter()
            .any(|(manager, applies)| *manager == text("manager") && (*applies || !is_apply))
}

/// Returns true if an object's JSON names an earlier applier at all: a look that costs no parse.
#[must_use]
pub fn may_take_over(json: &str) -> bool {
    EARLIER.iter().any(|(manager, _)| json.contains(manager))
}

/// Returns the managed fields with the entries of earlier appliers as one entry of `manager`;
/// `None` if there is nothing to take over, or `manager` has applied before.
///
/// # Errors
/// Fails if the entries' fields can't be read.
pub fn take_over(managed_fields: &[Value], manager: &str) -> Result<Option<Value>, FieldsError> {
    let applied = |e: &Value| {
        e.str_at(&["manager"]) == manager
            && e.str_at(&["operation"]) == "Apply"
            && e.str_at(&["subresource"]).is_empty()
    };
    let mut earlier = managed_fields.iter().filter(|e| is_earlier(e));
    let Some(first) = earlier
        .next()
        .filter(|_| !managed_fields.iter().any(applied))
    else {
        return Ok(None);
    };
    let fields = |entry: &Value| {
        let fields = entry.get("fieldsV1").cloned().unwrap_or_else(Value::object);
        Set::from_fields_v1(&fields)
    };
    let mut all = fields(first)?;
    for entry in earlier {
        all = all.union(&fields(entry)?);
    }
    let mut ours = json!({
        "manager": manager,
        "operation": "Apply",
        "fieldsType": "FieldsV1",
        "fieldsV1": all.to_fields_v1(),
    });
    for name in ["apiVersion", "time"] {
        if let Some(value) = first.get(name) {
            ours.set_at(&[name], value.clone());
        }
    }
    let others = managed_fields.iter().filter(|e| !is_earlier(e)).cloned();
    Ok(Some(std::iter::once(ours).chain(others).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, field: &str) -> Value {
        json!({
            "manager": manager, "operation": operation, "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {field: {}}},
        })
    }

    #[test]
    fn earlier_appliers_become_one_entry_of_ours() {
        let before = [
            entry("kubectl-client-side-apply", "Update", "f:a"),
            entry("kubectl-edit", "Update", "f:b"),
            entry("argocd-controller", "Apply", "f:c"),
        ];
        let after = take_over(&before, "windlass").expect("it can be read");
        let ours = json!({
            "manager": "windlass", "operation": "Apply", "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}, "f:c": {}}},
        });
        assert_eq!(after, Some(json!([ours, before[1].clone()])));
    }

    #[test]
    fn nothing_is_taken_once_we_have_applied_or_from_anyone_else() {
        let kubectl = entry("kubectl-client-side-apply", "Update", "f:a");
        let ours = entry("windlass", "Apply", "f:a");
        for before in [
            vec![kubectl.clone(), ours],
            vec![entry("kubectl-edit", "Update", "f:a")],
            vec![entry("kubectl", "Apply", "f:a")],
            vec![],
        ] {
            assert_eq!(take_over(&before, "windlass").expect("readable"), None);
        }
        let mut status = kubectl;
        status.set_at(&["subresource"], "status");
        assert_eq!(take_over(&[status], "windlass").expect("readable"), None);
    }
}
