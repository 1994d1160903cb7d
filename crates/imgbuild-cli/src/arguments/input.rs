//! What an image is made of: the JAR, context or service that is named, and the recipe for it.

use std::path::PathBuf;

use clap::Args;
use imgbuild::base::LOCK_FILE;
use imgbuild::recipe::{Project, Service};
use imgbuild::registry::Mirror;
use imgbuild::{Recipe, Reference};

use super::RecipeArguments;
use crate::face::Failure;

/// What one image is made of: the arguments of every command that asks about an image instead of publishing it.
#[derive(Debug, Clone, Args)]
pub(crate) struct InputArguments {
    /// The JAR or WAR that the build made; with a Dockerfile, its context; with services, one of them
    #[arg(value_name = "JAR|CONTEXT|SERVICE")]
    input: Option<PathBuf>,
    #[command(flatten)]
    recipe: RecipeArguments,
}

/// What one image is made of, and what else its file says.
pub(crate) struct Inputs {
    pub(crate) recipe: Recipe,
    pub(crate) application: PathBuf,
    /// The names that the file gives it.
    pub(crate) tags: Vec<Reference>,
    /// The mirrors that the file names.
    pub(crate) mirrors: Vec<Mirror>,
    /// Where its lock lies unless another place is named: beside the recipe, one for each service.
    pub(crate) lock: PathBuf,
}

impl InputArguments {
    /// What the one image is made of.
    pub(crate) fn inputs(&mut self) -> Result<Inputs, Failure> {
        self.recipe.look_into(self.input.as_slice());
        let project = self.recipe.project()?;
        if project.services.is_empty() {
            return self.recipe.inputs(&project, None, self.input.clone());
        }
        let asked: Vec<String> = self.input.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        match project.select(&asked)?.as_slice() {
            [service] => self.recipe.inputs(&project, Some(service), None),
            services => {
                let names = services.iter().map(|service| format!("`{}`", service.name)).collect::<Vec<_>>().join(", ");
                Err(Failure::usage("imgbuild.yaml has several services, and this is about one image")
                    .hint(format!("name one of them behind it: {names}")))
            }
        }
    }
}

impl RecipeArguments {
    /// What the image of `service` is made of, or the one image of a file without services. An application that is named goes
    /// before the file's.
    pub(crate) fn inputs(&self, project: &Project, service: Option<&Service>, application: Option<PathBuf>) -> Result<Inputs, Failure> {
        let (defaults, own) = (&project.defaults, service.map(|service| &service.settings));
        let recipe = self.recipe_of([defaults].into_iter().chain(own))?;
        let application = application.or_else(|| own?.application.clone()).or_else(|| defaults.application.clone());
        let Some(application) = application else {
            return Err(match service {
                Some(service) => Failure::usage(format!("the service `{}` names no JAR", service.name))
                    .hint("write `jar: FILE`, or `dockerfile: FILE`, for it"),
                None => Failure::usage("no JAR is named").hint("name it, such as `build/libs/app.jar`"),
            });
        };
        let tags = own.unwrap_or(defaults).tags.clone();
        let lock = service.map_or_else(|| LOCK_FILE.to_owned(), |service| format!("imgbuild.{}.lock", service.name));
        Ok(Inputs { recipe, application, tags, mirrors: defaults.mirrors.clone(), lock: self.folder().join(lock) })
    }
}
