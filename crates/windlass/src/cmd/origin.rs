//! Where an object comes from, who set its fields, and which line of Git wants them so.

mod field;

use crate::cli::{Blame, Cli, Explain, Resource};
use crate::cmd::target::{failed, inspector};
use crate::connect::{Session, session};
use crate::failure::{Failure, NOT_FOUND, USAGE};
use crate::output::{self, ago, say, short};
use cluster::Discovery;
use controller::Step;
use engine::{ObjectKey, argo, pointer_of};
use field::{owned, readable};
use ledger::DriftRecord;
use std::sync::Arc;
use value::Value;

/// Owners that are followed upwards.
const OWNERS_MAX: usize = 10;
/// Characters of a value in a table.
const VALUE_MAX: usize = 40;

/// A live object, and what it takes to look for its application.
struct Found {
    session: Session,
    discovery: Arc<Discovery>,
    key: ObjectKey,
    object: Value,
}

impl Found {
    async fn look(cli: &Cli, of: &Resource) -> anyhow::Result<Self> {
        let mut session = session(cli).await?;
        // Here the flag is the object's namespace; applications are where the environment says.
        let applications = std::env::var("WINDLASS_NAMESPACE").ok();
        let applications = applications
            .as_deref()
            .unwrap_or(api::names::CONTROL_NAMESPACE);
        let given = cli.namespace.as_deref().filter(|n| *n != applications);
        let namespace = given
            .unwrap_or(session.client.default_namespace())
            .to_owned();
        applications.clone_into(&mut session.namespace);
        let discovery = Arc::new(
            Discovery::fetch(&session.client)
                .await
                .map_err(Failure::from)?,
        );
        let Some((kind, name)) = of
            .resource
            .split_once('/')
            .filter(|(k, n)| !k.is_empty() && !n.is_empty())
        else {
            let wrong = format!("{:?} is not KIND/NAME, as deploy/web", of.resource);
            return Err(Failure::new(USAGE, wrong).into());
        };
        let Some(resource) = discovery.named(kind) else {
            let wrong = format!("the cluster has no kind that is called {kind:?}");
            return Err(Failure::new(NOT_FOUND, wrong)
                .hint("kubectl api-resources")
                .into());
        };
        let namespace = if resource.namespaced {
            namespace.as_str()
        } else {
            ""
        };
        let key = ObjectKey::new(&resource.group, &resource.kind, namespace, name);
        let object = session.client.get(&resource.object_path(&key)).await;
        let object = object.map_err(|error| match error.is_not_found() {
            true => Failure::new(
                NOT_FOUND,
                format!("there is no {key} in namespace {namespace:?}"),
            )
            .hint("name its namespace with -n"),
            false => Failure::from(error),
        })?;
        Ok(Self {
            session,
            discovery,
            key,
            object,
        })
    }

    /// Returns the object's owners, from the nearest to the one that nobody owns.
    async fn owners(&self) -> Vec<(ObjectKey, Value)> {
        let mut owners: Vec<(ObjectKey, Value)> = Vec::new();
        while owners.len() < OWNERS_MAX {
            let at = owners.last().map_or(&self.object, |(_, object)| object);
            let references = at.array_at(&["metadata", "ownerReferences"]);
            let controls = |r: &&Value| r.get("controller").and_then(Value::as_bool) == Some(true);
            let Some(owner) = references.iter().find(controls).or(references.first()) else {
                break;
            };
            let (group, version) = engine::split_api_version(owner.str_at(&["apiVersion"]));
            let kind = owner.str_at(&["kind"]);
            let Some(resource) = self.discovery.find(group, kind, version) else {
                break;
            };
            let namespace = if resource.namespaced {
                &*self.key.namespace
            } else {
                ""
            };
            let key = ObjectKey::new(group, kind, namespace, owner.str_at(&["name"]));
            let Ok(object) = self.session.client.get(&resource.object_path(&key)).await else {
                break;
            };
            owners.push((key, object));
        }
        owners
    }

    /// Returns the application that an object says it belongs to.
    async fn application(&self, key: &ObjectKey, object: &Value) -> Result<Option<Value>, Failure> {
        let (client, namespace) = (&self.session.client, &self.session.namespace);
        let installation = controller::Installation::read(client, namespace).await?;
        match installation.settings.tracking.owner(key, object) {
            Some(name) => self.session.application(name).await.map(Some),
            None => Ok(None),
        }
    }

    async fn explain(
        &self,
        application: &Value,
        key: &ObjectKey,
        pointer: &str,
    ) -> Result<Option<controller::Explanation>, Failure> {
        let discovery = Arc::clone(&self.discovery);
        let inspector = inspector(&self.session, discovery).await?;
        let deployed = argo::deployed_revision(application);
        let revision = (!deployed.is_empty()).then_some(deployed.as_str());
        let explanation = inspector.explain(application, revision, key, pointer).await;
        explanation.map_err(|problem| failed(application, &problem))
    }
}

pub(crate) async fn owner(cli: &Cli, args: &Resource) -> anyhow::Result<u8> {
    let found = Found::look(cli, args).await?;
    say(&found.key.to_string());
    let owners = found.owners().await;
    for (key, _) in &owners {
        say(&format!("  owned by     {key}"));
    }
    let own = (found.key.clone(), found.object.clone());
    let (key, object) = owners.last().unwrap_or(&own);
    let Some(app) = found.application(key, object).await? else {
        say("  application  none: Git does not know it");
        return Ok(0);
    };
    let name = app.str_at(&["metadata", "name"]);
    let revision = argo::deployed_revision(&app);
    say(&format!("  application  {name} at {}", short(&revision)));
    match found.explain(&app, key, "").await? {
        None => say(&format!(
            "  git          {} has no {key} any more",
            short(&revision)
        )),
        Some(explanation) => {
            if let Some(step) = explanation.steps.first() {
                say(&format!("  file         {}", place(step)));
                say(&format!("  repository   {}", step.repo_url));
                if let Some(who) = commit(step) {
                    say(&format!("  commit       {who}"));
                }
            }
        }
    }
    Ok(0)
}

pub(crate) async fn blame(cli: &Cli, args: &Blame) -> anyhow::Result<u8> {
    let found = Found::look(cli, &args.of).await?;
    let pointer = match &args.field {
        None => String::new(),
        Some(text) => pointer_of(&found.object, text).ok_or_else(|| no_field(&found.key, text))?,
    };
    let drifts = found
        .session
        .list(&found.session.ledger("driftrecords"))
        .await;
    let drifts: Vec<DriftRecord> = drifts
        .unwrap_or_default()
        .iter()
        .filter_map(DriftRecord::from_value)
        .filter(|d| d.key == found.key)
        .collect();
    let inside = |owned: &str| {
        owned
            .strip_prefix(pointer.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut rows: Vec<Vec<String>> = owned(&found.object)
        .into_iter()
        .filter(|o| inside(&o.pointer) || pointer.starts_with(&format!("{}/", o.pointer)))
        .map(|o| {
            let field = readable(&o.pointer);
            let who = drifts.iter().rev().find(|d| {
                let manager = d.author.via.starts_with(&o.manager) || d.author.name == o.manager;
                manager && d.fields.iter().any(|f| f.path == field)
            });
            let who = who.map_or_else(String::new, |d| {
                format!("{} ({})", d.author.name, d.author.grade.letter())
            });
            let value = value_of(&found, &o.pointer);
            vec![field, value, o.manager, o.operation, ago(&o.time), who]
        })
        .collect();
    if rows.is_empty() {
        let text = args.field.as_deref().unwrap_or_default();
        return Err(no_field(&found.key, text).into());
    }
    rows.sort();
    output::table(&["FIELD", "VALUE", "MANAGER", "BY", "AGO", "WHO"], &rows);
    Ok(0)
}

fn no_field(key: &ObjectKey, field: &str) -> Failure {
    Failure::new(NOT_FOUND, format!("nobody has set {field:?} of {key}"))
        .hint("windlass blame without --field lists all that is set")
}

/// Returns a field's value for a table; those of Secrets are never shown.
fn value_of(found: &Found, pointer: &str) -> String {
    if &*found.key.kind == "Secret"
        && (pointer.starts_with("/data") || pointer.starts_with("/stringData"))
    {
        return "(hidden)".to_owned();
    }
    let value = found.object.pointer(pointer);
    let text = value.map_or_else(String::new, |v| ledger::describe_field(Some(&v.to_json())));
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}...", text[..end].replace('\n', " ")),
        None => text.replace('\n', " "),
    }
}

pub(crate) async fn explain(cli: &Cli, args: &Explain) -> anyhow::Result<u8> {
    let found = Found::look(cli, &args.of).await?;
    let Some(app) = found.application(&found.key, &found.object).await? else {
        let wrong = format!("{} belongs to no application", found.key);
        let hint = format!("windlass owner {}", args.of.resource);
        return Err(Failure::new(NOT_FOUND, wrong).hint(hint).into());
    };
    let pointer =
        pointer_of(&found.object, &args.field).ok_or_else(|| no_field(&found.key, &args.field))?;
    let Some(explanation) = found.explain(&app, &found.key, &pointer).await? else {
        let wrong = format!("Git has no {} any more", found.key);
        return Err(Failure::new(NOT_FOUND, wrong).into());
    };
    let is_secret = &*found.key.kind == "Secret" && pointer.starts_with("/data");
    let shown = |value: Option<&Value>| match value {
        None => "nothing".to_owned(),
        Some(_) if is_secret => "(hidden)".to_owned(),
        Some(value) => value.to_json(),
    };
    let live = found.object.pointer(&pointer);
    let git = explanation.value.as_ref();
    let field = readable(&pointer);
    let mut line = format!("{} {field}: Git wants {}", found.key, shown(git));
    if git != live {
        line.push_str(&format!(", live it is {}", shown(live)));
    }
    say(&line);
    for step in &explanation.steps {
        let mut line = format!("  {}  {}", place(step), step.what);
        if step.pointer != pointer {
            line.push_str(&format!(" ({})", readable(&step.pointer)));
        }
        if let Some(who) = commit(step) {
            line.push_str(&format!("  {who}"));
        }
        say(&line);
    }
    if git != live {
        say(&format!(
            "  windlass blame {} --field {field}",
            args.of.resource
        ));
    }
    Ok(0)
}

fn place(step: &Step) -> String {
    match step.line {
        0 => step.file.clone(),
        line => format!("{}:{line}", step.file),
    }
}

/// Returns the commit that wrote a step's line.
fn commit(step: &Step) -> Option<String> {
    let info = step.commit.as_ref()?;
    let time = jiff::Timestamp::from_second(info.seconds).ok()?;
    Some(format!(
        "{} {} {} ago {:?}",
        short(&info.id.to_string()),
        info.author,
        ago(&engine::format_time(time)),
        info.subject
    ))
}
