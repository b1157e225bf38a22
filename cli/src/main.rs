//! `lapsewatch`: the one-machine host, and the operator's command.

mod account;
mod args;
#[cfg(feature = "aws")]
mod aws;
mod check;
mod commands;
mod demo;
mod environment;
mod host;
mod local_queue;
mod output;
mod plans;
mod sweep;
mod warnings;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use lapsewatch_core::Timestamp;

use crate::args::Arguments;
use crate::environment::Environment;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let result = match Environment::read(lapsewatch_settings::environment) {
        Ok(environment) => Box::pin(commands::run(arguments, &environment, Timestamp::now)).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(done) => done.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "lapsewatch: {error:#}");
            ExitCode::FAILURE
        }
    }
}
