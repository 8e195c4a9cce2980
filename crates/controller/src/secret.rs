//! The installation's secret, which random text in charts comes from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{ApiError, Client};
use sha2::{Digest as _, Sha256};
use value::json;

/// The Secret that keeps it, in the namespace of applications.
const NAME: &str = "windlass-render";
const KEY: &str = "seed";

/// 32 bytes that nobody else knows. What a chart makes of random text stays the same as long as they
/// do, so that it is no drift; whoever has them can tell a chart's generated passwords.
#[derive(Clone, Copy)]
pub struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Reads the installation's secret; `None` if there is none yet.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn read(client: &Client, namespace: &str) -> Result<Option<Self>, ApiError> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{NAME}");
        let secret = match client.get(&path).await {
            Ok(secret) => secret,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let seed = STANDARD.decode(secret.str_at(&["data", KEY])).ok();
        let seed = seed.and_then(|s| <[u8; 32]>::try_from(s).ok());
        seed.map(|seed| Some(Self(seed))).ok_or_else(|| ApiError {
            code: 0,
            reason: "Invalid".into(),
            message: format!(
                "the Secret {namespace}/{NAME} has no {KEY} of 32 bytes: delete it and a new one \
                 is made (passwords that charts generate change then)"
            ),
        })
    }

    /// Returns what stands for a secret that can't be had: for looks that change nothing. Random
    /// text of charts differs then from what the controller makes.
    #[must_use]
    pub const fn unknown() -> Self {
        Self([0; 32])
    }

    /// Reads the installation's secret, or makes it.
    ///
    /// # Errors
    /// Fails with the server's own words.
    pub async fn read_or_make(client: &Client, namespace: &str) -> Result<Self, ApiError> {
        let collection = format!("/api/v1/namespaces/{namespace}/secrets");
        for _ in 0..2 {
            if let Some(secret) = Self::read(client, namespace).await? {
                return Ok(secret);
            }
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|e| ApiError {
                code: 0,
                reason: "Random".into(),
                message: e.to_string(),
            })?;
            let secret = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": NAME, "namespace": namespace},
                "data": {KEY: STANDARD.encode(seed)},
            });
            match client.create(&collection, &secret).await {
                // Somebody else was faster: theirs is read.
                Err(error) if error.code == 409 => {}
                answer => return answer.map(|_| Self(seed)),
            }
        }
        Err(ApiError {
            code: 409,
            reason: "Conflict".into(),
            message: format!("the Secret {namespace}/{NAME} comes and goes"),
        })
    }

    /// Returns what an application's charts start from.
    #[must_use]
    pub(crate) fn of(&self, app: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update(app.as_bytes());
        digest.finalize().into()
    }
}
