//! The JAR → the files of its layers, and what starts it.

use super::plan::{Candidate, Laid};
use super::{Application, Error, PlannedLayer};
use crate::image::Overlay;
use crate::jar::{Arrangement, Choice, Error as JarError, Jar, Launch, Layout, Natives};
use crate::layer::{Attributes, Files};
use crate::oci::Platform;
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
    let mut arrangement = arrange(recipe, &jar, choice.layout, JAR_NAME, &recipe.platforms)?;
    let folder = recipe.application_folder();
    let java = |arguments: &[&str]| ["java"].iter().chain(arguments).map(|&word| word.to_owned()).collect();
    let entrypoint = match &arrangement.launch {
        Launch::Jar(name) => java(&["-jar", &format!("{folder}/{name}")]),
        Launch::Class(name) => java(&["-cp", folder, name]),
    };
    let own = vec![folder.to_owned()];
    let (left_out, warnings) = (std::mem::take(&mut arrangement.left_out), std::mem::take(&mut arrangement.kept));
    let layers = jar_layers(arrangement, folder, recipe.attributes(Attributes::FILE), &recipe.platforms)?;
    let overlay = Overlay {
        entrypoint: Some(recipe.overlay.entrypoint.clone().unwrap_or(entrypoint)),
        working_dir: Some(recipe.overlay.working_dir.clone().unwrap_or_else(|| DEFAULT_WORKING_DIR.to_owned())),
        ..recipe.overlay.clone()
    };
    let overlays = vec![overlay; recipe.platforms.len()];
    let candidates = vec![Candidate::new(&jar, &path(recipe), &recipe.platforms)];
    Ok(Laid { layers, overlays, layout: choice.layout, layout_reason: choice.reason, own, candidates, left_out, warnings })
}

/// The JAR laid out for these platforms, with the native code that the recipe wants.
pub(super) fn arrange(
    recipe: &Recipe,
    jar: &Jar,
    layout: Layout,
    application: &str,
    platforms: &[Platform],
) -> Result<Arrangement, JarError> {
    match recipe.natives {
        Natives::All => jar.arrange(layout, application),
        Natives::Matching => jar.arrange_for(layout, application, platforms),
    }
}

/// The layers of an arrangement in `folder`; those of every platform are for these.
pub(super) fn jar_layers(
    arrangement: Arrangement,
    folder: &str,
    attributes: Attributes,
    platforms: &[Platform],
) -> Result<Vec<PlannedLayer>, Error> {
    let mut layers = Vec::with_capacity(arrangement.layers.len());
    for layer in arrangement.layers {
        let mut files = Files::new();
        let failed = |source| Error::Layer { name: layer.name.clone(), source };
        for file in layer.files {
            files.add_file(&format!("{folder}/{}", file.path), file.content, attributes).map_err(failed)?;
        }
        let platforms = if layer.platforms.is_empty() { platforms.to_vec() } else { layer.platforms };
        layers.push(PlannedLayer::new(layer.name, platforms, files, false));
    }
    Ok(layers)
}
