//! The shapes of answers: a table that a test compares with real ones.
//!
//! Members are separated by spaces: `name:type`, or `name?:type` for one that may be missing. Types
//! are `string`, `time`, `integer`, `boolean`, `any`, the name of another shape, `[T]` for a list,
//! `{T}` for members by any name, `T|null` for what may be null.

use value::{Value, json};

/// A shape by its name.
type Shape = (&'static str, &'static str);

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    ("Actor", "name:string via:string grade:string"),
    ("Ref", "group:string kind:string namespace:string name:string version?:string"),
    ("AppName", "ns:string name:string project?:string cluster?:string"),
    ("Commit", "id:string author:string date:string message:string signed?:string"),
    ("State", "sync:string health:string since:string cause:string next:string"),
    ("Can", "sync:boolean rollback:boolean override:boolean update:boolean delete:boolean action:boolean logs:boolean create?:boolean"),
    ("Line", "repo:string file:string line:integer what:string commit?:string author?:string date?:string message?:string"),
    ("Link", "title:string url:string"),

    ("Board", "seq:integer dict:BoardDict rows:BoardRows"),
    ("BoardDict", "project:[string] cluster:[string] namespace:[string] repo:[string] sync:[string] health:[string]"),
    ("BoardRows", "uid:[string] ns:[integer] name:[string] project:[integer] cluster:[integer] destNs:[integer] repo:[integer] path:[string] sync:[integer] health:[integer] rev:[string] since:[integer] cause:[string] drift:[integer] flags:[integer] resources:[integer] labels:[string]"),
    ("Fleet", "seq:integer apps:integer clusters:[FleetCluster] bySync:{integer} byHealth:{integer} needsYou:[NeedsYou] day:FleetDay hours:[FleetHour] activity:[Event]"),
    ("FleetCluster", "name:string server:string apps:integer degraded:integer outOfSync:integer drift:integer connected:boolean message:string version:string cacheAge:integer"),
    ("FleetDay", "syncs:integer drift:integer rollbacks:integer failures:integer"),
    ("FleetHour", "at:time syncs:integer drift:integer rollbacks:integer"),
    ("NeedsYou", "app:AppName state:State kind:string actor?:Actor"),
    ("Event", "at:time kind:string app:AppName actor:Actor title:string detail:string severity:string revision?:string ref?:Ref id?:string"),
    ("DriftPage", "events:[DriftEvent] actors:integer open:integer next?:string"),
    ("DriftEvent", "id:string at:time actor:Actor cluster:string app:AppName ref:Ref fields:[any] action:string tookMs?:integer note:string"),
    ("AuditPage", "entries:[AuditEntry] next?:string"),
    ("AuditEntry", "seq:integer at:time action:string actor:Actor app:AppName from:string to:string message:string"),
    ("Rollout", "app:AppName project:string cluster:string revision:Commit previous:Commit|null phase:string stages:[Stage] why:string until?:string can:Can"),
    ("Stage", "name:string state:string tookMs?:integer detail:string"),
    ("ResourcePage", "rows:[ResourceRow] total:integer next?:string"),
    ("ResourceRow", "app:AppName ref:Ref cluster:string sync:string health:string message:string images:[string]"),
    ("Found", "kind:string title:string detail:string href:string"),

    ("Overview", "uid:string ns:string name:string project:string cluster:string server:string destNs:string labels:{string} state:State revision:Commit|null wants:Commit|null sources:[OverviewSource] auto:Automation holds:[Hold] conditions:[Condition] counts:Counts windows:[WindowState] can:Can links:[Link] paused?:Pause operation?:Operation gate?:Gate stale?:Stale"),
    ("OverviewSource", "repo:string path:string chart:string targetRevision:string revision:string"),
    ("Automation", "enabled:boolean prune:boolean selfHeal:boolean"),
    ("Hold", "revision:string by:Actor reason:string at:string backTo:string until?:string"),
    ("Condition", "type:string message:string since:string"),
    ("Counts", "resources:integer outOfSync:integer degraded:integer missing:integer orphaned:integer"),
    ("WindowState", "text:string active:boolean until?:string"),
    ("Pause", "by:Actor reason:string until?:string"),
    ("Operation", "phase:string message:string startedAt:string finishedAt?:string by:Actor revision:string wave?:integer done:integer total:integer waitingFor:string"),
    ("Gate", "until:string message:string"),
    ("Stale", "since:string why:string"),
    ("Tree", "nodes:[TreeNode] width:integer height:integer total:integer drawn:integer"),
    ("TreeNode", "id:string parent?:string ref:Ref wave:integer hook?:string sync:string health:string message:string since?:string images:[string] ready?:string pods?:any folded?:integer drift:integer x:integer y:integer"),
    ("Diff", "from:Commit|null to:Commit|null objects:[DiffObject] hiddenSame:integer"),
    ("DiffObject", "ref:Ref verdict:string fields:[DiffField] ignored:[any] leftText:string rightText:string origin?:Line"),
    ("DiffField", "path:string left:any right:any masked?:boolean owner?:any line?:Line pointer?:string"),
    ("Plan", "revision:Commit|null create:[Ref] change:[PlanChange] delete:[Ref] unchanged:integer waves:[PlanWave] hooks:[Ref] warnings:[string] blocked?:PlanBlock friction:string digest:string"),
    ("PlanChange", "ref:Ref fields:[string]"),
    ("PlanWave", "wave:integer phase:string count:integer"),
    ("PlanBlock", "why:string overridable:boolean"),
    ("Attempt", "id:string revision:Commit|null startedAt:string finishedAt?:string phase:string message:string by:Actor automated:boolean reason:string resources:integer isCurrent:boolean canRollBack:boolean held?:boolean"),
    ("Rendered", "revision:Commit|null objects:[RenderedObject] inputs:[Input] comparedWith:string grade:string notes:[string] values?:string"),
    ("RenderedObject", "ref:Ref text:string lines:[TextLine] origin:Line wave:integer hook:boolean"),
    ("TextLine", "pointer:string line:integer"),
    ("Input", "file:string changed:boolean gone?:boolean"),
    ("Explanation", "value:any steps:[Line] owner?:any"),
    ("CanI", "allowed:boolean rule:string source:string why:string needed:string"),
    ("Policy", "matchMode:string default:string rules:[PolicyRule] refused:[string]"),
    ("PolicyRule", "line:integer source:string text:string problem?:string"),

    ("ListMeta", "resourceVersion?:string continue?:string remainingItemCount?:integer"),
    ("Application", "apiVersion:string kind:string metadata:any spec:any status?:any operation?:any"),
    ("ApplicationList", "metadata:ListMeta items:[Application]"),
    ("ApplicationTree", "nodes?:[ResourceNode] orphanedNodes?:[ResourceNode] hosts?:[any]"),
    ("ResourceNode", "group?:string version?:string kind:string namespace?:string name:string uid:string resourceVersion:string createdAt?:time parentRefs?:[ResourceRef] info?:[any] networkingInfo?:any images?:[string] health?:any"),
    ("ResourceRef", "group?:string version?:string kind:string namespace?:string name:string uid?:string"),
    ("ManagedResources", "items:[ResourceDiff]"),
    ("ResourceDiff", "group?:string kind:string namespace?:string name:string targetState:string liveState:string normalizedLiveState:string predictedLiveState:string resourceVersion:string modified?:boolean hook?:boolean"),
    ("Manifests", "manifests:[string] namespace:string server:string revision:string sourceType:string"),
    ("Manifest", "manifest:string"),
    ("ResourceActions", "actions:[ResourceAction]"),
    ("ResourceAction", "name:string params?:[any] disabled?:boolean iconClass?:string displayName?:string"),
    ("RevisionMetadata", "author:string date:time message:string"),
    ("SyncWindows", "activeWindows?:[SyncWindow] assignedWindows?:[SyncWindow] canSync:boolean"),
    ("SyncWindow", "kind:string schedule:string duration:string manualSync:boolean"),
    ("Links", "items?:[DeepLink] errors?:[string]"),
    ("DeepLink", "title:string url:string description?:string iconClass?:string"),
    ("Events", "metadata:any items:[any]"),
    ("Project", "apiVersion:string kind:string metadata:any spec:any status?:any"),
    ("ProjectList", "metadata:ListMeta items:[Project]"),
    ("Repository", "repo:string type?:string name?:string project?:string insecure?:boolean enableLfs?:boolean enableOCI?:boolean proxy?:string noProxy?:string forceHttpBasicAuth?:boolean githubAppID?:integer githubAppInstallationID?:integer githubAppEnterpriseBaseUrl?:string useAzureWorkloadIdentity?:boolean azureServicePrincipalClientId?:string azureServicePrincipalTenantId?:string azureActiveDirectoryEndpoint?:string depth?:integer connectionState:ConnectionState"),
    ("RepositoryList", "metadata:ListMeta items:[Repository]"),
    ("ConnectionState", "status:string message:string attemptedAt:time|null"),
    ("RepoCreds", "url:string username?:string"),
    ("RepoCredsList", "metadata:ListMeta items:[RepoCreds]"),
    ("Cluster", "server:string name:string config:any connectionState:ConnectionState serverVersion?:string namespaces?:[string] shard?:integer clusterResources?:boolean project?:string labels?:{string} annotations?:{string} info:ClusterInfo"),
    ("ClusterInfo", "connectionState:ConnectionState serverVersion?:string cacheInfo:any applicationsCount:integer"),
    ("ClusterList", "metadata:ListMeta items:[Cluster]"),
    ("Certificate", "serverName:string certType:string certSubType:string certData:string|null certInfo:string"),
    ("CertificateList", "metadata:ListMeta items:[Certificate]"),
    ("GpgKey", "keyID:string fingerprint:string owner:string trust:string subType:string keyData?:string"),
    ("GpgKeyList", "metadata:ListMeta items:[GpgKey]"),
    ("ApplicationSetList", "metadata:ListMeta items:[any]"),
    ("UserInfo", "loggedIn:boolean username:string iss:string groups:[string] csrf?:string expires?:time"),
    ("Account", "name:string enabled:boolean capabilities:[string] tokens:[any]"),
    ("AccountList", "items:[Account]"),
    ("Answer", "value:string"),
    ("Token", "token:string"),
    ("Version", "Version:string Compiler?:string KustomizeVersion?:string HelmVersion?:string KubectlVersion?:string Platform?:string"),
];

/// The shape of the answer of a route, without `/api/v1/`.
#[rustfmt::skip]
const ANSWERS: &[Shape] = &[
    ("GET board", "Board"), ("GET fleet", "Fleet"), ("GET drift", "DriftPage"), ("GET audit", "AuditPage"),
    ("GET rollouts", "[Rollout]"), ("GET resources", "ResourcePage"), ("GET search", "[Found]"),
    ("GET applications", "ApplicationList"), ("POST applications", "Application"),
    ("GET applications/{app}", "Application"), ("PUT applications/{app}", "Application"),
    ("PATCH applications/{app}", "Application"), ("POST applications/{app}/sync", "Application"),
    ("POST applications/{app}/rollback", "Application"),
    ("GET applications/{app}/resource-tree", "ApplicationTree"),
    ("GET applications/{app}/managed-resources", "ManagedResources"),
    ("GET applications/{app}/manifests", "Manifests"), ("GET applications/{app}/resource", "Manifest"),
    ("GET applications/{app}/resource/actions", "ResourceActions"),
    ("GET applications/{app}/resource/links", "Links"), ("GET applications/{app}/links", "Links"),
    ("GET applications/{app}/events", "Events"), ("GET applications/{app}/syncwindows", "SyncWindows"),
    ("GET applications/{app}/revisions/{revision}/metadata", "RevisionMetadata"),
    ("GET applications/{app}/rendered", "Rendered"), ("GET applications/{app}/explain", "Explanation"),
    ("GET applications/{app}/overview", "Overview"), ("GET applications/{app}/tree", "Tree"),
    ("GET applications/{app}/diff", "Diff"), ("GET applications/{app}/plan", "Plan"),
    ("GET applications/{app}/timeline", "[Event]"), ("GET applications/{app}/attempts", "[Attempt]"),
    ("GET projects", "ProjectList"), ("GET projects/{name}", "Project"), ("POST projects", "Project"),
    ("PUT projects/{name}", "Project"), ("GET projects/{name}/links", "Links"),
    ("GET projects/{name}/events", "Events"),
    ("GET repositories", "RepositoryList"), ("GET repositories/{repo}", "Repository"),
    ("POST repositories", "Repository"), ("PUT repositories/{repo}", "Repository"),
    ("GET repocreds", "RepoCredsList"), ("POST repocreds", "RepoCreds"), ("PUT repocreds/{url}", "RepoCreds"),
    ("GET clusters", "ClusterList"), ("GET clusters/{server}", "Cluster"), ("POST clusters", "Cluster"),
    ("PUT clusters/{server}", "Cluster"), ("GET certificates", "CertificateList"),
    ("POST certificates", "CertificateList"), ("DELETE certificates", "CertificateList"),
    ("GET gpgkeys", "GpgKeyList"), ("GET gpgkeys/{keyID}", "GpgKey"),
    ("GET applicationsets", "ApplicationSetList"),
    ("GET can-i", "CanI"), ("GET policy", "Policy"), ("GET session/userinfo", "UserInfo"),
    ("POST session", "Token"), ("GET account", "AccountList"), ("GET account/{name}", "Account"),
    ("GET account/can-i/{resource}/{action}/{object...}", "Answer"),
    ("POST account/{name}/token", "Token"), ("POST projects/{name}/roles/{role}/token", "Token"),
    ("GET /api/version", "Version"),
];

/// Returns the shapes, as `components/schemas` has them.
pub(super) fn components() -> Value {
    let mut all = Value::object();
    for (name, members) in SHAPES {
        all.set_at(&[name], object(members));
    }
    all
}

/// Returns the schema of a route's answer; empty if it has no shape of its own.
pub(super) fn of_answer(method: &str, path: &str) -> Value {
    let path = path.strip_prefix("/api/v1/").unwrap_or(path);
    let mut found = ANSWERS.iter().filter_map(|(route, shape)| {
        let (m, p) = route.split_once(' ')?;
        (m == method && p == path).then_some(shape)
    });
    found
        .next()
        .map_or_else(Value::object, |shape| schema(shape))
}

fn object(members: &str) -> Value {
    let mut required = Vec::new();
    let mut properties = Value::object();
    for member in members.split_whitespace() {
        let (name, kind) = member.split_once(':').unwrap_or((member, "any"));
        let plain = name.trim_end_matches('?');
        if plain == name {
            required.push(Value::from(plain));
        }
        properties.set_at(&[plain], schema(kind));
    }
    let mut it = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        it.set_at(&["required"], required);
    }
    it
}

fn schema(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix("|null") {
        return json!({"anyOf": [schema(kind), {"type": "null"}]});
    }
    let within = |open, close| kind.strip_prefix(open)?.strip_suffix(close);
    if let Some(items) = within('[', ']') {
        return json!({"type": "array", "items": schema(items)});
    }
    if let Some(values) = within('{', '}') {
        return json!({"type": "object", "additionalProperties": schema(values)});
    }
    match kind {
        "any" => Value::object(),
        "time" => json!({"type": "string", "format": "date-time"}),
        "string" | "integer" | "boolean" => json!({"type": kind}),
        name => json!({"$ref": format!("#/components/schemas/{name}")}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::ROUTES;

    /// Returns the shapes that a type names.
    fn named(kind: &str) -> Option<&str> {
        let kind = kind
            .trim_end_matches("|null")
            .trim_matches(['[', ']', '{', '}']);
        kind.starts_with(char::is_uppercase).then_some(kind)
    }

    #[test]
    fn every_shape_and_route_that_is_named_is_there() {
        let is_shape = |name: &str| SHAPES.iter().any(|(n, _)| *n == name);
        for (owner, members) in SHAPES {
            let kinds = members.split_whitespace().filter_map(|m| m.split_once(':'));
            for name in kinds.filter_map(|(_, kind)| named(kind)) {
                assert!(is_shape(name), "{owner} names {name}");
            }
        }
        for (route, shape) in ANSWERS {
            assert!(named(shape).is_none_or(is_shape), "{route}: {shape}");
            let is_it = |r: &super::super::Route| {
                let path = r.path.strip_prefix("/api/v1/").unwrap_or(r.path);
                format!("{} {path}", r.method) == *route
            };
            assert!(ROUTES.iter().any(is_it), "there is no {route}");
        }
    }
}
