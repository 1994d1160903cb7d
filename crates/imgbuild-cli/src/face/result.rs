//! What came out, on stdout: lines, outlines, JSON, bytes.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use imgbuild::shown::Outline;
use serde::Serialize;

use super::{Exit, Face, Failure};

impl Face {
    /// Prints a line of the result.
    pub(crate) fn result(&self, line: &(impl Display + ?Sized)) -> Result<(), Failure> {
        self.bytes(format!("{line}\n").as_bytes())
    }

    /// Prints lines that lie below each other: as a tree on a terminal, as indented text elsewhere.
    pub(crate) fn outline(&self, outline: &Outline) -> Result<(), Failure> {
        let text = if io::stdout().is_terminal() { outline.tree().to_string() } else { outline.to_string() };
        self.bytes(text.as_bytes())
    }

    /// Prints a value as JSON.
    pub(crate) fn result_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value);
        self.result(&text.map_err(|error| Failure::new(Exit::FAILED, "cannot write the result as JSON").because(error))?)
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        // On a terminal the bars would be drawn over it.
        self.progress.finish();
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        written.map_err(|error| Failure::new(Exit::FAILED, "cannot write the result to stdout").because(error))
    }

    /// Does work that changes nothing, until a signal ends it.
    pub(crate) fn until_cancelled<T, E: Into<Failure>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Failure>> {
        // A command's future lies on the heap.
        let work = Box::pin(work);
        async move {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(Failure::new(Exit::FAILED, "stopped by a signal")),
                done = work => done.map_err(Into::into),
            }
        }
    }
}
