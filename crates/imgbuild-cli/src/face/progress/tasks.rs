//! A line for a service and one for each of its places, which the place's newest task takes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use imgbuild_docker::service::Task;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::super::text::printable;

/// How often the mark of a task moves that is on its way.
const TICK: Duration = Duration::from_millis(200);
/// The marks of such a task; the last one stands for the end, which no task has.
const MARKS: &str = "-\\|/ ";

/// A line of its own: the service, then the number of its task, or the node where there are no numbers. In this order they are shown.
type Place = (String, u64, String);

/// The lines of the services that are rolled out.
#[derive(Default)]
pub(super) struct Tasks(Mutex<BTreeMap<Place, ProgressBar>>);

impl Tasks {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<Place, ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows how a service stands, above its tasks.
    pub(super) fn show_service(&self, all: &MultiProgress, service: &str, text: &str) {
        self.line(all, (service.to_owned(), 0, String::new())).set_message(one_line(text));
    }

    /// Shows a task at its place: marked where it runs what it should, moving where it is on its way there.
    pub(super) fn show_task(&self, all: &MultiProgress, service: &str, task: &Task, is_current: bool, text: &str) {
        let node = if task.slot.is_some() { String::new() } else { task.node.clone().unwrap_or_default() };
        let line = self.line(all, (service.to_owned(), task.slot.unwrap_or_default(), node));
        if task.state == "running" {
            line.disable_steady_tick();
            line.set_style(style(if is_current { "+ {wide_msg}" } else { "  {wide_msg}" }));
        } else {
            line.set_style(style("{spinner} {wide_msg}"));
            line.enable_steady_tick(TICK);
        }
        line.set_message(one_line(text));
    }

    /// Takes all lines away.
    pub(super) fn finish(&self) {
        for line in std::mem::take(&mut *self.lines()).into_values() {
            line.finish_and_clear();
        }
    }

    fn line(&self, all: &MultiProgress, place: Place) -> ProgressBar {
        let mut lines = self.lines();
        if let Some(line) = lines.get(&place) {
            return line.clone();
        }
        let line = ProgressBar::new_spinner().with_style(style("{wide_msg}"));
        let line = match lines.range(&place..).next() {
            Some((_, next)) => all.insert_before(next, line),
            None => all.add(line),
        };
        lines.insert(place, line.clone());
        line
    }
}

fn one_line(text: &str) -> String {
    printable(&text.replace('\n', " "), 0)
}

/// What does not fit into the width is cut off: a line that goes on in the next one could not be taken away.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars(MARKS)
}
