//! What goes wrong, and how a pod says so.

use value::Value;

/// A way in which a pod fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The image can't be pulled (`broken`).
    Broken,
    /// The container ends with an error soon after its start, again and again (`crash`).
    Crash,
    /// The container runs, but is never ready (`notready`).
    NotReady,
    /// The container takes long to become ready (`slow`).
    Slow,
    /// The container is killed for its memory (`oom`).
    OutOfMemory,
    /// No node takes the pod (`unschedulable`).
    Unschedulable,
    /// The container of a job ends with an error (`fail`).
    Fail,
}

/// The annotation of a pod that names a fault, whatever its images are called.
pub(crate) const ANNOTATION: &str = "sim.windlass.dev/fault";

impl Fault {
    /// Returns the fault that a word names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "broken" => Self::Broken,
            "crash" => Self::Crash,
            "notready" => Self::NotReady,
            "slow" => Self::Slow,
            "oom" => Self::OutOfMemory,
            "unschedulable" => Self::Unschedulable,
            "fail" => Self::Fail,
            _ => return None,
        })
    }

    /// Returns the fault of an image: a word of its name or tag.
    #[must_use]
    pub fn of_image(image: &str) -> Option<Self> {
        let last = image.rsplit('/').next().unwrap_or(image);
        last.split([':', '-', '_', '.', '@']).find_map(Self::named)
    }

    /// Returns the fault of a container of a pod.
    pub(crate) fn of_container(pod: &Value, container: &Value) -> Option<Self> {
        let annotation = pod.str_at(&["metadata", "annotations", ANNOTATION]);
        Self::named(annotation).or_else(|| Self::of_image(container.str_at(&["image"])))
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn images_name_their_faults() {
        for (image, fault) in [
            ("ghcr.io/shop/web:1.2.3", None),
            ("ghcr.io/shop/web:2.0.0-broken", Some(Fault::Broken)),
            ("web-crash:1", Some(Fault::Crash)),
            ("notready", Some(Fault::NotReady)),
            ("broken.example.com/web:1", None),
            ("web:slow", Some(Fault::Slow)),
        ] {
            assert_eq!(Fault::of_image(image), fault, "{image}");
        }
    }
}
