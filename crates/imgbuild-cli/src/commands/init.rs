//! `imgbuild init`: an `imgbuild.yaml` to start from.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use imgbuild::recipe::{Dockerfile, Draft, Project};

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
pub(crate) fn run(arguments: &Arguments, face: &Face) -> Result<Exit, Failure> {
    let output = &arguments.output;
    let is_stdout = imgbuild::oci::is_stdio(output);
    if !is_stdout && output.exists() && !arguments.force {
        return Err(
            Failure::usage(format!("`{}` is there already", output.display())).hint("name another file with `-o`, or add `--force`")
        );
    }
    let draft = match &arguments.dockerfile {
        Some(path) => Draft::of_dockerfile(&Dockerfile::read(path)?)?,
        None => asked()?,
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
    let jar = answer("The JAR", &likely_jar().unwrap_or_else(|| "build/libs/app.jar".to_owned()))?;
    let base = answer("The base image", imgbuild::recipe::DEFAULT_BASE)?;
    let tag = answer("The image's name, with its registry (empty for none)", "")?;
    let config = answer("A config file that lies on this machine only (empty for none)", "")?;
    Ok(Draft::of_answers(&jar, &base, &tag, &config)?)
}

fn answer(question: &str, default: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(Exit::FAILED, "cannot ask").because(error);
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question}{shown}: ").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    let line = line.trim();
    Ok(if line.is_empty() { default.to_owned() } else { line.to_owned() })
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
