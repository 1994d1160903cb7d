//! The binary `imgbuild`: arguments, terminal and JSON output, exit codes. What the commands do is the library's business.

mod arguments;
mod commands;
mod face;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os()) {
        Ok((global, command)) => face::run(&global, async |face| Box::pin(commands::run(command, face)).await),
        Err(end) => end.show(),
    }
}
