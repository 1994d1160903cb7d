//! The registry client against the testkit's registry: `protocol.md`, line by line.

#[cfg(test)]
mod push;
#[cfg(test)]
mod support;
