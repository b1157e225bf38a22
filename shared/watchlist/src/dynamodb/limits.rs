//! What processes share to keep limits: the pace, the month's budget, the day's tally. Each move is one conditional write.
//!
//! A write whose answer is lost is sent again by the SDK and may count twice. Here that errs to the safe side: a slot or a
//! call goes unused.

use jiff::SignedDuration;
use lapsewatch_core::{Gcra, Month, Paced, Tally, Timestamp};

use super::DynamoDbWatchlist;
use super::change::{Change, Changed};
use super::item::{Item, Key, count_of, number, number_of, unreadable};
use crate::{Checks, Slots, WatchlistError};

const PACING: &str = "reserve calls";

pub(super) async fn reserve_slots(
    watchlist: &DynamoDbWatchlist,
    paced: &Paced,
    pace: &Gcra,
    slots: u32,
    wall: Timestamp,
    latest: Timestamp,
) -> Result<Slots, WatchlistError> {
    let floor = pace.floor(wall).as_microsecond();
    let latest = latest.as_microsecond();
    // A part of a microsecond counts as a whole one: rounding must not lift the limit.
    let span = pace.span(slots).as_nanos().unsigned_abs().div_ceil(1000);
    let span = i64::try_from(span).unwrap_or(i64::MAX);
    loop {
        // While the pace is busy, its state is ahead of the floor: these slots follow those already reserved.
        let behind_others = Change::default()
            .add("arrival_us", number(span))
            .when("#arrival_us > :floor AND #arrival_us <= :latest")
            .with("floor", number(floor))
            .with("latest", number(latest));
        match behind_others
            .apply(watchlist, &Key::pace(paced), PACING)
            .await?
        {
            Changed::To(item) => return Ok(Slots::From(moment(arrival(&item) - span)?)),
            Changed::Refused(Some(item)) if arrival(&item) > floor => {
                return Ok(Slots::TooLate(moment(arrival(&item))?));
            }
            Changed::Refused(_) => {}
        }
        if floor > latest {
            return Ok(Slots::TooLate(moment(floor)?));
        }
        // It is idle: it begins anew at the floor. If another process has just done so, we go behind it.
        let anew = Change::default()
            .set("arrival_us", number(floor.saturating_add(span)))
            .when("attribute_not_exists(#arrival_us) OR #arrival_us <= :floor")
            .with("floor", number(floor));
        match anew.apply(watchlist, &Key::pace(paced), PACING).await? {
            Changed::To(_) => return Ok(Slots::From(moment(floor)?)),
            Changed::Refused(_) => {}
        }
    }
}

pub(super) async fn hold_pace(
    watchlist: &DynamoDbWatchlist,
    paced: &Paced,
    until: Timestamp,
) -> Result<(), WatchlistError> {
    let hold = Change::default()
        .set("arrival_us", number(until.as_microsecond()))
        .when("attribute_not_exists(#arrival_us) OR #arrival_us < :arrival_us");
    match hold
        .apply(watchlist, &Key::pace(paced), "hold the pace")
        .await?
    {
        Changed::To(_) | Changed::Refused(_) => Ok(()),
    }
}

fn arrival(item: &Item) -> i64 {
    number_of(item, "arrival_us").unwrap_or(i64::MIN)
}

fn moment(microseconds: i64) -> Result<Timestamp, WatchlistError> {
    Timestamp::from_microsecond(microseconds).map_err(unreadable("the pace"))
}

pub(super) async fn spend(
    watchlist: &DynamoDbWatchlist,
    month: Month,
    calls: u32,
    limit: u64,
) -> Result<u32, WatchlistError> {
    let fitting = |left: u64| u32::try_from(left).unwrap_or(u32::MAX);
    let mut wanted = calls.min(fitting(limit));
    while wanted > 0 {
        let change = Change::default()
            .add("spent", number(wanted))
            .when("attribute_not_exists(#spent) OR #spent <= :most_before")
            .with("most_before", number(limit - u64::from(wanted)));
        match change
            .apply(watchlist, &Key::budget(month), "spend the budget")
            .await?
        {
            Changed::To(_) => break,
            Changed::Refused(item) => {
                let spent = item.map_or(0, |item| count_of(&item, "spent"));
                wanted = wanted.min(fitting(limit.saturating_sub(spent)));
            }
        }
    }
    Ok(wanted)
}

pub(super) async fn spent(
    watchlist: &DynamoDbWatchlist,
    month: Month,
) -> Result<u64, WatchlistError> {
    let item = watchlist
        .item(&Key::budget(month), "read the budget")
        .await?;
    Ok(item.map_or(0, |item| count_of(&item, "spent")))
}

pub(super) async fn add_to_tally(
    watchlist: &DynamoDbWatchlist,
    checks: Checks,
    unverified: u64,
    now: Timestamp,
) -> Result<(), WatchlistError> {
    let added = Change::default()
        .add("checked", number(checks.checked))
        .add("unknown", number(checks.unknown))
        .add("unverified", number(unverified));
    match added
        .apply(watchlist, &Key::tally(now), "add to the tally")
        .await?
    {
        Changed::To(_) | Changed::Refused(_) => Ok(()),
    }
}

pub(super) async fn tally(
    watchlist: &DynamoDbWatchlist,
    now: Timestamp,
) -> Result<Tally, WatchlistError> {
    let mut tally = Tally::default();
    for day in [now, now - SignedDuration::from_hours(24)] {
        let item = watchlist.item(&Key::tally(day), "read the tally").await?;
        let item = item.unwrap_or_default();
        tally.checked += count_of(&item, "checked");
        tally.unknown += count_of(&item, "unknown");
        tally.unverified += count_of(&item, "unverified");
    }
    Ok(tally)
}
