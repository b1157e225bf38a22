//! `warnings`: the domains that were found at risk.

use anyhow::Result;
use jiff::SignedDuration;
use lapsewatch_core::{EventKind, Risk, Timestamp};
use serde_json::json;

use crate::commands::Done;
use crate::host::Host;
use crate::output::Output;
use crate::plans::document;

/// What is listed where no time is given.
const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Lists the warnings given from a time on, oldest first.
pub(crate) async fn run(host: &Host, since: Option<Timestamp>, output: Output) -> Result<Done> {
    let since = since.unwrap_or_else(|| host.clock.now() - LATELY);
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = host.watchlist.warnings(since, after.as_ref()).await?;
        for event in page.items {
            if let EventKind::DomainAtRisk { risk, expires_at } = event.kind {
                let (at, domain) = (event.at, event.domain);
                let term =
                    expires_at.map_or(String::new(), |end| format!("; end of its term: {end}"));
                output.say(format!("{at}  {domain}: {}{term}", in_words(risk)))?;
                listed.push(
                    json!({"at": at, "domain": domain, "risk": risk, "expires_at": expires_at}),
                );
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if listed.is_empty() {
        output.say(format!("no domain was found at risk since {since}"))?;
    }
    let found = json!({"since": since, "warnings": listed});
    document(&host.environment, output, found)?;
    Ok(Done::Done)
}

fn in_words(risk: Risk) -> &'static str {
    match risk {
        Risk::Parked => "it shows a parking page",
        Risk::ForSale => "it is for sale",
        Risk::CameBack => "it was deleted and is registered again, nobody knows by whom",
        Risk::PastExpiry => "its term has ended, and nobody has renewed it",
        Risk::HandsChanged => "its registrar and name servers have changed",
        Risk::LossSeen => "it seems to be lost",
        Risk::Redemption => "it is deleted, and its owner can still restore it",
        Risk::PendingDelete => "it is about to be released",
    }
}
