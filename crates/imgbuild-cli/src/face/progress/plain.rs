//! Lines, for logs.

use imgbuild::Event;
use imgbuild_docker::service::Event as ServiceEvent;

use super::super::Failure;
use super::super::text::printable;
use super::{Progress, is_worth_a_line, write_line};

/// One line an event.
pub(super) struct Plain;

impl Progress for Plain {
    fn event(&self, event: &Event) {
        if is_worth_a_line(event) {
            write_line(&printable(&event.to_string(), 2));
        }
    }

    fn service(&self, event: &ServiceEvent) {
        write_line(&printable(&event.to_string(), 2));
    }

    fn log(&self, record: &str) {
        write_line(&printable(record, 2));
    }

    fn failure(&self, failure: &Failure) {
        write_line(&failure.to_string());
    }
}
