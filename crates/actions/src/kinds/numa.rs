//! Numaflow and Numaplane.

use super::{Offer, Rule, annotate, annotation, label, unless};
use crate::{ActionError, Call};
use value::Value;

const PAUSE: &str = "fa-solid fa-fw fa-pause";
const PLAY: &str = "fa-solid fa-fw fa-play";
const FORWARD: &str = "fa-solid fa-fw fa-forward";

const STATE: &str = "numaplane.numaproj.io/upgrade-state";
const FORCED: &str = "numaplane.numaproj.io/force-promote";
const DATA_LOSS: &str = "numaplane.numaproj.io/allow-data-loss";

/// Where the specification is that can be paused, and its metadata.
struct Place {
    spec: &'static [&'static str],
    metadata: &'static [&'static str],
}

const OWN: Place = Place {
    spec: &["spec"],
    metadata: &["spec", "metadata"],
};
const OF_MONO_VERTEX: Place = Place {
    spec: &["spec", "monoVertex", "spec"],
    metadata: &["spec", "monoVertex", "metadata"],
};
const OF_PIPELINE: Place = Place {
    spec: &["spec", "pipeline", "spec"],
    metadata: &["spec", "pipeline", "metadata"],
};

impl Place {
    fn set_phase(&self, object: &mut Value, phase: &str) {
        let path = [self.spec, &["lifecycle", "desiredPhase"]].concat();
        object.set_at(&path, phase);
    }

    fn is_paused(&self, object: &Value) -> bool {
        let path = [self.spec, &["lifecycle", "desiredPhase"]].concat();
        object.str_at(&path) == "Paused"
    }

    /// Whether it may be started slowly, and fast.
    fn ways(&self, object: &Value) -> (bool, bool) {
        let name = "numaflow.numaproj.io/allowed-resume-strategies";
        let path = [self.metadata, &["annotations", name]].concat();
        match object.str_at(&path) {
            _ if !self.is_paused(object) => (false, false),
            "fast" => (false, true),
            "slow, fast" => (true, true),
            _ => (true, false),
        }
    }

    fn pause(&self, object: &Value) -> Offer {
        unless(self.is_paused(object))
    }

    fn slow(&self, object: &Value) -> Offer {
        unless(!self.ways(object).0)
    }

    fn fast(&self, object: &Value) -> Offer {
        unless(!self.ways(object).1)
    }
}

fn is_owned_by(object: &Value, kind: &str) -> bool {
    let owners = object.array_at(&["metadata", "ownerReferences"]);
    owners.iter().any(|owner| owner.str_at(&["kind"]) == kind)
}

const FORCE: Rule = Rule::new("force-promote", FORWARD, |object, _| {
    object.set_at(&["metadata", "labels", FORCED], "true");
    Ok(())
})
.when(|object| {
    let may_be = matches!(label(object, STATE), Some("in-progress" | "trial"));
    unless(!may_be || label(object, FORCED) == Some("true"))
});

const FORCE_CALLED: Rule = FORCE.called(|_| "Force Promote");

const SLOW: &str = "Unpause (gradual)";
const FAST: &str = "Unpause (fast)";

pub(super) static BUFFER: [Rule; 1] = [FORCE];

fn vertex(object: &Value, offer: fn(&Place, &Value) -> Offer) -> Offer {
    if is_owned_by(object, "MonoVertexRollout") {
        Offer::Disabled
    } else {
        offer(&OWN, object)
    }
}

pub(super) static MONO_VERTEX: [Rule; 4] = [
    Rule::new("pause", PAUSE, |object, _| {
        OWN.set_phase(object, "Paused");
        Ok(())
    })
    .when(|o| vertex(o, Place::pause)),
    Rule::new("unpause-gradual", PLAY, |object, _| {
        OWN.set_phase(object, "Running");
        object.remove_at(&["spec", "replicas"]);
        Ok(())
    })
    .called(|_| SLOW)
    .when(|o| vertex(o, Place::slow)),
    Rule::new("unpause-fast", PLAY, |object, _| {
        OWN.set_phase(object, "Running");
        Ok(())
    })
    .called(|_| FAST)
    .when(|o| vertex(o, Place::fast)),
    FORCE_CALLED,
];

fn pipeline(object: &Value, offer: fn(&Place, &Value) -> Offer) -> Offer {
    let is_expired = label(object, STATE) == Some("recyclable-expired");
    if is_owned_by(object, "PipelineRollout") && !is_expired {
        Offer::Disabled
    } else {
        offer(&OWN, object)
    }
}

fn resume_pipeline(object: &mut Value, strategy: &str) {
    OWN.set_phase(object, "Running");
    annotate(object, "numaflow.numaproj.io/resume-strategy", strategy);
}

pub(super) static PIPELINE: [Rule; 5] = [
    Rule::new("pause", PAUSE, |object, _| {
        OWN.set_phase(object, "Paused");
        Ok(())
    })
    .when(|o| pipeline(o, Place::pause)),
    Rule::new("unpause-gradual", PLAY, |object, _| {
        resume_pipeline(object, "slow");
        Ok(())
    })
    .called(|_| SLOW)
    .when(|o| pipeline(o, Place::slow)),
    Rule::new("unpause-fast", PLAY, |object, _| {
        resume_pipeline(object, "fast");
        Ok(())
    })
    .called(|_| FAST)
    .when(|o| pipeline(o, Place::fast)),
    FORCE_CALLED,
    Rule::new("delete", "fa-solid fa-fw fa-trash", |object, _| {
        let marked = "numaplane.numaproj.io/marked-for-deletion";
        annotate(object, marked, "true");
        Ok(())
    })
    .called(|_| "Delete")
    .when(|object| {
        let state = label(object, STATE);
        unless(!matches!(state, Some("recyclable" | "recyclable-expired")))
    }),
];

/// Starts what a rollout stands for, at once or slowly.
fn resume(object: &mut Value, place: &Place, is_fast: bool) {
    place.set_phase(object, "Running");
    let path = ["spec", "strategy", "pauseResume", "fastResume"];
    object.set_at(&path, is_fast);
}

pub(super) static MONO_VERTEX_ROLLOUT: [Rule; 3] = [
    Rule::new("pause", PAUSE, |object, _| {
        OF_MONO_VERTEX.set_phase(object, "Paused");
        Ok(())
    })
    .when(|o| OF_MONO_VERTEX.pause(o)),
    Rule::new("unpause-gradual", PLAY, |object, _| {
        resume(object, &OF_MONO_VERTEX, false);
        Ok(())
    })
    .called(|_| SLOW)
    .when(|o| OF_MONO_VERTEX.slow(o)),
    Rule::new("unpause-fast", PLAY, |object, _| {
        resume(object, &OF_MONO_VERTEX, true);
        Ok(())
    })
    .called(|_| FAST)
    .when(|o| OF_MONO_VERTEX.fast(o)),
];

fn allow_loss(object: &mut Value, _: &Call<'_>) -> Result<(), ActionError> {
    annotate(object, DATA_LOSS, "true");
    Ok(())
}

fn disallow_loss(object: &mut Value, _: &Call<'_>) -> Result<(), ActionError> {
    annotate(object, DATA_LOSS, "false");
    Ok(())
}

pub(super) static PIPELINE_ROLLOUT: [Rule; 5] = [
    Rule::new("pause", PAUSE, |object, _| {
        OF_PIPELINE.set_phase(object, "Paused");
        Ok(())
    })
    .when(|o| OF_PIPELINE.pause(o)),
    Rule::new("unpause-gradual", PLAY, |object, _| {
        resume(object, &OF_PIPELINE, false);
        Ok(())
    })
    .called(|_| SLOW)
    .when(|o| OF_PIPELINE.slow(o)),
    Rule::new("unpause-fast", PLAY, |object, _| {
        resume(object, &OF_PIPELINE, true);
        Ok(())
    })
    .called(|_| FAST)
    .when(|o| OF_PIPELINE.fast(o)),
    Rule::new("allow-data-loss", "fa-solid fa-fw fa-unlock", allow_loss)
        .called(|_| "Allow (Possible) Data Loss")
        .when(|object| {
            let drains = object.str_at(&["status", "upgradeInProgress"]);
            unless(drains != "PipelinePauseAndDrain")
        }),
    Rule::new(
        "disallow-data-loss",
        "fa-solid fa-fw fa-lock",
        disallow_loss,
    )
    .called(|_| "Disallow Data Loss")
    .when(|object| unless(annotation(object, DATA_LOSS) != Some("true"))),
];
