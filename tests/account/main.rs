//! Who we are to a registry and how we get there, through the binary: `login`, `logout`, `auth`, the environment, and secrets that nothing
//! shows.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod auth;
mod canary;
mod environment;
mod home;
mod login;
