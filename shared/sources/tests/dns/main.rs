//! The DNS as it really answers: NSD, an authoritative server; and a server that answers as it should not, packet by packet.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it fails"
)]

#[path = "../../src/testing.rs"]
mod testing;

mod any_bytes;
mod denial;
mod forged;
mod liar;
mod real_server;
mod truncated;

use lapsewatch_core::{DnsFailure, DnsFinding, HostName};
use lapsewatch_sources::{Dns, DnsSetting, DnsSource};

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

fn unreadable() -> DnsFinding {
    DnsFinding::NoAnswer {
        reason: DnsFailure::Unreadable,
    }
}
