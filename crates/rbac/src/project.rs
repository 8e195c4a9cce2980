//! The roles of a project as a policy.

use value::Value;

/// Returns the policy that the roles of an `AppProject` come to: each may read its project, does
/// what its policies say, and is had by its groups.
#[must_use]
pub fn project_policy(project: &Value) -> String {
    let name = project.str_at(&["metadata", "name"]);
    let mut lines = Vec::new();
    for role in project.array_at(&["spec", "roles"]) {
        let subject = format!("proj:{name}:{}", role.str_at(&["name"]));
        lines.push(format!("p, {subject}, projects, get, {name}, allow"));
        let policies = role.array_at(&["policies"]).iter();
        lines.extend(policies.filter_map(Value::as_str).map(str::to_owned));
        let groups = role.array_at(&["groups"]).iter().filter_map(Value::as_str);
        lines.extend(groups.map(|group| format!("g, {group}, {subject}")));
    }
    lines.join("\n")
}
