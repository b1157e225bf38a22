//! The checker, as Lambda runs it.

use aws_config::BehaviorVersion;
use jiff::Timestamp;
use lambda_runtime::{Error, service_fn};
use lapsewatch_checker::{Config, Function};
use lapsewatch_settings::environment;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lapsewatch_telemetry::start_logs(environment("RUST_LOG").as_deref());
    let config = Config::read(environment)?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let function = Function::new(&aws, config, Timestamp::now);
    lambda_runtime::run(service_fn(|event| function.handle(event))).await
}
