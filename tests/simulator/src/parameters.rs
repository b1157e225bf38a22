//! Every number of the model, each with its source, or with the reason why the assumption is on the careful side: against
//! Lapsewatch or for its peers.

use jiff::SignedDuration;
use serde::Serialize;

use crate::tld::{Life, RdapService, Tld, TldClass};

/// What a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// How many domains.
    pub domains: u32,
    /// How many years of their lives.
    pub years: u32,
    /// What all chance is drawn from.
    pub seed: u64,
    /// How often Fastly shows `expiring` or `deleting` for a name that is: the share of redemptions, and of pending deletes.
    /// Fastly promises neither token.
    pub visible: f64,
    /// How often, in a year, Fastly calls a domain free that its owner has, for a week on end. Nobody publishes it.
    pub false_losses: f64,
    /// How many rows of addresses PyPI's queue holds. Its daily thousand is spread over all of them, most at large mail
    /// providers: the simulated addresses get their share of it.
    pub pypi_rows: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            domains: 10_000,
            years: 10,
            seed: 1,
            // Assumed: nobody publishes it. The study tries others.
            visible: 0.8,
            // None, in the peers' favour. The study tries some.
            false_losses: 0.0,
            // About 850,000 accounts (PyPI's statistics, 2025). Each with one address, which is in PyPI's favour: many have more.
            pypi_rows: 850_000,
        }
    }
}

/// How often Fastly shows an expiry, in the small runs of the study: it promises neither `expiring` nor `deleting`.
pub const STUDY_VISIBLE: [f64; 3] = [1.0, 0.8, 0.5];
/// How often, in a year, Fastly calls a domain free for a week that its owner has, in the small runs of the study.
pub const STUDY_FALSE_LOSSES: [f64; 3] = [0.0, 0.01, 0.1];

/// A day.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A year of the model: no leap days, so that a term is a number of days.
pub const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

// ------------------------------------------------------------------------------------------------ Registries

/// The longest auto-renew grace of a generic top-level domain (ICANN, *Life Cycle of a Typical gTLD Domain Name*: 0 to 45 days, as the
/// registrar likes). How long each takes is assumed uniform.
pub const GRACE_MOST: SignedDuration = SignedDuration::from_hours(45 * 24);
/// The redemption grace period of a generic top-level domain (ICANN, the same, and the Registry Agreement: 30 days).
pub const REDEMPTION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Pending delete of a generic top-level domain (ICANN, the same: 5 days).
pub const PENDING_DELETE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// How long before deletion the registrar has interrupted the domain's DNS at the latest (ICANN, *Expired Registration Recovery
/// Policy*, 2.2: the last eight days).
pub const INTERRUPTED_LEAST: SignedDuration = SignedDuration::from_hours(8 * 24);
/// The add grace period, in which a new name is deleted without redemption (ICANN Registry Agreement: 5 days).
pub const ADD_GRACE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Quarantine of a country-code domain after its expiry, where there is one: 40 days, with no grace before (`EURid`, *.eu Domain Name
/// Registration Terms and Conditions*, for `.eu`; SIDN, *General Terms and Conditions for .nl Registrants*, for `.nl`).
pub const QUARANTINE: SignedDuration = SignedDuration::from_hours(40 * 24);
/// A restore: from the order to the registry's last word (ICANN Registry Agreement: the registrar has 7 days to report).
pub const RESTORING_MOST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The top-level domains of the population, with their lives and what their registries say by RDAP. Country codes hold about four in
/// ten registrations (Verisign, *Domain Name Industry Brief*); their shares among them are assumed. Which of them have RDAP is from
/// IANA's bootstrap file, and of `.io` and `.de` from their registries (July 2026; `shared/sources/data`); that of `.de` tells no dates.
pub const TLDS: [Tld; 9] = [
    tld(
        "com",
        TldClass::Generic,
        0.50,
        // ICANN's, as all generic names: see the periods above.
        Life::Icann,
        RdapService::Dated,
    ),
    tld(
        "org",
        TldClass::Generic,
        0.12,
        // The same.
        Life::Icann,
        RdapService::Dated,
    ),
    tld(
        "io",
        TldClass::CountryRdap,
        0.06,
        // Assumed: that of generic names, since its registry runs many of them by the same rules.
        Life::Icann,
        RdapService::Dated,
    ),
    tld(
        "nl",
        TldClass::CountryRdap,
        0.05,
        // SIDN: see the quarantine above. That its RDAP tells when a term ends is assumed.
        Life::Quarantine,
        RdapService::Dated,
    ),
    tld(
        "uk",
        TldClass::CountryRdap,
        0.03,
        // Nominet's rules: 30 days of grace, suspended for 60 more, cancelled on the 90th day and released.
        Life::Suspension {
            grace_days: 30,
            suspended_days: 60,
        },
        RdapService::Dated,
    ),
    tld(
        "de",
        TldClass::CountryBlind,
        0.08,
        // DENIC, *Redemption Grace Period*: after the deletion the last holder alone can have it back, for 30 days. Assumed to
        // be the 40 of the others: Lapsewatch glances every day at what tells no dates, so that ten days matter little to it.
        Life::Quarantine,
        RdapService::Dateless,
    ),
    tld(
        "eu",
        TldClass::CountryBlind,
        0.06,
        // EURid: see the quarantine above.
        Life::Quarantine,
        RdapService::None,
    ),
    tld(
        "ru",
        TldClass::CountryBlind,
        0.05,
        // Coordination Center for TLD .RU/.РФ, *Terms and Conditions of Domain Name Registration*: for 30 days after the expiry
        // the owner can still renew, then the name is free. Assumed that it works at first, as in a generic name's grace; in
        // life it is out of the DNS at once, which is easier seen.
        Life::GraceOnly { days: 30 },
        RdapService::None,
    ),
    tld(
        "es",
        TldClass::CountryBlind,
        0.05,
        // Assumed, and on the careful side: traders in expiring names (expiring.es) tell of ten days of grace. It stands for the
        // registries that release a name with no warning at all; few are so harsh, and it is a twentieth of the population.
        Life::AtOnce,
        RdapService::None,
    ),
];

const fn tld(
    suffix: &'static str,
    class: TldClass,
    share: f64,
    life: Life,
    rdap: RdapService,
) -> Tld {
    Tld {
        suffix,
        class,
        share,
        life,
        rdap,
    }
}

// ------------------------------------------------------------------------------------------------ Owners

/// How long before the time simulated the first owner registered, at most. Assumed.
pub const AGE_MOST_YEARS: u64 = 15;
/// How often, at an expiry, an owner who stands behind a verified address lets the domain go. Assumed: in all of `.com` and `.net`
/// a quarter of the expiring names goes (Verisign's quarterly reports: 67 to 74 % renewed, 2015 to 2020), most of them after their first year and
/// never used for mail; a domain in use goes more rarely.
pub const ABANDONED: f64 = 0.04;
/// How often a first or returned owner pays late, in the grace period. Assumed.
pub const PAID_LATE: f64 = 0.03;
/// How often an owner restores the domain in redemption, at a price. Assumed.
pub const RESTORED: f64 = 0.003;
/// How often, in a year, a domain is deleted in the middle of its term: abuse, dispute, the owner's own wish. Assumed.
pub const DELETED_IN_TERM: f64 = 0.001;
/// How often an expiring name that its owner let go is sold by the registrar before it is deleted. Lauinger et al. 2017 show that it
/// is done and by whom; the share is assumed.
pub const AUCTIONED: f64 = 0.10;
/// The shortest grace in which a registrar has time for an auction. Assumed.
pub const AUCTION_LEAST: SignedDuration = SignedDuration::from_hours(20 * 24);
/// How often a domain sold at auction also changes its registrar. Assumed; the name servers always change.
pub const AUCTION_MOVES_REGISTRAR: f64 = 0.5;
/// How often a term is renewed before its end, and how long before at most. Assumed. The others are renewed on the day.
pub const RENEWED_EARLY: f64 = 0.5;
/// See [`RENEWED_EARLY`].
pub const RENEWED_EARLY_MOST: SignedDuration = SignedDuration::from_hours(60 * 24);

// ------------------------------------------------------------------------------------------------ After deletion

/// How many deleted names are registered again in the moment of their release: 9.5 % of `.com` (Lauinger et al., IMC 2018). Taken for
/// all top-level domains.
pub const CAUGHT_AT_ONCE: f64 = 0.095;
/// How many are registered again on the day of their release, those included: 10 % of `.com` (Lauinger et al., USENIX Security 2017).
pub const CAUGHT_ON_THE_DAY: f64 = 0.10;
/// How many of the others are registered again later. Assumed; the more, the harder for all rules.
pub const TAKEN_LATER: f64 = 0.35;
/// The soonest of these. What is taken on the day is counted above.
pub const TAKEN_LATER_LEAST: SignedDuration = DAY;
/// The latest of these. Assumed; each order of magnitude is as likely as another, so that days are as common as years.
pub const TAKEN_LATER_MOST: SignedDuration = SignedDuration::from_hours(3 * 365 * 24);
/// How often the one who takes it at once is after the accounts. Assumed: drop-catching is the trade of speculators.
pub const ATTACKER_AT_ONCE: f64 = 0.1;
/// How often a buyer at auction is. Assumed.
pub const ATTACKER_AT_AUCTION: f64 = 0.1;
/// How often the one who takes it later is. Assumed: `ctx` (2022) and `node-ipc` (2026) were of this kind.
pub const ATTACKER_LATER: f64 = 0.3;
/// How often it is the old owner who registers it again, of those who take it later. Assumed.
pub const OWNER_LATER: f64 = 0.1;
/// How often, at an expiry, a speculator or an attacker lets the domain go. Assumed.
pub const NEW_HOLDER_ABANDONS: f64 = 0.4;
/// How often a speculator gives the name back within the add grace period. Assumed.
pub const TASTED: f64 = 0.01;
/// When a new holder asks for a password reset, counted from his purchase: after 12 minutes in the case of `ctx` (its published
/// incident report, 2022). Whether an attacker tries again if refused is not known: assumed that he does, three times. That every
/// new holder tries is assumed against the rules: few do.
pub const ATTEMPTS: [SignedDuration; 4] = [
    SignedDuration::from_mins(12),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(7 * 24),
    SignedDuration::from_hours(30 * 24),
];

// ------------------------------------------------------------------------------------------------ Addresses

/// How many addresses stand at a domain: one, or with these probabilities a second and a third. Assumed.
pub const ANOTHER_ADDRESS: [f64; 2] = [0.3, 0.3];
/// How many addresses are verified during the time simulated, not before it. Assumed.
pub const VERIFIED_DURING: f64 = 0.3;
/// How often a new holder verifies an address of his own at the domain, honestly. Assumed.
pub const NEW_HOLDER_VERIFIES: f64 = 0.2;

// ------------------------------------------------------------------------------------------------ Domains in use

/// How many holders have registered a name and put it nowhere: no name servers. Assumed.
pub const UNDELEGATED: f64 = 0.001;
/// How many first owners have their domain for sale while they use it. Assumed.
pub const FOR_SALE: f64 = 0.01;
/// How many first owners have it parked. Assumed.
pub const PARKED: f64 = 0.001;
/// How many of these parked names take mail. Assumed.
pub const PARKED_TAKES_MAIL: f64 = 0.5;
/// How many speculators put their names up for sale; the others park them. Assumed.
pub const SPECULATOR_SELLS: f64 = 0.5;
/// How many speculators' names have a mail server, if only to see what comes. Assumed.
pub const SPECULATOR_TAKES_MAIL: f64 = 0.5;
/// How often Fastly recognises a registrar's page at an expired name as parking. Assumed, and low: RubyGems un-verifies by it those
/// who merely pay late.
pub const REGISTRAR_PAGE_SEEN: f64 = 0.2;
/// How often a registrar's page at an expired name keeps a mail server. Assumed.
pub const REGISTRAR_TAKES_MAIL: f64 = 0.3;
/// How many registrars there are (ICANN lists some thousands of accreditations; few matter).
pub const REGISTRARS: u64 = 50;

// ------------------------------------------------------------------------------------------------ Sources

/// How often each source says nothing or nonsense to a single question. All assumed; nobody publishes them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// Fastly: `unknown`, its answer when an upstream fails.
    pub fastly_unknown: f64,
    /// Fastly: a lone `undelegated`, the same.
    pub fastly_undelegated: f64,
    /// Fastly: no answer in time.
    pub fastly_silent: f64,
    /// Fastly: an answer that cannot be read.
    pub fastly_unreadable: f64,
    /// RDAP: no answer; half of it refusals for too many questions.
    pub rdap_silent: f64,
    /// DNS: no answer.
    pub dns_silent: f64,
    /// DNS: delegated, and no server answers, on a given day.
    pub dns_lame: f64,
    /// Registrations whose registry gives the time of the question as the date of registration, always.
    pub wrong_clock: f64,
}

impl Noise {
    /// What is assumed. Fastly's false answers are rare here, in PyPI's favour: of some 90,000 rows that it asked about in the summer of
    /// 2025 it un-verified 1,800, so that they could be a fiftieth at most.
    pub const ASSUMED: Self = Self {
        fastly_unknown: 0.000_2,
        fastly_undelegated: 0.000_2,
        fastly_silent: 0.005,
        fastly_unreadable: 0.000_01,
        rdap_silent: 0.02,
        dns_silent: 0.01,
        dns_lame: 0.001,
        wrong_clock: 0.000_5,
    };

    /// Sources that never go wrong.
    pub const NONE: Self = Self {
        fastly_unknown: 0.0,
        fastly_undelegated: 0.0,
        fastly_silent: 0.0,
        fastly_unreadable: 0.0,
        rdap_silent: 0.0,
        dns_silent: 0.0,
        dns_lame: 0.0,
        wrong_clock: 0.0,
    };
}

/// How often in a year a source is out of order as a whole, and for how long. Assumed; besides, every run of a year or more has one
/// week in which none of the sources answers.
pub const OUTAGES_A_YEAR: [(f64, SignedDuration); 3] = [
    (6.0, SignedDuration::from_hours(1)),
    (0.5, SignedDuration::from_hours(24)),
    (0.1, SignedDuration::from_hours(7 * 24)),
];
/// How many of Fastly's outages show as `unknown` with HTTP status 200 and not as silence. Assumed; its documentation says that it
/// does so when an upstream fails.
pub const OUTAGE_MISLEADS: f64 = 0.5;

// ------------------------------------------------------------------------------------------------ Lapsewatch

/// Calls a second to Fastly, all together (the default of its settings).
pub const LAPSEWATCH_FASTLY_RATE: f64 = lapsewatch_settings::FASTLY_RATE;
/// Calls to Fastly at once after a pause (the default of its settings).
pub const LAPSEWATCH_FASTLY_BURST: u32 = lapsewatch_settings::FASTLY_BURST;
/// Questions a second to each registry (the default of its settings).
pub const LAPSEWATCH_RDAP_RATE: f64 = lapsewatch_settings::RDAP_RATE;
/// When the sweep on the first of each month begins (the default of `template.yaml`; a test compares them).
pub const LAPSEWATCH_SWEEP_AT: SignedDuration = SignedDuration::from_hours(3);
/// When the daily run over what is due begins (the default of `template.yaml`; a test compares them).
pub const LAPSEWATCH_DUE_AT: SignedDuration = SignedDuration::from_hours(4);
/// How long an answer at the moment of use may take (the default of `lapsewatch check`; a test compares them).
pub const LAPSEWATCH_ANSWERS_WITHIN: SignedDuration = SignedDuration::from_secs(30);
/// In how many parts, at once, the domains are lived through. The simulator's own: two, since the parts share neither the pace nor
/// the breaker's tally, and the fewer, the nearer to the one house that a registry has.
pub const LAPSEWATCH_PARTS: u32 = 2;

// ------------------------------------------------------------------------------------------------ Peers

/// Rows that PyPI asks about in a day, and rows that it un-verifies in a day (Warehouse's source).
pub const PYPI_ROWS_A_DAY: u32 = 1000;
/// After how many days PyPI asks about a row again, at the earliest (Warehouse's source).
pub const PYPI_EVERY: SignedDuration = SignedDuration::from_hours(30 * 24);
/// To how many days ago PyPI sets the last check of a row whose check failed (Warehouse's source): asked again in 7.
pub const PYPI_FAILED: SignedDuration = SignedDuration::from_hours(23 * 24);
/// When PyPI asks (Warehouse's source: 04:00 UTC).
pub const PYPI_ASKS_AT: SignedDuration = SignedDuration::from_hours(4);
/// When PyPI un-verifies (Warehouse's source: 04:15 UTC).
pub const PYPI_UNVERIFIES_AT: SignedDuration = SignedDuration::from_mins(4 * 60 + 15);
/// Above how many users a day RubyGems blocks nobody (RubyGems' source, `MAX_AUTO_BLOCK`). Not scaled: the simulated domains are taken
/// for all that the registry has.
pub const RUBYGEMS_MAX_AUTO_BLOCK: usize = 20;
/// How long a person at RubyGems takes to decide, once too many are found. Assumed, and that he blocks exactly those who are still
/// found then: in its favour.
pub const RUBYGEMS_PERSON_DECIDES_AFTER_DAYS: u32 = 3;
/// When RubyGems asks. Assumed.
pub const RUBYGEMS_ASKS_AT: SignedDuration = SignedDuration::from_hours(3);
