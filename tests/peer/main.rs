//! The promise to users, judged by the programs of others: a real Spring Boot archive, a real JDK base, a real registry with
//! real tokens, and the engines and emulators that run what came out. What is not installed is skipped; CI requires all of it.

mod doors;
mod explain;
mod explain_others;
mod extract;
mod lock;
mod natives;
mod permission;
mod publish;
mod refused;
mod registries;
mod repeat;
mod run;
mod scenario;
mod shapes;
mod survive;
mod transfers;
