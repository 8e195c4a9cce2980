//! From one revision to the next.

use std::sync::Arc;

use controlplane::Object;
use controlplane::failure::Result;

use super::{Rollout, replicas};
use crate::world::World;

fn available(set: &Object) -> i64 {
    set.value
        .i64_at(&["status", "availableReplicas"])
        .unwrap_or(0)
}

/// Ends all old pods, then starts the new ones.
pub(super) fn recreate(world: &World, rollout: &mut Rollout) -> Result<()> {
    for set in rollout.old.clone() {
        if replicas(&set) > 0 {
            rollout.scale(world, &set, 0)?;
        }
    }
    let left: i64 = rollout
        .old
        .iter()
        .map(|s| s.value.i64_at(&["status", "replicas"]).unwrap_or(0))
        .sum();
    // Pods on their way out still hold what the new ones may need.
    let ending: i64 = rollout
        .old
        .iter()
        .map(|s| {
            s.value
                .i64_at(&["status", "terminatingReplicas"])
                .unwrap_or(0)
        })
        .sum();
    let waits = rollout.old.iter().any(|s| {
        s.value.i64_at(&["metadata", "generation"])
            != s.value.i64_at(&["status", "observedGeneration"])
    });
    if left == 0
        && ending == 0
        && !waits
        && let Some(new) = rollout.new.clone()
    {
        let desired = rollout.desired();
        rollout.scale(world, &new, desired)?;
    }
    Ok(())
}

/// Replaces old pods by new ones a few at a time.
pub(super) fn rolling(world: &World, rollout: &mut Rollout) -> Result<()> {
    let Some(new) = rollout.new.clone() else {
        return Ok(());
    };
    let desired = rollout.desired();
    let (surge, unavailable) = rollout.bounds();
    let have = replicas(&new);
    let wanted = if have >= desired {
        desired
    } else {
        let room = desired + surge - rollout.spec_sum();
        have + room.clamp(0, desired - have)
    };
    rollout.scale(world, &new, wanted)?;
    if wanted != have {
        // The next look sees what came of it.
        return Ok(());
    }
    scale_down_old(world, rollout, desired - unavailable)
}

fn scale_down_old(world: &World, rollout: &mut Rollout, minimum: i64) -> Result<()> {
    let old: i64 = rollout.old.iter().map(|s| replicas(s)).sum();
    if old == 0 {
        return Ok(());
    }
    let missing = rollout
        .new
        .as_ref()
        .map_or(0, |n| replicas(n) - available(n));
    let most = rollout.spec_sum() - minimum - missing;
    if most <= 0 {
        return Ok(());
    }
    // Old pods that don't work help nobody: they go first.
    let mut cleaned = 0;
    for set in rollout.old.clone() {
        let idle = replicas(&set) - available(&set);
        let count = idle.min(most - cleaned);
        if replicas(&set) > 0 && count > 0 {
            cleaned += count;
            rollout.scale(world, &set, replicas(&set) - count)?;
        }
    }
    let working: i64 = rollout.all().map(|s| available(s).min(replicas(s))).sum();
    let mut spare = working - minimum;
    let sets: Vec<Arc<Object>> = rollout.old.clone();
    for set in sets {
        let count = replicas(&set).min(spare);
        if count > 0 {
            spare -= count;
            rollout.scale(world, &set, replicas(&set) - count)?;
        }
    }
    Ok(())
}
