//! How an object says which application it belongs to.

use crate::object::ObjectKey;
use api::names;
use value::Value;

/// Bytes of a label's value.
const LABEL_MAX: usize = 63;

/// What marks an object as an application's: `application.resourceTrackingMethod`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The tracking id, an annotation that names the object itself.
    #[default]
    Annotation,
    /// The tracking id; a label for people and other tools beside it.
    AnnotationAndLabel,
    /// The label alone.
    Label,
}

/// What an object says about the application that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim<'o> {
    /// It belongs to this application.
    Own(&'o str),
    /// Its mark is of this application, but about another object.
    Copied(&'o str),
}

/// How objects are marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// By what.
    pub method: Method,
    /// The label's name: `application.instanceLabelKey`.
    pub label: Box<str>,
    /// Sets this installation's objects apart from another's; empty is "the only one".
    pub installation: Box<str>,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            method: Method::default(),
            label: names::INSTANCE_LABEL.into(),
            installation: "".into(),
        }
    }
}

impl Tracking {
    /// Marks an object as `app`'s. Definitions are never marked, hence never pruned, as in Argo CD.
    pub fn mark(&self, app: &str, key: &ObjectKey, object: &mut Value) {
        if &*key.kind == "CustomResourceDefinition" {
            return;
        }
        if self.method != Method::Label {
            let path = ["metadata", "annotations", names::TRACKING_ID];
            object.set_at(&path, key.tracking_id(app));
        }
        if self.method != Method::Annotation {
            let is_exact = self.method == Method::Label;
            let value = if is_exact { app } else { shortened(app) };
            object.set_at(&["metadata", "labels", &self.label], value);
        }
        if !self.installation.is_empty() {
            let path = ["metadata", "annotations", names::INSTALLATION_ID];
            object.set_at(&path, &*self.installation);
        }
    }

    /// Returns the application that an object says it belongs to. A tracking id that is about
    /// another object (copied along by a controller) counts as none, and so does the label of an
    /// object that has an owner.
    #[must_use]
    pub fn owner<'o>(&self, key: &ObjectKey, object: &'o Value) -> Option<&'o str> {
        match self.claim(key, object)? {
            Claim::Own(app) => Some(app),
            Claim::Copied(_) => None,
        }
    }

    /// Returns what an object says about the application that it belongs to.
    #[must_use]
    pub fn claim<'o>(&self, key: &ObjectKey, object: &'o Value) -> Option<Claim<'o>> {
        let annotation = |name: &str| object.str_at(&["metadata", "annotations", name]);
        if annotation(names::INSTALLATION_ID) != &*self.installation {
            return None;
        }
        let has_owner = || !object.array_at(&["metadata", "ownerReferences"]).is_empty();
        if self.method == Method::Label {
            let app = object.str_at(&["metadata", "labels", &self.label]);
            return (!app.is_empty() && !has_owner()).then_some(Claim::Own(app));
        }
        let id = annotation(names::TRACKING_ID);
        let (app, _) = id.split_once(':')?;
        match key.tracking_id(app) == id {
            true => Some(Claim::Own(app)),
            // Controllers copy annotations to what they make; only what stands alone is shown.
            false => (!has_owner()).then_some(Claim::Copied(app)),
        }
    }
}

/// Returns as much of a name as a label's value may hold; it ends with a letter or digit.
fn shortened(name: &str) -> &str {
    let end = (0..=name.len().min(LABEL_MAX))
        .rev()
        .find(|end| name.is_char_boundary(*end))
        .unwrap_or(0);
    name[..end].trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    fn marked(tracking: &Tracking, app: &str) -> Value {
        let mut object = json!({"kind": "Service", "metadata": {"name": "x", "namespace": "ns"}});
        let key = ObjectKey::of(&object);
        tracking.mark(app, &key, &mut object);
        assert_eq!(tracking.owner(&key, &object), Some(app));
        object.get("metadata").cloned().unwrap_or_default()
    }

    fn by(method: Method) -> Tracking {
        Tracking {
            method,
            ..Tracking::default()
        }
    }

    #[test]
    fn each_method_marks_and_recognises() {
        let id = "argocd.argoproj.io/tracking-id";
        let label = "app.kubernetes.io/instance";
        let object = marked(&by(Method::Annotation), "shop");
        assert_eq!(object.str_at(&["annotations", id]), "shop:/Service:ns/x");
        assert!(object.get("labels").is_none());
        let object = marked(&by(Method::Label), "shop");
        assert_eq!(object.str_at(&["labels", label]), "shop");
        assert!(object.get("annotations").is_none());
        let long = format!("{}-{}", "a".repeat(62), "b");
        let object = marked(&by(Method::AnnotationAndLabel), &long);
        assert_eq!(object.str_at(&["labels", label]), "a".repeat(62));
    }

    #[test]
    fn the_label_of_an_owned_object_is_inherited() {
        let object = json!({"kind": "Pod", "metadata": {
            "name": "p", "namespace": "ns", "ownerReferences": [{"uid": "1"}],
            "labels": {"app.kubernetes.io/instance": "shop"},
        }});
        let key = ObjectKey::of(&object);
        assert_eq!(by(Method::Label).owner(&key, &object), None);
    }

    #[test]
    fn another_installation_s_objects_are_not_ours() {
        let ours = Tracking {
            installation: "a".into(),
            ..Tracking::default()
        };
        let mut object = json!({"kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}});
        let key = ObjectKey::of(&object);
        ours.mark("shop", &key, &mut object);
        assert_eq!(ours.owner(&key, &object), Some("shop"));
        assert_eq!(Tracking::default().owner(&key, &object), None);
    }

    #[test]
    fn definitions_are_never_marked() {
        let mut object = json!({"kind": "CustomResourceDefinition", "metadata": {"name": "x"}});
        let before = object.clone();
        Tracking::default().mark("shop", &ObjectKey::of(&before), &mut object);
        assert_eq!(object, before);
    }
}
