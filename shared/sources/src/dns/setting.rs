//! Who is asked: `LAPSEWATCH_DNS`, and the resolvers made of it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::Recursion;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// Whom the operator wants asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsSetting {
    /// Not set: the zones' own servers, found by this machine's resolvers.
    System,
    /// `none`: the DNS is not asked.
    Off,
    /// These servers: recursive ones, or authoritative ones in a test.
    Servers(Vec<SocketAddr>),
}

/// Why the DNS cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum DnsSetupError {
    /// The setting is none.
    #[error(
        "LAPSEWATCH_DNS must be none, or the addresses of DNS servers with or without a port, separated by commas, such as \
         192.0.2.1 or [2001:db8::1]:53"
    )]
    Setting,
    /// There are no servers.
    #[error("there are no DNS servers to ask")]
    NoServers,
    /// This machine's resolvers cannot be found out.
    #[error(
        "this machine's DNS resolvers cannot be found out; name one by LAPSEWATCH_DNS, or none"
    )]
    System {
        /// Why.
        #[source]
        source: NetError,
    },
}

impl DnsSetting {
    /// Reads the setting.
    ///
    /// # Errors
    /// It names something that is no server's address.
    pub fn read(setting: Option<&str>) -> Result<Self, DnsSetupError> {
        let Some(text) = setting.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self::System);
        };
        if text == "none" {
            return Ok(Self::Off);
        }
        let servers: Option<Vec<_>> = text
            .split(',')
            .map(|server| address(server.trim()))
            .collect();
        servers.map(Self::Servers).ok_or(DnsSetupError::Setting)
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let usual = || Some(SocketAddr::new(bare.parse::<IpAddr>().ok()?, 53));
    text.parse().ok().or_else(usual)
}

/// This machine's resolvers.
pub(super) fn system() -> Result<TokioResolver, DnsSetupError> {
    let unusable = |source| DnsSetupError::System { source };
    let mut builder = TokioResolver::builder_tokio().map_err(unusable)?;
    set(builder.options_mut(), Recursion::Desired);
    builder.build().map_err(unusable)
}

/// A resolver that asks these servers.
pub(super) fn resolver(
    servers: &[SocketAddr],
    recursion: Recursion,
) -> Result<TokioResolver, DnsSetupError> {
    if servers.is_empty() {
        return Err(DnsSetupError::NoServers);
    }
    let servers = servers.iter().map(|server| {
        let mut config = NameServerConfig::udp_and_tcp(server.ip());
        for connection in &mut config.connections {
            connection.port = server.port();
        }
        config
    });
    let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    set(builder.options_mut(), recursion);
    builder
        .build()
        .map_err(|source| DnsSetupError::System { source })
}

/// Each look asks anew, and only the DNS itself.
fn set(options: &mut ResolverOpts, recursion: Recursion) {
    options.timeout = ATTEMPT;
    options.attempts = 1;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.recursion_desired = match recursion {
        Recursion::Desired => true,
        Recursion::NotDesired => false,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_addresses_none_or_nothing() {
        let servers = |text| match DnsSetting::read(Some(text)).unwrap() {
            DnsSetting::Servers(servers) => servers,
            other => panic!("{other:?}"),
        };
        assert_eq!(DnsSetting::read(None).unwrap(), DnsSetting::System);
        assert_eq!(DnsSetting::read(Some(" ")).unwrap(), DnsSetting::System);
        assert_eq!(DnsSetting::read(Some("none")).unwrap(), DnsSetting::Off);
        assert_eq!(servers("192.0.2.1"), ["192.0.2.1:53".parse().unwrap()]);
        assert_eq!(
            servers("127.0.0.1:5353, [2001:db8::1]:54,2001:db8::2,[2001:db8::3]"),
            [
                "127.0.0.1:5353".parse().unwrap(),
                "[2001:db8::1]:54".parse().unwrap(),
                "[2001:db8::2]:53".parse().unwrap(),
                "[2001:db8::3]:53".parse().unwrap()
            ]
        );
        for wrong in ["dns.example.org", "192.0.2.1,", "192.0.2.1:x", "1"] {
            assert!(DnsSetting::read(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
