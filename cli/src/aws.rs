//! The AWS host's tables, for an operator at a terminal.

use std::path::Path;

use anyhow::{Context, Result};
use lapsewatch_core::{MAX_EVIDENCE_AGE, Timestamp};
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_pipeline::{Applier, Clock};
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;

use crate::environment::Environment;

/// What a store on AWS begins with: `dynamodb:WATCHLIST_TABLE,DIRECTORY_TABLE`.
const SCHEME: &str = "dynamodb:";

/// The names of the two tables.
#[derive(Debug)]
pub(crate) struct Tables {
    watchlist: String,
    directory: String,
}

/// The tables that a store names; `None` if it is a file.
pub(crate) fn tables(store: &Path) -> Result<Option<Tables>> {
    let Some(names) = store.to_str().and_then(|store| store.strip_prefix(SCHEME)) else {
        return Ok(None);
    };
    let (watchlist, directory) = names.split_once(',').context(
        "a store on AWS is dynamodb:WATCHLIST_TABLE,DIRECTORY_TABLE (the stack's outputs WatchlistTable and DirectoryTable)",
    )?;
    Ok(Some(Tables {
        watchlist: watchlist.to_owned(),
        directory: directory.to_owned(),
    }))
}

/// Carries plans out on the tables, with the credentials and the region of the AWS CLI's environment and profiles.
pub(crate) async fn applier(
    tables: Tables,
    environment: &Environment,
    wall: fn() -> Timestamp,
) -> Applier<DynamoDbWatchlist, DynamoDbDirectory> {
    let aws = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_dynamodb::Client::new(&aws);
    Applier {
        watchlist: DynamoDbWatchlist::new(client.clone(), tables.watchlist),
        directory: DynamoDbDirectory::new(client, tables.directory),
        breaker: environment.breaker,
        max_evidence_age: MAX_EVIDENCE_AGE,
        clock: Clock::new(wall, environment.rehearsed_now),
        deadline: None,
    }
}
