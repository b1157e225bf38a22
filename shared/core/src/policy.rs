//! From evidence to a verdict, and from a verdict to an un-verification. No verdict is reached anywhere else.

use jiff::SignedDuration;

use crate::evidence::Registry;
use crate::{
    Confirmation, DnsFinding, Evidence, Lapse, LossKind, Pending, RdapFinding, Record,
    Registration, Timestamp, Verdict,
};

/// For how long a suspicion may wait to be confirmed: a week without sources, and as long to make up for it. Longer where two looks
/// have to be further apart.
const SUSPICION: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When evidence is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How far apart two looks must be to confirm each other. Redemption and pending delete last 35 days for generic
    /// top-level domains, so the default of a day costs no safety there.
    pub confirm_after: SignedDuration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            confirm_after: SignedDuration::from_hours(24),
        }
    }
}

/// What one look amounts to, given what was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The loss under way after this look.
    pub lapse: Option<Lapse>,
    /// The un-verification that now waits.
    pub pending: Option<Pending>,
    /// When the domain was last seen deleted, for certain, if it is not known whose it has been since.
    pub deleted_at: Option<Timestamp>,
}

impl Policy {
    /// Judges a look at the domain of `previous`. Total: every evidence has a judgement.
    pub fn judge(&self, previous: &Record, evidence: &Evidence) -> Judgement {
        let registry = evidence.registry(previous);
        let verdict = Self::verdict(previous, evidence, registry);
        match verdict {
            Verdict::Held => Judgement {
                verdict,
                lapse: None,
                pending: None,
                deleted_at: deleted_at(previous, evidence),
            },
            Verdict::Unknown => self.unknown(previous, evidence, registry),
            Verdict::Lapsing => self.lost(previous, evidence, registry, LossKind::Lapsing),
            Verdict::Lapsed => self.lost(previous, evidence, registry, LossKind::Lapsed),
            Verdict::Resurrected { registered_at } => {
                let kind = LossKind::Resurrected { registered_at };
                self.lost(previous, evidence, registry, kind)
            }
        }
    }

    /// Silence neither clears a suspicion nor strengthens it. What was confirmed stays pending: the unverifier refuses it once its
    /// evidence is stale. What speaks against the loss holds the un-verification back until a look shows the loss again.
    fn unknown(&self, previous: &Record, evidence: &Evidence, registry: Registry) -> Judgement {
        let verdict = Verdict::Unknown;
        let rdap = evidence.rdap.as_ref();
        let still_deleted_at = deletion_after(previous, rdap, evidence.observed_at);
        let now = evidence.observed_at;
        let is_forgotten = self.is_old(previous, now) && !is_the_registrys_word(previous, now);
        let stance = if is_forgotten {
            Stance::Refutes
        } else {
            Stance::of(previous, evidence, registry)
        };
        let lapse = previous.lapse.clone();
        match stance {
            Stance::Silent => Judgement {
                verdict,
                lapse,
                pending: previous.pending.clone(),
                deleted_at: still_deleted_at,
            },
            Stance::Doubts => Judgement {
                verdict,
                lapse,
                pending: previous.pending.clone().map(|pending| Pending {
                    doubted_at: Some(now),
                    ..pending
                }),
                deleted_at: still_deleted_at,
            },
            Stance::Refutes => Judgement {
                verdict,
                lapse: None,
                pending: None,
                deleted_at: deleted_at(previous, evidence),
            },
        }
    }

    /// The verdict of one look. The registry's date goes first, whatever Fastly says: a domain that others have registered
    /// looks alive.
    fn verdict(previous: &Record, evidence: &Evidence, registry: Registry) -> Verdict {
        let may_be_held = match (registration_in(previous, evidence), registry) {
            (DatedRegistration::Again(registered_at), _) => {
                return Verdict::Resurrected { registered_at };
            }
            (DatedRegistration::Ahead, _) => false,
            // What the registry alone has seen, Fastly's "registered" cannot take back; nor that others have registered the domain,
            // an answer without a date.
            (DatedRegistration::Undated, Registry::Silent) => {
                !is_the_registrys_word(previous, evidence.observed_at)
            }
            (DatedRegistration::Undated, _) => !is_resurrected(previous),
            (DatedRegistration::Known, _) => true,
        };
        match Self::by_sources(evidence, registry) {
            Verdict::Held if !may_be_held => Verdict::Unknown,
            verdict => verdict,
        }
    }

    /// What the sources say together of the registration now, whatever was known before. Where they contradict each other it is
    /// unknown; where one is silent, the others speak. `docs/verdicts.md` shows every case.
    fn by_sources(evidence: &Evidence, registry: Registry) -> Verdict {
        let verdict = match evidence.fastly.registration() {
            // Fastly's list of tokens does not promise `expiring` and `deleting`: a name in redemption may read as
            // registered, and there the registry knows better. One that it does not know at all, it contradicts.
            Registration::Registered | Registration::NotRegistrable => match registry {
                Registry::Silent | Registry::Registered => Verdict::Held,
                Registry::Losing => Verdict::Lapsing,
                Registry::Unsure | Registry::NotRegistered => Verdict::Unknown,
            },
            Registration::Expiring | Registration::Deleting => match registry {
                Registry::Silent | Registry::Unsure | Registry::Losing => Verdict::Lapsing,
                Registry::Registered => Verdict::Unknown,
                Registry::NotRegistered => Verdict::Lapsed,
            },
            Registration::Available => match registry {
                Registry::Silent | Registry::NotRegistered => Verdict::Lapsed,
                Registry::Registered | Registry::Unsure => Verdict::Unknown,
                Registry::Losing => Verdict::Lapsing,
            },
            Registration::Undecided => match registry {
                Registry::Silent | Registry::Unsure => Verdict::Unknown,
                Registry::Registered => Verdict::Held,
                Registry::Losing => Verdict::Lapsing,
                Registry::NotRegistered => Verdict::Lapsed,
            },
        };
        // The registry's own zone still has the name: nobody can register it.
        let is_delegated = evidence.dns.as_ref().is_some_and(DnsFinding::is_delegated);
        if verdict == Verdict::Lapsed && is_delegated {
            return Verdict::Unknown;
        }
        verdict
    }

    fn lost(
        &self,
        previous: &Record,
        evidence: &Evidence,
        registry: Registry,
        kind: LossKind,
    ) -> Judgement {
        // A loss that went back a step (released, then in redemption) contradicts itself, and a registry that names another date
        // with every answer has a clock or a table that is wrong: the suspicion begins anew.
        // So does one that nothing has confirmed for long: what was seen then and what is seen now need not be one loss.
        let known = previous
            .lapse
            .as_ref()
            .filter(|lapse| goes_on(lapse, kind) && !self.is_old(previous, evidence.observed_at));
        let mut lapse = known.cloned().map_or_else(
            || Lapse {
                kind,
                first: evidence.clone(),
                confirmation: None,
                applied: None,
            },
            |lapse| Lapse { kind, ..lapse },
        );
        lapse.confirmation = lapse
            .confirmation
            .or_else(|| self.confirmation(&lapse.first, evidence, registry));
        let pending = lapse
            .confirmation
            .filter(|_| Self::has_addresses_to_cover(previous, &lapse))
            .map(|confirmation| pending(previous, evidence, &lapse, confirmation));
        Judgement {
            verdict: kind.into(),
            lapse: Some(lapse),
            pending,
            deleted_at: match kind {
                LossKind::Lapsing | LossKind::Lapsed => previous.deleted_at,
                LossKind::Resurrected { .. } => None,
            },
        }
    }

    /// Whether nothing has confirmed a suspicion for too long, or shown a loss again that was confirmed and is spoken against.
    fn is_old(&self, previous: &Record, now: Timestamp) -> bool {
        let Some(lapse) = &previous.lapse else {
            return false;
        };
        let doubted = previous
            .pending
            .as_ref()
            .filter(|pending| pending.doubted_at.is_some());
        let shown_at = match (lapse.confirmation, doubted) {
            (None, _) => lapse.first.observed_at,
            (Some(_), Some(pending)) => pending
                .evidence
                .last()
                .map_or(pending.since, |look| look.observed_at),
            (Some(_), None) => return false,
        };
        now.duration_since(shown_at) > SUSPICION.max(self.confirm_after * 2)
    }

    fn confirmation(
        &self,
        first: &Evidence,
        evidence: &Evidence,
        registry: Registry,
    ) -> Option<Confirmation> {
        // That a domain was registered again is the registry's word alone: two witnesses are of a loss that is still one.
        if evidence.has_two_witnesses(registry) && registry != Registry::Registered {
            Some(Confirmation::TwoSources)
        } else if evidence.observed_at.duration_since(first.observed_at) >= self.confirm_after {
            Some(Confirmation::TwoLooks)
        } else {
            None
        }
    }

    /// After an un-verification for this loss, another is due only for addresses that have been verified since.
    fn has_addresses_to_cover(previous: &Record, lapse: &Lapse) -> bool {
        match &lapse.applied {
            None => true,
            Some(applied) => previous
                .earliest_verified_at
                .is_some_and(|earliest| earliest >= applied.verified_before),
        }
    }
}

/// The waiting un-verification with this look as its newest proof; what waited already keeps its place and its plan.
fn pending(
    previous: &Record,
    evidence: &Evidence,
    lapse: &Lapse,
    confirmation: Confirmation,
) -> Pending {
    let waiting = previous.pending.as_ref();
    let mut looks = vec![lapse.first.clone()];
    if lapse.first.observed_at != evidence.observed_at {
        looks.push(evidence.clone());
    }
    Pending {
        verdict: lapse.kind.into(),
        since: waiting.map_or(evidence.observed_at, |pending| pending.since),
        verified_before: covered_until(lapse.kind, evidence),
        confirmation,
        evidence: looks,
        doubted_at: None,
        plan: waiting.and_then(|pending| pending.plan.clone()),
    }
}

/// Whoever verified an address after the look had the mail of the domain then, and so had whoever verified one after the
/// domain was registered again: he is left alone. In the very second of the registration nobody can tell; he is left alone too.
fn covered_until(kind: LossKind, evidence: &Evidence) -> Timestamp {
    match kind {
        LossKind::Lapsing | LossKind::Lapsed => evidence.observed_at,
        LossKind::Resurrected { registered_at } => registered_at,
    }
}

/// What the registry's date of registration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DatedRegistration {
    /// There is none.
    Undated,
    /// It is the registration on which all addresses rely.
    Known,
    /// Others have registered the domain than those who verified an address at it, then.
    Again(Timestamp),
    /// The same, but after the look began: while the sources were asked, or by a wrong clock.
    Ahead,
}

fn registration_in(previous: &Record, evidence: &Evidence) -> DatedRegistration {
    registration(previous, evidence.registered_at(), evidence.observed_at)
}

fn registration(
    previous: &Record,
    registered_at: Option<Timestamp>,
    observed_at: Timestamp,
) -> DatedRegistration {
    match registered_at {
        None => DatedRegistration::Undated,
        Some(at) if at <= previous.relied_upon_since() => DatedRegistration::Known,
        Some(at) if at <= observed_at => DatedRegistration::Again(at),
        Some(_) => DatedRegistration::Ahead,
    }
}

/// What is remembered of a certain deletion after an answer of the registry's: a date settles it, as another's registration or as
/// an error.
pub(crate) fn deletion_after(
    previous: &Record,
    rdap: Option<&RdapFinding>,
    observed_at: Timestamp,
) -> Option<Timestamp> {
    let registered_at = rdap.and_then(RdapFinding::registered_at);
    match registration(previous, registered_at, observed_at) {
        DatedRegistration::Known | DatedRegistration::Again(_) => None,
        DatedRegistration::Undated | DatedRegistration::Ahead => previous.deleted_at,
    }
}

/// Whether the loss under way was never Fastly's to see: the registry's date, or a phase of deletion that Fastly did not show, or
/// that the registry was the last to name. A registry that has long been silent has no word any more but its date.
fn is_the_registrys_word(record: &Record, now: Timestamp) -> bool {
    let Some(lapse) = &record.lapse else {
        return false;
    };
    match lapse.kind {
        LossKind::Resurrected { .. } => is_resurrected(record),
        LossKind::Lapsing | LossKind::Lapsed => {
            let is_its_own = record.background.is_deleting() || !lapse.first.fastly.says_lost();
            is_its_own && record.background.has_spoken_lately(now)
        }
    }
}

/// How a look that cannot tell stands to the loss under way.
enum Stance {
    /// Nobody who answered speaks against it.
    Silent,
    /// Something speaks against it: not enough to forget it, enough not to act upon it.
    Doubts,
    /// It is none, or none any more: what is seen later begins anew.
    Refutes,
}

impl Stance {
    fn of(previous: &Record, evidence: &Evidence, registry: Registry) -> Self {
        let Some(lapse) = &previous.lapse else {
            return Self::Silent;
        };
        if registration_in(previous, evidence) == DatedRegistration::Ahead {
            // Registered by others just now, or by a wrong clock: the next look tells.
            return Self::Doubts;
        }
        if is_resurrected(previous) {
            // It looks alive, and only a date could take it back.
            return Self::Silent;
        }
        if registry == Registry::Registered {
            return Self::Refutes;
        }
        // The registry's own zone has a name that was said to be free, or was taken out of it.
        let is_delegated = evidence.dns.as_ref().is_some_and(DnsFinding::is_delegated);
        if is_delegated && (lapse.kind == LossKind::Lapsed || previous.was_out_of_the_zone()) {
            return Self::Refutes;
        }
        match evidence.fastly.registration() {
            Registration::Registered | Registration::NotRegistrable => Self::Doubts,
            Registration::Available
            | Registration::Expiring
            | Registration::Deleting
            | Registration::Undecided => Self::Silent,
        }
    }
}

/// When a domain that is registered now was last seen deleted, for certain: by others, then, unless its owner has it again.
fn deleted_at(previous: &Record, evidence: &Evidence) -> Option<Timestamp> {
    match registration_in(previous, evidence) {
        DatedRegistration::Known | DatedRegistration::Again(_) => return None,
        DatedRegistration::Undated | DatedRegistration::Ahead => {}
    }
    let was_deleted = previous.lapse.as_ref().filter(|lapse| match lapse.kind {
        LossKind::Lapsed => lapse.confirmation.is_some(),
        LossKind::Lapsing | LossKind::Resurrected { .. } => false,
    });
    let last_seen = was_deleted.map(|lapse| {
        let waiting = previous.pending.as_ref().map(|one| one.verified_before);
        let applied = lapse.applied.as_ref().map(|one| one.verified_before);
        let first = lapse.first.observed_at;
        waiting.max(applied).map_or(first, |at| at.max(first))
    });
    last_seen.max(previous.deleted_at)
}

/// Whether the domain was last seen registered by others than those who verified an address at it. Once those are un-verified, it
/// is nobody's loss.
fn is_resurrected(record: &Record) -> bool {
    match record.lapse.as_ref().map(|lapse| lapse.kind) {
        Some(LossKind::Resurrected { registered_at }) => registered_at > record.relied_upon_since(),
        Some(LossKind::Lapsing | LossKind::Lapsed) | None => false,
    }
}

/// Whether a loss seen before is the one seen now, or has led to it: one that was confirmed before the domain was registered
/// again needs no second proof.
fn goes_on(lapse: &Lapse, kind: LossKind) -> bool {
    let led_to_it = match kind {
        LossKind::Resurrected { registered_at } => {
            let was_losing = match lapse.kind {
                LossKind::Lapsing | LossKind::Lapsed => lapse.confirmation.is_some(),
                // Another date is another loss, and needs two looks of its own.
                LossKind::Resurrected { .. } => false,
            };
            was_losing && lapse.first.observed_at <= registered_at
        }
        LossKind::Lapsing | LossKind::Lapsed => false,
    };
    lapse.kind.can_go_on_to(kind) || led_to_it
}

#[cfg(test)]
mod tests;
