//! What stands at a registered name: its owner's servers, a parking page, nothing.

use super::World;
use crate::draw::Purpose;
use crate::history::{Holder, Span, State};
use crate::parameters::{
    FOR_SALE, PARKED, PARKED_TAKES_MAIL, REGISTRAR_PAGE_SEEN, REGISTRAR_TAKES_MAIL,
    SPECULATOR_SELLS, SPECULATOR_TAKES_MAIL, UNDELEGATED,
};

/// What a registered name shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Front {
    /// Its holder's own servers, mail included.
    Own,
    /// No name servers.
    Nothing,
    /// Parked by its holder.
    Parked {
        /// Whether it takes mail.
        mail: Mail,
    },
    /// For sale by its holder.
    ForSale {
        /// Whether it takes mail.
        mail: Mail,
    },
    /// The registrar's page at an expired name.
    RegistrarPage {
        /// Whether Fastly takes it for parking.
        is_recognised: bool,
        /// Whether it takes mail.
        mail: Mail,
    },
}

/// Whether a name has a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mail {
    /// It has.
    Taken,
    /// It has none.
    Refused,
}

impl Front {
    /// Whether the name has a mail server.
    pub(crate) fn mail(self) -> Mail {
        match self {
            Self::Own => Mail::Taken,
            Self::Nothing => Mail::Refused,
            Self::Parked { mail } | Self::ForSale { mail } | Self::RegistrarPage { mail, .. } => {
                mail
            }
        }
    }
}

impl World {
    /// What stands at a name that is registered.
    pub(crate) fn front(&self, domain: u32, span: Span) -> Front {
        let drawn = self.of_tenure(domain, span, Purpose::Use).unit();
        if span.state == State::Interrupted {
            let page = self.of_tenure(domain, span, Purpose::Parking).unit();
            return Front::RegistrarPage {
                is_recognised: page < REGISTRAR_PAGE_SEEN,
                mail: taken_if(drawn < REGISTRAR_TAKES_MAIL),
            };
        }
        match self.history(domain).tenure(span).holder {
            Holder::Owner if drawn < UNDELEGATED => Front::Nothing,
            Holder::Owner if drawn < UNDELEGATED + FOR_SALE => Front::ForSale { mail: Mail::Taken },
            Holder::Owner if drawn < UNDELEGATED + FOR_SALE + PARKED => {
                let mail = self.of_tenure(domain, span, Purpose::Parking);
                Front::Parked {
                    mail: taken_if(mail.is_below(PARKED_TAKES_MAIL)),
                }
            }
            Holder::Owner | Holder::Attacker => Front::Own,
            Holder::Speculator => {
                let mail = self.of_tenure(domain, span, Purpose::Parking);
                let mail = taken_if(mail.is_below(SPECULATOR_TAKES_MAIL));
                if drawn < SPECULATOR_SELLS {
                    Front::ForSale { mail }
                } else {
                    Front::Parked { mail }
                }
            }
        }
    }
}

fn taken_if(is_taken: bool) -> Mail {
    if is_taken { Mail::Taken } else { Mail::Refused }
}
