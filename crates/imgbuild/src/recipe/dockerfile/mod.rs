//! The subset of Dockerfiles that puts files on a base image and changes its configuration.
//!
//! A [`Dockerfile`] is valid once parsed: what it asks for is done, or was refused with its line, the reason and a way
//! out. Refused are the steps that run programs or look beyond the context: RUN, ONBUILD, remote ADD, further stages.
//! Variables get their values when the platform and the base are known: [`Dockerfile::evaluate`].

mod evaluate;
mod health;
mod ignore;
mod instruction;
mod line;
mod owner;
mod pattern;
mod refuse;
mod scope;
#[cfg(test)]
mod tests;
mod word;

use std::path::{Path, PathBuf};

use super::{Assignment, Error, file};
use crate::oci::{Location, Platform};

pub use evaluate::{CopyStep, Step, Steps};
pub use ignore::Ignore;
pub use owner::StepOwner;
pub use pattern::Pattern;

use instruction::Instruction;

/// The name of a Dockerfile where none is given.
pub const DEFAULT_DOCKERFILE: &str = "Dockerfile";

/// A Dockerfile, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    path: Option<PathBuf>,
    escape: char,
    instructions: Vec<Numbered>,
}

/// An instruction with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbered {
    line: u64,
    text: String,
    instruction: Instruction,
}

impl Dockerfile {
    /// Reads a Dockerfile.
    ///
    /// # Errors
    /// When it cannot be read, has a syntax error, or asks for what is not done.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = file::read_recipe(path)?;
        Self::of_text(&text, Some(path.to_owned()))
    }

    /// Reads the text of a Dockerfile.
    ///
    /// # Errors
    /// When it has a syntax error, or asks for what is not done.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::of_text(text, None)
    }

    fn of_text(text: &str, path: Option<PathBuf>) -> Result<Self, Error> {
        let name = name(path.as_deref());
        let read = || {
            let (lines, escape) = line::lines(text)?;
            let mut instructions: Vec<Numbered> = Vec::with_capacity(lines.len());
            let mut has_from = false;
            for line in lines {
                let instruction = instruction::read(&line, escape)?;
                match &instruction {
                    Instruction::From { .. } if has_from => return Err(refuse::stage(line.number)),
                    Instruction::From { .. } => has_from = true,
                    Instruction::Arg(_) => {}
                    _ if !has_from => return Err(Flaw::new(line.number, "only `ARG` may stand before `FROM`")),
                    _ => {}
                }
                let text = line.text.split_whitespace().collect::<Vec<_>>().join(" ");
                instructions.push(Numbered { line: line.number, text, instruction });
            }
            if !has_from {
                return Err(Flaw::new(1, "it has no `FROM`").hint("begin with the base image, such as `FROM amazoncorretto:17`"));
            }
            Ok((escape, instructions))
        };
        let (escape, instructions) = read().map_err(|flaw| flaw.at(&name))?;
        Ok(Self { path, escape, instructions })
    }

    /// Whether a file of this name is a Dockerfile: anything that is no YAML.
    #[must_use]
    pub fn is_named_so(path: &Path) -> bool {
        !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
    }

    /// The file, where it was read from one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The image that FROM names.
    ///
    /// # Errors
    /// When it is no reference, or differs from platform to platform.
    pub fn base(&self, build_args: &[Assignment], platforms: &[Platform]) -> Result<Location, Error> {
        let mut found: Option<(String, &Platform)> = None;
        for platform in platforms {
            let (line, image) = self.base_of(build_args, platform)?;
            match &found {
                Some((other, first)) if *other != image => {
                    let reason = format!("`FROM` names `{other}` for `{first}` and `{image}` for `{platform}`");
                    return Err(self.flaw(line, reason, "name one image that has every platform"));
                }
                _ => found = Some((image, platform)),
            }
        }
        let (image, _) = found.ok_or(Error::NoPlatform)?;
        let line = self.line_of_base();
        if image == "scratch" {
            return Err(self.flaw(line, "`scratch` has no Java that could run the application", "name an image with a JDK or JRE"));
        }
        image
            .parse()
            .map(Location::Registry)
            .map_err(|error| self.flaw(line, format!("`FROM`: {error}"), "name an image, such as `amazoncorretto:17`"))
    }

    fn line_of_base(&self) -> u64 {
        let from = self.instructions.iter().find(|one| matches!(one.instruction, Instruction::From { .. }));
        from.map_or(1, |from| from.line)
    }

    fn flaw(&self, line: u64, reason: impl Into<String>, hint: &'static str) -> Error {
        Flaw::new(line, reason).hint(hint).at(&self.name())
    }

    fn name(&self) -> String {
        name(self.path.as_deref())
    }
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "the Dockerfile".to_owned(), |path| format!("`{}`", path.display()))
}

/// What is wrong in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flaw {
    line: u64,
    reason: String,
    hint: Option<String>,
    /// Whether the reason is only that the base is not known yet.
    needs_base: bool,
}

impl Flaw {
    fn new(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), hint: None, needs_base: false }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn at(self, file: &str) -> Error {
        let Self { line, reason, hint, needs_base } = self;
        let file = file.to_owned();
        if needs_base { Error::NeedsBase { file, line, reason } } else { Error::Dockerfile { file, line, reason, hint } }
    }
}
