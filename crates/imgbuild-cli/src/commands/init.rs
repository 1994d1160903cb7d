//! `imgbuild init`: an `imgbuild.yaml` to start from.

use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use imgbuild::recipe::{Dockerfile, Draft, Injection, Project};
use imgbuild::{Location, Reference};

use crate::face::{Exit, Face, Failure, NewFile};

/// What the file starts from.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The Dockerfile to take over [default: asks on a terminal]
    #[arg(value_name = "DOCKERFILE")]
    dockerfile: Option<PathBuf>,
    /// The file to write; `-` is stdout
    #[arg(short, long, value_name = "FILE", default_value = "imgbuild.yaml")]
    output: PathBuf,
    /// Replaces a file that is there
    #[arg(long)]
    force: bool,
}

/// Writes the file, and prints its name.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let output = &arguments.output;
    let is_stdout = imgbuild::oci::is_stdio(output);
    if !is_stdout && output.exists() && !arguments.force {
        return Err(
            Failure::usage(format!("`{}` is there already", output.display())).hint("name another file with `-o`, or add `--force`")
        );
    }
    let draft = match &arguments.dockerfile {
        Some(path) => Draft::of_dockerfile(&Dockerfile::read(path)?)?,
        // A thread of its own: whoever is asked may end it by a signal instead of an answer.
        None => face.until_cancelled(async { tokio::task::spawn_blocking(asked).await.map_err(Failure::ended)? }).await?,
    };
    for note in draft.notes() {
        face.warn(note, None);
    }
    let text = draft.to_yaml();
    // What is written can be read: this is the same reading that a build does.
    Project::parse(&text, folder(output))?;
    if is_stdout {
        face.result(text.trim_end())?;
    } else {
        NewFile::create(output)?.write_text(&text)?;
        face.result(&output.display())?;
    }
    Ok(Exit::DONE)
}

fn folder(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Asks for what cannot be guessed. A build server has nobody to ask.
fn asked() -> Result<Draft, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let failure = Failure::usage("there is no terminal to ask on");
        return Err(failure.hint("name a Dockerfile to take over: `imgbuild init Dockerfile`"));
    }
    let jar = answer("The JAR", &likely_jar().unwrap_or_else(|| "build/libs/app.jar".to_owned()), |_| Ok(()))?;
    let base = answer("The base image", imgbuild::recipe::DEFAULT_BASE, is::<Location>)?;
    let tag = answer("The image's name, with its registry (empty for none)", "", is::<Reference>)?;
    let config = answer("A config file that lies on this machine only (empty for none)", "", is::<Injection>)?;
    Ok(Draft::of_answers(&jar, &base, &tag, &config)?)
}

fn is<T: FromStr<Err: Display>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop).map_err(|error| error.to_string())
}

/// Asks until the answer can be used; an empty line is the default.
fn answer(question: &str, default: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(Exit::FAILED, "cannot ask").because(error);
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    // Not locked while it waits: whoever ends it by a signal is told so.
    let mut stderr = io::stderr();
    loop {
        write!(stderr, "{question}{shown}: ").and_then(|()| stderr.flush()).map_err(failed)?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).map_err(failed)? == 0 {
            return Err(Failure::new(Exit::FAILED, "the answers ended before the questions; nothing was written"));
        }
        let line = line.trim();
        if line.is_empty() {
            return Ok(default.to_owned());
        }
        match check(line) {
            Ok(()) => return Ok(line.to_owned()),
            Err(reason) => writeln!(stderr, "  {reason}").map_err(failed)?,
        }
    }
}

/// The JAR that Gradle or Maven made, where there is one.
fn likely_jar() -> Option<String> {
    let in_folder = |folder: &str| {
        let mut jars: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        jars.retain(|path| path.extension().is_some_and(|extension| extension == "jar" || extension == "war"));
        jars.retain(|path| !path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("-plain")));
        jars.sort();
        jars.into_iter().next().map(|path| path.display().to_string())
    };
    in_folder("build/libs").or_else(|| in_folder("target"))
}
