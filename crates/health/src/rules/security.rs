//! Secrets, certificates, policies, schemas, backups.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use crate::rule::{
    Clause, READY, at, conditions, field, first, is, is_observed, is_text, last, list, on,
    otherwise, text, truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "cert-manager.io",
        "Certificate",
        &[
            first(&[on("Issuing", "True", Progressing, "{message}")]),
            READY,
            waiting("Waiting for certificate"),
        ],
    ),
    row(
        "certmanager.k8s.io",
        "Certificate",
        &[READY, waiting("Waiting for certificate")],
    ),
    row(
        "cert-manager.io",
        "ClusterIssuer",
        &[READY, waiting("Initializing ClusterIssuer")],
    ),
    row(
        "cert-manager.io",
        "Issuer",
        &[READY, waiting("Initializing issuer")],
    ),
    row(
        "certmanager.k8s.io",
        "Issuer",
        &[READY, waiting("Initializing issuer")],
    ),
    row(
        "external-secrets.io",
        "ClusterSecretStore|ExternalSecret|PushSecret|SecretStore",
        &[READY, waiting("Waiting for {kind}")],
    ),
    row(
        "external-secrets.io",
        "ClusterExternalSecret",
        &[
            last(&[
                on("Ready", "True", Healthy, "{message}"),
                on("PartiallyReady|NotReady", "True", Degraded, "{message}"),
            ]),
            waiting("Waiting for ClusterExternalSecret"),
        ],
    ),
    row(
        "kubernetes-client.io",
        "ExternalSecret",
        &[
            field(
                "status.status",
                &[is("SUCCESS", Healthy, "Fetched ExternalSecret.")],
            ),
            Clause::Own(|object| {
                let error = text(object, "status.status")?;
                let message = error.replace("ERROR, ", "");
                error
                    .starts_with("ERROR")
                    .then(|| Health::new(Degraded, message))
            }),
            waiting("Waiting for ExternalSecret."),
        ],
    ),
    row(
        "bitnami.com",
        "SealedSecret",
        &[
            first(&[
                on("Synced", "False", Degraded, "{message}"),
                on("Synced", "True", Healthy, "{message}"),
            ]),
            waiting("Waiting for Sealed Secret to be decrypted"),
        ],
    ),
    row(
        "onepassword.com",
        "OnePasswordItem",
        &[READY, waiting("Waiting for controller to report status")],
    ),
    row("k8s.keycloak.org", "Keycloak", &[Clause::Own(keycloak)]),
    row(
        "kyverno.io",
        "Policy",
        &[
            first(&[on("Ready", "True", Healthy, "Policy is ready")
                .reason("Succeeded")
                .message("Ready")]),
            waiting("Waiting for Policy to be ready"),
        ],
    ),
    row(
        "iammanager.keikoproj.io",
        "Iamrole",
        &[
            Clause::Own(iam_role),
            waiting("Waiting for Iamrole to be reconciled"),
        ],
    ),
    row(
        "policy.open-cluster-management.io",
        "CertificatePolicy",
        &[
            field(
                "status.compliant",
                &[
                    is(
                        "Compliant",
                        Healthy,
                        "All certificates found comply with the policy",
                    ),
                    is(
                        "*",
                        Degraded,
                        "At least once certificate does not comply with the policy",
                    ),
                ],
            ),
            waiting("Waiting for the status to be reported"),
        ],
    ),
    row(
        "policy.open-cluster-management.io",
        "ConfigurationPolicy",
        &[
            when(
                |o| at(o, "status.compliant").is_none(),
                Progressing,
                "Waiting for the status to be reported",
            ),
            when(
                |o| !crate::rule::same(o, "status.lastEvaluatedGeneration", "metadata.generation"),
                Progressing,
                "Waiting for the status to be updated",
            ),
            Clause::Own(configuration_policy),
            waiting("Waiting for compliance"),
        ],
    ),
    row(
        "policy.open-cluster-management.io",
        "OperatorPolicy",
        &[
            when(
                |o| at(o, "status.conditions").is_none(),
                Progressing,
                "Waiting for the status to be reported",
            ),
            when(
                |o| at(o, "status.observedGeneration").is_some() && !is_observed(o),
                Progressing,
                "Waiting for the status to be updated",
            ),
            first(&[
                on("Compliant", "True", Healthy, "{message}"),
                on("Compliant", "", Degraded, "{message}"),
            ]),
            waiting("Waiting for the compliance condition"),
        ],
    ),
    row(
        "policy.open-cluster-management.io",
        "Policy",
        &[
            when(
                |o| truthy(o, "spec.disabled"),
                Healthy,
                "Policy is disabled",
            ),
            when(
                |o| {
                    at(o, "status.compliant").is_none()
                        && at(o, "status.status").is_none()
                        && !list(o, "status.placement").is_empty()
                },
                Healthy,
                "No clusters match this policy",
            ),
            when(
                |o| at(o, "status.compliant").is_none(),
                Progressing,
                "Waiting for the status to be reported",
            ),
            Clause::Own(cluster_policy),
        ],
    ),
    row(
        "services.cloud.sap.com",
        "ServiceBinding|ServiceInstance",
        &[
            when(
                |o| at(o, "metadata.deletionTimestamp").is_some(),
                Progressing,
                "Resource is being deleted",
            ),
            first(&[
                on(
                    "",
                    "",
                    Progressing,
                    "Waiting for spec update to be observed",
                )
                .also(|o, c| {
                    at(c, "observedGeneration").is_some()
                        && at(o, "metadata.generation").is_some()
                        && !super::gateway::observed(o, c)
                }),
                on("Succeeded", "False", Degraded, "{message}"),
                on("Failed", "True", Degraded, "{message}"),
            ]),
            when(
                |o| at(o, "status.conditions").is_some(),
                Healthy,
                "Ready to use",
            ),
            waiting("Waiting for status"),
        ],
    ),
    row(
        "db.atlasgo.io",
        "AtlasMigration",
        &[
            first(&[
                on("Ready", "True", Healthy, "{reason}"),
                on("Ready", "", Progressing, "{reason}").reason("Reconciling"),
                on("Ready", "", Degraded, "{reason}"),
            ]),
            otherwise(Progressing, "Waiting for Atlas Operator"),
        ],
    ),
    row(
        "db.atlasgo.io",
        "AtlasSchema",
        &[
            first(&[
                on("Ready", "True", Healthy, "{reason}"),
                on("Ready", "", Progressing, "{reason}").message("Reconciling|GettingDevDB"),
                on("Ready", "", Degraded, "{reason}"),
            ]),
            otherwise(Progressing, "Waiting for Atlas Operator"),
        ],
    ),
    row(
        "astra.netapp.io",
        "AppVault",
        &[
            field(
                "status.state",
                &[
                    is("available|Available", Healthy, "{kind} Available"),
                    is("failed|Failed", Degraded, "{kind} Failed"),
                ],
            ),
            waiting("No status available"),
        ],
    ),
    row(
        "astra.netapp.io",
        "Application",
        &[
            first(&[
                on(
                    "Ready",
                    "True",
                    Healthy,
                    "Astra Application Ready, protectionState: {status.protectionState}",
                ),
                on(
                    "Ready",
                    "False",
                    Degraded,
                    "Astra Application Degraded, message: {message}",
                ),
            ]),
            waiting("No status available"),
        ],
    ),
    row(
        "astra.netapp.io",
        "Backup|ExecHooksRun|ResourceBackup|ResticVolumeBackup|Snapshot",
        &[
            field(
                "status.state",
                &[
                    is("Completed", Healthy, "{kind} Completed"),
                    is("Running", Progressing, "{kind} Running"),
                    is("*", Degraded, "{status.state}"),
                ],
            ),
            waiting("No status available"),
        ],
    ),
    row(
        "astra.netapp.io",
        "ExecHook",
        &[
            field(
                "spec.enabled",
                &[
                    is("true", Healthy, "{kind} enabled"),
                    is("false", Suspended, "{kind} disabled"),
                ],
            ),
            waiting("No status available"),
        ],
    ),
    row(
        "astra.netapp.io",
        "Schedule",
        &[otherwise(
            Healthy,
            "Protection policy lastScheduleTime: {status.lastScheduleTime}|Protection policy not yet executed",
        )],
    ),
];

/// The oldest change speaks first.
fn keycloak(object: &Value) -> Option<Health> {
    if at(object, "status.conditions").is_none() {
        let message = "Waiting for Keycloak status conditions to exist";
        return Some(Health::new(Progressing, message));
    }
    let mut conditions: Vec<&Value> = conditions(object).iter().collect();
    conditions.sort_by_key(|c| {
        let time = text(c, "lastTransitionTime");
        (time.is_none(), time)
    });
    let is_true = |c: &&&Value| c.str_at(&["status"]) == "True";
    for condition in conditions.iter().filter(is_true) {
        match condition.str_at(&["type"]) {
            "Ready" => return Some(Health::plain(Healthy)),
            "HasErrors" => {
                let message = format!("Has Errors: {}", condition.str_at(&["message"]));
                return Some(Health::new(Degraded, message));
            }
            _ => {}
        }
    }
    Some(Health::plain(Progressing))
}

fn iam_role(object: &Value) -> Option<Health> {
    let status = |name: &str| text(object.get("status")?, name);
    let name = status("roleName").unwrap_or("<none>");
    let arn = status("roleARN").unwrap_or("<none>");
    let id = status("roleID").unwrap_or("<none>");
    match status("state")? {
        "Ready" => {
            let message = format!("Role '{name}' exists with ARN '{arn}' and ID '{id}'.");
            Some(Health::new(Healthy, message))
        }
        "Error" | "RolesMaxLimitReached" | "PolicyNotAllowed" | "RoleNameNotAvailable" => {
            let retry = match object.i64_at(&["status", "retryCount"]) {
                Some(n) if n > 0 => format!("(retry {n}) "),
                _ => String::new(),
            };
            let error = status("errorDescription")
                .map_or_else(String::new, |e| format!(" Reconciliation error was: {e}"));
            let message = format!(
                "Failed to reconcile the Iamrole {retry}for role '{name}' with ARN '{arn}' and ID '{id}'.{error}"
            );
            Some(Health::new(Degraded, message))
        }
        _ => None,
    }
}

fn compliance(object: &Value) -> crate::HealthStatus {
    match text(object, "status.compliant") {
        Some("Compliant") => Healthy,
        _ => Degraded,
    }
}

fn configuration_policy(object: &Value) -> Option<Health> {
    at(object, "status.compliancyDetails")?;
    let messages: Vec<String> = list(object, "status.compliancyDetails")
        .iter()
        .flat_map(|detail| detail.array_at(&["conditions"]))
        .filter_map(|c| Some(format!("{} - {}", text(c, "type")?, text(c, "message")?)))
        .collect();
    Some(Health::new(compliance(object), messages.join("; ")))
}

/// A policy says of each cluster, one replicated to a cluster of each template, how it is.
fn cluster_policy(object: &Value) -> Option<Health> {
    let failing = |path: &str, name: &str| -> Vec<String> {
        list(object, path)
            .iter()
            .filter(|entry| !is_text(entry, "compliant", "Compliant"))
            .map(|entry| text(entry, name).unwrap_or_default().to_owned())
            .collect()
    };
    let (what, failing) = if at(object, "status.status").is_some() {
        ("clusters", failing("status.status", "clustername"))
    } else if at(object, "status.details").is_some() {
        ("templates", failing("status.details", "templateMeta.name"))
    } else {
        return Some(Health::plain(compliance(object)));
    };
    let message = match failing.is_empty() {
        true => format!("All {what} are compliant"),
        false => format!("NonCompliant {what}: {}", failing.join(", ")),
    };
    Some(Health::new(compliance(object), message))
}
