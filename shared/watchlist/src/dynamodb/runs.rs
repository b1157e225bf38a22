//! Runs of the dispatcher. Their counters `checked` and `unknown` are the checkers', and attributes of their own.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use lapsewatch_core::{Run, RunId, Timestamp};

use super::change::{Change, Changed};
use super::item::{self, Key, map, number, time};
use super::{DynamoDbWatchlist, failed};
use crate::{Checks, RunStart, WatchlistError};

const STARTING: &str = "start a run";

pub(super) async fn start(
    watchlist: &DynamoDbWatchlist,
    run: &Run,
    wall: Timestamp,
    lease_until: Timestamp,
) -> Result<RunStart, WatchlistError> {
    if create(watchlist, run, lease_until).await? {
        return Ok(RunStart::Started);
    }
    let take_up = Change::default()
        .set("leased_until", time(lease_until))
        .when(
            "attribute_exists(#pk) AND attribute_not_exists(#finished_at) \
             AND (attribute_not_exists(#leased_until) OR #leased_until <= :wall)",
        )
        .with("wall", time(wall));
    Ok(
        match take_up
            .apply(watchlist, &Key::run(&run.id), STARTING)
            .await?
        {
            Changed::To(item) => RunStart::Resumed(item::run(item)?),
            Changed::Refused(Some(item)) if item.contains_key("finished_at") => {
                RunStart::Finished(item::run(item)?)
            }
            Changed::Refused(_) => RunStart::Busy,
        },
    )
}

/// Whether there was no run of that name.
async fn create(
    watchlist: &DynamoDbWatchlist,
    run: &Run,
    lease_until: Timestamp,
) -> Result<bool, WatchlistError> {
    let mut item = Key::run(&run.id).attributes();
    item.insert("run".to_owned(), map(run, "a run")?);
    item.insert("leased_until".to_owned(), time(lease_until));
    let answer = watchlist
        .client
        .put_item()
        .table_name(&watchlist.table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await;
    match answer.map_err(SdkError::into_service_error) {
        Ok(_) => Ok(true),
        Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
        Err(error) => Err(failed(STARTING)(error)),
    }
}

pub(super) async fn save(
    watchlist: &DynamoDbWatchlist,
    run: &Run,
    lease_until: Timestamp,
) -> Result<(), WatchlistError> {
    let change = Change::default()
        .set("run", map(run, "a run")?)
        .put("finished_at", run.finished_at.map(time))
        .set("leased_until", time(lease_until))
        .when("attribute_exists(#pk)");
    match change
        .apply(watchlist, &Key::run(&run.id), "save a run")
        .await?
    {
        Changed::To(_) | Changed::Refused(_) => Ok(()),
    }
}

pub(super) async fn get(
    watchlist: &DynamoDbWatchlist,
    run: &RunId,
) -> Result<Option<Run>, WatchlistError> {
    let item = watchlist.item(&Key::run(run), "read a run").await?;
    item.map(item::run).transpose()
}

/// Looks of a run that was not started here, as one domain's at the moment of use, are not counted.
pub(super) async fn count_checks(
    watchlist: &DynamoDbWatchlist,
    run: &RunId,
    checks: Checks,
) -> Result<(), WatchlistError> {
    let added = Change::default()
        .add("checked", number(checks.checked))
        .add("unknown", number(checks.unknown))
        .when("attribute_exists(#pk)");
    match added
        .apply(watchlist, &Key::run(run), "count checks")
        .await?
    {
        Changed::To(_) | Changed::Refused(_) => Ok(()),
    }
}
