//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use lapsewatch_core::Timestamp;

/// Keeps an expired domain from becoming a way into an account.
#[derive(Debug, Parser)]
#[command(name = "lapsewatch", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The file that everything is kept in; built with the feature `aws`, also `dynamodb:WATCHLIST_TABLE,DIRECTORY_TABLE`
    #[arg(
        long,
        global = true,
        default_value = "./lapsewatch.db",
        value_name = "FILE"
    )]
    pub(crate) store: PathBuf,
    /// Print one JSON document on standard output, and nothing else
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take addresses in from CSV (`email,verified_at,account`) or JSON lines; `-` reads standard input
    Import {
        /// The file
        file: PathBuf,
    },
    /// Look at every domain behind a verified address; an interrupted sweep goes on where it was
    Sweep {
        /// Only what is due
        #[arg(long, conflicts_with = "domain")]
        due: bool,
        /// Only this domain (may be repeated)
        #[arg(long, value_name = "DOMAIN")]
        domain: Vec<String>,
    },
    /// Show exactly what `apply` would do; nothing is written
    Plan,
    /// Un-verify the addresses at confirmed losses, as far as the breaker lets it
    Apply,
    /// Let a held plan through
    Release {
        /// Its name, as `apply` printed it
        plan: String,
    },
    /// Undo a plan: verify again what it un-verified and nobody has touched since
    Restore {
        /// Its name, as `apply` or `show` printed it
        plan: String,
    },
    /// Say whether an address at a domain may be relied upon now, as for a password reset: from what is known if that is
    /// fresh, else by asking
    Check {
        /// The domain
        domain: String,
        /// When the address was verified (RFC 3339)
        #[arg(long, value_name = "TIME")]
        verified_at: Option<Timestamp>,
        /// How old what is known may be, in hours
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        max_age: u32,
        /// How long the answer may take, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 30)]
        within: u32,
    },
    /// List the domains that were found at risk, so that their owners can be told while they can still do something
    Warnings {
        /// From this time on (RFC 3339); the last seven days, if not given
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
    /// Show what is known of a domain, and its audit trail
    Show {
        /// The domain
        domain: String,
    },
    /// Play the whole way through against a simulated Fastly: no account, no key
    Demo,
}
