//! When to look at a domain again: the riskier, the sooner; and when the look must be one that is paid for.

use jiff::SignedDuration;

use crate::{DomainName, Record, Risk, Timestamp, Verdict};

/// The intervals between looks. A *look* asks Fastly, and costs a call; a *glance* asks the registry or the DNS only, and
/// leads to a look when it shows anything that could change the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The longest a healthy domain goes without a look: longer than a month, so that the monthly sweep comes first, and
    /// below the 35 days from deletion to release of a generic top-level domain.
    pub look: SignedDuration,
    /// The longest a healthy domain goes without a glance.
    pub glance: SignedDuration,
    /// A glance with a soft signal: parked, for sale.
    pub soft_signal: SignedDuration,
    /// A glance after a term has ended, where redemption and pending delete take 35 days: generic top-level domains.
    pub spell: SignedDuration,
    /// A glance where a name may be lost from one day to the next: after a term of a country code's domain or in other hands, or
    /// at any time where the registry does not tell when a term ends, or has not answered.
    pub watchful: SignedDuration,
    /// A look with a loss under way.
    pub losing: SignedDuration,
    /// A look after the first one without an answer; doubled with each further one.
    pub unknown: SignedDuration,
    /// The longest wait after a look without an answer.
    pub unknown_most: SignedDuration,
}

impl Default for Schedule {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self {
            look: days(34),
            glance: days(30),
            soft_signal: days(7),
            spell: days(3),
            watchful: days(1),
            losing: days(1),
            unknown: SignedDuration::from_hours(6),
            unknown_most: days(7),
        }
    }
}

/// How long after the end of a term the first glance comes: registries move their dates on within the day.
const AFTER_EXPIRY: SignedDuration = SignedDuration::from_hours(12);

/// No two glances are closer.
const SOONEST: SignedDuration = SignedDuration::from_hours(12);

/// The days over which a large watchlist's first questions to the registries are spread.
const FIRST_DAYS: u64 = 14;

impl Schedule {
    /// When to look or glance at a domain again, given what is known of it now.
    pub fn next_check(&self, record: &Record) -> Timestamp {
        let look = self.look_at(record);
        self.glance_at(record)
            .map_or(look, |glance| glance.min(look))
    }

    /// When the next look is due; before it, a glance is enough.
    pub fn look_at(&self, record: &Record) -> Timestamp {
        let (Some(verdict), Some(checked_at)) = (record.verdict, record.checked_at()) else {
            return record.next_check_at;
        };
        let is_losing = record.lapse.is_some();
        let by_verdict = checked_at
            + match verdict {
                // Up to a sixteenth less, two days, by the name: a sweep spreads itself, and stays above a month.
                Verdict::Held => less(self.look, 16, &record.domain),
                Verdict::Lapsing | Verdict::Lapsed | Verdict::Resurrected { .. } => self.losing,
                Verdict::Unknown if is_losing => {
                    self.backed_off(record.unknown_streak).min(self.losing)
                }
                Verdict::Unknown => self.backed_off(record.unknown_streak),
            };
        // What a glance has shown is looked at at once, and if the look did not settle it, as a loss is.
        match record.background.unsettled_since {
            Some(since) if since > checked_at => by_verdict.min(since),
            // A registry that never answers again is not paid around daily for ever.
            Some(since) if checked_at.duration_since(since) > self.soft_signal * 2 => {
                by_verdict.min(checked_at + self.soft_signal)
            }
            Some(_) => by_verdict.min(checked_at + self.losing),
            None => by_verdict,
        }
    }

    /// When the next glance is due; `None` where only a look will do.
    fn glance_at(&self, record: &Record) -> Option<Timestamp> {
        match record.verdict? {
            Verdict::Held => {}
            Verdict::Lapsing | Verdict::Lapsed | Verdict::Resurrected { .. } | Verdict::Unknown => {
                return None;
            }
        }
        let background = &record.background;
        let last = background.asked_at.max(record.checked_at())?;
        let Some(asked_at) = background.asked_at else {
            let spread = i64::try_from(record.domain.spread() % FIRST_DAYS).unwrap_or(0);
            return Some(last + self.watchful * i32::try_from(spread + 1).unwrap_or(1));
        };
        if !background.was_answered() {
            return Some(asked_at + self.watchful);
        }
        let by_term = self.by_term(record, asked_at);
        Some(match Risk::of(record, last) {
            Some(Risk::HandsChanged) if background.is_in_spell(last) => {
                by_term.min(asked_at + self.watchful)
            }
            Some(_) => by_term.min(asked_at + self.soft_signal),
            None => by_term,
        })
    }

    /// The next glance by what the registry says of the term.
    fn by_term(&self, record: &Record, asked_at: Timestamp) -> Timestamp {
        let background = &record.background;
        let Some(expires_at) = background.expires_at() else {
            return asked_at + self.watchful;
        };
        if background.is_in_spell(asked_at) {
            return asked_at
                + if record.domain.is_generic() {
                    self.spell
                } else {
                    self.watchful
                };
        }
        let usual = asked_at + less(self.glance, 10, &record.domain);
        // A country code's registry may delete a name on the very day.
        let first = if record.domain.is_generic() {
            expires_at.checked_add(AFTER_EXPIRY).unwrap_or(expires_at)
        } else {
            expires_at
        };
        usual.min(first.max(asked_at + SOONEST))
    }

    fn backed_off(&self, unknown_streak: u32) -> SignedDuration {
        let doublings = unknown_streak.saturating_sub(1).min(16);
        self.unknown
            .saturating_mul(1 << doublings)
            .min(self.unknown_most)
    }
}

/// Up to a part less of an interval, by the name, so that what began together spreads itself.
fn less(interval: SignedDuration, part: i64, domain: &DomainName) -> SignedDuration {
    let most = interval.as_millis() / i128::from(part);
    let less = i128::from(domain.spread() % 1000) * most / 1000;
    interval - SignedDuration::from_millis(i64::try_from(less).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{answered, at, day, domain, no_answer};
    use crate::{Evidence, RdapFacts, RdapFinding, Rules, observe};

    fn after(name: &str, looks: &[Evidence]) -> Record {
        let new = Record::new(domain(name), None, at(-1));
        looks.iter().fold(new, |record, look| {
            observe(&Rules::default(), &record, look.clone(), None)
                .unwrap()
                .record
        })
    }

    fn hours(record: &Record) -> i64 {
        record
            .next_check_at
            .duration_since(record.checked_at().unwrap())
            .as_hours()
    }

    fn registered(expires_at: Option<i64>, time: i64) -> Evidence {
        Evidence {
            rdap: Some(RdapFinding::Registered(RdapFacts {
                expires_at: expires_at.map(at),
                ..RdapFacts::default()
            })),
            ..answered("active", at(time))
        }
    }

    #[test]
    fn a_loss_is_looked_at_daily() {
        assert_eq!(
            hours(&after("example.org", &[answered("inactive", at(0))])),
            24
        );
    }

    #[test]
    fn no_answer_is_asked_again_within_hours_and_then_less_often() {
        let silences: Vec<_> = (0..7).map(|n| no_answer(at(n))).collect();
        let waits: Vec<_> = (1..=7)
            .map(|n| hours(&after("example.org", &silences[..n])))
            .collect();
        assert_eq!(waits, [6, 12, 24, 48, 96, 168, 168]);
        let losing = [&[answered("inactive", at(-1))], &silences[..]].concat();
        assert_eq!(hours(&after("example.org", &losing)), 24);
    }

    #[test]
    fn the_first_glance_after_a_term_comes_within_a_day_and_the_next_ones_by_the_kind_of_domain() {
        let before = after("example.org", &[registered(Some(10 * day()), 0)]);
        assert_eq!(hours(&before), 10 * 24 + 12);
        for (name, interval) in [("example.org", 3), ("example.de", 1)] {
            let looks = [
                registered(Some(10 * day()), 0),
                registered(Some(375 * day()), 11 * day()),
            ];
            assert_eq!(hours(&after(name, &looks)), interval * 24, "{name}");
        }
    }

    #[test]
    fn where_no_end_of_a_term_is_known_the_domain_is_glanced_at_daily() {
        assert_eq!(hours(&after("example.de", &[registered(None, 0)])), 24);
        let not_supported = Evidence {
            rdap: Some(RdapFinding::NotSupported),
            ..answered("active", at(0))
        };
        assert_eq!(hours(&after("example.jp", &[not_supported])), 24);
    }

    #[test]
    fn a_domain_parked_or_for_sale_is_glanced_at_weekly_and_looked_at_no_more_often() {
        for status in ["marketed active", "parked active"] {
            let soft_signal = Evidence {
                fastly: answered(status, at(0)).fastly,
                ..registered(Some(300 * day()), 0)
            };
            let record = after("example.org", &[soft_signal]);
            assert_eq!(hours(&record), 7 * 24, "{status}");
            assert!(Schedule::default().look_at(&record) > at(31 * day()));
        }
    }

    #[test]
    fn a_term_that_only_the_registrar_shows_to_have_ended_is_watched_as_any_that_has() {
        let unpaid = Evidence {
            rdap: Some(RdapFinding::Registered(RdapFacts {
                expires_at: Some(at(364 * day())),
                registrar_expires_at: Some(at(-day())),
                ..RdapFacts::default()
            })),
            ..answered("active", at(0))
        };
        for (name, interval) in [("example.org", 3), ("example.de", 1)] {
            let record = after(name, std::slice::from_ref(&unpaid));
            assert_eq!(hours(&record), interval * 24, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_healthy_domain_is_glanced_at_within_27_to_30_days_and_looked_at_within_32_to_34(name in "[a-z]{3,20}") {
            let record = after(&format!("{name}.org"), &[registered(Some(300 * day()), 0)]);
            prop_assert!(record.next_check_at > at(27 * day()) && record.next_check_at <= at(30 * day()));
            let look = Schedule::default().look_at(&record);
            prop_assert!(look > at(31 * day()) && look <= at(34 * day()));
        }

        #[test]
        fn first_questions_to_the_registries_are_spread_over_two_weeks(name in "[a-z]{3,20}") {
            let record = after(&format!("{name}.org"), &[answered("active", at(0))]);
            let days = hours(&record) / 24;
            prop_assert!((1..=14).contains(&days));
        }
    }
}
