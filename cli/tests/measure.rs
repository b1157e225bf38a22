//! What is measured, and not only tested: run by `make bench`, on a machine that has nothing else to do.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement ends where it cannot go on"
)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastly_stand_in::{Script, StandIn};
use lapsewatch_core::Timestamp;
use lapsewatch_pipeline::{Clock, FromRecord, MAX_AGE, Question, answer_from_record};
use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;
use tempfile::TempDir;

/// A store with so many domains, and the stand-in that answers for them.
struct House {
    folder: TempDir,
    fastly: StandIn,
}

impl House {
    fn new(domains: u32, latency_ms: u64) -> Self {
        let script = Script {
            latency_ms,
            ..Script::default()
        };
        let house = Self {
            folder: tempfile::tempdir().expect("a folder"),
            fastly: StandIn::start(script).expect("the stand-in starts"),
        };
        let mut csv = String::from("email,verified_at\n");
        for n in 0..domains {
            writeln!(csv, "someone@number{n}.org,").expect("a string takes it");
        }
        let file = house.folder.path().join("addresses.csv");
        std::fs::write(&file, csv).expect("the addresses are written");
        let file = file.to_str().expect("a path in UTF-8");
        let imported = house.start(&["import", file], "1000000").wait();
        assert!(imported.expect("the import ends").success());
        house
    }

    fn start(&self, arguments: &[&str], rate: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_lapsewatch"))
            .env_clear()
            .env("FASTLY_API_TOKEN", "key-of-the-measurements")
            .env("LAPSEWATCH_FASTLY_URL", self.fastly.url())
            .env("FASTLY_RATE", rate)
            .env("FASTLY_MONTHLY_BUDGET", "1000000")
            .env("LAPSEWATCH_RDAP_BOOTSTRAP", "none")
            .env("LAPSEWATCH_DNS", "none")
            .arg("--store")
            .arg(self.folder.path().join("lapsewatch.db"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("lapsewatch starts")
    }
}

/// The most memory that a process has had, in MB, seen from outside until it ends.
fn peak_memory(process: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0;
    while process.try_wait().expect("its state").is_none() {
        let said = std::fs::read_to_string(Path::new(&status)).unwrap_or_default();
        let kilobytes = said
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(20));
    }
    peak
}

/// How long it takes to ask for so many statuses and do nothing else: what no sweep can beat.
async fn bare_calls(url: String, calls: u32, at_once: u32) -> Duration {
    let client = Arc::new(reqwest::Client::new());
    let started = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|task| {
            let (client, url) = (Arc::clone(&client), url.clone());
            tokio::spawn(async move {
                for n in (task..calls).step_by(at_once as usize) {
                    let url = format!(
                        "{url}/domain-management/v1/tools/status?domain=bare{n}.org&scope=estimate"
                    );
                    let answer = client.get(url).header("Fastly-Key", "key").send().await;
                    let body = answer.expect("an answer").bytes().await;
                    assert!(!body.expect("a body").is_empty());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the calls are made");
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make bench"]
async fn a_sweep_of_100_000_domains() {
    const DOMAINS: u32 = 100_000;
    const MEGABYTES: u64 = 96;
    let house = House::new(DOMAINS, 20);
    let started = Instant::now();
    let mut sweep = house.start(&["sweep"], "1000000");
    let peak = tokio::task::block_in_place(|| peak_memory(&mut sweep));
    let took = started.elapsed();
    assert!(sweep.wait().expect("the sweep ends").success());
    assert_eq!(house.fastly.total(), u64::from(DOMAINS));
    let floor = bare_calls(house.fastly.url(), DOMAINS, 128).await;
    let ratio = took.as_secs_f64() / floor.as_secs_f64();
    println!(
        "a sweep of {DOMAINS} domains, answers in 20 ms: {:.1} s, {peak} MB; 128 bare clients need {:.1} s for the calls \
         alone: {ratio:.2} times that",
        took.as_secs_f64(),
        floor.as_secs_f64()
    );
    assert!(peak > 0 && peak <= MEGABYTES, "{peak} MB");
}

#[test]
#[ignore = "a measurement: make bench"]
fn the_pace_of_four_sweeps_at_once() {
    const RATE: u64 = 200;
    const SECONDS: u64 = 20;
    let house = House::new(5_000, 20);
    let sweeps: Vec<_> = (0..4)
        .map(|_| house.start(&["sweep"], &RATE.to_string()))
        .collect();
    for mut sweep in sweeps {
        assert!(sweep.wait().expect("the sweep ends").success());
    }
    assert_eq!(house.fastly.total(), 5_000, "nothing was paid for twice");
    let mut arrivals = house.fastly.arrivals();
    arrivals.sort_unstable();
    let first = arrivals[0];
    let within = arrivals
        .iter()
        .filter(|at| **at - first < SECONDS * 1_000_000);
    let within = within.count() as u64;
    println!("at FASTLY_RATE={RATE}, four sweeps at once: {within} calls in {SECONDS} s");
    for window in [5, 10, 50, 100, 500, 1_000] {
        let most = (0..arrivals.len())
            .map(|from| {
                let inside = |at: &&u64| **at < arrivals[from] + window * 1_000;
                arrivals[from..].iter().take_while(inside).count() as u64
            })
            .max()
            .unwrap_or(0);
        // The burst of one, and one that lies on the window's edge.
        let allowed = RATE * window / 1_000 + 2;
        println!(
            "  in any {window} ms at most {most} (rate and burst: {})",
            allowed - 1
        );
        assert!(most <= allowed, "{most} calls in {window} ms");
    }
    assert!(
        (196 * SECONDS..=RATE * SECONDS + 2).contains(&within),
        "{within}"
    );
}

#[tokio::test]
#[ignore = "a measurement: make bench"]
async fn an_answer_from_a_fresh_record() {
    const QUESTIONS: usize = 20_000;
    let house = House::new(100_000, 0);
    let swept = house.start(&["sweep"], "1000000").wait();
    assert!(swept.expect("the sweep ends").success());
    let store = Store::open(&house.folder.path().join("lapsewatch.db")).expect("a store");
    let watchlist = SqliteWatchlist::open(&store).expect("a watchlist");
    let clock = Clock::new(Timestamp::now, None);
    let mut times = Vec::with_capacity(QUESTIONS);
    for n in 0..QUESTIONS {
        let question = Question {
            domain: format!("number{}.org", n * 4999 % 100_000)
                .parse()
                .expect("a domain"),
            verified_at: None,
            max_age: MAX_AGE,
        };
        let asked = Instant::now();
        let answered = answer_from_record(&watchlist, &question, clock).await;
        times.push(asked.elapsed());
        let answered = answered.expect("the store answers");
        assert!(matches!(answered, FromRecord::Answered(_)), "it is fresh");
    }
    times.sort();
    let at = |share: f64| times[((QUESTIONS - 1) as f64 * share) as usize];
    println!(
        "an answer from a fresh record, of 100,000 domains in SQLite: median {:?}, p99 {:?}, longest {:?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    assert!(at(0.99) <= Duration::from_millis(2), "the 99th percentile");
}
