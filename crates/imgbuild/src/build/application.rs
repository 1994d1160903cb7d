//! The JAR → the files of its layers, and what starts it.

use super::{Application, Error};
use crate::jar::{Bytes, Choice, Jar, Launch};
use crate::layer::{Attributes, Files};
use crate::recipe::Recipe;

/// The application as files.
#[derive(Debug)]
pub(super) struct Arranged {
    /// Layer names and files, oldest changes first.
    pub(super) layers: Vec<(String, Files)>,
    /// The layout that was used, and why it is not `extracted` where it could be expected.
    pub(super) choice: Choice,
    /// What starts it.
    pub(super) entrypoint: Vec<String>,
    /// The JAR, to be asked whether it was rewritten meanwhile.
    pub(super) bytes: Bytes,
}

/// The name of the JAR in the image, whatever it was called where it was built.
const JAR_NAME: &str = "app.jar";

pub(super) fn arrange(recipe: &Recipe, application: &Application) -> Result<Arranged, Error> {
    let jar = match application {
        Application::File(path) => Jar::open(path)?,
        Application::Bytes { name, bytes } => Jar::read(name, bytes.clone())?,
    };
    jar.require_executable()?;
    let choice = recipe.layout.map_or_else(|| jar.default_layout(), |layout| Ok(Choice { layout, reason: None }))?;
    let arrangement = jar.arrange(choice.layout, JAR_NAME)?;
    let folder = recipe.application_folder();
    let attributes = recipe.attributes(Attributes::FILE);
    let mut layers = Vec::with_capacity(arrangement.layers.len());
    for layer in arrangement.layers {
        let mut files = Files::new();
        let failed = |source| Error::Layer { name: layer.name.clone(), source };
        for file in layer.files {
            files.add_file(&format!("{folder}/{}", file.path), file.content, attributes).map_err(failed)?;
        }
        layers.push((layer.name, files));
    }
    let java = |arguments: &[&str]| ["java"].iter().chain(arguments).map(|&word| word.to_owned()).collect();
    let entrypoint = match &arrangement.launch {
        Launch::Jar(name) => java(&["-jar", &format!("{folder}/{name}")]),
        Launch::Class(name) => java(&["-cp", folder, name]),
    };
    Ok(Arranged { layers, choice, entrypoint, bytes: jar.archive().bytes().clone() })
}
