//! What all changes of services have in common: a signal only ends the waiting, and the outcome is the exit code.

use imgbuild_docker::service::{Error, Outcome};

use crate::face::{Exit, Face, Failure};

/// Waits for a change of `service`, or for a signal, which says what becomes of the rollout.
pub(crate) async fn watched(
    face: &Face,
    service: &str,
    mut change: impl Future<Output = Result<Outcome, Error>> + Unpin,
) -> Result<Outcome, Failure> {
    let cancel = face.cancel();
    tokio::select! {
        biased;
        outcome = &mut change => Ok(outcome?),
        () = cancel.cancelled() => Err(if face.is_rolling_out() {
            Failure::new(Exit::INTERRUPTED, format!("stopped waiting for `{service}`; its rollout goes on"))
                .hint(format!("`imgbuild service ps {service}` shows it, `imgbuild service rollback {service}` takes it back"))
        } else {
            Failure::new(Exit::INTERRUPTED, format!("stopped; `{service}` was not changed"))
        }),
    }
}

/// Prints an outcome, and gives its exit code.
pub(crate) fn shown(face: &Face, outcome: &Outcome, json: bool) -> Result<Exit, Failure> {
    let exit = Exit::rollout(outcome.verdict);
    if json {
        face.result_json(outcome)?;
        return Ok(exit);
    }
    if outcome.is_good() {
        face.result(outcome)?;
        return Ok(exit);
    }
    Err(Failure::new(exit, outcome.to_string()).hint(format!(
        "`imgbuild service ps {0}` shows the tasks; `imgbuild service rollback {0}` brings back what ran before",
        outcome.service
    )))
}
