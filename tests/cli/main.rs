//! The promise to users, through the binary: what is printed where, how it ends, and what is left behind when it fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod disk;
mod environment;
mod face;
mod help;
mod input;
mod push;
mod stop;
mod support;
mod usage;
