//! Events, what is pending, and plans.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use lapsewatch_core::{Cursor, DomainName, Event, HeldPlan, Page, PlanId, Record};

use super::domains::{event_item, get_all};
use super::item::{self, DOMAINS, EVENTS, Item, Key, map, number, text};
use super::{DynamoDbWatchlist, PAGE, failed};
use crate::WatchlistError;

/// An event that is there already stays as it is.
pub(super) async fn append(
    watchlist: &DynamoDbWatchlist,
    event: &Event,
) -> Result<(), WatchlistError> {
    let answer = watchlist
        .client
        .put_item()
        .table_name(&watchlist.table)
        .set_item(Some(event_item(event)?))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await;
    match answer.map_err(SdkError::into_service_error) {
        Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
        Err(error) => Err(failed("add an event")(error)),
    }
}

pub(super) async fn events(
    watchlist: &DynamoDbWatchlist,
    domain: &DomainName,
    after: Option<&Cursor>,
) -> Result<Page<Event>, WatchlistError> {
    let page = list(
        watchlist,
        &item::domain_key(domain),
        EVENTS,
        after,
        "read events",
    )
    .await?;
    let events = page.items.into_iter();
    Ok(Page {
        items: events
            .map(|mut item| item::document(&mut item, "event"))
            .collect::<Result<_, _>>()?,
        next: page.next,
    })
}

pub(super) async fn plan_members(
    watchlist: &DynamoDbWatchlist,
    plan: &PlanId,
    after: Option<&Cursor>,
) -> Result<Page<DomainName>, WatchlistError> {
    let page = list(
        watchlist,
        &item::plan_key(plan),
        DOMAINS,
        after,
        "list a plan",
    )
    .await?;
    let members = page.items.iter();
    Ok(Page {
        items: members
            .map(|item| item::domain_of(item, "sk"))
            .collect::<Result<_, _>>()?,
        next: page.next,
    })
}

/// A page of a partition's items, in the order of their sort keys. A cursor is the last sort key.
async fn list(
    watchlist: &DynamoDbWatchlist,
    pk: &str,
    prefix: &str,
    after: Option<&Cursor>,
    doing: &'static str,
) -> Result<Page<Item>, WatchlistError> {
    let start = after.map(|cursor| {
        Item::from([
            ("pk".to_owned(), text(pk)),
            ("sk".to_owned(), text(&cursor.0)),
        ])
    });
    let read = watchlist
        .client
        .query()
        .table_name(&watchlist.table)
        .consistent_read(true)
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", text(pk))
        .expression_attribute_values(":prefix", text(prefix))
        .limit(PAGE)
        .set_exclusive_start_key(start)
        .send()
        .await
        .map_err(|error| failed(doing)(error.into_service_error()))?;
    let last = read.last_evaluated_key;
    Ok(Page {
        items: read.items.unwrap_or_default(),
        next: last.and_then(|key| Some(Cursor(item::text_of(&key, "sk")?.to_owned()))),
    })
}

/// The index follows the table: what it still lists although it was applied is left out.
pub(super) async fn pending(
    watchlist: &DynamoDbWatchlist,
    after: Option<&Cursor>,
) -> Result<Page<Record>, WatchlistError> {
    let start = after.and_then(|cursor| {
        let (since, domain) = cursor.0.split_once(' ')?;
        let domain: DomainName = domain.parse().ok()?;
        let mut key = Key::state(&domain).attributes();
        key.insert("pending".to_owned(), text(item::PENDING));
        key.insert("pending_since".to_owned(), number(since));
        Some(key)
    });
    let read = watchlist
        .client
        .query()
        .table_name(&watchlist.table)
        .index_name("pending")
        .key_condition_expression("pending = :pending")
        .expression_attribute_values(":pending", text(item::PENDING))
        .limit(PAGE)
        .set_exclusive_start_key(start)
        .send()
        .await
        .map_err(|error| failed("list what is pending")(error.into_service_error()))?;
    let listed = read.items.unwrap_or_default();
    let domains = listed.iter().map(|entry| item::domain_of(entry, "pk"));
    let mut items = get_all(watchlist, domains.collect::<Result<_, _>>()?).await?;
    items.retain(|record| record.pending.is_some());
    items.sort_by_key(|record| {
        let since = record.pending.as_ref().map(|pending| pending.since);
        (since, record.domain.clone())
    });
    let next = match read.last_evaluated_key {
        Some(last) => {
            let since = item::number_of(&last, "pending_since").unwrap_or_default();
            Some(Cursor(format!("{since} {}", item::domain_of(&last, "pk")?)))
        }
        None => None,
    };
    Ok(Page { items, next })
}

pub(super) async fn save_plan(
    watchlist: &DynamoDbWatchlist,
    plan: &HeldPlan,
) -> Result<(), WatchlistError> {
    let mut item = Key::held_plan(&plan.id).attributes();
    item.insert("plan".to_owned(), map(plan, "a plan")?);
    watchlist
        .client
        .put_item()
        .table_name(&watchlist.table)
        .set_item(Some(item))
        .send()
        .await
        .map_err(|error| failed("save a plan")(error.into_service_error()))?;
    Ok(())
}

pub(super) async fn plan(
    watchlist: &DynamoDbWatchlist,
    plan: &PlanId,
) -> Result<Option<HeldPlan>, WatchlistError> {
    let item = watchlist.item(&Key::held_plan(plan), "read a plan").await?;
    item.map(|mut item| item::document(&mut item, "plan"))
        .transpose()
}
