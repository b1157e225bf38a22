//! What an authoritative server says, and what comes of it.

use lapsewatch_core::{DnsFailure, DnsFinding};

use crate::testing::Nsd;
use crate::{ask, hosts};

const ORG: &str = "$ORIGIN org.
$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 127.0.0.1
mail NS ns
nomail NS ns
nullmx NS ns
lame NS ns.nowhere.example.
host A 192.0.2.1
a.nonterminal A 192.0.2.1
alias CNAME missing
";

fn child(records: &str) -> String {
    format!("$TTL 60\n@ SOA ns.org. hostmaster 1 60 60 60 60\n@ NS ns.org.\n{records}")
}

/// One server for a zone and those that it delegates.
fn org() -> Nsd {
    Nsd::start(&[
        ("org", ORG),
        (
            "mail.org",
            &child("@ MX 20 b.example.net.\n@ MX 10 a.example.net.\n"),
        ),
        ("nomail.org", &child("www A 192.0.2.1\n")),
        ("nullmx.org", &child("@ MX 0 .\n")),
    ])
}

#[tokio::test]
async fn a_delegated_name_is_told_with_its_servers_and_who_takes_its_mail() {
    let nsd = org();
    for (name, mail_servers) in [
        ("mail.org", &["a.example.net", "b.example.net"][..]),
        ("nomail.org", &[]),
        ("nullmx.org", &[]),
    ] {
        assert_eq!(
            ask(nsd.port(), name).await,
            DnsFinding::Delegated {
                name_servers: hosts(&["ns.org"]),
                mail_servers: hosts(mail_servers),
            },
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_name_whose_servers_do_not_answer_for_it_is_delegated_and_lame() {
    let nsd = org();
    let name_servers = hosts(&["ns.nowhere.example"]);
    assert_eq!(
        ask(nsd.port(), "lame.org").await,
        DnsFinding::Lame { name_servers }
    );
}

#[tokio::test]
async fn only_a_name_that_the_zone_above_denies_is_no_such_domain() {
    let nsd = org();
    assert_eq!(
        ask(nsd.port(), "missing.org").await,
        DnsFinding::NoSuchDomain
    );
    let reason = DnsFailure::Unreadable;
    for there in ["host.org", "nonterminal.org", "alias.org"] {
        assert_eq!(
            ask(nsd.port(), there).await,
            DnsFinding::NoAnswer { reason },
            "{there}"
        );
    }
    let reason = DnsFailure::Refused;
    let elsewhere = ask(nsd.port(), "missing.net").await;
    assert_eq!(
        elsewhere,
        DnsFinding::NoAnswer { reason },
        "not this server's to say"
    );
}

#[tokio::test]
async fn a_server_that_is_gone_is_no_answer() {
    let port = org().port();
    assert!(matches!(
        ask(port, "missing.org").await,
        DnsFinding::NoAnswer { .. }
    ));
}
