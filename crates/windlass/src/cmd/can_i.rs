//! `windlass can-i`: what the policy says, and which line of it.

use crate::cli::{CanI as Args, Cli};
use crate::connect::{self, Session};
use crate::failure::{Failure, NO, NOT_FOUND, USAGE};
use crate::output::{self, Format, complain, paint, say};
use rbac::{Config, Explanation, Policy, Resource, Rule, Subject, action};
use std::path::Path;
use value::{Value, json};

/// What is asked.
struct Question {
    resource: Resource,
    action: String,
    object: String,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> anyhow::Result<u8> {
    let mut question = question(args)?;
    let policy = if args.files.is_empty() {
        let session = connect::session(cli).await?;
        if args.project.is_none() {
            find_project(&session, &mut question).await?;
        }
        from_cluster(&session, &mut question).await?
    } else {
        from_files(args)?
    };
    if needs_project(&question) {
        return Err(no_project(&question).into());
    }
    for problem in policy.problems() {
        complain(&format!("warning: {problem}"));
    }
    let name = args.user.clone().unwrap_or_else(connect::user);
    let subject = Subject::user(&name, &args.groups);
    let Question {
        resource,
        action,
        object,
    } = &question;
    let answer = policy.explain(&subject, *resource, action, object);
    show(&args.output.format, &answer)?;
    Ok(if answer.is_allowed { 0 } else { NO })
}

fn question(args: &Args) -> Result<Question, Failure> {
    let (kind, name) = match args.object.split_once('/') {
        Some((kind, name)) => (kind, Some(name)),
        None => (args.object.as_str(), None),
    };
    let resource = resource(kind)?;
    let word = args.verb.split('/').next().unwrap_or_default();
    if !action::ALL.contains(&word) {
        let known = action::ALL.join(", ");
        return Err(Failure::new(USAGE, format!("there is no action {word:?}")).hint(known));
    }
    let object = match (name, &args.project) {
        (Some(name), Some(project)) => format!("{project}/{name}"),
        (None, Some(project)) if resource == Resource::Projects => project.clone(),
        (None, Some(project)) => format!("{project}/*"),
        (Some(name), None) => name.to_owned(),
        (None, None) if is_in_project(resource) => "*/*".to_owned(),
        (None, None) => "*".to_owned(),
    };
    Ok(Question {
        resource,
        action: args.verb.clone(),
        object,
    })
}

/// Returns a resource by its name, or the word for one of them.
fn resource(name: &str) -> Result<Resource, Failure> {
    let name = match name {
        "app" | "apps" => "applications",
        "appset" | "appsets" => "applicationsets",
        "proj" | "projs" => "projects",
        "repo" | "repos" => "repositories",
        "log" => "logs",
        name => name,
    };
    let mut all = Resource::ALL.into_iter();
    let singular = |r: &Resource| match r.as_str().strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => r.as_str().trim_end_matches('s').to_owned(),
    };
    let found = all.find(|r| r.as_str() == name || singular(r) == name);
    found.ok_or_else(|| {
        let known = Resource::ALL.map(Resource::as_str).join(", ");
        Failure::new(USAGE, format!("there is no resource {name:?}")).hint(known)
    })
}

fn is_in_project(resource: Resource) -> bool {
    matches!(
        resource,
        Resource::Applications | Resource::ApplicationSets | Resource::Logs | Resource::Exec
    )
}

fn needs_project(question: &Question) -> bool {
    is_in_project(question.resource) && !question.object.contains('/')
}

fn no_project(question: &Question) -> Failure {
    let wrong = format!("which project is {:?} in?", question.object);
    Failure::new(USAGE, wrong).hint("name it with -p PROJECT, or write RESOURCE/PROJECT/NAME")
}

/// An application says itself which project it is in.
async fn find_project(session: &Session, question: &mut Question) -> Result<(), Failure> {
    let has_one = matches!(
        question.resource,
        Resource::Applications | Resource::Logs | Resource::Exec
    );
    if has_one && needs_project(question) {
        let application = session.application(&question.object).await?;
        let project = match application.str_at(&["spec", "project"]) {
            "" => "default",
            project => project,
        };
        question.object = format!("{project}/{}", question.object);
    }
    Ok(())
}

async fn from_cluster(session: &Session, question: &mut Question) -> Result<Policy, Failure> {
    let map = async |name: &str| {
        let path = format!("/api/v1/namespaces/{}/configmaps/{name}", session.namespace);
        match session.client.get(&path).await {
            Err(error) if error.is_not_found() => Ok(Value::Null),
            answer => answer,
        }
    };
    // Without the setting, who may sync may roll back.
    let enforced = ["data", "server.rbac.rollback.enforce.enable"];
    if question.action == action::ROLLBACK && map("argocd-cm").await?.str_at(&enforced) != "true" {
        action::SYNC.clone_into(&mut question.action);
    }
    let config = Config::from_config_map(&map("argocd-rbac-cm").await?);
    let mut policy = parse(&config.map_err(|e| Failure::new(NO, e.to_string()))?)?;
    let path = session
        .applications("")
        .replace("applications", "appprojects");
    set_projects(&mut policy, &session.list(&path).await?);
    Ok(policy)
}

/// Reads policies: lines, or a config map and projects as YAML.
fn from_files(args: &Args) -> Result<Policy, Failure> {
    let mut config = Config::default();
    let mut projects = Vec::new();
    for path in &args.files {
        let is_yaml = path
            .extension()
            .is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if !is_yaml {
            config.add(path.display().to_string(), read(path)?);
            continue;
        }
        for object in super::health::objects(path)? {
            match object.str_at(&["kind"]) {
                "ConfigMap" => {
                    let read = Config::from_config_map(&object);
                    let mut read = read.map_err(|e| Failure::new(NO, e.to_string()))?;
                    read.texts.splice(..0, std::mem::take(&mut config.texts));
                    config = read;
                }
                "AppProject" => projects.push(object),
                _ => {}
            }
        }
    }
    let mut policy = parse(&config)?;
    set_projects(&mut policy, &projects);
    Ok(policy)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(NOT_FOUND, format!("{}: {error}", path.display())))
}

fn parse(config: &Config) -> Result<Policy, Failure> {
    Policy::parse(config).map_err(|refused| {
        for problem in &refused.problems {
            complain(&format!("error: {problem}"));
        }
        Failure::new(NO, "the policy is refused: nobody may do anything by it")
    })
}

/// One project's mistake is its own.
fn set_projects(policy: &mut Policy, projects: &[Value]) {
    for refused in policy.set_projects(projects) {
        complain(&format!("warning: {refused}"));
    }
}

fn show(format: &Format, answer: &Explanation) -> Result<(), Failure> {
    if !matches!(format, Format::Table | Format::Wide) {
        let rule = |r: &Rule| json!({"source": &*r.source, "line": r.line, "text": &*r.text});
        let memberships: Vec<Value> = answer.memberships.iter().map(rule).collect();
        let value = json!({
            "allowed": answer.is_allowed,
            "why": &*answer.why,
            "rule": answer.rule.as_ref().map(rule),
            "memberships": memberships,
            "needed": &*answer.needed,
        });
        return output::resources(format, &[value], false);
    }
    let word = paint(if answer.is_allowed { "yes" } else { "no" });
    say(&format!("{word}: {}", answer.why));
    for rule in answer.memberships.iter().chain(&answer.rule) {
        say(&format!("  {}:{}  {}", rule.source, rule.line, rule.text));
    }
    if !answer.needed.is_empty() {
        say(&format!("  needed: {}", answer.needed));
    }
    Ok(())
}
