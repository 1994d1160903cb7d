//! What flags of `docker service` hold: sizes, ports, choices.

use std::str::FromStr;

use serde_json::{Value, json};

/// Why a flag's value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is no {what}: {reason}")]
pub struct ValueError {
    value: String,
    what: &'static str,
    reason: &'static str,
}

const fn error(value: String, what: &'static str, reason: &'static str) -> ValueError {
    ValueError { value, what, reason }
}

/// A number of bytes: `512m`, `1g`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory(
    /// The bytes.
    pub u64,
);

impl FromStr for Memory {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let no = || error(text.to_owned(), "size", "write a number and a unit, such as `512m` or `1g`");
        let lower = text.to_ascii_lowercase();
        let lower = lower.strip_suffix('b').unwrap_or(&lower);
        let digits = lower.find(|character: char| !character.is_ascii_digit()).unwrap_or(lower.len());
        let number: u64 = lower[..digits].parse().map_err(|_| no())?;
        let shift = match &lower[digits..] {
            "" => 0,
            "k" => 10,
            "m" => 20,
            "g" => 30,
            _ => return Err(no()),
        };
        number.checked_mul(1 << shift).map(Self).ok_or_else(no)
    }
}

/// A number of processors, such as `0.5` or `2`, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processors(
    /// Billionths of a processor.
    pub u64,
);

impl FromStr for Processors {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let no = || error(text.to_owned(), "number of processors", "write a number such as `0.5` or `2`");
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if part.len() > 9 || !part.chars().all(|character| character.is_ascii_digit()) {
            return Err(no());
        }
        let whole: u64 = whole.parse().map_err(|_| no())?;
        let part: u64 = format!("{part:0<9}").parse().map_err(|_| no())?;
        whole.checked_mul(1_000_000_000).and_then(|whole| whole.checked_add(part)).map(Self).ok_or_else(no)
    }
}

/// How a port is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// On every node, spread over the tasks.
    Ingress,
    /// On the nodes that run a task.
    Host,
}

/// A published port: `8080:80`, or `mode=host,target=80,published=8080,protocol=tcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The port in the container.
    pub target: u16,
    /// The port on the nodes; none lets Swarm choose.
    pub published: Option<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// How it is published.
    pub mode: PublishMode,
}

impl FromStr for Publish {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let no = |reason| error(text.to_owned(), "published port", reason);
        let port = |port: &str| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| no("a port is a number from 1 to 65535"));
        let mut publish = Self { target: 0, published: None, protocol: "tcp".to_owned(), mode: PublishMode::Ingress };
        if text.contains('=') {
            for pair in text.split(',') {
                match pair.split_once('=') {
                    Some(("target", value)) => publish.target = port(value)?,
                    Some(("published", value)) => publish.published = Some(port(value)?),
                    Some(("protocol", value)) => value.clone_into(&mut publish.protocol),
                    Some(("mode", "host")) => publish.mode = PublishMode::Host,
                    Some(("mode", "ingress")) => publish.mode = PublishMode::Ingress,
                    _ => return Err(no("its keys are `target`, `published`, `protocol` and `mode` (`ingress` or `host`)")),
                }
            }
        } else {
            let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            protocol.clone_into(&mut publish.protocol);
            match ports.split_once(':') {
                Some((published, target)) => (publish.published, publish.target) = (Some(port(published)?), port(target)?),
                None => publish.target = port(ports)?,
            }
        }
        if publish.target == 0 {
            return Err(no("it has no `target`"));
        }
        if !matches!(publish.protocol.as_str(), "tcp" | "udp" | "sctp") {
            return Err(no("the protocol is `tcp`, `udp` or `sctp`"));
        }
        Ok(publish)
    }
}

impl Publish {
    /// As the API has it.
    pub(super) fn to_json(&self) -> Value {
        let mode = match self.mode {
            PublishMode::Ingress => "ingress",
            PublishMode::Host => "host",
        };
        let mut port = json!({"Protocol": self.protocol, "TargetPort": self.target, "PublishMode": mode});
        if let Some(published) = self.published {
            port["PublishedPort"] = published.into();
        }
        port
    }
}

/// What happens to an update of which a task fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureAction {
    /// The update stops where it is.
    Pause,
    /// The update goes on.
    Continue,
    /// The old specification is brought back.
    Rollback,
}

/// Which of two tasks comes first when one replaces the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The old one stops, then the new one starts.
    StopFirst,
    /// The new one starts, then the old one stops.
    StartFirst,
}

impl FailureAction {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Continue => "continue",
            Self::Rollback => "rollback",
        }
    }
}

impl FromStr for FailureAction {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let known = [Self::Pause, Self::Continue, Self::Rollback].into_iter().find(|action| action.name() == text);
        known.ok_or_else(|| error(text.to_owned(), "failure action", "write `rollback`, `pause` or `continue`"))
    }
}

impl Order {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::StopFirst => "stop-first",
            Self::StartFirst => "start-first",
        }
    }
}

impl FromStr for Order {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let known = [Self::StopFirst, Self::StartFirst].into_iter().find(|order| order.name() == text);
        known.ok_or_else(|| error(text.to_owned(), "order", "write `stop-first` or `start-first`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_dockers_do() {
        assert_eq!("512m".parse::<Memory>().unwrap().0, 512 << 20);
        assert_eq!("1GB".parse::<Memory>().unwrap().0, 1 << 30);
        assert!("many".parse::<Memory>().is_err() && "99999999999g".parse::<Memory>().is_err());
        assert_eq!("0.5".parse::<Processors>().unwrap().0, 500_000_000);
        assert_eq!("2".parse::<Processors>().unwrap().0, 2_000_000_000);
    }

    #[test]
    fn ports_read_in_both_forms() {
        let long: Publish = "mode=host,target=80,published=8080".parse().unwrap();
        assert_eq!((long.target, long.published, long.mode), (80, Some(8080), PublishMode::Host));
        let short: Publish = "8080:80/udp".parse().unwrap();
        assert_eq!((short.target, short.published, short.protocol.as_str()), (80, Some(8080), "udp"));
        for text in ["", "0:80", "a:b", "80/http", "published=1", "mode=all,target=1"] {
            assert!(text.parse::<Publish>().is_err(), "{text}");
        }
    }
}
