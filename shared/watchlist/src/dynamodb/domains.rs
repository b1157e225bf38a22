//! Domains and looks: their items, and the one transaction in which a record and its event are written.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use backon::Retryable;
use futures_util::{StreamExt, TryStreamExt, stream};
use lapsewatch_core::{
    DomainName, Event, Lease, Record, RunId, Timestamp, Transition, WatchedDomain,
};

use super::change::{Change, Changed, while_in_conflict};
use super::item::{self, Key, map, number, text, time};
use super::{AT_ONCE, DynamoDbWatchlist, due, failed};
use crate::{Look, WatchlistError, Written};

pub(super) async fn watch(
    watchlist: &DynamoDbWatchlist,
    domains: &[WatchedDomain],
    run: Option<&RunId>,
    now: Timestamp,
) -> Result<(), WatchlistError> {
    let writes = domains
        .iter()
        .map(|watched| watch_one(watchlist, watched, run, now));
    stream::iter(writes.collect::<Vec<_>>())
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Within one run the earlier time is kept: an entry that would not make it earlier has nothing to write.
async fn watch_one(
    watchlist: &DynamoDbWatchlist,
    watched: &WatchedDomain,
    run: Option<&RunId>,
    now: Timestamp,
) -> Result<(), WatchlistError> {
    let record = Record::new(watched.domain.clone(), watched.earliest_verified_at, now);
    let verified_at = watched.earliest_verified_at.map(time);
    let change = Change::default()
        .set_if_absent("record", map(&record, "a record")?)
        .set_if_absent("revision", number(0))
        .set_if_absent("watched_since", time(now))
        .set_if_absent("next_check_at", time(now))
        .set_if_absent("due_shard", number(due::shard(&watched.domain)))
        .put("earliest_verified_at", verified_at.clone());
    let change = match (run, verified_at) {
        (None, _) => change.when("attribute_not_exists(#pk)"),
        (Some(run), None) => change
            .set("synced_run", text(run))
            .when("attribute_not_exists(#synced_run) OR #synced_run <> :synced_run"),
        (Some(run), Some(_)) => change.set("synced_run", text(run)).when(
            "attribute_not_exists(#synced_run) OR #synced_run <> :synced_run \
             OR attribute_not_exists(#earliest_verified_at) OR #earliest_verified_at > :earliest_verified_at",
        ),
    };
    match change
        .apply(watchlist, &Key::state(&watched.domain), "take domains on")
        .await?
    {
        Changed::To(_) | Changed::Refused(_) => Ok(()),
    }
}

pub(super) async fn get(
    watchlist: &DynamoDbWatchlist,
    domain: &DomainName,
) -> Result<Option<Record>, WatchlistError> {
    let item = watchlist.item(&Key::state(domain), "read a record").await?;
    item.map(item::record).transpose()
}

/// Those of the domains that are still on the list, in the order asked.
pub(super) async fn get_all(
    watchlist: &DynamoDbWatchlist,
    domains: Vec<DomainName>,
) -> Result<Vec<Record>, WatchlistError> {
    let reads = domains.iter().map(|domain| get(watchlist, domain));
    stream::iter(reads.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_filter_map(async |record| Ok(record))
        .try_collect()
        .await
}

pub(super) async fn begin_looks(
    watchlist: &DynamoDbWatchlist,
    domains: &[DomainName],
    run: &RunId,
    wall: Timestamp,
    lease_until: Timestamp,
) -> Result<Vec<Look>, WatchlistError> {
    let begun = domains
        .iter()
        .map(|domain| begin_look(watchlist, domain, run, wall, lease_until));
    stream::iter(begun.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn begin_look(
    watchlist: &DynamoDbWatchlist,
    domain: &DomainName,
    run: &RunId,
    wall: Timestamp,
    lease_until: Timestamp,
) -> Result<Look, WatchlistError> {
    let lease = Change::default()
        .set("leased_until", time(lease_until))
        .when(
            "attribute_exists(#pk) AND (attribute_not_exists(#checked_run) OR #checked_run <> :run) \
             AND (attribute_not_exists(#leased_until) OR #leased_until <= :wall)",
        )
        .with("run", text(run))
        .with("wall", time(wall));
    Ok(
        match lease
            .apply(watchlist, &Key::state(domain), "begin looks")
            .await?
        {
            Changed::To(item) => Look::Begun(Box::new(item::record(item)?)),
            Changed::Refused(None) => Look::NotWatched,
            Changed::Refused(Some(item))
                if item::text_of(&item, "checked_run") == Some(run.as_str()) =>
            {
                Look::AlreadyChecked
            }
            Changed::Refused(Some(_)) => Look::InProgress,
        },
    )
}

pub(super) async fn extend_looks(
    watchlist: &DynamoDbWatchlist,
    domains: &[DomainName],
    lease_until: Timestamp,
) -> Result<(), WatchlistError> {
    let extended = Change::default()
        .set("leased_until", time(lease_until))
        .when("attribute_exists(#leased_until)");
    change_all(watchlist, domains, &extended, "extend leases").await
}

pub(super) async fn abandon_looks(
    watchlist: &DynamoDbWatchlist,
    domains: &[DomainName],
) -> Result<(), WatchlistError> {
    let given_back = Change::default()
        .remove("leased_until")
        .when("attribute_exists(#pk)");
    change_all(watchlist, domains, &given_back, "give looks back").await
}

/// Makes one change at each domain for which its condition holds.
async fn change_all(
    watchlist: &DynamoDbWatchlist,
    domains: &[DomainName],
    change: &Change,
    doing: &'static str,
) -> Result<(), WatchlistError> {
    let changed = domains.iter().map(|domain| {
        let (change, key) = (change.clone(), Key::state(domain));
        async move { change.apply(watchlist, &key, doing).await }
    });
    stream::iter(changed.collect::<Vec<_>>())
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await
}

const RECORDING: &str = "record a change";

/// A change without an event is one conditional write; with one, it is a transaction, which costs twice as much.
pub(super) async fn write(
    watchlist: &DynamoDbWatchlist,
    transition: &Transition,
) -> Result<Written, WatchlistError> {
    let record = &transition.record;
    let key = Key::state(&record.domain);
    let change = change(transition)?;
    let puts = puts(watchlist, transition)?;
    if puts.is_empty() {
        return Ok(match change.apply(watchlist, &key, RECORDING).await? {
            Changed::To(_) => Written::Written,
            Changed::Refused(_) => Written::Superseded,
        });
    }
    let update = change.in_transaction(&watchlist.table, &key, RECORDING)?;
    let request = watchlist
        .client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().update(update).build());
    let request = puts.into_iter().fold(request, |request, put| {
        request.transact_items(TransactWriteItem::builder().put(put).build())
    });
    let answer = (|| request.clone().send())
        .retry(while_in_conflict())
        .when(|error| cancelled_for(error, "TransactionConflict"))
        .await;
    match answer {
        Ok(_) => Ok(Written::Written),
        Err(error) if cancelled_for(&error, "ConditionalCheckFailed") => Ok(Written::Superseded),
        Err(error) => Err(failed(RECORDING)(error.into_service_error())),
    }
}

/// What the record becomes, over the revision before it. The dispatcher's attributes are not touched.
fn change(transition: &Transition) -> Result<Change, WatchlistError> {
    let record = &transition.record;
    let pending_since = record.pending.as_ref().map(|pending| pending.since);
    let change = match transition.lease {
        Lease::Ends => Change::default().remove("leased_until"),
        Lease::Stays => Change::default(),
    };
    Ok(change
        .set("record", map(record, "a record")?)
        .set("revision", number(record.revision))
        .set("next_check_at", time(record.due_order()))
        .put("checked_run", record.checked_run.as_ref().map(text))
        .put("pending", pending_since.map(|_| text(item::PENDING)))
        .put("pending_since", pending_since.map(time))
        .when("#revision = :previous")
        .with("previous", number(record.revision.saturating_sub(1))))
}

/// What is written beside the record: the event, and the plan's member.
fn puts(
    watchlist: &DynamoDbWatchlist,
    transition: &Transition,
) -> Result<Vec<Put>, WatchlistError> {
    let record = &transition.record;
    let plan = record
        .pending
        .as_ref()
        .and_then(|pending| pending.plan.as_ref());
    let member = plan.map(|plan| Ok(Key::plan_member(plan, &record.domain).attributes()));
    let event = transition.event.as_ref().map(event_item);
    let put = |item: Result<item::Item, WatchlistError>| {
        Put::builder()
            .table_name(&watchlist.table)
            .set_item(Some(item?))
            .build()
            .map_err(failed(RECORDING))
    };
    event.into_iter().chain(member).map(put).collect()
}

/// An event as an item.
pub(super) fn event_item(event: &Event) -> Result<item::Item, WatchlistError> {
    let mut item = Key::event(event).attributes();
    item.insert("event".to_owned(), map(event, "an event")?);
    Ok(item)
}

fn cancelled_for(error: &SdkError<TransactWriteItemsError>, code: &str) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return false;
    };
    cancelled
        .cancellation_reasons()
        .iter()
        .any(|reason| reason.code() == Some(code))
}
