//! Lapsewatch's rules: not a copy of them but the pipeline itself (policy, schedule, dispatcher, checker, applier), over the
//! simulated sources, a watchlist and a directory in memory, and a clock that stands still while it works.

mod directory;
mod queue;
mod sources;
mod time;
mod watchlist;

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use lapsewatch_core::{
    Breaker, Gcra, MAX_EVIDENCE_AGE, Mode, Month, Permission, PlanId, Rules as CoreRules, Run,
    RunId, Timestamp,
};
use lapsewatch_pipeline::{
    Applier, CheckSettings, Checker, Clock, Dispatcher, FromRecord, MAX_AGE,
    Question as AtUseQuestion, answer_by_asking, answer_from_record,
};
use lapsewatch_sources::retry_policy;

use self::directory::Directory;
use self::queue::Straight;
use self::sources::Sources;
use self::watchlist::Watchlist;
use crate::parallel::by_parts;
use crate::parameters::{
    DAY, LAPSEWATCH_ANSWERS_WITHIN, LAPSEWATCH_DUE_AT, LAPSEWATCH_FASTLY_BURST,
    LAPSEWATCH_FASTLY_RATE, LAPSEWATCH_PARTS, LAPSEWATCH_RDAP_RATE, LAPSEWATCH_SWEEP_AT,
};
use crate::rules::{Answer, Closings, Rules};
use crate::world::{AddressId, Question, World};

type SimulatedChecker = Checker<Watchlist, Sources, Sources, Sources>;

/// Lapsewatch's rules.
#[derive(Clone, Copy, Debug)]
pub struct Lapsewatch;

impl Rules for Lapsewatch {
    fn name(&self) -> &'static str {
        "lapsewatch"
    }

    /// Each part of the domains has the same part of the pace. Nothing else is shared between domains but the breaker's tally, and
    /// each part has its own: its limits hold for the part. So the number of parts shows in the outcome, and is the same everywhere.
    fn live(&self, world: &World) -> Result<Closings> {
        let mut closings = Closings::none(world);
        let world = Arc::new(world.clone());
        let parts = by_parts(LAPSEWATCH_PARTS, world.domains().end, |domains| {
            live_through(&world, domains)
        });
        for part in parts {
            let part = part?;
            for (address, at) in part.unverified {
                closings.unverify(address, at);
            }
            for place in part.denied {
                closings.answer(place, Answer::Deny);
            }
            for (domain, at) in part.warnings {
                closings.warn(domain, at);
            }
            for (domain, calls) in part.calls {
                closings.paid(domain, calls);
            }
        }
        Ok(closings)
    }
}

/// What happened to a part of the domains.
struct Part {
    unverified: Vec<(AddressId, Timestamp)>,
    denied: Vec<usize>,
    warnings: Vec<(u32, Timestamp)>,
    calls: Vec<(u32, u32)>,
}

fn live_through(world: &Arc<World>, domains: Range<u32>) -> Result<Part> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("no runtime to simulate in")?;
    runtime.block_on(async {
        time::begin();
        let house = House::new(world, domains);
        // Runs and questions go on side by side: a new holder does not wait for a sweep.
        let (runs, questions) = (house.clone(), house.clone());
        let runs = tokio::spawn(async move { runs.run().await });
        let questions = tokio::spawn(async move { questions.answer().await });
        let runs = runs
            .await
            .map_err(|error| anyhow!("the runs stopped: {error}"))?;
        runs?;
        let denied = questions
            .await
            .map_err(|error| anyhow!("the answers stopped: {error}"))?;
        Ok(Part {
            unverified: house.directory.unverified(),
            denied: denied?,
            warnings: house.watchlist.warnings(),
            calls: house.checker.source.calls(),
        })
    })
}

/// All that works on a part of the domains. A clone works on the same.
#[derive(Clone)]
struct House {
    world: Arc<World>,
    domains: Range<u32>,
    clock: Clock,
    watchlist: Watchlist,
    directory: Directory,
    checker: Arc<SimulatedChecker>,
}

impl House {
    fn new(world: &Arc<World>, domains: Range<u32>) -> Self {
        let clock = Clock::new(time::now, None);
        let watchlist = Watchlist::new(domains.clone());
        let sources = Sources::new(world, domains.clone());
        let share = f64::from(domains.end - domains.start) / f64::from(world.domains().end.max(1));
        let checker = Checker {
            watchlist: watchlist.clone(),
            source: sources.clone(),
            registry: sources.clone(),
            dns: sources,
            settings: CheckSettings {
                rules: CoreRules::default(),
                pace: Gcra::new(LAPSEWATCH_FASTLY_RATE * share, LAPSEWATCH_FASTLY_BURST),
                registry_pace: Gcra::new(LAPSEWATCH_RDAP_RATE * share, 1),
                monthly_budget: u64::MAX,
                retries: retry_policy().with_jitter_seed(world.parameters().seed),
            },
            clock,
        };
        Self {
            world: Arc::clone(world),
            domains: domains.clone(),
            clock,
            watchlist,
            directory: Directory::new(world, domains, clock),
            checker: Arc::new(checker),
        }
    }

    /// The schedules: a sweep on the first of each month, a run over what is due each day, and a plan carried out after each.
    /// A plan that the breaker holds is released by a person the next day.
    async fn run(&self) -> Result<()> {
        let mut held = self.sweep(self.world.start()).await?;
        let mut day = self.world.start();
        while day < self.world.end() {
            if day > self.world.start() && Month::of(day) != Month::of(day - DAY) {
                self.clock.sleep_until(day + LAPSEWATCH_SWEEP_AT).await;
                held.extend(self.sweep(day + LAPSEWATCH_SWEEP_AT).await?);
            }
            self.clock.sleep_until(day + LAPSEWATCH_DUE_AT).await;
            for plan in std::mem::take(&mut held) {
                self.applier().release(&plan).await?;
            }
            let due_at = day + LAPSEWATCH_DUE_AT;
            self.dispatch(Run::new(RunId::new(Mode::Due, due_at), Mode::Due, due_at))
                .await?;
            held.extend(self.apply().await?);
            day += DAY;
        }
        Ok(())
    }

    async fn sweep(&self, at: Timestamp) -> Result<Vec<PlanId>> {
        self.dispatch(Run::new(RunId::new(Mode::Sweep, at), Mode::Sweep, at))
            .await?;
        self.apply().await
    }

    async fn dispatch(&self, run: Run) -> Result<()> {
        let dispatcher = Dispatcher {
            watchlist: self.watchlist.clone(),
            directory: self.directory.clone(),
            queue: Straight::to(&self.checker),
            monthly_budget: u64::MAX,
            clock: self.clock,
        };
        dispatcher.dispatch(run, None).await?;
        Ok(())
    }

    /// Carries a plan out; answers the plans that are held.
    async fn apply(&self) -> Result<Vec<PlanId>> {
        let applied = self.applier().apply().await?;
        let mut held: Vec<_> = applied
            .waiting
            .into_iter()
            .filter_map(|one| one.plan)
            .collect();
        held.sort();
        held.dedup();
        Ok(held)
    }

    fn applier(&self) -> Applier<Watchlist, Directory> {
        Applier {
            watchlist: self.watchlist.clone(),
            directory: self.directory.clone(),
            breaker: Breaker::default(),
            max_evidence_age: MAX_EVIDENCE_AGE,
            clock: self.clock,
            deadline: None,
        }
    }

    /// Answers what new holders ask, each at its time; answers the places of those that were denied. To be asked for more
    /// counts as allowed: whether they have more is not simulated.
    async fn answer(&self) -> Result<Vec<usize>> {
        let about = |domain| self.world.questions_about(domain);
        let mut questions: Vec<_> = self.domains.clone().flat_map(about).collect();
        questions.sort_by_key(|(_, question)| question.at);
        let mut denied = Vec::new();
        for (place, question) in questions {
            self.clock.sleep_until(question.at).await;
            if self.permission(place, &question).await? == Permission::Deny {
                denied.push(place);
            }
        }
        Ok(denied)
    }

    async fn permission(&self, place: usize, asked: &Question) -> Result<Permission> {
        let verified_at = self
            .world
            .addresses(asked.domain)
            .find(|(id, _)| *id == asked.address);
        let question = AtUseQuestion {
            domain: self.world.name(asked.domain)?,
            verified_at: verified_at.map(|(_, address)| address.verified_at),
            max_age: MAX_AGE,
        };
        let why = match answer_from_record(&self.watchlist, &question, self.clock).await? {
            FromRecord::Answered(answered) => return Ok(answered.answer),
            FromRecord::Unanswered(why) => why,
        };
        let run = RunId::from_stored(format!("domains-{place}"));
        let deadline = self.clock.wall() + LAPSEWATCH_ANSWERS_WITHIN;
        let domain = question.domain.clone();
        let asking = self.checker.look_at_use(run, domain, deadline);
        let answered = answer_by_asking(
            &self.watchlist,
            &question,
            why,
            asking,
            deadline,
            self.clock,
        );
        Ok(answered.await?.answer)
    }
}
