//! `resource.exclusions` and `resource.inclusions`: kinds that are none of the applications' business.

use super::read;
use api::names;
use value::Value;
use value::glob::Glob;

/// Groups that nobody deploys: events and metrics.
const NEVER: [&str; 2] = ["events.k8s.io", "metrics.k8s.io"];

/// Which kinds may be deployed and are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KindFilter {
    excluded: Vec<Rule>,
    included: Vec<Rule>,
}

/// An empty list is any.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    groups: Vec<String>,
    kinds: Vec<String>,
}

impl Rule {
    /// Reads the rules that are about the cluster that the controller runs against.
    fn parse_list(name: &str, text: &str, problems: &mut Vec<String>) -> Vec<Self> {
        if text.is_empty() {
            return Vec::new();
        }
        let list = read(name, text, problems).unwrap_or_default();
        let texts = |rule: &Value, name: &str| -> Vec<String> {
            let items = rule.array_at(&[name]).iter();
            items
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        };
        let rules = list.as_array().unwrap_or(&[]).iter();
        rules
            .filter(|rule| any_fits(&texts(rule, "clusters"), names::IN_CLUSTER_SERVER))
            .map(|rule| Self {
                groups: texts(rule, "apiGroups"),
                kinds: texts(rule, "kinds"),
            })
            .collect()
    }

    fn fits(&self, group: &str, kind: &str) -> bool {
        let kinds = &self.kinds;
        any_fits(&self.groups, group)
            && (kinds.is_empty() || kinds.iter().any(|k| k == "*" || k == kind))
    }
}

fn any_fits(patterns: &[String], text: &str) -> bool {
    let fits = |pattern: &String| Glob::new(pattern, &[]).is_ok_and(|glob| glob.matches(text));
    patterns.is_empty() || patterns.iter().any(fits)
}

impl KindFilter {
    pub(super) fn of(data: &Value, problems: &mut Vec<String>) -> Self {
        let mut list = |name: &str| Rule::parse_list(name, data.str_at(&[name]), problems);
        Self {
            excluded: list("resource.exclusions"),
            included: list("resource.inclusions"),
        }
    }

    /// Returns true if objects of a kind are left out.
    #[must_use]
    pub fn excludes(&self, group: &str, kind: &str) -> bool {
        let fits = |rules: &[Rule]| rules.iter().any(|rule| rule.fits(group, kind));
        NEVER.contains(&group)
            || (group.is_empty() && kind == "Event")
            || fits(&self.excluded)
            || (!self.included.is_empty() && !fits(&self.included))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn exclusions_win_and_inclusions_leave_out_the_rest() {
        let of = |data: &Value| KindFilter::of(data, &mut Vec::new());
        let none = of(&json!({}));
        assert!(!none.excludes("apps", "Deployment") && none.excludes("", "Event"));
        let it = of(&json!({
            "resource.exclusions":
                "- apiGroups: ['', discovery.k8s.io]\n  kinds: [Endpoints, EndpointSlice]\n\
                 - apiGroups: ['*.example.com']\n- kinds: [Pod]\n  clusters: [https://other]\n",
        }));
        assert!(it.excludes("", "Endpoints") && it.excludes("x.example.com", "Any"));
        assert!(!it.excludes("", "ConfigMap") && !it.excludes("", "Pod"));
        let it = of(&json!({
            "resource.inclusions": "- apiGroups: [apps]\n",
            "resource.exclusions": "- apiGroups: [apps]\n  kinds: [DaemonSet]\n",
        }));
        assert!(!it.excludes("apps", "Deployment"));
        assert!(it.excludes("apps", "DaemonSet") && it.excludes("", "ConfigMap"));
    }
}
