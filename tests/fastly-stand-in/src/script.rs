//! The script: how the stand-in behaves, for which domain, from when, at which call.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the stand-in behaves. The default knows no domain, asks for no key and answers `active` to everything at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// The stand-in's clock: an instant that stays until it is set anew. `None` is real time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Timestamp>,
    /// The only `Fastly-Key` that is accepted; another one, or none, gets a 401. `None` accepts anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How long every answer takes, unless the answer says otherwise.
    pub latency_ms: u64,
    /// A failure of the whole service, whatever the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<Outage>,
    /// Calls above this rate get a 429.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// What is answered for a domain that has no step in force.
    pub default: Behaviour,
    /// The steps of each domain, by its name in lower case, ordered by time.
    pub domains: HashMap<String, Vec<Step>>,
}

/// What holds for a domain from a certain time on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Since when it holds, on the stand-in's clock. `None` is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Played in the order of calls; the last one stays. An empty list is the script's default.
    pub behaviours: Vec<Behaviour>,
}

/// What happens to one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Behaviour {
    /// The answer of a healthy service.
    Answer(Answer),
    /// A well-formed answer about a domain nobody asked for.
    AnotherName {
        /// The name in the answer.
        domain: String,
        /// Its status.
        status: String,
    },
    /// 401: the key is wrong.
    Unauthorized,
    /// 403: the product is not enabled for the key's account.
    Forbidden,
    /// 429.
    TooManyRequests {
        /// The `Retry-After` header, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// The `Fastly-RateLimit-Reset` header, in Unix seconds; `Fastly-RateLimit-Remaining: 0` goes with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<i64>,
    },
    /// A failure of the service, in plain text.
    ServerError {
        /// The HTTP status; one that is none becomes 500.
        status: u16,
    },
    /// Never answers.
    Hang,
    /// Announces an answer, begins it, and closes the connection.
    Cut,
    /// 200 with a body that is not JSON.
    NotJson,
    /// 200 with JSON that is not an answer.
    WrongShape,
    /// 200 with an `errors` list.
    ErrorsList,
    /// 400, `application/problem+json`: the name is in no zone the service knows.
    DomainNotFound,
    /// A valid answer, `undelegated inactive`, padded to a size no answer has.
    Huge {
        /// The size of the padding.
        bytes: usize,
    },
    /// 302 to another place.
    Redirect {
        /// The `Location` header.
        to: String,
    },
    /// Any other answer, word for word.
    Raw {
        /// The HTTP status; one that is none becomes 500.
        status: u16,
        /// Headers; one that is none is left out.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default)]
        body: String,
    },
}

/// What a healthy service says about a domain. The zone is what follows the name's first dot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Space-separated tokens, the most important last.
    pub status: String,
    /// `estimate`, where it is one. A request for an estimate is answered by one even if this is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Offers on the aftermarket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// How long this answer takes, instead of the script's `latency_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}

/// An offer on the aftermarket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Who sells.
    pub vendor: String,
    /// The price, written as the service does: `25000.00`.
    pub price: String,
    /// The currency, `USD`.
    pub currency: String,
}

/// A failure of the whole service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Its upstreams are down and it answers `unknown` with a 200, as "best effort".
    Unknown,
    /// It answers 503.
    Unavailable,
}

/// A limit on the rate of calls, for all domains together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Calls a second.
    pub per_second: f64,
    /// How many calls may come at once.
    pub burst: u32,
}

impl Script {
    /// Answers `status` for every domain.
    pub fn answering(status: &str) -> Self {
        Self {
            default: Behaviour::answer(status),
            ..Self::default()
        }
    }

    /// Plays `behaviours` for `domain`, whatever the time.
    #[must_use]
    pub fn on(self, domain: &str, behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        self.step(domain, None, behaviours)
    }

    /// Plays `behaviours` for `domain` from a time on. Steps are given in the order of time.
    #[must_use]
    pub fn on_from(
        self,
        domain: &str,
        from: Timestamp,
        behaviours: impl IntoIterator<Item = Behaviour>,
    ) -> Self {
        self.step(domain, Some(from), behaviours)
    }

    fn step(
        mut self,
        domain: &str,
        from: Option<Timestamp>,
        behaviours: impl IntoIterator<Item = Behaviour>,
    ) -> Self {
        let step = Step {
            from,
            behaviours: behaviours.into_iter().collect(),
        };
        self.domains
            .entry(domain.to_ascii_lowercase())
            .or_default()
            .push(step);
        self
    }
}

impl Behaviour {
    /// A healthy answer with this status.
    pub fn answer(status: &str) -> Self {
        Self::Answer(Answer {
            status: status.to_owned(),
            ..Answer::default()
        })
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::answer("active")
    }
}
