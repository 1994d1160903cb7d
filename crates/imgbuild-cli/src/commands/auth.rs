//! `imgbuild auth`: which credential is used for a repository, where it came from, and what it may do. Never a secret.

use std::fmt::Write as _;

use clap::Args;
use imgbuild::Reference;
use imgbuild::registry::Standing;

use crate::arguments::RegistryArguments;
use crate::face::{Exit, Face, Failure};

/// What is asked about.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The repository
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Asks for what a pull needs, instead of what a push needs
    #[arg(long)]
    pull: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: RegistryArguments,
}

/// Prints how the registry sees us; exit code 4 where it denies what was asked for.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let client = arguments.client.client(face, [&arguments.reference])?;
    let standing = client.standing(&arguments.reference, !arguments.pull).await?;
    if arguments.json {
        let json = serde_json::to_string_pretty(&standing);
        face.result(&json.map_err(|error| Failure::new(Exit::FAILED, "cannot write JSON").because(error))?)?;
    } else {
        face.result(table(&standing).trim_end())?;
    }
    let may = standing.denied.is_none() && standing.missing.is_empty();
    Ok(if may { Exit::DONE } else { Exit::NOT_AUTHORISED })
}

fn table(standing: &Standing) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{name:<11} {value}");
    };
    row("repository", &standing.repository);
    for (number, place) in standing.looked.iter().enumerate() {
        row(if number == 0 { "looked at" } else { "" }, place);
    }
    let credential = match (&standing.user, &standing.source) {
        (Some(user), Some(source)) => format!("`{user}` from {source}"),
        (None, Some(source)) => format!("a token from {source}"),
        (_, None) => "none".to_owned(),
    };
    row("credential", &credential);
    row("asked by", standing.scheme.as_deref().unwrap_or("nobody: the registry lets everybody in"));
    let scopes = |scopes: &[String]| if scopes.is_empty() { "nothing".to_owned() } else { scopes.join(" ") };
    if !standing.asked.is_empty() {
        row("wanted", &scopes(&standing.asked));
        row("granted", &standing.granted.as_ref().map_or_else(|| "not said".to_owned(), |granted| scopes(granted)));
    }
    if !standing.missing.is_empty() {
        row("missing", &scopes(&standing.missing));
    }
    if let Some(life) = standing.expires_in {
        row("expires in", &format!("{} s", life.as_secs()));
    }
    if let Some(denied) = &standing.denied {
        row("denied", denied);
    }
    text
}
