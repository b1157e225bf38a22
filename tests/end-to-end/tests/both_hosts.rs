//! A sweep goes in at one end, un-verified addresses come out at the other: on one machine, and on AWS as the emulator has
//! it.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use documents::assert_is;
use end_to_end::addresses::{NEWER, OLDER, Unverified, a_thousand};
use end_to_end::cloud::Cloud;
use end_to_end::machine::Machine;
use fastly_stand_in::{Behaviour, Script, StandIn};
use rdap_stand_in::{Reply, registered};
use serde_json::{Value, json};

const DAY_1: &str = "2026-12-01T00:00:00Z";
const DAY_2: &str = "2026-12-02T00:00:00Z";
const WATCHED: u64 = 402;
/// When others registered the domain that came back.
const COMEBACK: &str = "2026-06-01T12:00:00Z";
/// An address at a domain of which the registry tells on the first day alone.
const AT_SILENT: &str = "a@silent.dev";

/// Two domains of the thousand addresses' are anybody's.
fn fastly() -> StandIn {
    let lost = || [Behaviour::answer("undelegated inactive")];
    let script = Script::answering("active")
        .on("domain7.org", lost())
        .on("uk.com", lost());
    StandIn::start(script).unwrap()
}

/// The thousand addresses, two at a domain that came back, and one at a domain whose registry falls silent.
fn all_addresses() -> Vec<String> {
    let mut addresses = a_thousand();
    assert_eq!(addresses.len(), 1000);
    addresses.extend([OLDER, NEWER, AT_SILENT].map(String::from));
    addresses
}

/// The registry of `.dev`, where one domain came back and one is young, and the file that names it.
struct Registry {
    server: rdap_stand_in::StandIn,
    bootstrap: tempfile::NamedTempFile,
}

impl Registry {
    fn new() -> Self {
        let server = rdap_stand_in::StandIn::start().unwrap();
        let dates = [
            ("registration", COMEBACK),
            ("expiration", "2027-06-01T12:00:00Z"),
        ];
        for domain in ["comeback.dev", "young.dev"] {
            server.says(domain, Reply::object(&registered(domain, &dates)));
        }
        let old = registered("silent.dev", &[("registration", "2010-06-01T12:00:00Z")]);
        server.says("silent.dev", Reply::object(&old));
        let bootstrap = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(bootstrap.path(), server.bootstrap(&["dev"])).unwrap();
        Self { server, bootstrap }
    }

    /// It answers about one domain with a page that is no answer from now on.
    fn falls_silent(&self) {
        let page = Reply::page(200, "We are moving house.");
        self.server.says("silent.dev", page);
    }
}

fn lost_addresses() -> Unverified {
    [
        OLDER,
        "a@domain7.org",
        "b@domain7.org",
        "p@shop0.uk.com",
        "p@shop1.uk.com",
        "p@shop2.uk.com",
        "p@shop3.uk.com",
    ]
    .map(String::from)
    .into()
}

/// What was un-verified, in an order of our own.
fn unverified(document: &Value) -> Vec<Value> {
    let mut list = document["unverified"].as_array().unwrap().clone();
    list.sort_by_key(|one| one["domain"].as_str().unwrap().to_owned());
    list
}

/// A question as a registry asks it when somebody wants a password reset.
struct AtUse {
    domain: &'static str,
    /// When the address was verified, if anybody knows.
    verified_at: Option<&'static str>,
    /// How old what is known may be, where it is said.
    max_age_hours: Option<u32>,
    /// What both hosts answer, and the weightiest reason.
    expected: [&'static str; 2],
}

impl AtUse {
    const fn of_2020(domain: &'static str, expected: [&'static str; 2]) -> Self {
        Self {
            domain,
            verified_at: Some("2020-10-01T00:00:00Z"),
            max_age_hours: None,
            expected,
        }
    }

    /// For the command.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["check".to_owned(), self.domain.to_owned()];
        if let Some(verified_at) = self.verified_at {
            arguments.extend(["--verified-at", verified_at].map(String::from));
        }
        if let Some(hours) = self.max_age_hours {
            arguments.extend(["--max-age".to_owned(), hours.to_string()]);
        }
        arguments
    }

    /// For the function.
    fn event(&self) -> Value {
        let mut event = json!({"domain": self.domain, "verified_at": self.verified_at});
        if let Some(hours) = self.max_age_hours {
            event["max_age_seconds"] = json!(hours * 3600);
        }
        event
    }
}

const AT_USE: [AtUse; 8] = [
    AtUse::of_2020("comeback.dev", ["deny", "registered_since"]),
    AtUse {
        verified_at: Some("2026-10-01T00:00:00Z"),
        ..AtUse::of_2020("comeback.dev", ["allow", "verified_by_present_owner"])
    },
    AtUse::of_2020("domain7.org", ["deny", "lapsed"]),
    AtUse::of_2020("domain1.org", ["allow", "held"]),
    AtUse::of_2020("never-watched.org", ["allow", "held"]),
    AtUse {
        verified_at: None,
        ..AtUse::of_2020("young.dev", ["ask_for_more", "registered_lately"])
    },
    // The registry's last word is of the first day.
    AtUse::of_2020("silent.dev", ["allow", "held"]),
    AtUse {
        max_age_hours: Some(0),
        ..AtUse::of_2020("silent.dev", ["ask_for_more", "stale"])
    },
];

/// Of an answer at the moment of use, what does not depend on who ran when.
fn in_short(document: &Value) -> Vec<Value> {
    assert_is("check", document);
    let fields = ["domain", "answer", "verdict", "reasons", "looked_up"];
    fields.map(|field| document[field].clone()).into()
}

/// On one machine: what the plan says, the addresses, and the answers at the moment of use.
async fn on_one_machine() -> (Vec<Value>, Unverified, Vec<Vec<Value>>) {
    let (fastly, registry) = (fastly(), Registry::new());
    let bootstrap = registry.bootstrap.path().to_owned();
    let machine = Machine::new(fastly.url(), bootstrap).await.unwrap();
    let report = machine.import(DAY_1, &all_addresses()).unwrap();
    let unwatchable = report["unwatchable"].as_object().unwrap();
    assert_eq!(unwatchable.len(), 6, "{report}");
    assert_eq!(
        unwatchable.values().filter_map(Value::as_u64).sum::<u64>(),
        12
    );
    assert_eq!(report["domains"], WATCHED);
    machine.run(DAY_1, &["sweep"]).unwrap();
    assert_eq!(fastly.total(), WATCHED);
    machine.run(DAY_1, &["apply"]).unwrap();
    assert!(machine.unverified().unwrap().is_empty());
    registry.falls_silent();
    machine.run(DAY_2, &["sweep"]).unwrap();
    let applied = machine.run(DAY_2, &["apply"]).unwrap();
    assert_eq!(fastly.total(), 2 * WATCHED);
    let ask = |question: AtUse| {
        let arguments = question.arguments();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        in_short(&machine.run(DAY_2, &arguments).unwrap())
    };
    let answers = AT_USE.map(ask).into();
    (unverified(&applied), machine.unverified().unwrap(), answers)
}

/// The domain that came back is un-verified for what was before, on two looks that name one date.
fn resurrected(plan: &[Value]) {
    let found = plan.iter().find(|one| one["domain"] == "comeback.dev");
    let found = found.unwrap();
    assert_eq!(found["verdict"], "resurrected");
    assert_eq!(found["addresses"], 1);
    assert_eq!(found["left"][0]["reason"], "verified_since");
    for look in found["evidence"].as_array().unwrap() {
        assert_eq!(look["rdap"]["registered_at"], COMEBACK);
        assert_eq!(look["fastly"]["status"], "active");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_hosts_unverify_the_same_addresses_with_the_same_evidence_for_one_call_a_domain() {
    let (plan, addresses, answers) = on_one_machine().await;
    assert_eq!(addresses, lost_addresses());

    let (fastly, registry) = (fastly(), Registry::new());
    let bootstrap = registry.bootstrap.path().to_str().unwrap().to_owned();
    let mut cloud = Cloud::deploy("e2e-both", fastly.url(), bootstrap, DAY_1)
        .await
        .unwrap();
    cloud.import(&all_addresses()).await.unwrap();

    let answer = cloud.sweep(DAY_1).await.unwrap();
    assert_eq!(answer["outcome"], "finished", "{answer}");
    assert_eq!(fastly.total(), WATCHED);
    for domain in [
        "gmail.com",
        "xn--bcher-kva.de",
        "uk.com",
        "shop0.uk.com",
        "github.io",
    ] {
        assert_eq!(fastly.calls(domain), 1, "{domain}");
    }
    let applied = cloud.apply().await.unwrap();
    assert!(unverified(&applied).is_empty(), "one look proves nothing");

    let again = cloud.dispatch(DAY_1).await.unwrap();
    assert_eq!(again["outcome"], "already_finished", "the event came twice");

    cloud.let_time_pass(DAY_2).await.unwrap();
    registry.falls_silent();
    cloud.sweep(DAY_2).await.unwrap();
    assert_eq!(fastly.total(), 2 * WATCHED, "nothing was paid for twice");
    let shown = cloud.command(DAY_2, &["plan"]).await.unwrap();
    assert_eq!(unverified(&shown).len(), plan.len(), "{shown}");
    let applied = cloud.apply().await.unwrap();
    assert_eq!(unverified(&applied), plan);
    assert_eq!(cloud.unverified().await.unwrap(), addresses);
    assert!(unverified(&cloud.apply().await.unwrap()).is_empty());
    resurrected(&plan);
    assert_eq!(
        registry.server.calls("comeback.dev"),
        2,
        "one question a look"
    );
    for (question, answer) in AT_USE.into_iter().zip(answers) {
        let [permission, reason] = question.expected;
        assert_eq!(answer[1], permission, "{answer:?}");
        assert_eq!(answer[3][0], reason, "{answer:?}");
        let event = question.event();
        assert_is("question", &event);
        let document = cloud.invoke("Checker", &event).await.unwrap();
        assert_eq!(in_short(&document), answer, "{document}");
    }
    let shown = cloud
        .command(DAY_2, &["show", "domain7.org"])
        .await
        .unwrap();
    let kinds: Vec<_> = shown["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    assert_eq!(
        kinds,
        [
            "verdict_changed",
            "domain_at_risk",
            "confirmed",
            "planned",
            "unverified"
        ]
    );

    cloud.poison_the_queue().await.unwrap();
    cloud.dead_letters(1).await.unwrap();

    for function in ["Dispatcher", "Checker", "Unverifier"] {
        let log = cloud.log(function).await.unwrap();
        assert!(
            !log.contains('@'),
            "an address in the log of {function}: {log}"
        );
        assert!(
            !log.contains("no message of ours"),
            "a raw body in the log of {function}"
        );
        assert!(
            !log.contains("local-token"),
            "the key in the log of {function}"
        );
    }
    let log = cloud.log("Checker").await.unwrap();
    assert!(log.contains(r#""Checked":"#), "metrics: {log}");
}
