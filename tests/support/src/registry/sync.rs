//! One way to lock: a panic in one test's request must not hide behind a poisoned lock in the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also after another holder has panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
