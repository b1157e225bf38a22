//! Every case that the policy can meet, and the page that shows them: `docs/verdicts.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::testing::{answered, at, day, domain, no_answer};
use crate::{
    Confirmation, DnsFailure, DnsFinding, Evidence, Judgement, Pending, Policy, RdapFacts,
    RdapFailure, RdapFinding, RdapStatus, Record, Timestamp, Verdict,
};

const FASTLY: [(&str, &str); 6] = [
    ("registered", "active"),
    ("not for the public", "reserved"),
    ("expiring", "active expiring"),
    ("deleting", "active deleting"),
    ("available", "undelegated inactive"),
    ("undecided", "unknown"),
];

fn registry() -> [(&'static str, Option<RdapFinding>); 6] {
    let registered = |statuses: &[RdapStatus]| {
        Some(RdapFinding::Registered(RdapFacts {
            statuses: statuses.to_vec(),
            ..RdapFacts::default()
        }))
    };
    [
        ("not asked", None),
        (
            "no answer",
            Some(RdapFinding::NoAnswer {
                reason: RdapFailure::TimedOut,
            }),
        ),
        ("registered", registered(&[])),
        ("redemption", registered(&[RdapStatus::RedemptionPeriod])),
        ("pending delete", registered(&[RdapStatus::PendingDelete])),
        ("not registered", Some(RdapFinding::NotRegistered)),
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

fn dns() -> [Option<DnsFinding>; 4] {
    [
        None,
        Some(silent()),
        Some(delegated()),
        Some(DnsFinding::NoSuchDomain),
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

/// A record on which a first look has raised a suspicion, or nothing at all.
fn record(after: Option<&Evidence>) -> Record {
    let mut record = Record::new(domain("example.org"), None, at(0));
    if let Some(first) = after {
        let judgement = Policy::default().judge(&record, first);
        record.verdict = Some(judgement.verdict);
        record.evidence = Some(first.clone());
        record.lapse = judgement.lapse;
        record.pending = judgement.pending;
    }
    record
}

/// Every combination of what the three sources can say.
fn every_look(time: Timestamp) -> Vec<(&'static str, &'static str, Evidence)> {
    let mut looks = Vec::new();
    for (fastly, status) in FASTLY {
        for (rdap, finding) in registry() {
            for dns in dns() {
                looks.push((fastly, rdap, look(status, finding.as_ref(), dns, time)));
            }
        }
    }
    looks
}

/// What a look does on a new record, and the same look again a day later.
fn in_words(evidence: &Evidence) -> String {
    let first = Policy::default().judge(&record(None), evidence);
    let again = Evidence {
        observed_at: at(day()),
        ..evidence.clone()
    };
    let second = Policy::default().judge(&record(Some(evidence)), &again);
    let verdict = first.verdict.name();
    match (confirmation(&first), confirmation(&second)) {
        (Some(Confirmation::TwoSources), _) => format!("{verdict}: **at once**"),
        (None, Some(Confirmation::TwoLooks)) => format!("{verdict}: **a day later**"),
        (None, None) => verdict.to_owned(),
        (first, second) => format!("{verdict}: {first:?}, {second:?}"),
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
         What a look amounts to, by what the three sources say, and when addresses are un-verified: **at once**, because two \
         sources agree on\nthe loss, or **a day later**, if the same is seen again. Written by a test from the policy itself \
         (`shared/core/src/verdict_table.rs`).\n\n\
         A look that shows the domain *held* ends a suspicion and takes a waiting un-verification back. One that ends *unknown* \
         changes neither,\nbut for this: while the registry says *registered*, nothing that waits is applied. A loss that goes back a \
         step, from *lapsed* to\n*lapsing*, begins anew.\n\n\
         | Fastly | RDAP | DNS not asked, or no answer | delegated | no such domain |\n|---|---|---|---|---|\n",
    );
    for (fastly, status) in FASTLY {
        for (rdap, finding) in registry() {
            let cell = |dns| in_words(&look(status, finding.as_ref(), dns, at(0)));
            let cells = [None, Some(delegated()), Some(DnsFinding::NoSuchDomain)].map(cell);
            // A string takes all that is written to it.
            let _ = writeln!(page, "| {fastly} | {rdap} | {} |", cells.join(" | "));
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
fn a_first_look_unverifies_only_where_fastly_and_another_source_agree() {
    for (_, _, evidence) in every_look(at(0)) {
        let judgement = Policy::default().judge(&record(None), &evidence);
        assert_eq!(
            judgement.pending.is_some(),
            evidence.has_two_witnesses() && judgement.verdict.loss().is_some(),
            "{evidence:?}"
        );
    }
}

#[test]
fn where_the_registry_says_registered_nobody_is_unverified_whatever_was_seen_before() {
    for (_, _, before) in every_look(at(0)) {
        for (_, rdap, now) in every_look(at(day())) {
            if rdap == "registered" {
                let judgement = Policy::default().judge(&record(Some(&before)), &now);
                assert_eq!(judgement.verdict.loss(), None, "{now:?}");
                assert_eq!(judgement.pending, None, "{before:?} then {now:?}");
            }
        }
    }
}

#[test]
fn silence_of_all_sources_changes_nothing_that_was_known() {
    for (_, _, before) in every_look(at(0)) {
        let record = record(Some(&before));
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
    for dns in dns() {
        for time in [0, 40 * day()] {
            let suspect = record(Some(&look("unknown", None, dns.clone(), at(0))));
            let judgement = Policy::default()
                .judge(&suspect, &look("unknown", None, dns.clone(), at(time + 1)));
            assert_eq!(
                (judgement.verdict, judgement.lapse),
                (Verdict::Unknown, None)
            );
        }
    }
}
