//! Tokens of projects' roles.

use value::Value;

/// Who knows the tokens of projects' roles.
pub trait Projects {
    /// Returns true if a role of a project has a token; see [`project_has_token`].
    fn has_token(&self, project: &str, role: &str, issued_at: i64, id: &str) -> bool;
}

/// No project has tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProjects;

impl Projects for NoProjects {
    fn has_token(&self, _: &str, _: &str, _: i64, _: &str) -> bool {
        false
    }
}

impl<F: Fn(&str) -> Option<Value>> Projects for F {
    fn has_token(&self, project: &str, role: &str, issued_at: i64, id: &str) -> bool {
        self(project).is_some_and(|p| project_has_token(&p, role, issued_at, id))
    }
}

/// Returns true if an `AppProject` has a role with a token, in its spec or its status.
///
/// The token's id decides. Entries from before there were ids have the time of issue.
#[must_use]
pub fn project_has_token(project: &Value, role: &str, issued_at: i64, id: &str) -> bool {
    let mut roles = project.array_at(&["spec", "roles"]).iter();
    let Some(found) = roles.find(|r| r.str_at(&["name"]) == role) else {
        return false;
    };
    let in_status = project.array_at(&["status", "jwtTokensByRole", role, "items"]);
    let mut tokens = found.array_at(&["jwtTokens"]).iter().chain(in_status);
    tokens.any(|token| {
        let time = token.i64_at(&["iat"]);
        match token.str_at(&["id"]) {
            own if !own.is_empty() && own == id => true,
            own if own.is_empty() || own == issued_at.to_string() => time == Some(issued_at),
            _ => id.is_empty() && time == Some(issued_at),
        }
    })
}
