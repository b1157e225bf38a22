//! What the stand-in remembers between calls, and its choice of what happens to the next one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::script::{Behaviour, Outage, RateLimit, Script};

pub(crate) struct State {
    script: Script,
    started: Instant,
    domains: HashMap<String, Calls>,
    arrivals_us: Vec<u64>,
    /// When the rate limit has room for a whole burst again, in µs since the start.
    limit_clears_us: f64,
}

/// How often a domain was asked for, and how far its script has been played.
#[derive(Default)]
struct Calls {
    total: u64,
    step: Option<usize>,
    played_of_step: usize,
}

/// What happens to one call, and how long that takes.
pub(crate) struct Play {
    pub(crate) behaviour: Behaviour,
    pub(crate) latency: Duration,
}

impl State {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            started: Instant::now(),
            domains: HashMap::new(),
            arrivals_us: Vec::new(),
            limit_clears_us: 0.0,
        }
    }

    /// Counts a call and chooses what happens to it. `domain` is in lower case.
    pub(crate) fn play(&mut self, domain: &str, key: Option<&str>) -> Play {
        let behaviour = self.count_and_choose(domain, key);
        let own_latency = match &behaviour {
            Behaviour::Answer(answer) => answer.latency_ms,
            _ => None,
        };
        Play {
            behaviour,
            latency: Duration::from_millis(own_latency.unwrap_or(self.script.latency_ms)),
        }
    }

    fn count_and_choose(&mut self, domain: &str, key: Option<&str>) -> Behaviour {
        let arrived_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.arrivals_us.push(arrived_us);
        if !self.domains.contains_key(domain) {
            self.domains.insert(domain.to_owned(), Calls::default());
        }
        let Some(calls) = self.domains.get_mut(domain) else {
            return self.script.default.clone();
        };
        calls.total += 1;

        if self
            .script
            .key
            .as_deref()
            .is_some_and(|expected| key != Some(expected))
        {
            return Behaviour::Unauthorized;
        }
        if let Some(limit) = self.script.rate_limit
            && !admit(&mut self.limit_clears_us, arrived_us, limit)
        {
            return Behaviour::TooManyRequests {
                retry_after: Some(1),
                reset: None,
            };
        }
        match self.script.outage {
            Some(Outage::Unknown) => return Behaviour::answer("unknown"),
            Some(Outage::Unavailable) => return Behaviour::ServerError { status: 503 },
            None => {}
        }
        let now = self.script.now.unwrap_or_else(Timestamp::now);
        calls.next_of(&self.script, domain, now)
    }

    pub(crate) fn reset(&mut self) {
        self.domains.clear();
        self.arrivals_us.clear();
    }

    pub(crate) fn set_now(&mut self, now: Option<Timestamp>) {
        self.script.now = now;
    }

    /// Replaces the script. The counts stay; sequences are played from their beginning.
    pub(crate) fn set_script(&mut self, script: Script) {
        self.script = script;
        for calls in self.domains.values_mut() {
            calls.step = None;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.arrivals_us.len() as u64
    }

    pub(crate) fn calls(&self, domain: &str) -> u64 {
        self.domains.get(domain).map_or(0, |calls| calls.total)
    }

    pub(crate) fn calls_by_domain(&self) -> impl Iterator<Item = (&str, u64)> {
        self.domains
            .iter()
            .map(|(domain, calls)| (domain.as_str(), calls.total))
    }

    pub(crate) fn arrivals_us(&self) -> &[u64] {
        &self.arrivals_us
    }
}

impl Calls {
    /// The next behaviour of the step in force. A new step is played from its beginning.
    fn next_of(&mut self, script: &Script, domain: &str, now: Timestamp) -> Behaviour {
        let steps = script.domains.get(domain).map_or(&[][..], Vec::as_slice);
        let in_force = steps
            .iter()
            .rposition(|step| step.from.is_none_or(|from| from <= now));
        if self.step != in_force {
            self.step = in_force;
            self.played_of_step = 0;
        }
        let behaviours = in_force.map_or(&[][..], |index| steps[index].behaviours.as_slice());
        let behaviour = behaviours
            .get(self.played_of_step)
            .or(behaviours.last())
            .unwrap_or(&script.default);
        self.played_of_step = self.played_of_step.saturating_add(1);
        behaviour.clone()
    }
}

/// One call against the rate limit (the generic cell rate algorithm): is there room for it?
fn admit(clears_us: &mut f64, arrived_us: u64, limit: RateLimit) -> bool {
    let interval_us = 1e6 / limit.per_second;
    #[expect(
        clippy::cast_precision_loss,
        reason = "µs since the start: exact for 285 years"
    )]
    let now_us = arrived_us as f64;
    let start_us = clears_us.max(now_us);
    let admitted = start_us - now_us <= interval_us * f64::from(limit.burst.saturating_sub(1));
    if admitted {
        *clears_us = start_us + interval_us;
    }
    admitted
}
