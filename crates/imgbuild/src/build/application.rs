//! The JAR → the files of its layers, and what starts it.

use super::plan::Laid;
use super::{Application, Error, PlannedLayer};
use crate::image::Overlay;
use crate::jar::{Arrangement, Choice, Jar, Launch};
use crate::layer::{Attributes, Files};
use crate::recipe::{DEFAULT_WORKING_DIR, Recipe};

/// The name of the JAR in the image, whatever it was called where it was built.
const JAR_NAME: &str = "app.jar";

/// Where the JAR lies in the image, in the layouts that have one.
pub(super) fn path(recipe: &Recipe) -> String {
    format!("{}/{JAR_NAME}", recipe.application_folder())
}

/// Lays out the JAR in the recipe's folder, oldest changes first.
pub(super) fn lay(recipe: &Recipe, application: &Application) -> Result<Laid, Error> {
    let jar = match application {
        Application::File(path) => Jar::open(path)?,
        Application::Bytes { name, bytes } => Jar::read(name, bytes.clone())?,
    };
    jar.require_executable()?;
    let choice = recipe.layout.map_or_else(|| jar.default_layout(), |layout| Ok(Choice { layout, reason: None }))?;
    let arrangement = jar.arrange(choice.layout, JAR_NAME)?;
    let folder = recipe.application_folder();
    let java = |arguments: &[&str]| ["java"].iter().chain(arguments).map(|&word| word.to_owned()).collect();
    let entrypoint = match &arrangement.launch {
        Launch::Jar(name) => java(&["-jar", &format!("{folder}/{name}")]),
        Launch::Class(name) => java(&["-cp", folder, name]),
    };
    let own = vec![folder.to_owned()];
    let mut layers = Vec::new();
    for (name, files) in jar_layers(arrangement, folder, recipe.attributes(Attributes::FILE))? {
        layers.push(PlannedLayer::new(name, recipe.platforms.clone(), files, false));
    }
    let overlay = Overlay {
        entrypoint: Some(recipe.overlay.entrypoint.clone().unwrap_or(entrypoint)),
        working_dir: Some(recipe.overlay.working_dir.clone().unwrap_or_else(|| DEFAULT_WORKING_DIR.to_owned())),
        ..recipe.overlay.clone()
    };
    let overlays = vec![overlay; recipe.platforms.len()];
    let jars = vec![jar.archive().bytes().clone()];
    Ok(Laid { layers, overlays, layout: choice.layout, layout_reason: choice.reason, own, jars, warnings: Vec::new() })
}

/// The files of each layer of an arrangement in `folder`.
pub(super) fn jar_layers(arrangement: Arrangement, folder: &str, attributes: Attributes) -> Result<Vec<(String, Files)>, Error> {
    let mut layers = Vec::with_capacity(arrangement.layers.len());
    for layer in arrangement.layers {
        let mut files = Files::new();
        let failed = |source| Error::Layer { name: layer.name.clone(), source };
        for file in layer.files {
            files.add_file(&format!("{folder}/{}", file.path), file.content, attributes).map_err(failed)?;
        }
        layers.push((layer.name, files));
    }
    Ok(layers)
}
