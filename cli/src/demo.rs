//! `demo`: the whole way through, against a Fastly and a registry that this process plays itself.

use anyhow::{Context, Result};
use fastly_stand_in::{Script, StandIn};
use jiff::SignedDuration;
use lapsewatch_core::{Breaker, Gcra, Mode, Timestamp, Verdict};
use lapsewatch_pipeline::{MAX_AGE, Question};
use lapsewatch_sources::{BootstrapSetting, DnsSetting, WitnessSettings};
use lapsewatch_watchlist::Watchlist;
use rdap_stand_in::{Reply, registered};
use secrecy::SecretString;
use serde_json::{Value, json, to_value};

use crate::commands::{Done, take_in};
use crate::environment::Environment;
use crate::host::Host;
use crate::output::Output;
use crate::{account, check, sweep};

const ADDRESSES: &str = include_str!("../demo/addresses.csv");
const STATUSES: &str = include_str!("../demo/statuses.json");
/// The domain that came back, and when.
const CAME_BACK: &str = "phoenix-build.app";
const CAME_BACK_AT: &str = "2025-03-01T03:00:00Z";
/// When its two addresses were verified: before and after.
const VERIFIED_AT: [&str; 2] = ["2021-05-05T05:05:00Z", "2025-06-01T06:00:00Z"];

/// Imports a sample, sweeps, lets a day pass, sweeps again, plans, applies.
pub(crate) async fn run(wall: fn() -> Timestamp, output: Output) -> Result<Done> {
    let script: Script =
        serde_json::from_str(STATUSES).context("the demo's statuses cannot be read")?;
    let fastly = StandIn::start(script).context("cannot start the simulated Fastly")?;
    let folder = tempfile::tempdir().context("cannot make a folder for the demo's store")?;
    let registry = registry()?;
    let bootstrap = folder.path().join("rdap.json");
    std::fs::write(&bootstrap, registry.bootstrap(&["app"]))
        .context("cannot write the demo's list of registries")?;
    let start = Timestamp::from_second(wall().as_second())?;
    let environment = Environment {
        fastly_token: Some(SecretString::from("demo".to_owned())),
        fastly_url: fastly.url(),
        pace: Gcra::new(200.0, 1),
        registry_pace: Gcra::new(200.0, 1),
        witnesses: WitnessSettings {
            rdap: BootstrapSetting::File(bootstrap),
            dns: DnsSetting::Off,
        },
        monthly_budget: 10_000,
        breaker: Breaker::default(),
        rehearsed_now: Some(start),
    };
    let host = Host::open(&folder.path().join("demo.db"), &environment, wall)?;
    output.say("This is a demonstration. What Fastly and a registry say is SIMULATED by stand-ins on this machine,")?;
    output.say("and so is the time that passes. No account is touched; nothing is kept.\n")?;

    output.say(format!("1. Import a sample of addresses ({start})"))?;
    let imported = take_in(&host, Box::new(ADDRESSES.as_bytes()), output).await?;

    output.say("\n2. Sweep: look at every domain once")?;
    sweep::run(&host, Mode::Sweep, output).await?.say(output)?;
    output.say("A first look un-verifies nobody. The plan:")?;
    account::say(&host.applier().plan().await?, false, output)?;

    let host = host.at(start + SignedDuration::from_hours(24));
    output.say(format!(
        "\n3. A day later ({}): sweep again",
        host.clock.now()
    ))?;
    sweep::run(&host, Mode::Sweep, output).await?.say(output)?;

    output.say("\n4. Plan: what apply would do")?;
    account::say(&host.applier().plan().await?, false, output)?;

    output.say("\n5. Apply")?;
    let applied = host.applier().apply().await?;
    account::say(&applied, true, output)?;

    output.say("\n6. Left alone, and why")?;
    let left_alone = left_alone(&host, output).await?;

    output.say(format!(
        "\n7. At the moment of use: {CAME_BACK} was registered again at {CAME_BACK_AT}"
    ))?;
    let at_use = at_use(&host, output).await?;

    output.say(format!(
        "\nThe simulated Fastly was asked {} times, the simulated registry {} times.",
        fastly.total(),
        registry.total()
    ))?;
    let mut document = applied.document();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("simulated".to_owned(), json!(true));
        fields.insert("import".to_owned(), imported);
        fields.insert("kept".to_owned(), json!(left_alone));
        fields.insert("at_use".to_owned(), json!(at_use));
    }
    output.document(&document)?;
    Ok(Done::Done)
}

/// The registry of `.app`, with one name.
fn registry() -> Result<rdap_stand_in::StandIn> {
    let registry =
        rdap_stand_in::StandIn::start().context("cannot start the simulated registry")?;
    let object = registered(CAME_BACK, &[("registration", CAME_BACK_AT)]);
    registry.says(CAME_BACK, Reply::object(&object));
    Ok(registry)
}

/// Asks for both addresses at the domain that came back whether they may be relied upon.
async fn at_use(host: &Host, output: Output) -> Result<Vec<Value>> {
    let mut answers = Vec::new();
    for verified_at in VERIFIED_AT {
        let question = Question {
            domain: CAME_BACK
                .parse()
                .context("the demo names a domain that is none")?,
            verified_at: Some(verified_at.parse()?),
            max_age: MAX_AGE,
        };
        let answered = check::answer(host, &question, SignedDuration::from_secs(10)).await?;
        output.say(format!("An address verified at {verified_at}:"))?;
        check::say(&answered, output)?;
        answers.push(to_value(&answered)?);
    }
    Ok(answers)
}

/// Says of each domain that showed anything but health why its addresses were left alone.
async fn left_alone(host: &Host, output: Output) -> Result<Vec<Value>> {
    let mut kept = Vec::new();
    for (domain, why) in [
        (
            "spanning-tree.co.uk",
            "one look said that it was free, the next that it is registered: the suspicion is dropped",
        ),
        (
            "lunar-guidance.dev",
            "registered; that it has no name servers is no lapse",
        ),
        (
            "shortest-path.nl",
            "not in the DNS, which proves nothing: asked again within hours",
        ),
        (
            "abstract-types.io",
            "Fastly could not say: unknown is neither lapsed nor clean",
        ),
        (
            "quick-sort.uk.com",
            "for sale, but registered: looked at weekly",
        ),
    ] {
        let domain = domain
            .parse()
            .context("the demo names a domain that is none")?;
        let Some(record) = host.watchlist.get(&domain).await? else {
            continue;
        };
        let verdict = record.verdict.map_or("not looked at", Verdict::name);
        output.say(format!("{domain}: {verdict}; {why}"))?;
        if let Some(look) = &record.evidence {
            output.say(format!("    {}", account::look_in_words(look)))?;
        }
        kept.push(json!({"domain": domain, "verdict": verdict, "why": why}));
    }
    Ok(kept)
}
