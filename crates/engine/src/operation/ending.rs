//! How an operation ended, and what became of each object.

use super::{End, Operation, OperationPhase, ResourceResult, Task, TaskKind, TaskState};
use crate::object::{DeletePolicy, images};
use crate::spec::Propagation;
use crate::step::Effect;
use std::collections::BTreeSet;

impl Operation {
    pub(super) fn reasons(&self) -> String {
        let reasons: BTreeSet<&str> = self
            .tasks
            .iter()
            .filter(|t| t.state == TaskState::Failed && !t.message.is_empty())
            .map(|t| t.message.as_str())
            .collect();
        reasons.into_iter().collect::<Vec<_>>().join(",")
    }

    pub(super) fn failure_message(&self) -> String {
        let acted = |t: &&Task| !matches!(t.state, TaskState::Waiting | TaskState::Skipped);
        let all_failed = self
            .tasks
            .iter()
            .filter(acted)
            .all(|t| t.state == TaskState::Failed);
        let what = if all_failed {
            "one or more objects failed to apply"
        } else {
            "one or more synchronization tasks completed unsuccessfully"
        };
        match self.reasons() {
            reasons if reasons.is_empty() => what.to_owned(),
            reasons => format!("{what}, reason: {reasons}"),
        }
    }

    /// Deletes hooks that asked for it and says how it ended.
    pub(super) fn finish(&self, effects: &mut Vec<Effect>) -> End {
        let failed = self.failing.is_some();
        for task in self.tasks.iter().filter(|t| t.hook) {
            let TaskKind::Apply(i) = task.kind else {
                continue;
            };
            let Some(target) = &self.target else { continue };
            let policies = &target.objects[i].directives.delete_policies;
            let delete = match task.state {
                TaskState::Done => policies.contains(&DeletePolicy::HookSucceeded) && !failed,
                TaskState::Failed => policies.contains(&DeletePolicy::HookFailed),
                _ => false,
            };
            if delete {
                effects.push(Effect::Delete {
                    key: task.key.clone(),
                    propagation: Propagation::Background,
                    dry_run: false,
                });
            }
        }
        match &self.failing {
            Some(message) => End {
                phase: OperationPhase::Failed,
                message: message.clone(),
            },
            None => {
                let ends_in_hook = self.tasks.last().is_some_and(|t| t.hook);
                let how = if ends_in_hook || self.request.dry_run {
                    "no more tasks"
                } else {
                    "all tasks run"
                };
                let message = format!("successfully synced ({how})");
                End {
                    phase: OperationPhase::Succeeded,
                    message,
                }
            }
        }
    }

    /// Returns what became of each object so far, in order.
    #[must_use]
    pub fn results(&self) -> Vec<ResourceResult> {
        let mut results: Vec<ResourceResult> = self
            .tasks
            .iter()
            .filter(|t| {
                !matches!(
                    t.state,
                    TaskState::Waiting | TaskState::Clearing | TaskState::Sent
                )
            })
            .map(|t| ResourceResult {
                key: t.key.clone(),
                version: t.version.clone(),
                status: match (&t.kind, t.state) {
                    (_, TaskState::Failed) => "SyncFailed",
                    (_, TaskState::Skipped) => "PruneSkipped",
                    (TaskKind::Prune, _) => "Pruned",
                    _ => "Synced",
                },
                message: t.message.clone(),
                hook_phase: match t.state {
                    TaskState::Failed => "Failed",
                    // Looked at once more, unless nothing was left to look at.
                    TaskState::Applied if self.failing.is_none() && !self.request.dry_run => {
                        "Running"
                    }
                    _ => "Succeeded",
                },
                hook_type: if t.hook { t.phase.as_str() } else { "" },
                sync_phase: t.phase.as_str(),
                images: match (&t.kind, &self.target) {
                    (TaskKind::Apply(i), Some(target)) => images(&target.objects[*i].value),
                    _ => Vec::new(),
                },
            })
            .collect();
        let phase = |r: &ResourceResult| match r.sync_phase {
            "PreSync" => 0,
            "Sync" => 1,
            "PostSync" => 2,
            _ => 3,
        };
        results.sort_by(|a, b| {
            (phase(a), &a.key.kind, &a.key.name).cmp(&(phase(b), &b.key.kind, &b.key.name))
        });
        results
    }
}
