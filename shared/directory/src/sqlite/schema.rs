//! The tables, step by step. A step that has been released is never edited.

/// Times are milliseconds since 1970. What un-verified an address stays written beside it when it is verified again.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE addresses (
        email TEXT PRIMARY KEY,
        account TEXT,
        verified_at INTEGER,            -- NULL: at a time nobody knows
        verified INTEGER NOT NULL,
        unwatchable TEXT,               -- why no domain stands behind it
        unverified_by TEXT,             -- the last plan that un-verified it
        unverified_at INTEGER,
        unverified_for TEXT,            -- the verdict
        covered_until INTEGER,          -- what the evidence covered: verified before this
        restored_at INTEGER             -- when that plan was undone for it
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE address_domains (
        domain TEXT NOT NULL,
        email TEXT NOT NULL REFERENCES addresses (email),
        PRIMARY KEY (domain, email)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX domains_of_address ON address_domains (email, domain);
", "
    ALTER TABLE addresses ADD COLUMN seen_at INTEGER; -- when it came into the directory; NULL: before this column did
"];
