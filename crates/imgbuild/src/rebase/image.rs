//! The part of an image that is imgbuild's own.

use super::Error;
use crate::image::{Annotations, Created, Format, Image, Parent, Record};
use crate::layer::Layer;
use crate::oci::{Platform, annotation};
use crate::source::PlatformImage;

/// What imgbuild put on the base of one platform.
#[derive(Debug)]
pub(super) struct OwnImage {
    pub(super) platform: Platform,
    pub(super) record: Record,
    name: String,
    layers: Vec<Layer>,
    annotations: Annotations,
}

impl OwnImage {
    /// Takes an image apart.
    pub(super) fn read(name: &str, image: PlatformImage) -> Result<Self, Error> {
        let foreign = |reason| Error::Foreign { image: name.to_owned(), platform: image.platform.clone(), reason };
        let record = image.config.record().ok_or_else(|| foreign("it has no record of imgbuild"))?;
        let diff_ids = image.config.diff_ids();
        if diff_ids.len() != image.layers.len() || record.base_layers > diff_ids.len() {
            return Err(foreign("its record does not fit its layers"));
        }
        let names = image.config.own_layers(record.base_layers);
        let names = names.ok_or_else(|| foreign("another program put layers on top of imgbuild's"))?;
        let own = names.into_iter().zip(&diff_ids[record.base_layers..]).zip(&image.layers[record.base_layers..]);
        let layers = own.map(|((name, diff_id), blob)| Layer::new(name, blob.clone(), diff_id.clone())).collect();

        let mut annotations = Annotations::default();
        for (key, value) in image.manifest.annotations() {
            // Those of the old base are replaced by those of the new one; what the user wrote over them stays.
            let is_old_base = match key {
                annotation::BASE_DIGEST => value == record.base_digest.as_str(),
                annotation::BASE_NAME => record.base.as_deref() == Some(value),
                _ => false,
            };
            if !is_old_base {
                annotations.manifest.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(Self { platform: image.platform, record, name: name.to_owned(), layers, annotations })
    }

    /// Its own layers, lowest first.
    pub(super) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The same on another base.
    pub(super) fn on(&self, parent: &Parent, format: Format) -> Result<Image, Error> {
        if let Some(what) = self.record.overlay.assumed.differs_from(&parent.config) {
            return Err(Error::OtherValue { image: self.name.clone(), platform: self.platform.clone(), what });
        }
        let created = self.record.created.map_or(Created::OfBase, Created::At);
        let image = Image::compose(parent, &self.layers, &self.record.overlay, &created, format, &self.annotations);
        image.map_err(|source| Error::Compose { image: self.name.clone(), source })
    }
}
