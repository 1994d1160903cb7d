//! Makes a service.

use imgbuild::Reference;
use serde_json::Value;

use super::changes::{Changes, complete};
use super::outcome::Outcome;
use super::release::Release;
use super::spec::Spec;
use super::wait::Look;
use super::{Error, Service};
use crate::engine::Request;

impl Service {
    /// Makes the service from `image`, with the arguments `command` behind the image's entrypoint, as asked in `changes`.
    ///
    /// # Errors
    /// When there is a service of this name, or as [`update`](Self::update).
    pub async fn create(&self, image: &Reference, command: &[String], changes: &Changes) -> Result<Outcome, Error> {
        if self.engine().find(Request::get(format!("/services/{}", self.name()))).await?.is_some() {
            return Err(Error::Exists(self.name().to_owned()));
        }
        let release = Release::find(&self.registry, image).await?;
        let mut spec = Spec::new(self.name(), &release.image.to_string());
        if !command.is_empty() {
            spec.object(&["TaskTemplate", "ContainerSpec"]).insert("Args".to_owned(), command.into());
        }
        changes.apply(&mut spec)?;
        complete(&mut spec);
        spec.set_platforms(&release.platforms);
        let credentials = self.check(&spec, Some(&release), true).await?;
        self.prepare_mounts().await?.apply(&mut spec);
        let request = Request::post("/services/create", spec.0.clone()).credentials(credentials);
        let answer = self.engine().json(request).await.map_err(|error| match error.status() {
            Some(409) => Error::Exists(self.name().to_owned()),
            _ => error.into(),
        })?;
        for warning in answer["Warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.events().warn(warning, None);
        }
        self.follow(&spec, &Look { service: Value::Null, tasks: Vec::new() }, false).await
    }
}
