//! The index `due`: its 16 shards, read side by side and merged, so that a sweep has no hot partition.
//!
//! The index follows the table by some milliseconds to seconds. What has just been checked may be listed again: beginning
//! a look refuses it. What has just been stamped may seem unstamped: taking it off is conditional.

use std::collections::VecDeque;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use futures_util::{StreamExt, TryStreamExt, stream};
use lapsewatch_core::{Cursor, DomainName, Page, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use super::item::{self, Item, Key, number, text, time, unreadable};
use super::{AT_ONCE, DynamoDbWatchlist, PAGE, failed};
use crate::{Forgotten, WatchlistError};

const SHARDS: u64 = 16;
/// Entries read from each shard for one page.
const OF_A_SHARD: i32 = 100;

/// The shard that a domain is in.
pub(super) fn shard(domain: &DomainName) -> u64 {
    domain.spread() % SHARDS
}

/// How far a shard has been read. Entries of one time have no order that we could name: each shard has a place of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Place {
    Start,
    Behind { due: i64, domain: DomainName },
    End,
}

/// One entry of the index.
struct Entry {
    due: i64,
    domain: DomainName,
    checked_run: Option<String>,
}

/// What was read of a shard and is not merged yet.
struct Shard {
    entries: VecDeque<Entry>,
    goes_on: bool,
    place: Place,
}

pub(super) async fn unchecked(
    watchlist: &DynamoDbWatchlist,
    run: &RunId,
    due_by: Option<Timestamp>,
    after: Option<&Cursor>,
) -> Result<Page<DomainName>, WatchlistError> {
    let places: Vec<Place> = match after {
        Some(cursor) => {
            serde_json::from_str(&cursor.0).map_err(unreadable("a place in a listing"))?
        }
        None => (0..SHARDS).map(|_| Place::Start).collect(),
    };
    let mut shards: Vec<Shard> = stream::iter((0..SHARDS).zip(places))
        .map(|(shard, place)| read_shard(watchlist, shard, place, due_by))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let items = merge(&mut shards, run);
    let places: Vec<_> = shards.into_iter().map(Shard::place).collect();
    let goes_on = places.iter().any(|place| !matches!(place, Place::End));
    let next = goes_on.then(|| serde_json::to_string(&places)).transpose();
    let next = next.map_err(unreadable("a place in a listing"))?;
    Ok(Page {
        items,
        next: next.map(Cursor),
    })
}

/// The soonest due first, as long as it is known which that is: until a shard has been merged to the end of what was read
/// of it.
fn merge(shards: &mut [Shard], run: &RunId) -> Vec<DomainName> {
    let mut items = Vec::new();
    while items.len() < PAGE as usize && !shards.iter().any(Shard::must_be_read_on) {
        let next = shards
            .iter_mut()
            .filter(|shard| !shard.entries.is_empty())
            .min_by_key(|shard| shard.entries.front().map(|entry| entry.due));
        let Some((shard, entry)) = next.and_then(|shard| {
            let entry = shard.entries.pop_front()?;
            Some((shard, entry))
        }) else {
            break;
        };
        shard.place = Place::Behind {
            due: entry.due,
            domain: entry.domain.clone(),
        };
        if entry.checked_run.as_deref() != Some(run.as_str()) {
            items.push(entry.domain);
        }
    }
    items
}

impl Shard {
    fn must_be_read_on(&self) -> bool {
        self.entries.is_empty() && self.goes_on
    }

    fn place(self) -> Place {
        if self.entries.is_empty() && !self.goes_on {
            Place::End
        } else {
            self.place
        }
    }
}

async fn read_shard(
    watchlist: &DynamoDbWatchlist,
    shard: u64,
    place: Place,
    due_by: Option<Timestamp>,
) -> Result<Shard, WatchlistError> {
    let start = match &place {
        Place::End => {
            return Ok(Shard {
                entries: VecDeque::new(),
                goes_on: false,
                place,
            });
        }
        Place::Start => None,
        Place::Behind { due, domain } => Some(index_key(shard, *due, domain)),
    };
    let read = query(watchlist, shard, due_by)
        .limit(OF_A_SHARD)
        .set_exclusive_start_key(start)
        .send()
        .await
        .map_err(|error| failed("list what is due")(error.into_service_error()))?;
    let entries = read.items.unwrap_or_default();
    Ok(Shard {
        entries: entries.iter().map(entry).collect::<Result<_, _>>()?,
        goes_on: read.last_evaluated_key.is_some(),
        place,
    })
}

fn entry(item: &Item) -> Result<Entry, WatchlistError> {
    Ok(Entry {
        due: item::number_of(item, "next_check_at").unwrap_or(i64::MIN),
        domain: item::domain_of(item, "pk")?,
        checked_run: item::text_of(item, "checked_run").map(str::to_owned),
    })
}

fn query(
    watchlist: &DynamoDbWatchlist,
    shard: u64,
    due_by: Option<Timestamp>,
) -> QueryFluentBuilder {
    let condition = match due_by {
        Some(_) => "due_shard = :shard AND next_check_at <= :due_by",
        None => "due_shard = :shard",
    };
    let query = watchlist
        .client
        .query()
        .table_name(&watchlist.table)
        .index_name("due")
        .key_condition_expression(condition)
        .expression_attribute_values(":shard", number(shard));
    match due_by {
        Some(due_by) => query.expression_attribute_values(":due_by", time(due_by)),
        None => query,
    }
}

pub(super) async fn count_unchecked(
    watchlist: &DynamoDbWatchlist,
    run: &RunId,
    due_by: Option<Timestamp>,
) -> Result<u64, WatchlistError> {
    let count = async |shard| {
        let (mut count, mut start) = (0_u64, None);
        loop {
            let read = query(watchlist, shard, due_by)
                .select(Select::Count)
                .filter_expression("attribute_not_exists(checked_run) OR checked_run <> :run")
                .expression_attribute_values(":run", text(run))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("count what is due")(error.into_service_error()))?;
            count += u64::try_from(read.count).unwrap_or(0);
            start = read.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    };
    stream::iter(0..SHARDS)
        .map(count)
        .buffer_unordered(AT_ONCE)
        .try_fold(0, async |sum, count| Ok(sum + count))
        .await
}

/// A page is one read of one shard.
pub(super) async fn forget_unstamped(
    watchlist: &DynamoDbWatchlist,
    run: &RunId,
    after: Option<&Cursor>,
) -> Result<Forgotten, WatchlistError> {
    let (shard, place): (u64, Place) = match after {
        Some(cursor) => {
            serde_json::from_str(&cursor.0).map_err(unreadable("a place in a listing"))?
        }
        None => (0, Place::Start),
    };
    let start = match place {
        Place::Start | Place::End => None,
        Place::Behind { due, domain } => Some(index_key(shard, due, &domain)),
    };
    let read = query(watchlist, shard, None)
        .filter_expression("attribute_not_exists(synced_run) OR synced_run <> :run")
        .expression_attribute_values(":run", text(run))
        .limit(PAGE)
        .set_exclusive_start_key(start)
        .send()
        .await
        .map_err(|error| failed("take domains off")(error.into_service_error()))?;
    let unstamped = read.items.unwrap_or_default();
    let domains = stream::iter(unstamped)
        .map(async |item| forget(watchlist, run, &entry(&item)?.domain).await)
        .buffer_unordered(AT_ONCE)
        .try_fold(0, async |sum, gone| Ok(sum + u64::from(gone)))
        .await?;
    let next = match read.last_evaluated_key {
        Some(key) => {
            let last = entry(&key)?;
            Some((
                shard,
                Place::Behind {
                    due: last.due,
                    domain: last.domain,
                },
            ))
        }
        None if shard + 1 < SHARDS => Some((shard + 1, Place::Start)),
        None => None,
    };
    let next = next.map(|place| serde_json::to_string(&place)).transpose();
    Ok(Forgotten {
        domains,
        next: next
            .map_err(unreadable("a place in a listing"))?
            .map(Cursor),
    })
}

/// Whether the domain was still there and not stamped.
async fn forget(
    watchlist: &DynamoDbWatchlist,
    run: &RunId,
    domain: &DomainName,
) -> Result<bool, WatchlistError> {
    let answer = watchlist
        .client
        .delete_item()
        .table_name(&watchlist.table)
        .set_key(Some(Key::state(domain).attributes()))
        .condition_expression(
            "attribute_exists(pk) AND (attribute_not_exists(synced_run) OR synced_run <> :run)",
        )
        .expression_attribute_values(":run", text(run))
        .send()
        .await;
    match answer.map_err(SdkError::into_service_error) {
        Ok(_) => Ok(true),
        Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
        Err(error) => Err(failed("take domains off")(error)),
    }
}

/// The key of an entry of the index.
fn index_key(shard: u64, due: i64, domain: &DomainName) -> Item {
    let mut key = Key::state(domain).attributes();
    key.insert("due_shard".to_owned(), number(shard));
    key.insert("next_check_at".to_owned(), number(due));
    key
}
