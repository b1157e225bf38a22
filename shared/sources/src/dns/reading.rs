//! What an answer of the DNS says, and what it does not say.

use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};
use lapsewatch_core::{DnsFailure, DomainName, HostName};

use crate::hosts::sorted;

/// What the zone above says of a name.
pub(super) enum Delegation {
    /// It is delegated to these servers.
    To(Vec<HostName>),
    /// It is not there.
    NoSuchDomain,
    /// Nothing that could be relied upon.
    NoAnswer(DnsFailure),
}

/// Reads the answer to a question for a name's NS. A referral says as much as an answer: the zone above has the name.
pub(super) fn delegation(said: Result<Lookup, NetError>, domain: &DomainName) -> Delegation {
    let none = match said {
        Ok(lookup) => {
            let said = lookup.answers().iter().chain(lookup.authorities());
            let named = hosts_of(said, domain);
            let question = lookup.message().queries.first();
            return if named.is_empty() || !question.is_some_and(|asked| is_ours(asked, domain)) {
                Delegation::NoAnswer(DnsFailure::Unreadable)
            } else {
                Delegation::To(named)
            };
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => none,
        Err(error) => return Delegation::NoAnswer(failure(&error)),
    };
    if !is_ours(&none.query, domain) {
        return Delegation::NoAnswer(DnsFailure::Unreadable);
    }
    match none.response_code {
        ResponseCode::NXDomain if is_denied_by_zone_above(&none, domain) => {
            Delegation::NoSuchDomain
        }
        // Without that zone's own SOA it may be anybody's word: a filter's, or a captive network's. With records it is none.
        ResponseCode::NXDomain => Delegation::NoAnswer(DnsFailure::Unreadable),
        ResponseCode::NoError => {
            let referred = none.authorities.as_deref().unwrap_or_default();
            let referred = hosts_of(referred.iter(), domain);
            if referred.is_empty() {
                // The name is there, and has no servers of its own; that proves neither.
                Delegation::NoAnswer(DnsFailure::Unreadable)
            } else {
                Delegation::To(referred)
            }
        }
        ResponseCode::ServFail => Delegation::NoAnswer(DnsFailure::ServerFailed),
        _ => Delegation::NoAnswer(DnsFailure::Refused),
    }
}

/// Whether the answer is one to our question. Hickory goes on to the name that an alias leads to, whose absence is not that of
/// the alias, and compares no questions over TCP.
fn is_ours(question: &Query, domain: &DomainName) -> bool {
    question.query_type() == RecordType::NS
        && question.query_class() == DNSClass::IN
        && host(question.name()).is_some_and(|name| name.as_str() == domain.as_str())
}

/// Whether the denial comes with the SOA of a zone above the name, and with nothing that is there after all; the root's denies
/// a top-level domain, not a name below one.
fn is_denied_by_zone_above(none: &NoRecords, domain: &DomainName) -> bool {
    // Hickory keeps the authorities of an answer without records only; the SOA, of any.
    let is_bare = none.authorities.is_some();
    is_bare
        && none.soa.as_ref().is_some_and(|soa| {
            let zone = host(&soa.name);
            zone.is_some_and(|zone| domain.as_str().ends_with(&format!(".{zone}")))
        })
}

/// The servers of a zone.
pub(super) enum Servers {
    /// It is a zone, and these are its servers.
    Named(Vec<HostName>),
    /// There is no zone of that name.
    NoZone,
    /// Nobody says.
    NoAnswer(DnsFailure),
}

/// Reads the answer to a question for a zone's NS.
pub(super) fn servers(said: Result<Lookup, NetError>) -> Servers {
    match said {
        Ok(lookup) => match sorted(lookup.answers().iter().filter_map(name_server)) {
            named if named.is_empty() => Servers::NoZone,
            named => Servers::Named(named),
        },
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => Servers::NoZone,
            ResponseCode::ServFail => Servers::NoAnswer(DnsFailure::ServerFailed),
            _ => Servers::NoAnswer(DnsFailure::Refused),
        },
        Err(error) => Servers::NoAnswer(failure(&error)),
    }
}

/// Who takes a name's mail.
pub(super) enum Mail {
    /// These hosts; none, if the name takes no mail (RFC 7505's null MX included).
    Taken(Vec<HostName>),
    /// None of the name's servers answers for it.
    NobodyAnswers,
}

/// Reads the answer to a question for a name's MX.
pub(super) fn mail(said: Result<Lookup, NetError>) -> Mail {
    match said {
        Ok(lookup) => {
            Mail::Taken(sorted(lookup.answers().iter().filter_map(
                |record| match &record.data {
                    RData::MX(mx) => host(&mx.exchange),
                    _ => None,
                },
            )))
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            // A denial comes with a SOA; a bare referral says that whoever was asked does not know.
            match (none.response_code, &none.soa) {
                (ResponseCode::NoError | ResponseCode::NXDomain, Some(_)) => {
                    Mail::Taken(Vec::new())
                }
                _ => Mail::NobodyAnswers,
            }
        }
        Err(_) => Mail::NobodyAnswers,
    }
}

/// The servers that records name for the domain itself, not for another name.
fn hosts_of<'a>(records: impl Iterator<Item = &'a Record>, domain: &DomainName) -> Vec<HostName> {
    let own = records
        .filter(|record| host(&record.name).is_some_and(|name| name.as_str() == domain.as_str()));
    sorted(own.filter_map(name_server))
}

fn name_server(record: &Record) -> Option<HostName> {
    match &record.data {
        RData::NS(ns) => host(&ns.0),
        _ => None,
    }
}

fn host(name: &Name) -> Option<HostName> {
    HostName::parse(&name.to_ascii())
}

fn failure(error: &NetError) -> DnsFailure {
    match error {
        NetError::Timeout => DnsFailure::TimedOut,
        NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => DnsFailure::ServerFailed,
        NetError::Dns(_) | NetError::Io(_) | NetError::NoConnections => DnsFailure::Refused,
        _ => DnsFailure::Unreadable,
    }
}
