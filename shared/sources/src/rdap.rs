//! RDAP (RFC 9082, 9083): each registry asked at its own server, one name a question.

mod answer;
mod bootstrap;
mod published;
mod setting;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use lapsewatch_core::{DomainName, HostName, RdapFailure, RdapFinding};
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Response, StatusCode, Url};

use crate::addresses::PublicOnly;
use crate::http::{self, in_full};
use crate::retry_after::retry_after;
use crate::{RegistryReply, RegistrySource};
use bootstrap::{Trust, pace_key};
use published::Published;

pub use bootstrap::Bootstrap;
pub use setting::{BootstrapError, BootstrapSetting};

/// What RDAP is spoken in.
const MEDIA_TYPE: &str = "application/rdap+json";
/// A registry answers within a second, a busy one within some; redirects and all.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest body that is read; a real one has some kilobytes.
const LONGEST_BODY: usize = 1024 * 1024;
/// The longest wait that a server may ask for: six hours have been seen.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// How long a server is left alone that says 429 and not for how long.
const THROTTLED: Duration = Duration::from_mins(10);
/// How often a server may send us on within itself.
const REDIRECTS: usize = 3;

/// A client of all registries. Cloning it shares the connections, and what it learns of the servers.
#[derive(Clone, Debug)]
pub struct Rdap {
    servers: Arc<RwLock<Arc<Servers>>>,
    /// Where newer lists come from; `None` if the operator has given his own in a file.
    published: Option<Published>,
    wall_clock: fn() -> Timestamp,
}

/// The servers of one list, and the client that may reach them and no private ones beside.
#[derive(Debug)]
struct Servers {
    client: Client,
    bootstrap: Bootstrap,
}

impl Servers {
    fn new(bootstrap: Bootstrap) -> reqwest::Result<Self> {
        let client = http::client()?;
        let client = match bootstrap.trust() {
            Trust::Registries => client.dns_resolver(Arc::new(PublicOnly::new(bootstrap.hosts()))),
            Trust::Operator => client,
        };
        Ok(Self {
            client: client.build()?,
            bootstrap,
        })
    }

    fn question(&self, domain: &DomainName) -> Option<Url> {
        let base = self.bootstrap.base(domain)?;
        base.join(&format!("domain/{domain}")).ok()
    }
}

impl Rdap {
    /// A client that asks the servers that the list names, and no others. `wall_clock` is the real time.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(bootstrap: Bootstrap, wall_clock: fn() -> Timestamp) -> reqwest::Result<Self> {
        let servers = Servers::new(bootstrap)?;
        Ok(Self {
            servers: Arc::new(RwLock::new(Arc::new(servers))),
            published: None,
            wall_clock,
        })
    }

    /// A client that begins with the list that is at hand, and takes up what IANA publishes when it is told to `refresh`.
    pub(crate) fn by_iana(copy: &Path, wall_clock: fn() -> Timestamp) -> reqwest::Result<Self> {
        Self::of(Published::by_iana(copy), wall_clock)
    }

    /// The same of the list that the operator publishes.
    pub(crate) fn by_operator(
        url: &Url,
        copy: &Path,
        wall_clock: fn() -> Timestamp,
    ) -> reqwest::Result<Self> {
        Self::of(Published::by_operator(url.as_str(), copy), wall_clock)
    }

    fn of(published: Published, wall_clock: fn() -> Timestamp) -> reqwest::Result<Self> {
        let at_hand = published.at_hand();
        Ok(Self {
            published: Some(published),
            ..Self::new(at_hand, wall_clock)?
        })
    }

    /// Fetches the list of the servers, if it was not fetched today. For those who have time: it may take seconds, and whoever
    /// is waited for uses the list that is at hand.
    pub async fn refresh(&self) {
        let Some(published) = &self.published else {
            return;
        };
        let Some(bootstrap) = published.anew((self.wall_clock)()).await else {
            return;
        };
        match Servers::new(bootstrap) {
            Ok(servers) => {
                let mut current = self.servers.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(servers);
            }
            Err(error) => tracing::warn!(cause = in_full(&error), "the list is not taken up"),
        }
    }

    fn servers(&self) -> Arc<Servers> {
        let current = self.servers.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks, following redirects by hand: within the server only.
    async fn ask(
        &self,
        servers: &Servers,
        question: Url,
        domain: &DomainName,
    ) -> reqwest::Result<RegistryReply> {
        let mut url = question.clone();
        for _ in 0..=REDIRECTS {
            let request = servers.client.get(url.clone()).header(ACCEPT, MEDIA_TYPE);
            let response = request.send().await?;
            if !response.status().is_redirection() {
                let is_its_word = url == question && servers.bootstrap.has_zone_of(domain);
                return self.reply(response, is_its_word, domain).await;
            }
            let onward = response.headers().get(LOCATION);
            let onward = onward
                .and_then(|location| location.to_str().ok())
                .and_then(|location| url.join(location).ok());
            match onward.filter(|onward| is_same_server(&question, onward)) {
                Some(onward) => url = onward,
                None => return Ok(failed(RdapFailure::Redirected)),
            }
        }
        Ok(failed(RdapFailure::Redirected))
    }

    async fn reply(
        &self,
        response: Response,
        is_its_word: bool,
        domain: &DomainName,
    ) -> reqwest::Result<RegistryReply> {
        let status = response.status();
        let wait =
            retry_after(response.headers(), (self.wall_clock)()).map(|wait| wait.min(LONGEST_WAIT));
        let speaks_rdap = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.trim_start().starts_with(MEDIA_TYPE));
        let failure = RdapFailure::Failed {
            http_status: status.as_u16(),
        };
        Ok(match status {
            StatusCode::OK => {
                let finding = match http::body(response, LONGEST_BODY).await? {
                    Some(body) => answer::read(&body, domain),
                    None => unreadable("it is longer than 1 MiB"),
                };
                RegistryReply {
                    finding,
                    retry_after: None,
                }
            }
            // Only the registry's own word, at the address that is its own and of the zone that is, is that a name is not there;
            // a web server that has been moved says 404 to everything.
            StatusCode::NOT_FOUND if is_its_word => {
                let said = http::body(response, LONGEST_BODY).await.ok().flatten();
                let said = said.unwrap_or_default();
                if speaks_rdap || answer::is_error_of_rdap(&said) {
                    RegistryReply {
                        finding: RdapFinding::NotRegistered,
                        retry_after: None,
                    }
                } else {
                    failed(failure)
                }
            }
            StatusCode::TOO_MANY_REQUESTS => RegistryReply {
                retry_after: wait.or(Some(THROTTLED)),
                ..failed(RdapFailure::Throttled)
            },
            _ => RegistryReply {
                retry_after: wait,
                ..failed(failure)
            },
        })
    }
}

impl RegistrySource for Rdap {
    fn server(&self, domain: &DomainName) -> Option<HostName> {
        pace_key(self.servers().bootstrap.base(domain)?)
    }

    async fn registration(&self, domain: &DomainName) -> RegistryReply {
        let servers = self.servers();
        let Some(question) = servers.question(domain) else {
            return RegistryReply {
                finding: RdapFinding::NotSupported,
                retry_after: None,
            };
        };
        // One time-out for all that a question leads to.
        let asking = self.ask(&servers, question, domain);
        match tokio::time::timeout(TIMEOUT, asking).await {
            Ok(Ok(reply)) => reply,
            Err(_) => failed(RdapFailure::TimedOut),
            Ok(Err(error)) => {
                tracing::debug!(cause = in_full(&error), "no answer from the registry");
                failed(if error.is_timeout() {
                    RdapFailure::TimedOut
                } else {
                    RdapFailure::NotReached
                })
            }
        }
    }
}

/// The same scheme, host and port: neither another server nor the clear.
fn is_same_server(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin() && other.username().is_empty() && other.password().is_none()
}

fn failed(reason: RdapFailure) -> RegistryReply {
    RegistryReply {
        finding: RdapFinding::NoAnswer { reason },
        retry_after: None,
    }
}

fn unreadable(why: &str) -> RdapFinding {
    RdapFinding::NoAnswer {
        reason: RdapFailure::Unreadable {
            why: why.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_within_the_scheme_the_host_and_the_port_and_brings_no_password() {
        let url = |text| Url::parse(text).unwrap();
        let asked = url("https://rdap.example/domain/example.org");
        for same in [
            "https://rdap.example/v2/domain/example.org?x=1#y",
            "https://RDAP.example:443/",
        ] {
            assert!(is_same_server(&asked, &url(same)), "{same}");
        }
        for other in [
            "http://rdap.example/domain/example.org",
            "http://rdap.example:443/domain/example.org",
            "https://rdap.example:8443/domain/example.org",
            "https://other.example/domain/example.org",
            "https://rdap.example.org/domain/example.org",
            "https://user@rdap.example/domain/example.org",
            "https://user:password@rdap.example/domain/example.org",
            "https://:password@rdap.example/domain/example.org",
            "file:///domain/example.org",
        ] {
            assert!(!is_same_server(&asked, &url(other)), "{other}");
        }
        // Not even to something better: whose server it is at the other port nobody has said.
        let in_the_clear = url("http://rdap.example/domain/example.org");
        assert!(!is_same_server(&in_the_clear, &asked));
    }
}
