//! What is asked of the DNS.

use lapsewatch_core::{DnsFinding, DomainName};

/// The authoritative DNS.
pub trait DnsSource: Send + Sync + 'static {
    /// Asks what the zone above `domain` says of it, and its own servers of its mail. Whatever goes wrong is an answer that
    /// decides nothing.
    fn delegation(&self, domain: &DomainName) -> impl Future<Output = DnsFinding> + Send;
}
