//! What the commands that prove and explain an image promise, through the binary: `verify`, `diff`, `inspect`, and the lock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod bench;
mod damaged;
mod diff;
mod inputs;
mod inspect;
mod lock;
mod secrets;
mod terminal;
mod verify;
