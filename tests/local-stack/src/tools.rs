//! Where the repository and its pinned Python tools are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The checkout.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program of the virtual environment.
pub(crate) fn tool(name: &str) -> Result<PathBuf> {
    let path = repository().join(".tools/venv/bin").join(name);
    ensure!(
        path.exists(),
        "the pinned tools are not installed ({} is missing): run `make tools`",
        path.display()
    );
    Ok(path)
}

/// Python, about to run one of the scripts of `infra/`.
pub(crate) fn script(name: &str) -> Result<Command> {
    let mut command = Command::new(tool("python")?);
    command.arg("-B").arg(repository().join("infra").join(name));
    Ok(command)
}

/// Runs a command to its end and gives its standard output; a failure carries what it wrote on standard error.
pub(crate) async fn output(mut command: Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await?
        .with_context(|| format!("cannot start {shown}"))?;
    ensure!(
        output.status.success(),
        "{shown} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(String::from_utf8(output.stdout)?)
}
