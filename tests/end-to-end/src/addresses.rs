//! Addresses as a registry's database has them.

use std::collections::BTreeSet;
use std::fmt::Write;

/// The addresses of a file that are un-verified.
pub type Unverified = BTreeSet<String>;

/// 1,000 addresses on 400 watched domains: sub-domains, names in both forms, upper case, trailing dots, private suffixes,
/// 300 at one provider, and 12 behind which no domain can be watched, for six reasons.
pub fn a_thousand() -> Vec<String> {
    let mut addresses: Vec<String> = (0..300).map(|n| format!("user{n}@gmail.com")).collect();
    for n in 0..389 {
        addresses.push(format!("a@domain{n}.org"));
        if n >= 289 {
            continue;
        }
        addresses.push(match n % 3 {
            0 => format!("b@mail.domain{n}.org"),
            1 => format!("b@DOMAIN{n}.ORG"),
            _ => format!("b@domain{n}.org."),
        });
    }
    addresses.extend(["i@bücher.de", "j@xn--bcher-kva.de", "k@BÜCHER.de"].map(String::from));
    addresses.extend((0..4).map(|n| format!("p@shop{n}.uk.com")));
    addresses.extend((0..3).map(|n| format!("q@user{n}.github.io")));
    let unwatchable = [
        "a@[192.0.2.1]",
        "b@192.0.2.2",
        "c@host.test",
        "d@mail.local",
        "e@co.uk",
        "f@com",
        "g@under_score.org",
        "h@-dash.org",
        "i@server.corp",
        "j@hostname",
        "nobody",
        "@example.org",
    ];
    addresses.extend(unwatchable.map(String::from));
    addresses
}

/// Two addresses at a domain that was registered again between their verifications.
pub const OLDER: &str = "older@comeback.dev";
/// The one that its present owner has verified.
pub const NEWER: &str = "newer@comeback.dev";

/// A file of addresses, each verified in 2020, but for [`NEWER`].
pub fn csv(addresses: &[String]) -> String {
    let mut csv = String::from("email,verified_at,account\n");
    for (number, address) in addresses.iter().enumerate() {
        // A string takes all that is written to it.
        let year = if address == NEWER { 2026 } else { 2020 };
        let _ = writeln!(csv, "{address},{year}-10-01T00:00:00Z,user{number}");
    }
    csv
}
