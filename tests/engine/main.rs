//! Real Docker Engines, reached every way, and images loaded into them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod faults;
mod load;
mod reach;
mod save;
