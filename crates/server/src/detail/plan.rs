//! What a sync would do, before it does it.

use super::commit;
use super::diff::{compare, extra, render};
use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::wire;
use engine::{Match, ObjectKey, Permission, Phase, Target, Window, ask};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Value, json};

/// A project with this annotation wants the application's name typed before anything is changed.
const PROTECTED: &str = "windlass.dev/protected";
/// Changes that need a second look.
const MANY: usize = 10;

/// `GET /api/v1/applications/{app}/plan`
pub(crate) async fn plan(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let resources: Result<Vec<Value>, Refusal> = call.params("resources").map(selector).collect();
    let ask = ask::Sync {
        revision: call.param("revision").to_owned(),
        prune: call.flag("prune"),
        resources: resources?,
        ..ask::Sync::default()
    };
    Ok(of(&app, &ask).await?.into())
}

fn selector(text: &str) -> Result<Value, Refusal> {
    ask::selector(text).ok_or_else(|| {
        Refusal::invalid(format!("resources: {text:?} names no object"))
            .hint("apps/Deployment/shop/web")
    })
}

/// Returns why the project's windows don't let a person sync, if they don't.
pub(crate) fn blocked(app: &App, now: Timestamp) -> Option<String> {
    match app.view().window(app.name(), &app.parsed.spec, true, now) {
        Window::Open => None,
        Window::Closed { why, .. } => Some(why),
    }
}

/// Returns the digest of what a sync would do now.
pub(crate) async fn plan_digest(app: &App, ask: &ask::Sync) -> Result<String, Refusal> {
    Ok(of(app, ask).await?.str_at(&["digest"]).to_owned())
}

fn is_chosen(chosen: &[Value], key: &ObjectKey) -> bool {
    let is = |selector: &Value, name: &str, own: &str| {
        let wanted = selector.str_at(&[name]);
        wanted == own || (name == "namespace" && wanted.is_empty())
    };
    chosen.is_empty()
        || chosen.iter().any(|s| {
            is(s, "group", &key.group)
                && is(s, "kind", &key.kind)
                && is(s, "namespace", &key.namespace)
                && is(s, "name", &key.name)
        })
}

/// Returns what a sync that is asked for like this would do.
pub(super) async fn of(app: &App, ask: &ask::Sync) -> Result<Value, Refusal> {
    let now = Timestamp::now();
    let target = render(app, &ask.revision).await?;
    let compared = compare(app, &target).await;
    let (mut create, mut change, mut unchanged) = (Vec::new(), Vec::new(), 0usize);
    let mut warnings = app.view().objections(&app.parsed.spec);
    warnings.extend(
        target
            .notes
            .iter()
            .map(|(kind, message)| format!("{kind}: {message}")),
    );
    let mut waves = hook_waves(&target, ask);
    let mut applied = 0;
    for it in compared
        .iter()
        .filter(|it| is_chosen(&ask.resources, &it.desired.key))
    {
        let key = &it.desired.key;
        applied += 1;
        let wave = (Phase::Sync, it.desired.directives.wave);
        *waves.entry(wave).or_default() += 1;
        match &it.verdict {
            Match::InSync => unchanged += 1,
            Match::Missing => {
                if app.resource(key, it.desired.version()).is_err() {
                    warnings.push(format!("the cluster has no kind {} for {key}", key.kind));
                }
                create.push(wire::reference(key));
            }
            Match::Drift(fields) => {
                let fields: Value = fields.iter().map(|f| f.path.as_str()).collect();
                change.push(json!({"ref": wire::reference(key), "fields": fields}));
            }
            Match::Unknown => {
                warnings.push(format!(
                    "whether {key} would change is for the server to tell"
                ));
                change.push(json!({"ref": wire::reference(key), "fields": []}));
            }
            Match::KindUnknown => {
                warnings.push(format!("the cluster has no kind {} for {key}", key.kind));
            }
        }
    }
    let extra = extra(app, &target);
    let extra: Vec<&ObjectKey> = extra
        .iter()
        .filter(|live| live.directives.prune != Some(Permission::No))
        .map(|live| &live.key)
        .filter(|key| is_chosen(&ask.resources, key))
        .collect();
    let delete: Vec<Value> = match ask.prune {
        true => extra.iter().map(|key| wire::reference(key)).collect(),
        false => Vec::new(),
    };
    if !ask.prune && !extra.is_empty() {
        let stay = match extra.len() {
            1 => "1 object is not in Git and stays".to_owned(),
            n => format!("{n} objects are not in Git and stay"),
        };
        warnings.push(format!("{stay}: without prune nothing is deleted"));
    }
    if target.objects.is_empty() && !extra.is_empty() {
        warnings
            .push("Git has no object at all: a sync that deletes everything is refused".to_owned());
    }
    let held = app
        .parsed
        .holds
        .iter()
        .find(|h| h.revision == target.revision);
    if let Some(hold) = held {
        warnings.push(format!(
            "this revision is held by {}: {}",
            hold.by, hold.message
        ));
    }
    let hooks = target.objects.iter().filter(|d| d.directives.is_hook);
    let hooks: Vec<Value> = hooks.map(|d| wire::reference(&d.key)).collect();
    let mut it = json!({
        "revision": commit(app, &target.revision),
        "create": create.clone(), "change": change.clone(), "delete": delete.clone(),
        "unchanged": unchanged,
        "waves": waves
            .iter()
            .map(|((phase, wave), count)| json!({
                "wave": *wave, "phase": phase.as_str(), "count": *count,
            }))
            .collect::<Value>(),
        "hooks": hooks,
        "warnings": warnings,
        "friction": friction(app, delete.len(), change.len(), applied, held.is_some()),
    });
    if let Some(why) = blocked(app, now) {
        let overridable = app.may(rbac::action::OVERRIDE);
        it.set_at(
            &["blocked"],
            json!({"why": why, "overridable": overridable}),
        );
    }
    let digest = digest(&json!([target.revision.as_str(), create, change, delete]));
    it.set_at(&["digest"], digest);
    Ok(it)
}

/// Returns how many hooks run in each wave before and after the sync; those of a failure aren't
/// planned. Where single objects are chosen, none runs.
fn hook_waves(target: &Target, ask: &ask::Sync) -> BTreeMap<(Phase, i32), usize> {
    let mut waves = BTreeMap::new();
    if !ask.resources.is_empty() {
        return waves;
    }
    for desired in target.objects.iter().filter(|d| d.directives.is_hook) {
        let phases = desired.directives.hooks.iter();
        for phase in phases.filter(|phase| **phase != Phase::SyncFail) {
            *waves.entry((*phase, desired.directives.wave)).or_default() += 1;
        }
    }
    waves
}

fn digest(plan: &Value) -> String {
    let digest = Sha256::digest(plan.to_json().as_bytes());
    digest[..16].iter().map(|b| format!("{b:02x}")).collect()
}

/// Returns how hard it is made: it grows with what may be lost.
fn friction(
    app: &App,
    deleted: usize,
    changed: usize,
    applied: usize,
    is_held: bool,
) -> &'static str {
    let project = app.view().installation();
    let protected = project.annotation(&app.parsed.spec.project, PROTECTED) == "true";
    if protected || (deleted > 0 && deleted >= applied.div_ceil(2)) {
        "type"
    } else if deleted > 0 || changed > MANY || is_held {
        "confirm"
    } else {
        "none"
    }
}
