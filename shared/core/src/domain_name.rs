//! Which domains an address depends on: registrable names, by the Public Suffix List.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use psl::{List, Psl, Type};
use serde::{Deserialize, Serialize};

/// A registrable domain in lower-case A-label form, without a trailing dot.
///
/// "Registrable" is by the Public Suffix List, both sections: `shop.uk.com` under the private suffix `uk.com` is one, and
/// so is `uk.com` itself, which somebody registered under `com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its top-level domain is a generic one, whose domains live by ICANN's rules. Two letters are a country's (ISO
    /// 3166); one in another script may be, and is taken for one: country codes are watched more closely.
    pub fn is_generic(&self) -> bool {
        let top = self.0.rsplit('.').next().unwrap_or_default();
        top.len() > 2 && !top.starts_with("xn--")
    }

    /// The public suffix below which the name was registered, by the Public Suffix List; and whether that suffix is a private
    /// one, whose names its owner gives out and no registry knows.
    pub fn suffix(&self) -> (&str, SuffixKind) {
        match psl::suffix(self.0.as_bytes()) {
            Some(suffix) => {
                let kind = match suffix.typ() {
                    Some(psl::Type::Private) => SuffixKind::Private,
                    Some(psl::Type::Icann) | None => SuffixKind::Registry,
                };
                let start = self.0.len().saturating_sub(suffix.as_bytes().len());
                (self.0.get(start..).unwrap_or_default(), kind)
            }
            None => ("", SuffixKind::Registry),
        }
    }

    /// A number that is the same for the name on every machine and in every version: FNV-1a, 64 bits. It spreads names
    /// over shards and looks over days.
    pub fn spread(&self) -> u64 {
        self.0.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}

/// Who gives out names below a public suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuffixKind {
    /// A registry: it tells of its names by RDAP.
    Registry,
    /// The suffix's owner, as at `uk.com`.
    Private,
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl TryFrom<String> for DomainName {
    type Error = NotADomain;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for DomainName {
    type Err = NotADomain;

    /// Reads a registrable domain; a sub-domain is refused rather than reduced, so that nobody asks about a name he did
    /// not write. The owner's name of a private suffix (`uk.com`) is one too. Upper case, U-labels and a trailing dot are accepted.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = host_name(text).map_err(NotADomain::Unwatchable)?;
        if below(&host, icann_suffix_len(&host)).is_some_and(|name| name.0 == host) {
            return Ok(Self(host));
        }
        let WatchedNames { tenant, .. } =
            WatchedNames::of_host(&host).map_err(NotADomain::Unwatchable)?;
        if tenant.0 == host {
            Ok(tenant)
        } else {
            Err(NotADomain::BelowRegistrable {
                registrable: tenant,
            })
        }
    }
}

/// Why a text is not a registrable domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADomain {
    /// It can not be watched at all.
    #[error("it cannot be watched: {0}")]
    Unwatchable(Unwatchable),
    /// It is below a registrable domain.
    #[error("it is not a registrable domain but a name below one; ask about {registrable}")]
    BelowRegistrable {
        /// The registrable domain that it is below.
        registrable: DomainName,
    },
}

/// The domains whose loss is the loss of an address: one, or two below a private suffix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedNames {
    /// The registrable domain by the whole list: the tenant's, where the suffix is a private one.
    pub tenant: DomainName,
    /// The name of the private suffix's owner, registrable under an ICANN suffix.
    pub suffix_owner: Option<DomainName>,
}

impl WatchedNames {
    /// The domains behind an e-mail address.
    pub fn of_address(address: &str) -> Result<Self, Unwatchable> {
        let (local, host) = address
            .trim()
            .rsplit_once('@')
            .ok_or(Unwatchable::NotAnAddress)?;
        if local.is_empty() || host.is_empty() || local.chars().any(|c| c.is_control() || c == ' ')
        {
            return Err(Unwatchable::NotAnAddress);
        }
        Self::of_host(host)
    }

    /// The domains behind a host name, in any case, in U-labels or A-labels, with or without a trailing dot.
    pub fn of_host(host: &str) -> Result<Self, Unwatchable> {
        let host = host_name(host)?;
        let suffix = List
            .suffix(host.as_bytes())
            .ok_or(Unwatchable::NotAHostName)?;
        let Some(kind) = suffix.typ() else {
            return Err(Unwatchable::UnknownTopLevelDomain);
        };
        let Some(tenant) = below(&host, suffix.as_bytes().len()) else {
            return Err(Unwatchable::PublicSuffix);
        };
        let suffix_owner = match kind {
            Type::Icann => None,
            Type::Private => below(&host, icann_suffix_len(&host)),
        };
        Ok(Self {
            tenant,
            suffix_owner,
        })
    }

    /// The names, the tenant's first.
    pub fn iter(&self) -> impl Iterator<Item = &DomainName> {
        std::iter::once(&self.tenant).chain(&self.suffix_owner)
    }
}

/// Why no domain can be watched for an address. Reported and counted, never un-verified for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Unwatchable {
    /// There is no domain in it.
    #[error("not an e-mail address")]
    NotAnAddress,
    /// `user@[192.0.2.1]`: nobody registers an IP address.
    #[error("the domain is an IP address literal")]
    IpLiteral,
    /// The domain is not a legal host name (RFC 1123, RFC 5891).
    #[error("the domain is not a legal host name")]
    NotAHostName,
    /// A name that is not in the public DNS (RFC 6761 and IANA's registry of special-use names).
    #[error("the domain is a special-use name, outside the public DNS")]
    SpecialUse,
    /// The domain is itself a public suffix: registered with nobody below it.
    #[error("the domain is itself a public suffix")]
    PublicSuffix,
    /// Its top-level domain is not on the Public Suffix List.
    #[error("the top-level domain is not known")]
    UnknownTopLevelDomain,
}

impl Unwatchable {
    /// Every reason, in the order of their checks.
    pub const ALL: [Self; 6] = [
        Self::NotAnAddress,
        Self::IpLiteral,
        Self::NotAHostName,
        Self::SpecialUse,
        Self::PublicSuffix,
        Self::UnknownTopLevelDomain,
    ];
}

/// The host name that a text spells, if it is one of the public DNS.
fn host_name(text: &str) -> Result<String, Unwatchable> {
    if is_ip_literal(text) {
        return Err(Unwatchable::IpLiteral);
    }
    let host = to_a_labels(text)?;
    if is_special_use(&host) {
        Err(Unwatchable::SpecialUse)
    } else {
        Ok(host)
    }
}

/// Lower-case A-labels without the root's dot, checked as a host name: letters, digits and inner hyphens, with DNS lengths.
fn to_a_labels(host: &str) -> Result<String, Unwatchable> {
    let host = host.strip_suffix('.').unwrap_or(host);
    Uts46::new()
        .to_ascii(
            host.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Unwatchable::NotAHostName)
}

fn is_ip_literal(host: &str) -> bool {
    host.starts_with('[')
        || host
            .strip_suffix('.')
            .unwrap_or(host)
            .parse::<IpAddr>()
            .is_ok()
}

/// Top-level names that nobody can register: RFC 6761, RFC 7686 (`onion`), RFC 9476 (`alt`), ICANN's `internal`, and `arpa`.
/// `example.com` and its like are registered (by IANA) and so are watched as any name.
fn is_special_use(host: &str) -> bool {
    const SPECIAL: [&str; 9] = [
        "alt",
        "arpa",
        "example",
        "internal",
        "invalid",
        "local",
        "localhost",
        "onion",
        "test",
    ];
    let top = host.rsplit('.').next().unwrap_or(host);
    SPECIAL.contains(&top)
}

/// The name one label longer than the suffix of `suffix_len` bytes; `None` if the host is that suffix.
fn below(host: &str, suffix_len: usize) -> Option<DomainName> {
    let rest = host
        .len()
        .checked_sub(suffix_len + 1)
        .and_then(|end| host.get(..end))?;
    let start = rest.rfind('.').map_or(0, |dot| dot + 1);
    host.get(start..).map(|name| DomainName(name.to_owned()))
}

/// The length of the ICANN suffix of a host: private suffixes are stepped over, label by label.
fn icann_suffix_len(host: &str) -> usize {
    let mut rest = host;
    loop {
        match List.suffix(rest.as_bytes()) {
            Some(suffix) if suffix.typ() == Some(Type::Private) => {
                let inner = &rest[rest.len() - suffix.as_bytes().len()..];
                match inner.split_once('.') {
                    Some((_, parent)) => rest = parent,
                    None => return inner.len(),
                }
            }
            Some(suffix) => return suffix.as_bytes().len(),
            None => return rest.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(address: &str) -> Vec<String> {
        WatchedNames::of_address(address)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn reason(address: &str) -> Unwatchable {
        WatchedNames::of_address(address).unwrap_err()
    }

    #[test]
    fn every_spelling_of_a_domain_is_one_name() {
        for address in [
            "a@Example.ORG",
            "a@mail.example.org",
            "a@example.org.",
            " a@x.y.EXAMPLE.org ",
        ] {
            assert_eq!(names(address), ["example.org"]);
        }
        for address in [
            "a@bücher.de",
            "a@BÜCHER.de",
            "a@xn--bcher-kva.de",
            "a@mail.xn--BCHER-kva.de.",
        ] {
            assert_eq!(names(address), ["xn--bcher-kva.de"]);
        }
        assert_eq!(names("a@shop.example.co.uk"), ["example.co.uk"]);
    }

    #[test]
    fn an_address_below_a_private_suffix_depends_on_both_owners() {
        assert_eq!(names("a@shop.uk.com"), ["shop.uk.com", "uk.com"]);
        assert_eq!(names("a@mail.shop.uk.com"), ["shop.uk.com", "uk.com"]);
        assert_eq!(names("a@user.github.io"), ["user.github.io", "github.io"]);
    }

    #[test]
    fn what_cannot_be_watched_says_why() {
        for (address, why) in [
            ("nobody", Unwatchable::NotAnAddress),
            ("@example.org", Unwatchable::NotAnAddress),
            ("a@", Unwatchable::NotAnAddress),
            ("a@[192.0.2.1]", Unwatchable::IpLiteral),
            ("a@192.0.2.1", Unwatchable::IpLiteral),
            ("a@[IPv6:2001:db8::1]", Unwatchable::IpLiteral),
            ("a@under_score.org", Unwatchable::NotAHostName),
            ("a@-dash.org", Unwatchable::NotAHostName),
            ("a@two..dots.org", Unwatchable::NotAHostName),
            ("a@host.test", Unwatchable::SpecialUse),
            ("a@mail.local", Unwatchable::SpecialUse),
            ("a@localhost", Unwatchable::SpecialUse),
            ("a@abc.onion", Unwatchable::SpecialUse),
            ("a@co.uk", Unwatchable::PublicSuffix),
            ("a@com", Unwatchable::PublicSuffix),
            ("a@github.io", Unwatchable::PublicSuffix),
            ("a@server.corp", Unwatchable::UnknownTopLevelDomain),
            ("a@hostname", Unwatchable::UnknownTopLevelDomain),
        ] {
            assert_eq!(reason(address), why, "{address}");
        }
    }

    #[test]
    fn a_sub_domain_is_not_silently_reduced_where_a_domain_is_asked_for() {
        assert_eq!(
            "Example.ORG.".parse::<DomainName>().unwrap().as_str(),
            "example.org"
        );
        assert_eq!(
            "uk.com".parse::<DomainName>().map(String::from),
            Ok("uk.com".to_owned())
        );
        assert!(matches!(
            "mail.example.org".parse::<DomainName>(),
            Err(NotADomain::BelowRegistrable { registrable }) if registrable.as_str() == "example.org"
        ));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_name_reads_back_as_itself(text in "\\PC{0,40}") {
            if let Ok(names) = WatchedNames::of_address(&text) {
                for name in names.iter() {
                    let again: DomainName = name.as_str().parse().unwrap();
                    prop_assert_eq!(&again, name);
                }
            }
        }

        #[test]
        fn a_sub_domain_depends_on_what_its_domain_depends_on(label in "[a-z][a-z0-9]{0,10}", sub in "[a-z][a-z0-9]{0,10}") {
            for suffix in ["com", "co.uk", "uk.com", "github.io", "s3.dualstack.us-east-1.amazonaws.com"] {
                let one = WatchedNames::of_host(&format!("{label}.{suffix}"));
                let two = WatchedNames::of_host(&format!("{sub}.{label}.{suffix}"));
                if let (Ok(one), Ok(two)) = (one, two) && one.tenant.as_str() == format!("{label}.{suffix}") {
                    prop_assert_eq!(one, two);
                }
            }
        }
    }
}
