//! An application's source, as it is written in the resource, as a request.

use crate::environment::Environment;
use crate::request::{Depth, Directory, Helm, Request, SetKind};
use crate::tool::Tool;
use kustomize::{Overrides, Pairs, Patch, PatchOptions, Replica, Selector};
use value::Value;

impl Request {
    /// Returns what an application called `app` asks for with `source`, one entry of its `sources`
    /// or its `source`, with the build variables put in where Argo CD puts them. A block that names
    /// a tool decides, whatever files there are. The files that override the source count once
    /// [`with_overrides`](crate::with_overrides) has put them in.
    ///
    /// # Errors
    /// Fails with a sentence that names the field that makes no sense.
    pub fn of_source(app: &str, source: &Value, environment: &Environment) -> Result<Self, String> {
        let mut request = Self::new(source.str_at(&["path"]));
        app.clone_into(&mut request.app_name);
        let block = |name: &str| source.get(name).filter(|v| v.is_object() && !v.is_empty());
        request.tool = [
            ("helm", Tool::Helm),
            ("kustomize", Tool::Kustomize),
            ("directory", Tool::Directory),
        ]
        .into_iter()
        .find_map(|(name, tool)| block(name).map(|_| tool));
        if let Some(block) = block("directory") {
            request.directory = directory(block);
        }
        if let Some(block) = block("kustomize") {
            request.kustomize.overrides = overrides(block, environment)?;
        }
        if let Some(block) = block("helm") {
            request.helm = helm(block, environment)?;
        }
        Ok(request)
    }
}

fn directory(block: &Value) -> Directory {
    let is_recursive = block.get("recurse").and_then(Value::as_bool) == Some(true);
    Directory {
        depth: if is_recursive {
            Depth::Recursive
        } else {
            Depth::Flat
        },
        include: block.str_at(&["include"]).to_owned(),
        exclude: block.str_at(&["exclude"]).to_owned(),
    }
}

fn flag(block: &Value, name: &str) -> bool {
    block.get(name).and_then(Value::as_bool) == Some(true)
}

fn text(block: &Value, name: &str) -> String {
    block.str_at(&[name]).to_owned()
}

fn texts(block: &Value, name: &str) -> Vec<String> {
    let items = block.array_at(&[name]).iter();
    items
        .filter_map(|i| i.as_str().map(str::to_owned))
        .collect()
}

fn pairs(block: &Value, name: &str) -> Pairs {
    let members = block.get(name).and_then(Value::as_object);
    members
        .into_iter()
        .flat_map(value::Object::iter)
        .filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned())))
        .collect()
}

/// Reads the `helm` block. Argo CD gives its parts to Helm in this order.
fn helm(block: &Value, environment: &Environment) -> Result<Helm, String> {
    // Of values as an object and as text, the object counts.
    let values = match block.get("valuesObject").filter(|v| v.is_object()) {
        Some(object) => object.to_json(),
        None => text(block, "values"),
    };
    let mut sets = Vec::new();
    for parameter in block.array_at(&["parameters"]) {
        let (kind, name) = match flag(parameter, "forceString") {
            true => (SetKind::Text, parameter.str_at(&["name"])),
            false => (SetKind::Plain, parameter.str_at(&["name"])),
        };
        let value = environment.substitute(parameter.str_at(&["value"]));
        sets.push((kind, format!("{name}={}", escaped(&value))));
    }
    for parameter in block.array_at(&["fileParameters"]) {
        let path = environment.file(parameter.str_at(&["path"]))?;
        let name = parameter.str_at(&["name"]);
        sets.push((SetKind::File, format!("{name}={}", escaped(&path))));
    }
    let value_files = texts(block, "valueFiles").into_iter();
    Ok(Helm {
        release: text(block, "releaseName"),
        namespace: text(block, "namespace"),
        value_files: value_files
            .map(|f| environment.file(&f))
            .collect::<Result<_, _>>()?,
        ignore_missing_value_files: flag(block, "ignoreMissingValueFiles"),
        values: match values.as_str() {
            "" => Vec::new(),
            _ => vec![("spec.source.helm.values".to_owned(), values)],
        },
        sets,
        skip_crds: flag(block, "skipCrds"),
        skip_hooks: false,
        skip_tests: flag(block, "skipTests"),
        skip_schema: flag(block, "skipSchemaValidation"),
        kube_version: text(block, "kubeVersion"),
        api_versions: texts(block, "apiVersions"),
        ..Helm::default()
    })
}

/// Escapes the commas of a parameter's value, unless they are escaped already or it is a list.
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut before = ' ';
    for c in value.chars() {
        if c == ',' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// Reads the `kustomize` block.
fn overrides(block: &Value, environment: &Environment) -> Result<Overrides, String> {
    let mut replicas = Vec::new();
    for replica in block.array_at(&["replicas"]) {
        let count = replica.get("count");
        // A number, or a number as text.
        let number = match count {
            Some(Value::String(text)) => text.parse().ok(),
            other => other.and_then(Value::as_i64),
        };
        let name = text(replica, "name");
        let Some(count) = number else {
            let given = count.map_or("nothing".to_owned(), Value::to_json);
            return Err(format!(
                "spec.source.kustomize.replicas: the count of {name:?} is {given}, not a number"
            ));
        };
        replicas.push(Replica { name, count });
    }
    let substituted = |pairs: Pairs| -> Pairs {
        let put_in = |(name, text): (String, String)| (name, environment.substitute(&text));
        pairs.into_iter().map(put_in).collect()
    };
    let mut common_annotations = pairs(block, "commonAnnotations");
    if flag(block, "commonAnnotationsEnvsubst") {
        common_annotations = substituted(common_annotations);
    }
    Ok(Overrides {
        name_prefix: text(block, "namePrefix"),
        name_suffix: text(block, "nameSuffix"),
        images: texts(block, "images"),
        replicas,
        common_labels: substituted(pairs(block, "commonLabels")),
        force_common_labels: flag(block, "forceCommonLabels"),
        label_without_selector: flag(block, "labelWithoutSelector"),
        label_include_templates: flag(block, "labelIncludeTemplates"),
        common_annotations,
        force_common_annotations: flag(block, "forceCommonAnnotations"),
        namespace: text(block, "namespace"),
        patches: block.array_at(&["patches"]).iter().map(patch).collect(),
        components: texts(block, "components"),
        ignore_missing_components: flag(block, "ignoreMissingComponents"),
    })
}

fn patch(entry: &Value) -> Patch {
    Patch {
        path: text(entry, "path"),
        patch: text(entry, "patch"),
        target: entry.get("target").map(|target| Selector {
            group: text(target, "group"),
            version: text(target, "version"),
            kind: text(target, "kind"),
            name: text(target, "name"),
            namespace: text(target, "namespace"),
            annotation_selector: text(target, "annotationSelector"),
            label_selector: text(target, "labelSelector"),
        }),
        options: entry.get("options").map(|options| PatchOptions {
            allow_name_change: flag(options, "allowNameChange"),
            allow_kind_change: flag(options, "allowKindChange"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn the_block_that_is_given_names_the_tool() {
        let request = |source: Value| {
            Request::of_source("shop", &source, &Environment::default()).expect("a source")
        };
        assert_eq!(request(json!({"path": "a"})).tool, None);
        let of = request(json!({"path": "a", "directory": {"recurse": true, "include": "*.yaml"}}));
        assert_eq!(of.tool, Some(Tool::Directory));
        assert_eq!(of.directory.depth, Depth::Recursive);
        assert_eq!(of.directory.include, "*.yaml");
        // An empty block says nothing.
        assert_eq!(request(json!({"path": "a", "kustomize": {}})).tool, None);
    }

    #[test]
    fn kustomize_fields_are_read() {
        let source = json!({"path": "a", "kustomize": {
            "namePrefix": "dev-", "images": ["web=registry/web:2"],
            "replicas": [{"name": "web", "count": "3"}, {"name": "db", "count": 1}],
            "commonLabels": {"team": "a"}, "forceCommonLabels": true,
            "patches": [{"target": {"kind": "Deployment"}, "patch": "- op: remove"}],
        }});
        let overrides = Request::of_source("shop", &source, &Environment::default())
            .expect("a source")
            .kustomize
            .overrides;
        assert_eq!(overrides.name_prefix, "dev-");
        assert_eq!(overrides.images, ["web=registry/web:2"]);
        let counts: Vec<i64> = overrides.replicas.iter().map(|r| r.count).collect();
        assert_eq!(counts, [3, 1]);
        assert!(overrides.force_common_labels);
        assert_eq!(
            overrides.patches[0].target.as_ref().expect("a target").kind,
            "Deployment"
        );
    }

    #[test]
    fn a_count_that_is_no_number_is_named() {
        let source = json!({"kustomize": {"replicas": [{"name": "web", "count": "many"}]}});
        let error = Request::of_source("shop", &source, &Environment::default())
            .expect_err("it is refused");
        assert!(error.contains("\"web\" is \"many\""), "{error}");
    }
}
