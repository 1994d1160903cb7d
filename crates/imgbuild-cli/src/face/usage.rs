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

impl From<clap::Error> for UsageError {
    fn from(error: clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::Help(error),
            _ => Self::Failure(failure(&error)),
        }
    }
}

fn failure(error: &clap::Error) -> Failure {
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
    failure.hint(hint(error))
}

fn hint(error: &clap::Error) -> String {
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggested.iter().find_map(|kind| error.get(*kind)).map(text).filter(|text| !text.is_empty());
    if let Some(suggested) = suggested {
        return format!("did you mean `{suggested}`?");
    }
    if let Some(valid) = error.get(ContextKind::ValidValue).map(text).filter(|text| !text.is_empty()) {
        return format!("write one of `{valid}`");
    }
    format!("`{} --help` lists what there is", command(error))
}

/// The command that was being read, from its usage line: `imgbuild build`.
fn command(error: &clap::Error) -> String {
    let usage = error.get(ContextKind::Usage).map(text).unwrap_or_default();
    let words = usage.split_whitespace().skip_while(|word| *word == "Usage:");
    let name: Vec<&str> = words.take_while(|word| word.chars().all(|character| character.is_ascii_lowercase())).collect();
    if name.is_empty() { "imgbuild".to_owned() } else { name.join(" ") }
}

fn text(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join("`, `"),
        other => other.to_string(),
    }
}
