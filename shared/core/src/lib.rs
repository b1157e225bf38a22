#![doc = include_str!("../README.md")]

mod answer;
mod background;
mod breaker;
mod budget;
mod directory;
mod dns;
mod domain_name;
mod event;
mod evidence;
mod glance;
mod host_name;
mod names;
mod observe;
mod pace;
mod page;
mod plan;
mod policy;
mod rdap;
mod record;
mod risk;
mod run;
mod schedule;
mod status_set;
mod verdict;
mod witnesses;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod verdict_table;

pub use answer::{Answer, Permission, Reason, answer};
pub use background::{Background, Hands, RegistryMemory};
pub use breaker::{Breaker, Limit, Ruling, Tally};
pub use budget::{Month, sweep_days};
pub use directory::{Left, LeftReason, Outcome, RestoreOrder, UnverifyOrder, WatchedDomain};
pub use dns::{DnsFailure, DnsFinding};
pub use domain_name::{DomainName, NotADomain, SuffixKind, Unwatchable, WatchedNames};
pub use event::{Event, EventKind};
pub use evidence::{Evidence, FastlyFinding, NoAnswer, Scope};
pub use glance::{Glance, Glanced, glance, warning};
pub use host_name::{HostName, NotAHost};
pub use names::{PlanId, RunId};
pub use observe::{Lease, Rules, Transition, observe};
pub use pace::{Gcra, Paced};
pub use page::{Cursor, Page};
pub use plan::{
    Candidate, HeldPlan, MAX_AGE_AFTER_WAITING, MAX_EVIDENCE_AGE, PlanState, Refusal,
    plan_candidate,
};
pub use policy::{Judgement, Policy};
pub use rdap::{RdapFacts, RdapFailure, RdapFinding, RdapPhase, RdapStatus};
pub use record::{Applied, Confirmation, Lapse, Pending, Record};
pub use risk::Risk;
pub use run::{Counters, Mode, Run, Stage};
pub use schedule::Schedule;
pub use status_set::{Registration, StatusSet, Token};
pub use verdict::{LossKind, Verdict};
pub use witnesses::{Urgency, is_dns_of_use, registry_urgency};

/// A moment, in whole milliseconds: the precision that both stores keep.
pub use jiff::Timestamp;
