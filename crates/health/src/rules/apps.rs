//! What runs applications and watches over them: CronJobs, disruption budgets, operators of the
//! common kinds of workload.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, READY, at, conditions, field, first, is, is_text, last, latest, list, number, on,
    otherwise, text, truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "batch",
        "CronJob",
        &[
            // Suspending a CronJob is its user's choice and must not suspend the application.
            when(
                |o| at(o, "spec.suspend").and_then(Value::as_bool) == Some(true),
                Healthy,
                "CronJob is Suspended",
            ),
            when(
                |o| at(o, "status").is_none(),
                Progressing,
                "Waiting for CronJob",
            ),
            when(
                |o| at(o, "status.lastScheduleTime").is_none(),
                Healthy,
                "CronJob has not been scheduled yet",
            ),
            when(
                |o| at(o, "status.lastSuccessfulTime").is_none(),
                Healthy,
                "The CronJob never completed successfully. It may not be healthy",
            ),
            when(
                |o| !list(o, "status.active").is_empty(),
                Healthy,
                "The job is running. Its last execution may not have been successful",
            ),
            when(
                |o| text(o, "status.lastSuccessfulTime") < text(o, "status.lastScheduleTime"),
                Degraded,
                "CronJob has not completed its last execution successfully",
            ),
            otherwise(
                Healthy,
                "CronJob has completed its last execution successfully",
            ),
        ],
    ),
    row(
        "policy",
        "PodDisruptionBudget",
        &[
            first(&[
                on("", "False", Degraded, "PodDisruptionBudget has {reason}")
                    .reason("!InsufficientPods"),
            ]),
            last(&[on("", "", Healthy, "PodDisruptionBudget has {reason}")]),
            waiting("Waiting for status"),
        ],
    ),
    row(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        &[
            when(
                |o| at(o, "metadata.deletionTimestamp").is_some(),
                Progressing,
                "CRD is terminating",
            ),
            when(
                |o| conditions(o).is_empty(),
                Progressing,
                "Status conditions not found",
            ),
            first(&[
                on(
                    "Terminating",
                    "True",
                    Progressing,
                    "CRD is terminating: {message}",
                ),
                on(
                    "NamesAccepted",
                    "False",
                    Degraded,
                    "CRD names have not been accepted: {message}",
                ),
                on(
                    "NonStructuralSchema",
                    "True",
                    Degraded,
                    "Schema violations found: {message}",
                ),
                on(
                    "Established",
                    "!True",
                    Progressing,
                    "CRD is being installed",
                )
                .reason("Installing"),
            ]),
            first(&[on("Established", "True", Healthy, "CRD is healthy")]),
            otherwise(Degraded, "CRD is not established"),
        ],
    ),
    row(
        "apps.openshift.io",
        "DeploymentConfig",
        &[Clause::Own(deployment_config)],
    ),
    row("route.openshift.io", "Route", &[Clause::Own(route)]),
    row(
        "operator.openshift.io",
        "IngressController",
        &[
            first(&[
                on("Degraded", "True", Degraded, "{message}"),
                on(
                    "DeploymentReplicasAllAvailable",
                    "False",
                    Progressing,
                    "{message}",
                ),
                on("Progressing", "True", Progressing, "{reason}"),
                on(
                    "Available",
                    "True",
                    Healthy,
                    "IngressController is available",
                ),
            ]),
            waiting("Status of IngressController is not known yet"),
        ],
    ),
    row(
        "monitoring.coreos.com",
        "Prometheus",
        &[
            latest(&[
                on("Available", "True", Healthy, "All instances are available"),
                on("Available", "", Progressing, "{message}|{reason}").reason("SomePodsNotReady"),
                on("Available", "", Degraded, "{message}|{reason}"),
            ]),
            waiting("Waiting for initialization"),
        ],
    ),
    row(
        "operator.victoriametrics.com",
        "*",
        &[
            when(
                |o| at(o, "status").is_none() || crate::rule::is_behind(o),
                Progressing,
                "Waiting for the operator to reconcile",
            ),
            field(
                "status.updateStatus",
                &[
                    is("operational", Healthy, "All components are operational"),
                    is(
                        "expanding",
                        Progressing,
                        "{status.reason!}|Reconciliation in progress",
                    ),
                    is(
                        "paused",
                        Suspended,
                        "{status.reason!}|Reconciliation is paused",
                    ),
                    is("failed", Degraded, "{status.reason!}|Reconciliation failed"),
                ],
            ),
            waiting("Waiting for the operator to report status"),
        ],
    ),
    row(
        "opentelemetry.io",
        "OpenTelemetryCollector",
        &[Clause::Own(collector)],
    ),
    row(
        "jaegertracing.io",
        "Jaeger",
        &[
            field(
                "status.phase",
                &[
                    is("Running", Healthy, "Jaeger is Running"),
                    is("Failed", Degraded, "Jaeger Failed For Some Reason"),
                ],
            ),
            waiting("Waiting for Jaeger"),
        ],
    ),
    row(
        "kiali.io",
        "Kiali",
        &[
            first(&[
                on("Successful", "True", Healthy, "{message}"),
                on("Failure", "True", Degraded, "{message}"),
                on("Running", "", Progressing, "{message}").reason("Running"),
            ]),
            waiting("Waiting for Kiali"),
        ],
    ),
    row(
        "install.istio.io",
        "IstioOperator",
        &[
            field(
                "status.status",
                &[
                    is("0|NONE", Unknown, "Component is not present."),
                    is(
                        "1|UPDATING",
                        Progressing,
                        "Component is being updated to a different version.",
                    ),
                    is(
                        "2|RECONCILING",
                        Progressing,
                        "Controller has started but not yet completed reconciliation loop for the component.",
                    ),
                    is("3|HEALTHY", Healthy, "Component is healthy."),
                    is("4|ERROR", Degraded, "Component is in an error state."),
                ],
            ),
            waiting("Waiting for Istio Control Plane"),
        ],
    ),
    row(
        "grafana.integreatly.org",
        "Grafana",
        &[
            when(
                |o| at(o, "status.stageStatus").is_none(),
                Progressing,
                "Waiting for Grafana status info",
            ),
            field(
                "status.stageStatus",
                &[is("failed", Degraded, "Failed at stage {status.stage}")],
            ),
            when(
                |o| {
                    is_text(o, "status.stage", "complete")
                        && is_text(o, "status.stageStatus", "success")
                },
                Healthy,
                "",
            ),
            waiting("{status.stage}"),
        ],
    ),
    row(
        "grafana.integreatly.org",
        "GrafanaDashboard|GrafanaFolder",
        &[Clause::Own(dashboard)],
    ),
    row(
        "grafana.integreatly.org",
        "GrafanaDatasource",
        &[
            when(
                |o| at(o, "status").is_none() || is_text(o, "status.uid", ""),
                Progressing,
                "",
            ),
            when(
                |o| truthy(o, "status.NoMatchingInstances"),
                Degraded,
                "can't find matching grafana instance",
            ),
            otherwise(Healthy, ""),
        ],
    ),
    row(
        "grafana-org-operator.kubitus-project.gitlab.io",
        "*",
        &[
            first(&[
                on("Ready", "False", Degraded, "{message}"),
                on("Ready", "True", Healthy, "{message}"),
                on("Ready", "", Progressing, "{message}"),
            ]),
            waiting("Waiting ..."),
        ],
    ),
    row(
        "datadoghq.com",
        "DatadogMetric",
        &[
            first(&[on(
                "Error",
                "True",
                Degraded,
                "{reason!}: {message}|{reason!}: DatadogMetric reported an error|{message}|DatadogMetric reported an error",
            )]),
            first(&[on(
                "Valid",
                "False",
                Degraded,
                "{message}|DatadogMetric is not valid",
            )]),
            otherwise(Healthy, "DatadogMetric is healthy"),
        ],
    ),
    row(
        "coralogix.com",
        "Alert|RecordingRuleGroupSet",
        &[
            first(&[
                on("RemoteSynced", "True", Healthy, "Resource is ready"),
                on("RemoteSynced", "False", Degraded, "{message}"),
            ]),
            waiting("Waiting for status to be updated"),
        ],
    ),
    row("keda.sh", "ScaledJob|ScaledObject", &[Clause::Own(scaled)]),
    row(
        "lifecycle.keptn.sh",
        "KeptnAppVersion|KeptnTask|KeptnWorkloadInstance|KeptnWorkloadVersion",
        &[
            field("status.status", KEPTN),
            waiting("{kind} is progressing"),
        ],
    ),
    row(
        "lifecycle.keptn.sh",
        "KeptnEvaluation",
        &[
            field("status.overallStatus", KEPTN),
            waiting("{kind} is progressing"),
        ],
    ),
    row(
        "metrics.keptn.sh",
        "Analysis",
        &[
            field("status.pass", &[is("true", Healthy, "Analysis is healthy")]),
            field(
                "status.warning",
                &[is("true", Healthy, "Analysis is healthy with warnings")],
            ),
            field(
                "status.pass",
                &[is("false", Degraded, "Analysis is degraded")],
            ),
            waiting("Analysis is progressing"),
        ],
    ),
    row(
        "metrics.keptn.sh",
        "KeptnMetric",
        &[
            when(
                |o| text(o, "status.errMsg").is_some_and(|error| !error.is_empty()),
                Degraded,
                "KeptnMetric is degraded",
            ),
            field(
                "status.value",
                &[is("*", Healthy, "KeptnMetric is healthy")],
            ),
            waiting("KeptnMetric is progressing"),
        ],
    ),
    row("core.spinkube.dev", "SpinApp", &[Clause::Own(spin_app)]),
    row(
        "openfaas.com",
        "Function",
        &[
            first(&[
                on("Ready", "False", Degraded, "{message}"),
                on("Stalled", "True", Degraded, "{message}"),
                on("Ready", "True", Healthy, "{message}")
                    .also(|object, _| number(object, "status.replicas") > Some(0.0)),
                on("Ready", "True", Suspended, "No replicas available"),
            ]),
            waiting("Waiting for Function"),
        ],
    ),
    row(
        "nmstate.io",
        "NodeNetworkConfigurationPolicy",
        &[
            first(&[
                on(
                    "Available",
                    "True",
                    Healthy,
                    "{reason}: {message!}|{reason}",
                ),
                on(
                    "Degraded",
                    "True",
                    Degraded,
                    "{reason}: {message!}|{reason}",
                ),
                on(
                    "Progressing",
                    "True",
                    Progressing,
                    "{reason}: {message!}|{reason}",
                ),
                on(
                    "Ignored",
                    "True",
                    Suspended,
                    "{reason}: {message!}|{reason}",
                ),
            ]),
            waiting("Waiting for policy to be applied"),
        ],
    ),
    row(
        "tower.ansible.com",
        "AnsibleJob",
        &[
            field(
                "status.ansibleJobResult.status",
                &[
                    is("successful", Healthy, JOB),
                    is("failed|error|canceled", Degraded, JOB),
                    is("new|pending|waiting|running", Progressing, JOB),
                ],
            ),
            waiting("Waiting for AnsibleJob"),
        ],
    ),
    row(
        "proclaim.dogmatiq.io",
        "DNSSDServiceInstance",
        &[
            latest(&[on("Adopted", "False", Degraded, "{message}")]),
            latest(&[on("Advertised", "", Degraded, "{message}")
                .reason("AdvertiseError|UnadvertiseError")]),
            latest(&[
                on("Discoverable", "", Unknown, "{message}").reason("DiscoveryError"),
                on("Discoverable", "True", Healthy, "{message}"),
                on("Discoverable", "", Progressing, "{message}"),
            ]),
            waiting(""),
        ],
    ),
    row(
        "karpenter.k8s.aws",
        "EC2NodeClass",
        &[
            first(&[
                on("Ready", "False", Degraded, "{message}"),
                on("Ready", "True", Healthy, "EC2NodeClass is ready"),
            ]),
            waiting("Waiting for EC2NodeClass to be ready"),
        ],
    ),
    row(
        "karpenter.sh",
        "NodeClaim",
        &[
            when(
                crate::rule::is_behind,
                Progressing,
                "Waiting for NodeClaim spec to be reconciled",
            ),
            first(&[on("Disrupting", "True", Suspended, "{message}")]),
            READY,
            first(&[on(
                "Initialized",
                "True",
                Progressing,
                "Node initialized, waiting for Ready",
            )]),
            first(&[on(
                "Registered",
                "True",
                Progressing,
                "Node registered, waiting for initialization",
            )]),
            first(&[on(
                "Launched",
                "True",
                Progressing,
                "Node launched, waiting for registration",
            )]),
            waiting("Waiting for NodeClaim to be launched"),
        ],
    ),
    row(
        "karpenter.sh",
        "NodePool",
        &[READY, waiting("Waiting for NodePool to be ready")],
    ),
];

const KEPTN: &[crate::rule::Is] = &[
    is("Succeeded", Healthy, "{kind} is healthy"),
    is("Failed", Degraded, "{kind} is degraded"),
];

const JOB: &str = "{status.ansibleJobResult.status} job - {status.ansibleJobResult.url}";

fn deployment_config(object: &Value) -> Option<Health> {
    const WAITING: &str = "replication controller is waiting for pods to run";
    let (Some(_), Some(replicas)) = (
        at(object, "status.conditions"),
        number(object, "status.replicas"),
    ) else {
        return Some(Health::new(Progressing, WAITING));
    };
    let good = conditions(object).iter().filter(|c| {
        c.str_at(&["status"]) == "True"
            && match c.str_at(&["type"]) {
                "Available" => true,
                "Progressing" => c.str_at(&["reason"]) == "NewReplicationControllerAvailable",
                _ => false,
            }
    });
    Some(match good.count() {
        2 => Health::new(Healthy, "replication controller successfully rolled out"),
        _ if replicas == 0.0 => {
            Health::new(Healthy, "replication controller successfully rolled out")
        }
        1 => Health::new(Progressing, WAITING),
        _ => Health::new(Degraded, "Deployment config is degraded"),
    })
}

fn route(object: &Value) -> Option<Health> {
    let waiting = Health::new(Progressing, "Route is still getting admitted");
    if at(object, "status.ingress").is_none() {
        return Some(waiting);
    }
    let routers = list(object, "status.ingress");
    let admitted = |status: &str| {
        routers
            .iter()
            .flat_map(|router| router.array_at(&["conditions"]))
            .filter(|c| c.str_at(&["type"]) == "Admitted" && c.str_at(&["status"]) == status)
            .count()
    };
    Some(if admitted("True") == routers.len() {
        Health::new(Healthy, "Route is healthy")
    } else if admitted("False") > 0 {
        Health::new(Degraded, "Route is degraded")
    } else {
        waiting
    })
}

fn collector(object: &Value) -> Option<Health> {
    if at(object, "status").is_none() {
        return Some(Health::new(
            Progressing,
            "Waiting for OpenTelemetry Collector status",
        ));
    }
    let mode = text(object, "spec.mode").unwrap_or_default();
    let Some(replicas) = at(object, "status.scale.statusReplicas") else {
        return Some(match mode {
            "sidecar" => Health::new(Healthy, "Collector is running in sidecar mode"),
            _ => Health::new(Progressing, "Scale status not available"),
        });
    };
    let replicas = crate::rule::shown(replicas);
    let Some((ready, total)) = fraction(&replicas) else {
        let message = format!("Unable to parse replica status: {replicas}");
        return Some(Health::new(Progressing, message));
    };
    Some(match (ready, total, mode) {
        (0, 0, "daemonset") => Health::new(Healthy, "DaemonSet has no eligible nodes (0/0)"),
        (0, ..) => Health::new(Degraded, "No replicas are ready"),
        _ if ready == total => Health::new(Healthy, "All replicas are ready"),
        _ => Health::new(Progressing, "Replicas are starting up"),
    })
}

/// Reads the first `2/3` of a text.
fn fraction(text: &str) -> Option<(u64, u64)> {
    let digits_before = |text: &str| {
        let start = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        text[start..].parse().ok()
    };
    let digits_after = |text: &str| {
        let end = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        text[..end].parse().ok()
    };
    text.match_indices('/').find_map(|(slash, _)| {
        Some((
            digits_before(&text[..slash])?,
            digits_after(&text[slash + 1..])?,
        ))
    })
}

fn dashboard(object: &Value) -> Option<Health> {
    let mut health = Health::plain(Progressing);
    for condition in conditions(object) {
        let Some(status) = text(condition, "status") else {
            continue;
        };
        if !health.message.is_empty() {
            health.message.push_str(", ");
        }
        let template = "{reason} for {type} because {message}|{reason} for {type}|{reason}|";
        // A reason is what the rest of the sentence hangs on.
        if at(condition, "reason").is_some() {
            health.message += &crate::rule::say(template, object, Some(condition));
        }
        match status {
            "False" => {
                health.status = Degraded;
                break;
            }
            "True" => health.status = Healthy,
            _ => {}
        }
    }
    Some(health)
}

/// Scalers fall back (objects) or aren't known to be ready (jobs): both are bad.
fn scaled(object: &Value) -> Option<Health> {
    let is_job = is_text(object, "kind", "ScaledJob");
    let (mut healthy, mut degraded, mut paused) = (false, false, false);
    let mut message = "";
    for condition in conditions(object) {
        let said = match (condition.str_at(&["type"]), condition.str_at(&["status"])) {
            ("Ready", "True") => &mut healthy,
            ("Ready", "False") => &mut degraded,
            ("Ready", "Unknown") if is_job => &mut degraded,
            ("Fallback", "True") if !is_job => &mut degraded,
            ("Paused", "True") => &mut paused,
            _ => continue,
        };
        *said = true;
        message = condition.str_at(&["message"]);
    }
    Some(match (degraded, healthy, paused) {
        (true, ..) => Health::new(Degraded, message),
        (_, true, false) => Health::new(Healthy, message),
        (_, true, true) => Health::new(Suspended, message),
        _ if is_job => Health::new(Progressing, "Waiting for ScaledJob"),
        _ => Health::new(Progressing, "Creating HorizontalPodAutoscaler Object"),
    })
}

fn spin_app(object: &Value) -> Option<Health> {
    if at(object, "status").is_none() {
        return Some(Health::new(
            Progressing,
            "Waiting for status to be available",
        ));
    }
    let (mut available, mut availability) = (false, String::new());
    let mut progress = None;
    for condition in conditions(object) {
        let is_true = condition.str_at(&["status"]) == "True";
        let message = |or: &str| text(condition, "message").unwrap_or(or).to_owned();
        match condition.str_at(&["type"]) {
            "Progressing" => {
                let lower = message("").to_lowercase();
                let failed = condition.str_at(&["reason"]) == "ProgressDeadlineExceeded"
                    || lower.contains("timeout")
                    || lower.contains("failed");
                if condition.str_at(&["status"]) == "False" && failed {
                    return Some(Health::new(
                        Degraded,
                        message("Application deployment has failed"),
                    ));
                }
                if is_true {
                    progress = Some(message("Application progress status"));
                }
            }
            "Available" => {
                available = is_true;
                availability = message(match is_true {
                    true => "Application availability status",
                    false => "Application is not available",
                });
            }
            _ => {}
        }
    }
    let ready = object.i64_at(&["status", "readyReplicas"]).unwrap_or(0);
    let desired = object.i64_at(&["spec", "replicas"]).unwrap_or(1);
    Some(if !available {
        Health::new(Degraded, availability)
    } else if ready < desired {
        let message = format!("Waiting for replicas to be ready ({ready}/{desired})");
        Health::new(Progressing, message)
    } else if let Some(message) = progress {
        Health::new(Progressing, message)
    } else {
        let message = format!("Application is healthy with {ready}/{desired} replicas ready");
        Health::new(Healthy, message)
    })
}
