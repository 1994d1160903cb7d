//! Variables that stand for flags: `IMGBUILD_CACHE_DIR` is `--cache-dir`, for every flag of every command.
//!
//! A variable is turned into the words that the user could have written, where no flag says the same or contradicts it.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::face::{Failure, UsageError};

/// What every variable's name begins with.
const PREFIX: &str = "IMGBUILD_";
/// More would say nothing new, and a variable must not make millions of words.
const MAX_COUNT: usize = 9;

/// A command line.
pub(super) struct Words {
    /// What was written, and what variables add.
    pub(super) words: Vec<OsString>,
    /// The command that was named, such as `imgbuild cache size`.
    pub(super) command: String,
}

/// The words with those that variables add, in front of a `--` where there is one.
pub(super) fn add_variables(
    grammar: Command,
    mut words: Vec<OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Words, UsageError> {
    let mut lenient = grammar.ignore_errors(true);
    lenient.build();
    let program = lenient.get_name().to_owned();
    // Help, or something that the strict reading will refuse: nothing is to be added.
    let Ok(matches) = lenient.try_get_matches_from_mut(&words) else { return Ok(Words { words, command: program }) };
    let Some((name, command, matches)) = innermost(&program, &lenient, &matches) else {
        return Ok(Words { words, command: program });
    };
    let said = |arg: &Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    // Which of two flags names the other as its opposite is of no importance.
    let opposes = |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id());
    let contradicted = |arg: &Arg| command.get_arguments().any(|other| said(other) && (opposes(arg, other) || opposes(other, arg)));
    let mut added = Vec::new();
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        let variable_name = name_of(long);
        let Some(value) = variable(&variable_name).filter(|value| !value.is_empty()) else { continue };
        if !said(arg) && !contradicted(arg) {
            added.extend(words_for(arg, long, &variable_name, &value)?);
        }
    }
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, added);
    Ok(Words { words, command: name })
}

fn name_of(long: &str) -> String {
    format!("{PREFIX}{}", long.to_ascii_uppercase().replace('-', "_"))
}

/// The command that was named last, such as `size` of `imgbuild cache size`; none where none was named.
fn innermost<'a>(path: &str, command: &'a Command, matches: &'a ArgMatches) -> Option<(String, &'a Command, &'a ArgMatches)> {
    let (name, inner) = matches.subcommand()?;
    let command = command.find_subcommand(name)?;
    let path = format!("{path} {name}");
    innermost(&path, command, inner).or(Some((path, command, inner)))
}

fn words_for(arg: &Arg, long: &str, name: &str, value: &OsStr) -> Result<Vec<OsString>, UsageError> {
    let flag = || OsString::from(format!("--{long}"));
    let with = |value: &OsStr| {
        let mut word = OsString::from(format!("--{long}="));
        word.push(value);
        word
    };
    Ok(match arg.get_action() {
        ArgAction::Set => vec![with(value)],
        ArgAction::Append => match value.to_str() {
            Some(lines) => lines.lines().filter(|line| !line.is_empty()).map(|line| with(line.as_ref())).collect(),
            None => vec![with(value)],
        },
        ArgAction::SetTrue => match value.to_str().map(str::to_ascii_lowercase).as_deref() {
            Some("1" | "true" | "yes" | "on") => vec![flag()],
            Some("0" | "false" | "no" | "off") => Vec::new(),
            _ => return Err(refused(name, value, "`true` or `false`")),
        },
        ArgAction::Count => match value.to_str().and_then(|text| text.parse().ok()) {
            Some(count @ 0..=MAX_COUNT) => vec![flag(); count],
            _ => return Err(refused(name, value, "a number from 0 to 9")),
        },
        _ => Vec::new(),
    })
}

fn refused(name: &str, value: &OsStr, wanted: &str) -> UsageError {
    Failure::usage(format!("cannot use `{}` for `{name}`", value.display())).hint(format!("write {wanted}, or unset it")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grammar() -> Command {
        let repeated = Arg::new("tag").short('t').long("tag").action(ArgAction::Append);
        let push = Arg::new("push").long("push").action(ArgAction::SetTrue);
        let keep = Arg::new("keep-it").long("keep-it").action(ArgAction::SetTrue).conflicts_with("push");
        let verbose = Arg::new("verbose").short('v').long("verbose").global(true).action(ArgAction::Count);
        let build = Command::new("build").args([Arg::new("jar"), repeated, push, keep]);
        Command::new("imgbuild").arg(verbose).subcommand(build)
    }

    fn words(line: &str, variables: &[(&str, &str)]) -> Result<String, UsageError> {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        let words = line.split(' ').map(OsString::from).collect();
        let Words { words, .. } = add_variables(grammar(), words, variable)?;
        Ok(words.join(OsStr::new(" ")).into_string().unwrap())
    }

    #[test]
    fn a_variable_stands_for_its_flag() {
        for (line, variables, expected) in [
            (
                "imgbuild build a.jar",
                &[("IMGBUILD_TAG", "a:1\nb:2\n"), ("IMGBUILD_PUSH", "true")][..],
                "imgbuild build a.jar --tag=a:1 --tag=b:2 --push",
            ),
            ("imgbuild build -t c a.jar", &[("IMGBUILD_TAG", "a")], "imgbuild build -t c a.jar"),
            ("imgbuild build a.jar", &[("IMGBUILD_PUSH", "no"), ("IMGBUILD_TAG", "")], "imgbuild build a.jar"),
            ("imgbuild build a.jar", &[("IMGBUILD_VERBOSE", "2")], "imgbuild build a.jar --verbose --verbose"),
            ("imgbuild build --keep-it", &[("IMGBUILD_PUSH", "1")], "imgbuild build --keep-it"),
            ("imgbuild build -- a.jar", &[("IMGBUILD_TAG", "a=b c")], "imgbuild build --tag=a=b c -- a.jar"),
            ("imgbuild build --unknown", &[("IMGBUILD_TAG", "a")], "imgbuild build --unknown --tag=a"),
            ("imgbuild", &[("IMGBUILD_VERBOSE", "2")], "imgbuild"),
        ] {
            assert_eq!(words(line, variables).unwrap(), expected);
        }
    }

    #[test]
    fn a_variable_that_says_neither_yes_nor_no_is_refused() {
        for variable in [("IMGBUILD_PUSH", "maybe"), ("IMGBUILD_VERBOSE", "1000000")] {
            assert!(words("imgbuild build a.jar", &[variable]).is_err(), "{variable:?}");
        }
    }
}
