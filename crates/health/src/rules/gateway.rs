//! Gateways and their routes: the Gateway API, Gloo, Contour, Airlock.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use crate::rule::{Clause, at, field, first, is, is_text, list, on, shown, text, waiting, when};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "gateway.networking.k8s.io",
        "Gateway",
        &[Clause::Own(gateway), waiting("Waiting for Gateway status")],
    ),
    row(
        "gateway.networking.k8s.io",
        "GatewayClass",
        &[
            first(&[
                on(
                    "Accepted",
                    "True",
                    Healthy,
                    "{message}|GatewayClass is accepted",
                )
                .also(of_this_generation),
                on(
                    "Accepted",
                    "False",
                    Degraded,
                    "{message}|GatewayClass is not accepted",
                )
                .also(of_this_generation),
                on(
                    "Accepted",
                    "",
                    Progressing,
                    "{message}|Waiting for GatewayClass status",
                )
                .also(of_this_generation),
            ]),
            waiting("Waiting for GatewayClass status"),
        ],
    ),
    row(
        "gateway.networking.k8s.io",
        "HTTPRoute|GRPCRoute",
        &[Clause::Own(route), waiting("Waiting for {kind} status")],
    ),
    row(
        "gateway.networking.k8s.io",
        "BackendTLSPolicy",
        &[
            Clause::Own(backend_policy),
            waiting("Waiting for {kind} status"),
        ],
    ),
    row(
        "microgateway.airlock.com",
        "*",
        &[
            when(
                |o| !o.str_at(&["kind"]).ends_with("Policy"),
                Healthy,
                "{kind} is healthy",
            ),
            Clause::Own(airlock_policy),
            waiting("Waiting for {kind} status"),
        ],
    ),
    row(
        "gateway.solo.io",
        "Gateway|MatchableHttpGateway|RouteOption|RouteTable|VirtualHostOption|VirtualService",
        &[Clause::Own(gloo), waiting("Update in progress")],
    ),
    row(
        "gloo.solo.io",
        "Proxy|Settings|Upstream|UpstreamGroup",
        &[Clause::Own(gloo), waiting("Update in progress")],
    ),
    row(
        "projectcontour.io",
        "ExtensionService",
        &[
            first(&[
                on("Valid", "True", Healthy, "{message}").also(observed),
                on("Valid", "False", Degraded, "{message}").also(observed),
            ]),
            waiting("Waiting for status"),
        ],
    ),
    row(
        "projectcontour.io",
        "HTTPProxy",
        &[
            first(&[
                on("Valid", "True", Healthy, "{status.description}").also(observed),
                on("Valid", "False", Degraded, "{status.description}")
                    .also(|o, c| observed(o, c) && at(o, "spec.includes").is_none()),
            ]),
            // What a proxy includes has its own status, and one that isn't found doesn't count.
            first(&[on(
                "",
                "False",
                Healthy,
                "HTTPProxy inclusions cannot be health checked",
            )
            .also(|o, c| observed(o, c) && at(o, "spec.includes").is_some())]),
            when(
                |o| at(o, "status.conditions").is_none() && at(o, "status.currentStatus").is_some(),
                Progressing,
                "{status.description}",
            ),
            waiting("Waiting for status"),
        ],
    ),
    row(
        "networking.gke.io",
        "ManagedCertificate",
        &[
            when(
                |o| {
                    list(o, "status.domainStatus")
                        .iter()
                        .any(|domain| is_text(domain, "status", "FailedNotVisible"))
                },
                Degraded,
                "At least one certificate has failed to be provisioned",
            ),
            field(
                "status.certificateStatus",
                &[is("Active", Healthy, "All certificates are active")],
            ),
            waiting("At least one certificate is still being provisioned"),
        ],
    ),
];

/// Returns true if a condition is of the object's present generation.
pub(super) fn observed(object: &Value, condition: &Value) -> bool {
    condition.get("observedGeneration") == object.at(&["metadata", "generation"])
}

/// The same, where either side may keep quiet about it.
fn of_this_generation(object: &Value, condition: &Value) -> bool {
    at(object, "metadata.generation").is_none()
        || at(condition, "observedGeneration").is_none()
        || observed(object, condition)
}

/// Returns what is wrong by conditions that a gateway, a listener or a parent of a route has.
fn trouble(conditions: &[Value], what: &str) -> Option<Health> {
    for condition_type in ["ResolvedRefs", "Accepted"] {
        let is_bad =
            |c: &&Value| c.str_at(&["type"]) == condition_type && c.str_at(&["status"]) == "False";
        if let Some(bad) = conditions.iter().find(is_bad) {
            let message = text(bad, "message").map_or_else(
                || format!("Failed condition: {condition_type}"),
                str::to_owned,
            );
            return Some(Health::new(Degraded, message));
        }
    }
    let pending = conditions
        .iter()
        .find(|c| c.str_at(&["type"]) == "Programmed" && c.str_at(&["status"]) != "True")?;
    let message = text(pending, "message").map_or_else(
        || format!("{what} is still being programmed"),
        str::to_owned,
    );
    Some(Health::new(Progressing, message))
}

fn said_of(who: &str, mut health: Health) -> Health {
    health.message = format!("{who}: {}", health.message);
    health
}

fn gateway(object: &Value) -> Option<Health> {
    if let Some(trouble) = trouble(list(object, "status.conditions"), "Gateway") {
        return Some(trouble);
    }
    let listeners = list(object, "status.listeners");
    let trouble = listeners
        .iter()
        .find_map(|listener| trouble(listener.array_at(&["conditions"]), "Listener"));
    if let Some(trouble) = trouble {
        return Some(said_of("Listener", trouble));
    }
    (at(object, "status.conditions").is_some() || !listeners.is_empty())
        .then(|| Health::new(Healthy, "Gateway is healthy"))
}

fn route(object: &Value) -> Option<Health> {
    let parents = list(object, "status.parents");
    let kind = object.str_at(&["kind"]);
    // Only HTTP routes wait for every parent to have seen the present generation.
    let counts = |parent: &Value| {
        let conditions = parent.array_at(&["conditions"]);
        kind != "HTTPRoute"
            || at(object, "metadata.generation").is_none()
            || (!conditions.is_empty() && conditions.iter().all(|c| of_this_generation(object, c)))
    };
    for parent in parents.iter().filter(|parent| counts(parent)) {
        if let Some(trouble) = trouble(parent.array_at(&["conditions"]), "Route") {
            let name = parent.str_at(&["parentRef", "name"]);
            return Some(said_of(&format!("Parent {name}"), trouble));
        }
    }
    parents
        .iter()
        .any(|parent| !parent.array_at(&["conditions"]).is_empty() && counts(parent))
        .then(|| Health::new(Healthy, format!("{kind} is healthy")))
}

fn ancestor_name(ancestor: &Value) -> String {
    format!("Ancestor {}", ancestor.str_at(&["ancestorRef", "name"]))
}

/// A policy is as its ancestors say, the last of them if none complains.
fn policy(object: &Value, must_be_observed: bool, must_be_accepted: bool) -> Option<Health> {
    let kind = object.str_at(&["kind"]);
    let ancestors = list(object, "status.ancestors");
    if at(object, "metadata.generation").is_some() {
        for ancestor in ancestors {
            let is_stale = |c: &Value| match at(c, "observedGeneration") {
                Some(_) => !observed(object, c),
                None => must_be_observed,
            };
            if ancestor.array_at(&["conditions"]).iter().any(is_stale) {
                let who = ancestor_name(ancestor);
                let message = format!("Waiting for {who} to update {kind} status");
                return Some(Health::new(Progressing, message));
            }
        }
    }
    let mut health = None;
    for ancestor in ancestors {
        let mut is_accepted = false;
        for condition in ancestor.array_at(&["conditions"]) {
            let condition_type = condition.str_at(&["type"]);
            if !matches!(condition_type, "Accepted" | "ResolvedRefs") {
                continue;
            }
            if condition.str_at(&["status"]) != "True" {
                let bad = Health::new(Degraded, condition.str_at(&["message"]));
                return Some(said_of(&ancestor_name(ancestor), bad));
            }
            if condition_type == "Accepted" {
                is_accepted = true;
                health = Some(Health::new(Healthy, format!("{kind} is healthy")));
            }
        }
        if must_be_accepted && !is_accepted {
            let bad = Health::new(Degraded, format!("{kind} is not accepted"));
            health = Some(said_of(&ancestor_name(ancestor), bad));
        }
    }
    health
}

fn backend_policy(object: &Value) -> Option<Health> {
    policy(object, false, false)
}

fn airlock_policy(object: &Value) -> Option<Health> {
    policy(object, true, true)
}

/// Gloo writes its states as words or numbers, per namespace or once.
fn gloo(object: &Value) -> Option<Health> {
    let judge = |status: &Value| {
        let reason = status.str_at(&["reason"]);
        Some(match at(status, "state").map(shown)?.as_str() {
            "Accepted" | "1" => Health::new(Healthy, "The resource has been validated"),
            "Warning" | "3" | "Rejected" | "2" => Health::new(Degraded, reason),
            "Pending" | "0" => Health::new(Suspended, "The resource has not yet been validated"),
            _ => return None,
        })
    };
    let status = at(object, "status")?;
    let namespaces = status.at(&["statuses"]).and_then(Value::as_object);
    namespaces
        .into_iter()
        .flat_map(value::Object::values)
        .find_map(judge)
        .or_else(|| judge(status))
}
