//! Every case that the policy can meet, and the page that shows them: `docs/verdicts.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::testing::{answered, at, day, domain, no_answer};
use crate::{
    Confirmation, DnsFailure, DnsFinding, Evidence, HostName, Judgement, Pending, Policy,
    RdapFacts, RdapFailure, RdapFinding, RdapStatus, Record, Timestamp, Verdict,
};

const FASTLY: [(&str, &str); 6] = [
    ("registered", "active"),
    ("not for the public", "reserved"),
    ("expiring", "active expiring"),
    ("deleting", "active deleting"),
    ("available", "undelegated inactive"),
    ("undecided", "unknown"),
];

/// When others have registered the domain, in the rows that say so: before the looks, after the address was verified.
fn registered_again() -> Timestamp {
    at(-5 * day())
}

fn registry() -> [(&'static str, Option<RdapFinding>); 10] {
    let registered = |facts| Some(RdapFinding::Registered(facts));
    let with_status = |status: RdapStatus| {
        registered(RdapFacts {
            statuses: vec![status],
            ..RdapFacts::default()
        })
    };
    [
        ("not asked, or no server", None),
        (
            "no answer",
            Some(RdapFinding::NoAnswer {
                reason: RdapFailure::TimedOut,
            }),
        ),
        ("registered", registered(RdapFacts::default())),
        (
            "past its term",
            registered(RdapFacts {
                expires_at: Some(at(-10 * day())),
                ..RdapFacts::default()
            }),
        ),
        (
            "auto-renew period",
            with_status(RdapStatus::AutoRenewPeriod),
        ),
        ("redemption", with_status(RdapStatus::RedemptionPeriod)),
        ("pending restore", with_status(RdapStatus::PendingRestore)),
        ("pending delete", with_status(RdapStatus::PendingDelete)),
        ("not registered", Some(RdapFinding::NotRegistered)),
        (
            "registered since",
            registered(RdapFacts {
                registered_at: Some(registered_again()),
                ..RdapFacts::default()
            }),
        ),
    ]
}

fn delegated() -> DnsFinding {
    DnsFinding::Lame {
        name_servers: Vec::new(),
    }
}

fn silent() -> DnsFinding {
    DnsFinding::NoAnswer {
        reason: DnsFailure::TimedOut,
    }
}

fn dns() -> [(&'static str, Option<DnsFinding>); 4] {
    [
        ("not asked", None),
        ("no answer", Some(silent())),
        ("delegated", Some(delegated())),
        ("no such domain", Some(DnsFinding::NoSuchDomain)),
    ]
}

fn look(
    status: &str,
    rdap: Option<&RdapFinding>,
    dns: Option<DnsFinding>,
    time: Timestamp,
) -> Evidence {
    Evidence {
        rdap: rdap.cloned(),
        dns,
        ..answered(status, time)
    }
}

/// A record on which looks have raised a suspicion, or nothing at all.
fn record(looks: &[Evidence]) -> Record {
    let mut record = Record::new(domain("example.org"), None, at(-100 * day()));
    record.background.hands.name_servers = HostName::parse("ns.example.org").into_iter().collect();
    for look in looks {
        let judgement = Policy::default().judge(&record, look);
        record.verdict = Some(judgement.verdict);
        record.evidence = Some(look.clone());
        record.lapse = judgement.lapse;
        record.pending = judgement.pending;
    }
    record
}

/// What can be known before a look: nothing or health; a loss seen once, a day ago, in its two steps; one that waits to be
/// un-verified; a domain seen registered again once, a day ago.
fn before() -> [(&'static str, Record); 5] {
    let lost = |status: &str, time: i64| look(status, None, None, at(time));
    let (_, since) = registry()[9].clone();
    [
        ("nothing, or held", record(&[lost("active", -day())])),
        ("lapsing, once", record(&[lost("active expiring", -day())])),
        ("lapsed, once", record(&[lost("inactive", -day())])),
        (
            "lapsed, waiting",
            record(&[lost("inactive", -2 * day()), lost("inactive", -day())]),
        ),
        (
            "resurrected, once",
            record(&[look("active", since.as_ref(), None, at(-day()))]),
        ),
    ]
}

/// Every combination of what the three sources can say.
fn every_look(time: Timestamp) -> Vec<(&'static str, &'static str, Evidence)> {
    let mut looks = Vec::new();
    for (fastly, status) in FASTLY {
        for (rdap, finding) in registry() {
            for (_, dns) in dns() {
                looks.push((fastly, rdap, look(status, finding.as_ref(), dns, time)));
            }
        }
    }
    looks
}

/// The verdict of a look on what was known, and what it does to the addresses.
fn in_words(record: &Record, evidence: &Evidence) -> String {
    let judgement = Policy::default().judge(record, evidence);
    let verdict = judgement.verdict.name();
    match (confirmation(&judgement), record.pending.is_some()) {
        (Some(_), true) if judgement.verdict == Verdict::Unknown => format!("{verdict}, waits on"),
        (Some(Confirmation::TwoSources), _) => format!("{verdict}: **two sources**"),
        (Some(Confirmation::TwoLooks), _) => format!("{verdict}: **two looks**"),
        (None, true) => format!("{verdict}, taken back"),
        (None, false) => verdict.to_owned(),
    }
}

fn confirmation(judgement: &Judgement) -> Option<Confirmation> {
    judgement
        .pending
        .as_ref()
        .map(|pending: &Pending| pending.confirmation)
}

fn page() -> String {
    let mut page = String::from(
        "# Verdicts\n\n\
         What a look amounts to, by what the three sources say and by what was known before. In bold where the addresses at the \
         domain are to be\nun-verified, and why that is certain: **two sources** agree, or **two looks** a day apart do. Written by a \
         test from the policy itself\n(`shared/core/src/verdict_table.rs`), so it is what the code does.\n\n\
         - *registered since*: the registry's registration date is later than the earliest address at the domain was verified, and \
         not ahead of\n  the look. Only addresses verified before that date are covered.\n\
         - *past its term*: the registry's own expiration date has passed, and it has not moved it on. Gone from the DNS too, the name \
         is suspended:\n  its owner can still renew it, as in redemption.\n\
         - *once*: a look a day ago showed it, and nothing has confirmed it. *waiting*: it is confirmed, and the next plan will \
         un-verify.\n\
         - *waits on*: the waiting un-verification stays, and is refused once its newest proof is older than 72 hours. *taken back*: \
         it is cancelled.\n\
         - A DNS that was not asked or did not answer is one row: it decides nothing.\n\n\
         | Fastly | RDAP | DNS |",
    );
    for (known, _) in before() {
        // A string takes all that is written to it.
        let _ = write!(page, " {known} |");
    }
    page.push_str("\n|---|---|---|---|---|---|---|---|\n");
    for (fastly, status) in FASTLY {
        for (rdap, finding) in registry() {
            for (dns, answer) in dns().into_iter().filter(|(dns, _)| *dns != "not asked") {
                let evidence = look(status, finding.as_ref(), answer, at(0));
                let cells = before().map(|(_, record)| in_words(&record, &evidence));
                let _ = writeln!(
                    page,
                    "| {fastly} | {rdap} | {dns} | {} |",
                    cells.join(" | ")
                );
            }
        }
    }
    page
}

/// `LAPSEWATCH_WRITE_DOCS=1 cargo test -p lapsewatch-core verdict_table` writes it anew.
#[test]
fn the_page_shows_what_the_policy_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verdicts.md");
    if std::env::var_os("LAPSEWATCH_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page());
}

#[test]
fn a_dns_that_was_not_asked_is_as_one_that_did_not_answer() {
    for (_, record) in before() {
        for (_, _, evidence) in every_look(at(0)) {
            if evidence.dns == Some(silent()) {
                let not_asked = Evidence {
                    dns: None,
                    ..evidence.clone()
                };
                assert_eq!(in_words(&record, &evidence), in_words(&record, &not_asked));
            }
        }
    }
}

#[test]
fn a_first_look_unverifies_only_where_fastly_and_another_source_agree() {
    for (_, rdap, evidence) in every_look(at(0)) {
        let judgement = Policy::default().judge(&record(&[]), &evidence);
        let agree = evidence.has_two_witnesses(evidence.registry(&record(&[]).background))
            && rdap != "registered since";
        assert_eq!(
            judgement.pending.is_some(),
            agree && judgement.verdict.loss().is_some(),
            "{evidence:?}"
        );
    }
}

#[test]
fn where_the_registry_says_registered_nobody_is_unverified_whatever_was_seen_before() {
    for (_, _, before) in every_look(at(0)) {
        for (_, rdap, now) in every_look(at(day())) {
            if rdap == "registered" || rdap == "auto-renew period" {
                let judgement =
                    Policy::default().judge(&record(std::slice::from_ref(&before)), &now);
                assert_eq!(judgement.verdict.loss(), None, "{now:?}");
                assert_eq!(judgement.pending, None, "{before:?} then {now:?}");
            }
        }
    }
}

#[test]
fn where_the_registry_names_a_later_registration_nobody_verified_since_is_unverified() {
    for (_, _, before) in every_look(at(0)) {
        for (_, rdap, now) in every_look(at(day())) {
            if rdap == "registered since" {
                let judgement =
                    Policy::default().judge(&record(std::slice::from_ref(&before)), &now);
                assert_eq!(judgement.verdict.name(), "resurrected");
                if let Some(pending) = judgement.pending {
                    assert_eq!(pending.verified_before, registered_again());
                }
            }
        }
    }
}

#[test]
fn silence_of_all_sources_changes_nothing_that_was_known() {
    for (_, _, before) in every_look(at(0)) {
        let record = record(std::slice::from_ref(&before));
        for dns in [None, Some(silent())] {
            let silence = Evidence {
                dns,
                rdap: Some(RdapFinding::NotSupported),
                ..no_answer(at(2 * day()))
            };
            let judgement = Policy::default().judge(&record, &silence);
            assert_eq!(judgement.verdict, Verdict::Unknown);
            assert_eq!(
                (&judgement.lapse, &judgement.pending),
                (&record.lapse, &record.pending)
            );
        }
    }
}

#[test]
fn the_dns_alone_proves_nothing() {
    for (_, dns) in dns() {
        for time in [0, 40 * day()] {
            let suspect = record(&[look("unknown", None, dns.clone(), at(0))]);
            let judgement = Policy::default()
                .judge(&suspect, &look("unknown", None, dns.clone(), at(time + 1)));
            assert_eq!(
                (judgement.verdict, judgement.lapse),
                (Verdict::Unknown, None)
            );
        }
    }
}
