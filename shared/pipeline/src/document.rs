//! What plans did, as JSON documents: both hosts answer with the same.

use lapsewatch_core::PlanId;
use serde_json::{Value, json};

use crate::{Applied, Decision, Restored};

impl Applied {
    /// The document on a plan.
    pub fn document(&self) -> Value {
        json!({
            "unverified": self.unverified.iter().map(|planned| json!({
                "domain": planned.domain,
                "verdict": planned.verdict.name(),
                "addresses": planned.addresses,
                "plan": planned.plan,
                "confirmation": planned.confirmation,
                "evidence": planned.evidence,
                "left": planned.left,
            })).collect::<Vec<_>>(),
            "waiting": self.waiting.iter().map(|waiting| json!({
                "domain": waiting.domain,
                "verdict": waiting.verdict.name(),
                "plan": waiting.plan,
            })).collect::<Vec<_>>(),
            "exceeded": self.exceeded,
            "left_alone": self.left_alone.iter().map(|(domain, decision)| match decision {
                Decision::Doubted { observed_at } => json!({"domain": domain, "reason": "doubted", "observed_at": observed_at}),
                Decision::Stale { observed_at } => json!({"domain": domain, "reason": "stale", "observed_at": observed_at}),
                Decision::Changed => json!({"domain": domain, "reason": "changed"}),
                Decision::OutOfTime => json!({"domain": domain, "reason": "out_of_time"}),
            }).collect::<Vec<_>>(),
        })
    }
}

/// The document on a plan that was undone.
pub fn restored_document(plan: &PlanId, restored: &[Restored]) -> Value {
    let list: Vec<_> = restored
        .iter()
        .map(|one| json!({"domain": one.domain, "addresses": one.outcome.addresses, "left": one.outcome.left}))
        .collect();
    json!({"plan": plan, "restored": list})
}
