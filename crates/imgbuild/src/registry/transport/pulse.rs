//! Time limits on progress instead of on the whole: a slow transfer that moves is left alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The signs of life of one request.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(Arc<State>);

#[derive(Debug)]
struct State {
    last: Mutex<Instant>,
    sent: AtomicU64,
    size: u64,
    limit: Duration,
    /// The limit once everything is sent.
    patience: Duration,
}

impl Pulse {
    /// A request that sends `size` bytes: `limit` without progress is a stall, and the answer may take `patience` after the last byte.
    pub(crate) fn new(size: u64, limit: Duration, patience: Duration) -> Self {
        Self(Arc::new(State { last: Mutex::new(Instant::now()), sent: AtomicU64::new(0), size, limit, patience }))
    }

    /// Notes that `bytes` more were taken by the connection; gives all so far.
    pub(crate) fn beat(&self, bytes: u64) -> u64 {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.sent.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    /// Returns when nothing has moved for too long, with that time.
    pub(crate) async fn stopped(&self) -> Duration {
        loop {
            let limit = if self.0.sent.load(Ordering::Relaxed) >= self.0.size { self.0.patience } else { self.0.limit };
            let until = *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) + limit;
            if until <= Instant::now() {
                return limit;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn until_the_last_byte_a_stall_counts_and_then_our_patience() {
        let (short, long) = (Duration::from_millis(20), Duration::from_hours(1));
        for (sent, limit, patience) in [(9, short, long), (10, long, short)] {
            let pulse = Pulse::new(10, limit, patience);
            assert_eq!((pulse.beat(4), pulse.beat(sent - 4)), (4, sent));
            let stopped = tokio::time::timeout(Duration::from_secs(10), pulse.stopped()).await;
            assert_eq!(stopped.expect("it never ends"), short, "{sent}");
        }
    }
}
