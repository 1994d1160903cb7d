//! `-o type=oci,dest=DIR`: where else an image goes, in the words of `docker buildx`.

use std::path::PathBuf;
use std::str::FromStr;

use imgbuild::oci::ArchiveForm;
use imgbuild::{ArchiveTarget, LayoutTarget, Reference, Target};

/// The tag of what has no other, as everywhere in the world of Docker.
const DEFAULT_TAG: &str = "latest";

/// One `--output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    kind: Kind,
    destination: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Layout,
    Archive(ArchiveForm),
}

impl Output {
    /// The target, which gives the image these names.
    pub(crate) fn target(&self, names: &[Reference]) -> Box<dyn Target> {
        match self.kind {
            Kind::Layout => {
                // A layout keeps what it has: without a tag, the images of several builds could not be told apart.
                let tag = names.first().and_then(|name| name.tag().map(str::to_owned)).unwrap_or_else(|| DEFAULT_TAG.to_owned());
                Box::new(LayoutTarget::new(&self.destination, Some(tag)))
            }
            Kind::Archive(form) => Box::new(ArchiveTarget::new(form, &self.destination).names(names.iter().cloned())),
        }
    }

    /// Whether it is written to stdout, which then holds nothing else.
    pub(crate) fn is_stdout(&self) -> bool {
        self.kind != Kind::Layout && imgbuild::oci::is_stdio(&self.destination)
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write `type=oci,dest=DIR`, `type=oci-archive,dest=FILE` or `type=docker-archive,dest=FILE`";
        let (mut kind, mut destination) = (None, None);
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("type", "oci")) => kind = Some(Kind::Layout),
                Some(("type", "oci-archive")) => kind = Some(Kind::Archive(ArchiveForm::Oci)),
                Some(("type", "docker-archive")) => kind = Some(Kind::Archive(ArchiveForm::Docker)),
                Some(("type", other)) => return Err(format!("there is no type `{other}`; {FORM}")),
                Some(("dest", path)) if !path.is_empty() => destination = Some(PathBuf::from(path)),
                _ => return Err(format!("`{part}` says nothing; {FORM}")),
            }
        }
        match (kind, destination) {
            (Some(kind), Some(destination)) => Ok(Self { kind, destination }),
            (None, _) => Err(format!("it has no `type`; {FORM}")),
            (_, None) => Err(format!("it has no `dest`; {FORM}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_as_buildx_writes_them() {
        let output = |kind, path: &str| Ok(Output { kind, destination: path.into() });
        assert_eq!("type=oci,dest=image".parse(), output(Kind::Layout, "image"));
        assert_eq!("dest=a=b.tar,type=oci-archive".parse(), output(Kind::Archive(ArchiveForm::Oci), "a=b.tar"));
        assert_eq!("type=docker-archive,dest=-".parse(), output(Kind::Archive(ArchiveForm::Docker), "-"));
        for bad in ["", "image", "type=oci", "dest=x", "type=oci,dest=", "type=tar,dest=x", "type=oci,dest=x,compression=zstd"] {
            assert!(bad.parse::<Output>().is_err(), "{bad}");
        }
    }
}
