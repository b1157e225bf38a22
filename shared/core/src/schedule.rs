//! When to look at a domain again: the riskier, the sooner.

use jiff::SignedDuration;

use crate::{DomainName, Evidence, FastlyFinding, Timestamp, Verdict};

/// The intervals between looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The longest a healthy domain waits. Below the 35 days from deletion to release of a generic top-level domain.
    pub healthy: SignedDuration,
    /// With a soft signal: parked or for sale.
    pub soft_signal: SignedDuration,
    /// With a loss under way.
    pub losing: SignedDuration,
    /// After the first look without an answer; doubled with each further one.
    pub unknown: SignedDuration,
    /// The longest wait after a look without an answer.
    pub unknown_most: SignedDuration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            healthy: SignedDuration::from_hours(30 * 24),
            soft_signal: SignedDuration::from_hours(7 * 24),
            losing: SignedDuration::from_hours(24),
            unknown: SignedDuration::from_hours(6),
            unknown_most: SignedDuration::from_hours(7 * 24),
        }
    }
}

impl Schedule {
    /// When to look again after a look that ended in `verdict`, the `unknown_streak`th without an answer in a row.
    pub fn next_check(
        &self,
        domain: &DomainName,
        verdict: Verdict,
        evidence: &Evidence,
        is_losing: bool,
        unknown_streak: u32,
    ) -> Timestamp {
        let wait = match verdict {
            Verdict::Held if has_soft_signal(&evidence.fastly) => self.soft_signal,
            Verdict::Held => self.jittered_healthy(domain),
            Verdict::Lapsing | Verdict::Lapsed | Verdict::Resurrected { .. } => self.losing,
            Verdict::Unknown if is_losing => self.backed_off(unknown_streak).min(self.losing),
            Verdict::Unknown => self.backed_off(unknown_streak),
        };
        evidence.observed_at + wait
    }

    /// Up to a tenth less, by the name, so that a sweep spreads itself over days.
    fn jittered_healthy(&self, domain: &DomainName) -> SignedDuration {
        let tenth = self.healthy.as_millis() / 10;
        let less = i128::from(domain.spread() % 1000) * tenth / 1000;
        self.healthy - SignedDuration::from_millis(i64::try_from(less).unwrap_or(0))
    }

    fn backed_off(&self, unknown_streak: u32) -> SignedDuration {
        let doublings = unknown_streak.saturating_sub(1).min(16);
        self.unknown
            .saturating_mul(1 << doublings)
            .min(self.unknown_most)
    }
}

fn has_soft_signal(finding: &FastlyFinding) -> bool {
    match finding {
        FastlyFinding::Answered { status, .. } => status.has_soft_signal(),
        FastlyFinding::NoAnswer { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{answered, at, day, domain, no_answer};

    fn wait(verdict: Verdict, evidence: &Evidence, is_losing: bool, streak: u32) -> SignedDuration {
        Schedule::default()
            .next_check(&domain("example.org"), verdict, evidence, is_losing, streak)
            .duration_since(evidence.observed_at)
    }

    #[test]
    fn a_loss_is_looked_at_daily_and_a_domain_for_sale_weekly() {
        let inactive = answered("inactive", at(0));
        assert_eq!(
            wait(Verdict::Lapsed, &inactive, true, 0),
            SignedDuration::from_hours(24)
        );
        let for_sale = answered("marketed active", at(0));
        assert_eq!(
            wait(Verdict::Held, &for_sale, false, 0),
            SignedDuration::from_hours(7 * 24)
        );
    }

    #[test]
    fn no_answer_is_asked_again_within_hours_and_then_less_often() {
        let silence = no_answer(at(0));
        let waits: Vec<_> = (1..8)
            .map(|n| wait(Verdict::Unknown, &silence, false, n).as_hours())
            .collect();
        assert_eq!(waits, [6, 12, 24, 48, 96, 168, 168]);
        assert_eq!(wait(Verdict::Unknown, &silence, true, 30).as_hours(), 24);
    }

    proptest! {
        #[test]
        fn a_healthy_domain_is_looked_at_within_27_to_30_days(name in "[a-z]{3,20}") {
            let evidence = answered("active", at(0));
            let next = Schedule::default()
                .next_check(&domain(&format!("{name}.org")), Verdict::Held, &evidence, false, 0);
            prop_assert!(next > at(27 * day()) && next <= at(30 * day()));
        }
    }
}
