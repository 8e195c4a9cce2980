//! Services, what is behind them and what leads to them.

use std::collections::BTreeSet;

use value::{Value, json};

use super::row::Row;
use super::{Layout, format, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "Service" => layout(
            "Name|Type|Cluster-IP|External-IP|Port(s)|Age|+Selector",
            service,
        ),
        "Endpoints" => layout("Name|Endpoints|Age", |row| {
            json!([row.name(), endpoints(row.items("subsets")), row.age()])
        }),
        "EndpointSlice" => layout("Name|AddressType|Ports|Endpoints|Age", endpoint_slice),
        "Ingress" => layout("Name|Class|Hosts|Address|Ports|Age", ingress),
        "IngressClass" => layout("Name|Controller|Parameters|Age", ingress_class),
        "NetworkPolicy" => layout("Name|Pod-Selector|Age", |row| {
            json!([
                row.name(),
                format::selector(row.at("spec.podSelector")),
                row.age()
            ])
        }),
        "IPAddress" => layout("Name|ParentRef|Age", |row| {
            json!([row.name(), parent(row), row.age()])
        }),
        "ServiceCIDR" => layout("Name|CIDRs|Age", |row| {
            json!([
                row.name(),
                format::strings(row.items("spec.cidrs"), ","),
                row.age()
            ])
        }),
        _ => None,
    }
}

/// Addresses, ports and hosts that one cell shows.
const SHOWN_MAX: usize = 3;

fn service(row: &Row) -> Value {
    let cluster_ip = match row.items("spec.clusterIPs").first().and_then(Value::as_str) {
        Some(ip) => ip,
        None => row.text("spec.clusterIP"),
    };
    json!([
        row.name(),
        row.text("spec.type"),
        format::or_none(cluster_ip.to_owned()),
        external_ip(row),
        service_ports(row.items("spec.ports")),
        row.age(),
        format::labels(row.at("spec.selector")),
    ])
}

fn external_ip(row: &Row) -> String {
    let external = format::strings(row.items("spec.externalIPs"), ",");
    match row.text("spec.type") {
        "ExternalName" => row.text("spec.externalName").to_owned(),
        "LoadBalancer" => match (balancer_addresses(row), external) {
            (balancer, external) if balancer.is_empty() && external.is_empty() => {
                "<pending>".to_owned()
            }
            (balancer, external) if external.is_empty() => balancer,
            (balancer, external) if balancer.is_empty() => external,
            (balancer, external) => format!("{balancer},{external}"),
        },
        "ClusterIP" | "NodePort" => format::or_none(external),
        _ => "<unknown>".to_owned(),
    }
}

fn balancer_addresses(row: &Row) -> String {
    let mut addresses = BTreeSet::new();
    for ingress in row.items("status.loadBalancer.ingress") {
        let address = match ingress.str_at(&["ip"]) {
            "" => ingress.str_at(&["hostname"]),
            ip => ip,
        };
        if !address.is_empty() {
            addresses.insert(address);
        }
    }
    addresses.into_iter().collect::<Vec<_>>().join(",")
}

fn service_ports(ports: &[Value]) -> String {
    let port = |port: &Value| {
        let number = port.i64_at(&["port"]).unwrap_or(0);
        let protocol = port.str_at(&["protocol"]);
        match port.i64_at(&["nodePort"]) {
            Some(node) if node > 0 => format!("{number}:{node}/{protocol}"),
            _ => format!("{number}/{protocol}"),
        }
    };
    format::or_none(ports.iter().map(port).collect::<Vec<_>>().join(","))
}

fn endpoints(subsets: &[Value]) -> String {
    let mut list = Vec::new();
    for subset in subsets {
        let addresses = subset.array_at(&["addresses"]);
        let ports = subset.array_at(&["ports"]);
        if ports.is_empty() {
            list.extend(addresses.iter().map(|a| a.str_at(&["ip"]).to_owned()));
        }
        for port in ports {
            let port = port.i64_at(&["port"]).unwrap_or(0);
            list.extend(addresses.iter().map(|a| match a.str_at(&["ip"]) {
                v6 if v6.contains(':') => format!("[{v6}]:{port}"),
                v4 => format!("{v4}:{port}"),
            }));
        }
    }
    format::or_none(format::first_few(&list, SHOWN_MAX, ","))
}

fn endpoint_slice(row: &Row) -> Value {
    let ports: Vec<String> = row
        .items("ports")
        .iter()
        .map(|p| {
            p.i64_at(&["port"])
                .map_or_else(|| "*".to_owned(), |port| port.to_string())
        })
        .collect();
    let endpoints: Vec<&str> = row
        .items("endpoints")
        .iter()
        .flat_map(|e| e.array_at(&["addresses"]))
        .filter_map(Value::as_str)
        .collect();
    let shown = |text: String| {
        if text.is_empty() {
            "<unset>".to_owned()
        } else {
            text
        }
    };
    json!([
        row.name(),
        row.text("addressType"),
        shown(format::first_few(&ports, SHOWN_MAX, ",")),
        shown(format::first_few(&endpoints, SHOWN_MAX, ",")),
        row.age(),
    ])
}

fn ingress(row: &Row) -> Value {
    let rules = row.items("spec.rules");
    let ports = if row.items("spec.tls").is_empty() {
        "80"
    } else {
        "80, 443"
    };
    json!([
        row.name(),
        row.text_or("spec.ingressClassName", "<none>"),
        hosts(rules),
        balancer_addresses(row),
        ports,
        row.age(),
    ])
}

/// Names the hosts of rules. What is counted beyond them is rules, with or without a host.
fn hosts(rules: &[Value]) -> String {
    let hosts: Vec<&str> = rules.iter().map(|r| r.str_at(&["host"])).collect();
    let mut named: Vec<&str> = Vec::new();
    for host in hosts {
        if named.len() == SHOWN_MAX {
            return format!("{} + {} more...", named.join(","), rules.len() - SHOWN_MAX);
        }
        if !host.is_empty() {
            named.push(host);
        }
    }
    if named.is_empty() {
        "*".to_owned()
    } else {
        named.join(",")
    }
}

fn ingress_class(row: &Row) -> Value {
    let default = row.is_default(&["ingressclass.kubernetes.io/is-default-class"]);
    let parameters = row.at("spec.parameters").map(|parameters| {
        let group = parameters.get("apiGroup").and_then(Value::as_str);
        let group = group.map(|g| format!(".{g}")).unwrap_or_default();
        format!(
            "{}{group}/{}",
            parameters.str_at(&["kind"]),
            parameters.str_at(&["name"])
        )
    });
    json!([
        format!("{}{}", row.name(), if default { " (default)" } else { "" }),
        row.text("spec.controller"),
        format::or_none(parameters.unwrap_or_default()),
        row.age(),
    ])
}

fn parent(row: &Row) -> String {
    if row.at("spec.parentRef").is_none() {
        return "<none>".to_owned();
    }
    let mut parent = row.text("spec.parentRef.resource").to_lowercase();
    let group = row.text("spec.parentRef.group");
    if !group.is_empty() {
        parent = format!("{parent}.{}", group.to_lowercase());
    }
    for part in [
        row.text("spec.parentRef.namespace"),
        row.text("spec.parentRef.name"),
    ] {
        if !part.is_empty() {
            parent = format!("{parent}/{part}");
        }
    }
    parent
}
