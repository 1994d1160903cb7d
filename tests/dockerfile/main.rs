//! Dockerfiles: the image that they give, and that it is the image that `docker build` gives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod bench;
mod docker;
mod image;
mod judged;
mod refused;
