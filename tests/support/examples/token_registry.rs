//! A registry with token authentication to try things against by hand; ends when its standard input does.
//!
//! `cargo run -p imgbuild-testkit --example token_registry [base]`: with `base`, the peers' JDK base is pushed first.

use std::io::{Read as _, Write as _, stdin, stdout};

use imgbuild_testkit::peers::{Options, TokenRegistry};

fn main() -> std::io::Result<()> {
    let with_base = std::env::args().nth(1).is_some_and(|argument| argument == "base");
    let started = if with_base { TokenRegistry::with_base() } else { TokenRegistry::start(Options::default()) };
    let Some(registry) = started else {
        return Ok(());
    };
    let mut out = stdout();
    writeln!(out, "registry {}", registry.address())?;
    for user in ["reader", "writer", "admin"] {
        writeln!(out, "DOCKER_CONFIG of {user}: {}", registry.credentials(user).display())?;
    }
    stdin().read_to_end(&mut Vec::new())?;
    for access in registry.proxy().log() {
        writeln!(out, "{access:?}")?;
    }
    Ok(())
}
