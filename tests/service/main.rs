//! Rollouts on real Swarms, seen from outside: the exit code, what the tasks answer, what the service remembers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod access;
mod bad;
mod mixed;
mod mount;
mod reach;
mod refused;
mod release;
mod site;
mod spring;
mod terminal;
mod tidy;
