//! `imgbuild check`: the guards alone.

use clap::{Args, ValueEnum};
use imgbuild::guard::Findings;
use imgbuild::{Build, Reference, RegistryTarget};

use crate::arguments::{CacheArguments, InputArguments, Inputs, LockArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// What is checked, and how that is said.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name that the image would be pushed to; its registry is asked who may pull from there
    #[arg(short, long, value_name = "REF", value_delimiter = ',')]
    tag: Vec<Reference>,
    /// How findings are written
    #[arg(id = "findings", long = "format", value_name = "FORM", value_enum, default_value_t = Form::Text)]
    form: Form,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    lock: LockArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// An array of objects
    Json,
    /// SARIF 2.1.0, which CI systems show beside the sources
    Sarif,
}

/// Asks every guard, prints the findings, and ends with 3 where one would stop a build.
pub(crate) async fn run(mut arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Inputs { recipe, application, tags, mirrors, lock } = arguments.input.inputs()?;
    arguments.registry.add_mirrors(mirrors);
    let names = if arguments.tag.is_empty() { tags } else { arguments.tag.clone() };
    let client = arguments.registry.client(face, &names)?;
    let build = arguments.lock.apply(Build::new(recipe, application), lock);
    let mut build = build.registry(client).cancel(face.cancel()).on_event(face.observer());
    for target in RegistryTarget::group(names) {
        build = build.target(target);
    }
    if let Some(cache) = arguments.cache.open(face) {
        build = build.cache(cache);
    }
    let findings = build.check().await?;
    if let Some(text) = written(&findings, arguments.form)? {
        face.result(&text)?;
    }
    Ok(if findings.refuse() { Exit::REFUSED } else { Exit::DONE })
}

fn written(findings: &Findings, form: Form) -> Result<Option<String>, Failure> {
    let json = |value: &serde_json::Value| {
        serde_json::to_string_pretty(value).map_err(|error| Failure::new(Exit::FAILED, "the findings have no JSON").because(error))
    };
    Ok(match form {
        Form::Text => Some(findings.to_string()).filter(|text| !text.is_empty()),
        Form::Json => {
            let value =
                serde_json::to_value(findings).map_err(|error| Failure::new(Exit::FAILED, "the findings have no JSON").because(error))?;
            Some(json(&value)?)
        }
        Form::Sarif => Some(json(&findings.to_sarif())?),
    })
}
