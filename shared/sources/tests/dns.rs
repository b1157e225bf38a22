//! The DNS as it really answers: NSD, an authoritative server; and a server that answers as it should not, packet by packet.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it fails"
)]

#[path = "../src/testing.rs"]
mod testing;

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::SOA;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use lapsewatch_core::{DnsFailure, DnsFinding, HostName};
use lapsewatch_sources::{Dns, DnsSetting, DnsSource};
use testing::Nsd;

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

async fn ask(port: u16, name: &str) -> DnsFinding {
    let setting = DnsSetting::read(Some(&format!("127.0.0.1:{port}"))).unwrap();
    let dns = Dns::new(&setting).unwrap().unwrap();
    dns.delegation(&name.parse().unwrap()).await
}

fn hosts(names: &[&str]) -> Vec<HostName> {
    names
        .iter()
        .map(|name| HostName::parse(name).unwrap())
        .collect()
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
    for there in ["host.org", "nonterminal.org"] {
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

/// A server that answers every question in one way.
struct Liar {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Liar {
    fn start(answer: impl Fn(&Message) -> Vec<u8> + Send + 'static) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let port = socket.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut packet = [0; 4096];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut packet) else {
                    continue;
                };
                let question = Message::from_vec(&packet[..length]).unwrap();
                let _ = socket.send_to(&answer(&question), from);
            }
        });
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }

    /// One that answers with a code, and the SOA of a zone.
    fn saying(code: ResponseCode, zone: Option<&'static str>) -> Self {
        Self::start(move |question| {
            let mut answer = question.clone();
            answer.metadata.message_type = MessageType::Response;
            answer.metadata.response_code = code;
            if let Some(zone) = zone {
                let zone = Name::from_ascii(zone).unwrap();
                let soa = SOA::new(zone.clone(), zone.clone(), 1, 60, 60, 60, 60);
                answer.add_authority(Record::from_rdata(zone, 60, RData::SOA(soa)));
            }
            answer.to_vec().unwrap()
        })
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[tokio::test]
async fn a_denial_is_believed_with_the_soa_of_the_zone_above_and_with_no_other() {
    for (zone, finding) in [
        (Some("org."), DnsFinding::NoSuchDomain),
        (None, unreadable()),
        (Some("."), unreadable()),
        (Some("example.net."), unreadable()),
        (Some("missing.org."), unreadable()),
    ] {
        let liar = Liar::saying(ResponseCode::NXDomain, zone);
        assert_eq!(ask(liar.port, "missing.org").await, finding, "{zone:?}");
    }
}

fn unreadable() -> DnsFinding {
    DnsFinding::NoAnswer {
        reason: DnsFailure::Unreadable,
    }
}

#[tokio::test]
async fn a_server_that_fails_says_nothing_about_the_name() {
    for (code, reason) in [
        (ResponseCode::ServFail, DnsFailure::ServerFailed),
        (ResponseCode::Refused, DnsFailure::Refused),
    ] {
        let liar = Liar::saying(code, None);
        assert_eq!(
            ask(liar.port, "a.org").await,
            DnsFinding::NoAnswer { reason }
        );
    }
}

#[tokio::test]
async fn an_answer_about_another_name_or_no_packet_at_all_is_no_answer() {
    let other = Liar::start(|question| {
        let mut answer = question.clone();
        answer.metadata.message_type = MessageType::Response;
        let name = Name::from_ascii("other.org.").unwrap();
        let server = hickory_resolver::proto::rr::rdata::NS(name.clone());
        answer.add_answer(Record::from_rdata(name, 60, RData::NS(server)));
        answer.to_vec().unwrap()
    });
    assert!(matches!(
        ask(other.port, "a.org").await,
        DnsFinding::NoAnswer { .. }
    ));
    let noise = Liar::start(|question| {
        assert_eq!(question.queries[0].query_type(), RecordType::NS);
        vec![0xff; 700]
    });
    assert!(matches!(
        ask(noise.port, "a.org").await,
        DnsFinding::NoAnswer { .. }
    ));
}
