//! The shapes that values of `imgbuild.yaml` may have, for serde.
//!
//! A scalar is always asked for as a text, so that YAML's idea of its type never changes what was written.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Injection;
use super::value::{Assignment, absolute, mode};
use crate::oci::Platform;

/// A scalar in the spelling of its type.
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A scalar in the spelling of its type; an empty value is an error, not a default.
pub(super) fn scalar<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    Text::deserialize(deserializer).map(|Text(value)| Some(value))
}

/// A list, or one value without one; commas separate as in a flag.
pub(super) fn one_or_more<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    struct List<T>(PhantomData<T>);
    impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list, or one value")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut values = Vec::new();
            while let Some(Text(value)) = list.next_element()? {
                values.push(value);
            }
            Ok(values)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            text.split(',').map(|part| part.trim().parse().map_err(E::custom)).collect()
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            self.visit_str(&number.to_string())
        }
    }
    deserializer.deserialize_any(List(PhantomData)).map(Some)
}

/// A map, or a list of `NAME=VALUE`.
pub(super) fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map, or a list of `NAME=VALUE`")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                pairs.push(Assignment::new(&name, &value).map_err(de::Error::custom)?.into());
            }
            Ok(pairs)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut pairs: Vec<(String, String)> = Vec::new();
            while let Some(Text::<Assignment>(assignment)) = list.next_element()? {
                if pairs.iter().any(|(name, _)| *name == assignment.name) {
                    return Err(de::Error::custom(format_args!("`{}` is there twice", assignment.name)));
                }
                pairs.push(assignment.into());
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_any(Pairs)
}

/// A command in exec form. A text is refused: it would need a shell to be split.
pub(super) fn exec<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Words;
    impl<'de> Visitor<'de> for Words {
        type Value = Vec<String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(r#"a list of words, such as `["java", "-jar", "/app/app.jar"]`"#)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut words = Vec::new();
            while let Some(word) = list.next_element()? {
                words.push(word);
            }
            Ok(words)
        }
    }
    deserializer.deserialize_any(Words).map(Some)
}

/// Files: each `SOURCE[:DESTINATION[:MODE]]` or a map.
pub(super) fn injections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Injection>, D::Error> {
    struct Files;
    impl<'de> Visitor<'de> for Files {
        type Value = Vec<Injection>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of files, or one `FILE:/PATH`")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut files = Vec::new();
            while let Some(OneFile(file)) = list.next_element()? {
                files.push(file);
            }
            Ok(files)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            text.parse().map(|file| vec![file]).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Files)
}

struct OneFile(Injection);

impl<'de> Deserialize<'de> for OneFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = OneFile;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`FILE:/PATH`, or a map with `source` and `destination`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map(OneFile).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let FileKeys { source, destination, mode: bits, platform } = FileKeys::deserialize(MapAccessDeserializer::new(map))?;
                let destination = destination.map(|path| absolute("destination", &path)).transpose().map_err(de::Error::custom)?;
                let mode = bits.map(|bits| mode(&bits)).transpose().map_err(de::Error::custom)?;
                Ok(OneFile(Injection { source: source.into(), destination, mode, platform }))
            }
        }
        deserializer.deserialize_any(One)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKeys {
    source: String,
    #[serde(default)]
    destination: Option<String>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default, deserialize_with = "scalar")]
    platform: Option<Platform>,
}
