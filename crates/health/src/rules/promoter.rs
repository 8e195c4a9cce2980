//! GitOps Promoter. Its kinds share a shape: being deleted, not looked at yet, `Ready`, and then
//! what each is about.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing};
use crate::rule::{Clause, at, conditions, list, number, shown, text};
use value::Value;

const GROUP: &str = "promoter.argoproj.io";

pub(super) const ROWS: &[Row] = &[
    row(
        GROUP,
        "ArgoCDCommitStatus",
        &[Clause::Own(|o| judge(o, &ARGO_CD_COMMIT_STATUS))],
    ),
    row(
        GROUP,
        "ChangeTransferPolicy",
        &[Clause::Own(|o| judge(o, &CHANGE_TRANSFER_POLICY))],
    ),
    row(
        GROUP,
        "ClusterScmProvider",
        &[Clause::Own(|o| judge(o, &CLUSTER_SCM_PROVIDER))],
    ),
    row(
        GROUP,
        "CommitStatus",
        &[Clause::Own(|o| judge(o, &COMMIT_STATUS))],
    ),
    row(
        GROUP,
        "GitCommitStatus",
        &[Clause::Own(|o| judge(o, &GIT_COMMIT_STATUS))],
    ),
    row(
        GROUP,
        "GitRepository",
        &[Clause::Own(|o| judge(o, &GIT_REPOSITORY))],
    ),
    row(
        GROUP,
        "PromotionStrategy",
        &[Clause::Own(|o| judge(o, &PROMOTION_STRATEGY))],
    ),
    row(
        GROUP,
        "PullRequest",
        &[Clause::Own(|o| judge(o, &PULL_REQUEST))],
    ),
    row(
        GROUP,
        "ScmProvider",
        &[Clause::Own(|o| judge(o, &SCM_PROVIDER))],
    ),
    row(
        GROUP,
        "TimedCommitStatus",
        &[Clause::Own(|o| judge(o, &TIMED_COMMIT_STATUS))],
    ),
    row(
        GROUP,
        "WebRequestCommitStatus",
        &[Clause::Own(|o| judge(o, &WEB_REQUEST_COMMIT_STATUS))],
    ),
];

/// What the rules of the kinds differ in.
struct Shape {
    /// What is said before there is a status.
    initializing: &'static str,
    /// What the object is called while it is deleted and while its spec is looked at.
    deleted: &'static str,
    observed: &'static str,
    /// The conditions that count.
    ready: &'static [&'static str],
    /// What is said if there is none of them.
    not_ready: &'static str,
    /// What failed by a reconciliation error, or for another reason.
    error: &'static str,
    failed: &'static str,
    /// What is unknown; kinds without one take an unknown condition for a good one.
    unknown: Option<&'static str>,
    finalizers: &'static [Finalizer],
    then: fn(&Value) -> Health,
}

/// A finalizer that an object may wait for, and what happens to who takes it away.
struct Finalizer {
    name: &'static str,
    wait: &'static str,
    risk: &'static str,
}

const READY: &[&str] = &["Ready"];

const ARGO_CD_COMMIT_STATUS: Shape = Shape {
    initializing: "Initializing Argo CD commit status",
    deleted: "Argo CD commit status is being deleted",
    observed: "Argo CD commit status",
    ready: READY,
    not_ready: "Argo CD commit status is not ready yet",
    error: "Argo CD commit status reconciliation failed",
    failed: "Argo CD commit status reconciliation failed",
    unknown: None,
    finalizers: &[],
    then: |object| match list(object, "status.applicationsSelected").len() {
        0 => Health::new(
            Degraded,
            "Argo CD commit status has no applications configured",
        ),
        n => {
            let message =
                format!("Argo CD commit status is healthy and is tracking {n} applications");
            Health::new(Healthy, message)
        }
    },
};

const CHANGE_TRANSFER_POLICY: Shape = Shape {
    initializing: "Initializing change transfer policy",
    deleted: "Change transfer policy is being deleted.",
    observed: "change transfer policy",
    not_ready: "Change transfer policy is not ready yet",
    error: "Change transfer policy reconciliation failed",
    failed: "Change transfer policy reconciliation failed",
    finalizers: &[Finalizer {
        name: "changetransferpolicy.promoter.argoproj.io/finalizer",
        wait: "Waiting to clear related PullRequest finalizers and finish cleanup before this policy is removed.",
        risk: "The 'changetransferpolicy.promoter.argoproj.io/pullrequest-finalizer' finalizer may not be cleaned up from PullRequests owned by this ChangeTransferPolicy.",
    }],
    then: change_transfer_policy,
    ..ARGO_CD_COMMIT_STATUS
};

const CLUSTER_SCM_PROVIDER: Shape = Shape {
    initializing: "Initializing cluster SCM provider",
    deleted: "ClusterScmProvider is being deleted.",
    observed: "ClusterScmProvider",
    not_ready: "ClusterScmProvider Ready condition is missing",
    error: "Cluster SCM provider validation failed",
    failed: "Cluster SCM provider not ready",
    unknown: Some("Cluster SCM provider readiness unknown"),
    finalizers: &[Finalizer {
        name: "clusterscmprovider.promoter.argoproj.io/finalizer",
        wait: "Waiting until no GitRepository still references this cluster-wide SCM provider.",
        risk: "GitRepository objects can reference a provider that no longer exists.",
    }],
    then: |_| Health::new(Healthy, "Cluster SCM provider is ready"),
    ..ARGO_CD_COMMIT_STATUS
};

const COMMIT_STATUS: Shape = Shape {
    initializing: "Initializing commit status",
    deleted: "Commit status is being deleted",
    observed: "commit status",
    not_ready: "Commit status is not ready yet",
    error: "Commit status reconciliation failed",
    failed: "Commit status reconciliation failed",
    then: |object| match (at(object, "status.sha"), at(object, "status.phase")) {
        (Some(sha), Some(phase)) => {
            let (sha, phase) = (shown(sha), shown(phase));
            Health::new(
                Healthy,
                format!("Commit status for commit {sha} reports {phase}"),
            )
        }
        _ => Health::new(Healthy, "Commit status is healthy"),
    },
    ..ARGO_CD_COMMIT_STATUS
};

const GIT_COMMIT_STATUS: Shape = Shape {
    initializing: "Initializing git commit validation",
    deleted: "GitCommitStatus is being deleted",
    observed: "GitCommitStatus",
    not_ready: "GitCommitStatus Ready condition is missing",
    error: "Git commit validation failed",
    failed: "Git commit validation not ready",
    unknown: Some("Git commit validation status unknown"),
    then: |object| {
        branches(
            object,
            "Git commit validation",
            "Git commit validation reconciled",
            "passed",
        )
    },
    ..ARGO_CD_COMMIT_STATUS
};

const GIT_REPOSITORY: Shape = Shape {
    initializing: "Initializing Git repository",
    deleted: "GitRepository is being deleted.",
    observed: "GitRepository",
    not_ready: "GitRepository Ready condition is missing",
    error: "Git repository validation failed",
    failed: "Git repository not ready",
    unknown: Some("Git repository readiness unknown"),
    finalizers: &[Finalizer {
        name: "gitrepository.promoter.argoproj.io/finalizer",
        wait: "Waiting until no non-deleting PullRequests still reference this repository.",
        risk: "repository metadata may be removed while promotions still depend on it.",
    }],
    then: |_| Health::new(Healthy, "Git repository is ready"),
    ..ARGO_CD_COMMIT_STATUS
};

const PROMOTION_STRATEGY: Shape = Shape {
    initializing: "Initializing promotion strategy",
    deleted: "Promotion strategy is being deleted",
    observed: "promotion strategy",
    not_ready: "Promotion strategy is not ready yet",
    error: "Promotion strategy reconciliation failed",
    failed: "Promotion strategy reconciliation failed",
    then: promotion_strategy,
    ..ARGO_CD_COMMIT_STATUS
};

const PULL_REQUEST: Shape = Shape {
    initializing: "Initializing pull request",
    deleted: "Pull request is being deleted.",
    observed: "pull request",
    ready: &["Ready", "Reconciled"],
    not_ready: "Pull request is not ready yet",
    error: "Pull request reconciliation failed",
    failed: "Pull request reconciliation failed",
    finalizers: &[
        Finalizer {
            name: "pullrequest.promoter.argoproj.io/finalizer",
            wait: "Waiting for SCM closure or reconciliation of the pull request.",
            risk: "the real PR can stay open after the CR is gone.",
        },
        Finalizer {
            name: "changetransferpolicy.promoter.argoproj.io/pullrequest-finalizer",
            wait: "Waiting for the ChangeTransferPolicy to observe PR identity and state.",
            risk: "promotion status or history can be wrong or racy.",
        },
    ],
    then: |object| match (at(object, "status.id"), at(object, "status.state")) {
        (Some(id), Some(state)) => {
            let message = format!("Pull request is {} as PR {}", shown(state), shown(id));
            Health::new(Healthy, message)
        }
        _ => Health::new(Healthy, "Pull request is healthy"),
    },
    ..ARGO_CD_COMMIT_STATUS
};

const SCM_PROVIDER: Shape = Shape {
    initializing: "Initializing SCM provider",
    deleted: "ScmProvider is being deleted.",
    observed: "ScmProvider",
    not_ready: "ScmProvider Ready condition is missing",
    error: "SCM provider validation failed",
    failed: "SCM provider not ready",
    unknown: Some("SCM provider readiness unknown"),
    finalizers: &[Finalizer {
        name: "scmprovider.promoter.argoproj.io/finalizer",
        wait: "Waiting until no GitRepository in this namespace still references this provider.",
        risk: "GitRepository objects can reference a provider that no longer exists.",
    }],
    then: |_| Health::new(Healthy, "SCM provider is ready"),
    ..ARGO_CD_COMMIT_STATUS
};

const TIMED_COMMIT_STATUS: Shape = Shape {
    initializing: "Initializing timed commit gate",
    deleted: "TimedCommitStatus is being deleted",
    observed: "TimedCommitStatus",
    not_ready: "TimedCommitStatus Ready condition is missing",
    error: "Timed commit gate failed",
    failed: "Timed commit gate not ready",
    unknown: Some("Timed commit gate status unknown"),
    then: |object| {
        branches(
            object,
            "Timed commit gate",
            "Timed commit gate reconciled",
            "satisfied",
        )
    },
    ..ARGO_CD_COMMIT_STATUS
};

const WEB_REQUEST_COMMIT_STATUS: Shape = Shape {
    initializing: "Initializing web request commit validation",
    deleted: "WebRequestCommitStatus is being deleted",
    observed: "WebRequestCommitStatus",
    not_ready: "WebRequestCommitStatus Ready condition is missing",
    error: "Web request commit validation failed",
    failed: "Web request commit validation not ready",
    unknown: Some("Web request commit validation unknown"),
    then: |object| {
        let none = "Web request commit validation reconciled";
        branches(object, "Web request validation", none, "passed")
    },
    ..ARGO_CD_COMMIT_STATUS
};

fn judge(object: &Value, shape: &Shape) -> Option<Health> {
    if at(object, "metadata.deletionTimestamp").is_some() {
        return Some(Health::new(Progressing, deletion(object, shape)));
    }
    if at(object, "status").is_none() {
        return Some(Health::new(Progressing, shape.initializing));
    }
    let ready: Vec<&Value> = conditions(object)
        .iter()
        .filter(|c| shape.ready.contains(&c.str_at(&["type"])))
        .collect();
    let not_good = ready
        .iter()
        .find_map(|ready| not_good(object, ready, shape));
    Some(match not_good {
        Some(health) => health,
        None if ready.is_empty() => Health::new(Progressing, shape.not_ready),
        None => (shape.then)(object),
    })
}

fn deletion(object: &Value, shape: &Shape) -> String {
    let mut message = shape.deleted.to_owned();
    for name in list(object, "metadata.finalizers")
        .iter()
        .filter_map(Value::as_str)
    {
        if let Some(finalizer) = shape.finalizers.iter().find(|f| f.name == name) {
            let Finalizer { wait, risk, .. } = finalizer;
            message += &format!(" {name}: {wait} Risk if removed manually: {risk}");
        }
    }
    message
}

fn not_good(object: &Value, ready: &Value, shape: &Shape) -> Option<Health> {
    let (seen, present) = (
        number(ready, "observedGeneration"),
        number(object, "metadata.generation"),
    );
    if seen.is_some() && present.is_some() && seen != present {
        let message = format!("Waiting for {} spec update to be observed", shape.observed);
        return Some(Health::new(Progressing, message));
    }
    let reason = text(ready, "reason").unwrap_or("Unknown");
    let message = |or: &'static str| text(ready, "message").unwrap_or(or);
    match ready.str_at(&["status"]) {
        "False" if reason == "ReconciliationError" => {
            let message = format!("{}: {}", shape.error, message("Unknown error"));
            Some(Health::new(Degraded, message))
        }
        "False" => {
            let message = format!("{} ({reason}): {}", shape.failed, message("Unknown error"));
            Some(Health::new(Degraded, message))
        }
        "Unknown" => shape.unknown.map(|unknown| {
            let message = format!("{unknown} ({reason}): {}", message("Unknown"));
            Health::new(Progressing, message)
        }),
        _ => None,
    }
}

/// The worst branch counts.
fn branches(object: &Value, what: &str, none: &str, passed: &str) -> Health {
    let environments = list(object, "status.environments");
    if environments.is_empty() {
        return Health::new(Healthy, none);
    }
    let (mut failed, mut pending, mut successful) = (Vec::new(), Vec::new(), 0);
    for environment in environments {
        let branch = text(environment, "branch").unwrap_or("?");
        match text(environment, "phase") {
            Some("failure") => failed.push(branch),
            Some("success") => successful += 1,
            _ => pending.push(branch),
        }
    }
    if !failed.is_empty() {
        let message = format!("{what} failed for branch(es): {}", failed.join(", "));
        return Health::new(Degraded, message);
    }
    if !pending.is_empty() {
        let message = format!("{what} pending for branch(es): {}", pending.join(", "));
        return Health::new(Progressing, message);
    }
    Health::new(
        Healthy,
        format!("{what} {passed} for {successful} environment(s)"),
    )
}

/// Commit statuses by what they say.
#[derive(Default)]
struct Tally<'a> {
    pending: Vec<&'a str>,
    failed: Vec<&'a str>,
    successful: usize,
}

impl<'a> Tally<'a> {
    fn of(object: &'a Value, path: &str) -> Self {
        let mut tally = Self::default();
        for status in list(object, path) {
            let key = text(status, "key").unwrap_or_default();
            match status.str_at(&["phase"]) {
                "pending" => tally.pending.push(key),
                "failure" => tally.failed.push(key),
                "success" => tally.successful += 1,
                _ => {}
            }
        }
        tally
    }

    fn is_good(&self) -> bool {
        self.pending.is_empty() && self.failed.is_empty()
    }

    fn sentences(&self) -> String {
        let mut sentences = format!(
            "{} pending, {} successful, {} failed. ",
            self.pending.len(),
            self.successful,
            self.failed.len()
        );
        for (what, keys) in [("Pending", &self.pending), ("Failed", &self.failed)] {
            if !keys.is_empty() {
                sentences += &format!("{what} commit statuses: {}. ", keys.join(", "));
            }
        }
        sentences
    }
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

fn sha<'a>(object: &'a Value, path: &str) -> Option<&'a str> {
    text(object, path).filter(|sha| !sha.is_empty())
}

fn change_transfer_policy(object: &Value) -> Health {
    let Some(active) = sha(object, "status.active.dry.sha") else {
        return Health::new(
            Progressing,
            "The active commit DRY SHA is missing or empty.",
        );
    };
    let Some(proposed) = sha(object, "status.proposed.dry.sha") else {
        return Health::new(
            Progressing,
            "The proposed commit DRY SHA is missing or empty.",
        );
    };
    if proposed != active {
        let message = format!(
            "Promotion in progress from '{}' to '{}': {}",
            short(active),
            short(proposed),
            Tally::of(object, "status.proposed.commitStatuses").sentences()
        );
        return Health::new(Progressing, message);
    }
    let tally = Tally::of(object, "status.active.commitStatuses");
    let message = match tally.is_good() {
        true => format!("Environment is up-to-date on commit {}.", short(active)),
        false => format!(
            "Environment is up-to-date, but there are non-successful active commit statuses: {}",
            tally.sentences()
        ),
    };
    Health::new(Healthy, message)
}

/// Returns the dry commit that the hydrator has come to in an environment.
fn hydrated(environment: &Value) -> Option<&str> {
    sha(environment, "proposed.note.drySha").or_else(|| sha(environment, "proposed.dry.sha"))
}

fn promotion_strategy(object: &Value) -> Health {
    let environments = list(object, "status.environments");
    let Some(first) = environments.first() else {
        return Health::new(
            Degraded,
            "Promotion strategy has no environments configured",
        );
    };
    let branch = |environment: &Value| text(environment, "branch").unwrap_or_default().to_owned();
    for environment in environments {
        let missing = match (sha(environment, "active.dry.sha"), hydrated(environment)) {
            (None, _) => "active",
            (_, None) => "proposed",
            _ => continue,
        };
        let branch = branch(environment);
        let message =
            format!("The {missing} commit DRY SHA is missing or empty in environment '{branch}'.");
        return Health::new(Progressing, message);
    }
    let done = hydrated(first).unwrap_or_default();
    if environments
        .iter()
        .any(|environment| hydrated(environment) != Some(done))
    {
        return Health::new(
            Progressing,
            "Not all environments have the same proposed commit SHA. This likely means the hydrator has not run for all environments yet.",
        );
    }
    for environment in environments {
        let active = text(environment, "active.dry.sha").unwrap_or_default();
        let proposed = text(environment, "proposed.dry.sha").unwrap_or_default();
        if proposed != active {
            let message = format!(
                "Promotion in progress for environment '{}' from '{}' to '{}': {}Hydrator has processed dry commit '{}'. ",
                branch(environment),
                short(active),
                short(proposed),
                Tally::of(environment, "proposed.commitStatuses").sentences(),
                short(done)
            );
            return Health::new(Progressing, message);
        }
    }
    let bad: Vec<String> = environments
        .iter()
        .map(|environment| (environment, Tally::of(environment, "active.commitStatuses")))
        .filter(|(_, tally)| !tally.is_good())
        .map(|(environment, tally)| {
            let (failed, pending) = (tally.failed.len(), tally.pending.len());
            format!(
                "{} ({failed} failed, {pending} pending)",
                branch(environment)
            )
        })
        .collect();
    if !bad.is_empty() {
        let message = format!(
            "Environments are up-to-date, but some environments have non-successful commit statuses: {}.",
            bad.join(", ")
        );
        return Health::new(Healthy, message);
    }
    let active = text(first, "active.dry.sha").unwrap_or_default();
    let message = format!(
        "All environments are up-to-date on commit '{}'. Hydrator has processed dry commit '{}'.",
        short(active),
        short(done)
    );
    Health::new(Healthy, message)
}
