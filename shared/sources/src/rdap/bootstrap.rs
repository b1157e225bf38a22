//! Which server answers for which top-level domain: IANA's bootstrap file (RFC 9224), or the operator's own.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use lapsewatch_core::{DomainName, HostName, SuffixKind};
use reqwest::Url;
use serde::Deserialize;

use super::setting::BootstrapError;

const SHIPPED: &str = include_str!("../../data/rdap-dns.json");
const KNOWN: &str = include_str!("../../data/known-servers.json");

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

impl Bootstrap {
    /// The copy of IANA's file that ships with the program, and the known servers that it leaves out.
    pub fn shipped() -> Self {
        Self::of_registries(SHIPPED).unwrap_or_else(|_| Self {
            servers: HashMap::new(),
            trust: Trust::Registries,
        })
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

    /// The operator's own list, in a file.
    ///
    /// # Errors
    /// It cannot be read, or it names a server that cannot be asked.
    pub fn of_file(path: &Path) -> Result<Self, BootstrapError> {
        let text = std::fs::read_to_string(path).map_err(|source| BootstrapError::NotRead {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, Trust::Operator).map_err(|why| BootstrapError::NotABootstrap {
            path: path.to_owned(),
            why,
        })
    }

    /// A fetched list. One of IANA's that has lost half of what it had is not believed: a cut or forged file must not take the
    /// second witness away.
    pub(super) fn of_fetched(text: &str, trust: Trust) -> Result<Self, String> {
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
            let admitted = urls.iter().filter_map(|url| base(url, trust));
            // RFC 9224, 3: more than one URL may serve, and https is to be preferred.
            let server = admitted.min_by_key(|url| url.scheme() != "https");
            let Some(server) = server else {
                if let (Trust::Operator, Some(url)) = (trust, urls.first()) {
                    let names = names.join(", ");
                    return Err(format!("the server {url:?} of {names} cannot be asked"));
                }
                continue;
            };
            for name in names {
                servers.insert(name.to_ascii_lowercase(), server.clone());
            }
        }
        Ok(Self { servers, trust })
    }
}

/// The name by which the questions to a server are paced: its host's. Servers at several ports of one host share a pace, since
/// it is the machine that is spared. An IPv6 address is written as Windows does it in names, which hold no colon.
pub(super) fn pace_key(server: &Url) -> Option<HostName> {
    let host = server.host_str()?;
    match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => {
            HostName::parse(&format!("{}.ipv6-literal.net", address.replace(':', "-")))
        }
        None => HostName::parse(host),
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
        Trust::Operator => matches!(url.scheme(), "http" | "https"),
    };
    if !is_plain || !is_admitted || pace_key(&url).is_none() {
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

/// An entry of the known servers; its source is for who changes the file.
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
    fn each_server_that_iana_leaves_out_is_known_from_somewhere() {
        let known: Vec<serde_json::Value> = serde_json::from_str(KNOWN).unwrap();
        assert!(!known.is_empty());
        for entry in known {
            let source = entry["source"].as_str().unwrap_or_default();
            let names_a_page = source.split(' ').any(|word| {
                let page = Url::parse(word).ok().filter(|url| url.scheme() == "https");
                page.is_some_and(|page| page.path().len() > 1)
            });
            assert!(names_a_page, "{}: {source:?}", entry["tlds"]);
        }
    }

    fn operators(server: &str) -> Result<Bootstrap, String> {
        let text = format!(r#"{{"services":[[["dev"],["{server}"]]]}}"#);
        Bootstrap::parse(&text, Trust::Operator)
    }

    fn key(server: &str) -> String {
        let bootstrap = operators(server).unwrap();
        let base = bootstrap.base(&"a.dev".parse().unwrap()).unwrap();
        pace_key(base).unwrap().to_string()
    }

    #[test]
    fn the_ports_of_one_host_share_a_pace_and_no_two_hosts_do() {
        assert_eq!(key("http://127.0.0.1:8080/"), "127.0.0.1");
        assert_eq!(key("http://127.0.0.1:8081/"), key("https://127.0.0.1/rdap"));
        assert_ne!(key("http://127.0.0.1/"), key("http://127.0.0.2/"));
        assert_eq!(key("http://RDAP.dev:8080/"), "rdap.dev");
        assert_eq!(key("http://[::1]:8080/"), "--1.ipv6-literal.net");
        assert_eq!(key("http://[::1]:8081/"), key("https://[0:0:0:0:0:0:0:1]/"));
        assert_ne!(key("http://[fd00::1]/"), key("http://[fd00::2]/"));
    }

    #[test]
    fn a_server_of_the_operators_that_cannot_be_asked_is_told_and_not_passed_over() {
        for server in [
            "ftp://rdap.dev/",
            "rdap.dev",
            "https://user@rdap.dev/",
            "https://rdap.dev/?a=b",
            "https://a!b.dev/",
            "",
        ] {
            let why = operators(server).unwrap_err();
            assert_eq!(why, format!("the server {server:?} of dev cannot be asked"));
        }
        let one_of_two = r#"{"services":[[["dev"],["ftp://rdap.dev/","https://rdap.dev/"]]]}"#;
        let bootstrap = Bootstrap::parse(one_of_two, Trust::Operator).unwrap();
        assert_eq!(server(&bootstrap, "a.dev").unwrap(), "https://rdap.dev/");
    }

    #[test]
    fn a_file_of_the_operators_that_cannot_be_used_is_told_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dns.json");
        let missing = Bootstrap::of_file(&path).unwrap_err().to_string();
        assert!(missing.ends_with("dns.json cannot be read"), "{missing}");
        std::fs::write(&path, "{}").unwrap();
        let wrong = Bootstrap::of_file(&path).unwrap_err().to_string();
        assert!(
            wrong.contains("dns.json is not as RFC 9224 has it"),
            "{wrong}"
        );
    }
}
