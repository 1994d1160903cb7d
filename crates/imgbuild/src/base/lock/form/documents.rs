//! The documents of a base in its lock: each is what its digest says.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use crate::oci::Digest;

/// Checks them one by one, so that an error is in the line of the one that is wrong.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Digest, String>, D::Error> {
    deserializer.deserialize_map(Documents)
}

struct Documents;

impl<'de> Visitor<'de> for Documents {
    type Value = BTreeMap<Digest, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("documents by their digests")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut documents = BTreeMap::new();
        while let Some(digest) = entries.next_key::<Digest>()? {
            let text = entries.next_value_seed(TextOf(&digest))?;
            documents.insert(digest, text);
        }
        Ok(documents)
    }
}

/// The text that has this digest.
struct TextOf<'a>(&'a Digest);

impl<'de> DeserializeSeed<'de> for TextOf<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for TextOf<'_> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        match self.0.check(text.as_bytes()) {
            Ok(()) => Ok(text.to_owned()),
            Err(found) => Err(E::custom(format!("the document `{}` was changed: it has the digest `{found}`", self.0))),
        }
    }
}
