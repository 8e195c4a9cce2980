//! Brokers, streams and integrations.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, at, conditions, field, first, is, is_text, number, on, otherwise, truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "rabbitmq.com",
        "Binding|Exchange|Permission|Policy|Queue|Shovel|User|Vhost",
        &[
            first(&[
                on("Ready", "True", Healthy, "RabbitMQ {lower kind} ready")
                    .reason("SuccessfulCreateOrUpdate"),
                on(
                    "Ready",
                    "False",
                    Degraded,
                    "RabbitMQ {lower kind} failed to be created or updated",
                )
                .reason("FailedCreateOrUpdate"),
            ]),
            otherwise(Unknown, "RabbitMQ {lower kind} status is unknown"),
        ],
    ),
    row(
        "rabbitmq.com",
        "RabbitmqCluster",
        &[
            first(&[on("ReconcileSuccess", "False", Degraded, "{message}")]),
            first(&[on(
                "ClusterAvailable|AllReplicasReady",
                "Unknown",
                Progressing,
                "Waiting for RabbitMQ cluster readiness (conditions unknown)",
            )]),
            first(&[on(
                "ClusterAvailable",
                "False",
                Progressing,
                "Waiting for RabbitMQ cluster formation",
            )]),
            first(&[on(
                "AllReplicasReady",
                "False",
                Progressing,
                "Waiting for RabbitMQ instances ready",
            )]),
            first(&[on(
                "ClusterAvailable",
                "True",
                Healthy,
                "RabbitMQ cluster ready",
            )
            .also(|o, _| has_true(o, "AllReplicasReady"))]),
            waiting("Waiting for RabbitMQ Operator"),
        ],
    ),
    row(
        "kafka.strimzi.io",
        "Kafka",
        &[
            first(&[
                on("NotReady", "True", Degraded, "{message}").reason("!Creating"),
                on("Ready", "True", Healthy, ""),
            ]),
            waiting("Waiting for Kafka Cluster"),
        ],
    ),
    row(
        "kafka.strimzi.io",
        "KafkaBridge|KafkaConnector",
        &[STRIMZI, waiting("Waiting for {kind}")],
    ),
    row(
        "kafka.strimzi.io",
        "KafkaConnect",
        &[STRIMZI, waiting("Waiting for Kafka Connect")],
    ),
    row(
        "kafka.strimzi.io",
        "KafkaTopic",
        &[STRIMZI, waiting("Waiting for Kafka Topic")],
    ),
    row(
        "kafka.strimzi.io",
        "KafkaUser",
        &[STRIMZI, waiting("Waiting for Kafka User")],
    ),
    row(
        "kafka.banzaicloud.io",
        "KafkaCluster",
        &[
            Clause::Own(banzai_cluster),
            waiting("Waiting for KafkaCluster"),
        ],
    ),
    row(
        "platform.confluent.io",
        "Connect|ControlCenter|Kafka|KsqlDB|SchemaRegistry|Zookeeper",
        &[
            field(
                "status.phase",
                &[
                    is("RUNNING", Healthy, "{kind} running"),
                    is("PROVISIONING", Progressing, "{kind} provisioning"),
                ],
            ),
            waiting("Waiting for {kind}"),
        ],
    ),
    row(
        "platform.confluent.io",
        "Connector",
        &[
            when(
                |o| {
                    is_text(o, "status.state", "CREATED")
                        && is_text(o, "status.connectorState", "RUNNING")
                        && at(o, "status.failedTasksCount").is_none()
                },
                Healthy,
                "Connector running",
            ),
            first(&[
                on("", "", Degraded, "{message}").also(|o, _| is_text(o, "status.state", "ERROR"))
            ]),
            field(
                "status.state",
                &[is("ERROR", Degraded, "No conditions available")],
            ),
            when(
                |o| number(o, "status.failedTasksCount") > Some(0.0),
                Degraded,
                "Connector has failed tasks",
            ),
            waiting("Waiting for Kafka Connector"),
        ],
    ),
    row(
        "flink.apache.org",
        "FlinkDeployment",
        &[
            when(
                |o| at(o, "status.reconciliationStatus").is_none(),
                Progressing,
                "Waiting for Flink operator",
            ),
            when(
                |o| {
                    truthy(o, "status.reconciliationStatus.success")
                        || is_text(o, "status.reconciliationStatus.state", "DEPLOYED")
                },
                Healthy,
                "",
            ),
            field(
                "status.jobManagerDeploymentStatus",
                &[
                    is(
                        "DEPLOYED_NOT_READY|DEPLOYING",
                        Progressing,
                        "Waiting for deploying",
                    ),
                    is("ERROR", Degraded, "{status.reconciliationStatus.error}"),
                ],
            ),
            waiting("Waiting for Flink operator"),
        ],
    ),
    row(
        "apps.3scale.net",
        "APIManager",
        &[
            when(
                |o| {
                    at(o, "status.deployments.ready").is_some()
                        && at(o, "status.deployments.starting").is_none()
                        && at(o, "status.deployments.stopped").is_none()
                },
                Healthy,
                "3scale APIManager is available",
            ),
            first(&[
                on(
                    "Available",
                    "True",
                    Healthy,
                    "3scale APIManager is available",
                ),
                on(
                    "Available",
                    "",
                    Degraded,
                    "3scale APIManager is degraded: {reason}",
                )
                .reason("!"),
            ]),
            waiting("Waiting for 3scale APIManager status..."),
        ],
    ),
    row(
        "capabilities.3scale.net",
        "ActiveDoc|CustomPolicyDefinition|Product|Backend",
        &[
            first(&[
                on("Ready", "True", Healthy, "3scale {kind} is ready")
                    .also(|o, _| !is_synchronized(o)),
                on("Synced", "True", Healthy, "3scale {kind} is synced")
                    .also(|o, _| is_synchronized(o)),
                INVALID,
                on(
                    "Orphan",
                    "True",
                    Degraded,
                    "{message}|3scale {kind} references non-existing resources",
                )
                .also(|o, _| matches!(o.str_at(&["kind"]), "ActiveDoc" | "Product")),
                FAILED,
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "Application",
        &[
            field(
                "status.state",
                &[is(
                    "suspended",
                    Suspended,
                    "3scale Application is suspended",
                )],
            ),
            first(&[
                on("Ready", "True", Healthy, "3scale Application is ready"),
                on(
                    "Ready",
                    "",
                    Degraded,
                    "{message}|3scale Application is not ready",
                )
                .also(|o, _| !is_id(o, "status.adminId")),
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "ApplicationAuth",
        &[
            first(&[
                on("Ready", "True", Healthy, "3scale ApplicationAuth is ready"),
                on(
                    "Failed",
                    "True",
                    Degraded,
                    "{message}|3scale ApplicationAuth failed",
                ),
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "DeveloperAccount",
        &[
            first(&[
                on("Ready", "True", Healthy, "3scale DeveloperAccount is ready"),
                INVALID,
                FAILED,
                on(
                    "Waiting",
                    "True",
                    Suspended,
                    "{message}|3scale DeveloperAccount is waiting for approval",
                ),
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "DeveloperUser",
        &[
            field(
                "status.developerUserState",
                &[is(
                    "suspended",
                    Suspended,
                    "3scale Developer user is waiting for admin approval",
                )],
            ),
            first(&[
                on("Ready", "True", Healthy, "3scale DeveloperUser is ready"),
                INVALID,
                on(
                    "Orphan",
                    "True",
                    Degraded,
                    "{message}|3scale DeveloperUser references non-existing resources",
                ),
                FAILED,
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "OpenAPI",
        &[
            first(&[
                on("Ready", "True", Healthy, "3scale OpenAPI is ready"),
                INVALID,
                on(
                    "Failed",
                    "True",
                    Degraded,
                    "{message}|3scale OpenAPI reconciliation failed",
                ),
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "ProxyConfigPromote",
        &[
            first(&[
                on(
                    "Ready",
                    "True",
                    Healthy,
                    "3scale ProxyConfigPromote is ready",
                ),
                on(
                    "In-progress",
                    "True",
                    Progressing,
                    "{message}|3scale ProxyConfigPromote is in progress",
                ),
                on(
                    "Failed",
                    "True",
                    Degraded,
                    "{message}|3scale ProxyConfigPromote failed",
                ),
            ]),
            SCALE_WAITING,
        ],
    ),
    row(
        "capabilities.3scale.net",
        "Tenant",
        &[
            first(&[on("Ready", "True", Healthy, "3scale Tenant is ready")
                .also(|o, _| is_id(o, "status.tenantId") && is_id(o, "status.adminId"))]),
            first(&[on(
                "Ready",
                "!True",
                Degraded,
                "{message}|3scale Tenant is degraded",
            )]),
            SCALE_WAITING,
        ],
    ),
];

const STRIMZI: Clause = first(&[
    on("NotReady", "True", Degraded, "{message}"),
    on("Ready", "True", Healthy, ""),
]);

const INVALID: crate::rule::Case = on(
    "Invalid",
    "True",
    Degraded,
    "{message}|3scale {kind} configuration is invalid",
);
const FAILED: crate::rule::Case = on(
    "Failed",
    "True",
    Degraded,
    "{message}|3scale {kind} synchronization failed",
);
const SCALE_WAITING: Clause = waiting("Waiting for 3scale {kind} status...");

/// 3scale's products and backends are synced, not ready.
fn is_synchronized(object: &Value) -> bool {
    matches!(object.str_at(&["kind"]), "Product" | "Backend")
}

/// Returns true for what 3scale has given an id.
fn is_id(object: &Value, path: &str) -> bool {
    number(object, path) > Some(0.0)
}

fn has_true(object: &Value, condition_type: &str) -> bool {
    conditions(object)
        .iter()
        .any(|c| c.str_at(&["type"]) == condition_type && c.str_at(&["status"]) == "True")
}

fn banzai_cluster(object: &Value) -> Option<Health> {
    let state = object.str_at(&["status", "state"]);
    if state == "ClusterRollingUpgrading" {
        return Some(Health::new(
            Progressing,
            "Kafka Cluster is Rolling Upgrading.",
        ));
    }
    let brokers = at(object, "status.brokersState").and_then(Value::as_object)?;
    let is_good = |broker: &Value| {
        let scaled = broker.str_at(&["gracefulActionState", "cruiseControlState"]);
        broker.str_at(&["configurationState"]) == "ConfigInSync"
            && matches!(
                scaled,
                "GracefulUpscaleSucceeded" | "GracefulDownscaleSucceeded"
            )
    };
    if !brokers.values().all(is_good) {
        let message = "Broker Config is out of Sync or CruiseControlState is not Ready";
        return Some(Health::new(Degraded, message));
    }
    let topic = object.str_at(&["status", "cruiseControlTopicStatus"]);
    match (topic, state) {
        ("CruiseControlTopicReady", "ClusterRunning") => Some(Health::new(
            Healthy,
            "Kafka Brokers, CruiseControl and cluster are in Healthy State.",
        )),
        ("CruiseControlTopicNotReady" | "", "ClusterReconciling") => {
            Some(Health::new(Progressing, "Kafka Cluster is Reconciling."))
        }
        _ => None,
    }
}
