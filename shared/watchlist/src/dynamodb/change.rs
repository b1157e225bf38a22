//! One conditional change of one item: what it sets, removes and adds, and what must hold for it.
//!
//! Every attribute `x` is written `#x` in expressions: half of the likely names are reserved words.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, Update,
};
use backon::{ExponentialBuilder, Retryable};

use super::item::{Item, Key};
use super::{DynamoDbWatchlist, failed};
use crate::WatchlistError;

/// A change of one item.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    clauses: BTreeMap<&'static str, Vec<String>>,
    condition: Option<String>,
    values: HashMap<String, AttributeValue>,
}

/// How a conditional change went.
pub(super) enum Changed {
    /// It took effect: the item as it is now.
    To(Item),
    /// The condition did not hold: the item as it is, if there is one.
    Refused(Option<Item>),
}

impl Change {
    /// Sets an attribute.
    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        self.clause("SET", format!("#{attribute} = :{attribute}"));
        self.with(attribute, value)
    }

    /// Sets an attribute that is not there.
    pub(super) fn set_if_absent(mut self, attribute: &str, value: AttributeValue) -> Self {
        self.clause(
            "SET",
            format!("#{attribute} = if_not_exists(#{attribute}, :{attribute})"),
        );
        self.with(attribute, value)
    }

    /// Sets an attribute, or removes it if it is to have no value.
    pub(super) fn put(self, attribute: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self.remove(attribute),
        }
    }

    /// Removes an attribute.
    pub(super) fn remove(mut self, attribute: &str) -> Self {
        self.clause("REMOVE", format!("#{attribute}"));
        self
    }

    /// Adds to a number; none is nought.
    pub(super) fn add(mut self, attribute: &str, value: AttributeValue) -> Self {
        self.clause("ADD", format!("#{attribute} :{attribute}"));
        self.with(attribute, value)
    }

    /// What must hold.
    pub(super) fn when(mut self, condition: &str) -> Self {
        self.condition = Some(condition.to_owned());
        self
    }

    /// A value that the condition speaks of as `:name`.
    pub(super) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    /// The change as part of a transaction.
    pub(super) fn in_transaction(
        self,
        table: &str,
        key: &Key,
        doing: &'static str,
    ) -> Result<Update, WatchlistError> {
        Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .update_expression(self.expression())
            .set_expression_attribute_names(Some(self.names()))
            .set_expression_attribute_values(self.values())
            .set_condition_expression(self.condition)
            .build()
            .map_err(failed(doing))
    }

    /// Makes the change.
    pub(super) async fn apply(
        self,
        watchlist: &DynamoDbWatchlist,
        key: &Key,
        doing: &'static str,
    ) -> Result<Changed, WatchlistError> {
        let request = watchlist
            .client
            .update_item()
            .table_name(&watchlist.table)
            .set_key(Some(key.attributes()))
            .update_expression(self.expression())
            .set_expression_attribute_names(Some(self.names()))
            .set_expression_attribute_values(self.values())
            .set_condition_expression(self.condition)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let answer = (|| request.clone().send())
            .retry(while_in_conflict())
            .when(is_in_conflict)
            .await;
        match answer.map_err(SdkError::into_service_error) {
            Ok(answer) => Ok(Changed::To(answer.attributes.unwrap_or_default())),
            Err(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Changed::Refused(refused.item))
            }
            Err(error) => Err(failed(doing)(error)),
        }
    }

    fn clause(&mut self, verb: &'static str, clause: String) {
        self.clauses.entry(verb).or_default().push(clause);
    }

    fn expression(&self) -> String {
        let clauses = self.clauses.iter();
        let clauses: Vec<_> = clauses
            .map(|(verb, clauses)| format!("{verb} {}", clauses.join(", ")))
            .collect();
        clauses.join(" ")
    }

    /// The names that the expressions speak of.
    fn names(&self) -> HashMap<String, String> {
        let expression = self.expression();
        names([&expression, self.condition.as_deref().unwrap_or_default()])
    }

    /// DynamoDB refuses an empty list of values.
    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

/// The names that expressions speak of as `#name`.
pub(super) fn names<'a>(expressions: impl IntoIterator<Item = &'a str>) -> HashMap<String, String> {
    let of_one = |expression: &'a str| expression.split('#').skip(1);
    expressions
        .into_iter()
        .flat_map(of_one)
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next()
        })
        .map(|name| (format!("#{name}"), name.to_owned()))
        .collect()
}

/// Transactions last some milliseconds.
pub(super) fn while_in_conflict() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(std::time::Duration::from_millis(10))
        .with_max_times(8)
        .with_jitter()
}

/// Whether a write met a transaction on the same item: it failed for no reason of its own, and the SDK does not send it
/// again.
fn is_in_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("TransactionConflictException")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::item::number;

    #[test]
    fn a_change_is_one_expression_with_every_name_set_apart() {
        let change = Change::default()
            .set("since", number(1))
            .remove("lapse")
            .add("checked", number(2))
            .set_if_absent("revision", number(0))
            .when("#revision = :previous AND attribute_exists(#pk)");
        assert_eq!(
            change.expression(),
            "ADD #checked :checked REMOVE #lapse SET #since = :since, #revision = if_not_exists(#revision, :revision)"
        );
        let mut names: Vec<_> = change.names().into_values().collect();
        names.sort();
        assert_eq!(names, ["checked", "lapse", "pk", "revision", "since"]);
    }
}
