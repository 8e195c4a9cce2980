//! The only way to what there is: everything that is read or changed goes through a permit.

use crate::auth::{Auth, Identity, Known};
use crate::board::{Board, Row};
use crate::call::Call;
use crate::logins;
use crate::policies::{Current, Policies};
use crate::records::Records;
use crate::refusal::Refusal;
use crate::server::Settings;
use api::names;
use cluster::{Client, Resource};
use controller::View;
use engine::{AppView, ObjectKey, argo};
use jiff::Timestamp;
use ledger::{AuditEntry, Author, Grade};
use rbac::{Permit, Resource as Thing, Subject, action};
use std::sync::{Arc, PoisonError, RwLock};
use value::Value;

/// Who asks, and by which policy.
pub(crate) struct Caller {
    pub(crate) identity: Option<Identity>,
    subject: Subject,
    current: Arc<Current>,
}

impl Caller {
    pub(crate) fn new(identity: Option<Identity>, current: Arc<Current>) -> Self {
        let subject = match &identity {
            Some(identity) => Subject::user(&identity.subject, &identity.groups),
            None => Subject::anonymous(),
        };
        Self {
            identity,
            subject,
            current,
        }
    }

    /// Returns the name that is written beside what this person does.
    pub(crate) fn name(&self) -> &str {
        self.identity.as_ref().map_or("", |i| i.username.as_str())
    }

    pub(crate) const fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) const fn current(&self) -> &Arc<Current> {
        &self.current
    }

    /// Asks for a permit.
    pub(crate) fn permit(&self, on: Thing, what: &str, object: &str) -> Result<Permit, Refusal> {
        let policy = &self.current.policy;
        let permit = policy.check(&self.subject, on, what, object);
        permit.map_err(|denied| {
            Refusal::new(crate::refusal::Code::Denied, denied.to_string())
                .hint("an administrator can allow it in argocd-rbac-cm")
        })
    }

    /// Returns true if something may be; for what is only shown.
    pub(crate) fn may(&self, on: Thing, what: &str, object: &str) -> bool {
        self.current
            .policy
            .judge(&self.subject)
            .allows(on, what, object)
    }
}

/// What all requests share.
pub(crate) struct Desk {
    view: View,
    client: Client,
    pub(crate) board: Arc<Board>,
    pub(crate) records: Arc<Records>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) auth: Auth,
    pub(crate) settings: Settings,
    argocd_cm: RwLock<Arc<Value>>,
    pub(crate) plans: crate::detail::Memory,
    pub(crate) index: crate::index::Index,
}

/// An application that somebody may see.
pub(crate) struct App {
    pub(crate) key: ObjectKey,
    pub(crate) value: Value,
    pub(crate) parsed: AppView,
    /// The permit to read it.
    permit: Permit,
    desk: Arc<Desk>,
    caller: Arc<Caller>,
}

/// Returns how policies call an application.
pub(crate) fn rbac_name(project: &str, control: &str, namespace: &str, name: &str) -> String {
    let project = if project.is_empty() {
        "default"
    } else {
        project
    };
    match namespace {
        ns if ns == control || ns.is_empty() => format!("{project}/{name}"),
        ns => format!("{project}/{ns}/{name}"),
    }
}

impl Desk {
    pub(crate) fn new(
        view: View,
        client: Client,
        board: Arc<Board>,
        records: Arc<Records>,
        policies: Arc<Policies>,
        settings: Settings,
    ) -> Self {
        Self {
            auth: Auth::new(&settings.tokens),
            argocd_cm: RwLock::default(),
            plans: crate::detail::Memory::default(),
            index: crate::index::Index::default(),
            view,
            client,
            board,
            records,
            policies,
            settings,
        }
    }

    /// Returns who sends a request; `None` if it doesn't say.
    pub(crate) fn identify(
        &self,
        headers: &http::HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Identity>, Refusal> {
        let current = self.policies.current();
        let projects = |name: &str| self.project(name);
        self.auth
            .identify(headers, &self.known(&current, now, &projects))
    }

    /// Returns the cookie's next token, if the session ends soon.
    pub(crate) fn renew(&self, headers: &http::HeaderMap, now: Timestamp) -> Option<String> {
        let current = self.policies.current();
        let projects = |name: &str| self.project(name);
        self.auth
            .renew(headers, &self.known(&current, now, &projects))
    }

    /// Ends a session, for this process and every other one.
    pub(crate) async fn end(&self, token: &str, now: Timestamp) {
        let ended = {
            let current = self.policies.current();
            let projects = |name: &str| self.project(name);
            self.auth.end(token, &self.known(&current, now, &projects))
        };
        let Some(ended) = ended else { return };
        let kept = logins::keep_ended(&self.client, self.namespace(), &ended, now.as_second());
        if let Err(error) = kept.await {
            tracing::warn!(error = %error, "a logout is forgotten when this process ends");
        }
    }

    /// Returns the next token of a session of single sign-on that ends soon.
    pub(crate) async fn renew_sso(
        &self,
        headers: &http::HeaderMap,
        now: Timestamp,
    ) -> Option<String> {
        if crate::auth::bearer(headers).is_some() {
            return None;
        }
        let token = crate::auth::cookie(headers)?;
        let logins = &self.auth.logins;
        let accounts = logins.accounts();
        logins.sso.renew(&accounts, token, now.as_second()).await
    }

    #[expect(clippy::unused_self, reason = "it belongs to the desk")]
    fn known<'a>(
        &self,
        current: &'a Current,
        now: Timestamp,
        projects: &'a dyn accounts::Projects,
    ) -> Known<'a> {
        Known {
            now,
            scopes: current.policy.scopes(),
            projects,
        }
    }

    /// Returns a project as it is written; who may see it has been asked.
    pub(crate) fn project(&self, name: &str) -> Option<Value> {
        let key = ObjectKey::new(names::ARGO_GROUP, "AppProject", self.namespace(), name);
        Some(self.view.cluster().get(&key)?.value())
    }

    /// Returns the namespace of applications.
    pub(crate) fn namespace(&self) -> &str {
        self.view.namespace()
    }

    /// Returns since when the control plane can't be followed.
    pub(crate) fn trouble(&self) -> Option<cluster::Trouble> {
        self.view.cluster().trouble()
    }

    /// Returns the version of the cluster's API server.
    pub(crate) fn server_version(&self) -> String {
        self.view.cluster().discovery().version().to_owned()
    }

    /// Returns an application that the one who asks may see. One that is absent, and one that they
    /// may not see, are refused alike.
    pub(crate) fn app(self: &Arc<Self>, call: &Call) -> Result<App, Refusal> {
        let namespace = match call.param("appNamespace") {
            "" => self.namespace(),
            namespace => namespace,
        };
        self.app_named(
            &call.caller,
            namespace,
            call.capture(0),
            call.param("project"),
        )
    }

    pub(crate) fn app_named(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        namespace: &str,
        name: &str,
        project: &str,
    ) -> Result<App, Refusal> {
        let object = |project: &str| rbac_name(project, self.namespace(), namespace, name);
        let missing = || {
            // Who names the project and may read there is told the truth, as by Argo CD.
            let may = !project.is_empty()
                && caller.may(Thing::Applications, action::GET, &object(project));
            if may {
                return Refusal::not_found(format!("applications.argoproj.io {name:?} not found"));
            }
            Refusal::denied()
        };
        let found = (namespace == self.namespace()).then(|| self.view.application(name));
        let Some(value) = found.flatten() else {
            return Err(missing());
        };
        let own = match value.str_at(&["spec", "project"]) {
            "" => "default",
            own => own,
        };
        if !project.is_empty() && project != own {
            return Err(missing());
        }
        let permit = caller.permit(Thing::Applications, action::GET, &object(own));
        let Ok(permit) = permit else {
            return Err(Refusal::denied());
        };
        Ok(App {
            key: ObjectKey::new(names::ARGO_GROUP, "Application", namespace, name),
            parsed: argo::view(&value),
            value,
            permit,
            desk: Arc::clone(self),
            caller: Arc::clone(caller),
        })
    }

    /// Returns an application that isn't written, for whoever may make it so.
    pub(crate) fn draft(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        permit: Permit,
        value: Value,
    ) -> App {
        debug_assert_eq!(permit.resource(), Thing::Applications);
        let name = value.str_at(&["metadata", "name"]);
        App {
            key: ObjectKey::new(names::ARGO_GROUP, "Application", self.namespace(), name),
            parsed: argo::view(&value),
            value,
            permit,
            desk: Arc::clone(self),
            caller: Arc::clone(caller),
        }
    }

    /// Returns the revisions of an application that are held: whoever has its row may know.
    pub(crate) fn holds(&self, row: &Row) -> Vec<engine::Hold> {
        let app = self.view.application(&row.name);
        app.map_or_else(Vec::new, |app| engine::ask::holds(&app))
    }

    fn key_of(row: &Row) -> ObjectKey {
        ObjectKey::new(names::ARGO_GROUP, "Application", &row.ns, &row.name)
    }

    /// Returns the revision of an application's resource: whoever has its row may know.
    pub(crate) fn version_of(&self, row: &Row) -> u64 {
        let live = self.view.cluster().get(&Self::key_of(row));
        live.map_or(0, |live| live.resource_version)
    }

    /// Returns an application's resource, for those who have its row; null if it has gone.
    pub(crate) fn value_of(&self, row: &Row) -> Value {
        let live = self.view.cluster().get(&Self::key_of(row));
        live.map_or(Value::Null, |live| live.value())
    }

    /// Returns the images that an object of an application runs, for those who have its row.
    pub(crate) fn images_of(&self, _row: &Row, key: &ObjectKey) -> Value {
        let live = self.view.cluster().get(key);
        live.map_or(Value::Array(Vec::new()), |live| {
            crate::detail::images(&live.value())
        })
    }

    /// Creates an application.
    pub(crate) async fn create_app(
        &self,
        permit: &Permit,
        value: &Value,
        dry_run: bool,
    ) -> Result<Value, Refusal> {
        debug_assert_eq!(permit.resource(), Thing::Applications);
        let path = self.applications("");
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("{path}?fieldManager=windlass-dashboard{dry}");
        Ok(self.client.create(&path, value).await?)
    }

    fn applications(&self, name: &str) -> String {
        let (group, namespace) = (names::ARGO_API_VERSION, self.namespace());
        let slash = if name.is_empty() { "" } else { "/" };
        format!("/apis/{group}/namespaces/{namespace}/applications{slash}{name}")
    }

    /// Returns the connection, for whoever holds a permit to more than an application.
    pub(crate) const fn client(&self, _permit: &Permit) -> &Client {
        &self.client
    }

    /// Returns the connection by which preferences are kept: their own checks are in `preferences`.
    pub(crate) const fn preferences_client(&self) -> &Client {
        &self.client
    }

    /// Returns the connection by which accounts are kept: their own checks are in `people`.
    pub(crate) const fn accounts_client(&self) -> &Client {
        &self.client
    }

    /// Reads what the installation keeps beside applications, for handlers that show of it what
    /// somebody may see; `None` if it isn't there, or if we may not.
    pub(crate) async fn kept(&self, path: &str) -> Option<Value> {
        self.client.get(path).await.ok()
    }

    /// Returns `argocd-cm` as it is now; null if there is none.
    pub(crate) fn argocd_cm(&self) -> Arc<Value> {
        let cm = self.argocd_cm.read();
        Arc::clone(&cm.unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a new `argocd-cm`.
    pub(crate) fn configure(&self, cm: Arc<Value>) {
        let slot = self.argocd_cm.write();
        *slot.unwrap_or_else(PoisonError::into_inner) = cm;
    }

    /// Returns the project of an application, as it is written; null if it is gone.
    pub(crate) fn project_of(&self, app: &App) -> Value {
        self.project(&app.parsed.spec.project).unwrap_or_default()
    }

    /// Returns how many kinds the cluster serves.
    pub(crate) fn kinds(&self) -> usize {
        self.view.cluster().discovery().preferred().count()
    }

    /// Returns how many objects the live cache holds, and their bytes.
    pub(crate) fn cache_size(&self) -> (usize, usize) {
        self.view.cluster().size()
    }

    /// Returns the controller's knowledge, for whoever holds a permit.
    pub(crate) const fn view(&self, _permit: &Permit) -> &View {
        &self.view
    }

    /// Returns the projects that the one who asks may read, with their permits.
    pub(crate) fn projects(&self, caller: &Caller) -> Vec<(Permit, Value)> {
        let mut all = crate::policies::projects(self.view.cluster(), self.namespace());
        if !all
            .iter()
            .any(|p| p.str_at(&["metadata", "name"]) == "default")
        {
            all.push(default_project(self.namespace()));
        }
        all.sort_by(|a, b| {
            a.str_at(&["metadata", "name"])
                .cmp(b.str_at(&["metadata", "name"]))
        });
        let mine = all.into_iter().filter_map(|project| {
            let name = project.str_at(&["metadata", "name"]);
            let permit = caller.permit(Thing::Projects, action::GET, name).ok()?;
            Some((permit, project))
        });
        mine.collect()
    }

    /// Writes down what a person has done.
    pub(crate) fn audit(&self, caller: &Caller, app: &str, what: &str, message: String) {
        self.write_down(caller.name(), Grade::Verified, app, what, message);
    }

    /// Writes down what somebody has done whom nobody knows.
    pub(crate) fn audit_unknown(&self, what: &str, message: String) {
        self.write_down("unknown", Grade::Unknown, "", what, message);
    }

    fn write_down(&self, name: &str, grade: Grade, app: &str, what: &str, message: String) {
        self.view.ledger().audit(AuditEntry {
            app: app.to_owned(),
            action: what.to_owned(),
            author: Author {
                name: name.to_owned(),
                via: "dashboard".into(),
                grade,
            },
            from: String::new(),
            to: String::new(),
            message,
            objects: None,
            at: Timestamp::now(),
        });
    }
}

fn default_project(namespace: &str) -> Value {
    value::json!({
        "apiVersion": names::ARGO_API_VERSION,
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    })
}

impl App {
    pub(crate) fn name(&self) -> &str {
        &self.key.name
    }

    /// Returns how policies call it.
    pub(crate) fn rbac_name(&self) -> &str {
        self.permit.object()
    }

    /// Returns the controller's knowledge: whoever has the application may look.
    pub(crate) fn view(&self) -> &View {
        &self.desk.view
    }

    pub(crate) const fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    pub(crate) const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// Returns the permit to read it.
    pub(crate) const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Returns true if the one who asks may do something to it.
    pub(crate) fn may(&self, what: &str) -> bool {
        self.caller.may(Thing::Applications, what, self.rbac_name())
    }

    /// Returns true if the one who asks may read its logs.
    pub(crate) fn may_read_logs(&self) -> bool {
        self.caller.may(Thing::Logs, action::GET, self.rbac_name())
    }

    /// Asks for a permit to do something to it.
    pub(crate) fn permit_to(&self, what: &str) -> Result<Permit, Refusal> {
        self.caller
            .permit(Thing::Applications, what, self.rbac_name())
    }

    /// Asks for a permit to read its logs.
    pub(crate) fn permit_logs(&self) -> Result<Permit, Refusal> {
        self.caller
            .permit(Thing::Logs, action::GET, self.rbac_name())
    }

    /// Starts the operation that a merge patch holds, in the name of the one who asks: the ledger
    /// then knows them for certain.
    pub(crate) async fn operate(&self, permit: &Permit, patch: &Value) -> Result<Value, Refusal> {
        let mut wanted = self.value.clone();
        wanted.merge_patch(patch);
        let vouch = |operation: Option<&Value>| {
            if let Some(operation) = operation {
                self.view()
                    .vouch(self.name(), self.caller.name(), operation);
            }
        };
        // It may begin before the answer is here.
        vouch(wanted.get("operation"));
        let changed = self.patch(permit, patch).await?;
        // What the API server has made of it is what begins.
        if changed.get("operation") != wanted.get("operation") {
            vouch(changed.get("operation"));
        }
        Ok(changed)
    }

    /// Changes the resource by a merge patch, for whoever holds a permit to more than reading.
    pub(crate) async fn patch(&self, permit: &Permit, patch: &Value) -> Result<Value, Refusal> {
        debug_assert_eq!(permit.object(), self.rbac_name());
        let path = self.desk.applications(self.name());
        let path = format!("{path}?fieldManager=windlass-dashboard");
        Ok(self.desk.client.merge_patch(&path, patch).await?)
    }

    /// Deletes the resource.
    pub(crate) async fn delete(&self, permit: &Permit, options: &Value) -> Result<Value, Refusal> {
        debug_assert_eq!(permit.action(), action::DELETE);
        let path = self.desk.applications(self.name());
        Ok(self.desk.client.delete(&path, options).await?)
    }

    /// Returns the kind of one of its objects.
    pub(crate) fn resource(
        &self,
        key: &ObjectKey,
        version: &str,
    ) -> Result<Arc<Resource>, Refusal> {
        let discovery = self.view().cluster().discovery();
        let found = discovery.find(&key.group, &key.kind, version);
        let found = found.or_else(|| discovery.find(&key.group, &key.kind, ""));
        let missing = || Refusal::not_found(format!("the cluster has no kind {}", key.kind));
        found.cloned().ok_or_else(missing)
    }

    /// Returns the connection to the cluster that it is deployed to, for dry runs that tell what
    /// differs.
    pub(crate) fn client(&self, _permit: &Permit) -> &Client {
        &self.desk.client
    }

    /// Returns the connection on which the rights count that its project asks for: for changes of
    /// its objects, logs and events.
    pub(crate) fn acting_client(&self, _permit: &Permit) -> Result<Client, Refusal> {
        match self.view().acting_user(&self.parsed.spec) {
            Ok(None) => Ok(self.desk.client.clone()),
            Ok(Some(user)) => Ok(self.desk.client.acting_as(&user)),
            Err(why) => Err(Refusal::new(crate::refusal::Code::Precondition, why)),
        }
    }

    /// Returns the settings that count now.
    pub(crate) fn installation(&self) -> Arc<controller::Installation> {
        self.desk.view.installation()
    }

    /// Writes down what the one who asks has done to it.
    pub(crate) fn audit(&self, what: &str, message: String) {
        self.desk.audit(&self.caller, self.name(), what, message);
    }
}
