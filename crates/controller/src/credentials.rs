//! Logins of repositories, from the Secrets that Argo CD's users have.

use crate::projects::ProjectCluster;
use api::names;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use source::{Credential, Credentials, Login, PassCredentials, Tls, Verify};
use value::Value;

/// What a Secret may have that isn't supported yet.
const UNSUPPORTED: &[&str] = &[
    "sshPrivateKey",
    "githubAppPrivateKey",
    "gcpServiceAccountKey",
    "azureServicePrincipalClientSecret",
    "proxy",
];

/// Reads the Secrets of repositories and the ConfigMap of authorities; what can't be used is told in
/// `problems`, without any secret.
pub(crate) fn read<'a>(
    secrets: impl IntoIterator<Item = &'a Value>,
    authorities: Option<&Value>,
    problems: &mut Vec<String>,
) -> Credentials {
    let known = secrets
        .into_iter()
        .filter_map(|secret| credential(secret, problems));
    let known = known.collect();
    let hosts = authorities.and_then(|a| a.get("data")?.as_object());
    let authorities = hosts
        .into_iter()
        .flat_map(value::Object::iter)
        .filter_map(|(host, pem)| Some((host.to_string(), pem.as_str()?.to_owned())));
    Credentials::new(known, authorities.collect())
}

/// Returns the clusters that belong to projects, from their Secrets.
pub(crate) fn project_clusters<'a>(
    secrets: impl IntoIterator<Item = &'a Value>,
) -> Vec<ProjectCluster> {
    let clusters = secrets
        .into_iter()
        .filter(|secret| secret.str_at(&["metadata", "labels", names::SECRET_TYPE]) == "cluster");
    let clusters = clusters.filter_map(|secret| {
        Some(ProjectCluster {
            project: text(secret, "project")?,
            cluster: project::Cluster {
                server: text(secret, "server")?,
                name: text(secret, "name").unwrap_or_default(),
            },
        })
    });
    clusters.collect()
}

/// Returns a value of a Secret, if there is one.
fn text(secret: &Value, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(secret.str_at(&["data", key])).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

fn credential(secret: &Value, problems: &mut Vec<String>) -> Option<Credential> {
    let is_prefix = match secret.str_at(&["metadata", "labels", names::SECRET_TYPE]) {
        "repository" => false,
        "repo-creds" => true,
        _ => return None,
    };
    let name = secret.str_at(&["metadata", "name"]);
    let text = |key: &str| text(secret, key);
    let flag = |key: &str| text(key).is_some_and(|t| t == "true");
    let Some(url) = text("url") else {
        problems.push(format!("Secret {name}: it names no url"));
        return None;
    };
    for key in UNSUPPORTED {
        if text(key).is_some() {
            problems.push(format!("Secret {name}: {key} is not supported yet"));
        }
    }
    let login = match (text("username"), text("password"), text("bearerToken")) {
        (_, _, Some(token)) => Some(Login::Bearer(token)),
        (None, None, None) => None,
        (user, password, None) => Some(Login::Basic {
            user: user.unwrap_or_default(),
            password: password.unwrap_or_default(),
        }),
    };
    let identity = text("tlsClientCertData").zip(text("tlsClientCertKey"));
    Some(Credential {
        url,
        is_prefix,
        project: match is_prefix {
            true => String::new(),
            false => text("project").unwrap_or_default(),
        },
        login,
        tls: Tls {
            authorities: None,
            identity: identity.map(|(certificate, key)| format!("{certificate}\n{key}\n")),
            verify: match flag("insecure") {
                true => Verify::No,
                false => Verify::Yes,
            },
        },
        pass_credentials: PassCredentials::OwnHost,
        is_plain_http: flag("insecureOCIForceHttp"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    fn secret(kind: &str, data: &[(&str, &str)]) -> Value {
        let mut secret = json!({
            "metadata": {"name": "s", "labels": {"argocd.argoproj.io/secret-type": kind}},
        });
        for (key, text) in data {
            secret.set_at(&["data", key], STANDARD.encode(text));
        }
        secret
    }

    #[test]
    fn argo_cd_s_secrets_are_read() {
        let mut problems = Vec::new();
        let secrets = [
            secret(
                "repository",
                &[
                    ("url", "https://git/x"),
                    ("username", "bob"),
                    ("password", "s3cret\n"),
                ],
            ),
            secret(
                "repo-creds",
                &[("url", "https://git/"), ("bearerToken", "t")],
            ),
            secret("cluster", &[("server", "https://c")]),
            secret("repository", &[("username", "bob")]),
            secret(
                "repository",
                &[("url", "git@host:x"), ("sshPrivateKey", "s3cret")],
            ),
        ];
        let certs = json!({"data": {"git": "PEM"}});
        let credentials = read(&secrets, Some(&certs), &mut problems);
        let own = credentials.of("https://git/x", "default");
        let bob = Login::Basic {
            user: "bob".into(),
            password: "s3cret".into(),
        };
        assert_eq!(own.login, Some(bob));
        assert_eq!(own.tls.authorities.as_deref(), Some("PEM"));
        assert_eq!(
            credentials.of("https://git/other", "").login,
            Some(Login::Bearer("t".into()))
        );
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(!problems.concat().contains("s3cret"));
    }
}
