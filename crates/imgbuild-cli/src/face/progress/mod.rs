//! How events are shown: bars on a terminal, lines in a log, JSON for programs, or not at all.

mod json;
mod plain;
mod tasks;
mod terminal;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use clap::ValueEnum;
use imgbuild::Event;
use imgbuild::event::{Direction, Outcome};
use imgbuild_docker::service::Event as ServiceEvent;

use super::Failure;

/// `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Bars on a terminal, lines elsewhere or where CI is set
    Auto,
    /// Bars
    Tty,
    /// Lines
    Plain,
    /// One JSON object a line
    Json,
    /// Nothing but errors
    Quiet,
}

/// Shows what happens. Everything goes to stderr.
pub(super) trait Progress: Send + Sync {
    /// Shows an event.
    fn event(&self, event: &Event);

    /// Shows what happens to a service.
    fn service(&self, event: &ServiceEvent);

    /// Shows a record of the log.
    fn log(&self, record: &str);

    /// Shows why the command failed.
    fn failure(&self, failure: &Failure);

    /// Takes away what is only there while something moves.
    fn finish(&self) {}
}

/// The way to show progress that was asked for.
pub(super) fn of(mode: Mode) -> Arc<dyn Progress> {
    match mode {
        Mode::Auto if is_interactive() => Arc::new(terminal::Terminal::new()),
        Mode::Tty => Arc::new(terminal::Terminal::new()),
        Mode::Auto | Mode::Plain => Arc::new(plain::Plain),
        Mode::Json => Arc::new(json::Json),
        Mode::Quiet => Arc::new(Quiet),
    }
}

fn is_interactive() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !is_set("CI") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Nothing but errors.
struct Quiet;

impl Progress for Quiet {
    fn event(&self, _: &Event) {}

    fn service(&self, _: &ServiceEvent) {}

    fn log(&self, record: &str) {
        write_line(record);
    }

    fn failure(&self, failure: &Failure) {
        write_line(&failure.to_string());
    }
}

/// Writes a line to stderr. Where that is closed, there is nobody to tell.
fn write_line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether a reader of lines wants to know: steps and results, not every piece of every blob.
fn is_worth_a_line(event: &Event) -> bool {
    /// Smaller blobs are there before anybody has read that they start.
    const LARGE: u64 = 4 << 20;
    match event {
        Event::TransferProgress { .. } | Event::TransferFinished { outcome: Outcome::Present, .. } => false,
        Event::TransferStarted { size, .. } | Event::TransferFinished { direction: Direction::Download, size, .. } => *size >= LARGE,
        _ => true,
    }
}
