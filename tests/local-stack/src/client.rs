//! Signed calls to the emulator, for the few that are made without an SDK.

use std::time::SystemTime;

use anyhow::Result;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;

/// What every AWS client of the tests says it is. To the emulator this is the account's root.
pub(crate) const ENVIRONMENT: [(&str, &str); 5] = [
    ("AWS_ACCESS_KEY_ID", KEY),
    ("AWS_SECRET_ACCESS_KEY", KEY),
    ("AWS_DEFAULT_REGION", REGION),
    ("AWS_REGION", REGION),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];
pub(crate) const KEY: &str = "test";
pub(crate) const REGION: &str = "us-east-1";

/// The emulator, seen from outside.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) endpoint: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            http: reqwest::Client::new(),
        }
    }

    pub(crate) async fn post(
        &self,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<reqwest::Response> {
        let url = format!("{}{path}", self.endpoint);
        let identity = Credentials::new(KEY, KEY, None, None, "local-stack").into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable = SignableRequest::new(
            "POST",
            &url,
            headers.iter().copied(),
            SignableBody::Bytes(body.as_bytes()),
        )?;
        let (signature, _) = sign(signable, &parameters)?.into_parts();
        let headers = headers.iter().copied().chain(signature.headers());
        let request = headers.fold(self.http.post(&url), |request, (name, value)| {
            request.header(name, value)
        });
        Ok(request.body(body).send().await?)
    }
}
