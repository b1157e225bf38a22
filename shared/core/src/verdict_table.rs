//! Every case that the policy can meet, and the page that shows them: `docs/verdicts.md`.

use std::fmt::Write as _;
use std::path::Path;

use jiff::SignedDuration;

use crate::testing::{answered, at, day, domain, no_answer};
use crate::{
    Applied, Confirmation, DnsFailure, DnsFinding, Evidence, HostName, Judgement, Pending, PlanId,
    Policy, RdapFacts, RdapFailure, RdapFinding, RdapStatus, Record, Risk, Rules, Timestamp,
    Verdict, answer, observe,
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
    looks.iter().fold(record, |record, look| {
        let looked = observe(&Rules::default(), &record, look.clone(), None);
        looked.unwrap().record
    })
}

/// What can be known before a look, the last of it a day ago: nothing or health, or nobody knows; a loss seen once, in each of its
/// steps, or by the registry alone; each of these when it waits to be un-verified; one that has been.
fn before() -> [(&'static str, Record); 13] {
    let (_, redemption) = registry()[5].clone();
    let (_, since) = registry()[9].clone();
    let seen = |status: &str, rdap: Option<&RdapFinding>, times: &[i64]| {
        let looks: Vec<_> = times
            .iter()
            .map(|days| look(status, rdap, None, at(days * day())))
            .collect();
        record(&looks)
    };
    let (once, twice) = (&[-1][..], &[-2, -1][..]);
    let (redemption, since) = (redemption.as_ref(), since.as_ref());
    [
        ("nothing, or held", seen("active", None, once)),
        ("unknown", seen("unknown", None, once)),
        ("lapsing, once", seen("active expiring", None, once)),
        ("lapsing, waiting", seen("active expiring", None, twice)),
        (
            "lapsing, out of the zone, waiting",
            record(&[
                look("active expiring", None, None, at(-2 * day())),
                look(
                    "active expiring",
                    None,
                    Some(DnsFinding::NoSuchDomain),
                    at(-day()),
                ),
            ]),
        ),
        (
            "lapsing by both, waiting",
            seen("active expiring", redemption, once),
        ),
        (
            "lapsing by the registry, once",
            seen("active", redemption, once),
        ),
        (
            "lapsing by the registry, waiting",
            seen("active", redemption, twice),
        ),
        ("lapsed, once", seen("inactive", None, once)),
        ("lapsed, waiting", seen("inactive", None, twice)),
        (
            "lapsed, un-verified",
            unverified(seen("inactive", None, twice)),
        ),
        ("resurrected, once", seen("active", since, once)),
        ("resurrected, waiting", seen("active", since, twice)),
    ]
}

/// The same after its plan was carried out.
fn unverified(mut record: Record) -> Record {
    let pending = record.pending.take();
    if let (Some(lapse), Some(pending)) = (&mut record.lapse, pending) {
        lapse.applied = Some(Applied {
            plan: PlanId::new(pending.since),
            verified_before: pending.verified_before,
        });
    }
    record
}

/// What follows from a verdict, whatever it rests upon.
fn consequences() -> String {
    let (_, since) = registry()[9].clone();
    let looks = [
        look("active", Some(&RdapFinding::NotSupported), None, at(0)),
        look("active expiring", None, None, at(0)),
        look("inactive", None, None, at(0)),
        look("active", since.as_ref(), None, at(0)),
        no_answer(at(0)),
    ];
    let mut table = String::new();
    for evidence in looks {
        let rules = Rules::default();
        let known = Record::new(domain("example.org"), None, at(-100 * day()));
        let record = observe(&rules, &known, evidence, None).unwrap().record;
        let next = rules.schedule.look_at(&record).duration_since(at(0));
        let next = match next.as_hours() {
            hours @ ..=48 => format!("{hours} hours"),
            hours => format!("{} days", hours / 24),
        };
        let warned = Risk::of(&record, at(0)).map_or("–".to_owned(), in_json);
        let older = answer(
            &record,
            Some(at(-50 * day())),
            30 * SignedDuration::from_hours(24),
            at(0),
        );
        let verdict = record.verdict.unwrap().name();
        let permission = in_json(older.permission);
        // A string takes all that is written to it.
        let _ = writeln!(table, "| {verdict} | {next} | {warned} | {permission} |");
    }
    table
}

/// A name as documents have it.
fn in_json(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap();
    format!("`{}`", value.as_str().unwrap())
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
    let is_doubted = judgement
        .pending
        .as_ref()
        .is_some_and(|pending| pending.doubted_at.is_some());
    match (confirmation(&judgement), record.pending.is_some()) {
        (Some(_), true) if is_doubted => format!("{verdict}, held back"),
        (Some(_), true) if judgement.verdict == Verdict::Unknown => format!("{verdict}, waits on"),
        (Some(Confirmation::TwoSources), _) => format!("{verdict}: **two sources**"),
        (Some(Confirmation::TwoLooks), _) => format!("{verdict}: **two looks**"),
        (None, true) => format!("{verdict}, taken back"),
        (None, false) if judgement.verdict == Verdict::Unknown && record.lapse.is_some() => {
            match judgement.lapse {
                Some(_) => format!("{verdict}, suspected on"),
                None => format!("{verdict}, forgotten"),
            }
        }
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
         it is cancelled.\n  *held back*: it goes on once a look shows the loss again.\n- *suspected on*: what was seen once may still be confirmed. *forgotten*: what is seen \
         later begins anew.\n\
         - *by the registry*: Fastly has said *registered* all along. *by both*: the registry was the last to name it. *un-verified*: the plan \
         has been carried out;\n  another follows only for addresses verified since.\n\
         - A DNS that was not asked or did not answer is one row: it decides nothing.\n\n\
         | verdict | next look after | warned of | at the moment of use, an address verified before |\n|---|---|---|---|\n",
    );
    page.push_str(&consequences());
    page.push_str("\n| Fastly | RDAP | DNS |");
    for (known, _) in before() {
        // A string takes all that is written to it.
        let _ = write!(page, " {known} |");
    }
    let _ = writeln!(page, "\n|{}", "---|".repeat(3 + before().len()));
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
        let agree = evidence.has_two_witnesses(evidence.registry(&record(&[])))
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
