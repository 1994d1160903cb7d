//! The registry client against the testkit's registry: `protocol.md`, line by line.

#[cfg(test)]
mod authorisation;
#[cfg(test)]
mod denials;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod first_requests;
#[cfg(test)]
mod login;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod push;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod support;
#[cfg(test)]
mod table;
#[cfg(test)]
mod uploads;
#[cfg(test)]
mod visibility;
