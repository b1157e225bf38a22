//! The name of a host: a name server, a mail server, an RDAP server.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name that the DNS can carry, in characters (RFC 1035, 2.3.4).
const LONGEST: usize = 253;

/// The name of a host in lower case, without a dot at its end; an address in digits counts as one. Two that are equal name the
/// same host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

impl HostName {
    /// Reads a name as RDAP, the DNS and URLs write it; `None` if it holds what no host's name does.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim_end_matches('.');
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (!name.is_empty() && name.len() <= LONGEST && name.bytes().all(is_legal))
            .then(|| Self(name.to_ascii_lowercase()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

/// A stored name that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not the name of a host")]
pub struct NotAHost;

impl TryFrom<String> for HostName {
    type Error = NotAHost;

    fn try_from(text: String) -> Result<Self, NotAHost> {
        Self::parse(&text).ok_or(NotAHost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_host_are_equal_however_they_are_written() {
        let name = HostName::parse("NS1.Example.ORG.").unwrap();
        assert_eq!(name.as_str(), "ns1.example.org");
        assert_eq!(HostName::parse("ns1.example.org"), Some(name));
        for text in [
            "",
            ".",
            "a b",
            "ns1\u{1b}[31m.org",
            "münchen.de",
            "a/b",
            "[::1]",
        ] {
            assert_eq!(HostName::parse(text), None, "{text:?}");
        }
        assert_eq!(HostName::parse(&"a".repeat(254)), None);
    }
}
