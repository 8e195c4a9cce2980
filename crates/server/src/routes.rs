//! The routes: one table, from which requests are answered and the OpenAPI document is made.

mod openapi;
mod schemas;

pub use openapi::document;

use crate::access::Desk;
use crate::argo::{
    applicationsets, badge, certificates, change, clusters, gpgkeys, info, links, logs, policy,
    projects, repositories, resources, steps, watch,
};
use crate::call::{Answer, Call, decode};
use crate::refusal::Refusal;
use crate::{actions, activity, apps, detail, fleet, people, preferences, session, sso, stream};
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
    route!(GET "/auth/login" ["return_url"] Open sso::begin, "Sends a browser to the provider of single sign-on."),
    route!(GET "/auth/callback" ["code state error error_description"] Open sso::finish, "Takes a browser back from the provider, logged in."),
    route!(GET "/healthz" [""] Open session::health, "Says that the server runs."),
    route!(GET "/api/version" [""] Open session::version, "Returns the version."),
    route!(GET "/api/badge" ["name namespace project revision keepFullRevision showAppName width"] Open badge::badge, "Draws how an application or a project is, if the installation lets anybody see that."),
    route!(GET "/api/v1/settings" [""] Open session::settings, "Returns how to log in, and what the server is."),
    route!(GET "/api/v1/session/userinfo" [""] Open session::userinfo, "Returns who asks, and what their changes must carry."),
    route!(POST "/api/v1/session" [""] Open session::login, "Logs in with a name and a password."),
    route!(DELETE "/api/v1/session" [""] Open session::logout, "Ends the session."),

    route!(GET "/api/v1/openapi.json" [""] Open openapi::get, "Returns this document."),

    route!(GET "/api/v1/board" [""] Known fleet::board, "Returns a row for each application, as columns."),
    route!(GET "/api/v1/fleet" [""] Known fleet::fleet, "Returns the fleet in numbers, and what needs somebody."),
    route!(GET "/api/v1/stream" ["topics since"] Known stream::stream, "Streams changes as server-sent events, numbered and resumable."),
    route!(GET "/api/v1/preferences" [""] Known preferences::get, "Returns one's favourites and views, and the views that all share."),
    route!(PUT "/api/v1/preferences" [""] Known preferences::put, "Keeps one's favourites and views, or those that all share."),
    route!(GET "/api/v1/drift" ["since actor cluster kind field action app limit before fields"] Known activity::drift, "Lists changes that didn't come from Git."),
    route!(GET "/api/v1/audit" ["actor app action since limit before fields"] Known activity::audit, "Lists what was done, and by whom."),
    route!(GET "/api/v1/rollouts" ["fields"] Known fleet::rollouts, "Lists deployments under way, rolled back and held."),
    route!(GET "/api/v1/resources" ["q kind health cluster limit after fields"] Known fleet::resources, "Lists resources across applications."),
    route!(GET "/api/v1/search" ["q"] Known fleet::search, "Finds applications, resources, images, commits and people."),

    route!(GET "/api/v1/applications" ["projects project selector repo appNamespace fields name refresh resourceVersion limit continue"] Known apps::list, "Lists applications."),
    route!(POST "/api/v1/applications" ["upsert validate dryRun"] Known change::create, "Makes an application."),
    route!(POST "/api/v1/preview" [""] Known detail::preview, "Returns what an application would deploy, before it is made or changed."),
    route!(GET "/api/v1/stream/applications" ["projects project selector repo appNamespace fields name resourceVersion"] Known watch::applications, "Streams applications as they change, one document a line."),
    route!(GET "/api/v1/stream/applications/{app}/resource-tree" ["namespace name group kind appNamespace project"] Known watch::resource_tree, "Streams the tree of an application's objects."),
    route!(GET "/api/v1/applications/{app}" ["project appNamespace refresh resourceVersion fields"] Known apps::get, "Returns an application."),
    route!(PUT "/api/v1/applications/{app}" ["validate project"] Known change::update, "Changes an application."),
    route!(PATCH "/api/v1/applications/{app}" ["project appNamespace"] Known change::patch, "Patches an application."),
    route!(DELETE "/api/v1/applications/{app}" ["cascade propagationPolicy project appNamespace"] Known change::delete, "Deletes an application, and what it deployed."),
    route!(PUT "/api/v1/applications/{app}/spec" ["validate project appNamespace"] Known change::set_spec, "Changes an application's specification."),
    route!(GET "/api/v1/applications/{app}/resource-tree" ["namespace name group kind appNamespace project"] Known resources::tree, "Returns the tree of an application's objects."),
    route!(GET "/api/v1/applications/{app}/managed-resources" ["namespace name version group kind appNamespace project"] Known resources::managed, "Returns each object as it is, as Git wants it, and as a sync would make it."),
    route!(GET "/api/v1/applications/{app}/manifests" ["revision appNamespace project"] Known resources::manifests, "Returns what Git wants."),
    route!(GET "/api/v1/applications/{app}/resource" ["namespace resourceName version group kind appNamespace project"] Known resources::get, "Returns one object."),
    route!(POST "/api/v1/applications/{app}/resource" ["namespace resourceName version group kind patchType appNamespace project"] Known resources::patch, "Patches one object."),
    route!(DELETE "/api/v1/applications/{app}/resource" ["namespace resourceName version group kind force orphan appNamespace project"] Known resources::delete, "Deletes one object."),
    route!(GET "/api/v1/applications/{app}/resource/actions" ["namespace resourceName version group kind appNamespace project"] Known resources::actions, "Lists what can be done to an object."),
    route!(POST "/api/v1/applications/{app}/resource/actions" ["namespace resourceName version group kind appNamespace project"] Known resources::run_action, "Does something to an object."),
    route!(POST "/api/v1/applications/{app}/resource/actions/v2" [""] Known resources::run_action, "Does something to an object, with parameters."),
    route!(GET "/api/v1/applications/{app}/resource/links" ["namespace resourceName version group kind appNamespace project"] Known links::of_resource, "Lists links of an object."),
    route!(GET "/api/v1/applications/{app}/links" ["appNamespace project"] Known links::of_application, "Lists links of an application."),
    route!(GET "/api/v1/applications/{app}/events" ["resourceNamespace resourceName resourceUID appNamespace project"] Known info::events, "Lists the events of an application, or of one of its objects."),
    route!(GET "/api/v1/applications/{app}/syncwindows" ["appNamespace project"] Known info::windows, "Returns the project's windows that are for an application."),
    route!(GET "/api/v1/applications/{app}/revisions/{revision}/metadata" ["appNamespace project"] Known info::revision, "Returns who made a revision."),
    route!(GET "/api/v1/applications/{app}/logs" ["namespace podName container sinceSeconds tailLines follow previous filter group kind resourceName appNamespace project"] Known logs::logs, "Streams logs of an application's pods."),
    route!(GET "/api/v1/applications/{app}/pods/{pod}/logs" ["namespace container sinceSeconds tailLines follow previous filter appNamespace project"] Known logs::logs, "Streams the log of a pod."),
    route!(GET "/api/v1/applications/{app}/rendered" ["revision appNamespace project"] Known steps::rendered, "Returns what a revision renders to, with lines."),
    route!(GET "/api/v1/applications/{app}/explain" ["group kind namespace name pointer revision appNamespace project"] Known steps::explain, "Says who had a hand in a field."),
    route!(GET "/api/v1/applications/{app}/overview" ["project appNamespace"] Known detail::overview, "Returns how an application is, why, since when, and what next."),
    route!(GET "/api/v1/applications/{app}/tree" ["all project appNamespace"] Known detail::tree, "Returns the tree of an application's objects, laid out."),
    route!(GET "/api/v1/applications/{app}/diff" ["from to all project appNamespace"] Known detail::diff, "Compares any two of: the cluster, what is deployed, a revision."),
    route!(GET "/api/v1/applications/{app}/plan" ["revision prune resources project appNamespace"] Known detail::plan, "Returns what a sync would do."),
    route!(GET "/api/v1/applications/{app}/timeline" ["limit before project appNamespace fields"] Known activity::timeline, "Lists what happened to an application."),
    route!(GET "/api/v1/applications/{app}/attempts" ["project appNamespace fields"] Known activity::attempts, "Lists every deployment of an application, those that failed included."),

    route!(POST "/api/v1/applications/{app}/sync" [""] Known actions::sync, "Syncs an application."),
    route!(POST "/api/v1/applications/{app}/rollback" [""] Known actions::rollback, "Rolls back to an entry of the history, and holds what was deployed."),
    route!(DELETE "/api/v1/applications/{app}/operation" [""] Known actions::terminate, "Ends the operation that runs."),
    route!(POST "/api/v1/applications/{app}/hold" [""] Known actions::hold, "Holds a revision."),
    route!(DELETE "/api/v1/applications/{app}/hold" ["revision"] Known actions::unhold, "Lets a held revision go."),
    route!(POST "/api/v1/applications/{app}/pause" [""] Known actions::pause, "Stops automation."),
    route!(POST "/api/v1/applications/{app}/resume" [""] Known actions::resume, "Lets automation go on."),
    route!(POST "/api/v1/applications/{app}/refresh" [""] Known actions::refresh, "Looks at Git again."),
    route!(GET "/api/v1/projects" ["name limit continue fields"] Known projects::all, "Lists projects."),
    route!(POST "/api/v1/projects" [""] Known projects::create, "Makes a project."),
    route!(GET "/api/v1/projects/{name}" [""] Known projects::get, "Returns a project."),
    route!(PUT "/api/v1/projects/{name}" [""] Known projects::update, "Changes a project."),
    route!(DELETE "/api/v1/projects/{name}" [""] Known projects::delete, "Deletes a project."),
    route!(GET "/api/v1/projects/{name}/detailed" [""] Known projects::detailed, "Returns a project with its repositories and clusters."),
    route!(GET "/api/v1/projects/{name}/syncwindows" [""] Known projects::windows, "Returns the windows of a project that are open."),
    route!(GET "/api/v1/projects/{name}/globalprojects" [""] Known projects::global, "Lists the projects that one inherits from."),
    route!(GET "/api/v1/projects/{name}/events" [""] Known projects::events, "Lists the events of a project."),
    route!(GET "/api/v1/projects/{name}/links" [""] Known links::of_project, "Lists links of a project."),
    route!(GET "/api/v1/repositories" ["repo forceRefresh appProject limit continue fields"] Known repositories::all, "Lists repositories, never with their logins."),
    route!(POST "/api/v1/repositories" ["upsert credsOnly"] Known repositories::create, "Makes a repository known."),
    route!(GET "/api/v1/repositories/{repo}" ["forceRefresh appProject"] Known repositories::get, "Returns a repository."),
    route!(PUT "/api/v1/repositories/{repo}" [""] Known repositories::update, "Changes a repository."),
    route!(DELETE "/api/v1/repositories/{repo}" ["appProject"] Known repositories::delete, "Takes a repository out."),
    route!(GET "/api/v1/repocreds" ["url"] Known repositories::all_credentials, "Lists what repositories with a prefix are logged in to with, never passwords."),
    route!(POST "/api/v1/repocreds" ["upsert"] Known repositories::create_credentials, "Makes credentials for repositories with a prefix."),
    route!(PUT "/api/v1/repocreds/{url}" [""] Known repositories::update_credentials, "Changes credentials for repositories with a prefix."),
    route!(DELETE "/api/v1/repocreds/{url}" [""] Known repositories::delete_credentials, "Takes credentials for repositories with a prefix out."),
    route!(GET "/api/v1/clusters" ["server name id.type id.value limit continue fields"] Known clusters::all, "Lists clusters, never with their logins."),
    route!(POST "/api/v1/clusters" ["upsert"] Known clusters::create, "Makes a cluster known."),
    route!(GET "/api/v1/clusters/{server}" ["id.type"] Known clusters::get, "Returns a cluster."),
    route!(PUT "/api/v1/clusters/{server}" ["id.type updatedFields"] Known clusters::update, "Changes a cluster."),
    route!(DELETE "/api/v1/clusters/{server}" ["id.type"] Known clusters::delete, "Takes a cluster out."),
    route!(POST "/api/v1/clusters/{server}/invalidate-cache" ["id.type"] Known clusters::invalidate, "Returns a cluster: what is known of it is never old."),
    route!(GET "/api/v1/certificates" ["hostNamePattern certType certSubType"] Known certificates::all, "Lists what repositories' servers are known by."),
    route!(POST "/api/v1/certificates" ["upsert"] Known certificates::create, "Makes host keys and certificates known."),
    route!(DELETE "/api/v1/certificates" ["hostNamePattern certType certSubType"] Known certificates::delete, "Takes host keys and certificates out."),
    route!(GET "/api/v1/gpgkeys" ["keyID"] Known gpgkeys::all, "Lists keys that commits may be signed with."),
    route!(POST "/api/v1/gpgkeys" ["upsert"] Known gpgkeys::create, "Makes keys known that commits may be signed with."),
    route!(DELETE "/api/v1/gpgkeys" ["keyID"] Known gpgkeys::delete, "Takes a key out."),
    route!(GET "/api/v1/gpgkeys/{keyID}" [""] Known gpgkeys::get, "Returns a key."),
    route!(GET "/api/v1/applicationsets" ["projects selector appsetNamespace fields"] Known applicationsets::all, "Lists application sets."),
    route!(GET "/api/v1/applicationsets/{name}" ["appsetNamespace"] Known applicationsets::get, "Returns an application set."),
    route!(GET "/api/v1/can-i" ["user groups resource action object"] Known policy::can_i, "Says whether somebody may do something, and which rule decides."),
    route!(GET "/api/v1/policy" [""] Known policy::policy, "Returns the policy, with what is wrong with it."),
    route!(GET "/api/v1/account" [""] Known people::all, "Lists accounts."),
    route!(PUT "/api/v1/account/password" [""] Known people::set_password, "Changes a password."),
    route!(GET "/api/v1/account/{name}" [""] Known people::get, "Returns an account."),
    route!(POST "/api/v1/account/{name}/token" [""] Known people::make_token, "Makes a token of an account."),
    route!(DELETE "/api/v1/account/{name}/token/{id}" [""] Known people::delete_token, "Deletes a token of an account."),
    route!(POST "/api/v1/projects/{name}/roles/{role}/token" [""] Known people::make_project_token, "Makes a token of a project's role."),
    route!(DELETE "/api/v1/projects/{name}/roles/{role}/token/{iat}" ["id"] Known people::delete_project_token, "Deletes a token of a project's role."),
    route!(GET "/api/v1/account/can-i/{resource}/{action}/{object...}" [""] Known policy::account_can_i, "Says whether one may do something."),
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
            session::known(desk, &call)?;
        }
        call.captures = captures;
        return (route.handler)(Arc::clone(desk), call).await;
    }
    session::known(desk, &call)?;
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
