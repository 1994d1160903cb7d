//! What a check came to, for people.

use super::finding::{Bytes, EntryFinding, LayerFinding, Presence, Where, Within};
use super::{PlatformVerification, Verification};
use crate::shown::{Outline, Shown};

impl Verification {
    /// What came out, as lines below each other.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let mut lines = Outline::new();
        if self.same {
            lines.add(0, format!("verified: {}  {} is what these inputs give", Shown(&self.reference), self.found));
            return lines;
        }
        lines.add(0, format!("different: {} is not what these inputs give", Shown(&self.reference)));
        lines.add(1, format!("found   {}", self.found));
        lines.add(1, format!("rebuilt {}", self.rebuilt));
        if let Some(other) = &self.other_base {
            let name = |name: &Option<String>| name.as_deref().map_or_else(|| "a layout".to_owned(), |name| Shown(name).to_string());
            lines.add(1, format!("the image records the base {}, the recipe names {}", name(&other.recorded), name(&other.recipe)));
        }
        for platform in &self.missing_platforms {
            lines.add(1, format!("the image has no {}", Shown(&platform.to_string())));
        }
        for platform in &self.extra_platforms {
            lines.add(1, format!("the recipe does not name {}", Shown(&platform.to_string())));
        }
        for platform in &self.platforms {
            platform.describe(&mut lines);
        }
        if self.found != self.rebuilt && self.platforms.iter().all(|platform| platform.found == platform.rebuilt) {
            lines.add(1, "the images of these platforms are the same; the indexes around them are not");
        }
        lines
    }
}

impl PlatformVerification {
    fn describe(&self, lines: &mut Outline) {
        let is_same = self.found == self.rebuilt;
        let result = if is_same { "the same" } else { "different" };
        lines.add(1, format!("{}: {result}, on the base {}", Shown(&self.platform.to_string()), self.base.short()));
        if let Some(locked) = &self.locked_base {
            lines.add(2, format!("the lock holds the base {}", locked.short()));
        }
        if let Some(layer) = &self.layer {
            layer.describe(lines);
        }
        for line in &self.documents {
            lines.add(2, line.clone());
        }
    }
}

impl LayerFinding {
    fn describe(&self, lines: &mut Outline) {
        let digest = |digest: &Option<crate::oci::Digest>| digest.as_ref().map_or("none", |digest| digest.short()).to_owned();
        let which = format!("layer {} `{}`", self.number, Shown(&self.name));
        lines.add(2, format!("{which} is the first that differs: found {}, rebuilt {}", digest(&self.found), digest(&self.rebuilt)));
        match &self.place {
            Where::OnlyFound => lines.add(3, "the inputs give no such layer"),
            Where::OnlyRebuilt => lines.add(3, "the image has no such layer"),
            Where::Compression => lines.add(3, "the content is the same; it is compressed in another way"),
            Where::Form => lines.add(3, "the entries are the same; the tar is written in another way"),
            Where::Entry(entry) => entry.describe(lines),
        }
    }
}

impl EntryFinding {
    fn describe(&self, lines: &mut Outline) {
        let path = Shown(&self.path);
        match self.presence {
            Presence::OnlyFound => lines.add(3, format!("entry {path}: only the image has it")),
            Presence::OnlyRebuilt => lines.add(3, format!("entry {path}: the image does not have it")),
            Presence::Both => {
                let bytes = self.bytes.map(|bytes| format!(": {}", bytes.to_line())).unwrap_or_default();
                lines.add(3, format!("entry {path}{bytes}"));
            }
        }
        for field in &self.fields {
            let (name, found, rebuilt) = (Shown(&field.name), Shown(&field.found), Shown(&field.rebuilt));
            let line =
                if field.found == field.rebuilt { format!("{name}: {found}") } else { format!("{name}: found {found}, rebuilt {rebuilt}") };
            lines.add(4, line);
        }
        if let Some(within) = &self.within {
            lines.add(4, within.to_line());
        }
    }
}

impl Within {
    fn to_line(&self) -> String {
        match (&self.path, self.presence) {
            (None, _) if self.only_times => "every file in it is the same; only the times of its entries differ".to_owned(),
            (None, _) => "every file in it is the same; it is packed in another way".to_owned(),
            (Some(path), Presence::OnlyFound) => format!("only the image has {} in it", Shown(path)),
            (Some(path), Presence::OnlyRebuilt) => format!("the image does not have {} in it", Shown(path)),
            (Some(path), Presence::Both) => {
                let bytes = self.bytes.map(|bytes| format!(": {}", bytes.to_line())).unwrap_or_default();
                format!("within it {}{bytes}", Shown(path))
            }
        }
    }
}

impl Bytes {
    fn to_line(self) -> String {
        let sizes = if self.found_size == self.rebuilt_size {
            format!("of {}", self.found_size)
        } else {
            format!("of {}, rebuilt {}", self.found_size, self.rebuilt_size)
        };
        format!("bytes {}–{} {sizes} differ", self.from, self.to)
    }
}
