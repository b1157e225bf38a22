//! Glances: the registry asked, or the DNS where there is none; and a look if that shows anything.

use std::sync::Arc;

use jiff::SignedDuration;
use lapsewatch_core::{DomainName, Glance, Glanced, RdapFinding, Record, RunId, Timestamp, glance};
use lapsewatch_sources::{DnsSource, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Watchlist, WatchlistError, Written};

use super::look::ToLook;
use super::tasks::{Panicked, Tasks};
use super::witnesses::{Heard, LEFT_ALONE, Witnesses};
use super::{CheckError, Checked, Checker};

/// How far ahead a registry's slot may be: our own questions queue for it.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What comes of a glance.
enum Glimpse {
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
    /// In a run over what is due, glances first at what needs no look for its age: answers for what that is enough for, and
    /// returns what is to be looked at.
    pub(super) async fn glance_first(
        self: &Arc<Self>,
        run: &RunId,
        begun: Vec<(usize, Record)>,
        deadline: Option<Timestamp>,
        answers: &mut [Checked],
    ) -> Result<Vec<ToLook>, CheckError> {
        let now = self.clock.now();
        let mut to_look = Vec::with_capacity(begun.len());
        let mut glances = Tasks::new();
        for (index, record) in begun {
            if run.is_of_what_is_due() && self.settings.rules.schedule.look_at(&record) > now {
                let (checker, run, domain) = (Arc::clone(self), run.clone(), record.domain.clone());
                glances.spawn(index, domain, async move {
                    checker.glance(&run, record, deadline).await
                });
            } else {
                let witnesses = Witnesses::default();
                to_look.push(ToLook {
                    index,
                    record,
                    witnesses,
                });
            }
        }
        let mut failure = None;
        let mut given_back = Vec::new();
        while let Some((index, domain, outcome)) = glances.next().await {
            match outcome {
                Ok(Ok(Glimpse::Answered(Checked::Glanced))) => answers[index] = Checked::Glanced,
                Ok(Ok(Glimpse::Answered(checked))) => {
                    given_back.push(domain);
                    answers[index] = checked;
                }
                Ok(Ok(Glimpse::LookNow { record, witnesses })) => to_look.push(ToLook {
                    index,
                    record: *record,
                    witnesses,
                }),
                Ok(Err(error)) => {
                    given_back.push(domain);
                    failure.get_or_insert(error);
                }
                Err(Panicked) => {
                    given_back.push(domain);
                    answers[index] = Checked::Failed("the glance panicked".to_owned());
                }
            }
        }
        if !given_back.is_empty() {
            self.watchlist.abandon_looks(&given_back).await?;
        }
        if let Some(error) = failure {
            self.abandon(&to_look).await?;
            return Err(error);
        }
        // The riskiest were sent first; glances end in any order.
        to_look.sort_by_key(|to_look| to_look.index);
        Ok(to_look)
    }

    /// Glances at a domain that there is no budget to look at: what calls for a look stays unlooked at.
    pub(crate) async fn glance_alone(
        &self,
        run: &RunId,
        domain: &DomainName,
    ) -> Result<Checked, CheckError> {
        let Some(record) = self.watchlist.get(domain).await? else {
            return Ok(Checked::NotWatched);
        };
        Ok(match self.glance(run, record, None).await? {
            Glimpse::Answered(checked) => checked,
            Glimpse::LookNow { .. } => Checked::OverBudget,
        })
    }

    /// Takes a glance and writes it down. A registry that does not answer is no reason to pay: the DNS is asked instead, and
    /// the registry again tomorrow.
    async fn glance(
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
