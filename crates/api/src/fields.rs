//! The fields that an `Application` may have, so that a misspelt one is reported.

use value::Value;

/// A field and the fields below it; an empty list below means "anything".
struct Field(&'static str, &'static [Self]);

const ANY: &[Field] = &[];

const SOURCE: &[Field] = &[
    Field("repoURL", ANY),
    Field("path", ANY),
    Field("targetRevision", ANY),
    Field("helm", ANY),
    Field("kustomize", ANY),
    Field(
        "directory",
        &[
            Field("recurse", ANY),
            Field("include", ANY),
            Field("exclude", ANY),
            Field("jsonnet", ANY),
            Field("disableExtensionFilter", ANY),
        ],
    ),
    Field("plugin", ANY),
    Field("chart", ANY),
    Field("ref", ANY),
    Field("name", ANY),
    Field("tagPrefix", ANY),
];

const RETRY: &[Field] = &[
    Field("limit", ANY),
    Field("refresh", ANY),
    Field(
        "backoff",
        &[
            Field("duration", ANY),
            Field("factor", ANY),
            Field("maxDuration", ANY),
        ],
    ),
];

const SPEC: &[Field] = &[
    Field("project", ANY),
    Field("source", SOURCE),
    Field("sources", SOURCE),
    Field("sourceHydrator", ANY),
    Field(
        "destination",
        &[
            Field("server", ANY),
            Field("name", ANY),
            Field("namespace", ANY),
        ],
    ),
    Field(
        "syncPolicy",
        &[
            Field(
                "automated",
                &[
                    Field("enabled", ANY),
                    Field("prune", ANY),
                    Field("selfHeal", ANY),
                    Field("allowEmpty", ANY),
                ],
            ),
            Field("syncOptions", ANY),
            Field("retry", RETRY),
            Field(
                "managedNamespaceMetadata",
                &[Field("labels", ANY), Field("annotations", ANY)],
            ),
        ],
    ),
    Field(
        "ignoreDifferences",
        &[
            Field("group", ANY),
            Field("kind", ANY),
            Field("name", ANY),
            Field("namespace", ANY),
            Field("jsonPointers", ANY),
            Field("jqPathExpressions", ANY),
            Field("managedFieldsManagers", ANY),
        ],
    ),
    Field("info", &[Field("name", ANY), Field("value", ANY)]),
    Field("revisionHistoryLimit", ANY),
];

/// Returns the paths of the fields of an `Application`'s spec that don't exist, in order.
#[must_use]
pub fn unknown_fields(application: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    if let Some(spec) = application.get("spec") {
        check(spec, SPEC, "spec", &mut unknown);
    }
    unknown
}

fn check(value: &Value, fields: &[Field], path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                check(item, fields, &format!("{path}[{i}]"), unknown);
            }
        }
        Value::Object(members) if !fields.is_empty() => {
            for (name, member) in members.iter() {
                let path = format!("{path}.{name}");
                match fields.iter().find(|f| name == f.0) {
                    Some(field) => check(member, field.1, &path, unknown),
                    None => unknown.push(path),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::unknown_fields;
    use value::json;

    #[test]
    fn misspelt_fields_are_named_with_their_path() {
        let app = json!({"spec": {
            "project": "default",
            "sources": [{"repoURL": "x", "helm": {"anything": 1}}, {"pth": "y"}],
            "syncPolicy": {"automated": {"selfheal": true}, "retry": {"backoff": {"max": 1}}},
        }});
        assert_eq!(
            unknown_fields(&app),
            [
                "spec.sources[1].pth",
                "spec.syncPolicy.automated.selfheal",
                "spec.syncPolicy.retry.backoff.max",
            ]
        );
        assert!(unknown_fields(&json!({})).is_empty());
    }
}
