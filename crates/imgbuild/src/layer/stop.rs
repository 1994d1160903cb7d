//! Ending threads with the future that waits for them.

use super::Stop;

/// Stops what runs on threads of its own when the future that owns this ends or is dropped.
#[derive(Debug, Default)]
pub struct StopOnDrop(Stop);

impl StopOnDrop {
    /// What those threads look at.
    #[must_use]
    pub const fn stop(&self) -> &Stop {
        &self.0
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
