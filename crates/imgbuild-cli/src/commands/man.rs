//! `imgbuild man`: the manual pages, made from the grammar so that they never lag behind it.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

use crate::face::{Exit, Face, Failure};

/// Which page.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The command, such as `build` or `cache prune` [default: imgbuild itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Writes every page into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

/// Prints a page, or writes them all.
pub(crate) fn run(arguments: &Arguments, face: &Face) -> Result<Exit, Failure> {
    let mut grammar = crate::arguments::grammar();
    grammar.build();
    if let Some(folder) = &arguments.dir {
        let failed =
            |error: io::Error| Failure::new(Exit::FAILED, format!("cannot write the pages to `{}`", folder.display())).because(error);
        fs::create_dir_all(folder).map_err(failed)?;
        clap_mangen::generate_to(grammar, folder).map_err(failed)?;
        return Ok(Exit::DONE);
    }
    let mut command = &grammar;
    for name in &arguments.command {
        let unknown =
            || Failure::usage(format!("there is no command `{}`", arguments.command.join(" "))).hint("`imgbuild --help` lists them");
        command = command.find_subcommand(name).ok_or_else(unknown)?;
    }
    let mut page = Vec::new();
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered.map_err(|error| Failure::new(Exit::FAILED, "cannot write the page").because(error))?;
    face.result(String::from_utf8_lossy(&page).trim_end())?;
    Ok(Exit::DONE)
}
