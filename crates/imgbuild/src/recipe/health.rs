//! `healthcheck:` of the recipe: the keys of a compose file, the durations of people.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::value::duration;
use crate::image::Healthcheck;

/// Reads `none`, or a map with `test` and its times.
pub(super) fn healthcheck<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Healthcheck>, D::Error> {
    struct Check;
    impl<'de> Visitor<'de> for Check {
        type Value = Healthcheck;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("`none`, or a map with `test`")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            match text {
                "none" | "NONE" => Ok(Healthcheck::none()),
                other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
            }
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let Keys { test: Test(test), interval, timeout, start_period, start_interval, retries } =
                Keys::deserialize(MapAccessDeserializer::new(map))?;
            let [Time(interval), Time(timeout), Time(start_period), Time(start_interval)] =
                [interval, timeout, start_period, start_interval];
            Ok(Healthcheck { test, interval, timeout, start_period, start_interval, retries: retries.into() })
        }
    }
    deserializer.deserialize_any(Check).map(Some)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Keys {
    test: Test,
    #[serde(default)]
    interval: Time,
    #[serde(default)]
    timeout: Time,
    #[serde(default)]
    start_period: Time,
    #[serde(default)]
    start_interval: Time,
    #[serde(default)]
    retries: u16,
}

/// Nanoseconds.
#[derive(Default)]
struct Time(u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let duration = duration(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
        u64::try_from(duration.as_nanos()).map(Self).map_err(de::Error::custom)
    }
}

/// `test`: a list that begins with `CMD`, `CMD-SHELL` or `NONE`, or a command for the shell.
struct Test(Vec<String>);

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Command;
        impl<'de> Visitor<'de> for Command {
            type Value = Test;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(r#"a list such as `["CMD", "java", "Health"]`, or a command for the shell"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Test(vec!["CMD-SHELL".to_owned(), text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut words: Vec<String> = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                let valid = match words.first().map(String::as_str) {
                    Some("NONE") => words.len() == 1,
                    Some("CMD") => words.len() > 1,
                    Some("CMD-SHELL") => words.len() == 2,
                    _ => false,
                };
                if valid {
                    Ok(Test(words))
                } else {
                    Err(de::Error::custom("a health check's list begins with `CMD` and words, or is `CMD-SHELL` and one text, or `NONE`"))
                }
            }
        }
        deserializer.deserialize_any(Command)
    }
}
