//! `imgbuild cache`: what is kept between builds, and what of it can go.

use std::time::Duration;

use clap::{Args, Subcommand};
use imgbuild::cache::Policy;
use imgbuild::event::Bytes;

use crate::arguments::{CacheFolder, bytes, duration};
use crate::face::{Exit, Face, Failure};

/// What is done with the cache.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the folder
    Dir(Folder),
    /// Prints how much it holds
    Size(Folder),
    /// Removes what is not needed; what a running build uses stays
    Prune(Prune),
    /// Reads everything, and removes what is damaged
    Verify(Folder),
}

#[derive(Debug, Args)]
struct Folder {
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: CacheFolder,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("limit").required(true).multiple(true))]
struct Prune {
    /// Removes what was not used for the longest time, until the rest is no larger: `500MB`, `5GB`
    #[arg(long, value_name = "SIZE", value_parser = bytes, group = "limit")]
    max_size: Option<u64>,
    /// Removes what was not used for this long: `12h`, `30days`
    #[arg(long, value_name = "DURATION", value_parser = duration, group = "limit")]
    older_than: Option<Duration>,
    /// Removes everything
    #[arg(long, group = "limit", conflicts_with_all = ["max_size", "older_than"])]
    all: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Does it, and prints what came of it.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let work = match arguments.command {
        Command::Dir(Folder { json, folder }) => {
            let path = folder.path()?;
            return super::show(face, json, &path, &path.display()).map(|()| Exit::DONE);
        }
        command => tokio::task::spawn_blocking(move || work(command)),
    };
    let Done { json, value, text, exit } = work.await.map_err(Failure::ended)??;
    super::show(face, json, &value, &text)?;
    Ok(exit)
}

struct Done {
    json: bool,
    value: serde_json::Value,
    text: String,
    exit: Exit,
}

impl Done {
    fn new(json: bool, value: impl serde::Serialize, text: String) -> Self {
        // Numbers and digests always have a JSON form.
        Self { json, value: serde_json::to_value(value).unwrap_or_default(), text, exit: Exit::DONE }
    }
}

fn work(command: Command) -> Result<Done, Failure> {
    Ok(match command {
        Command::Dir(Folder { json, folder }) => {
            let path = folder.path()?;
            Done::new(json, &path, path.display().to_string())
        }
        Command::Size(Folder { json, folder }) => {
            let size = folder.open()?.size()?;
            Done::new(json, size, format!("{} in {} blobs and {} records", Bytes(size.bytes), size.blobs, size.records + size.layers))
        }
        Command::Prune(Prune { max_size, older_than, all: _, folder: Folder { json, folder } }) => {
            let pruned = folder.open()?.prune(&Policy { older_than, max_size })?;
            Done::new(json, pruned, format!("{} freed, {} left", Bytes(pruned.bytes), Bytes(pruned.left)))
        }
        Command::Verify(Folder { json, folder }) => {
            let verified = folder.open()?.verify()?;
            let mut lines: Vec<String> = verified.removed.iter().map(|digest| format!("removed {digest}")).collect();
            if verified.removed_records > 0 {
                lines.push(format!("removed {} records", verified.removed_records));
            }
            let exit = if lines.is_empty() { Exit::DONE } else { Exit::DIFFERENT };
            lines.push(format!("{} blobs and {} records are sound", verified.sound, verified.sound_records));
            Done { exit, ..Done::new(json, &verified, lines.join("\n")) }
        }
    })
}
