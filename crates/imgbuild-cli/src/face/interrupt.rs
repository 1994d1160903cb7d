//! SIGINT, SIGTERM and SIGHUP: work stops at once, is given a moment to take back what it began, and the exit code names the signal.

use std::future::pending;
use std::time::Duration;

use imgbuild::Cancel;
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, Failure};

/// How long a command may take to delete upload sessions and temporary files. The library itself takes two seconds at most.
const FAREWELL_TIME: Duration = Duration::from_secs(4);

/// Runs `command` to its end, or to the end that a signal makes.
pub(super) async fn until_signal(cancel: &Cancel, command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let mut command = std::pin::pin!(command);
    let exit = tokio::select! {
        ended = &mut command => return ended,
        exit = caught() => exit,
    };
    cancel.cancel();
    tokio::select! {
        // What was done before the signal came is done: a moved tag is not reported as unmoved.
        ended = &mut command => ended.map_err(|failure| failure.exiting(exit)),
        () = tokio::time::sleep(FAREWELL_TIME) => Err(stopped(exit)),
        exit = caught() => Err(stopped(exit)),
    }
}

fn stopped(exit: Exit) -> Failure {
    Failure::new(exit, "stopped by a signal")
}

async fn caught() -> Exit {
    tokio::select! {
        () = received(SignalKind::interrupt()) => Exit::INTERRUPTED,
        () = received(SignalKind::terminate()) => Exit::TERMINATED,
        () = received(SignalKind::hangup()) => Exit::HANGUP,
    }
}

/// Where the signal cannot be listened to, its usual effect ends the process.
async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(error) => {
            tracing::debug!("cannot listen to a signal: {error}");
            pending::<()>().await;
        }
    }
}
