//! Answers too long for a packet: the client has to come back by TCP, and believes nothing of what was cut off.

use hickory_resolver::proto::op::Message;
use lapsewatch_core::DnsFinding;

use crate::liar::{Liar, answer, bytes, delegated, delegation, denial, framed};
use crate::{ask, unreadable};

/// What a test's server says.
type Said = fn(&Message) -> Message;

fn denied(question: &Message) -> Message {
    denial(question, "org.")
}

fn nothing(question: &Message) -> Message {
    answer(question).truncate()
}

fn truncated(said: Said) -> impl Fn(&Message) -> Vec<Vec<u8>> {
    move |question| {
        let mut answer = said(question);
        answer.metadata.truncation = true;
        vec![bytes(&answer)]
    }
}

#[tokio::test]
async fn a_truncated_answer_gives_way_to_the_one_by_tcp() {
    for (by_udp, by_tcp, finding) in [
        (denied as Said, delegation as Said, delegated()),
        (delegation, denied, DnsFinding::NoSuchDomain),
        (nothing, denied, DnsFinding::NoSuchDomain),
    ] {
        let liar = Liar::by_udp_and_tcp(truncated(by_udp), move |question| {
            framed(&bytes(&by_tcp(question)))
        })
        .await;
        assert_eq!(ask(liar.port, "a.org").await, finding);
    }
}

#[tokio::test]
async fn a_truncated_answer_is_none_where_tcp_is_closed() {
    for said in [denied, delegation] {
        let liar = Liar::by_udp(truncated(said)).await;
        assert_eq!(ask(liar.port, "a.org").await, unreadable());
    }
}

#[tokio::test]
async fn an_answer_that_is_truncated_by_tcp_too_is_none() {
    for said in [denied, delegation] {
        let liar = Liar::by_udp_and_tcp(truncated(said), move |question| {
            framed(&truncated(said)(question)[0])
        })
        .await;
        assert_eq!(ask(liar.port, "a.org").await, unreadable());
    }
}
