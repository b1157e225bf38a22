//! The compiled functions.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::tools;

/// A directory with the functions already built, each `NAME` or `NAME/bootstrap`: a release build, say.
const BUILT: &str = "LAPSEWATCH_FUNCTIONS";

/// The directory that holds the function binaries, built now if they are out of date.
///
/// They are built with the whole workspace, tests and all features included, as `make test` does: so cargo compiles no
/// dependency twice.
///
/// # Errors
/// When they do not compile.
pub async fn directory() -> Result<PathBuf> {
    if let Some(built) = std::env::var_os(BUILT) {
        return Ok(built.into());
    }
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args([
            "build",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--quiet",
        ])
        .current_dir(tools::repository());
    tools::output(command).await?;
    // target/debug/deps/some_test-0123 → target/debug
    let test = std::env::current_exe()?;
    test.ancestors()
        .nth(2)
        .map(PathBuf::from)
        .with_context(|| format!("{} is not in a target directory", test.display()))
}

/// One function's binary, for [`Rie::start`](crate::Rie::start): `"lapsewatch-checker"`, say.
///
/// # Errors
/// When it does not compile, or there is no such function.
pub async fn binary(name: &str) -> Result<PathBuf> {
    let built = directory().await?.join(name);
    let path = if built.is_dir() {
        built.join("bootstrap")
    } else {
        built
    };
    ensure!(
        path.is_file(),
        "there is no function binary at {}",
        path.display()
    );
    Ok(path)
}
