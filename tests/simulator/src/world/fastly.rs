//! What Fastly's domain status API would answer.

use lapsewatch_core::{FastlyFinding, NoAnswer, Scope, StatusSet, Timestamp};

use super::World;
use super::mail::Front;
use crate::draw::{Purpose, draw};
use crate::history::{Span, State};
use crate::outages::{Shows, Source};

/// An answer of Fastly's, as small as can be: a run asks for hundreds of millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastlyAnswer {
    /// `active`: registered.
    Active,
    /// `undelegated active`: registered, not in the DNS.
    Undelegated,
    /// `active parked`.
    Parked,
    /// `marketed priced transferable active`.
    ForSale,
    /// `undelegated active expiring`.
    Expiring,
    /// `undelegated active deleting`.
    Deleting,
    /// `undelegated inactive`: free for anyone.
    Free,
    /// `unknown`: an upstream failed.
    Unknown,
    /// A lone `undelegated`: an upstream failed.
    OnlyUndelegated,
    /// No answer in time.
    Silent,
    /// An answer that cannot be read.
    Unreadable,
}

impl FastlyAnswer {
    /// All answers.
    pub const ALL: [Self; 11] = [
        Self::Active,
        Self::Undelegated,
        Self::Parked,
        Self::ForSale,
        Self::Expiring,
        Self::Deleting,
        Self::Free,
        Self::Unknown,
        Self::OnlyUndelegated,
        Self::Silent,
        Self::Unreadable,
    ];

    /// The status as Fastly writes it; `None` where there is none.
    pub fn status(self) -> Option<&'static str> {
        match self {
            Self::Active => Some("active"),
            Self::Undelegated => Some("undelegated active"),
            Self::Parked => Some("active parked"),
            Self::ForSale => Some("marketed priced transferable active"),
            Self::Expiring => Some("undelegated active expiring"),
            Self::Deleting => Some("undelegated active deleting"),
            Self::Free => Some("undelegated inactive"),
            Self::Unknown => Some("unknown"),
            Self::OnlyUndelegated => Some("undelegated"),
            Self::Silent | Self::Unreadable => None,
        }
    }

    /// The answer as the pipeline takes it in.
    pub fn finding(self) -> FastlyFinding {
        match self.status() {
            Some(status) => FastlyFinding::Answered {
                status: StatusSet::parse(status),
                scope: Scope::Precise,
            },
            None if self == Self::Unreadable => FastlyFinding::NoAnswer {
                reason: NoAnswer::Unreadable {
                    why: "it is not JSON".to_owned(),
                },
            },
            None => FastlyFinding::NoAnswer {
                reason: NoAnswer::TimedOut,
            },
        }
    }
}

impl World {
    /// What Fastly answers about a domain at a time.
    pub fn fastly(&self, domain: u32, time: Timestamp) -> FastlyFinding {
        self.fastly_answer(domain, time).finding()
    }

    /// The same, small.
    pub fn fastly_answer(&self, domain: u32, time: Timestamp) -> FastlyAnswer {
        match self.outages.at(Source::Fastly, time) {
            Some(Shows::Silence) => return FastlyAnswer::Silent,
            Some(Shows::Unknown) => return FastlyAnswer::Unknown,
            None => {}
        }
        let mut left = self.of_hour(domain, time, Purpose::FastlyNoise).unit();
        for (share, answer) in [
            (self.noise.fastly_unknown, FastlyAnswer::Unknown),
            (self.noise.fastly_undelegated, FastlyAnswer::OnlyUndelegated),
            (self.noise.fastly_silent, FastlyAnswer::Silent),
            (self.noise.fastly_unreadable, FastlyAnswer::Unreadable),
        ] {
            left -= share;
            if left < 0.0 {
                return answer;
            }
        }
        let history = self.history(domain);
        let position = history.position_at(time);
        let span = history.spans[position];
        match span.state {
            State::Held | State::Grace | State::Interrupted
                if self.is_called_free(domain, time) =>
            {
                FastlyAnswer::Free
            }
            State::Held | State::Grace | State::Interrupted => in_use(self.front(domain, span)),
            State::Suspended | State::Redemption if self.is_shown(domain, position, span) => {
                FastlyAnswer::Expiring
            }
            State::PendingDelete if self.is_shown(domain, position, span) => FastlyAnswer::Deleting,
            State::Suspended | State::Redemption | State::PendingDelete | State::Restoring => {
                FastlyAnswer::Undelegated
            }
            State::Released => FastlyAnswer::Free,
        }
    }

    /// Whether this is a week in which Fastly calls the domain free, whoever has it.
    fn is_called_free(&self, domain: u32, time: Timestamp) -> bool {
        const WEEKS_A_YEAR: f64 = 52.0;
        let week = u64::try_from(time.as_second() / (7 * 24 * 3600)).unwrap_or(0);
        let drawn = draw(
            self.parameters.seed,
            u64::from(domain),
            Purpose::FalseLoss,
            week,
        );
        drawn.is_below(self.parameters.false_losses / WEEKS_A_YEAR)
    }

    /// Whether Fastly shows this redemption, or this pending delete, for what it is.
    fn is_shown(&self, domain: u32, position: usize, span: Span) -> bool {
        let occasion = (u64::from(span.tenure) << 32) | position as u64;
        draw(
            self.parameters.seed,
            u64::from(domain),
            Purpose::Visible,
            occasion,
        )
        .is_below(self.parameters.visible)
    }
}

fn in_use(front: Front) -> FastlyAnswer {
    match front {
        Front::Own
        | Front::RegistrarPage {
            is_recognised: false,
            ..
        } => FastlyAnswer::Active,
        Front::Nothing => FastlyAnswer::Undelegated,
        Front::Parked { .. }
        | Front::RegistrarPage {
            is_recognised: true,
            ..
        } => FastlyAnswer::Parked,
        Front::ForSale { .. } => FastlyAnswer::ForSale,
    }
}
