//! A process that ends with its owner.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// A script of `infra/` that stops, and everything under it, when its standard input ends.
///
/// Dropping this waits until it has. When the test process dies without dropping anything, its end of the pipe goes with it.
pub(crate) struct Supervised(Child);

impl Supervised {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self(child))
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Nothing to do about a failure here, and nothing lost: the process is on its way out.
        let _ended = self.0.wait();
    }
}
