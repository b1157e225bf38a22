//! The witnesses beside Fastly: the registry at its own pace, and the DNS.

use jiff::SignedDuration;
use lapsewatch_core::{
    DnsFinding, DomainName, FastlyFinding, Paced, RdapFailure, RdapFinding, Record, RunId,
    Timestamp, Urgency, is_dns_of_use, registry_urgency,
};
use lapsewatch_sources::{DnsSource, RegistrySource};
use lapsewatch_watchlist::{Slots, Watchlist, WatchlistError};

use super::{Checker, Deadline};

/// How long a question to a registry may take, and its answer be worked at.
const QUESTION: SignedDuration = SignedDuration::from_secs(12);
/// How long an answer is waited for that could change the verdict.
const DECISIVE: SignedDuration = SignedDuration::from_secs(60);
/// How long one is waited for that is merely welcome.
const WELCOME: SignedDuration = SignedDuration::from_secs(2);

/// No queue of our own questions is this long: the pace was held for the registry's sake.
const HELD: SignedDuration = SignedDuration::from_mins(10);

/// What the witnesses said. `None` is who was not asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Witnesses {
    pub(super) rdap: Option<RdapFinding>,
    pub(super) dns: Option<DnsFinding>,
}

/// What came of wanting to ask a registry.
pub(super) enum Heard {
    /// It was asked.
    Answer(RdapFinding),
    /// Its next slot comes only then.
    NotBefore(Timestamp),
}

impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    R: RegistrySource,
    D: DnsSource,
{
    /// Asks the witnesses whose answer matters beside what Fastly said; who has been asked is not asked again.
    pub(super) async fn beside(
        &self,
        run: &RunId,
        record: &Record,
        fastly: &FastlyFinding,
        known: Witnesses,
        deadline: Deadline,
    ) -> Result<Witnesses, WatchlistError> {
        let domain = &record.domain;
        let patience = match registry_urgency(record, fastly, self.clock.now()) {
            Urgency::Decisive => Some(DECISIVE),
            // A domain may have been registered again since: who is about to rely on it has to know.
            Urgency::Welcome | Urgency::None if run.is_of_named_domains() => Some(DECISIVE),
            Urgency::Welcome => Some(WELCOME),
            Urgency::None => None,
        };
        let rdap = match (known.rdap, patience) {
            (Some(said), _) => Some(said),
            (None, None) => None,
            (None, Some(patience)) => match self.ask_registry(domain, patience, deadline).await? {
                Heard::Answer(finding) => Some(finding),
                // It was wanted and could not be had: that is no answer, and not the same as not having asked.
                Heard::NotBefore(_) if patience == DECISIVE => Some(LEFT_ALONE),
                Heard::NotBefore(_) => None,
            },
        };
        let dns = match known.dns {
            Some(said) => Some(said),
            None if is_dns_of_use(fastly, rdap.as_ref(), self.clock.now())
                && self.has_time(deadline) =>
            {
                Some(self.dns.delegation(domain).await)
            }
            None => None,
        };
        Ok(Witnesses { rdap, dns })
    }

    /// Asks the registry as soon as its pace allows, if that is within `patience` and before the deadline.
    pub(super) async fn ask_registry(
        &self,
        domain: &DomainName,
        patience: SignedDuration,
        deadline: Deadline,
    ) -> Result<Heard, WatchlistError> {
        let Some(server) = self.registry.server(domain) else {
            return Ok(Heard::Answer(RdapFinding::NotSupported));
        };
        let paced = Paced::Registry(server);
        let wall = self.clock.wall();
        let patient = wall + patience;
        let latest = deadline
            .latest(QUESTION)
            .map_or(patient, |latest| latest.min(patient));
        match self
            .watchlist
            .reserve_slots(&paced, &self.settings.registry_pace, 1, wall, latest)
            .await?
        {
            Slots::From(slot) => self.clock.sleep_until(slot).await,
            Slots::TooLate(free_at) => return Ok(Heard::NotBefore(free_at)),
        }
        let reply = self.registry.registration(domain).await;
        if let Some(after) = reply.retry_after {
            let until = self.clock.wall() + after;
            self.watchlist.hold_pace(&paced, until).await?;
        }
        Ok(Heard::Answer(reply.finding))
    }

    /// Whether there is time for a question.
    pub(super) fn has_time(&self, deadline: Deadline) -> bool {
        deadline
            .latest(QUESTION)
            .is_none_or(|latest| self.clock.wall() <= latest)
    }

    /// Whether a registry's slot is so far away that it has asked to be left alone.
    pub(super) fn is_held(&self, free_at: Timestamp) -> bool {
        free_at.duration_since(self.clock.wall()) > HELD
    }
}

/// What is recorded of a registry whose pace leaves no room for the question.
pub(super) const LEFT_ALONE: RdapFinding = RdapFinding::NoAnswer {
    reason: RdapFailure::Throttled,
};
