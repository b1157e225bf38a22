//! The HTTP clients: whom they trust, and what they never do by themselves.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Response, Url};

/// A client that trusts the bundled root certificates and no others, follows no redirect and repeats no request: redirects
/// could lead a key or a question elsewhere, and attempts are paced and counted by the caller.
pub(crate) fn client() -> reqwest::Result<ClientBuilder> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<reqwest::Result<Vec<_>>>()?;
    Ok(Client::builder()
        .tls_certs_only(roots)
        .user_agent(concat!("lapsewatch/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        // A Lambda function is frozen between invocations; what the pool holds when it wakes up is dead. A connection that died
        // before the request was sent is replaced all the same: nobody has received that request.
        .pool_idle_timeout(Duration::from_secs(10))
        .retry(reqwest::retry::never()))
}

/// The body, if it has at most so many bytes: what is longer is not read on.
pub(crate) async fn body(mut response: Response, most: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Whether a URL names this very machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An error with all its causes, for a log line.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
