//! What is asked of the DNS.

use lapsewatch_core::{DnsFailure, DnsFinding, DomainName};

/// The authoritative DNS.
pub trait DnsSource: Send + Sync + 'static {
    /// Asks what the zone above `domain` says of it, and its own servers of its mail. Whatever goes wrong is an answer that
    /// decides nothing.
    fn delegation(&self, domain: &DomainName) -> impl Future<Output = DnsFinding> + Send;
}

/// `None` where the operator has turned this witness off.
impl<D: DnsSource> DnsSource for Option<D> {
    async fn delegation(&self, domain: &DomainName) -> DnsFinding {
        match self {
            Some(dns) => dns.delegation(domain).await,
            None => DnsFinding::NoAnswer {
                reason: DnsFailure::Off,
            },
        }
    }
}
