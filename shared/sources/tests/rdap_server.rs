//! RDAP as a real server speaks it: ICANN's `rdap-srv`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it fails"
)]

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lapsewatch_core::{HostName, RdapFinding, RdapPhase};
use lapsewatch_sources::{Bootstrap, Rdap, RegistrySource};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running server that knows some domains; it stops when dropped.
struct Server {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Server {
    fn knowing(domains: &[Value]) -> Self {
        let binary = std::env::var_os("LAPSEWATCH_RDAP_SRV").expect(
            "LAPSEWATCH_RDAP_SRV must name ICANN's rdap-srv: `make servers` builds it, `make test` names it",
        );
        let folder = tempfile::tempdir().unwrap();
        for (number, domain) in domains.iter().enumerate() {
            let file = folder.path().join(format!("{number}.json"));
            std::fs::write(file, domain.to_string()).unwrap();
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = Command::new(binary)
            .env("RDAP_SRV_DATA_DIR", folder.path())
            .env("RDAP_SRV_LISTEN_ADDR", "127.0.0.1")
            .env("RDAP_SRV_LISTEN_PORT", port.to_string())
            .env("RDAP_SRV_STORAGE", "memory")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            port,
            folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "rdap-srv does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// A client of an operator for whom this is the registry of `.org`.
    fn client(&self) -> Rdap {
        let base = format!("http://127.0.0.1:{}/rdap/", self.port);
        let file = self.folder.path().join("bootstrap");
        let list = json!({"version": "1.0", "services": [[["org"], [base]]]});
        std::fs::write(&file, list.to_string()).unwrap();
        Rdap::new(Bootstrap::of_file(&file).unwrap(), Timestamp::now).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn what_a_real_server_says_of_a_registration_is_read_whole() {
    let server = Server::knowing(&[json!({
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "domain",
        "ldhName": "example.org",
        "status": ["redemption period", "pending delete"],
        "events": [
            {"eventAction": "registration", "eventDate": "1995-08-31T04:00:00Z"},
            {"eventAction": "expiration", "eventDate": "2026-08-30T04:00:00Z"},
            {"eventAction": "registrar expiration", "eventDate": "2025-08-30T04:00:00Z"}
        ],
        "entities": [{
            "objectClassName": "entity",
            "handle": "292",
            "roles": ["registrar"],
            "publicIds": [{"type": "IANA Registrar ID", "identifier": "292"}]
        }],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": "ns1.example.net"}]
    })]);
    let rdap = server.client();
    let reply = rdap.registration(&"example.org".parse().unwrap()).await;
    let RdapFinding::Registered(facts) = reply.finding else {
        panic!("{reply:?}")
    };
    assert_eq!(
        facts.registered_at,
        Some("1995-08-31T04:00:00Z".parse().unwrap())
    );
    assert_eq!(
        facts.expires_at,
        Some("2026-08-30T04:00:00Z".parse().unwrap())
    );
    assert_eq!(
        facts.registrar_expires_at,
        Some("2025-08-30T04:00:00Z".parse().unwrap())
    );
    assert_eq!(facts.phase(), RdapPhase::Redemption);
    assert_eq!(facts.registrar, Some(292));
    assert_eq!(
        facts.name_servers,
        [HostName::parse("ns1.example.net").unwrap()]
    );
}

#[tokio::test]
async fn what_a_real_server_does_not_know_is_not_registered() {
    let server = Server::knowing(&[json!({"objectClassName": "domain", "ldhName": "other.org"})]);
    let rdap = server.client();
    let reply = rdap.registration(&"example.org".parse().unwrap()).await;
    assert_eq!(reply.finding, RdapFinding::NotRegistered);
}
