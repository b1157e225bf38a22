//! One look, as a change of a domain's record: policy and schedule together.

use crate::{Event, EventKind, Evidence, Policy, Record, RunId, Schedule, Timestamp, Verdict};

/// The rules by which looks are weighed and scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// From evidence to verdict.
    pub policy: Policy,
    /// From verdict to the next look.
    pub schedule: Schedule,
}

/// A change of a record, to be written together with its event, over the revision that it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The record as it will be. Its revision is one more than that of the record it was made from.
    pub record: Record,
    /// What to add to the audit trail, if anything changed that a reader would ask about.
    pub event: Option<Event>,
    /// What becomes of the lease of the look that somebody may be taking.
    pub lease: Lease,
}

/// What a change does to the lease of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It is what the lease was for.
    Ends,
    /// It comes beside: whoever looks goes on.
    Stays,
}

/// What a look changes; `None` if the record already holds a look of that time or later: late and doubled observations
/// lose.
pub fn observe(
    rules: &Rules,
    previous: &Record,
    evidence: Evidence,
    run: Option<&RunId>,
) -> Option<Transition> {
    if previous
        .checked_at()
        .is_some_and(|checked_at| checked_at >= evidence.observed_at)
    {
        return None;
    }
    let judgement = rules.policy.judge(previous, &evidence);
    let unknown_streak = match judgement.verdict {
        Verdict::Unknown => previous.unknown_streak.saturating_add(1),
        Verdict::Held | Verdict::Lapsing | Verdict::Lapsed | Verdict::Resurrected { .. } => 0,
    };
    let same_verdict = previous.verdict == Some(judgement.verdict);
    let mut background = previous.background.after(
        evidence.observed_at,
        evidence.rdap.as_ref(),
        evidence.dns.as_ref(),
    );
    if evidence.settles(previous) {
        let is_later = |since: &Timestamp| *since > evidence.observed_at;
        background.unsettled_since = background.unsettled_since.filter(is_later);
    }
    let mut record = Record {
        revision: previous.revision + 1,
        verdict: Some(judgement.verdict),
        since: if same_verdict {
            previous.since
        } else {
            evidence.observed_at
        },
        evidence: Some(evidence),
        lapse: judgement.lapse,
        deleted_at: judgement.deleted_at,
        unknown_streak,
        background,
        checked_run: run.cloned().or_else(|| previous.checked_run.clone()),
        pending: judgement.pending,
        ..previous.clone()
    };
    record.next_check_at = rules.schedule.next_check(&record);
    let event = what_happened(previous, &record).map(|(at, kind)| Event {
        domain: record.domain.clone(),
        at,
        revision: record.revision,
        run: run.cloned(),
        kind,
    });
    Some(Transition {
        record,
        event,
        lease: Lease::Ends,
    })
}

/// The one thing to say about a look: the most weighty first.
fn what_happened(previous: &Record, record: &Record) -> Option<(Timestamp, EventKind)> {
    let evidence = record.evidence.clone()?;
    let at = evidence.observed_at;
    let kind = match (&previous.pending, &record.pending, record.verdict?) {
        (None, Some(pending), _) => EventKind::Confirmed {
            loss: pending.verdict,
            confirmation: pending.confirmation,
            evidence: pending.evidence.clone(),
        },
        (_, _, to) if previous.verdict != Some(to) => EventKind::VerdictChanged {
            from: previous.verdict,
            to,
            evidence,
        },
        _ if says_the_same(previous, &evidence) => return None,
        _ => EventKind::Observed { evidence },
    };
    Some((at, kind))
}

/// A witness who is not asked at every look says the same as long as it does not say something else. Dates that move on with a
/// renewal are told: a reader asks when.
fn says_the_same(previous: &Record, evidence: &Evidence) -> bool {
    fn is_same<T: PartialEq>(before: Option<&T>, now: Option<&T>) -> bool {
        before.is_none() || now.is_none() || before == now
    }
    previous.evidence.as_ref().is_some_and(|last| {
        last.fastly == evidence.fastly
            && is_same(last.rdap.as_ref(), evidence.rdap.as_ref())
            && is_same(last.dns.as_ref(), evidence.dns.as_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answered, at, day, domain, no_answer};
    use crate::{RdapFacts, RdapFinding};

    fn new_record() -> Record {
        Record::new(domain("example.org"), None, at(0))
    }

    fn look(previous: &Record, status: &str, time: Timestamp) -> Option<Transition> {
        observe(&Rules::default(), previous, answered(status, time), None)
    }

    #[test]
    fn a_late_or_doubled_observation_changes_nothing() {
        let record = look(&new_record(), "active", at(10)).unwrap().record;
        assert_eq!(look(&record, "inactive", at(10)), None);
        assert_eq!(look(&record, "inactive", at(9)), None);
    }

    #[test]
    fn each_change_is_told_once_and_an_unchanged_look_is_not() {
        let first = look(&new_record(), "active", at(1)).unwrap();
        assert!(matches!(
            first.event.unwrap().kind,
            EventKind::VerdictChanged {
                from: None,
                to: Verdict::Held,
                ..
            }
        ));
        let same = look(&first.record, "active", at(2)).unwrap();
        assert_eq!(same.event, None);
        let other = look(&same.record, "parked active", at(3)).unwrap();
        assert!(matches!(
            other.event.unwrap().kind,
            EventKind::Observed { .. }
        ));
        let lost = look(&other.record, "inactive", at(4)).unwrap();
        assert!(matches!(
            lost.event.unwrap().kind,
            EventKind::VerdictChanged { .. }
        ));
        let confirmed = look(&lost.record, "inactive", at(day() + 4)).unwrap();
        assert!(matches!(
            confirmed.event.unwrap().kind,
            EventKind::Confirmed { .. }
        ));
        let again = look(&confirmed.record, "inactive", at(2 * day())).unwrap();
        assert_eq!(again.event, None);
    }

    #[test]
    fn a_witness_that_is_not_asked_each_time_makes_no_event() {
        let asked = |time| Evidence {
            rdap: Some(RdapFinding::Registered(RdapFacts::default())),
            ..answered("active", at(time))
        };
        let rules = Rules::default();
        let first = observe(&rules, &new_record(), asked(1), None).unwrap();
        let without = look(&first.record, "active", at(2)).unwrap();
        assert_eq!(without.event, None);
        let again = observe(&rules, &without.record, asked(3), None).unwrap();
        assert_eq!(again.event, None);
        let renewed = Evidence {
            rdap: Some(RdapFinding::Registered(RdapFacts {
                expires_at: Some(at(400 * day())),
                ..RdapFacts::default()
            })),
            ..asked(4)
        };
        assert!(
            observe(&rules, &again.record, renewed, None)
                .unwrap()
                .event
                .is_some()
        );
    }

    #[test]
    fn silence_counts_up_and_an_answer_ends_it() {
        let mut record = new_record();
        for n in 1..4 {
            record = observe(&Rules::default(), &record, no_answer(at(n * day())), None)
                .unwrap()
                .record;
        }
        assert_eq!(record.unknown_streak, 3);
        assert_eq!(
            look(&record, "active", at(9 * day()))
                .unwrap()
                .record
                .unknown_streak,
            0
        );
    }
}
