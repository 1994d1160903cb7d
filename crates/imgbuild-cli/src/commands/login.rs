//! `imgbuild login`: checks a password or access token against its registry, then stores it where Docker's tools find it.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use clap::Args;
use imgbuild::registry::{DockerCredentials, Secret};

use crate::arguments::RegistryArguments;
use crate::face::{Exit, Face, Failure};

/// More is no password; a token of a cloud has a few thousand bytes.
const MAX_PASSWORD_BYTES: u64 = 64 << 10;

/// Whose password is for which registry.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The registry
    #[arg(value_name = "REGISTRY", default_value = "docker.io")]
    registry: String,
    /// The user; asked for on a terminal
    #[arg(short, long, value_name = "USER")]
    username: Option<String>,
    /// Takes the password or access token from stdin; without it, it is asked for on a terminal
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    client: RegistryArguments,
}

/// Logs in, and prints where the password went.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { registry, username, password_stdin, client } = arguments;
    let (user, password) = tokio::task::spawn_blocking(move || ask(username, password_stdin)).await.map_err(Failure::ended)??;
    let store = DockerCredentials::from_environment();
    let place = client.client(face, [])?.login(&store, &registry, &user, &password).await?;
    face.result(&format!("logged in to `{registry}` as `{user}`; the password is in {place}"))?;
    if std::env::var_os("DOCKER_AUTH_CONFIG").is_some_and(|value| !value.is_empty()) {
        face.warn("DOCKER_AUTH_CONFIG is set, and what it says of this registry goes before what was stored", Some("unset it"));
    }
    Ok(Exit::DONE)
}

fn ask(user: Option<String>, from_stdin: bool) -> Result<(String, Secret), Failure> {
    if from_stdin {
        let user = user.ok_or_else(|| Failure::usage("`--password-stdin` has no user").hint("name the user with `-u USER`"))?;
        return Ok((user, read_password(io::stdin().lock())?));
    }
    if !io::stdin().is_terminal() {
        let hint = "write the password or access token to stdin:\n      echo $TOKEN | imgbuild login REGISTRY -u USER --password-stdin";
        return Err(Failure::usage("there is no terminal to ask for a password").hint(hint));
    }
    let user = user.map_or_else(ask_user, Ok)?;
    let password = rpassword::prompt_password("password or access token: ");
    Ok((user, Secret::new(password.map_err(|error| Failure::new(Exit::FAILED, "cannot read the password").because(error))?)))
}

fn ask_user() -> Result<String, Failure> {
    let mut user = String::new();
    // The question goes where progress goes: stdout is for the result.
    let asked = write!(io::stderr().lock(), "user: ").and_then(|()| io::stdin().read_line(&mut user));
    asked.map_err(|error| Failure::new(Exit::FAILED, "cannot read the user").because(error))?;
    Ok(user.trim().to_owned())
}

/// The whole input without the line break that `echo` adds.
fn read_password(input: impl io::Read) -> Result<Secret, Failure> {
    let failed = |reason: &str| Failure::new(Exit::FAILED, "cannot read the password from stdin").because(reason.to_owned());
    let mut bytes = Vec::new();
    input.take(MAX_PASSWORD_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error.to_string()))?;
    if bytes.len() as u64 > MAX_PASSWORD_BYTES {
        return Err(failed("it has more than 64 KiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed("it is no text"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_keeps_everything_but_one_line_break() {
        for (input, password) in [("a\n", "a"), ("a\r\n", "a"), ("a", "a"), (" a \n\n", " a \n"), ("", ""), ("a\r", "a")] {
            assert_eq!(read_password(input.as_bytes()).unwrap().reveal(), password, "{input:?}");
        }
    }

    #[test]
    fn what_is_no_password_is_refused_without_showing_it() {
        let long = vec![b'x'; (64 << 10) + 1];
        for input in [&b"canary\xff"[..], &long] {
            let error = read_password(input).unwrap_err().to_string();
            assert!(error.contains("stdin") && !error.contains("canary") && !error.contains("xxx"), "{error}");
        }
    }
}
