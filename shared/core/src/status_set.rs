//! What Fastly's domain status string says: an ordered list of tokens, the last the most significant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One token of a domain status.
///
/// The known ones are those of Fastly's Domain Research status API; a token we have not met is kept as it came and
/// decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// An error or misconfiguration upstream.
    Unknown,
    /// Not present in the DNS. Decides nothing by itself.
    Undelegated,
    /// Available for new registration.
    Inactive,
    /// The top-level domain is not in the root yet.
    Pending,
    /// Cannot be registered: disallowed by the registry.
    Disallowed,
    /// Cannot be registered: claimed.
    Claimed,
    /// Cannot be registered: reserved.
    Reserved,
    /// Cannot be registered: on a Domains Protected Marks List.
    Dpml,
    /// Cannot be registered: technically invalid.
    Invalid,
    /// Registered.
    Active,
    /// Registered and parked.
    Parked,
    /// For sale on the aftermarket.
    Marketed,
    /// For sale on the aftermarket at a price.
    Priced,
    /// Registered and transferable through the aftermarket.
    Transferable,
    /// Past expiry, for example in redemption.
    Expiring,
    /// Being deleted, for example in pending delete.
    Deleting,
    /// For sale by the registry itself.
    Premium,
    /// The name is a public suffix.
    Suffix,
    /// The name is a zone under which others register.
    Zone,
    /// The name is a top-level domain.
    Tld,
    /// A token that is not in the list above, as it came.
    Unseen(String),
}

impl Token {
    /// The twenty known tokens with their spelling on the wire.
    pub const KNOWN: [(Self, &'static str); 20] = [
        (Self::Unknown, "unknown"),
        (Self::Undelegated, "undelegated"),
        (Self::Inactive, "inactive"),
        (Self::Pending, "pending"),
        (Self::Disallowed, "disallowed"),
        (Self::Claimed, "claimed"),
        (Self::Reserved, "reserved"),
        (Self::Dpml, "dpml"),
        (Self::Invalid, "invalid"),
        (Self::Active, "active"),
        (Self::Parked, "parked"),
        (Self::Marketed, "marketed"),
        (Self::Priced, "priced"),
        (Self::Transferable, "transferable"),
        (Self::Expiring, "expiring"),
        (Self::Deleting, "deleting"),
        (Self::Premium, "premium"),
        (Self::Suffix, "suffix"),
        (Self::Zone, "zone"),
        (Self::Tld, "tld"),
    ];

    fn parse(text: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find_map(|(token, spelling)| (spelling == text).then_some(token))
            .unwrap_or_else(|| Self::Unseen(text.to_owned()))
    }

    /// What this token, being decisive, says about the registration; `None` for a token that only qualifies another.
    fn registration(&self) -> Option<Registration> {
        match self {
            Self::Inactive => Some(Registration::Available),
            Self::Disallowed | Self::Claimed | Self::Reserved | Self::Dpml | Self::Invalid => {
                Some(Registration::NotRegistrable)
            }
            Self::Active | Self::Parked | Self::Marketed | Self::Priced | Self::Transferable => {
                Some(Registration::Registered)
            }
            Self::Expiring => Some(Registration::Expiring),
            Self::Deleting => Some(Registration::Deleting),
            Self::Unknown | Self::Pending | Self::Unseen(_) => Some(Registration::Undecided),
            Self::Undelegated | Self::Premium | Self::Suffix | Self::Zone | Self::Tld => None,
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::KNOWN.iter().find(|(token, _)| token == self);
        f.write_str(match (self, known) {
            (Self::Unseen(text), _) => text,
            (_, Some((_, spelling))) => spelling,
            (_, None) => "",
        })
    }
}

/// What a whole status says about the registration of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anyone can register it.
    Available,
    /// The public cannot register it, and it is not lapsed.
    NotRegistrable,
    /// Registered.
    Registered,
    /// Registered and past expiry; its owner can still restore it.
    Expiring,
    /// About to be released.
    Deleting,
    /// Nothing that could be relied upon.
    Undecided,
}

/// A domain status: tokens in increasing order of precedence, as Fastly sends them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct StatusSet(Vec<Token>);

impl StatusSet {
    /// Reads a space-separated status. Every token is kept; nothing is refused.
    pub fn parse(text: &str) -> Self {
        Self(text.split_ascii_whitespace().map(Token::parse).collect())
    }

    /// The tokens, least significant first.
    pub fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Whether the token stands anywhere in the status. Whole tokens only: `inactive` does not contain `active`.
    pub fn has(&self, token: &Token) -> bool {
        self.0.contains(token)
    }

    /// The tokens that are not in Fastly's documented list.
    pub fn unseen(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|token| match token {
            Token::Unseen(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// What the status says: its last decisive token, unless something in it forbids relying on that.
    ///
    /// `unknown`, `pending` and an unseen token anywhere make a loss unreliable: an upstream failed or said something we
    /// cannot weigh. So does a public suffix: nobody lapses by `inactive zone`.
    pub fn registration(&self) -> Registration {
        let decisive = self.0.iter().rev().find_map(Token::registration);
        let doubtful = self.0.iter().any(|token| {
            matches!(
                token,
                Token::Unknown
                    | Token::Pending
                    | Token::Unseen(_)
                    | Token::Suffix
                    | Token::Zone
                    | Token::Tld
            )
        });
        match decisive.unwrap_or(Registration::Undecided) {
            Registration::Available | Registration::Expiring | Registration::Deleting
                if doubtful =>
            {
                Registration::Undecided
            }
            said => said,
        }
    }

    /// Signs that a registered name may be about to change hands: parked or on the aftermarket. They shorten the interval
    /// to the next look and decide nothing.
    pub fn has_soft_signal(&self) -> bool {
        self.0.iter().any(|token| {
            matches!(
                token,
                Token::Parked | Token::Marketed | Token::Priced | Token::Transferable
            )
        })
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            token.fmt(f)?;
        }
        Ok(())
    }
}

impl From<String> for StatusSet {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<StatusSet> for String {
    fn from(status: StatusSet) -> Self {
        status.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn says(status: &str) -> Registration {
        StatusSet::parse(status).registration()
    }

    #[test]
    fn the_recorded_answers_say_what_they_mean() {
        assert_eq!(says("undelegated inactive"), Registration::Available);
        assert_eq!(
            says("undelegated inactive premium"),
            Registration::Available
        );
        assert_eq!(says("undelegated"), Registration::Undecided);
        assert_eq!(says("unknown"), Registration::Undecided);
        assert_eq!(says(""), Registration::Undecided);
        assert_eq!(says("active"), Registration::Registered);
        assert_eq!(says("undelegated active"), Registration::Registered);
        assert_eq!(
            says("marketed priced transferable active"),
            Registration::Registered
        );
        assert_eq!(says("active zone tld"), Registration::Registered);
        assert_eq!(says("active expiring"), Registration::Expiring);
        assert_eq!(says("active expiring deleting"), Registration::Deleting);
    }

    #[test]
    fn a_later_token_outweighs_an_earlier_one() {
        assert_eq!(says("inactive active"), Registration::Registered);
        assert_eq!(says("inactive reserved"), Registration::NotRegistrable);
        assert_eq!(says("expiring active"), Registration::Registered);
    }

    #[test]
    fn doubt_anywhere_makes_a_loss_unreliable_but_not_a_registration() {
        for doubt in ["unknown", "pending", "sparkling", "zone", "suffix", "tld"] {
            assert_eq!(says(&format!("{doubt} inactive")), Registration::Undecided);
            assert_eq!(says(&format!("{doubt} expiring")), Registration::Undecided);
        }
        assert_eq!(says("unknown active"), Registration::Registered);
        assert_eq!(says("active sparkling"), Registration::Undecided);
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_tokens_in_order(words in proptest::collection::vec("[!-~]{1,12}", 0..8)) {
            let text = words.join(" ");
            prop_assert_eq!(StatusSet::parse(&text).to_string(), text);
        }

        #[test]
        fn only_inactive_expiring_or_deleting_can_say_a_loss(words in proptest::collection::vec("[a-z]{1,12}", 0..8)) {
            let status = StatusSet::parse(&words.join(" "));
            let lost = matches!(
                status.registration(),
                Registration::Available | Registration::Expiring | Registration::Deleting
            );
            let said = [Token::Inactive, Token::Expiring, Token::Deleting].iter().any(|token| status.has(token));
            prop_assert!(!lost || said);
        }

        #[test]
        fn an_unseen_token_never_makes_a_loss(
            known in proptest::collection::vec(0..20_usize, 0..6), at in 0..7_usize, unseen in "[a-z]{13,16}"
        ) {
            let mut words: Vec<String> = known.into_iter().map(|i| Token::KNOWN[i].1.to_owned()).collect();
            words.insert(at.min(words.len()), unseen);
            let said = StatusSet::parse(&words.join(" ")).registration();
            prop_assert!(!matches!(
                said,
                Registration::Available | Registration::Expiring | Registration::Deleting
            ));
        }
    }
}
