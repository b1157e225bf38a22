//! Writing down that an address was verified: the registry's side of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use lapsewatch_core::Timestamp;

use super::item::{Attributes, Change, DOMAIN, Key, number, values};
use super::{Contended, DynamoDbDirectory, failed_to};
use crate::DirectoryError;
use crate::import::Entry;

impl DynamoDbDirectory {
    /// Writes down an address as the registry knows it. One that Lapsewatch un-verified stays so, unless it was verified
    /// later than the evidence covers.
    pub async fn record(&self, entry: &Entry, now: Timestamp) -> Result<(), DirectoryError> {
        const DOING: &str = "write an address down";
        for change in [
            Change::verified(entry, now),
            Change::still_unverified(entry, now),
        ] {
            if self.write(DOING, keys(entry), &change).await? {
                return Ok(());
            }
        }
        Err(failed_to(DOING, Contended))
    }
}

fn keys(entry: &Entry) -> Vec<Key> {
    let sk = format!("address#{}", entry.email.as_str());
    let key = |pk| Key { pk, sk: sk.clone() };
    match &entry.names {
        Ok(names) => names
            .iter()
            .map(|name| key(format!("{DOMAIN}{name}")))
            .collect(),
        Err(reason) => vec![key(format!("unwatchable#{reason}"))],
    }
}

impl Change {
    fn verified(entry: &Entry, now: Timestamp) -> Self {
        let (update, mut values) = described(entry, now, "verified = :true");
        values.insert(":true".to_owned(), AttributeValue::Bool(true));
        let condition = match entry.verified_at {
            Some(_) => {
                "attribute_not_exists(covered_until) OR verified = :true OR covered_until <= :at"
            }
            None => "attribute_not_exists(covered_until) OR verified = :true",
        };
        Self {
            update,
            condition,
            values,
        }
    }

    fn still_unverified(entry: &Entry, now: Timestamp) -> Self {
        let (update, mut values) = described(entry, now, "verified = :false");
        values.insert(":false".to_owned(), AttributeValue::Bool(false));
        Self {
            update,
            condition: "verified = :false",
            values,
        }
    }
}

/// The update that writes down all that an entry says.
fn described(entry: &Entry, now: Timestamp, verified: &str) -> (String, Attributes) {
    let mut set = vec![verified, "seen_at = if_not_exists(seen_at, :seen)"];
    let mut said = values([(":seen", number(now.as_millisecond()))]);
    let mut remove = "";
    match entry.verified_at {
        Some(at) => {
            set.push("verified_at = :at");
            said.insert(":at".to_owned(), number(at.as_millisecond()));
        }
        None => remove = " REMOVE verified_at",
    }
    if let Some(account) = &entry.account {
        set.push("account = :account");
        said.insert(":account".to_owned(), AttributeValue::S(account.clone()));
    }
    if let Ok(names) = &entry.names {
        set.push("domains = :domains");
        let names = names.iter().map(ToString::to_string).collect();
        said.insert(":domains".to_owned(), AttributeValue::Ss(names));
    }
    (format!("SET {}{remove}", set.join(", ")), said)
}
