//! What is wrong with a project, all at once, in Argo CD's words.

use crate::spec::Project;
use crate::windows::WindowKind;
use std::collections::BTreeSet;

impl Project {
    /// Returns what is wrong; Argo CD would refuse the project for the first of it.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_destinations(&mut problems);
        let mut seen = BTreeSet::new();
        for repo in &self.source_repos {
            if repo == "!*" {
                problems.push("source repository has an invalid format, '!*'".to_owned());
            }
            if !seen.insert(repo) {
                problems.push(format!("source repository '{repo}' already added"));
            }
        }
        let mut seen = BTreeSet::new();
        for namespace in &self.source_namespaces {
            if !seen.insert(namespace) {
                problems.push(format!("source namespace '{namespace}' already added"));
            }
        }
        self.check_roles(&mut problems);
        self.check_windows(&mut problems);
        problems
    }

    fn check_destinations(&self, problems: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for rule in &self.destinations {
            let parts = [
                ("name", &rule.name),
                ("server", &rule.server),
                ("namespace", &rule.namespace),
            ];
            for (what, _) in parts.iter().filter(|(_, text)| *text == "!*") {
                problems.push(format!("{what} has an invalid format, '!*'"));
            }
            let cluster = match rule.server.as_str() {
                "" => &rule.name,
                _ => &rule.server,
            };
            let key = format!("{cluster}/{}", rule.namespace);
            if !seen.insert(key.clone()) {
                problems.push(format!("destination '{key}' already added"));
            }
        }
    }

    fn check_roles(&self, problems: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for role in &self.roles {
            let name = &role.name;
            if !seen.insert(name) {
                problems.push(format!("role '{name}' already exists"));
            }
            let is_end = |c: char| c.is_ascii_alphanumeric();
            let is_name = name.starts_with(is_end)
                && name.ends_with(is_end)
                && name.chars().all(|c| is_end(c) || matches!(c, '-' | '_'));
            if !is_name {
                problems.push(format!("invalid role name '{name}'. Must consist of alphanumeric characters, '-' or '_', and must start and end with an alphanumeric character"));
            }
            let subject = format!("proj:{}:{name}", self.name);
            for policy in &role.policies {
                let parts: Vec<&str> = policy.split(',').map(str::trim).collect();
                let wrong = match parts.as_slice() {
                    ["p", who, ..] if *who != subject => {
                        format!("policy subject must be: '{subject}', not '{who}'")
                    }
                    ["p", _, _, _, _, "allow" | "deny"] => continue,
                    ["p", _, _, _, _, effect] => {
                        format!("effect must be: 'allow' or 'deny', not '{effect}'")
                    }
                    _ => "must be of the form: 'p, sub, res, act, obj, eft'".to_owned(),
                };
                problems.push(format!("invalid policy rule '{policy}': {wrong}"));
            }
        }
    }

    fn check_windows(&self, problems: &mut Vec<String>) {
        for window in self.windows.iter() {
            if window.kind == WindowKind::Other {
                problems.push("a sync window's kind can only be allow or deny".to_owned());
            }
            if let Err(error) = window.check() {
                problems.push(error.to_string());
            }
            let lists = [&window.applications, &window.namespaces, &window.clusters];
            if lists.iter().all(|list| list.is_empty()) {
                problems.push(format!(
                    "window '{}':'{}' requires one of application, cluster or namespace",
                    window.schedule, window.duration
                ));
            }
        }
    }
}
