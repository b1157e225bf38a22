//! What is asked of the registries.

use std::time::Duration;

use lapsewatch_core::{DomainName, HostName, RdapFinding};

/// The registries, each asked at its own RDAP server.
pub trait RegistrySource: Send + Sync + 'static {
    /// The server that answers for the domain's top-level domain, and by which questions are paced; `None` if there is none.
    fn server(&self, domain: &DomainName) -> Option<HostName>;

    /// Asks once what the registry knows of `domain`. Whatever goes wrong is an answer that decides nothing.
    fn registration(&self, domain: &DomainName) -> impl Future<Output = RegistryReply> + Send;
}

/// What came of asking a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryReply {
    /// What it said.
    pub finding: RdapFinding,
    /// How long its server asked to be left alone: at most a day. It holds for all names there, and for the whole fleet.
    pub retry_after: Option<Duration>,
}

/// `None` where the operator has turned this witness off: no top-level domain has a server then.
impl<R: RegistrySource> RegistrySource for Option<R> {
    fn server(&self, domain: &DomainName) -> Option<HostName> {
        self.as_ref()?.server(domain)
    }

    async fn registration(&self, domain: &DomainName) -> RegistryReply {
        match self {
            Some(registry) => registry.registration(domain).await,
            None => RegistryReply {
                finding: RdapFinding::NotSupported,
                retry_after: None,
            },
        }
    }
}
