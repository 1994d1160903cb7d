//! Who we are to a registry, through the binary: `login`, `logout`, `auth`, and secrets that nothing shows.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod auth;
mod canary;
mod home;
mod login;
