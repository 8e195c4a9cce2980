//! Deep links: what `argocd-cm` says of other places where one sees more of an application, one of
//! its objects or a project.

mod condition;

use super::resources;
use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::masks::Mask;
use crate::refusal::Refusal;
use api::names;
use gotemplate::{Dialect, Limits, Options, Session, Templates, parse};
use std::sync::Arc;
use value::{Object, Value, json};

const APPLICATIONS: &str = "application.links";
const PROJECTS: &str = "project.links";
const RESOURCES: &str = "resource.links";
/// On an application, the address of the installation that manages it.
const MANAGED_BY: &str = "argocd.argoproj.io/managed-by-url";
/// Links of one list.
const LINKS_MAX: usize = 100;
/// Steps of one template: an address is short.
const STEPS_MAX: usize = 20_000;

/// `GET /api/v1/applications/{app}/links`
pub(crate) async fn of_application(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    Ok(answer(&desk, APPLICATIONS, &application(&app)).into())
}

/// Returns the links of an application, as the dashboard shows them.
pub(crate) fn shown(app: &App) -> Value {
    let links = answer(app.desk(), APPLICATIONS, &application(app));
    let links = links.array_at(&["items"]).iter();
    links
        .map(|l| json!({"title": l.str_at(&["title"]), "url": l.str_at(&["url"])}))
        .collect()
}

/// `GET /api/v1/applications/{app}/resource/links`
pub(crate) async fn of_resource(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let live = resources::object(&app, &call, &Value::Null)?;
    let mut value = live.value();
    Mask::new().object(&mut value);
    let mut about = application(&app);
    about.set_at(&["resource"], value);
    let project = desk.project_of(&app);
    about.set_at(&["project"], without_tokens(project));
    Ok(answer(&desk, RESOURCES, &about).into())
}

/// `GET /api/v1/projects/{name}/links`
pub(crate) async fn of_project(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (_, project) = super::projects::find(&desk, &call)?;
    let about = json!({"project": without_tokens(project)});
    Ok(answer(&desk, PROJECTS, &about).into())
}

fn without_tokens(mut project: Value) -> Value {
    project.remove_at(&["status"]);
    project
}

/// Returns what links of an application know.
fn application(app: &App) -> Value {
    let own = app.value.str_at(&["metadata", "annotations", MANAGED_BY]);
    let cm = app.desk().argocd_cm();
    let by = match own {
        "" => cm.str_at(&["data", "url"]),
        own => own,
    };
    let mut value = app.value.clone();
    value.remove_at(&["metadata", "managedFields"]);
    let mut about = json!({
        "app": value.clone(), "application": value,
        "cluster": {"server": names::IN_CLUSTER_SERVER, "name": names::IN_CLUSTER_NAME},
    });
    if !by.is_empty() {
        about.set_at(&["managedByURL"], by);
    }
    about
}

/// Returns Argo CD's answer: the links that apply. What is wrong with others is logged, and in
/// `errors`, a member of ours.
fn answer(desk: &Desk, which: &str, about: &Value) -> Value {
    let cm = desk.argocd_cm();
    let (items, errors) = links(cm.str_at(&["data", which]), about);
    let mut answer = Value::object();
    if !items.is_empty() {
        answer.set_at(&["items"], items);
    }
    for error in &errors {
        tracing::warn!(which, error, "a deep link can't be made");
    }
    if !errors.is_empty() {
        answer.set_at(&["errors"], errors.into_iter().collect::<Value>());
    }
    answer
}

/// Returns the links of a list that apply, and what is wrong with the others.
fn links(text: &str, about: &Value) -> (Vec<Value>, Vec<String>) {
    let (mut items, mut errors) = (Vec::new(), Vec::new());
    let list = match yaml::v2::to_value(text.as_bytes()) {
        Ok(list) => list,
        Err(error) => return (items, vec![error.to_string()]),
    };
    for link in list.as_array().unwrap_or_default().iter().take(LINKS_MAX) {
        let url = link.str_at(&["url"]);
        match is_wanted(link, about).and_then(|yes| yes.then(|| address(url, about)).transpose()) {
            Ok(None) => {}
            Ok(Some(url)) => {
                let mut it = json!({"title": link.str_at(&["title"]), "url": url});
                for (name, own) in [("description", "description"), ("iconClass", "icon.class")] {
                    if let Some(text) = link.get(own).and_then(Value::as_str) {
                        it.set_at(&[name], text);
                    }
                }
                items.push(it);
            }
            Err(why) => errors.push(format!("{}: {why}", link.str_at(&["title"]))),
        }
    }
    (items, errors)
}

fn is_wanted(link: &Value, about: &Value) -> Result<bool, String> {
    let Some(text) = link.get("if").filter(|c| !c.is_null()) else {
        return Ok(true);
    };
    // A condition that YAML takes for true or false is one.
    let text = text.as_str().map_or_else(|| text.to_json(), str::to_owned);
    let value = condition::evaluate(&text, about)
        .map_err(|why| format!("failed to evaluate link condition '{text}': {why}"))?;
    value
        .as_bool()
        .ok_or_else(|| format!("link condition '{text}' evaluated to non-boolean value"))
}

/// Returns the address that a template makes.
fn address(template: &str, about: &Value) -> Result<String, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("link template '{template}': {why}");
    let mut templates = Templates::new();
    let parsed = parse("deep-link", template.as_bytes(), Dialect::Sprig);
    templates.add(&parsed.map_err(|e| wrong(&e))?);
    let options = Options {
        limits: Limits {
            steps_max: STEPS_MAX,
            ..Limits::default()
        },
        ..Options::default()
    };
    let mut session = Session::new(Dialect::Sprig, &options);
    let made = session.execute(&templates, "deep-link", &data(about));
    let made = String::from_utf8(made.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
    // A script behind a link would run as whoever follows it.
    let is_plain = made.split_once(':').is_none_or(|(scheme, _)| {
        matches!(scheme, "http" | "https" | "mailto") || scheme.contains('/')
    });
    match is_plain {
        true => Ok(made),
        false => Err(wrong(&"the address is not one of http, https and mailto")),
    }
}

/// Returns a value as templates know it.
fn data(value: &Value) -> gotemplate::Value {
    use gotemplate::Value as Go;
    match value {
        Value::Null => Go::Nil,
        Value::Bool(yes) => Go::from(*yes),
        Value::Int(number) => Go::int64(*number),
        #[expect(clippy::cast_precision_loss, reason = "as Go reads such a number")]
        Value::UInt(number) => Go::from(*number as f64),
        Value::Float(number) => Go::from(*number),
        Value::String(text) => Go::from(&**text),
        Value::Array(items) => Go::list(items.iter().map(data).collect()),
        Value::Object(members) => object(members),
    }
}

fn object(members: &Object) -> gotemplate::Value {
    let members = members.iter();
    gotemplate::Value::map(members.map(|(name, value)| (name.as_str(), data(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_of_templates_and_conditions() {
        let about = json!({"app": {"metadata": {"name": "shop"}, "spec": {"project": "team"}}});
        let text = "\
- url: https://grafana/{{.app.spec.project}}/{{.app.metadata.name | upper}}
  title: Dashboards
  icon.class: fa-chart
- url: https://x
  title: never
  if: app.spec.project == \"other\"
- url: https://y
  title: broken
  if: app.nothing.more == 1
- url: javascript:alert(1)
  title: evil
- url: https://{{.app.metadata.name
  title: cut
- url: /local
  title: here
  if: true
";
        let (items, errors) = links(text, &about);
        let want = json!([
            {
                "title": "Dashboards", "url": "https://grafana/team/SHOP",
                "iconClass": "fa-chart",
            },
            {"title": "here", "url": "/local"},
        ]);
        assert_eq!(Value::from(items), want);
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(
            errors[0].starts_with("broken: failed to evaluate"),
            "{errors:?}"
        );
    }
}
