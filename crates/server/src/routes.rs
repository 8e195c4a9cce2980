//! The routes: one table, from which requests are answered and the OpenAPI document is made.

use crate::access::Desk;
use crate::call::{Answer, Call, decode};
use crate::refusal::Refusal;
use crate::{actions, activity, apps, detail, fleet, session, stream};
use http::Method;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

type Answered = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send>>;

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for a segment and `{name...}` for all that follows.
    pub path: &'static str,
    /// The parameters of the query, separated by spaces.
    pub query: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Who may ask.
    pub access: Access,
    handler: fn(Arc<Desk>, Call) -> Answered,
}

/// Who may ask; what they may see or do is the handler's permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Who has logged in.
    Known,
}

macro_rules! route {
    ($method:ident $path:literal [$query:literal] $access:ident $handler:path, $summary:literal) => {
        Route {
            method: Method::$method,
            path: $path,
            query: $query,
            summary: $summary,
            access: Access::$access,
            handler: |desk, call| Box::pin($handler(desk, call)),
        }
    };
}

/// Every route, in the order of the document.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route!(GET "/healthz" [""] Open session::health, "Says that the server runs."),
    route!(GET "/api/version" [""] Open session::version, "Returns the version."),
    route!(GET "/api/v1/settings" [""] Open session::settings, "Returns how to log in, and what the server is."),
    route!(GET "/api/v1/session/userinfo" [""] Open session::userinfo, "Returns who asks, and what their changes must carry."),
    route!(DELETE "/api/v1/session" [""] Open session::logout, "Ends the session."),

    route!(GET "/api/v1/board" [""] Known fleet::board, "Returns a row for each application, as columns."),
    route!(GET "/api/v1/fleet" [""] Known fleet::fleet, "Returns the fleet in numbers, and what needs somebody."),
    route!(GET "/api/v1/stream" ["topics since"] Known stream::stream, "Streams changes as server-sent events, numbered and resumable."),
    route!(GET "/api/v1/drift" ["since actor cluster kind field action app limit before"] Known activity::drift, "Lists changes that didn't come from Git."),
    route!(GET "/api/v1/audit" ["actor app action since limit before"] Known activity::audit, "Lists what was done, and by whom."),
    route!(GET "/api/v1/rollouts" [""] Known fleet::rollouts, "Lists deployments under way, rolled back and held."),
    route!(GET "/api/v1/resources" ["q kind health cluster limit after"] Known fleet::resources, "Lists resources across applications."),
    route!(GET "/api/v1/search" ["q"] Known fleet::search, "Finds applications, resources, images, commits and people."),

    route!(GET "/api/v1/applications" ["projects project selector repo appNamespace fields name refresh resourceVersion limit continue"] Known apps::list, "Lists applications."),
    route!(GET "/api/v1/applications/{app}" ["project appNamespace refresh resourceVersion fields"] Known apps::get, "Returns an application."),
    route!(GET "/api/v1/applications/{app}/overview" ["project appNamespace"] Known detail::overview, "Returns how an application is, why, since when, and what next."),
    route!(GET "/api/v1/applications/{app}/tree" ["all project appNamespace"] Known detail::tree, "Returns the tree of an application's objects, laid out."),
    route!(GET "/api/v1/applications/{app}/diff" ["from to all project appNamespace"] Known detail::diff, "Compares any two of: the cluster, what is deployed, a revision."),
    route!(GET "/api/v1/applications/{app}/plan" ["revision prune resources project appNamespace"] Known detail::plan, "Returns what a sync would do."),
    route!(GET "/api/v1/applications/{app}/timeline" ["limit before project appNamespace"] Known activity::timeline, "Lists what happened to an application."),
    route!(GET "/api/v1/applications/{app}/attempts" ["project appNamespace"] Known activity::attempts, "Lists every deployment of an application, those that failed included."),

    route!(POST "/api/v1/applications/{app}/sync" [""] Known actions::sync, "Syncs an application."),
    route!(POST "/api/v1/applications/{app}/rollback" [""] Known actions::rollback, "Rolls back to an entry of the history, and holds what was deployed."),
    route!(DELETE "/api/v1/applications/{app}/operation" [""] Known actions::terminate, "Ends the operation that runs."),
    route!(POST "/api/v1/applications/{app}/hold" [""] Known actions::hold, "Holds a revision."),
    route!(DELETE "/api/v1/applications/{app}/hold" ["revision"] Known actions::unhold, "Lets a held revision go."),
    route!(POST "/api/v1/applications/{app}/pause" [""] Known actions::pause, "Stops automation."),
    route!(POST "/api/v1/applications/{app}/resume" [""] Known actions::resume, "Lets automation go on."),
    route!(POST "/api/v1/applications/{app}/refresh" [""] Known actions::refresh, "Looks at Git again."),
    route!(POST "/api/v1/applications/{app}/approve" [""] Known actions::approve, "Approves the deletions that ask for it."),
];

/// Answers a request.
pub(crate) async fn dispatch(desk: &Arc<Desk>, mut call: Call) -> Result<Answer, Refusal> {
    let mut is_path = false;
    for route in ROUTES {
        let Some(captures) = captures(route.path, &call.path) else {
            continue;
        };
        if route.method != call.method {
            is_path = true;
            continue;
        }
        if route.access == Access::Known {
            session::known(&call)?;
        }
        call.captures = captures;
        return (route.handler)(Arc::clone(desk), call).await;
    }
    session::known(&call)?;
    Err(match is_path {
        true => Refusal::method(),
        false => Refusal::not_found("Not Found"),
    })
}

/// Returns what a path has in the places of a pattern's names; `None` if it isn't like it.
fn captures(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut segments = path.strip_prefix('/')?.split('/');
    for part in pattern.strip_prefix('/')?.split('/') {
        if part.ends_with("...}") {
            let rest: Vec<String> = segments.map(decode).collect();
            found.push(rest.join("/"));
            return Some(found);
        }
        let segment = segments.next()?;
        if part.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            found.push(decode(segment));
        } else if part != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let found = |pattern, path| captures(pattern, path);
        assert_eq!(found("/a/{x}/b", "/a/1%2F2/b"), Some(vec!["1/2".into()]));
        assert_eq!(found("/a/{x}", "/a/"), None);
        assert_eq!(found("/a/{x}", "/a/b/c"), None);
        assert_eq!(found("/a/{x...}", "/a/b/c"), Some(vec!["b/c".into()]));
        assert_eq!(found("/a", "/a"), Some(vec![]));
    }
}
