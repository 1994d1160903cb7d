//! Runs the test registry until it is killed: `imgbuild-testkit-registry [--listen ADDR] [--user NAME:PASSWORD]`.

use std::net::SocketAddr;
use std::process::ExitCode;

use imgbuild_testkit::registry::{Registry, Tokens};

fn main() -> ExitCode {
    let mut builder = Registry::builder();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        builder = match (argument.as_str(), value.as_deref()) {
            ("--listen", Some(address)) => match address.parse::<SocketAddr>() {
                Ok(address) => builder.listen(address),
                Err(error) => return usage(&format!("`{address}`: {error}")),
            },
            ("--user", Some(user)) => match user.split_once(':') {
                Some((name, password)) => builder.tokens(Tokens::new().user(name, password, &["*"])),
                None => return usage("--user takes NAME:PASSWORD"),
            },
            _ => return usage(&format!("`{argument}` is not known or lacks its value")),
        };
    }
    let registry = builder.start();
    say(&format!("listening on {}", registry.url()));
    loop {
        std::thread::park();
    }
}

fn usage(problem: &str) -> ExitCode {
    say(&format!("{problem}; usage: imgbuild-testkit-registry [--listen ADDRESS:PORT] [--user NAME:PASSWORD]"));
    ExitCode::from(2)
}

fn say(text: &str) {
    use std::io::Write as _;
    // Nobody may be listening, and then nothing is lost.
    let _ = writeln!(std::io::stderr(), "{text}");
}
