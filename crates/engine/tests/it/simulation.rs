//! The core through random histories with faults: crashes at any deed, an API server that goes away,
//! lost news, rewritten branches, a clock that jumps.
//!
//! `SEEDS=n` plays another number of them, `SEED=n` just one. What holds after every step:
//! nothing that isn't tracked is touched; no hook runs twice in one attempt; a held revision is not
//! deployed. What holds once faults stop: the cluster becomes what Git wants.

use crate::harness::{Live, Manifest, Play, key, map};
use engine::{Event, Hold, ObjectKey};
use health::HealthStatus;
use jiff::SignedDuration;
use std::collections::BTreeSet;
use value::json;

const HOOK: &str = "argocd.argoproj.io/hook";
const POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
const WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Enough to find what is wrong soon; a nightly run plays more.
const SEEDS: u64 = 200;
const STEPS: u64 = 40;

/// Random numbers that are the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).expect("a small number")]
    }
}

struct History {
    dice: Dice,
    play: Play,
    commits: Vec<String>,
    seed: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let policy = json!({
            "automated": {"prune": true, "selfHeal": true, "allowEmpty": true},
            "retry": {"limit": dice.below(3), "backoff": {"duration": "3s"}},
        });
        let mut play = Play::new(policy);
        play.config.wave_delay = SignedDuration::from_secs(i64::from(dice.one_in(2)) * 2);
        for text in ["slow", "job"] {
            play.cluster
                .health
                .insert(text.into(), HealthStatus::Progressing);
        }
        play.cluster
            .health
            .insert("sick".into(), HealthStatus::Degraded);
        play.cluster.refused.insert("bad".into(), "refused".into());
        let foreign = Live {
            tracked: false,
            ..Live::new("theirs")
        };
        play.cluster.objects.insert(key("foreign"), foreign);
        Self {
            dice,
            play,
            commits: Vec::new(),
            seed,
        }
    }

    fn manifests(&mut self, is_good: bool) -> Vec<Manifest> {
        let dice = &mut self.dice;
        let texts: &[&str] = if is_good {
            &["1", "2", "3"]
        } else {
            &["1", "2", "3", "bad"]
        };
        let mut manifests = Vec::new();
        for name in ["a", "b", "c", "d"] {
            if dice.one_in(4) {
                continue;
            }
            let wave = dice.pick(&["-1", "0", "1", "2"]);
            manifests.push(map(name, dice.pick(texts)).with(WAVE, wave));
        }
        let web: &[&str] = if is_good {
            &["1", "2"]
        } else {
            &["1", "2", "slow", "sick", "bad"]
        };
        if !dice.one_in(3) {
            let wave = dice.pick(&["0", "1"]);
            manifests.push(
                map("web", dice.pick(web))
                    .kind("Deployment")
                    .with(WAVE, wave),
            );
        }
        for (name, phase) in [
            ("migrate", "PreSync"),
            ("smoke", "PostSync"),
            ("alarm", "SyncFail"),
        ] {
            if dice.one_in(2) {
                let policy = dice.pick(&["HookSucceeded", "BeforeHookCreation", "HookFailed"]);
                let job = map(name, "job").kind("Job").with(HOOK, phase);
                manifests.push(job.with(POLICY, policy));
            }
        }
        manifests
    }

    fn commit(&mut self, is_good: bool) {
        let revision = format!("r{}", self.commits.len());
        let manifests = self.manifests(is_good);
        self.commits.push(revision.clone());
        self.play.git.insert(revision.clone(), manifests);
        self.play.head = revision;
    }

    /// Lets one thing happen.
    fn act(&mut self) {
        match self.dice.below(19) {
            16 => self.ask_for_a_sync(),
            17 => self.say_something(),
            0 | 1 => self.commit(false),
            2 if !self.commits.is_empty() => {
                // The branch is rewritten to a commit of before.
                let back = usize::try_from(self.dice.below(self.commits.len() as u64));
                self.play.head = self.commits[back.expect("a small number")].clone();
            }
            3 | 4 => self.play.refresh(),
            5 => self.tamper(),
            6 | 7 => self.finish_jobs(),
            8 => {
                let at =
                    self.play.effects + 1 + usize::try_from(self.dice.below(12)).expect("small");
                self.play.crashes.push(at);
            }
            9 => self.play.cluster.is_down = true,
            10 => self.play.revive(),
            11 => {
                self.play.restart();
                self.play.run(Event::Look);
            }
            // The clock is set back, or far ahead.
            12 if self.dice.one_in(3) => self.play.now -= SignedDuration::from_secs(40),
            12 => self.play.pass(SignedDuration::from_hours(1)),
            13 => self.play.run(Event::Look),
            _ => {
                let seconds = self.dice.pick(&[1, 3, 10, 60, 400]);
                self.play.pass(SignedDuration::from_secs(seconds));
            }
        }
    }

    /// A person asks for a sync, or for the end of one.
    fn ask_for_a_sync(&mut self) {
        if self.play.is_dead {
            return;
        }
        if self.dice.one_in(3) {
            if self.play.status("/operationState/phase") == "Running" {
                self.play
                    .edit(&["status", "operationState", "phase"], "Terminating");
            }
            return;
        }
        let sync = match self.dice.below(4) {
            0 => json!({"dryRun": true}),
            1 => json!({"resources": [{"kind": "ConfigMap", "name": "a"}]}),
            2 => {
                json!({"prune": true, "syncOptions": ["ApplyOutOfSyncOnly=true", "PruneLast=true"]})
            }
            _ => json!({"syncStrategy": {"apply": {}}}),
        };
        let by = json!({"username": "alice"});
        self.play
            .edit(&["operation"], json!({"initiatedBy": by, "sync": sync}));
    }

    /// A person pauses, resumes, holds or lets go; a window closes or opens.
    fn say_something(&mut self) {
        if self.play.is_dead {
            return;
        }
        let paused = ["metadata", "annotations", "windlass.dev/paused"];
        let holds = ["metadata", "annotations", "windlass.dev/holds"];
        match self.dice.below(4) {
            0 => self.play.edit(&paused, "somebody looks into it"),
            1 => self.play.edit(&paused, ""),
            2 => {
                let hold = Hold {
                    revision: self.play.head.clone(),
                    back_to: String::new(),
                    message: "no".into(),
                    by: "alice".into(),
                    since: None,
                };
                let mut list = Hold::parse_list(self.play.application.str_at(&holds));
                list.push(hold);
                self.play.edit(&holds, Hold::format_list(&list));
            }
            _ => {
                let minutes = i64::try_from(self.dice.below(30)).expect("a small number");
                let until = self.play.now + SignedDuration::from_mins(minutes);
                self.play.cluster.project.closed_until = Some(until);
                self.play.run(Event::Look);
            }
        }
    }

    fn tamper(&mut self) {
        let keys: Vec<ObjectKey> = self.play.cluster.objects.keys().cloned().collect();
        let tracked = |k: &&ObjectKey| self.play.cluster.objects[*k].tracked;
        let keys: Vec<&ObjectKey> = keys.iter().filter(tracked).collect();
        if keys.is_empty() {
            return;
        }
        let key = self.dice.pick(&keys).clone();
        // A hook that somebody deletes before anyone could be told of it is one that never was.
        if self.dice.one_in(2) && &*key.kind != "Job" {
            self.play.cluster.objects.remove(&key);
        } else if let Some(live) = self.play.cluster.objects.get_mut(&key) {
            live.text = "changed".into();
        }
        // News of it may be lost.
        if self.dice.one_in(2) {
            self.play.run(Event::Look);
        }
    }

    fn finish_jobs(&mut self) {
        let jobs = self.play.cluster.objects.iter_mut();
        for (_, job) in jobs.filter(|(k, _)| &*k.kind == "Job") {
            job.health = Some(match self.dice.one_in(4) {
                true => HealthStatus::Degraded,
                false => HealthStatus::Healthy,
            });
        }
        self.play.run(Event::Look);
    }

    fn check(&self) {
        let seed = self.seed;
        let foreign = &self.play.cluster.objects[&key("foreign")];
        assert_eq!(
            (foreign.text.as_str(), foreign.deleting),
            ("theirs", false),
            "seed {seed}"
        );
        let runs = &self.play.hook_runs;
        let once: BTreeSet<&(String, String)> = runs.iter().collect();
        assert_eq!(
            once.len(),
            runs.len(),
            "seed {seed}: a hook ran twice: {runs:?}"
        );
    }

    /// Returns the revisions that were held already when the last step began.
    fn held(&self) -> Vec<String> {
        let path = ["metadata", "annotations", "windlass.dev/holds"];
        let holds = Hold::parse_list(self.play.application.str_at(&path));
        holds.into_iter().map(|h| h.revision).collect()
    }

    /// Lets faults stop and everything come to rest.
    fn settle(&mut self) {
        self.play.crashes.clear();
        self.play.revive();
        self.play
            .edit(&["metadata", "annotations", "windlass.dev/paused"], "");
        self.commit(true);
        self.play.refresh();
        for _ in 0..60 {
            for live in self.play.cluster.objects.values_mut() {
                if live.health.is_some() {
                    live.health = Some(HealthStatus::Healthy);
                }
            }
            self.play.pass(SignedDuration::from_secs(60));
        }
    }

    fn check_converged(&self) {
        let (seed, play) = (self.seed, &self.play);
        let status = play.status("");
        assert_eq!(
            play.status("/sync/status"),
            "Synced",
            "seed {seed}: {status}"
        );
        assert_eq!(
            play.status("/sync/revision"),
            play.head,
            "seed {seed}: {status}"
        );
        assert_ne!(
            play.status("/operationState/phase"),
            "Running",
            "seed {seed}: {status}"
        );
        let wanted = &play.git[&play.head];
        for manifest in wanted.iter().filter(|m| m.kind != "Job") {
            let object = ObjectKey::new("", manifest.kind, "ns", manifest.name);
            let live = play.cluster.objects.get(&object);
            let text = live.map(|l| l.text.as_str());
            assert_eq!(text, Some(manifest.text), "seed {seed}: {object}");
        }
        for (object, live) in &play.cluster.objects {
            let is_wanted = wanted.iter().any(|m| *m.name == *object.name);
            let may_stay = is_wanted || !live.tracked || &*object.kind == "Job";
            assert!(may_stay, "seed {seed}: {object} was not pruned");
            assert!(!live.held, "seed {seed}: {object} keeps its finalizer");
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_the_cluster_becomes_what_git_wants() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let mut history = History::new(seed);
        history.commit(true);
        history.play.refresh();
        for _ in 0..STEPS {
            let held = history.held();
            let goes_on = history.play.status("/operationState/syncResult/revision");
            let before = history.play.revisions.len();
            history.act();
            history.check();
            let deployed = &history.play.revisions[before..];
            // What is held is not deployed, but for what goes on from before.
            let is_bad = |r: &&String| held.contains(r) && **r != goes_on;
            let bad: Vec<&String> = deployed.iter().filter(is_bad).collect();
            assert!(bad.is_empty(), "seed {seed}: held, and deployed: {bad:?}");
        }
        history.settle();
        history.check();
        history.check_converged();
    }
}
