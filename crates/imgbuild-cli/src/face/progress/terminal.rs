//! A bar for each transfer, and above them the lines that stay.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use imgbuild::event::Direction;
use imgbuild::{Digest, Event};
use imgbuild_docker::service::Event as ServiceEvent;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::super::Failure;
use super::super::text::printable;
use super::tasks::Tasks;
use super::{Progress, is_worth_a_line, write_line};

/// What one bar shows: which way what goes, how far it is, how fast.
const TEMPLATE: &str = "{prefix:8} {msg} [{bar:30}] {bytes:>10} of {total_bytes:10} {bytes_per_sec}";

/// Bars on a terminal.
pub(super) struct Terminal {
    all: MultiProgress,
    bars: Mutex<HashMap<(Digest, bool), ProgressBar>>,
    tasks: Tasks,
    style: ProgressStyle,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { all: MultiProgress::new(), bars: Mutex::default(), tasks: Tasks::default(), style: style.progress_chars("=> ") }
    }

    fn bars(&self) -> MutexGuard<'_, HashMap<(Digest, bool), ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, digest: &Digest, direction: Direction, size: u64) {
        let bar = ProgressBar::new(size).with_style(self.style.clone());
        let bar = self.all.add(bar.with_prefix(direction.to_string()).with_message(digest.short().to_owned()));
        if let Some(earlier) = self.bars().insert(key(digest, direction), bar) {
            earlier.finish_and_clear();
        }
    }

    fn end(&self, digest: &Digest, direction: Direction) {
        if let Some(bar) = self.bars().remove(&key(digest, direction)) {
            bar.finish_and_clear();
        }
    }

    /// A line that stays, above the bars.
    fn line(&self, line: &str) {
        self.all.suspend(|| write_line(line));
    }
}

fn key(digest: &Digest, direction: Direction) -> (Digest, bool) {
    (digest.clone(), direction == Direction::Upload)
}

impl Progress for Terminal {
    fn event(&self, event: &Event) {
        match event {
            Event::TransferStarted { digest, direction, size } => return self.start(digest, *direction, *size),
            Event::TransferProgress { digest, direction, done, .. } => {
                if let Some(bar) = self.bars().get(&key(digest, *direction)) {
                    bar.set_position(*done);
                }
                return;
            }
            Event::TransferFinished { digest, direction, .. } => self.end(digest, *direction),
            _ => {}
        }
        if is_worth_a_line(event) {
            self.line(&printable(&event.to_string(), 2));
        }
    }

    fn service(&self, event: &ServiceEvent) {
        let text = event.to_string();
        match event {
            ServiceEvent::Progress { service, .. } => return self.tasks.show_service(&self.all, service, &text),
            ServiceEvent::Task { service, task, is_current } if task.desired != "shutdown" => {
                self.tasks.show_task(&self.all, service, task, *is_current, &text);
            }
            _ => {}
        }
        // A task's way is seen at its place; what it failed with must stay.
        if !matches!(event, ServiceEvent::Task { task, .. } if !task.has_failed()) {
            self.line(&printable(&text, 2));
        }
    }

    fn log(&self, record: &str) {
        self.line(&printable(record, 2));
    }

    fn failure(&self, failure: &Failure) {
        write_line(&failure.to_string());
    }

    fn finish(&self) {
        for (_, bar) in self.bars().drain() {
            bar.finish_and_clear();
        }
        self.tasks.finish();
    }
}
