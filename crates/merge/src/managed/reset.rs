//! Fields that a request can't change, and so nobody owns because of it.

use crate::{PathElement, Set};
use std::sync::LazyLock;

fn paths(paths: &[&[&str]]) -> Set {
    let path = |names: &&[&str]| -> Vec<PathElement> {
        names.iter().map(|name| PathElement::field(name)).collect()
    };
    paths.iter().map(path).collect()
}

static NOTHING: Set = Set::new();
static STATUS: LazyLock<Set> = LazyLock::new(|| paths(&[&["status"]]));
static SPEC: LazyLock<Set> = LazyLock::new(|| paths(&[&["spec"]]));
static SPEC_AND_METADATA: LazyLock<Set> = LazyLock::new(|| paths(&[&["spec"], &["metadata"]]));
static DEPLOYMENT: LazyLock<Set> = LazyLock::new(|| paths(&[&["spec"], &["metadata", "labels"]]));
static POD: LazyLock<Set> = LazyLock::new(|| {
    paths(&[
        &["spec"],
        &["metadata", "deletionTimestamp"],
        &["metadata", "ownerReferences"],
    ])
});

/// Returns the paths that a request to `subresource` of a kind resets: `status` for the object
/// itself, `spec` and sometimes metadata for its `status`.
///
/// For custom resources this holds if they have a `status` subresource; without it nothing is
/// reset.
#[must_use]
pub fn reset_fields(api_version: &str, kind: &str, subresource: &str) -> &'static Set {
    match (subresource, kind) {
        ("", _) => &STATUS,
        ("status", "Deployment") => &DEPLOYMENT,
        ("status", "Pod") => &POD,
        (
            "status",
            "CustomResourceDefinition"
            | "FlowSchema"
            | "PriorityLevelConfiguration"
            | "VolumeAttachment",
        ) => &SPEC_AND_METADATA,
        ("status", _) if is_custom(api_version, kind) => &SPEC_AND_METADATA,
        ("status", _) => &SPEC,
        _ => &NOTHING,
    }
}

/// Returns true for a kind that has no Go type: its group may well end in `.k8s.io`.
pub(crate) fn is_custom(api_version: &str, kind: &str) -> bool {
    crate::builtin().type_of(api_version, kind).is_none()
}
