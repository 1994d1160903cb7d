//! Why there is no recipe.

use std::io;
use std::path::PathBuf;

use crate::image;

/// Why a recipe could not be read or is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read the recipe `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is longer than any recipe, so it is something else.
    #[error("cannot read the recipe `{}`: it is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },
    /// The text is no YAML, or not the YAML of a recipe.
    #[error("{file}, line {line}, column {column}: {reason}")]
    Syntax {
        /// The file's name, or `recipe` for a text.
        file: String,
        /// Counted from 1; 0 where it is not known.
        line: u64,
        /// Counted from 1; 0 where it is not known.
        column: u64,
        /// What is wrong there.
        reason: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A Dockerfile that is not valid, or asks for what is not done.
    #[error("{file}, line {line}: {reason}")]
    Dockerfile {
        /// The file's name.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What is wrong there.
        reason: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A Dockerfile whose steps depend on its base, which is not known yet.
    #[error("{file}, line {line}: {reason}, which is not read for this")]
    NeedsBase {
        /// The file's name.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What depends on it.
        reason: String,
    },
    /// A value that is not what its place needs.
    #[error("`{input}` is no {kind}: {reason}")]
    Value {
        /// What was given.
        input: String,
        /// What is needed, such as `owner`.
        kind: &'static str,
        /// Why it is none, and what to write.
        reason: &'static str,
    },
    /// A value of the image that is not valid.
    #[error(transparent)]
    Image(#[from] image::Error),
    /// A file that cannot be given a place in the image.
    #[error("cannot place `{}` in the image: {reason}", source_path.display())]
    Place {
        /// The file on this machine.
        source_path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// Two files for one place.
    #[error("`{}` and `{}` would both become `{destination}`", first.display(), second.display())]
    SamePlace {
        /// A file.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        /// The path in the image.
        destination: String,
    },
    /// An answer that is not valid.
    #[error("`{input}` cannot be used: {reason}")]
    Answer {
        /// What was answered.
        input: String,
        /// Why not.
        reason: String,
    },
    /// A platform that is named twice.
    #[error("the platform `{0}` is named twice")]
    SamePlatform(String),
    /// A file with services where one image is wanted.
    #[error("{file} describes several services")]
    SeveralServices {
        /// The file's name.
        file: String,
    },
    /// Two keys of which each says what is built.
    #[error("{file} has `{key}` together with `{with}`")]
    Together {
        /// The file's name.
        file: String,
        /// A key.
        key: &'static str,
        /// Another one.
        with: &'static str,
    },
    /// A context for no Dockerfile.
    #[error("{file} has a `context` and no `dockerfile`")]
    ContextAlone {
        /// The file's name.
        file: String,
    },
    /// A service that is not there.
    #[error("there is no service `{name}`")]
    NoService {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        near: Option<String>,
        /// The services that there are.
        known: Vec<String>,
    },
    /// Docker's manifests have no place for annotations.
    #[error("annotations need the OCI format: a Docker manifest has no place for them")]
    AnnotationsInDocker,
    /// No platform at all.
    #[error("the list of platforms is empty")]
    NoPlatform,
}

impl Error {
    /// What the user can do about it, where that is more than the message says.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { hint, .. } | Self::Dockerfile { hint, .. } => hint.clone(),
            Self::Read { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("write `{}`, or name another file with `-f`", path.display()))
            }
            Self::SamePlace { .. } => Some("give one of them another destination: `FILE:/PATH`".to_owned()),
            Self::Together { key, .. } => Some(format!("a Dockerfile copies its JAR itself, from its context; leave `{key}` out")),
            Self::ContextAlone { .. } => Some("name the Dockerfile, as in `dockerfile: api/Dockerfile`".to_owned()),
            Self::NoService { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::NoService { known, .. } => Some(format!("the services are `{}`", known.join("`, `"))),
            Self::AnnotationsInDocker => Some("leave `--format docker` out, or make labels of them with `--label`".to_owned()),
            Self::NoPlatform => Some("leave the list out for `linux/amd64` and `linux/arm64`".to_owned()),
            _ => None,
        }
    }
}

/// An error about a value, with no more of the value than fits a line.
pub(super) fn no(kind: &'static str, input: &str, reason: &'static str) -> Error {
    Error::Value { input: input.chars().take(200).collect(), kind, reason }
}
