//! The watchlist's tables. Times are milliseconds since the epoch; the pace counts in microseconds. `next_check_at` is where a
//! domain stands among what is due (`Record::due_order`): that of one with a loss under way lies before its next look.

/// Each entry is one version; none is changed once released.
pub(super) const MIGRATIONS: &[&str] = &["
CREATE TABLE domains (
    domain TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    watched_since INTEGER NOT NULL,
    earliest_verified_at INTEGER,
    next_check_at INTEGER NOT NULL,
    checked_run TEXT,
    synced_run TEXT,
    leased_until INTEGER,
    pending_since INTEGER,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_due ON domains (next_check_at, domain, checked_run);
CREATE INDEX domains_pending ON domains (pending_since, domain) WHERE pending_since IS NOT NULL;
CREATE INDEX domains_leased ON domains (leased_until) WHERE leased_until IS NOT NULL;

CREATE TABLE events (
    domain TEXT NOT NULL,
    at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (domain, at, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_members (
    plan TEXT NOT NULL,
    domain TEXT NOT NULL,
    PRIMARY KEY (plan, domain)
) STRICT, WITHOUT ROWID;
CREATE TABLE held_plans (plan TEXT PRIMARY KEY, held TEXT NOT NULL) STRICT;

CREATE TABLE runs (
    run TEXT PRIMARY KEY,
    mode TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    leased_until INTEGER,
    state TEXT NOT NULL,
    checked INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE pace (source TEXT PRIMARY KEY, arrival_us INTEGER NOT NULL) STRICT;
CREATE TABLE budgets (month TEXT PRIMARY KEY, spent INTEGER NOT NULL) STRICT;
CREATE TABLE tallies (
    day INTEGER PRIMARY KEY,
    checked INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    unverified INTEGER NOT NULL DEFAULT 0
) STRICT;
"];
