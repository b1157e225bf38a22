//! One glance: the registry asked, or the DNS where there is none; and a look if that shows anything.

use jiff::SignedDuration;
use lapsewatch_core::{Glance, Glanced, RdapFinding, Record, RunId, Timestamp, glance};
use lapsewatch_sources::{DnsSource, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Watchlist, WatchlistError, Written};

use super::witnesses::{Heard, LEFT_ALONE, Witnesses};
use super::{CheckError, Checked, Checker};

/// How far ahead a registry's slot may be: our own questions queue for it.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What comes of a glance.
pub(super) enum Glimpse {
    /// It was enough, or failed.
    Answered(Checked),
    /// A look is worth its price, and goes on with what was heard.
    LookNow {
        record: Box<Record>,
        witnesses: Witnesses,
    },
}

impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    S: StatusSource + Send + Sync + 'static,
    R: RegistrySource,
    D: DnsSource,
{
    /// Takes a glance and writes it down. A registry that does not answer is no reason to pay: the DNS is asked instead, and
    /// the registry again tomorrow.
    pub(super) async fn glance(
        &self,
        run: &RunId,
        record: Record,
        deadline: Option<Timestamp>,
    ) -> Result<Glimpse, CheckError> {
        if !self.has_time(deadline) {
            return Ok(Glimpse::Answered(Checked::HandedBack));
        }
        // Of the time before the questions: an answer is never younger than it says.
        let observed_at = self.clock.now();
        let Some(rdap) = self.heard(&record, deadline).await? else {
            return Ok(Glimpse::Answered(Checked::HandedBack));
        };
        let is_dns_of_use = match &rdap {
            RdapFinding::NotSupported | RdapFinding::NoAnswer { .. } => true,
            // Past its term, the name may be suspended: only the zone tells.
            RdapFinding::Registered(facts) => facts.has_ended(observed_at),
            // A look follows, and asks the DNS too.
            RdapFinding::NotRegistered => false,
        };
        let dns = if is_dns_of_use && self.has_time(deadline) {
            Some(self.dns.delegation(&record.domain).await)
        } else {
            None
        };
        let seen = Glance {
            observed_at,
            rdap: Some(rdap),
            dns,
        };
        match glance(&self.settings.rules, &record, &seen, Some(run)) {
            Glanced::Late => Ok(Glimpse::Answered(Checked::AlreadyChecked)),
            Glanced::LookNow => Ok(Glimpse::LookNow {
                record: Box::new(record),
                witnesses: Witnesses {
                    rdap: seen.rdap,
                    dns: seen.dns,
                },
            }),
            Glanced::Quiet(transition) => match self.watchlist.record(&transition).await? {
                Written::Written => {
                    self.warn(&transition.record, run).await?;
                    Ok(Glimpse::Answered(Checked::Glanced))
                }
                Written::Superseded => Ok(Glimpse::Answered(Checked::AlreadyChecked)),
            },
        }
    }

    /// What the registry says; `None` if there is no time to wait for its pace.
    async fn heard(
        &self,
        record: &Record,
        deadline: Option<Timestamp>,
    ) -> Result<Option<RdapFinding>, WatchlistError> {
        loop {
            let free_at = match self
                .ask_registry(&record.domain, PATIENCE, deadline)
                .await?
            {
                Heard::Answer(finding) => return Ok(Some(finding)),
                Heard::NotBefore(free_at) => free_at,
            };
            if self.is_held(free_at) {
                return Ok(Some(LEFT_ALONE));
            }
            if deadline.is_some() {
                return Ok(None);
            }
            self.clock.sleep_until(free_at).await;
        }
    }
}
