//! What an operation sends to the cluster next.

use super::{Context, Group, Operation, Task, TaskKind, TaskState};
use crate::compare::{LiveFacts, Match, World};
use crate::object::Permission;
use crate::spec::Propagation;
use crate::step::{ApplyItem, Effect};
use std::collections::BTreeMap;

impl Operation {
    /// Sends what comes next in a group: the namespace, what is to be pruned, then objects of one
    /// kind at a time. Returns true if something was sent.
    pub(super) fn send_next(
        &mut self,
        group: Group,
        ctx: &Context<'_>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        self.send_namespace(group, ctx, effects)
            || self.send_prunes(group, ctx, effects)
            || self.send_clearings(group, ctx, effects)
            || self.send_applies(group, ctx, effects)
    }

    fn send_namespace(
        &mut self,
        group: Group,
        ctx: &Context<'_>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let dry_run = self.request.dry_run;
        let task = waiting(&mut self.tasks, group).find(|t| t.kind == TaskKind::CreateNamespace);
        let Some(task) = task else { return false };
        effects.push(Effect::CreateNamespace {
            name: task.key.name.to_string(),
            metadata: ctx.spec.namespace_metadata.clone(),
            dry_run,
        });
        task.state = TaskState::Sent;
        true
    }

    fn send_prunes(&mut self, group: Group, ctx: &Context<'_>, effects: &mut Vec<Effect>) -> bool {
        let (prune, dry_run) = (self.request.prune, self.request.dry_run);
        let options = self.request.options.clone();
        let mut sent = false;
        let prunes = waiting(&mut self.tasks, group).filter(|t| t.kind == TaskKind::Prune);
        for task in prunes {
            let live = ctx.world.live(&task.key);
            let permission = live.as_ref().and_then(|f| f.directives.prune);
            if !prune {
                task.state = TaskState::Skipped;
                task.message = "ignored (requires pruning)".to_owned();
            } else if permission.or(options.prune) == Some(Permission::No) {
                task.state = TaskState::Skipped;
                task.message = "ignored (no prune)".to_owned();
            } else if live.is_none_or(|f| f.deleting) && !dry_run {
                // It goes already.
                task.state = TaskState::Done;
                task.message = "pruned".to_owned();
            } else {
                effects.push(Effect::Delete {
                    key: task.key.clone(),
                    propagation: options.propagation,
                    dry_run,
                });
                task.state = TaskState::Sent;
                sent = true;
            }
        }
        sent
    }

    /// Deletes the predecessors of hooks; nothing of the group is applied before they are gone.
    fn send_clearings(
        &mut self,
        group: Group,
        ctx: &Context<'_>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        if self.request.dry_run {
            return false;
        }
        let mut sent = false;
        for task in self.tasks.iter_mut().filter(|t| t.is_in(group) && t.hook) {
            if task.state != TaskState::Waiting {
                continue;
            }
            let Some(live) = ctx.world.live(&task.key) else {
                continue;
            };
            // What a hook's manifest says now counts, not what it said when it was created.
            let TaskKind::Apply(i) = task.kind else {
                continue;
            };
            let desired = self.target.as_ref().map(|t| &t.objects[i].directives);
            if !desired.is_some_and(crate::Directives::clears_before_creation) && !live.deleting {
                continue;
            }
            task.state = TaskState::Clearing;
            delete_hook(task, &live, self.request.options.propagation, effects);
            sent = true;
        }
        sent
    }

    fn send_applies(&mut self, group: Group, ctx: &Context<'_>, effects: &mut Vec<Effect>) -> bool {
        let Some(target) = self.target.clone() else {
            return false;
        };
        let run = self.run();
        let request = self.request.clone();
        let mut items = Vec::new();
        let mut run_kind: Option<Box<str>> = None;
        for task in waiting(&mut self.tasks, group) {
            let TaskKind::Apply(index) = task.kind else {
                continue;
            };
            if run_kind.as_deref().is_some_and(|k| k != &*task.key.kind) {
                break;
            }
            let desired = &target.objects[index];
            let may_come = desired.directives.kind_may_come || request.options.kinds_may_come;
            if ctx.world.facts(desired).matches == Match::KindUnknown && may_come {
                task.fail(no_kind(desired));
                continue;
            }
            run_kind = Some(task.key.kind.clone());
            let live = ctx.world.live(&task.key);
            let live = live.as_ref().map(|f| &f.directives);
            let own = &desired.directives;
            let replace = own.replace.or(live.and_then(|d| d.replace));
            let force = own.force.or(live.and_then(|d| d.force));
            items.push(ApplyItem {
                index,
                key: task.key.clone(),
                replace: replace.unwrap_or(request.options.replace),
                force: force.unwrap_or(request.force),
                respect_ignored: request.options.respect_ignored,
                hook_run: task.hook.then(|| run.clone()),
            });
            task.state = TaskState::Sent;
        }
        if items.is_empty() {
            return false;
        }
        effects.push(Effect::Apply {
            target,
            items,
            dry_run: request.dry_run,
        });
        true
    }

    /// Fails the operation before anything is applied if the cluster has no such kind, unless the
    /// same operation brings its definition or the kind may come by itself.
    pub(super) fn refuse_invalid(&mut self, world: &dyn World) -> Option<super::End> {
        let is_new = |t: &Task| matches!(t.state, TaskState::Waiting | TaskState::Skipped);
        if !self.tasks.iter().all(is_new) {
            return None;
        }
        let target = self.target.clone()?;
        let brought: Vec<(&str, &str)> = target.objects.iter().filter_map(defined_kind).collect();
        // Each with the place of the first object that it is about.
        let mut causes: BTreeMap<String, String> = BTreeMap::new();
        for task in &mut self.tasks {
            if let TaskKind::Apply(i) = task.kind {
                let desired = &target.objects[i];
                if world.facts(desired).matches == Match::KindUnknown {
                    let may_come = desired.directives.kind_may_come
                        || self.request.options.kinds_may_come
                        || brought.contains(&(&*task.key.group, &*task.key.kind));
                    if !may_come {
                        let (cause, message) = unknown_kind(task, desired, world);
                        let place = format!(" ({}:{})", desired.file, desired.line);
                        causes.entry(cause).or_insert(place);
                        task.fail(message);
                        task.invalid = true;
                    }
                    continue;
                }
            }
            let forbidden = world.forbids_kind(&task.key);
            if let Some(why) = forbidden.or_else(|| world.forbids_place(&task.key)) {
                causes.entry(why.clone()).or_default();
                task.fail(why);
                task.invalid = true;
            }
        }
        let causes = causes.into_iter().map(|(cause, place)| cause + &place);
        let causes: Vec<String> = causes.collect();
        (!causes.is_empty()).then(|| {
            super::End::failed(format!(
                "one or more synchronization tasks are not valid: {}",
                causes.join("; ")
            ))
        })
    }
}

fn waiting(tasks: &mut [Task], group: Group) -> impl Iterator<Item = &mut Task> {
    let is_next = move |t: &&mut Task| t.is_in(group) && t.state == TaskState::Waiting;
    tasks.iter_mut().filter(is_next)
}

/// Deletes a hook, which its finalizer would otherwise keep.
pub(super) fn delete_hook(
    task: &Task,
    live: &LiveFacts,
    propagation: Propagation,
    effects: &mut Vec<Effect>,
) {
    if live.directives.is_held {
        let key = task.key.clone();
        effects.push(Effect::LetGo { key });
    }
    if !live.deleting {
        effects.push(Effect::Delete {
            key: task.key.clone(),
            propagation,
            dry_run: false,
        });
    }
}

/// Returns group and kind that a definition brings.
fn defined_kind(desired: &crate::Desired) -> Option<(&str, &str)> {
    let is_definition = &*desired.key.kind == "CustomResourceDefinition";
    let at = |path: &[&'static str]| desired.value.str_at(path);
    is_definition.then(|| (at(&["spec", "group"]), at(&["spec", "names", "kind"])))
}

/// Returns what `kubectl` says of a kind that the server doesn't have.
fn no_kind(desired: &crate::Desired) -> String {
    format!(
        "resource mapping not found for name: {:?} namespace: {:?} from \"{}:{}\": no matches for \
         kind {:?} in version {:?}\nensure CRDs are installed first",
        desired.key.name,
        desired.key.namespace,
        desired.file,
        desired.line,
        desired.key.kind,
        desired.api_version,
    )
}

/// Returns the cause, for the operation, and the sentence about the object.
fn unknown_kind(task: &Task, desired: &crate::Desired, world: &dyn World) -> (String, String) {
    let key = &task.key;
    let place = format!("({}:{})", desired.file, desired.line);
    if world.has_group_version(&desired.api_version) {
        let cause = match &*key.group {
            "" => format!("{} \"\" not found", key.kind),
            group => format!("{}.{group} \"\" not found", key.kind),
        };
        let message = format!("{cause} {place}");
        return (cause, message);
    }
    let cause = format!(
        "failed to discover server resources for group version {}: the server could not find the \
         requested resource",
        desired.api_version
    );
    let wanted = format!("requested resource {}/{}", key.namespace, key.name);
    let message = match world.served_version(&key.group, &key.kind) {
        None => format!(
            "The Kubernetes API could not find {}/{} for {wanted}. Make sure the {:?} CRD is \
             installed on the destination cluster. {place}",
            key.group, key.kind, key.kind
        ),
        Some(version) => format!(
            "The Kubernetes API could not find version {:?} of {}/{} for {wanted}. Version \
             {version:?} of {}/{} is installed on the destination cluster. {place}",
            desired.version(),
            key.group,
            key.kind,
            key.group,
            key.kind
        ),
    };
    (cause, message)
}
