//! A command line that makes no sense, in the form of every other error; and help, which is asked for.

use std::error::Error as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Exit, Failure};

/// Why there is nothing to run.
#[derive(Debug)]
pub(crate) enum UsageError {
    /// Help or the version was asked for, or help is the answer.
    Help(clap::Error),
    /// The words make no sense.
    Failure(Failure),
}

impl UsageError {
    /// Shows it, and how the program ends.
    pub(crate) fn show(&self) -> ExitCode {
        match self {
            Self::Help(error) => {
                let exit = if error.use_stderr() { Exit::USAGE } else { Exit::DONE };
                // A closed pipe, as of `imgbuild --help | head -1`, is no failure.
                let _ = error.print();
                exit.into()
            }
            Self::Failure(failure) => {
                // With stderr gone there is nobody to tell.
                let _ = writeln!(io::stderr().lock(), "{failure}");
                failure.exit().into()
            }
        }
    }
}

impl UsageError {
    /// Why `command`, such as `imgbuild build`, cannot be run.
    pub(crate) fn new(error: clap::Error, command: &str) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::Help(error),
            _ => Self::Failure(failure(&error, command)),
        }
    }
}

fn failure(error: &clap::Error, command: &str) -> Failure {
    let value = |kind| error.get(kind).map(text).unwrap_or_default();
    let (argument, given) = (value(ContextKind::InvalidArg), value(ContextKind::InvalidValue));
    let failure = match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => Failure::usage(format!("there is no flag `{argument}`")),
        ErrorKind::UnknownArgument => Failure::usage(format!("`{argument}` is one argument too many")),
        ErrorKind::InvalidSubcommand => Failure::usage(format!("there is no command `{}`", value(ContextKind::InvalidSubcommand))),
        ErrorKind::MissingSubcommand => Failure::usage("a command is missing"),
        ErrorKind::MissingRequiredArgument => Failure::usage(format!("`{argument}` is missing")),
        ErrorKind::ArgumentConflict => Failure::usage(format!("`{argument}` and `{}` contradict each other", value(ContextKind::PriorArg))),
        ErrorKind::InvalidValue if given.is_empty() => Failure::usage(format!("`{argument}` needs a value")),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let failure = Failure::usage(format!("cannot use `{given}` for `{argument}`"));
            match error.source() {
                Some(cause) => failure.because(cause.to_string()),
                None => failure,
            }
        }
        _ => Failure::usage(error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ")),
    };
    failure.hint(hint(error, command))
}

fn hint(error: &clap::Error, command: &str) -> String {
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggested.iter().find_map(|kind| error.get(*kind)).map(text).filter(|text| !text.is_empty());
    if let Some(suggested) = suggested {
        return format!("did you mean `{suggested}`?");
    }
    if let Some(valid) = error.get(ContextKind::ValidValue).map(text).filter(|text| !text.is_empty()) {
        return format!("write one of `{valid}`");
    }
    format!("`{command} --help` lists what there is")
}

fn text(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join("`, `"),
        other => other.to_string(),
    }
}
