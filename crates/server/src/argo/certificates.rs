//! What repositories' servers are known by: SSH host keys and TLS certificates, in the ConfigMaps
//! where Argo CD keeps them.

use super::x509;
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::session::list;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use rbac::{Permit, Resource, action};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::glob::Glob;
use value::{Object, Value, json};

const KNOWN_HOSTS: &str = "argocd-ssh-known-hosts-cm";
const KNOWN_HOSTS_KEY: &str = "ssh_known_hosts";
const AUTHORITIES: &str = "argocd-tls-certs-cm";
/// Host keys that are read, as many as Argo CD reads.
const ENTRIES_MAX: usize = 256;

/// A line of the known hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HostKey {
    host: String,
    kind: String,
    data: String,
}

/// What there is, with the version of each ConfigMap it was read from.
struct Known {
    keys: Vec<HostKey>,
    authorities: BTreeMap<String, String>,
}

/// What a request chooses.
struct Selector {
    host: Option<Glob>,
    ssh: bool,
    tls: bool,
    kind: String,
}

impl Selector {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let pattern = call.param("hostNamePattern");
        let host = match pattern {
            "" => None,
            // Brackets stand in the names of hosts with a port: they mean themselves.
            pattern => {
                let escaped = pattern.replace('[', "\\[").replace(']', "\\]");
                let glob = Glob::new(&escaped, &['/']);
                Some(glob.map_err(|e| Refusal::invalid(format!("hostNamePattern: {e}")))?)
            }
        };
        let kind = call.param("certType");
        Ok(Self {
            host,
            ssh: matches!(kind, "" | "*" | "ssh"),
            tls: matches!(kind, "" | "*" | "https" | "tls"),
            kind: call.param("certSubType").trim_matches('*').to_owned(),
        })
    }

    fn has_host(&self, host: &str) -> bool {
        self.host.as_ref().is_none_or(|glob| glob.matches(host))
    }

    fn has_key(&self, key: &HostKey) -> bool {
        self.ssh && self.has_host(&key.host) && (self.kind.is_empty() || self.kind == key.kind)
    }

    fn has_authority(&self, host: &str) -> bool {
        self.tls && self.has_host(host)
    }
}

fn host_keys(text: &str) -> Vec<HostKey> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.filter_map(|line| {
        let mut parts = line.splitn(3, ' ');
        let mut next = || parts.next().map(str::to_owned);
        Some(HostKey {
            host: next()?,
            kind: next()?,
            data: next()?,
        })
    });
    keys.take(ENTRIES_MAX).collect()
}

/// Returns a host key's fingerprint; empty if it is no key.
fn fingerprint(data: &str) -> String {
    let data = data.split_whitespace().next().unwrap_or_default();
    let digest = STANDARD.decode(data).map(Sha256::digest);
    digest.map_or_else(|_| String::new(), |d| STANDARD_NO_PAD.encode(d))
}

/// Returns true if a host key is one: the kind stands in the data too.
fn is_key(key: &HostKey) -> bool {
    let data = key.data.split_whitespace().next().unwrap_or_default();
    let Ok(bytes) = STANDARD.decode(data) else {
        return false;
    };
    let Some((length, rest)) = bytes.split_at_checked(4) else {
        return false;
    };
    let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
    rest.get(..length) == Some(key.kind.as_bytes()) && rest.len() > length
}

/// Returns true for names of hosts and addresses, as Argo CD takes them.
fn is_host(name: &str) -> bool {
    let inner = name
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]:"))
        .map_or(name, |(host, _)| host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    inner.parse::<std::net::IpAddr>().is_ok()
        || (inner.len() <= 253 && inner.split('.').all(is_label))
}

fn path(desk: &Desk, name: &str) -> String {
    let namespace = desk.namespace();
    format!("/api/v1/namespaces/{namespace}/configmaps/{name}")
}

async fn known(desk: &Desk) -> Known {
    let keys = desk.kept(&path(desk, KNOWN_HOSTS)).await;
    let text = keys.as_ref().map(|m| m.str_at(&["data", KNOWN_HOSTS_KEY]));
    let authorities = desk.kept(&path(desk, AUTHORITIES)).await;
    let data = authorities
        .as_ref()
        .and_then(|m| m.get("data")?.as_object());
    let data = data.into_iter().flat_map(Object::iter);
    let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Known {
        keys: host_keys(text.unwrap_or_default()),
        authorities: data
            .map(|(host, pem)| (host.to_string(), text_of(pem)))
            .collect(),
    }
}

/// Writes a ConfigMap of the installation, which need not be there.
pub(super) async fn write(
    desk: &Desk,
    permit: &Permit,
    name: &str,
    data: Value,
) -> Result<(), Refusal> {
    let client = desk.client(permit);
    let path = path(desk, name);
    let patch = json!({"data": data});
    let manager = "?fieldManager=windlass-dashboard";
    match client
        .merge_patch(&format!("{path}{manager}"), &patch)
        .await
    {
        Err(error) if error.is_not_found() => {
            let mut map = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {
                    "name": name, "namespace": desk.namespace(),
                    "labels": {"app.kubernetes.io/part-of": "argocd"},
                },
            });
            map.merge_patch(&patch);
            let (collection, _) = path.rsplit_once('/').unwrap_or_default();
            client
                .create(&format!("{collection}{manager}"), &map)
                .await?;
        }
        answer => {
            answer?;
        }
    }
    Ok(())
}

fn ssh(key: &HostKey, data: &str, info: String) -> Value {
    certificate(&key.host, "ssh", &key.kind, data, info)
}

/// Returns a certificate as Argo CD has it.
fn certificate(host: &str, kind: &str, sub: &str, data: &str, info: String) -> Value {
    let data = match data {
        "" => Value::Null,
        data => STANDARD.encode(data).into(),
    };
    json!({
        "serverName": host, "certType": kind, "certSubType": sub, "certData": data,
        "certInfo": info,
    })
}

/// `GET /api/v1/certificates`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    call.caller
        .permit(Resource::Certificates, action::GET, "")?;
    let selector = Selector::of(&call)?;
    let known = known(&desk).await;
    let keys = known.keys.iter().filter(|key| selector.has_key(key));
    let mut items: Vec<Value> = keys
        .map(|key| ssh(key, "", format!("SHA256:{}", fingerprint(&key.data))))
        .collect();
    for (host, pem) in known.authorities {
        if !selector.has_authority(&host) {
            continue;
        }
        for pem in x509::split(&pem).unwrap_or_default() {
            let (sub, info) = match x509::read(&pem) {
                Some(found) => (found.algorithm, found.subject),
                None => ("invalid", "could not parse X509 data from input".to_owned()),
            };
            items.push(certificate(&host, "https", sub, "", info));
        }
    }
    Ok(list(items).into())
}

/// `POST /api/v1/certificates`
pub(crate) async fn create(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let permit = call
        .caller
        .permit(Resource::Certificates, action::CREATE, "")?;
    let upsert = call.flag("upsert");
    let mut known = known(&desk).await;
    let (mut made, mut hosts) = (Vec::new(), Object::new());
    let mut are_keys_new = false;
    for it in body.array_at(&["items"]) {
        let host = it.str_at(&["serverName"]);
        if !is_host(host) {
            return Err(Refusal::invalid(format!(
                "invalid hostname in request: {host}"
            )));
        }
        let data = STANDARD.decode(it.str_at(&["certData"])).ok();
        let data = data.and_then(|bytes| String::from_utf8(bytes).ok());
        let data = data.ok_or_else(|| Refusal::invalid("certData is not text in base64"))?;
        match it.str_at(&["certType"]) {
            "ssh" => {
                let key = HostKey {
                    host: host.to_owned(),
                    kind: it.str_at(&["certSubType"]).to_owned(),
                    data: data.trim().to_owned(),
                };
                if add_key(&mut known.keys, &key, upsert)? {
                    are_keys_new = true;
                    made.push(ssh(&key, &key.data, fingerprint(&key.data)));
                }
            }
            "https" => {
                let pems = x509::split(&data).map_err(Refusal::invalid)?;
                if pems.is_empty() {
                    return Err(Refusal::invalid("no valid PEM data received"));
                }
                if pems.iter().any(|pem| x509::read(pem).is_none()) {
                    return Err(Refusal::invalid("could not parse X509 data from input"));
                }
                match known.authorities.get(host) {
                    Some(there) if *there == data => continue,
                    Some(_) if !upsert => {
                        return Err(Refusal::invalid(format!(
                            "TLS certificate for server '{host}' already exists, and upsert was \
                             not specified"
                        )));
                    }
                    _ => {}
                }
                for pem in &pems {
                    made.push(certificate(host, "https", "", pem, String::new()));
                }
                hosts.insert(host, data.as_str());
                known.authorities.insert(host.to_owned(), data);
            }
            other => {
                return Err(Refusal::invalid(format!(
                    "unknown certificate type: {other}"
                )));
            }
        }
    }
    if are_keys_new {
        write(&desk, &permit, KNOWN_HOSTS, keys_data(&known.keys)).await?;
    }
    if !hosts.is_empty() {
        write(&desk, &permit, AUTHORITIES, hosts.into()).await?;
    }
    told(&desk, &call, &made, "set");
    Ok(list(made).into())
}

fn told(desk: &Desk, call: &Call, certificates: &[Value], what: &str) {
    for it in certificates {
        let (kind, host) = (it.str_at(&["certType"]), it.str_at(&["serverName"]));
        let message = format!("the {kind} certificate of {host} was {what}");
        desk.audit(&call.caller, "", "certificate", message);
    }
}

/// Adds a host key, or puts it in the place of another one. Returns false if it is there already.
fn add_key(keys: &mut Vec<HostKey>, new: &HostKey, upsert: bool) -> Result<bool, Refusal> {
    if !is_key(new) {
        return Err(Refusal::invalid(format!(
            "the key of '{}' is no {} key",
            new.host, new.kind
        )));
    }
    let is_it = |key: &&mut HostKey| key.host == new.host && key.kind == new.kind;
    match keys.iter_mut().find(is_it) {
        Some(there) if there.data == new.data => Ok(false),
        Some(_) if !upsert => Err(Refusal::invalid(format!(
            "key for '{}' (subtype: '{}') already exists, and upsert was not specified",
            new.host, new.kind
        ))),
        Some(there) => {
            there.data.clone_from(&new.data);
            Ok(true)
        }
        None => {
            keys.push(new.clone());
            Ok(true)
        }
    }
}

fn keys_data(keys: &[HostKey]) -> Value {
    let lines = keys.iter().map(|key| {
        let HostKey { host, kind, data } = key;
        format!("{host} {kind} {data}\n")
    });
    let mut data = Value::object();
    data.set_at(&[KNOWN_HOSTS_KEY], lines.collect::<String>());
    data
}

/// `DELETE /api/v1/certificates`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let permit = call
        .caller
        .permit(Resource::Certificates, action::DELETE, "")?;
    let selector = Selector::of(&call)?;
    let known = known(&desk).await;
    let (gone, left): (Vec<HostKey>, Vec<HostKey>) = known
        .keys
        .into_iter()
        .partition(|key| selector.has_key(key));
    let mut removed: Vec<Value> = gone
        .iter()
        .map(|key| ssh(key, &key.data, String::new()))
        .collect();
    let mut hosts = Object::new();
    for (host, pem) in known.authorities {
        if !selector.has_authority(&host) {
            continue;
        }
        for pem in x509::split(&pem).unwrap_or_default() {
            removed.push(certificate(&host, "https", "", &pem, String::new()));
        }
        hosts.insert(host, Value::Null);
    }
    if !gone.is_empty() {
        write(&desk, &permit, KNOWN_HOSTS, keys_data(&left)).await?;
    }
    if !hosts.is_empty() {
        write(&desk, &permit, AUTHORITIES, hosts.into()).await?;
    }
    told(&desk, &call, &removed, "taken out");
    Ok(list(removed).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    fn key(host: &str) -> HostKey {
        HostKey {
            host: host.into(),
            kind: "ssh-ed25519".into(),
            data: KEY.into(),
        }
    }

    #[test]
    fn known_hosts_are_read_and_written() {
        let text = format!("# comment\n\ngithub.com ssh-ed25519 {KEY}\nbroken line\n");
        let keys = host_keys(&text);
        assert_eq!(keys, [key("github.com")]);
        let want = format!("github.com ssh-ed25519 {KEY}\n");
        assert_eq!(keys_data(&keys).str_at(&[KNOWN_HOSTS_KEY]), want);
        assert_eq!(
            fingerprint(KEY),
            "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
        );
    }

    #[test]
    fn another_key_needs_to_be_meant() {
        let mut keys = vec![key("a")];
        assert_eq!(add_key(&mut keys, &key("a"), false).ok(), Some(false));
        assert_eq!(add_key(&mut keys, &key("b"), false).ok(), Some(true));
        let mut other = key("a");
        other.data = KEY.replace("GKJl", "GKJk");
        assert!(add_key(&mut keys, &other, false).is_err());
        assert_eq!(add_key(&mut keys, &other, true).ok(), Some(true));
        other.kind = "ssh-rsa".into();
        assert!(
            add_key(&mut keys, &other, true).is_err(),
            "it is another kind"
        );
    }

    #[test]
    fn hosts_are_names_and_addresses() {
        for (host, want) in [
            ("git.example.com", true),
            ("[git.example.com]:2222", true),
            ("10.0.0.1", true),
            ("fe80::1", true),
            ("-x", false),
            ("a b", false),
            ("../x", false),
            ("", false),
        ] {
            assert_eq!(is_host(host), want, "{host}");
        }
    }
}
