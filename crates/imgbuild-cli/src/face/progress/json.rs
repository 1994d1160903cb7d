//! One JSON object a line, for programs: the library's events as they are, `log` for `-v`, and `error` at the end of what failed.

use imgbuild::Event;
use imgbuild_docker::service::Event as ServiceEvent;
use serde::Serialize;
use serde_json::json;

use super::super::Failure;
use super::{Progress, write_line};

/// One object an event.
pub(super) struct Json;

impl Progress for Json {
    fn event(&self, event: &Event) {
        write(event);
    }

    fn service(&self, event: &ServiceEvent) {
        write(event);
    }

    fn log(&self, record: &str) {
        write_line(&json!({ "event": "log", "message": record }).to_string());
    }

    fn failure(&self, failure: &Failure) {
        let error = json!({
            "event": "error",
            "message": failure.message(),
            "causes": failure.causes(),
            "hint": failure.advice(),
            "exit": failure.exit().code(),
        });
        write_line(&error.to_string());
    }
}

fn write(event: &impl Serialize) {
    match serde_json::to_string(event) {
        Ok(line) => write_line(&line),
        Err(error) => tracing::debug!("an event has no JSON: {error}"),
    }
}
