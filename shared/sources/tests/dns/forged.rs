//! Answers to a question that was not asked: what somebody sends who guesses at what was.

use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{DNSClass, RecordType};
use lapsewatch_core::{DnsFailure, DnsFinding};
use tokio::task::JoinSet;

use crate::liar::{Liar, answer, bytes, delegated, delegation, denial, framed, name};
use crate::{ask, unreadable};

/// A denial and a delegation that would be believed if they answered what was asked.
const SAID: [fn(&Message) -> Message; 2] = [|question| denial(question, "org."), delegation];

/// What makes the answer one to another question.
type Forged = fn(&mut Message);

const OTHER_ID: Forged = |answer| answer.metadata.id ^= 1;
const OTHER_QUESTIONS: [Forged; 4] = [
    |answer| set(answer, |query| query.set_name(name("other.org."))),
    |answer| set(answer, |query| query.set_query_type(RecordType::A)),
    |answer| set(answer, |query| query.set_query_class(DNSClass::CH)),
    |answer| answer.queries.clear(),
];

fn set(answer: &mut Message, change: impl Fn(&mut Query) -> &mut Query) {
    change(&mut answer.queries[0]);
}

fn forge(mut answer: Message, forged: Forged) -> Vec<u8> {
    forged(&mut answer);
    bytes(&answer)
}

#[tokio::test]
async fn a_packet_with_another_id_or_to_another_question_is_not_believed() {
    // Each is waited out, since the right answer might still come: all at once.
    let mut asked = JoinSet::new();
    for said in SAID {
        for forged in OTHER_QUESTIONS.into_iter().chain([OTHER_ID]) {
            asked.spawn(async move {
                let packets = move |question: &Message| vec![forge(said(question), forged)];
                let liar = Liar::by_udp(packets).await;
                ask(liar.port, "a.org").await
            });
        }
    }
    for finding in asked.join_all().await {
        let reason = DnsFailure::TimedOut;
        assert_eq!(finding, DnsFinding::NoAnswer { reason });
    }
}

#[tokio::test]
async fn a_forged_packet_does_not_hide_the_answer_that_follows_it() {
    for forged in OTHER_QUESTIONS.into_iter().chain([OTHER_ID]) {
        let denied = Liar::by_udp(move |question| {
            let right = bytes(&denial(question, "org."));
            vec![forge(delegation(question), forged), right]
        })
        .await;
        assert_eq!(ask(denied.port, "a.org").await, DnsFinding::NoSuchDomain);
        let there = Liar::by_udp(move |question| {
            let right = bytes(&delegation(question));
            vec![forge(denial(question, "org."), forged), right]
        })
        .await;
        assert_eq!(ask(there.port, "a.org").await, delegated());
    }
}

/// Sends the client on to TCP.
fn too_long(question: &Message) -> Vec<Vec<u8>> {
    vec![bytes(&answer(question).truncate())]
}

#[tokio::test]
async fn an_answer_by_tcp_to_another_question_is_not_believed() {
    for said in SAID {
        for forged in OTHER_QUESTIONS {
            let liar = Liar::by_udp_and_tcp(too_long, move |question| {
                framed(&forge(said(question), forged))
            })
            .await;
            assert_eq!(ask(liar.port, "a.org").await, unreadable());
        }
    }
}

#[tokio::test]
async fn an_answer_by_tcp_with_another_id_does_not_hide_the_one_that_follows_it() {
    let there = Liar::by_udp_and_tcp(too_long, |question| {
        let forged = framed(&forge(denial(question, "org."), OTHER_ID));
        [forged, framed(&bytes(&delegation(question)))].concat()
    })
    .await;
    assert_eq!(ask(there.port, "a.org").await, delegated());
}
