//! Which witnesses a look asks beside Fastly: only those whose answer could change the verdict, or the date of the next look.

use jiff::SignedDuration;

use crate::background::RegistryMemory;
use crate::{FastlyFinding, RdapFinding, Record, Registration, Timestamp, Verdict};

/// For how long a healthy registration's answer is good enough.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(20 * 24);

/// How much the registry's answer is worth to a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// It could change the verdict: worth waiting for.
    Decisive,
    /// It could change the date of the next look: welcome, if it can be had at once.
    Welcome,
    /// What is remembered is good enough.
    None,
}

/// What the registry's answer is worth to a look at which Fastly said this.
pub fn registry_urgency(record: &Record, finding: &FastlyFinding, now: Timestamp) -> Urgency {
    let is_settled = match finding.registration() {
        Registration::Registered | Registration::NotRegistrable => true,
        Registration::Available
        | Registration::Expiring
        | Registration::Deleting
        | Registration::Undecided => false,
    };
    let was_well = match record.verdict {
        None | Some(Verdict::Held) => true,
        Some(
            Verdict::Lapsing | Verdict::Lapsed | Verdict::Resurrected { .. } | Verdict::Unknown,
        ) => false,
    };
    let is_unsettled = record.background.unsettled_since.is_some();
    if !is_settled || !was_well || record.lapse.is_some() || is_unsettled {
        return Urgency::Decisive;
    }
    let is_good = match &record.background.registry {
        RegistryMemory::Nothing => false,
        RegistryMemory::NotSupported => true,
        RegistryMemory::Registered { answered_at, facts } => {
            now.duration_since(*answered_at) < GOOD_FOR
                && facts
                    .expires_at
                    .is_none_or(|end| end > now || end <= *answered_at)
        }
    };
    if is_good {
        Urgency::None
    } else {
        Urgency::Welcome
    }
}

/// Whether a look asks the DNS: as the second witness of a loss where the registry is none; of a name past its term; and where
/// there is no registry to ask, to remember the name servers by.
pub fn is_dns_of_use(finding: &FastlyFinding, rdap: Option<&RdapFinding>, now: Timestamp) -> bool {
    match rdap {
        // Past its term, a name may be suspended: only the zone tells.
        Some(RdapFinding::Registered(facts)) => facts.has_ended(now),
        // The registry's server may know less than its zone: a name that is delegated is not free, whoever says so.
        Some(RdapFinding::NotSupported | RdapFinding::NotRegistered) => true,
        Some(RdapFinding::NoAnswer { .. }) | None => finding.says_lost(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answered, at, day, domain};
    use crate::{Evidence, RdapFacts, RdapFailure, Rules, observe};

    fn finding(status: &str) -> FastlyFinding {
        answered(status, at(0)).fastly
    }

    fn held(facts: Option<RdapFacts>) -> Record {
        let look = Evidence {
            rdap: facts.map(RdapFinding::Registered),
            ..answered("active", at(0))
        };
        let new = Record::new(domain("example.org"), None, at(0));
        observe(&Rules::default(), &new, look, None).unwrap().record
    }

    #[test]
    fn the_registry_is_waited_for_only_where_it_could_decide() {
        let known = held(Some(RdapFacts::default()));
        let urgency = |status| registry_urgency(&known, &finding(status), at(day()));
        assert_eq!(urgency("active"), Urgency::None);
        for status in ["inactive", "active expiring", "unknown", "undelegated"] {
            assert_eq!(urgency(status), Urgency::Decisive, "{status}");
        }
        let later = registry_urgency(&known, &finding("active"), at(20 * day()));
        assert_eq!(later, Urgency::Welcome);
        let never_asked = registry_urgency(&held(None), &finding("active"), at(1));
        assert_eq!(never_asked, Urgency::Welcome);
    }

    #[test]
    fn a_term_that_has_ended_since_the_last_answer_makes_the_next_one_welcome() {
        let known = held(Some(RdapFacts {
            expires_at: Some(at(2 * day())),
            ..RdapFacts::default()
        }));
        let urgency = |now| registry_urgency(&known, &finding("active"), at(now));
        assert_eq!(urgency(day()), Urgency::None);
        assert_eq!(urgency(2 * day()), Urgency::Welcome);
    }

    #[test]
    fn the_dns_is_asked_where_the_registry_is_silent_about_a_loss_or_there_is_none() {
        let silent = RdapFinding::NoAnswer {
            reason: RdapFailure::TimedOut,
        };
        assert!(is_dns_of_use(&finding("inactive"), Some(&silent), at(0)));
        assert!(is_dns_of_use(&finding("inactive"), None, at(0)));
        assert!(!is_dns_of_use(&finding("active"), Some(&silent), at(0)));
        assert!(is_dns_of_use(
            &finding("active"),
            Some(&RdapFinding::NotSupported),
            at(0)
        ));
        assert!(is_dns_of_use(
            &finding("inactive"),
            Some(&RdapFinding::NotRegistered),
            at(0)
        ));
    }
}
