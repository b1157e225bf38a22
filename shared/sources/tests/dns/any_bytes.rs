//! Any bytes at all: what is no delegation and no denial is no answer, and the client makes nothing else of it in its time.

use std::time::Duration;

use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::RecordType;
use lapsewatch_core::DnsFinding;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::ask;
use crate::liar::{Liar, answer, bytes, framed};

/// The client's own limit for the question of the zone above is 7 seconds; the rest is the machine's.
const LIMIT: Duration = Duration::from_secs(9);
/// They are all asked for at once, which takes as long as the slowest.
const NOISES: usize = 256;

#[derive(Clone, Copy, Debug)]
enum Way {
    Udp,
    Tcp,
    /// With no length in front: the client takes the first two bytes for one.
    TcpUnframed,
}

/// How far the answer is one.
#[derive(Clone, Debug)]
enum Start {
    Nothing,
    Id,
    /// The header with these flags and this code, the question, and records in each section.
    Question {
        flags: u8,
        code: u8,
        sections: [Vec<Vec<u8>>; 3],
    },
}

#[derive(Clone, Debug)]
struct Noise {
    way: Way,
    start: Start,
    bytes: Vec<u8>,
}

impl Noise {
    fn message(&self, question: &Message) -> Vec<u8> {
        let mut answer = answer(question);
        answer.edns = None;
        let mut message = bytes(&answer);
        match &self.start {
            Start::Nothing => message.clear(),
            Start::Id => message.truncate(2),
            Start::Question {
                flags,
                code,
                sections,
            } => {
                message[2] |= flags;
                message[3] = *code;
                for (section, records) in sections.iter().enumerate() {
                    message[7 + 2 * section] = u8::try_from(records.len()).unwrap();
                    message.extend(records.iter().flatten());
                }
            }
        }
        message.extend(&self.bytes);
        message
    }
}

fn noise() -> impl Strategy<Value = Noise> {
    let way = prop_oneof![6 => Just(Way::Udp), 1 => Just(Way::Tcp), 1 => Just(Way::TcpUnframed)];
    let flags = prop_oneof![3 => Just(0), 1 => any::<u8>()];
    // No error and NXDOMAIN are the codes that could say something.
    let code = prop_oneof![Just(0), Just(3), any::<u8>()];
    let sections = prop::array::uniform3(prop::collection::vec(record(), 0..2));
    let question = (flags, code, sections).prop_map(|(flags, code, sections)| Start::Question {
        flags,
        code,
        sections,
    });
    let start = prop_oneof![1 => Just(Start::Nothing), 1 => Just(Start::Id), 6 => question];
    let bytes = prop::collection::vec(any::<u8>(), 0..120);
    (way, start, bytes).prop_map(|(way, start, bytes)| Noise { way, start, bytes })
}

/// A record of the root, which says nothing of any name asked; its data may be none of its type.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop::sample::select(vec![
        (RecordType::A, vec![192, 0, 2, 1]),
        (RecordType::NS, b"\x02ns\0".to_vec()),
        (RecordType::CNAME, b"\x02ns\0".to_vec()),
        // The root, the root, and five numbers.
        (RecordType::SOA, vec![0; 22]),
    ]);
    let random = (any::<u16>(), prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(kind, data)| (RecordType::from(kind), data));
    prop_oneof![3 => whole, 1 => random].prop_map(|(kind, data)| {
        let [high, low] = u16::from(kind).to_be_bytes();
        let length = u8::try_from(data.len()).unwrap();
        let head = [0, high, low, 0, 1, 0, 0, 0, 60, 0, length];
        [&head[..], &data].concat()
    })
}

/// Which noise a question is answered with: its name says so.
fn asked_for<'a>(noises: &'a [Noise], question: &Message) -> &'a Noise {
    let name = question.queries[0].name().to_ascii();
    &noises[name.trim_end_matches(".org.").parse::<usize>().unwrap()]
}

async fn ask_all(noises: Vec<Noise>) -> Vec<(Noise, Option<DnsFinding>)> {
    let (by_udp, by_tcp) = (noises.clone(), noises.clone());
    let liar = Liar::by_udp_and_tcp(
        move |question| {
            let noise = asked_for(&by_udp, question);
            vec![match noise.way {
                Way::Udp => noise.message(question),
                Way::Tcp | Way::TcpUnframed => bytes(&answer(question).truncate()),
            }]
        },
        move |question| {
            let noise = asked_for(&by_tcp, question);
            match noise.way {
                Way::Udp | Way::Tcp => framed(&noise.message(question)),
                Way::TcpUnframed => noise.message(question),
            }
        },
    )
    .await;
    let mut asked = JoinSet::new();
    for (number, noise) in noises.into_iter().enumerate() {
        let asking = timeout(LIMIT, async move {
            ask(liar.port, &format!("{number}.org")).await
        });
        asked.spawn(async move { (noise, asking.await.ok()) });
    }
    asked.join_all().await
}

proptest! {
    // One case of many noises, since those that the client waits out are waited out together; the one at fault is told, and
    // has no need to be found by shrinking.
    #![proptest_config(ProptestConfig {
        cases: 1,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_are_no_answer_and_come_to_an_end_in_time(noises in prop::collection::vec(noise(), NOISES)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (noise, finding) in runtime.block_on(ask_all(noises)) {
            let is_no_answer = matches!(finding, Some(DnsFinding::NoAnswer { .. }));
            prop_assert!(is_no_answer, "{noise:?}: {finding:?}");
        }
    }
}
