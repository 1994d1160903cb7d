//! Makes the files of `fixtures/` again. With `--compile` the Java sources are compiled first, which needs a JDK 17 or
//! newer; without it the checked-in classes are used.

use std::process::ExitCode;

use imgbuild_testkit::fixtures;

fn main() -> ExitCode {
    let folder = fixtures::folder();
    let compile = std::env::args().any(|argument| argument == "--compile");
    let compiled = if compile { fixtures::compile(&folder) } else { Ok(()) };
    match compiled.and_then(|()| fixtures::make(&folder, &folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program tells its user why it failed")]
fn report(error: &dyn std::error::Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}
