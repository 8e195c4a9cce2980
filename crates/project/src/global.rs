//! Global projects: what `globalProjects` of `argocd-cm` lets projects inherit.

use crate::spec::Project;
use crate::windows::Windows;
use value::Value;
use value::selector::LabelSelector;

/// Which projects inherit from which, in order.
#[derive(Clone, Debug, Default)]
pub struct GlobalProjects {
    entries: Vec<(String, LabelSelector)>,
}

impl GlobalProjects {
    /// Reads the value of `globalProjects`, once it is no longer YAML: a list of `projectName` and
    /// `labelSelector`. A selector that can't be read ends the list, as in Argo CD.
    #[must_use]
    pub fn parse(list: &Value) -> Self {
        let mut entries = Vec::new();
        for entry in list.as_array().unwrap_or_default() {
            let absent = Value::object();
            let selector = entry.get("labelSelector").unwrap_or(&absent);
            let Ok(selector) = LabelSelector::from_value(selector) else {
                break;
            };
            entries.push((entry.str_at(&["projectName"]).to_owned(), selector));
        }
        Self { entries }
    }

    /// Returns the names of the projects that a project, by its name and labels, inherits from.
    pub fn of<'a>(&'a self, name: &'a str, labels: &'a Value) -> impl Iterator<Item = &'a str> {
        self.entries
            .iter()
            .filter(move |(global, selector)| global != name && selector.matches(labels))
            .map(|(global, _)| global.as_str())
    }
}

impl Project {
    /// Adds what a global project says to what this one does.
    #[must_use]
    pub fn inheriting(mut self, global: &Self) -> Self {
        let add = |own: &mut Vec<_>, more: &[_]| own.extend(more.iter().cloned());
        add(&mut self.cluster_allowed, &global.cluster_allowed);
        add(&mut self.cluster_denied, &global.cluster_denied);
        add(&mut self.namespaced_denied, &global.namespaced_denied);
        if let Some(more) = &global.namespaced_allowed
            && !more.is_empty()
        {
            add(self.namespaced_allowed.get_or_insert_default(), more);
        }
        self.source_repos
            .extend(global.source_repos.iter().cloned());
        self.destinations
            .extend(global.destinations.iter().cloned());
        self.service_accounts
            .extend(global.service_accounts.iter().cloned());
        let windows = self.windows.iter().chain(global.windows.iter());
        self.windows = Windows::new(windows.cloned().collect());
        self
    }
}
