//! Fastly's key, from Secrets Manager.

use anyhow::{Context, Result, bail};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use secrecy::SecretString;

/// Fetches the key as it is now.
///
/// # Errors
/// The secret cannot be read, or nobody has put the token there yet.
pub(crate) async fn fetch(client: &Client, secret_id: &str) -> Result<SecretString> {
    let secret = client
        .get_secret_value()
        .secret_id(secret_id)
        .send()
        .await
        .map_err(SdkError::into_service_error)
        .with_context(|| {
            format!("cannot read Fastly's token from the secret {secret_id}: has it been put there (docs/deploy.md)?")
        })?;
    let token = secret.secret_string.unwrap_or_default();
    let token = token.trim();
    if token.is_empty() {
        bail!("the secret {secret_id} is empty: put Fastly's token there (docs/deploy.md)");
    }
    Ok(SecretString::from(token.to_owned()))
}
