//! Files beside the manifests that change the source: `.argocd-source.yaml`.

use crate::diagnostic::Diagnostic;
use tree::{FollowError, Recording, TreeError, join};
use value::Value;

const ALL: &str = ".argocd-source.yaml";

/// Why a source can't be made out: a mistake of the user's, or a tree that can't be read.
#[derive(Debug)]
pub enum SourceError {
    /// The tree can't be read.
    Tree(TreeError),
    /// What is wrong, and where.
    Mistake(Diagnostic),
}

/// Returns a source with what the files beside its manifests change in it: first
/// `.argocd-source.yaml`, then `.argocd-source-APP.yaml`, each a merge patch. Where the manifests
/// are can't be changed.
///
/// # Errors
/// Fails if such a file isn't YAML of an object, and if the tree can't be read.
pub fn with_overrides(
    tree: &Recording<'_>,
    app: &str,
    path: &str,
    source: &Value,
) -> Result<Value, SourceError> {
    let own = format!(".argocd-source-{app}.yaml");
    let names = std::iter::once(ALL).chain((!app.is_empty()).then_some(own.as_str()));
    let mut merged = source.clone();
    for name in names {
        let file = join(path, name);
        let mistake = |message: String| SourceError::Mistake(Diagnostic::error(&file, message));
        let text = match tree.read(&file) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(FollowError::Tree(error)) => return Err(SourceError::Tree(error)),
            Err(error) => return Err(mistake(error.to_string())),
        };
        match yaml::v2::to_value(&text) {
            Ok(Value::Null) => {}
            Ok(patch) if patch.is_object() => merged.merge_patch(&patch),
            Ok(other) => {
                return Err(mistake(format!(
                    "it should change fields of the source, but is of type {}",
                    other.type_name()
                )));
            }
            Err(error) => {
                let diagnostic = Diagnostic::error(&file, error.message());
                let diagnostic = diagnostic.at(error.line(), error.column());
                return Err(SourceError::Mistake(diagnostic));
            }
        }
    }
    for name in ["repoURL", "path", "chart", "targetRevision", "ref"] {
        match (source.get(name), merged.as_object_mut()) {
            (Some(value), Some(object)) => {
                object.insert(name, value.clone());
            }
            (None, Some(object)) => {
                object.remove(name);
            }
            (_, None) => {}
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree::MemTree;
    use value::json;

    #[test]
    fn the_application_s_own_file_wins_and_the_place_stays() {
        let tree = MemTree::new([
            (
                "app/.argocd-source.yaml",
                "kustomize: {namePrefix: a-, images: [x:1]}\npath: elsewhere\n",
            ),
            (
                "app/.argocd-source-shop.yaml",
                "kustomize:\n  images: [x:2]\n",
            ),
        ]);
        let recording = Recording::new(&tree);
        let source = json!({"repoURL": "r", "path": "app"});
        let merged = with_overrides(&recording, "shop", "app", &source).expect("they are fine");
        let wanted = json!({
            "repoURL": "r", "path": "app",
            "kustomize": {"namePrefix": "a-", "images": ["x:2"]},
        });
        assert_eq!(merged, wanted);
        assert_eq!(recording.into_read_set().len(), 2);
    }

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        let tree = MemTree::new([("app/.argocd-source.yaml", "a: 1\nb: [\n")]);
        let recording = Recording::new(&tree);
        let error = with_overrides(&recording, "shop", "app", &json!({}));
        let Err(SourceError::Mistake(diagnostic)) = error else {
            panic!("it is refused");
        };
        let text = diagnostic.to_string();
        assert!(text.starts_with("app/.argocd-source.yaml:"), "{text}");
    }
}
