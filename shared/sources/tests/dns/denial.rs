//! Which denials are believed, and what says nothing of the name.

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, NS};
use hickory_resolver::proto::rr::{RData, Record};
use lapsewatch_core::{DnsFailure, DnsFinding};

use crate::liar::{Liar, answer, bytes, denial, name};
use crate::{ask, hosts, unreadable};

/// A server with one answer to whatever it is asked.
async fn saying(answer: impl Fn(&Message) -> Message + Send + 'static) -> Liar {
    Liar::by_udp(move |question| vec![bytes(&answer(question))]).await
}

#[tokio::test]
async fn a_denial_is_believed_with_the_soa_of_the_zone_above_and_with_no_other() {
    for (zone, finding) in [
        ("org.", DnsFinding::NoSuchDomain),
        (".", unreadable()),
        ("example.net.", unreadable()),
        ("missing.org.", unreadable()),
        ("below.missing.org.", unreadable()),
        // It ends as the name does, and is none of the zones above it.
        ("sing.org.", unreadable()),
    ] {
        let liar = saying(|question| denial(question, zone)).await;
        assert_eq!(ask(liar.port, "missing.org").await, finding, "{zone}");
    }
    let anonymous = saying(|question| coded(question, ResponseCode::NXDomain)).await;
    assert_eq!(ask(anonymous.port, "missing.org").await, unreadable());
}

fn coded(question: &Message, code: ResponseCode) -> Message {
    let mut answer = answer(question);
    answer.metadata.response_code = code;
    answer
}

#[tokio::test]
async fn a_server_that_fails_says_nothing_about_the_name() {
    for (code, reason) in [
        (ResponseCode::ServFail, DnsFailure::ServerFailed),
        (ResponseCode::Refused, DnsFailure::Refused),
    ] {
        let liar = saying(move |question| coded(question, code)).await;
        assert_eq!(
            ask(liar.port, "a.org").await,
            DnsFinding::NoAnswer { reason }
        );
    }
}

fn server_of(owner: &str, server: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::NS(NS(name(server))))
}

#[tokio::test]
async fn servers_of_another_name_are_no_answer() {
    for owner in ["org.", "other.org.", "below.a.org."] {
        let answering = saying(move |question| {
            let mut answer = answer(question);
            answer.add_answer(server_of(owner, "ns.example.net."));
            answer
        })
        .await;
        assert_eq!(ask(answering.port, "a.org").await, unreadable(), "{owner}");
        let referring = saying(move |question| {
            let mut answer = answer(question);
            answer.add_authority(server_of(owner, "ns.example.net."));
            answer
        })
        .await;
        assert_eq!(ask(referring.port, "a.org").await, unreadable(), "{owner}");
        let both = saying(move |question| {
            let mut answer = answer(question);
            answer.add_answer(server_of("a.org.", "ns.example.org."));
            answer.add_authority(server_of(owner, "ns.example.net."));
            answer
        })
        .await;
        let finding = ask(both.port, "a.org").await;
        let own = hosts(&["ns.example.org"]);
        assert_eq!(finding.name_servers(), Some(&own[..]), "{owner}");
    }
}

#[tokio::test]
async fn a_denial_of_the_name_that_an_alias_leads_to_does_not_deny_the_alias() {
    for code in [ResponseCode::NoError, ResponseCode::NXDomain] {
        let liar = saying(move |question| {
            let mut answer = denial(question, "org.");
            if question.queries[0].name() == &name("alias.org.") {
                let gone = RData::CNAME(CNAME(name("gone.org.")));
                answer.metadata.response_code = code;
                answer.add_answer(Record::from_rdata(name("alias.org."), 60, gone));
            }
            answer
        })
        .await;
        assert_eq!(ask(liar.port, "gone.org").await, DnsFinding::NoSuchDomain);
        assert_eq!(ask(liar.port, "alias.org").await, unreadable(), "{code}");
    }
}

#[tokio::test]
async fn a_denial_that_comes_with_records_is_not_believed() {
    for owner in ["a.org.", "other.org."] {
        let liar = saying(move |question| {
            let mut answer = denial(question, "org.");
            let address = RData::A(A::new(192, 0, 2, 1));
            answer.add_answer(Record::from_rdata(name(owner), 60, address));
            answer
        })
        .await;
        assert_eq!(ask(liar.port, "a.org").await, unreadable(), "{owner}");
    }
}
