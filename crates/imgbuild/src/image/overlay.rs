//! What a recipe changes in the base's configuration.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Assumed, Error};

/// The changes, in the terms of a Dockerfile. Empty means that the base's value stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Overlay {
    /// ENTRYPOINT in exec form. Given without `cmd` it clears the base's CMD, as in a Dockerfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// CMD in exec form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// ENV: replaces in place or appends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// LABEL: replaces in place or appends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(String, String)>,
    /// USER, as `name`, `uid` or `user:group`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// WORKDIR; a relative one joins the base's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// EXPOSE: added to the base's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exposed_ports: Vec<Port>,
    /// VOLUME: added to the base's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// STOPSIGNAL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// HEALTHCHECK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// SHELL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
    /// The base's values that are part of the others.
    #[serde(skip_serializing_if = "Assumed::is_nothing")]
    pub assumed: Assumed,
}

/// A HEALTHCHECK; durations are nanoseconds, zero means the daemon's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", "…"]`.
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interval: u64,
    /// Time after which a check has failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timeout: u64,
    /// Time during which failures do not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_period: u64,
    /// Time between checks during the start period.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_interval: u64,
    /// Failures in a row that make a container unhealthy.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u64,
}

impl Healthcheck {
    /// Disables the base's health check.
    #[must_use]
    pub fn none() -> Self {
        Self { test: vec!["NONE".to_owned()], interval: 0, timeout: 0, start_period: 0, start_interval: 0, retries: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references to `skip_serializing_if`")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A port or a range of ports that the image listens on, as `EXPOSE` writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Port {
    first: u16,
    last: u16,
    protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

impl Port {
    /// The keys of `ExposedPorts`: one `port/protocol` for each port of the range.
    pub fn keys(&self) -> impl Iterator<Item = String> + '_ {
        (self.first..=self.last).map(|port| format!("{port}/{}", self.protocol.name()))
    }
}

impl FromStr for Port {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || Error::Port(text.to_owned());
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = Protocol::ALL.into_iter().find(|known| protocol.eq_ignore_ascii_case(known.name())).ok_or_else(error)?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(error);
        let (first, last) = (number(first)?, number(last)?);
        if first <= last { Ok(Self { first, last, protocol }) } else { Err(error()) }
    }
}

impl TryFrom<String> for Port {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Port> for String {
    fn from(port: Port) -> Self {
        port.to_string()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.first)?;
        if self.last != self.first {
            write!(formatter, "-{}", self.last)?;
        }
        write!(formatter, "/{}", self.protocol.name())
    }
}
