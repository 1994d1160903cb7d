//! What the user asks for: flags, and variables that stand for flags.
//!
//! A command's own arguments lie beside the command; here is what several of them share. Values are parsed by the library's types,
//! so that a flag and a key of `imgbuild.yaml` have one spelling.

mod cache;
mod changes;
mod engine;
mod environment;
mod health;
mod input;
mod lock;
mod output;
mod reading;
mod recipe;
mod registry;
mod rollout;
mod value;

use std::ffi::OsString;

use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser};

use crate::commands::Command;
use crate::face::{Mode, UsageError};

pub(crate) use cache::{CacheArguments, CacheFolder};
pub(crate) use changes::ChangeArguments;
pub(crate) use engine::EngineArguments;
pub(crate) use input::{InputArguments, Inputs};
pub(crate) use lock::{LockArguments, LockedArguments};
pub(crate) use output::Output;
pub(crate) use reading::Layers;
pub(crate) use recipe::RecipeArguments;
pub(crate) use registry::RegistryArguments;
pub(crate) use rollout::{RolloutArguments, published};
pub(crate) use value::{bytes, duration};

/// Builds multi-architecture container images for JVM applications over HTTP: no Docker daemon, no buildx, no emulation, no JVM.
#[derive(Debug, Parser)]
#[command(
    name = "imgbuild",
    version,
    propagate_version = false,
    max_term_width = 110,
    disable_help_subcommand = true,
    args_override_self = true
)]
#[command(after_help = "\
Every flag can also be given as a variable: `--cache-dir` is IMGBUILD_CACHE_DIR, a flag that may be repeated takes one value a line. \
A flag is stronger than its variable, a variable than imgbuild.yaml.")]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Global {
    /// Logs what is done; twice logs every request
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How progress is shown on stderr; `auto` draws bars on a terminal and writes lines elsewhere or where CI is set
    #[arg(long, global = true, value_name = "MODE", value_enum, default_value_t = Mode::Auto)]
    pub(crate) progress: Mode,
}

/// The whole grammar, for completions and manual pages.
pub(crate) fn grammar() -> clap::Command {
    Arguments::command()
}

/// Reads the command line and the variables that stand for flags.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<(Global, Command), UsageError> {
    let environment::Words { words, command } =
        environment::add_variables(grammar(), words.into_iter().collect(), |name| std::env::var_os(name))?;
    let refused = |error| UsageError::new(error, &command);
    let matches = grammar().try_get_matches_from(words).map_err(refused)?;
    let Arguments { global, command } = Arguments::from_arg_matches(&matches).map_err(refused)?;
    Ok((global, command))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_grammar_is_sound() {
        super::grammar().debug_assert();
    }
}
