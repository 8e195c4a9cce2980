//! What `argocd-cm` says about comparing: differences that count nowhere.

use super::read;
use value::Value;

/// Where the rules of one kind are, in keys of their own.
const OF_KIND: &str = "resource.customizations.ignoreDifferences.";
/// Where all customisations are, in one.
const ALL_KINDS: &str = "resource.customizations";
const OPTIONS: &str = "resource.compareoptions";

/// What counts as a difference, for all applications.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareSettings {
    /// Rules as an application's `ignoreDifferences` has them.
    pub ignore: Vec<Value>,
    /// `ignoreAggregatedRoles`.
    pub aggregated_roles: bool,
}

impl CompareSettings {
    /// Reads the data of `argocd-cm`; what can't be understood is told in `problems`.
    pub(super) fn of(data: &Value, problems: &mut Vec<String>) -> Self {
        let mut it = Self::default();
        let entries = data.as_object().into_iter().flat_map(value::Object::iter);
        for (name, text) in entries {
            let text = text.as_str().unwrap_or_default();
            if let Some(kind) = name.as_str().strip_prefix(OF_KIND) {
                if let Some(rule) = read(name.as_str(), text, problems) {
                    let (group, kind) = match kind {
                        "all" => ("*", "*"),
                        kind => kind.split_once('_').unwrap_or(("", kind)),
                    };
                    it.add(group, kind, &rule);
                }
            } else if name.as_str() == ALL_KINDS {
                it.read_all(text, problems);
            } else if name.as_str() == OPTIONS
                && let Some(options) = read(OPTIONS, text, problems)
            {
                it.read_options(&options, problems);
            }
        }
        it
    }

    fn add(&mut self, group: &str, kind: &str, rule: &Value) {
        let mut rule = rule.clone();
        if rule.is_object() {
            rule.set_at(&["group"], group);
            rule.set_at(&["kind"], kind);
            self.ignore.push(rule);
        }
    }

    /// Reads the map of `group/kind` to customisations.
    fn read_all(&mut self, text: &str, problems: &mut Vec<String>) {
        let Some(all) = read(ALL_KINDS, text, problems) else {
            return;
        };
        for (name, customisation) in all.as_object().into_iter().flat_map(value::Object::iter) {
            let rule = customisation.str_at(&["ignoreDifferences"]);
            if rule.is_empty() {
                continue;
            }
            if let Some(rule) = read(ALL_KINDS, rule, problems) {
                let (group, kind) = name.as_str().split_once('/').unwrap_or(("", name.as_str()));
                self.add(group, kind, &rule);
            }
        }
    }

    fn read_options(&mut self, options: &Value, problems: &mut Vec<String>) {
        for (name, option) in options
            .as_object()
            .into_iter()
            .flat_map(value::Object::iter)
        {
            match name.as_str() {
                "ignoreAggregatedRoles" => self.aggregated_roles = option.as_bool() == Some(true),
                // The status is the cluster's to write: it is never compared.
                "ignoreResourceStatusField" => match option.as_str() {
                    Some("all" | "crd" | "") => {}
                    _ => problems.push(format!(
                        "argocd-cm: {OPTIONS}: ignoreResourceStatusField {}: the status is never \
                         compared",
                        option.to_json()
                    )),
                },
                "ignoreDifferencesOnResourceUpdates" => {}
                other => problems.push(format!("argocd-cm: {OPTIONS}: {other} is not known")),
            }
        }
    }

    /// Returns the rules, and an application's own before them.
    #[must_use]
    pub fn and(&self, own: &Value) -> engine::Ignore {
        // What can't be understood was told of where it was read.
        let parse = |rules: &[Value]| engine::Ignore::parse(rules, &mut Vec::new());
        let system = parse(&self.ignore).with_aggregated_roles(self.aggregated_roles);
        parse(own.as_array().unwrap_or(&[])).and(&system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn argo_cd_s_spellings_are_read() {
        let mut problems = Vec::new();
        let it = CompareSettings::of(
            &json!({
                "resource.customizations.ignoreDifferences.apps_Deployment":
                    "jsonPointers: [/spec/replicas]",
                "resource.customizations.ignoreDifferences.all":
                    "managedFieldsManagers: [kube-controller-manager]",
                "resource.customizations.ignoreDifferences.ConfigMap": "jsonPointers: [/data]",
                "resource.customizations":
                    "batch/Job:\n  ignoreDifferences: |\n    jsonPointers: [/spec/suspend]\n",
                "resource.compareoptions": "ignoreAggregatedRoles: true\nmagic: 1\n",
            }),
            &mut problems,
        );
        assert!(it.aggregated_roles);
        let kinds = it
            .ignore
            .iter()
            .map(|r| (r.str_at(&["group"]), r.str_at(&["kind"])));
        let mut kinds: Vec<(&str, &str)> = kinds.collect();
        kinds.sort_unstable();
        let want = [
            ("", "ConfigMap"),
            ("*", "*"),
            ("apps", "Deployment"),
            ("batch", "Job"),
        ];
        assert_eq!(kinds, want);
        assert_eq!(
            problems,
            ["argocd-cm: resource.compareoptions: magic is not known"]
        );
        let web = engine::ObjectKey::new("apps", "Deployment", "ns", "web");
        let ignore = it.and(&Value::Null);
        let stripped = ignore
            .of(&web)
            .map(|i| i.strip(&json!({"spec": {"replicas": 1}})));
        assert_eq!(stripped, Some(json!({"spec": {}})));
    }

    #[test]
    fn what_does_not_parse_is_said() {
        let mut problems = Vec::new();
        let data = json!({"resource.customizations.ignoreDifferences.all": "a: [", });
        assert_eq!(
            CompareSettings::of(&data, &mut problems),
            CompareSettings::default()
        );
        assert_eq!(problems.len(), 1);
    }
}
