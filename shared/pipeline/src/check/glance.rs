//! Glances: the registry asked, or the DNS where there is none; and a look if that shows anything.

use std::sync::Arc;

use jiff::SignedDuration;
use lapsewatch_core::{
    DomainName, Glance, Glanced, RdapFinding, Record, RunId, Transition, glance,
};
use lapsewatch_sources::{DnsSource, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Watchlist, WatchlistError, Written};

use super::look::{Glimpse, Left, ToLook};
use super::tasks::{Panicked, Tasks};
use super::witnesses::{Heard, LEFT_ALONE, Witnesses};
use super::{CheckError, Checked, Checker, Deadline};

/// How far ahead a registry's slot may be: our own questions queue for it.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What comes of a glance.
enum Outcome {
    /// It was enough, or failed.
    Answered(Checked),
    /// A look is worth its price, and goes on with what was heard.
    LookNow(Box<(Record, Glimpse)>),
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
        deadline: Deadline,
        answers: &mut [Checked],
    ) -> Result<Vec<ToLook>, CheckError> {
        let now = self.clock.now();
        let schedule = self.settings.rules.schedule;
        let is_enough =
            |one: &ToLook| run.is_of_what_is_due() && schedule.look_at(&one.record) > now;
        let begun = begun.into_iter().map(|(index, record)| ToLook {
            index,
            record,
            glimpse: None,
        });
        let (to_glance, to_look) = begun.partition(is_enough);
        self.glance_at(run, to_glance, to_look, deadline, answers)
            .await
    }

    /// Glances daily at what there is no budget to look at: what is under suspicion, or has not been looked at for long, is not
    /// lost sight of. Returns what stays to be looked at.
    pub(super) async fn glance_instead(
        self: &Arc<Self>,
        run: &RunId,
        unpaid: Vec<ToLook>,
        deadline: Deadline,
        answers: &mut [Checked],
    ) -> Result<Vec<ToLook>, CheckError> {
        // A little less than a day: the daily run comes to a domain sooner on one day and later on another.
        let a_day_ago = self.clock.now() - self.settings.rules.schedule.watchful * 5 / 6;
        let is_time = |one: &ToLook| {
            let asked_at = one.record.asked_at();
            one.glimpse.is_none() && asked_at.is_none_or(|asked_at| asked_at <= a_day_ago)
        };
        let (to_glance, to_leave) = unpaid.into_iter().partition(is_time);
        self.glance_at(run, to_glance, to_leave, deadline, answers)
            .await
    }

    /// Glances at some; returns the others, and those that call for a look.
    async fn glance_at(
        self: &Arc<Self>,
        run: &RunId,
        to_glance: Vec<ToLook>,
        mut to_look: Vec<ToLook>,
        deadline: Deadline,
        answers: &mut [Checked],
    ) -> Result<Vec<ToLook>, CheckError> {
        let mut glances = Tasks::new();
        for ToLook { index, record, .. } in to_glance {
            let (checker, run, domain) = (Arc::clone(self), run.clone(), record.domain.clone());
            glances.spawn(index, domain, async move {
                checker.glance(Some(&run), record, deadline).await
            });
        }
        let mut failure = None;
        let mut given_back = Vec::new();
        while let Some((index, domain, outcome)) = glances.next().await {
            match outcome {
                Ok(Ok(Outcome::Answered(Checked::Glanced))) => answers[index] = Checked::Glanced,
                Ok(Ok(Outcome::Answered(checked))) => {
                    given_back.push(domain);
                    answers[index] = checked;
                }
                Ok(Ok(Outcome::LookNow(found))) => {
                    let (record, glimpse) = *found;
                    to_look.push(ToLook {
                        index,
                        record,
                        glimpse: Some(glimpse),
                    });
                }
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
            self.leave(run, &to_look).await?;
            return Err(error);
        }
        // The riskiest were sent first; glances end in any order.
        to_look.sort_by_key(|to_look| to_look.index);
        Ok(to_look)
    }
}

/// A glance asks nobody for money: a checker without Fastly takes it too.
impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    R: RegistrySource,
    D: DnsSource,
{
    /// Glances at a domain that cannot be looked at, beside whoever may be looking: what calls for a look is written down and stays
    /// due.
    pub async fn glance_alone(
        &self,
        run: &RunId,
        domain: &DomainName,
        deadline: Deadline,
    ) -> Result<Checked, CheckError> {
        let Some(record) = self.watchlist.get(domain).await? else {
            return Ok(Checked::NotWatched);
        };
        match self.glance(None, record, deadline).await? {
            Outcome::Answered(checked) => Ok(checked),
            Outcome::LookNow(found) => {
                let (_, glimpse) = *found;
                self.write_unlooked(Some(run), &glimpse.unlooked).await?;
                Ok(Checked::Glanced)
            }
        }
    }

    /// Takes a glance and writes it down. A registry that does not answer is no reason to pay: the DNS is asked instead, and
    /// the registry again tomorrow.
    async fn glance(
        &self,
        run: Option<&RunId>,
        record: Record,
        deadline: Deadline,
    ) -> Result<Outcome, CheckError> {
        if !self.has_time(deadline) {
            return Ok(Outcome::Answered(Checked::HandedBack));
        }
        // Of the time before the questions: an answer is never younger than it says.
        let observed_at = self.clock.now();
        let Some(rdap) = self.heard(&record, deadline).await? else {
            return Ok(Outcome::Answered(Checked::HandedBack));
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
        match glance(&self.settings.rules, &record, &seen, run) {
            Glanced::Late => Ok(Outcome::Answered(Checked::AlreadyChecked)),
            Glanced::LookNow(unlooked) => {
                let glimpse = Glimpse {
                    observed_at,
                    witnesses: Witnesses {
                        rdap: seen.rdap,
                        dns: seen.dns,
                    },
                    unlooked: *unlooked,
                };
                Ok(Outcome::LookNow(Box::new((record, glimpse))))
            }
            Glanced::Quiet(transition) => match self.watchlist.record(&transition).await? {
                Written::Written => {
                    self.warn(&transition.record, run).await?;
                    Ok(Outcome::Answered(Checked::Glanced))
                }
                Written::Superseded => Ok(Outcome::Answered(Checked::AlreadyChecked)),
            },
        }
    }

    /// Leaves domains that are not looked at after all: their leases end, and what glances have shown of them is written down.
    pub(super) async fn leave(&self, run: &RunId, looks: &[ToLook]) -> Result<(), WatchlistError> {
        self.give_back(run, looks.iter().map(ToLook::left).collect())
            .await
    }

    /// See [`Self::leave`].
    pub(super) async fn give_back(
        &self,
        run: &RunId,
        left: Vec<Left>,
    ) -> Result<(), WatchlistError> {
        if left.is_empty() {
            return Ok(());
        }
        // Before the leases end: whoever begins a look then knows it.
        for unlooked in left.iter().filter_map(|one| one.unlooked.as_ref()) {
            self.write_unlooked(Some(run), unlooked).await?;
        }
        let domains: Vec<_> = left.into_iter().map(|one| one.domain).collect();
        self.watchlist.abandon_looks(&domains).await
    }

    /// Writes down what calls for a look and had none. If the record has changed meanwhile, whoever changed it knows more.
    async fn write_unlooked(
        &self,
        run: Option<&RunId>,
        unlooked: &Transition,
    ) -> Result<(), WatchlistError> {
        match self.watchlist.record(unlooked).await? {
            Written::Written => self.warn(&unlooked.record, run).await,
            Written::Superseded => Ok(()),
        }
    }

    /// What the registry says; `None` if there is no time to wait for its pace.
    async fn heard(
        &self,
        record: &Record,
        deadline: Deadline,
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
            match deadline {
                Deadline::Open => self.clock.sleep_until(free_at).await,
                Deadline::End(_) => return Ok(None),
                // Who asks at the moment of use is answered with that it could not be asked.
                Deadline::Begin(_) => return Ok(Some(LEFT_ALONE)),
            }
        }
    }
}
