//! Opens an image that an engine has: `docker save` without the file.
//!
//! The engine packs the image into one stream, which is spooled to a file without a name: layers are read by position. The room
//! refuses to change what the engine gives.

use std::io::{self, Seek as _, SeekFrom, Write as _};

use imgbuild::layout::{self, Archive};
use imgbuild::source::Source;
use imgbuild::{Location, Reference};

use crate::engine::{self, Engine, Request};

/// Why an image of an engine could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine could not be asked, or said no.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The engine does not have it.
    #[error("the Docker Engine at `{host}` has no image `{image}`")]
    NoImage {
        /// The engine.
        host: String,
        /// The image that was asked for.
        image: String,
    },
    /// What the engine sent cannot be kept: the disk of the temporary folder is full, above all.
    #[error("cannot keep what the Docker Engine sends of `{image}`: {source}")]
    Spool {
        /// The image.
        image: String,
        /// The cause.
        source: io::Error,
    },
    /// What the engine sent is no image.
    #[error(transparent)]
    Read(#[from] layout::Error),
    /// The runtime ended while the image was opened.
    #[error("reading was stopped")]
    Interrupted,
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::NoImage { .. } => {
                Some("`docker images` there lists what it has; an image of a registry is named without `docker-daemon:`".to_owned())
            }
            Self::Spool { .. } => Some("name a folder with more space in TMPDIR".to_owned()),
            Self::Read(error) => error.hint(),
            Self::Interrupted => None,
        }
    }
}

/// Opens the image that `engine` has under the name `image`. Its layers come as the engine packs them: not compressed, up to Docker 24.
///
/// # Errors
/// When the engine does not have it or cannot be asked, and when what it sends is no image or finds no space.
pub async fn open(engine: &Engine, image: &Reference) -> Result<Source, Error> {
    let name = image.resolved().to_string();
    let location = Location::Daemon(image.clone());
    let mut answer = match engine.answer(Request::get(format!("/images/{name}/get")).unlimited()).await {
        Err(error) if error.status() == Some(404) => return Err(Error::NoImage { host: engine.endpoint().host.to_string(), image: name }),
        answer => answer?,
    };
    let failed = |source| Error::Spool { image: name.clone(), source };
    let mut file = tempfile::tempfile().map_err(failed)?;
    while let Some(piece) = answer.chunk().await.map_err(|error| engine::broken(&format!("GET /images/{name}/get"), &error))? {
        file.write_all(&piece).map_err(failed)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let title = location.to_string();
    let archive = tokio::task::spawn_blocking(move || Archive::read(file, title)).await.map_err(|_| Error::Interrupted)??;
    Ok(Source::of_archive(location, archive))
}
