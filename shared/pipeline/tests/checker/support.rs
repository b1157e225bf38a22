//! A checker over a real store, and sources that say what a test wants.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapsewatch_core::{
    DnsFailure, DnsFinding, DomainName, EventKind, FastlyFinding, Gcra, HostName, NoAnswer,
    RdapFacts, RdapFailure, RdapFinding, Rules, RunId, Scope, StatusSet, Timestamp, WatchedDomain,
};
use lapsewatch_pipeline::{CheckMessage, CheckSettings, Checked, Checker, Clock, Deadline};
use lapsewatch_sources::{
    DnsSource, LookError, RegistryReply, RegistrySource, StatusSource, retry_policy,
};
use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;
use tempfile::TempDir;
use tokio::time::Instant;

/// What the sources say of each domain, and how often they were asked. A domain that is not named is registered, without any
/// date, and in the DNS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    said: Arc<Mutex<Said>>,
}

#[derive(Debug, Default)]
struct Said {
    statuses: HashMap<DomainName, &'static str>,
    registry: HashMap<DomainName, RegistryReply>,
    dns: HashMap<DomainName, DnsFinding>,
    asked: HashMap<&'static str, u32>,
    slow: Option<Duration>,
    is_down: bool,
    is_failing: bool,
    asked_about: Vec<String>,
    called_at: Vec<Instant>,
}

impl Played {
    pub(crate) fn fastly(&self, domain: &str, status: &'static str) {
        self.said().statuses.insert(name(domain), status);
    }

    pub(crate) fn registry(&self, domain: &str, finding: RdapFinding) {
        let reply = RegistryReply {
            finding,
            retry_after: None,
        };
        self.said().registry.insert(name(domain), reply);
    }

    pub(crate) fn throttled(&self, domain: &str, retry_after: Duration) {
        let reply = RegistryReply {
            finding: RdapFinding::NoAnswer {
                reason: RdapFailure::Throttled,
            },
            retry_after: Some(retry_after),
        };
        self.said().registry.insert(name(domain), reply);
    }

    pub(crate) fn dns(&self, domain: &str, finding: DnsFinding) {
        self.said().dns.insert(name(domain), finding);
    }

    /// Fastly takes so long.
    pub(crate) fn slow(&self, time: Duration) {
        self.said().slow = Some(time);
    }

    /// Nobody answers, or everybody again.
    pub(crate) fn down(&self, is_down: bool) {
        self.said().is_down = is_down;
    }

    /// Fastly fails each call from now on.
    pub(crate) fn failing(&self) {
        self.said().is_failing = true;
    }

    /// The domains that Fastly was asked about, in order.
    pub(crate) fn asked_about(&self) -> Vec<String> {
        self.said().asked_about.clone()
    }

    /// When Fastly was asked, by the clock of the test's runtime.
    pub(crate) fn called_at(&self) -> Vec<Instant> {
        self.said().called_at.clone()
    }

    pub(crate) fn forget_who_was_asked(&self) {
        self.said().asked_about.clear();
    }

    /// How often `fastly`, `registry` or `dns` was asked.
    pub(crate) fn asked(&self, whom: &str) -> u32 {
        self.said().asked.get(whom).copied().unwrap_or(0)
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap()
    }

    fn count(&self, whom: &'static str) {
        *self.said().asked.entry(whom).or_default() += 1;
    }
}

impl StatusSource for Played {
    async fn status(&self, domain: &DomainName) -> Result<FastlyFinding, LookError> {
        assert_ne!(domain.as_str(), "poison.org", "a fault of ours");
        self.count("fastly");
        self.said().called_at.push(Instant::now());
        let slow = self.said().slow;
        if let Some(time) = slow {
            tokio::time::sleep(time).await;
        }
        self.said().asked_about.push(domain.to_string());
        if self.said().is_failing {
            return Err(LookError::Retryable {
                reason: NoAnswer::ServerFailed { http_status: 503 },
                retry_after: None,
            });
        }
        if self.said().is_down {
            return Ok(FastlyFinding::NoAnswer {
                reason: NoAnswer::TimedOut,
            });
        }
        let status = self.said().statuses.get(domain).copied();
        Ok(FastlyFinding::Answered {
            status: StatusSet::parse(status.unwrap_or("active")),
            scope: Scope::Precise,
        })
    }
}

impl RegistrySource for Played {
    fn server(&self, domain: &DomainName) -> Option<HostName> {
        let top = domain.as_str().rsplit('.').next().unwrap();
        (top != "jp").then(|| HostName::parse(&format!("rdap.{top}.example")).unwrap())
    }

    async fn registration(&self, domain: &DomainName) -> RegistryReply {
        self.count("registry");
        let is_down = self.said().is_down;
        let silent = is_down.then_some(RegistryReply {
            finding: RdapFinding::NoAnswer {
                reason: RdapFailure::TimedOut,
            },
            retry_after: None,
        });
        let reply = silent.or_else(|| self.said().registry.get(domain).cloned());
        reply.unwrap_or_else(|| RegistryReply {
            finding: RdapFinding::Registered(RdapFacts::default()),
            retry_after: None,
        })
    }
}

impl DnsSource for Played {
    async fn delegation(&self, domain: &DomainName) -> DnsFinding {
        self.count("dns");
        let finding = self.said().dns.get(domain).cloned();
        finding.unwrap_or(DnsFinding::NoAnswer {
            reason: DnsFailure::TimedOut,
        })
    }
}

pub(crate) type PlayedChecker = Checker<SqliteWatchlist, Played, Played, Played>;

/// A store that watches domains since long ago, and the sources; the checker's time is the test's.
pub(crate) struct House {
    pub(crate) watchlist: SqliteWatchlist,
    pub(crate) sources: Played,
    pub(crate) budget: u64,
    pub(crate) pace: Gcra,
    runs: AtomicI64,
    pub(crate) store: Store,
    _folder: TempDir,
}

impl House {
    pub(crate) async fn watching(domains: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("lapsewatch.db")).unwrap();
        let watchlist = SqliteWatchlist::open(&store).unwrap();
        let watched: Vec<_> = domains
            .iter()
            .map(|domain| WatchedDomain {
                domain: name(domain),
                earliest_verified_at: Some(verified()),
            })
            .collect();
        watchlist.watch(&watched, None, verified()).await.unwrap();
        Self {
            watchlist,
            sources: Played::default(),
            budget: 100,
            pace: Gcra::new(1000.0, 10),
            runs: AtomicI64::new(0),
            store,
            _folder: folder,
        }
    }

    pub(crate) fn checker(&self, now: Timestamp) -> Arc<PlayedChecker> {
        self.checker_by(Clock::new(Timestamp::now, Some(now)))
    }

    /// A checker by the clock of the test's runtime, which is `at` now. Paused, it stands still while there is work, and jumps to
    /// the next timer when there is none.
    pub(crate) fn checker_from(&self, at: Timestamp) -> Arc<PlayedChecker> {
        BEGIN.set(Some((Instant::now(), at)));
        self.checker_by(Clock::new(now, None))
    }

    pub(crate) fn checker_by(&self, clock: Clock) -> Arc<PlayedChecker> {
        Arc::new(Checker {
            watchlist: self.watchlist.clone(),
            source: self.sources.clone(),
            registry: self.sources.clone(),
            dns: self.sources.clone(),
            settings: CheckSettings {
                rules: Rules::default(),
                pace: self.pace,
                registry_pace: Gcra::new(1000.0, 10),
                monthly_budget: self.budget,
                retries: retry_policy(),
            },
            clock,
        })
    }

    /// Checks domains in a new run of a mode.
    pub(crate) async fn check(&self, mode: &str, now: Timestamp, domains: &[&str]) -> Vec<Checked> {
        let messages = messages(&self.run(mode), domains);
        self.checker(now)
            .check(&messages, Deadline::Open)
            .await
            .unwrap()
    }

    pub(crate) async fn events(&self, domain: &str) -> Vec<EventKind> {
        let page = self.watchlist.events(&name(domain), None).await.unwrap();
        page.items.into_iter().map(|event| event.kind).collect()
    }

    /// A name for a further run of a mode, as in `due-1`.
    pub(crate) fn run(&self, mode: &str) -> RunId {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        RunId::from_stored(format!("{mode}-{number}"))
    }
}

thread_local! {
    static BEGIN: Cell<Option<(Instant, Timestamp)>> = const { Cell::new(None) };
}

/// The time of [`House::checker_from`].
pub(crate) fn now() -> Timestamp {
    let (begin, at) = BEGIN.get().unwrap();
    at + jiff::SignedDuration::try_from(Instant::now() - begin).unwrap()
}

pub(crate) async fn wait_until(time: Timestamp) {
    tokio::time::sleep(time.duration_since(now()).unsigned_abs()).await;
}

/// When the addresses of the tests were verified.
pub(crate) fn verified() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// So many days after they were.
pub(crate) fn day(days: i64) -> Timestamp {
    verified() + jiff::SignedDuration::from_hours(24 * days)
}

pub(crate) fn name(text: &str) -> DomainName {
    text.parse().unwrap()
}

pub(crate) fn messages(run: &RunId, domains: &[&str]) -> Vec<CheckMessage> {
    let message = |domain: &&str| CheckMessage::new(run.clone(), name(domain));
    domains.iter().map(message).collect()
}
