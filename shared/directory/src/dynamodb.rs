//! The account store in a DynamoDB table of its own: reading it, and carrying orders out.
//!
//! One item a domain and address, so that the addresses behind a domain are one partition. An address that depends on two
//! domains is two items; they are written together, always.

mod item;
mod record;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use futures_util::{StreamExt, TryStreamExt, stream};
use lapsewatch_core::{
    Cursor, DomainName, Left, LeftReason, Outcome, Page, RestoreOrder, UnverifyOrder, WatchedDomain,
};

use self::item::{Behind, Change, Item, Key, Standing};
use crate::{Directory, DirectoryError};

/// Writes under way at once, for one order.
const WRITES: usize = 16;

/// How often an address is looked at anew when somebody else has changed it between our look and our write.
const ATTEMPTS: usize = 5;

/// The addresses in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbDirectory {
    client: Client,
    table: String,
    scan_limit: Option<i32>,
}

impl DynamoDbDirectory {
    /// The directory in a table with the string keys `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
            scan_limit: None,
        }
    }

    /// The same, reading at most so many items at once when it lists domains; DynamoDB's own limit is 1 MB.
    #[must_use]
    pub fn with_scan_limit(self, items: i32) -> Self {
        Self {
            scan_limit: Some(items),
            ..self
        }
    }
}

impl Directory for DynamoDbDirectory {
    /// A scan, folded by domain. A cursor is the last domain that was read to its end, never the key of an item: that would
    /// name an address.
    async fn domains(&self, after: Option<&Cursor>) -> Result<Page<WatchedDomain>, DirectoryError> {
        const DOING: &str = "list domains";
        let mut start = after.map(|cursor| Key::after_domain(&cursor.0).into_attributes());
        let mut found: Vec<WatchedDomain> = Vec::new();
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .projection_expression("pk, verified_at, seen_at, restored_at")
                .filter_expression("verified = :true AND begins_with(pk, :domain)")
                .expression_attribute_values(":true", AttributeValue::Bool(true))
                .expression_attribute_values(":domain", AttributeValue::S(item::DOMAIN.to_owned()))
                .set_exclusive_start_key(start.take())
                .set_limit(self.scan_limit)
                .send()
                .await
                .map_err(|error| failed_to(DOING, error.into_service_error()))?;
            for attributes in page.items.unwrap_or_default() {
                let Behind(watched) =
                    Behind::read(attributes).map_err(|error| failed_to(DOING, error))?;
                fold(&mut found, watched);
            }
            let Some(last) = page.last_evaluated_key else {
                return Ok(Page {
                    items: found,
                    next: None,
                });
            };
            // The last domain may go on behind the page: it is read again, unless it is the only one.
            if found.len() > 1 {
                found.pop();
                let next = found
                    .last()
                    .map(|complete| Cursor(complete.domain.to_string()));
                return Ok(Page { items: found, next });
            }
            start = Some(last);
        }
    }

    async fn preview(&self, order: &UnverifyOrder) -> Result<Outcome, DirectoryError> {
        self.carry_out("preview an order", &order.domain, Act::Preview(order))
            .await
    }

    async fn unverify(&self, order: &UnverifyOrder) -> Result<Outcome, DirectoryError> {
        self.carry_out("un-verify addresses", &order.domain, Act::Unverify(order))
            .await
    }

    async fn restore(&self, order: &RestoreOrder) -> Result<Outcome, DirectoryError> {
        self.carry_out("restore addresses", &order.domain, Act::Restore(order))
            .await
    }
}

/// What is being done to the addresses at a domain.
#[derive(Clone, Copy)]
enum Act<'a> {
    Preview(&'a UnverifyOrder),
    Unverify(&'a UnverifyOrder),
    Restore(&'a RestoreOrder),
}

impl Act<'_> {
    fn standing(self, item: &Item) -> Standing {
        match self {
            Self::Unverify(order) => item.under_unverify(order),
            Self::Restore(order) => item.under_restore(order),
            Self::Preview(order) => match item.under_unverify(order) {
                Standing::ToChange(_) => Standing::Changed,
                settled @ (Standing::Changed | Standing::Left(_) | Standing::NotConcerned) => {
                    settled
                }
            },
        }
    }
}

impl DynamoDbDirectory {
    async fn carry_out(
        &self,
        doing: &'static str,
        domain: &DomainName,
        act: Act<'_>,
    ) -> Result<Outcome, DirectoryError> {
        let mut outcome = Outcome::default();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :domain")
                .expression_attribute_values(":domain", AttributeValue::S(item::domain_key(domain)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed_to(doing, error.into_service_error()))?;
            let mut settling = Vec::new();
            for attributes in page.items.unwrap_or_default() {
                let item = Item::read(attributes).map_err(|error| failed_to(doing, error))?;
                settling.push(self.settle(doing, item, act));
            }
            let mut settled = stream::iter(settling).buffer_unordered(WRITES);
            while let Some(standing) = settled.try_next().await? {
                count(&mut outcome, &standing);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                outcome.left.sort_by_key(|left| left.reason as u8);
                return Ok(outcome);
            }
        }
    }

    /// Brings one address to where the act leaves it: looks, writes on the condition that nothing has changed, looks again.
    async fn settle(
        &self,
        doing: &'static str,
        mut item: Item,
        act: Act<'_>,
    ) -> Result<Standing, DirectoryError> {
        for _ in 0..ATTEMPTS {
            let Standing::ToChange(change) = act.standing(&item) else {
                return Ok(act.standing(&item));
            };
            if self.write(doing, item.keys(), &change).await? {
                return Ok(Standing::Changed);
            }
            match self.look_again(doing, item.key).await? {
                Some(now) => item = now,
                None => return Ok(Standing::NotConcerned),
            }
        }
        Err(failed_to(doing, Contended))
    }

    /// Makes one change to the items of one address, all or none; `false` if its condition does not hold, or somebody else
    /// is writing.
    async fn write(
        &self,
        doing: &'static str,
        keys: Vec<Key>,
        change: &Change,
    ) -> Result<bool, DirectoryError> {
        if let [key] = keys.as_slice() {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key.clone().into_attributes()))
                .update_expression(&change.update)
                .condition_expression(change.condition)
                .set_expression_attribute_values(Some(change.values.clone()));
            return match update.send().await.map_err(SdkError::into_service_error) {
                Ok(_) => Ok(true),
                Err(
                    UpdateItemError::ConditionalCheckFailedException(_)
                    | UpdateItemError::TransactionConflictException(_),
                ) => Ok(false),
                Err(error) => Err(failed_to(doing, error)),
            };
        }
        let mut transaction = self.client.transact_write_items();
        for key in keys {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(key.into_attributes()))
                .update_expression(&change.update)
                .condition_expression(change.condition)
                .set_expression_attribute_values(Some(change.values.clone()))
                .build()
                .map_err(|error| failed_to(doing, error))?;
            transaction =
                transaction.transact_items(TransactWriteItem::builder().update(update).build());
        }
        match transaction
            .send()
            .await
            .map_err(SdkError::into_service_error)
        {
            Ok(_) => Ok(true),
            Err(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled.cancellation_reasons().iter().any(|reason| {
                    matches!(
                        reason.code(),
                        Some("ConditionalCheckFailed" | "TransactionConflict")
                    )
                }) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed_to(doing, error)),
        }
    }

    async fn look_again(
        &self,
        doing: &'static str,
        key: Key,
    ) -> Result<Option<Item>, DirectoryError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .set_key(Some(key.into_attributes()))
            .send()
            .await
            .map_err(|error| failed_to(doing, error.into_service_error()))?;
        found
            .item
            .map(Item::read)
            .transpose()
            .map_err(|error| failed_to(doing, error))
    }
}

/// An address changed under our hands at every attempt.
#[derive(Debug, thiserror::Error)]
#[error(
    "an address was changed by somebody else at every attempt, or one of its two items is missing; try again"
)]
struct Contended;

fn failed_to(
    doing: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> DirectoryError {
    DirectoryError::Store {
        doing,
        source: Box::new(error),
    }
}

/// Items of a domain follow each other in a scan.
fn fold(found: &mut Vec<WatchedDomain>, watched: WatchedDomain) {
    match found.last_mut() {
        Some(last) if last.domain == watched.domain => {
            let times = last.earliest_verified_at.into_iter();
            last.earliest_verified_at = times.chain(watched.earliest_verified_at).min();
        }
        Some(_) | None => found.push(watched),
    }
}

fn count(outcome: &mut Outcome, standing: &Standing) {
    match standing {
        Standing::Changed => outcome.addresses += 1,
        Standing::Left(reason) => count_left(&mut outcome.left, *reason),
        Standing::ToChange(_) | Standing::NotConcerned => {}
    }
}

fn count_left(left: &mut Vec<Left>, reason: LeftReason) {
    match left.iter_mut().find(|left| left.reason == reason) {
        Some(left) => left.addresses += 1,
        None => left.push(Left {
            reason,
            addresses: 1,
        }),
    }
}
