//! `imgbuild man`: the manual pages, made from the grammar so that they never lag behind it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
        write_all(&grammar, folder).map_err(failed)?;
        return Ok(Exit::DONE);
    }
    let mut command = &grammar;
    for name in &arguments.command {
        let unknown =
            || Failure::usage(format!("there is no command `{}`", arguments.command.join(" "))).hint("`imgbuild --help` lists them");
        command = command.find_subcommand(name).ok_or_else(unknown)?;
    }
    let mut page = Vec::new();
    let rendered = page_of(command).render(&mut page);
    rendered.map_err(|error| Failure::new(Exit::FAILED, "cannot write the page").because(error))?;
    face.result(String::from_utf8_lossy(&page).trim_end())?;
    Ok(Exit::DONE)
}

fn page_of(command: &clap::Command) -> Man {
    // Without them a page's foot holds the last word of its command.
    Man::new(command.clone()).source(concat!("imgbuild ", env!("CARGO_PKG_VERSION"))).manual("imgbuild")
}

fn write_all(command: &clap::Command, folder: &Path) -> io::Result<()> {
    page_of(command).generate_to(folder)?;
    command.get_subcommands().filter(|inner| !inner.is_hide_set()).try_for_each(|inner| write_all(inner, folder))
}
