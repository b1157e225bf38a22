//! A running stand-in: a thread of its own, from start to drop.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use tokio::sync::oneshot;

use crate::reply::Reply;

/// A running stand-in. It stops, open calls and all, when dropped.
pub struct StandIn {
    address: SocketAddr,
    said: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    replies: HashMap<String, Reply>,
    calls: HashMap<String, u64>,
}

type Shared = Arc<Mutex<Said>>;

impl StandIn {
    /// Starts on a free port of 127.0.0.1; it knows no name yet.
    ///
    /// # Errors
    /// No port or no thread was to be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let said = Shared::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&said);
        let thread = std::thread::Builder::new()
            .name("rdap-stand-in".to_owned())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))?;
        Ok(Self {
            address,
            said,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What it says of a name from now on.
    pub fn says(&self, domain: &str, reply: Reply) {
        lock(&self.said).replies.insert(domain.to_owned(), reply);
    }

    /// The base URL, with a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The bootstrap file (RFC 9224) of an operator for whom this server answers for these top-level domains.
    pub fn bootstrap(&self, tlds: &[&str]) -> String {
        serde_json::json!({"version": "1.0", "services": [[tlds, [self.url()]]]}).to_string()
    }

    /// How often it was asked about a name.
    pub fn calls(&self, domain: &str) -> u64 {
        lock(&self.said).calls.get(domain).copied().unwrap_or(0)
    }

    /// How often it was asked about any.
    pub fn total(&self) -> u64 {
        lock(&self.said).calls.values().sum()
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

fn lock(said: &Shared) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, said: Shared, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let routes = Router::new()
        .route("/domain/{name}", get(answer))
        .with_state(said);
    tokio::select! {
        _ = axum::serve(listener, routes) => {}
        _ = stopped => {}
    }
}

async fn answer(State(said): State<Shared>, Path(name): Path<String>) -> Response<Body> {
    let reply = {
        let mut said = lock(&said);
        *said.calls.entry(name.clone()).or_default() += 1;
        said.replies.get(&name).cloned()
    };
    let reply = reply.unwrap_or_else(Reply::not_found);
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", reply.content_type);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let (text, times) = reply.body;
    response
        .body(Body::from(text.repeat(times)))
        .unwrap_or_else(|_| {
            let mut faulty = Response::new(Body::empty());
            *faulty.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            faulty
        })
}
