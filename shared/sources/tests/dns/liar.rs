//! A server that answers every question as a test wants it, and the answers that tests are made of.

use std::net::{Ipv4Addr, SocketAddr};

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{MX, NS, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use lapsewatch_core::DnsFinding;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::hosts;

/// Listens on 127.0.0.1 until it is dropped.
pub(crate) struct Liar {
    pub(crate) port: u16,
    _tasks: JoinSet<()>,
}

impl Liar {
    /// One that answers a question with these packets, and takes no connection.
    pub(crate) async fn by_udp(
        packets: impl Fn(&Message) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Self {
        let (udp, tcp, port) = bind().await;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Bound, and never listening: nobody else can take the port, and whoever connects is refused.
            let _closed = tcp;
            serve_udp(udp, packets).await;
        });
        Self {
            port,
            _tasks: tasks,
        }
    }

    /// One that answers a question on a connection too, by these bytes.
    pub(crate) async fn by_udp_and_tcp(
        packets: impl Fn(&Message) -> Vec<Vec<u8>> + Send + 'static,
        stream: impl Fn(&Message) -> Vec<u8> + Clone + Send + 'static,
    ) -> Self {
        let (udp, tcp, port) = bind().await;
        let listener = tcp.listen(1024).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, packets));
        tasks.spawn(serve_tcp(listener, stream));
        Self {
            port,
            _tasks: tasks,
        }
    }
}

/// The same free port of both protocols.
async fn bind() -> (UdpSocket, TcpSocket, u16) {
    loop {
        let tcp = TcpSocket::new_v4().unwrap();
        tcp.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let address = tcp.local_addr().unwrap();
        if let Ok(udp) = UdpSocket::bind(address).await {
            return (udp, tcp, address.port());
        }
    }
}

async fn serve_udp(socket: UdpSocket, packets: impl Fn(&Message) -> Vec<Vec<u8>>) {
    let mut question = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        let question = Message::from_vec(&question[..length]).unwrap();
        for packet in packets(&question) {
            let _ = socket.send_to(&packet, from).await;
        }
    }
}

async fn serve_tcp(
    listener: TcpListener,
    stream: impl Fn(&Message) -> Vec<u8> + Clone + Send + 'static,
) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        connections.spawn(serve_connection(connection, stream.clone()));
    }
}

/// Answers until the client has gone.
async fn serve_connection(mut connection: TcpStream, stream: impl Fn(&Message) -> Vec<u8>) {
    while let Ok(length) = connection.read_u16().await {
        let mut question = vec![0; length.into()];
        connection.read_exact(&mut question).await.unwrap();
        let answer = stream(&Message::from_vec(&question).unwrap());
        let _ = connection.write_all(&answer).await;
    }
}

/// The bytes of a message with its length in front, as a connection carries it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().unwrap()
}

/// An answer that says nothing yet.
pub(crate) fn answer(question: &Message) -> Message {
    let mut answer = question.clone();
    answer.metadata.message_type = MessageType::Response;
    answer
}

/// There is no such name, in the name of a zone.
pub(crate) fn denial(question: &Message, zone: &str) -> Message {
    let mut denial = answer(question);
    denial.metadata.response_code = ResponseCode::NXDomain;
    denial.add_authority(soa(zone));
    denial
}

pub(crate) fn soa(zone: &str) -> Record {
    let zone = name(zone);
    let soa = SOA::new(zone.clone(), zone.clone(), 1, 60, 60, 60, 60);
    Record::from_rdata(zone, 60, RData::SOA(soa))
}

/// The name asked is delegated, and has its mail taken; `delegated` is what a client makes of it.
pub(crate) fn delegation(question: &Message) -> Message {
    let asked = &question.queries[0];
    let said = match asked.query_type() {
        RecordType::MX => RData::MX(MX::new(10, name("mail.example.net."))),
        _ => RData::NS(NS(name("ns.example.net."))),
    };
    let mut delegation = answer(question);
    delegation.add_answer(Record::from_rdata(asked.name().clone(), 60, said));
    delegation
}

pub(crate) fn delegated() -> DnsFinding {
    DnsFinding::Delegated {
        name_servers: hosts(&["ns.example.net"]),
        mail_servers: hosts(&["mail.example.net"]),
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}
