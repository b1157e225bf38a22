//! Worlds made by hand, for rules to be tried in.

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use lapsewatch_simulator::parameters::TLDS;
use lapsewatch_simulator::{
    Address, History, Holder, Noise, Outage, Outages, Parameters, START, Shows, Source, Span,
    State, Tenure, Tld, Way, World,
};

/// The start of a day of the simulated time, counted from its first, 0; before it, below.
pub(crate) fn day(number: i64) -> Timestamp {
    START + SignedDuration::from_hours(24 * number)
}

pub(crate) fn tld(suffix: &str) -> &'static Tld {
    TLDS.iter().find(|tld| tld.suffix == suffix).unwrap()
}

/// A domain that its first owner has had for four hundred days, with one address verified a hundred days before the start.
pub(crate) fn healthy() -> History {
    History {
        tld: tld("com"),
        spans: vec![span(-400, State::Held, 0)],
        tenures: vec![tenure(Holder::Owner, None, -400, -400)],
        addresses: vec![verified(-100)],
    }
}

/// The same, in these states from these days on.
pub(crate) fn passing(states: &[(i64, State)]) -> History {
    let mut history = healthy();
    let spans = states.iter().map(|(from, state)| span(*from, *state, 0));
    history.spans.extend(spans);
    history
}

/// The same, deleted on day 10, released 35 days later, and taken by another on a day.
pub(crate) fn retaken(on: i64, holder: Holder) -> History {
    let mut history = passing(&[
        (10, State::Redemption),
        (40, State::PendingDelete),
        (45, State::Released),
    ]);
    history.spans.push(span(on, State::Held, 1));
    history
        .tenures
        .push(tenure(holder, Some(Way::Reregistered), on, on));
    history
}

pub(crate) fn span(from: i64, state: State, tenure: u8) -> Span {
    Span {
        from: day(from),
        state,
        tenure,
    }
}

pub(crate) fn tenure(holder: Holder, way: Option<Way>, since: i64, registered: i64) -> Tenure {
    Tenure {
        holder,
        way,
        since: day(since),
        registered_at: day(registered),
        registrar: 1,
    }
}

pub(crate) fn verified(on: i64) -> Address {
    Address {
        verified_at: day(on),
    }
}

/// A year in which every source tells the truth, and Fastly all of it; PyPI's table holds these addresses only.
pub(crate) fn honest() -> Parameters {
    Parameters {
        domains: 1,
        years: 1,
        seed: 1,
        visible: 1.0,
        false_losses: 0.0,
        pypi_rows: 1,
    }
}

pub(crate) fn world(histories: Vec<History>) -> World {
    World::of(honest(), histories, Outages::default(), Noise::NONE)
}

/// Fastly out of order from the start of one day to that of another.
pub(crate) fn fastly_out(from: i64, until: i64, shows: Shows) -> Outages {
    let mut outages = Outages::default();
    outages.add(
        Source::Fastly,
        Outage {
            from: day(from),
            until: day(until),
            shows,
        },
    );
    outages
}
