//! The DNS: what the zone above a name says of it, asked at that zone's own servers; and who takes the name's mail.

mod reading;
mod setting;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RecordType;
use lapsewatch_core::{DnsFailure, DnsFinding, DomainName, HostName};

use crate::DnsSource;
use crate::addresses::is_public;
use reading::{Delegation, Mail, Servers};

pub use setting::{DnsSetting, DnsSetupError};

/// How long the question of the zone above may take in all.
const DEADLINE: Duration = Duration::from_secs(7);
/// How long that of the name's own servers may take: it must not cost the answer of the zone above.
const MAIL_DEADLINE: Duration = Duration::from_secs(3);
/// How long the servers of a zone are remembered.
const REMEMBERED: Duration = Duration::from_hours(1);
/// Servers of a zone that are asked, at most.
const SERVERS: usize = 4;

/// A client of the DNS. Cloning it shares what is remembered.
#[derive(Clone, Debug)]
pub struct Dns {
    way: Way,
}

/// Who is asked.
#[derive(Clone, Debug)]
enum Way {
    /// The servers of the zone above, found by the system's resolver.
    ZoneAbove(Arc<ZoneAbove>),
    /// The server that the operator names.
    Server(Box<TokioResolver>),
}

#[derive(Debug)]
struct ZoneAbove {
    system: TokioResolver,
    /// The port that zones' servers are asked at.
    port: u16,
    /// Which of them are asked.
    admits: fn(IpAddr) -> bool,
    zones: Mutex<HashMap<String, (Instant, TokioResolver)>>,
}

impl Dns {
    /// A client as the operator wants it; `None` if he wants none.
    ///
    /// # Errors
    /// This machine's resolvers cannot be found out.
    pub fn new(setting: &DnsSetting) -> Result<Option<Self>, DnsSetupError> {
        let way = match setting {
            DnsSetting::Off => return Ok(None),
            DnsSetting::System => Way::ZoneAbove(Arc::new(ZoneAbove {
                system: setting::system()?,
                port: 53,
                admits: is_public,
                zones: Mutex::default(),
            })),
            DnsSetting::Servers(servers) => {
                Way::Server(Box::new(setting::resolver(servers, Recursion::Desired)?))
            }
        };
        Ok(Some(Self { way }))
    }

    /// What the zone above says.
    async fn ask_above(&self, domain: &DomainName) -> Delegation {
        let servers = match &self.way {
            Way::Server(server) => server.as_ref().clone(),
            Way::ZoneAbove(zones) => match zones.of(domain).await {
                Ok(servers) => servers,
                Err(reason) => return Delegation::NoAnswer(reason),
            },
        };
        reading::delegation(
            servers.lookup(absolute(domain), RecordType::NS).await,
            domain,
        )
    }

    /// What the name's own servers say of its mail.
    async fn ask_for_mail(&self, domain: &DomainName) -> Mail {
        let by = match &self.way {
            Way::Server(server) => server.as_ref(),
            Way::ZoneAbove(zones) => &zones.system,
        };
        reading::mail(by.lookup(absolute(domain), RecordType::MX).await)
    }
}

impl DnsSource for Dns {
    async fn delegation(&self, domain: &DomainName) -> DnsFinding {
        let above = tokio::time::timeout(DEADLINE, self.ask_above(domain)).await;
        let name_servers = match above {
            Ok(Delegation::To(name_servers)) => name_servers,
            Ok(Delegation::NoSuchDomain) => return DnsFinding::NoSuchDomain,
            Ok(Delegation::NoAnswer(reason)) => return DnsFinding::NoAnswer { reason },
            Err(_) => {
                let reason = DnsFailure::TimedOut;
                return DnsFinding::NoAnswer { reason };
            }
        };
        match tokio::time::timeout(MAIL_DEADLINE, self.ask_for_mail(domain)).await {
            Ok(Mail::Taken(mail_servers)) => DnsFinding::Delegated {
                name_servers,
                mail_servers,
            },
            Ok(Mail::NobodyAnswers) | Err(_) => DnsFinding::Lame { name_servers },
        }
    }
}

/// Whether a server is asked to ask others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recursion {
    Desired,
    NotDesired,
}

impl ZoneAbove {
    /// The servers of the zone that encloses the domain's name: that of its public suffix, or of a part of that.
    async fn of(&self, domain: &DomainName) -> Result<TokioResolver, DnsFailure> {
        let name = domain.as_str();
        for (dot, _) in name.match_indices('.') {
            let zone = &name[dot + 1..];
            if let Some(servers) = self.remembered(zone) {
                return Ok(servers);
            }
            let said = self.system.lookup(format!("{zone}."), RecordType::NS).await;
            match reading::servers(said) {
                Servers::Named(names) => return self.reach(zone, &names).await,
                Servers::NoZone => {}
                Servers::NoAnswer(reason) => return Err(reason),
            }
        }
        Err(DnsFailure::Unreadable)
    }

    fn remembered(&self, zone: &str) -> Option<TokioResolver> {
        let zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, servers) = zones.get(zone)?;
        (since.elapsed() < REMEMBERED).then(|| servers.clone())
    }

    async fn reach(&self, zone: &str, names: &[HostName]) -> Result<TokioResolver, DnsFailure> {
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for name in names.iter().take(SERVERS) {
            if let Ok(found) = self.system.lookup_ip(format!("{name}.")).await {
                let admitted = found.iter().filter(|address| (self.admits)(*address));
                addresses.extend(admitted.map(|address| SocketAddr::new(address, self.port)));
            }
        }
        let servers = setting::resolver(&addresses, Recursion::NotDesired)
            .map_err(|_| DnsFailure::Refused)?;
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        zones.insert(zone.to_owned(), (Instant::now(), servers.clone()));
        Ok(servers)
    }
}

/// The name with the dot at its end, so that no search list is tried on it.
fn absolute(domain: &DomainName) -> String {
    format!("{domain}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A real server of `org`, which stands for this machine's resolver too: it knows the zone's servers.
    fn through(port: u16, admits: fn(IpAddr) -> bool) -> Dns {
        let here = SocketAddr::from(([127, 0, 0, 1], port));
        let system = setting::resolver(&[here], Recursion::Desired).unwrap();
        Dns {
            way: Way::ZoneAbove(Arc::new(ZoneAbove {
                system,
                port,
                admits,
                zones: Mutex::default(),
            })),
        }
    }

    #[tokio::test]
    async fn the_zone_above_is_found_and_asked_at_its_own_servers() {
        let nsd = crate::testing::Nsd::start(&[(
            "org",
            "$ORIGIN org.\n$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n\
             delegated NS ns.elsewhere.net.\n",
        )]);
        let dns = through(nsd.port(), |address| address.is_loopback());
        let ask = async |name: &str| dns.delegation(&name.parse().unwrap()).await;
        let servers = ask("delegated.org").await;
        let named: Vec<_> = servers
            .name_servers()
            .unwrap()
            .iter()
            .map(HostName::as_str)
            .collect();
        assert_eq!(named, ["ns.elsewhere.net"]);
        assert_eq!(ask("missing.org").await, DnsFinding::NoSuchDomain);
        assert!(matches!(
            ask("missing.net").await,
            DnsFinding::NoAnswer { .. }
        ));
        let outside = through(nsd.port(), is_public);
        let reason = DnsFailure::Refused;
        assert_eq!(
            outside.delegation(&"missing.org".parse().unwrap()).await,
            DnsFinding::NoAnswer { reason },
            "a zone does not lead us into our own network"
        );
    }
}
