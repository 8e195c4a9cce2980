//! Who is calling, and whether they may.

use std::collections::HashMap;

use http::HeaderMap;
use http::header::{AUTHORIZATION, USER_AGENT};
use sha2::{Digest as _, Sha256};

use super::{Call, path};
use crate::failure::{Failure, Result};
use crate::registry::Caller;

const ANONYMOUS: &str = "system:anonymous";

/// The tokens that are known, by their digests: the tokens themselves are not kept.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<[u8; 32], (String, Vec<String>)>);

impl Tokens {
    pub(crate) fn add(&mut self, token: &str, user: &str, groups: &[String]) {
        let mut groups = groups.to_vec();
        if !groups.iter().any(|g| g == "system:authenticated") {
            groups.push("system:authenticated".to_owned());
        }
        self.0.insert(
            Sha256::digest(token.as_bytes()).into(),
            (user.to_owned(), groups),
        );
    }

    /// Returns the user that a token stands for.
    pub(super) fn user(&self, token: &str) -> Option<&(String, Vec<String>)> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.0.get(&digest)
    }

    /// Returns who sends a request.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Result<Caller> {
        let agent = headers
            .get(USER_AGENT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let header = headers
            .get(AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => "",
        };
        let (user, groups) = if token.is_empty() {
            (
                ANONYMOUS.to_owned(),
                vec!["system:unauthenticated".to_owned()],
            )
        } else {
            self.user(token)
                .cloned()
                .ok_or_else(Failure::unauthorized)?
        };
        let (user, groups) = match impersonated(headers)? {
            None => (user, groups),
            Some(_) if user == ANONYMOUS => return Err(Failure::unauthorized()),
            Some(other) => other,
        };
        Ok(Caller {
            user,
            groups,
            user_agent: agent.to_owned(),
        })
    }

    /// Checks that the caller may do this: whoever has a token may do everything, until roles are
    /// evaluated.
    pub(super) fn admit(&self, call: &Call) -> Result<()> {
        if call.caller.user != ANONYMOUS {
            return Ok(());
        }
        Err(denied(call))
    }
}

/// Returns the user whose rights are to count instead of the sender's, and their groups.
fn impersonated(headers: &HeaderMap) -> Result<Option<(String, Vec<String>)>> {
    let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let user = headers.get("impersonate-user").and_then(text);
    let all = headers.get_all("impersonate-group").iter();
    let mut groups: Vec<String> = all.filter_map(text).collect();
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        return match groups.is_empty() {
            true => Ok(None),
            false => Err(Failure::bad_request(
                "groups can't be impersonated without a user",
            )),
        };
    };
    if groups.is_empty()
        && let Some(account) = user.strip_prefix("system:serviceaccount:")
        && let Some((namespace, _)) = account.split_once(':')
    {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    if user != ANONYMOUS && !groups.iter().any(|g| g == "system:authenticated") {
        groups.push("system:authenticated".to_owned());
    }
    Ok(Some((user, groups)))
}

fn denied(call: &Call) -> Failure {
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    let user = crate::failure::go_quote(&call.caller.user);
    let (group, rest) = match segments.as_slice() {
        ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
        ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
        _ => {
            let verb = call.method.as_str().to_lowercase();
            let message = format!(
                "forbidden: User {user} cannot {verb} path {}",
                crate::failure::go_quote(&call.path)
            );
            return Failure::new(403, "Forbidden", message).with_details(value::Value::object());
        }
    };
    let rest: Vec<String> = rest.iter().map(|s| (*s).to_owned()).collect();
    let named = path::named(&rest);
    let verb = match (call.method.as_str(), named.name.is_empty()) {
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        (_, true) if call.params.flag("watch") || named.watch => "watch",
        (_, true) => "list",
        _ => "get",
    };
    let mut resource = named.plural.to_owned();
    if !named.subresource.is_empty() {
        resource = format!("{resource}/{}", named.subresource);
    }
    let namespace = if named.plural == "namespaces" {
        named.name
    } else {
        named.namespace
    };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{namespace}\"")
    };
    let qualified = if group.is_empty() {
        named.plural.to_owned()
    } else {
        format!("{}.{group}", named.plural)
    };
    let subject = if named.name.is_empty() {
        qualified
    } else {
        format!("{qualified} \"{}\"", named.name)
    };
    let message = format!(
        "{subject} is forbidden: User {user} cannot {verb} resource \"{resource}\" in API group \
         \"{group}\" {place}"
    );
    let mut details = value::Object::new();
    if !named.name.is_empty() {
        details.insert("name", named.name);
    }
    if !group.is_empty() {
        details.insert("group", group);
    }
    details.insert("kind", named.plural);
    Failure::new(403, "Forbidden", message).with_details(details.into())
}
