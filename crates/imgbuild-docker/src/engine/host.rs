//! Addresses of Docker Engines, as `DOCKER_HOST` and contexts give them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::Error;

/// Where Docker Engine listens when nothing else is said.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// The port of an engine without TLS.
const PLAIN_PORT: u16 = 2375;
/// The port of an engine with TLS.
const TLS_PORT: u16 = 2376;

/// The address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A socket of this machine: `unix:///var/run/docker.sock`.
    Unix(PathBuf),
    /// `tcp://HOST:PORT`, with TLS where a certificate or a check is asked for.
    Tcp {
        /// The host's name or address.
        host: String,
        /// The port, where one is given.
        port: Option<u16>,
    },
    /// `ssh://[USER@]HOST[:PORT][/PATH]`: the socket of another machine.
    Ssh(Remote),
}

/// A socket of a machine that is reached by ssh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The user; none leaves it to ssh's own configuration.
    pub user: Option<String>,
    /// The host's name, address or alias in ssh's configuration.
    pub host: String,
    /// The port; none leaves it to ssh's own configuration.
    pub port: Option<u16>,
    /// The socket there.
    pub socket: String,
}

impl Host {
    /// The engine of this machine.
    #[must_use]
    pub fn local() -> Self {
        Self::Unix(DEFAULT_SOCKET.into())
    }

    /// The URL of a `tcp` host.
    pub(super) fn authority(host: &str, port: Option<u16>, tls: bool) -> String {
        let port = port.unwrap_or(if tls { TLS_PORT } else { PLAIN_PORT });
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl FromStr for Host {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let no = |reason: &str| Error::Host { value: redact(text), reason: reason.to_owned() };
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(no("it has no scheme"));
        };
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "unix" => Err(no("a socket's path is absolute")),
            "tcp" | "http" | "https" => {
                let url = Url::parse(&format!("http://{rest}")).map_err(|error| no(&error.to_string()))?;
                if !matches!(url.path(), "" | "/") {
                    return Err(no("an engine has no path"));
                }
                // The parser takes the port 80 for no port, which is another one here.
                let port = url.port().or_else(|| rest.trim_end_matches('/').ends_with(":80").then_some(80));
                Ok(Self::Tcp { host: host_of(&url).ok_or_else(|| no("it names no host"))?, port })
            }
            "ssh" => {
                let url = Url::parse(text).map_err(|error| no(&error.to_string()))?;
                if url.password().is_some() {
                    return Err(no("a password has no place here; ssh takes keys"));
                }
                let host = host_of(&url).ok_or_else(|| no("it names no host"))?;
                let user = Some(url.username()).filter(|user| !user.is_empty()).map(str::to_owned);
                // What begins with `-` would be an option of ssh.
                if host.starts_with('-') || user.as_ref().is_some_and(|user| user.starts_with('-')) {
                    return Err(no("a name does not begin with `-`"));
                }
                let socket = if matches!(url.path(), "" | "/") { DEFAULT_SOCKET } else { url.path() };
                if socket.contains(':') {
                    return Err(no("a socket's path has no `:`"));
                }
                Ok(Self::Ssh(Remote { user, host, port: url.port(), socket: socket.to_owned() }))
            }
            "npipe" => Err(no("named pipes are Windows'")),
            _ => Err(no("the scheme is none of `unix`, `tcp` and `ssh`")),
        }
    }
}

fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| !host.is_empty())?;
    Some(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

/// The text without what may be a password.
fn redact(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at && text[scheme + 3..at].contains(':') => {
            format!("{}***{}", &text[..scheme + 3], &text[at..])
        }
        _ => text.to_owned(),
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp { host, port: Some(port) } => write!(formatter, "tcp://{}", Self::authority(host, Some(*port), false)),
            Self::Tcp { host, port: None } => write!(formatter, "tcp://{host}"),
            Self::Ssh(remote) => {
                formatter.write_str("ssh://")?;
                remote.user.iter().try_for_each(|user| write!(formatter, "{user}@"))?;
                formatter.write_str(&remote.host)?;
                remote.port.iter().try_for_each(|port| write!(formatter, ":{port}"))?;
                if remote.socket == DEFAULT_SOCKET { Ok(()) } else { formatter.write_str(&remote.socket) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_write_the_same() {
        for text in [
            "unix:///run/user/0/docker.sock",
            "tcp://manager.example:2376",
            "tcp://[::1]:2375",
            "tcp://127.0.0.1:80",
            "ssh://deploy@manager.example:2222",
            "ssh://manager",
            "ssh://manager/run/user/1000/docker.sock",
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), text);
        }
        let Host::Ssh(remote) = "ssh://deploy@m:22".parse().unwrap() else { panic!() };
        assert_eq!((remote.user.as_deref(), remote.port, remote.socket.as_str()), (Some("deploy"), Some(22), DEFAULT_SOCKET));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, reason) in [
            ("manager:2375", "scheme"),
            ("npipe:////./pipe/docker_engine", "Windows"),
            ("unix://docker.sock", "absolute"),
            ("ssh://-oProxyCommand=x", "`-`"),
            ("ssh://-oProxyCommand@h", "`-`"),
            ("tcp://h:1/v1", "path"),
        ] {
            let error = text.parse::<Host>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let error = "ssh://u:canary@h".parse::<Host>().unwrap_err().to_string();
        assert!(!error.contains("canary"), "{error}");
    }
}
