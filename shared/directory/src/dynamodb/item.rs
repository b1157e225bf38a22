//! The layout of the table, and what an order means for one item of it.
//!
//! `pk` is `domain#<name>`, `sk` is `address#<email>`. Attributes: `verified` (boolean), `verified_at` (milliseconds since
//! 1970; absent: at a time nobody knows), `domains` (string set: every domain that the address depends on), `account`; and
//! what has been done to it: `seen_at` (when it came), `unverified_by`, `unverified_at`, `unverified_for`, `covered_until`, `restored_at`. An address
//! behind which no domain stands has `pk` `unwatchable#<reason>`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lapsewatch_core::{
    DomainName, LeftReason, RestoreOrder, Timestamp, UnverifyOrder, WatchedDomain,
};
use serde::Deserialize;
use serde::de::Error as _;
use serde_dynamo::aws_sdk_dynamodb_1::from_item;

/// What the partition keys of domains begin with.
pub(super) const DOMAIN: &str = "domain#";

pub(super) type Attributes = HashMap<String, AttributeValue>;

/// The partition of a domain.
pub(super) fn domain_key(domain: &DomainName) -> String {
    format!("{DOMAIN}{domain}")
}

/// The key of an item.
#[derive(Clone, Deserialize)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    /// A key behind all addresses of a domain.
    pub(super) fn after_domain(domain: &str) -> Self {
        Self {
            pk: format!("{DOMAIN}{domain}"),
            sk: "address$".to_owned(),
        }
    }

    pub(super) fn into_attributes(self) -> Attributes {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

/// A domain as one item of it tells.
pub(super) struct Behind(pub(super) WatchedDomain);

impl Behind {
    pub(super) fn read(attributes: Attributes) -> Result<Self, serde_dynamo::Error> {
        #[derive(Deserialize)]
        struct Projected {
            pk: String,
            verified_at: Option<i64>,
            seen_at: Option<i64>,
            restored_at: Option<i64>,
        }
        let item: Projected = from_item(attributes)?;
        let name = item.pk.strip_prefix(DOMAIN).unwrap_or(&item.pk);
        Ok(Self(WatchedDomain {
            domain: name.parse().map_err(serde_dynamo::Error::custom)?,
            earliest_verified_at: relied_upon_since(
                item.verified_at,
                item.seen_at,
                item.restored_at,
            )
            .map(Timestamp::from_millisecond)
            .transpose()
            .map_err(serde_dynamo::Error::custom)?,
        }))
    }
}

/// An address at one of its domains.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(flatten)]
    pub(super) key: Key,
    verified: bool,
    verified_at: Option<i64>,
    seen_at: Option<i64>,
    #[serde(default)]
    domains: Vec<String>,
    unverified_by: Option<String>,
    restored_at: Option<i64>,
}

impl Item {
    pub(super) fn read(attributes: Attributes) -> Result<Self, serde_dynamo::Error> {
        from_item(attributes)
    }

    /// The keys of all items of the address.
    pub(super) fn keys(&self) -> Vec<Key> {
        if self.domains.is_empty() {
            return vec![self.key.clone()];
        }
        let key = |domain: &String| Key {
            pk: format!("{DOMAIN}{domain}"),
            sk: self.key.sk.clone(),
        };
        self.domains.iter().map(key).collect()
    }

    /// Where the item stands under an order to un-verify. What a plan has un-verified once, it does not touch again: whoever
    /// verified the address since, or restored it, had the last word.
    pub(super) fn under_unverify(&self, order: &UnverifyOrder) -> Standing {
        let before = order.verified_before.as_millisecond();
        if self.unverified_by.as_deref() == Some(order.plan.as_str()) {
            Standing::Changed
        } else if !self.verified {
            Standing::Left(LeftReason::NotVerified)
        } else {
            match self.relied_upon_since(order) {
                Some(since) if since >= before => Standing::Left(LeftReason::VerifiedSince),
                None if !order.covers_undated() => Standing::Left(LeftReason::Undated),
                Some(_) | None => Standing::ToChange(Change::unverify(order)),
            }
        }
    }

    /// Since when the address has been relied upon, as far as the order asks; `None` if nobody knows.
    fn relied_upon_since(&self, order: &UnverifyOrder) -> Option<i64> {
        if order.covers_undated() {
            self.verified_at
        } else {
            relied_upon_since(self.verified_at, self.seen_at, self.restored_at)
        }
    }

    /// Where the item stands under an order to restore.
    pub(super) fn under_restore(&self, order: &RestoreOrder) -> Standing {
        if self.unverified_by.as_deref() != Some(order.plan.as_str()) {
            Standing::NotConcerned
        } else if !self.verified {
            Standing::ToChange(Change::restore(order))
        } else if self.restored_at.is_some() {
            Standing::Changed
        } else {
            Standing::Left(LeftReason::ChangedSince)
        }
    }
}

/// Verified, or first seen where nobody knows; or restored by a person.
fn relied_upon_since(
    verified_at: Option<i64>,
    seen_at: Option<i64>,
    restored_at: Option<i64>,
) -> Option<i64> {
    verified_at
        .or(seen_at)
        .map(|since| since.max(restored_at.unwrap_or(since)))
}

/// Where an item stands under an order.
pub(super) enum Standing {
    /// Changed by the order's plan, now or earlier.
    Changed,
    /// To be changed.
    ToChange(Change),
    /// Left alone.
    Left(LeftReason),
    /// None of the order's business.
    NotConcerned,
}

/// A conditional change to the items of one address.
pub(super) struct Change {
    pub(super) update: String,
    pub(super) condition: &'static str,
    pub(super) values: Attributes,
}

impl Change {
    fn unverify(order: &UnverifyOrder) -> Self {
        Self {
            update: "SET verified = :false, unverified_by = :plan, unverified_at = :at, unverified_for = :verdict, \
                     covered_until = :before REMOVE restored_at"
                .to_owned(),
            condition: if order.covers_undated() {
                "verified = :true AND (attribute_not_exists(unverified_by) OR unverified_by <> :plan) \
                 AND (attribute_not_exists(verified_at) OR verified_at < :before)"
            } else {
                "verified = :true AND (attribute_not_exists(unverified_by) OR unverified_by <> :plan) \
                 AND (verified_at < :before OR attribute_not_exists(verified_at) AND seen_at < :before) \
                 AND (attribute_not_exists(restored_at) OR restored_at < :before)"
            },
            values: values([
                (":false", AttributeValue::Bool(false)),
                (":true", AttributeValue::Bool(true)),
                (":plan", AttributeValue::S(order.plan.to_string())),
                (":at", number(order.at.as_millisecond())),
                (":verdict", AttributeValue::S(order.verdict.name().to_owned())),
                (":before", number(order.verified_before.as_millisecond())),
            ]),
        }
    }

    fn restore(order: &RestoreOrder) -> Self {
        Self {
            update: "SET verified = :true, restored_at = :at".to_owned(),
            condition: "verified = :false AND unverified_by = :plan",
            values: values([
                (":false", AttributeValue::Bool(false)),
                (":true", AttributeValue::Bool(true)),
                (":plan", AttributeValue::S(order.plan.to_string())),
                (":at", number(order.at.as_millisecond())),
            ]),
        }
    }
}

pub(super) fn values<const N: usize>(named: [(&str, AttributeValue); N]) -> Attributes {
    named
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn number(milliseconds: i64) -> AttributeValue {
    AttributeValue::N(milliseconds.to_string())
}
