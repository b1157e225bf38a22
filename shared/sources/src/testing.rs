//! A real authoritative DNS server on this machine, for tests: NSD.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server; it stops when dropped.
pub(crate) struct Nsd {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Nsd {
    /// Starts a server of zones, each a name and a master file.
    pub(crate) fn start(zones: &[(&str, &str)]) -> Self {
        let binary = PathBuf::from(std::env::var_os("LAPSEWATCH_NSD").expect(
            "LAPSEWATCH_NSD must name the nsd binary: `make servers` unpacks one, `make test` names it",
        ));
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let path = folder.path().display();
        let mut config = format!(
            "server:\n ip-address: 127.0.0.1\n port: {port}\n username: \"\"\n chroot: \"\"\n zonesdir: {path}\n \
             database: \"\"\n pidfile: \"\"\n logfile: {path}/log\n xfrdfile: \"\"\n zonelistfile: {path}/zones\n \
             xfrdir: {path}\n server-count: 1\nremote-control:\n control-enable: no\n"
        );
        for (name, text) in zones {
            std::fs::write(folder.path().join(name), text).unwrap();
            write!(config, "zone:\n name: {name}\n zonefile: {path}/{name}\n").unwrap();
        }
        let file = folder.path().join("nsd.conf");
        std::fs::write(&file, config).unwrap();
        // `make servers` unpacks its libraries beside it.
        let libraries = binary.parent().unwrap().join("../lib/x86_64-linux-gnu");
        let process = Command::new(&binary)
            .arg("-d")
            .arg("-c")
            .arg(&file)
            .env("LD_LIBRARY_PATH", libraries)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nsd = Self {
            process,
            port,
            _folder: folder,
        };
        nsd.wait();
        nsd
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn wait(&self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "nsd does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Nsd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
