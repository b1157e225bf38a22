//! `fastly-stand-in`: the stand-in as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use fastly_stand_in::{Script, StandIn};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// A scriptable stand-in for Fastly's domain status API. Nothing it says is true.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The script, a JSON file. Without one, every domain is active.
    #[arg(long)]
    script: Option<PathBuf>,
    /// Stop when standard input ends, so as not to outlive whoever started this.
    #[arg(long)]
    stop_with_stdin: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let script = arguments
        .script
        .as_deref()
        .map(read)
        .transpose()?
        .unwrap_or_default();
    let mut terminated = signal(SignalKind::terminate())?;
    let stand_in = StandIn::listen(arguments.listen, script)
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on {}", stand_in.url())?;
    stdout.flush()?;
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = end_of_stdin(), if arguments.stop_with_stdin => {}
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Script> {
    let text = std::fs::read(path)
        .with_context(|| format!("cannot read the script {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("the script {} is not valid", path.display()))
}

/// Resolves when standard input ends. A thread of its own reads it: such a read cannot be called off, and must not keep a
/// stopped program alive.
async fn end_of_stdin() {
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whatever stops the reading, there is no more of it.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(ended);
    });
    // The sender says nothing: it is dropped.
    let _ = end.await;
}
