//! What is checked and built before the first question: the URL, the key, the HTTP client.

use reqwest::header::HeaderValue;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::http::{self, is_loopback};

const PATH: &str = "domain-management/v1/tools/status";

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The base URL.
    #[error("the base URL of Fastly's API {why}")]
    BaseUrl {
        /// What is wrong with it, as the end of a sentence. The URL itself may hold a password and is not repeated.
        why: &'static str,
    },
    /// The key.
    #[error("the Fastly key {why}")]
    Key {
        /// What is wrong with it, as the end of a sentence.
        why: &'static str,
    },
    /// The HTTP client.
    #[error("the HTTP client for Fastly's API cannot be built")]
    Client(#[source] reqwest::Error),
}

/// The URL that is asked. The key must not travel in the clear, so it is `https`, or a server on this very machine.
pub(super) fn endpoint(base_url: &str) -> Result<Url, SetupError> {
    let wrong = |why| SetupError::BaseUrl { why };
    let base = Url::parse(base_url.trim()).map_err(|_| wrong("is not a URL"))?;
    match base.scheme() {
        "https" => {}
        "http" if is_loopback(&base) => {}
        "http" => {
            return Err(wrong(
                "must begin with https://: the key would be sent in the clear",
            ));
        }
        _ => return Err(wrong("must begin with https://")),
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(wrong("must not contain a user name or a password"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(wrong("must end with its path: no ? and no #"));
    }
    let path = format!("{}/{PATH}", base.path().trim_end_matches('/'));
    let mut endpoint = base;
    endpoint.set_path(&path);
    Ok(endpoint)
}

/// The key as a header. White space around it (a secret saved with a line break at its end) is left out.
pub(super) fn key_header(key: &SecretString) -> Result<HeaderValue, SetupError> {
    let key = key.expose_secret().trim();
    if key.is_empty() {
        return Err(SetupError::Key { why: "is empty" });
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SetupError::Key {
            why: "contains characters that no token has: is it a token alone?",
        });
    }
    let mut header = HeaderValue::from_str(key).map_err(|_| SetupError::Key {
        why: "is not a token",
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// The one HTTP client of a process.
pub(super) fn client(endpoint: &Url) -> Result<Client, SetupError> {
    let builder = http::client().map_err(SetupError::Client)?;
    // A proxy would be sent the key of a loopback server in the clear.
    let builder = if is_loopback(endpoint) {
        builder.no_proxy()
    } else {
        builder
    };
    builder.build().map_err(SetupError::Client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_https_or_on_this_machine() {
        for (base, asked) in [
            (
                "https://api.fastly.com",
                "https://api.fastly.com/domain-management/v1/tools/status",
            ),
            (
                " https://api.fastly.com/ ",
                "https://api.fastly.com/domain-management/v1/tools/status",
            ),
            (
                "https://proxy.example.org/fastly/",
                "https://proxy.example.org/fastly/domain-management/v1/tools/status",
            ),
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080/domain-management/v1/tools/status",
            ),
            (
                "http://[::1]:8080",
                "http://[::1]:8080/domain-management/v1/tools/status",
            ),
            (
                "http://localhost",
                "http://localhost/domain-management/v1/tools/status",
            ),
        ] {
            assert_eq!(endpoint(base).unwrap().as_str(), asked);
        }
    }

    #[test]
    fn a_base_url_that_would_leak_the_key_or_is_none_is_refused_without_being_repeated() {
        for base in [
            "",
            "api.fastly.com",
            "ftp://api.fastly.com",
            "http://api.fastly.com",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "https://user:secret@api.fastly.com",
            "https://api.fastly.com/?key=secret",
        ] {
            let error = endpoint(base).unwrap_err().to_string();
            assert!(
                error.starts_with("the base URL of Fastly's API "),
                "{base}: {error}"
            );
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn a_key_is_one_printable_word() {
        assert_eq!(key_header(&"token\n".into()).unwrap(), "token");
        for key in [
            "",
            "  \n",
            "two words",
            r#"{"token": "x"}"#,
            "line\nbreak",
            "ké",
        ] {
            assert!(
                matches!(key_header(&key.into()), Err(SetupError::Key { .. })),
                "{key:?}"
            );
        }
    }

    #[test]
    fn a_client_for_the_real_service_can_be_built() {
        assert!(client(&endpoint(super::super::FASTLY_URL).unwrap()).is_ok());
    }
}
