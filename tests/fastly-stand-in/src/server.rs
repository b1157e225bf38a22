//! A running stand-in: a thread of its own, from start to drop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::serve::ListenerExt;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::script::Script;
use crate::state::State;
use crate::{control, status};

/// A running stand-in. It has a thread and a runtime of its own, so that it works under any caller; it stops, open calls
/// and all, when dropped.
pub struct StandIn {
    address: SocketAddr,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Starts on a free port of 127.0.0.1. Calls are accepted when this returns.
    ///
    /// # Errors
    /// No port or no thread was to be had.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), script)
    }

    /// Starts on a given address.
    ///
    /// # Errors
    /// The address cannot be listened on, or no thread was to be had.
    pub fn listen(address: SocketAddr, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Shared(Arc::new(Mutex::new(State::new(script))));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let served = shared.clone();
        let thread = std::thread::Builder::new()
            .name("fastly-stand-in".to_owned())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often `domain` was asked for.
    pub fn calls(&self, domain: &str) -> u64 {
        self.shared.lock().calls(&domain.to_ascii_lowercase())
    }

    /// How often anything was asked for.
    pub fn total(&self) -> u64 {
        self.shared.lock().total()
    }

    /// When each call arrived, in µs since the start, in order.
    pub fn arrivals(&self) -> Vec<u64> {
        self.shared.lock().arrivals_us().to_vec()
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.lock().set_now(Some(now));
    }

    /// Replaces the script, its clock included. The counts stay; sequences are played from their beginning.
    pub fn set_script(&self, script: Script) {
        self.shared.lock().set_script(script);
    }

    /// Forgets the calls and plays every sequence from its beginning.
    pub fn reset(&self) {
        self.shared.lock().reset();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has stopped, too.
            let _ = thread.join();
        }
    }
}

/// The state, shared between the calls and the handle.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `stopped` resolves. Calls still open end with the runtime.
async fn serve(listener: TcpListener, shared: Shared, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let listener = listener.tap_io(|connection| {
        // Without it, answers wait for the client's acknowledgement: a matter of speed only.
        let _ = connection.set_nodelay(true);
    });
    let routes = status::routes().merge(control::routes()).with_state(shared);
    tokio::select! {
        _ = axum::serve(listener, routes) => {}
        _ = stopped => {}
    }
}
