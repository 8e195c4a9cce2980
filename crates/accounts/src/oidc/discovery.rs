//! What a provider says of itself.

use super::{Http, OidcError, web};
use value::Value;

/// A provider's addresses.
#[derive(Debug)]
pub(super) struct Discovery {
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) keys: String,
    /// How its tokens are signed.
    pub(super) algorithms: Vec<String>,
    /// Whether the client's secret may be sent in the header, as it should be.
    pub(super) takes_basic: bool,
}

impl Discovery {
    pub(super) async fn fetch(http: &impl Http, issuer: &str) -> Result<Self, OidcError> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let said = web::get(http, &url).await?;
        let got = said.str_at(&["issuer"]);
        if got != issuer {
            return Err(OidcError::Issuer {
                want: issuer.to_owned(),
                got: web::printable(got),
            });
        }
        let address = |name: &str, why: &'static str| match said.str_at(&[name]) {
            at if web::is_as_safe(at, issuer) => Ok(at.to_owned()),
            _ => Err(OidcError::Unexpected {
                url: url.clone(),
                why,
            }),
        };
        let texts = |name: &str| {
            let texts = said.array_at(&[name]).iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        let mut algorithms = texts("id_token_signing_alg_values_supported");
        if algorithms.is_empty() {
            algorithms.push("RS256".to_owned());
        }
        let methods = texts("token_endpoint_auth_methods_supported");
        Ok(Self {
            authorization: address("authorization_endpoint", "no safe authorization_endpoint")?,
            token: address("token_endpoint", "no safe token_endpoint")?,
            keys: address("jwks_uri", "no safe jwks_uri")?,
            algorithms,
            takes_basic: methods.is_empty() || methods.iter().any(|m| m == "client_secret_basic"),
        })
    }
}
