//! What the authoritative DNS would answer.

use lapsewatch_core::{DnsFailure, DnsFinding, HostName, Timestamp};

use super::World;
use super::mail::{Front, Mail};
use crate::draw::{Purpose, draw};
use crate::history::{Span, State};
use crate::outages::Source;

impl World {
    /// What the DNS answers about a domain at a time.
    pub fn dns(&self, domain: u32, time: Timestamp) -> DnsFinding {
        if self.is_dns_silent(domain, time) {
            return DnsFinding::NoAnswer {
                reason: DnsFailure::TimedOut,
            };
        }
        let span = self.history(domain).span_at(time);
        let Some(front) = self.delegated(domain, span) else {
            return DnsFinding::NoSuchDomain;
        };
        let name_servers = self.name_servers(domain, span, front);
        if self.is_lame(domain, time) {
            return DnsFinding::Lame { name_servers };
        }
        let mail_servers = match front.mail() {
            Mail::Taken => host(&format!("mx.{}", self.operator(domain, span, front))),
            Mail::Refused => Vec::new(),
        };
        DnsFinding::Delegated {
            name_servers,
            mail_servers,
        }
    }

    /// Whether a look for mail servers finds none, by a true answer: what RubyGems asks.
    pub(crate) fn has_no_mail_server(&self, domain: u32, time: Timestamp) -> bool {
        if self.is_dns_silent(domain, time) {
            return false;
        }
        let span = self.history(domain).span_at(time);
        match self.delegated(domain, span) {
            None => true,
            Some(_) if self.is_lame(domain, time) => false,
            Some(front) => front.mail() == Mail::Refused,
        }
    }

    /// What stands at the name, if the registry's zone has it.
    fn delegated(&self, domain: u32, span: Span) -> Option<Front> {
        match span.state {
            State::Held | State::Grace | State::Interrupted => {
                Some(self.front(domain, span)).filter(|front| *front != Front::Nothing)
            }
            State::Suspended
            | State::Redemption
            | State::Restoring
            | State::PendingDelete
            | State::Released => None,
        }
    }

    fn is_dns_silent(&self, domain: u32, time: Timestamp) -> bool {
        self.outages.at(Source::Dns, time).is_some()
            || self
                .of_hour(domain, time, Purpose::DnsNoise)
                .is_below(self.noise.dns_silent)
    }

    fn is_lame(&self, domain: u32, time: Timestamp) -> bool {
        // The highest bit keeps a day's number from being that of an hour.
        let day = u64::try_from(time.as_second() / 86_400).unwrap_or(0) | (1 << 63);
        draw(
            self.parameters.seed,
            u64::from(domain),
            Purpose::DnsNoise,
            day,
        )
        .is_below(self.noise.dns_lame)
    }

    /// The name servers of a delegated name.
    pub(super) fn name_servers(&self, domain: u32, span: Span, front: Front) -> Vec<HostName> {
        let operator = self.operator(domain, span, front);
        let mut names = host(&format!("ns1.{operator}"));
        names.extend(host(&format!("ns2.{operator}")));
        names
    }

    /// Who runs the servers: each holder has his own, each registrar its own for expired names.
    fn operator(&self, domain: u32, span: Span, front: Front) -> String {
        let registrar = self.history(domain).tenure(span).registrar;
        match front {
            Front::RegistrarPage { .. } => format!("parking-{registrar}.net"),
            Front::Own | Front::Nothing | Front::Parked { .. } | Front::ForSale { .. } => {
                format!("host-{domain}-{}.net", span.tenure)
            }
        }
    }
}

fn host(name: &str) -> Vec<HostName> {
    HostName::parse(name).into_iter().collect()
}
