//! ELF files made by hand: tiny programs that really run, and shared objects whose headers say what a test needs.
//! Holds no section headers: everything that a loader reads is in the program headers, as in stripped files.

mod dynamic;
mod java;
mod machine;
mod object;

pub use java::{RunnableMachine, java, java_with};
pub use machine::Machine;
pub use object::SharedObject;

#[cfg(test)]
mod tests;
