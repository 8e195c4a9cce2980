//! What the policy says.

use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use rbac::{Resource, Subject, action};
use std::sync::Arc;
use value::{Value, json};

/// `GET /api/v1/account/can-i/{resource}/{action}/{object...}`
pub(crate) async fn account_can_i(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let resource: Resource = call
        .capture(0)
        .parse()
        .map_err(|e: rbac::UnknownResource| Refusal::invalid(e.to_string()))?;
    let may = call.caller.may(resource, call.capture(1), call.capture(2));
    Ok(json!({"value": if may { "yes" } else { "no" }}).into())
}

/// `GET /api/v1/can-i`
pub(crate) async fn can_i(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let resource: Resource = call
        .param("resource")
        .parse()
        .map_err(|e: rbac::UnknownResource| Refusal::invalid(e.to_string()))?;
    let user = call.param("user");
    let groups: Vec<&str> = call.params("groups").collect();
    let is_own = (user.is_empty() || user == call.caller.name()) && groups.is_empty();
    let subject = match is_own {
        true => call.caller.subject().clone(),
        false => {
            // What others may do is for those who may read the accounts.
            call.caller.permit(Resource::Accounts, action::GET, user)?;
            Subject::user(user, groups)
        }
    };
    let policy = &call.caller.current().policy;
    let it = policy.explain(
        &subject,
        resource,
        call.param("action"),
        call.param("object"),
    );
    Ok(explanation(&it).into())
}

fn explanation(it: &rbac::Explanation) -> Value {
    let rule = it.rule.as_ref();
    json!({
        "allowed": it.is_allowed,
        "rule": rule.map_or("", |r| &r.text),
        "source": rule.map_or_else(String::new, |r| format!("{}:{}", r.source, r.line)),
        "why": it.why.as_str(),
        "needed": it.needed.as_str(),
    })
}

/// `GET /api/v1/policy`
pub(crate) async fn policy(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    call.caller.permit(Resource::Accounts, action::GET, "*")?;
    let current = call.caller.current();
    let policy = &current.policy;
    let problem_of = |rule: &rbac::Rule| {
        let mut problems = policy.problems().iter();
        problems
            .find(|p| p.source == rule.source && p.line == rule.line)
            .map(ToString::to_string)
    };
    let rules: Vec<Value> = policy
        .rules()
        .iter()
        .map(|rule| {
            let mut it = json!({
                "line": rule.line, "source": &*rule.source, "text": &*rule.text,
            });
            if let Some(problem) = problem_of(rule) {
                it.set_at(&["problem"], problem);
            }
            it
        })
        .collect();
    let mode = match current.config.match_mode {
        rbac::MatchMode::Glob => "glob",
        rbac::MatchMode::Regex => "regex",
    };
    Ok(json!({
        "matchMode": mode, "default": policy.default_role(), "rules": rules,
        "refused": current.refused.clone(),
    })
    .into())
}
