//! `demo`: the whole way through, against a Fastly that this process plays itself.

use anyhow::{Context, Result};
use fastly_stand_in::{Script, StandIn};
use jiff::SignedDuration;
use lapsewatch_core::{Breaker, Gcra, Mode, Timestamp, Verdict};
use lapsewatch_sources::WitnessSettings;
use lapsewatch_watchlist::Watchlist;
use secrecy::SecretString;
use serde_json::json;

use crate::commands::{Done, take_in};
use crate::environment::Environment;
use crate::host::Host;
use crate::output::Output;
use crate::{account, sweep};

const ADDRESSES: &str = include_str!("../demo/addresses.csv");
const STATUSES: &str = include_str!("../demo/statuses.json");

/// Imports a sample, sweeps, lets a day pass, sweeps again, plans, applies.
pub(crate) async fn run(wall: fn() -> Timestamp, output: Output) -> Result<Done> {
    let script: Script =
        serde_json::from_str(STATUSES).context("the demo's statuses cannot be read")?;
    let fastly = StandIn::start(script).context("cannot start the simulated Fastly")?;
    let folder = tempfile::tempdir().context("cannot make a folder for the demo's store")?;
    let start = Timestamp::from_second(wall().as_second())?;
    let environment = Environment {
        fastly_token: Some(SecretString::from("demo".to_owned())),
        fastly_url: fastly.url(),
        pace: Gcra::new(200.0, 1),
        registry_pace: Gcra::new(200.0, 1),
        witnesses: WitnessSettings::OFF,
        monthly_budget: 10_000,
        breaker: Breaker::default(),
        rehearsed_now: Some(start),
    };
    let host = Host::open(&folder.path().join("demo.db"), &environment, wall)?;
    output.say("This is a demonstration. The statuses are SIMULATED by a stand-in for Fastly on this machine, and so is")?;
    output.say("the time that passes. No account is touched; nothing is kept.\n")?;

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
        "\nThe simulated Fastly was asked {} times.",
        fastly.total()
    ))?;
    let mut document = applied.document();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("simulated".to_owned(), json!(true));
        fields.insert("import".to_owned(), imported);
        fields.insert("kept".to_owned(), json!(left_alone));
    }
    output.document(&document)?;
    Ok(Done::Done)
}

/// Says of each domain that showed anything but health why its addresses were left alone.
async fn left_alone(host: &Host, output: Output) -> Result<Vec<serde_json::Value>> {
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
