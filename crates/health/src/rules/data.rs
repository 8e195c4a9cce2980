//! Databases and other keepers of data.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, at, field, first, is, last, latest, list, number, on, otherwise, same, shown, text,
    truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "acid.zalan.do",
        "postgresql",
        &[
            field(
                "status.PostgresClusterStatus",
                &[
                    is("Running", Healthy, "{status.PostgresClusterStatus}"),
                    is(
                        "Creating|Updating",
                        Progressing,
                        "{status.PostgresClusterStatus}",
                    ),
                    is("*", Degraded, "{status.PostgresClusterStatus}"),
                ],
            ),
            waiting("Waiting for postgres cluster status..."),
        ],
    ),
    row(
        "postgresql.cnpg.io",
        "Cluster",
        &[
            when(
                |o| {
                    o.str_at(&["metadata", "annotations", "cnpg.io/reconciliationLoop"])
                        == "disabled"
                },
                Suspended,
                "Cluster reconciliation is suspended",
            ),
            when(
                |o| at(o, "status.conditions").is_none(),
                Progressing,
                "{status.phaseReason}",
            ),
            first(&[
                on("cnpg.io/hibernation", "True", Suspended, "{message}"),
                on("cnpg.io/hibernation", "", Degraded, "{message}"),
            ]),
            field("status.phase", CLOUD_NATIVE_PG),
            otherwise(Unknown, "{status.phaseReason}"),
        ],
    ),
    row(
        "pxc.percona.com",
        "PerconaXtraDBCluster",
        &[
            field(
                "status.state",
                &[
                    is("initializing", Progressing, NODES_READY),
                    is("ready", Healthy, NODES_READY),
                    is("paused", Unknown, "Cluster is paused"),
                    is(
                        "stopping",
                        Degraded,
                        "Cluster is stopping ({status.ready}/{status.size} node(s) are ready)",
                    ),
                    is("error", Degraded, "Cluster is on error: {status.message}"),
                ],
            ),
            otherwise(
                Unknown,
                "Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug report: https://github.com/argoproj/argo-cd/issues",
            ),
        ],
    ),
    row(
        "psmdb.percona.com",
        "PerconaServerMongoDB",
        &[
            field(
                "status.state",
                &[
                    is("initializing|stopping", Progressing, NODES_READY),
                    is("ready", Healthy, NODES_READY),
                    is("error", Degraded, NODES_READY),
                    is("paused", Suspended, NODES_READY),
                ],
            ),
            when(|o| at(o, "status").is_some(), Unknown, NODES_READY),
            otherwise(Unknown, "Cluster status is unknown"),
        ],
    ),
    row(
        "k8s.mariadb.com",
        "Backup",
        &[
            first(&[
                on("", "False", Degraded, "{reason} {message}")
                    .reason("CronJobScheduled")
                    .message("Failed"),
                on("", "False", Progressing, "{reason} {message}"),
            ]),
            last(&[on("", "", Healthy, "{reason} {message}")]),
            when(has_conditions, Healthy, ""),
            waiting("No status info available"),
        ],
    ),
    row(
        "k8s.mariadb.com",
        "Database|Grant|User",
        &[
            first(&[
                on("Ready", "True", Healthy, "{message}"),
                on("Ready", "", Degraded, "{message}"),
            ]),
            last(&[on("", "", Progressing, "{message}")]),
            waiting("No status info available"),
        ],
    ),
    row("k8s.mariadb.com", "MariaDB", MARIADB),
    row("mariadb.mmontes.io", "MariaDB", MARIADB),
    row(
        "k8s.mariadb.com",
        "SqlJob",
        &[
            first(&[
                on("", "True", Healthy, "{reason} {message}").reason("JobComplete"),
                on("", "True", Degraded, "{reason} {message}").reason("JobFailed"),
            ]),
            last(&[on("", "", Progressing, "{reason} {message}")]),
            waiting("No status info available"),
        ],
    ),
    row(
        "clickhouse.altinity.com",
        "ClickHouseInstallation",
        &[
            field(
                "status.status",
                &[
                    is(
                        "Completed",
                        Healthy,
                        "ClickHouse installation completed successfully",
                    ),
                    is(
                        "InProgress",
                        Progressing,
                        "ClickHouse installation in progress",
                    ),
                    is("*", Degraded, "ClickHouse status: {status.status}"),
                ],
            ),
            waiting("ClickHouse status not yet available"),
        ],
    ),
    row(
        "clickhouse-keeper.altinity.com",
        "ClickHouseKeeperInstallation",
        &[
            field(
                "status.status",
                &[
                    is(
                        "Completed",
                        Healthy,
                        "ClickHouseKeeper installation completed successfully",
                    ),
                    is(
                        "InProgress",
                        Progressing,
                        "ClickHouseKeeper installation in progress",
                    ),
                    is("*", Degraded, "ClickHouseKeeper status: {status.status}"),
                ],
            ),
            waiting("ClickHouseKeeper status not yet available"),
        ],
    ),
    row("cassandra.rook.io", "Cluster", &[Clause::Own(cassandra)]),
    row(
        "ceph.rook.io",
        "CephCluster",
        &[
            when(
                |o| at(o, "status").is_none(),
                Progressing,
                "Waiting for status to be reported",
            ),
            Clause::Own(ceph),
        ],
    ),
    row(
        "ceph.rook.io",
        "CephObjectStore",
        &[Clause::Own(object_store)],
    ),
    row(
        "objectbucket.io",
        "ObjectBucketClaim",
        &[
            field(
                "status.phase",
                &[
                    is("Bound", Healthy, CLAIM_PHASE),
                    is("Failed", Degraded, CLAIM_PHASE),
                    is("*", Progressing, CLAIM_PHASE),
                ],
            ),
            when(
                |o| at(o, "status").is_some(),
                Progressing,
                "Waiting for phase to be reported",
            ),
            waiting("Waiting for status to be reported"),
        ],
    ),
    row(
        "ocs.openshift.io",
        "StorageCluster",
        &[
            latest(&[on("Degraded", "True", Degraded, "{message}")]),
            latest(&[on("Progressing", "True", Progressing, "{message}")]),
            latest(&[on("Available", "True", Healthy, "{message}")]),
            otherwise(Unknown, "StorageCluster is in an unknown state."),
        ],
    ),
    row(
        "minio.min.io",
        "Tenant",
        &[
            field(
                "status.currentState",
                &[
                    is("Initialized", Healthy, "{status.currentState}"),
                    is(MINIO_FAILED, Degraded, "{status.currentState}"),
                    is("*", Progressing, "{status.currentState}"),
                ],
            ),
            waiting("No status info available"),
        ],
    ),
    row(
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        &[
            Clause::Own(elasticsearch),
            otherwise(
                Unknown,
                "Elasticsearch Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug report: https://github.com/argoproj/argo-cd/issues",
            ),
        ],
    ),
    row(
        "beat.k8s.elastic.co",
        "Beat",
        &[
            field(
                "status.health",
                &[
                    is("red", Degraded, "Elastic Beat status is Red"),
                    is("green", Healthy, "Elastic Beat status is Green"),
                    is(
                        "yellow",
                        Progressing,
                        "Elastic Beat status is deploying, there is {status.availableNodes} instance(s) on {status.expectedNodes} expected|Elastic Beat phase is progressing",
                    ),
                ],
            ),
            when(
                |o| at(o, "status.health").is_none() && at(o, "status.expectedNodes").is_some(),
                Progressing,
                "Elastic Beat phase is progressing",
            ),
            otherwise(
                Unknown,
                "Elastic Beat status is unknown. Ensure your ArgoCD is current and then check for/file a bug report: https://github.com/argoproj/argo-cd/issues",
            ),
        ],
    ),
    row(
        "logstash.k8s.elastic.co",
        "Logstash",
        &[
            field(
                "status.health",
                &[
                    is("green", Healthy, "Logstash status is Green"),
                    is("yellow", Progressing, "Logstash status is Yellow"),
                    is("red", Degraded, "Logstash status is Red"),
                ],
            ),
            waiting("Waiting for Logstash"),
        ],
    ),
    row(
        "solr.apache.org",
        "SolrCloud",
        &[
            when(
                |o| at(o, "status.solrNodes").is_none(),
                Progressing,
                "Waiting for solr to exist",
            ),
            when(
                |o| {
                    list(o, "status.solrNodes")
                        .iter()
                        .any(|node| !truthy(node, "ready"))
                },
                Progressing,
                "Not all replicas are ready",
            ),
            otherwise(Healthy, "Solr is ready"),
        ],
    ),
    row(
        "zookeeper.pravega.io",
        "ZookeeperCluster",
        &[
            when(
                |o| {
                    at(o, "status").is_some()
                        && number(o, "status.readyReplicas") != Some(0.0)
                        && same(o, "status.readyReplicas", "status.replicas")
                },
                Healthy,
                "All ZK Nodes have joined the ensemble",
            ),
            waiting("Waiting for ZK Nodes to join the ensemble"),
        ],
    ),
    row(
        "core.humio.com",
        "HumioAction|HumioAlert|HumioIngestToken|HumioParser|HumioRepository|HumioView",
        &[
            field(
                "status.state",
                &[
                    is("Exists", Healthy, "Component state: Exists."),
                    is("NotFound", Missing, "Component state: NotFound."),
                    is("ConfigError", Degraded, "Component state: ConfigError."),
                    is("Unknown", Unknown, "Component state: Unknown."),
                ],
            ),
            waiting("Update in progress"),
        ],
    ),
    row(
        "core.humio.com",
        "HumioCluster",
        &[
            field("status.state", HUMIO_CLUSTER),
            waiting("Update in progress"),
        ],
    ),
];

const NODES_READY: &str = "{status.ready}/{status.size} node(s) are ready";
const CLAIM_PHASE: &str = "Object bucket claim phase is {status.phase}";

const MARIADB: &[Clause] = &[
    first(&[
        on("", "False", Degraded, "{message}").reason("Failed"),
        on("", "False", Progressing, "{message}"),
    ]),
    last(&[on("", "", Healthy, "{message}")]),
    when(has_conditions, Healthy, ""),
    waiting("No status info available"),
];

/// Returns true where there are conditions, even none.
fn has_conditions(object: &Value) -> bool {
    at(object, "status.conditions").is_some()
}

/// Phases are sentences; whatever takes writes away for a while counts as degraded.
const CLOUD_NATIVE_PG: &[crate::rule::Is] = &[
    is("Cluster in healthy state", Healthy, "{status.phaseReason}"),
    is(
        "Setting up primary|Creating a new replica|Upgrading cluster|\
         Waiting for the instances to become active|Promoting to primary cluster",
        Progressing,
        "{status.phaseReason}",
    ),
    is(
        "Switchover in progress|Failing over|Upgrading Postgres major version|\
         Cluster upgrade delayed|Waiting for user action|\
         Primary instance is being restarted in-place|\
         Primary instance is being restarted without a switchover|\
         Cluster cannot execute instance online upgrade due to missing architecture binary|\
         Online upgrade in progress|Applying configuration",
        Degraded,
        "{status.phaseReason}",
    ),
    is(
        "Unable to create required cluster objects|\
         Cluster cannot proceed to reconciliation due to an unknown plugin being required|\
         Cluster has incomplete or invalid image catalog|\
         Cluster is unrecoverable and needs manual intervention",
        Suspended,
        "{status.phaseReason}",
    ),
];

const MINIO_FAILED: &str = "Statefulset not controlled by operator|\
    Another MinIO Tenant already exists in the namespace|\
    Tenant credentials are not set properly|Different versions across MinIO Pools|\
    Pool Decommissioning Not Allowed";

const HUMIO_CLUSTER: &[crate::rule::Is] = &[
    is(
        "Running",
        Healthy,
        "{status.message}|Cluster is in a healthy running state",
    ),
    is(
        "Restarting",
        Progressing,
        "{status.message}|Cluster pods are being restarted",
    ),
    is(
        "Upgrading",
        Progressing,
        "{status.message}|Cluster pods are being upgraded",
    ),
    is(
        "ConfigError",
        Degraded,
        "{status.message}|User-provided cluster specification resulted in a configuration error",
    ),
    is(
        "Pending",
        Progressing,
        "{status.message}|Cluster is waiting on resources to be provisioned",
    ),
    is(
        "Unknown",
        Unknown,
        "{status.message}|Component state: Unknown.",
    ),
];

fn cassandra(object: &Value) -> Option<Health> {
    let racks = at(object, "status.racks").and_then(Value::as_object);
    let is_short = |rack: &Value| {
        let (members, ready) = (number(rack, "members"), number(rack, "readyMembers"));
        members.is_some() && ready.is_some() && members != ready
    };
    Some(match racks {
        Some(racks) if !racks.values().any(is_short) => Health::plain(Healthy),
        _ => Health::new(Progressing, "Waiting for Cassandra Cluster"),
    })
}

fn ceph(object: &Value) -> Option<Health> {
    let mut status = Progressing;
    let mut parts = Vec::new();
    if let Some(health) = text(object, "status.ceph.health") {
        status = match health {
            "HEALTH_ERR" | "HEALTH_WARN" => Degraded,
            "HEALTH_OK" => Healthy,
            _ => Progressing,
        };
        let details = at(object, "status.ceph.details").and_then(Value::as_object);
        let details: Vec<&str> = details
            .into_iter()
            .flat_map(value::Object::values)
            .filter_map(|detail| text(detail, "message"))
            .collect();
        parts.push(match details.is_empty() {
            true => format!("Ceph health is {health}"),
            false => format!("Ceph health is {health} ({})", details.join("; ")),
        });
    }
    if let Some(state) = text(object, "status.state")
        && status == Healthy
    {
        parts.push(format!("Ceph cluster state is {state}"));
        status = match state {
            "Created" | "Connected" => Healthy,
            "Error" => Degraded,
            _ => Progressing,
        };
    }
    let message = text(object, "status.message").filter(|message| !message.is_empty());
    parts.extend(message.map(str::to_owned));
    Some(Health::new(status, parts.join(" - ")))
}

fn object_store(object: &Value) -> Option<Health> {
    let phase = at(object, "status.phase").map(shown);
    let status = match phase.as_deref() {
        Some("Ready") => Healthy,
        Some("Failure") => Degraded,
        _ => Progressing,
    };
    let mut message = phase.map_or_else(
        || "Waiting for status to be reported".to_owned(),
        |phase| format!("Ceph object store phase is {phase}"),
    );
    if let Some(endpoint) = text(object, "status.info.endpoint").filter(|e| !e.is_empty()) {
        message += &format!(" - endpoint: {endpoint}");
    }
    Some(Health::new(status, message))
}

fn elasticsearch(object: &Value) -> Option<Health> {
    const CHECK: &str = "Check the status of indices, replicas and shards";
    let available = object.i64_at(&["status", "availableNodes"])?;
    let wanted: i64 = list(object, "spec.nodeSets")
        .iter()
        .filter_map(|set| set.i64_at(&["count"]))
        .sum();
    if available < wanted {
        let message = format!(
            "The desired amount of availableNodes is {wanted} but the current amount is {available}"
        );
        return Some(Health::new(Progressing, message));
    }
    if available > wanted {
        return None;
    }
    let health = text(object, "status.health")?;
    Some(match (text(object, "status.phase")?, health) {
        ("Ready", "green") => Health::new(Healthy, "Elasticsearch Cluster status is Green"),
        ("Ready", "yellow") => {
            let message = format!("Elasticsearch Cluster status is Yellow. {CHECK}");
            Health::new(Progressing, message)
        }
        ("Ready", "red") => {
            let message = format!("Elasticsearch Cluster status is Red. {CHECK}");
            Health::new(Degraded, message)
        }
        (phase @ ("ApplyingChanges" | "MigratingData"), _) => {
            Health::new(Progressing, format!("Elasticsearch phase is {phase}"))
        }
        ("Invalid", _) => Health::new(Degraded, "Elasticsearch phase is Invalid"),
        _ => return None,
    })
}
