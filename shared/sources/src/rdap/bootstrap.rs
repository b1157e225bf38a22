//! Which server answers for which top-level domain: IANA's bootstrap file (RFC 9224), or the operator's own.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use lapsewatch_core::{DomainName, SuffixKind, Timestamp};
use reqwest::Url;
use serde::Deserialize;

use crate::http::{self, in_full};

/// Where IANA publishes its file.
const IANA: &str = "https://data.iana.org/rdap/dns.json";
const SHIPPED: &str = include_str!("../../data/rdap-dns.json");
const KNOWN: &str = include_str!("../../data/known-servers.json");
/// How long fetching the file may take: nothing waits for it that could not do without.
const FETCH: Duration = Duration::from_secs(5);
/// How old a fetched copy may be.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// The longest file that is read; the real one has some hundred kilobytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// The servers, by the names that they answer for.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    servers: HashMap<String, Url>,
    trust: Trust,
}

/// Whose word the list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// IANA's and the registries': `https` at public hosts only.
    Registries,
    /// The operator's own: he may name plain `http`, and servers in his own network.
    Operator,
}

/// Where the operator wants the list from: `LAPSEWATCH_RDAP_BOOTSTRAP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootstrapSetting {
    /// Not set: IANA's file.
    Iana,
    /// `none`: no registry is asked.
    Off,
    /// A file.
    File(PathBuf),
    /// A URL.
    Url(Url),
}

impl BootstrapSetting {
    /// Reads the setting.
    ///
    /// # Errors
    /// It begins as a URL and is none.
    pub fn read(setting: Option<&str>) -> Result<Self, BootstrapError> {
        let Some(text) = setting.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self::Iana);
        };
        if text == "none" {
            return Ok(Self::Off);
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Url::parse(text)
                .map(Self::Url)
                .map_err(|_| BootstrapError::NotAUrl);
        }
        Ok(Self::File(text.into()))
    }
}

/// Why the operator's list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// It looks like a URL.
    #[error("LAPSEWATCH_RDAP_BOOTSTRAP is not a URL, nor a file, nor none")]
    NotAUrl,
    /// The file cannot be read.
    #[error("the RDAP bootstrap file {} cannot be read", path.display())]
    NotRead {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no bootstrap file.
    #[error("the RDAP bootstrap file {} is not as RFC 9224 has it: {why}", path.display())]
    NotABootstrap {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Bootstrap {
    /// The copy of IANA's file that ships with the program, and the known servers that it leaves out.
    pub fn shipped() -> Self {
        Self::of_registries(SHIPPED).unwrap_or_else(|_| Self {
            servers: HashMap::new(),
            trust: Trust::Registries,
        })
    }

    /// The list as a run uses it; `None` if no registry is to be asked. IANA's is fetched if `cache` holds no copy from the day
    /// before `wall` (real time); if it cannot be had, an older copy serves, and without one the shipped. A list at the operator's
    /// URL is fetched each time; if it cannot be had, the shipped one serves. Only an operator's file that cannot be used is an
    /// error.
    pub async fn current(
        setting: &BootstrapSetting,
        cache: Option<&Path>,
        wall: Timestamp,
    ) -> Result<Option<Self>, BootstrapError> {
        match setting {
            BootstrapSetting::Off => Ok(None),
            BootstrapSetting::File(path) => Self::of_file(path).map(Some),
            BootstrapSetting::Iana => Ok(Some(Self::of_iana(cache, wall).await)),
            BootstrapSetting::Url(url) => match Self::fetch(url.as_str(), Trust::Operator).await {
                Ok((bootstrap, _)) => Ok(Some(bootstrap)),
                Err(why) => {
                    tracing::warn!(
                        why,
                        "LAPSEWATCH_RDAP_BOOTSTRAP cannot be fetched; the built-in list serves"
                    );
                    Ok(Some(Self::shipped()))
                }
            },
        }
    }

    async fn of_iana(cache: Option<&Path>, wall: Timestamp) -> Self {
        if let Some(cached) = cache.and_then(|cache| Self::cached(cache, Some(wall))) {
            return cached;
        }
        match Self::fetch(IANA, Trust::Registries).await {
            Ok((bootstrap, text)) => {
                // A copy that cannot be kept is fetched again, no more.
                if let Some(Err(error)) = cache.map(|cache| std::fs::write(cache, text)) {
                    tracing::debug!(cause = in_full(&error), "IANA's list is not kept");
                }
                bootstrap
            }
            Err(why) => {
                tracing::debug!(why, "IANA's list cannot be fetched; an older copy serves");
                let older = cache.and_then(|cache| Self::cached(cache, None));
                older.unwrap_or_else(Self::shipped)
            }
        }
    }

    /// The server for a domain: that of its longest part, label by label, that the list has. What is registered below a private
    /// suffix (`shop.uk.com`) the registry above that does not know, and its "not registered" would say nothing.
    pub(super) fn base(&self, domain: &DomainName) -> Option<&Url> {
        let name = domain.as_str();
        let least = match domain.suffix() {
            (suffix, SuffixKind::Private) if suffix.len() < name.len() => suffix.len(),
            // The suffix's own name is its registry's.
            (_, SuffixKind::Private | SuffixKind::Registry) => 0,
        };
        let after_dots = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
        std::iter::once(name)
            .chain(after_dots)
            .filter(|part| part.len() >= least)
            .find_map(|part| self.servers.get(part))
    }

    /// Whether the list has the very zone that a domain is registered in. The server of `uk` need not know the names below
    /// `ac.uk`, and its "not registered" says nothing of them.
    pub(super) fn has_zone_of(&self, domain: &DomainName) -> bool {
        let above = domain.as_str().split_once('.').map(|(_, above)| above);
        above.is_some_and(|above| self.servers.contains_key(above))
    }

    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// The names of all servers.
    pub(super) fn hosts(&self) -> HashSet<String> {
        let hosts = self.servers.values().filter_map(Url::host_str);
        hosts.map(str::to_owned).collect()
    }

    fn of_registries(text: &str) -> Result<Self, String> {
        let mut bootstrap = Self::parse(text, Trust::Registries)?;
        let known: Vec<Known> = serde_json::from_str(KNOWN).map_err(|error| error.to_string())?;
        for Known { tlds, server } in known {
            let server = base(&server, Trust::Registries)
                .ok_or_else(|| format!("{server} is not a public server"))?;
            for tld in tlds {
                bootstrap
                    .servers
                    .entry(tld)
                    .or_insert_with(|| server.clone());
            }
        }
        Ok(bootstrap)
    }

    fn of_file(path: &Path) -> Result<Self, BootstrapError> {
        let text = std::fs::read_to_string(path).map_err(|source| BootstrapError::NotRead {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, Trust::Operator).map_err(|why| BootstrapError::NotABootstrap {
            path: path.to_owned(),
            why,
        })
    }

    /// The copy that was kept; if a time is given, only one that is fresh then.
    fn cached(cache: &Path, fresh_at: Option<Timestamp>) -> Option<Self> {
        if let Some(now) = fresh_at {
            let written = std::fs::metadata(cache).ok()?.modified().ok()?;
            let written = Timestamp::try_from(written).ok()?;
            if now.duration_since(written) >= FRESH {
                return None;
            }
        }
        Self::of_fetched(&std::fs::read_to_string(cache).ok()?, Trust::Registries).ok()
    }

    async fn fetch(url: &str, trust: Trust) -> Result<(Self, String), String> {
        let text = async {
            let client = http::client()?.timeout(FETCH).build()?;
            let response = client.get(url).send().await?.error_for_status()?;
            http::body(response, LONGEST).await
        };
        let text = text.await.map_err(|error| in_full(&error))?;
        let text = text.ok_or("it is longer than 8 MiB")?;
        let text = String::from_utf8(text).map_err(|error| error.to_string())?;
        Ok((Self::of_fetched(&text, trust)?, text))
    }

    /// A fetched list. One of IANA's that has lost half of what it had is not believed: a cut or forged file must not take the
    /// second witness away.
    fn of_fetched(text: &str, trust: Trust) -> Result<Self, String> {
        match trust {
            Trust::Operator => Self::parse(text, trust),
            Trust::Registries => {
                let fetched = Self::of_registries(text)?;
                let (now, before) = (fetched.servers.len(), Self::shipped().servers.len());
                if now * 2 < before {
                    return Err(format!(
                        "it lists {now} names where the shipped copy lists {before}"
                    ));
                }
                Ok(fetched)
            }
        }
    }

    fn parse(text: &str, trust: Trust) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut servers = HashMap::new();
        for (names, urls) in file.services {
            let urls = urls.iter().filter_map(|url| base(url, trust));
            // RFC 9224, 3: more than one URL may serve, and https is to be preferred.
            let Some(server) = urls.min_by_key(|url| url.scheme() != "https") else {
                continue;
            };
            for name in names {
                servers.insert(name.to_ascii_lowercase(), server.clone());
            }
        }
        Ok(Self { servers, trust })
    }
}

/// A base URL that may be asked, with the slash at its end that joining needs.
fn base(text: &str, trust: Trust) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let is_admitted = match trust {
        Trust::Registries => {
            url.scheme() == "https" && url.domain().is_some_and(|host| host.contains('.'))
        }
        Trust::Operator => matches!(url.scheme(), "http" | "https") && url.has_host(),
    };
    if !is_plain || !is_admitted {
        return None;
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

/// The file of RFC 9224; what else it holds is for its readers.
#[derive(Deserialize)]
struct File {
    services: Vec<(Vec<String>, Vec<String>)>,
}

/// An entry of the known servers.
#[derive(Deserialize)]
struct Known {
    tlds: Vec<String>,
    server: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(bootstrap: &Bootstrap, domain: &str) -> Option<String> {
        bootstrap
            .base(&domain.parse().unwrap())
            .map(ToString::to_string)
    }

    #[test]
    fn the_shipped_copy_knows_the_large_registries_and_those_that_iana_leaves_out() {
        let shipped = Bootstrap::shipped();
        assert!(shipped.servers.len() > 1000);
        for (domain, base) in [
            ("example.com", "https://rdap.verisign.com/com/v1/"),
            (
                "example.org",
                "https://rdap.publicinterestregistry.org/rdap/",
            ),
            ("example.de", "https://rdap.denic.de/"),
            ("example.io", "https://rdap.identitydigital.services/rdap/"),
        ] {
            assert_eq!(server(&shipped, domain).as_deref(), Some(base));
        }
        assert_eq!(server(&shipped, "example.jp"), None);
        assert!(shipped.servers.values().all(|url| url.scheme() == "https"));
    }

    #[test]
    fn the_longest_match_by_labels_answers_and_https_goes_first() {
        let text = r#"{"services":[
            [["org"],["http://plain.example/","https://org.example/rdap"]],
            [["eu.org"],["https://eu-org.example/"]],
            [["ORG2"],["https://upper.example/"]]]}"#;
        let bootstrap = Bootstrap::parse(text, Trust::Registries).unwrap();
        assert_eq!(
            server(&bootstrap, "a.org").unwrap(),
            "https://org.example/rdap/"
        );
        assert_eq!(
            server(&bootstrap, "a.eu.org").unwrap(),
            "https://eu-org.example/"
        );
        assert!(bootstrap.servers.contains_key("org2"));
        assert_eq!(server(&bootstrap, "aorg.net"), None);
        let of_tenants = Bootstrap::shipped();
        for tenant in ["shop.uk.com", "someone.github.io", "a.eu.org"] {
            assert_eq!(
                server(&of_tenants, tenant),
                None,
                "{tenant}: no registry's to say"
            );
        }
        assert!(server(&of_tenants, "uk.com").is_some());
    }

    #[test]
    fn only_the_operators_own_file_may_name_plain_http_and_his_own_network() {
        let text = r#"{"services":[[["org"],["http://127.0.0.1:8080/rdap/"]],[["net"],["https://10.0.0.1/"]]]}"#;
        let operators = Bootstrap::parse(text, Trust::Operator).unwrap();
        assert_eq!(
            server(&operators, "a.org").unwrap(),
            "http://127.0.0.1:8080/rdap/"
        );
        let ianas = Bootstrap::parse(text, Trust::Registries).unwrap();
        assert_eq!(ianas.servers.len(), 0);
    }

    #[test]
    fn a_fetched_file_that_has_lost_half_of_its_names_is_not_believed() {
        let text = r#"{"services":[[["org"],["https://org.example/"]]]}"#;
        assert!(Bootstrap::of_fetched(text, Trust::Registries).is_err());
        assert!(Bootstrap::of_fetched(SHIPPED, Trust::Registries).is_ok());
    }

    #[test]
    fn the_setting_is_a_file_a_url_none_or_nothing() {
        let read = |text| BootstrapSetting::read(Some(text)).unwrap();
        assert_eq!(
            BootstrapSetting::read(None).unwrap(),
            BootstrapSetting::Iana
        );
        assert_eq!(read(" "), BootstrapSetting::Iana);
        assert_eq!(read("none"), BootstrapSetting::Off);
        assert_eq!(
            read("./dns.json"),
            BootstrapSetting::File("./dns.json".into())
        );
        assert!(matches!(
            read("https://example.org/dns.json"),
            BootstrapSetting::Url(_)
        ));
        assert!(BootstrapSetting::read(Some("https://")).is_err());
    }

    #[tokio::test]
    async fn a_file_that_is_none_is_told_and_a_server_that_is_away_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dns.json");
        let file = BootstrapSetting::File(path.clone());
        let missing = Bootstrap::current(&file, None, Timestamp::UNIX_EPOCH)
            .await
            .unwrap_err();
        assert!(missing.to_string().ends_with("cannot be read"));
        std::fs::write(&path, "{}").unwrap();
        let wrong = Bootstrap::current(&file, None, Timestamp::UNIX_EPOCH)
            .await
            .unwrap_err();
        assert!(wrong.to_string().contains("RFC 9224"), "{wrong}");
        let nobody = BootstrapSetting::read(Some("http://127.0.0.1:1/dns.json")).unwrap();
        let shipped = Bootstrap::current(&nobody, None, Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
            .unwrap();
        assert!(shipped.servers.len() > 1000);
    }
}
