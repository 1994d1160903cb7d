//! What `docker save` writes: a list of configurations and layers, to which the manifest is made here.

use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{CONTAINERD_NAME, DOCKER_MANIFEST, Opened, Stretch};
use crate::layout::Error;
use crate::oci::{Algorithm, Compression, Descriptor, Digest, Hasher, MAX_CONFIG_BYTES, MediaType, Platform};

/// An entry of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

/// What a configuration tells of its layers and its platform.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
    rootfs: Rootfs,
}

#[derive(Deserialize)]
struct Rootfs {
    diff_ids: Option<Vec<Digest>>,
}

/// Finds the images of `archive`.
pub(super) fn read(archive: &mut Opened) -> Result<(), Error> {
    let saved: Vec<Saved> =
        serde_json::from_slice(&archive.small(DOCKER_MANIFEST)?).map_err(|error| archive.not_json(DOCKER_MANIFEST, &error))?;
    for saved in saved {
        let image = archive.image(&saved)?;
        let tags = saved.repo_tags.unwrap_or_default();
        if tags.is_empty() {
            archive.images.push(image.clone());
        }
        for tag in tags {
            let mut named = image.clone();
            named.annotations.insert(CONTAINERD_NAME.to_owned(), tag.into());
            archive.images.push(named);
        }
    }
    Ok(())
}

impl Opened {
    fn image(&mut self, saved: &Saved) -> Result<Descriptor, Error> {
        let stretch = self.member(&saved.config)?;
        if stretch.size > MAX_CONFIG_BYTES {
            return Err(Error::TooLarge(self.path.join(&saved.config)));
        }
        let bytes = self.bytes(stretch)?;
        let config = Descriptor::of(MediaType::OciConfig, &bytes);
        self.elsewhere.insert(config.digest.clone(), stretch);
        let Config { os, architecture, variant, rootfs } =
            serde_json::from_slice(&bytes).map_err(|error| self.not_json(&saved.config, &error))?;
        let (files, diff_ids) = (saved.layers.clone().unwrap_or_default(), rootfs.diff_ids.unwrap_or_default());
        if files.len() != diff_ids.len() {
            let reason = format!("`{DOCKER_MANIFEST}` has {} layers but `{}` has {}", files.len(), saved.config, diff_ids.len());
            return Err(Error::NotAnArchive { path: self.path.clone(), reason });
        }
        let layers = files.iter().zip(diff_ids).map(|(file, diff_id)| self.layer(file, diff_id)).collect::<Result<Vec<_>, _>>()?;
        let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::OciManifest, "config": config, "layers": layers}).to_string();
        let descriptor = Descriptor::of(MediaType::OciManifest, manifest.as_bytes());
        self.implied.insert(descriptor.digest.clone(), manifest.into());
        Ok(descriptor.with_platform(Platform::new(&os, &architecture, &variant)))
    }

    /// A layer that is a plain tar has its diff id for a digest; only compressed ones have to be read to be named.
    fn layer(&mut self, file: &str, diff_id: Digest) -> Result<Value, Error> {
        let stretch = self.member(file)?;
        let failed = |source| Error::Read { path: self.path.clone(), source };
        let mut start = [0; 4];
        let length = self.file.read_at(&mut start, stretch.start).map_err(failed)?;
        let compression = match &start[..length] {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
            _ => Compression::None,
        };
        let digest = if compression == Compression::None { diff_id } else { self.digest(stretch).map_err(failed)? };
        self.elsewhere.insert(digest.clone(), stretch);
        Ok(json!(Descriptor::new(MediaType::OciLayer(compression), digest, stretch.size)))
    }

    fn member(&self, name: &str) -> Result<Stretch, Error> {
        let missing =
            || Error::NotAnArchive { path: self.path.clone(), reason: format!("it has no `{name}`, which `{DOCKER_MANIFEST}` names") };
        self.members.find(name).ok_or_else(missing)
    }

    fn digest(&self, stretch: Stretch) -> io::Result<Digest> {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut piece = vec![0; 256 << 10];
        let mut reader = At { opened: self, position: stretch.start }.take(stretch.size);
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(hasher.finish()),
                length => hasher.update(&piece[..length]),
            }
        }
    }
}

/// Reads on from a position.
struct At<'a> {
    opened: &'a Opened,
    position: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.opened.file.read_at(buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}
