//! Changes a service: what is asked is compared with what is, checked against the Swarm, sent, and waited for.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use imgbuild::Reference;
use imgbuild::registry::Secret;
use serde_json::Value;

use super::changes::{Changes, complete, risk};
use super::judge::count;
use super::nodes::Nodes;
use super::outcome::{Outcome, Verdict};
use super::release::Release;
use super::spec::Spec;
use super::wait::Look;
use super::{Error, Event, LAST_GOOD_LABEL, Service};
use crate::engine::{self, Request};

/// How often a change is tried that somebody else's change came before.
const ATTEMPTS: u32 = 3;

impl Service {
    /// Rolls `image` out, where one is given, and changes what is asked.
    ///
    /// Nothing is sent where everything is so already; then the outcome is [`Verdict::AlreadyRunning`], or what keeps the
    /// tasks from running.
    ///
    /// # Errors
    /// When it cannot be done, or not be watched. A rollout that was taken and failed is an outcome.
    pub async fn update(&self, image: Option<&Reference>, changes: &Changes) -> Result<Outcome, Error> {
        let release = match image {
            Some(image) => Some(Release::find(&self.registry, image).await?),
            None => None,
        };
        let mounted = self.prepare_mounts().await?;
        let mut attempt = 1;
        loop {
            let before = self.look().await?;
            let mut spec = before.spec();
            if spec.is_job() {
                return Err(Error::Input(format!("`{}` is a job, whose tasks end; it cannot be rolled out", self.name)));
            }
            changes.apply(&mut spec)?;
            mounted.apply(&mut spec);
            let is_new_image = release.as_ref().is_some_and(|release| !spec.runs(&release.image));
            if let Some(release) = release.as_ref().filter(|_| is_new_image) {
                spec.set_image(&release.image);
                spec.set_platforms(&release.platforms);
            }
            if spec == before.spec() {
                return self.as_it_is(before).await;
            }
            if let Some(message) = going_on(&before.service).filter(|_| !changes.force) {
                return Err(Error::Busy { name: self.name.clone(), message });
            }
            let credentials = self.check(&spec, release.as_ref().filter(|_| is_new_image), false).await?;
            complete(&mut spec);
            if is_new_image && runs_well(&before) {
                let good = before.spec().image().to_owned();
                spec.object(&["Labels"]).insert(LAST_GOOD_LABEL.to_owned(), good.into());
            }
            match self.send(&before.service, &spec, credentials, false).await {
                Ok(()) => {
                    let outcome = self.follow(&spec, &before, false).await?;
                    if outcome.verdict == Verdict::Converged {
                        mounted.clean(self).await?;
                    }
                    return Ok(outcome);
                }
                Err(error) if is_out_of_sequence(&error) && attempt < ATTEMPTS => attempt += 1,
                Err(error) if is_out_of_sequence(&error) => {
                    return Err(Error::Contended { name: self.name.clone(), attempts: ATTEMPTS });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sets the number of tasks.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn scale(&self, replicas: u64) -> Result<Outcome, Error> {
        self.update(None, &Changes { replicas: Some(replicas), ..Changes::default() }).await
    }

    /// Checks what would only fail later: that the nodes can pull the image and run it, and that nobody has to do without.
    /// Gives the credentials for Swarm.
    pub(super) async fn check(&self, spec: &Spec, release: Option<&Release>, is_new: bool) -> Result<Option<Secret>, Error> {
        if spec.is_start_first() && !spec.host_ports().is_empty() {
            let ports: Vec<String> = spec.host_ports().iter().map(ToString::to_string).collect();
            return Err(Error::Input(format!(
                "with `start-first` a new task would start while the old one still holds port {} of the node; use `stop-first`",
                ports.join(", ")
            )));
        }
        let Some(release) = release else { return Ok(None) };
        if let Some(reason) = release.pullable(self.access.client()).await? {
            let image = release.image.to_string();
            if is_new || self.access.is_given() {
                return Err(Error::NotPullable { image, reason });
            }
            self.events.warn(
                format!("`{image}` cannot be pulled without credentials; the nodes use those that the service was given before"),
                Some("`--with-registry-auth` or `--pull-auth-file FILE` gives it new ones"),
            );
        }
        if release.is_single {
            self.events.warn(
                format!("`{}` is an image of one platform without an index; Swarm learns its platform from us alone", release.image),
                Some("build with imgbuild, which always makes an index"),
            );
        }
        let image = release.image.to_string();
        Nodes::ask(&self.engine).await?.check(spec, &image, &release.platforms, self.allow_uncovered)?;
        let is_checked = match spec.health_check() {
            Some(is_checked) => is_checked,
            None => release.has_health_check().await?,
        };
        self.is_image_checked.store(is_checked, Ordering::Relaxed);
        let mut completed = spec.clone();
        complete(&mut completed);
        if let Some((what, hint)) = risk(&completed, is_checked) {
            self.events.warn(what, Some(hint));
        }
        self.access.header(&release.image, &self.events).await
    }

    /// Sends a specification, for the service as it was seen.
    pub(super) async fn send(&self, service: &Value, spec: &Spec, credentials: Option<Secret>, back: bool) -> Result<(), engine::Error> {
        let id = service["ID"].as_str().unwrap_or(&self.name);
        let request = Request::post(format!("/services/{id}/update"), spec.0.clone()).query("version", version(service).to_string());
        let request = match (&credentials, back) {
            (_, true) => request.query("rollback", "previous"),
            (None, false) => request.query("registryAuthFrom", "spec"),
            (Some(_), false) => request,
        };
        let answer = self.engine.json(request.credentials(credentials)).await?;
        for warning in answer["Warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.events.warn(warning, None);
        }
        Ok(())
    }

    /// Waits for the end of a change that Swarm took.
    pub(super) async fn follow(&self, spec: &Spec, before: &Look, back: bool) -> Result<Outcome, Error> {
        self.events.emit(&Event::Accepted { service: self.name.clone(), image: spec.image().to_owned() });
        if self.detach {
            return Ok(self.outcome(Verdict::Accepted, None, spec, &before.service, &[], &HashMap::new()).await);
        }
        // The engine may spell out what was left open: what it says is what its tasks are compared with.
        let read = Spec(self.inspect().await?["Spec"].clone());
        let wanted = if read.image() == spec.image() { read } else { spec.clone() };
        self.wait(wanted, before, back).await
    }

    /// Says how a service stands from which nothing else is asked than what it is.
    async fn as_it_is(&self, before: Look) -> Result<Outcome, Error> {
        let nodes = self.engine.node_names().await?;
        let spec = before.spec();
        let state = before.service["UpdateStatus"]["State"].as_str().unwrap_or_default();
        let message = before.service["UpdateStatus"]["Message"].as_str().map(str::to_owned);
        let (running, wanted) = count(&spec, &before.tasks);
        let verdict = match state {
            "paused" | "rollback_paused" => Verdict::Paused,
            "updating" | "rollback_started" if !self.detach => {
                let before = Look { service: Value::Null, tasks: before.tasks };
                return self.wait(spec, &before, state == "rollback_started").await;
            }
            _ if running >= wanted => Verdict::AlreadyRunning,
            _ if self.detach => Verdict::NotRunning,
            _ => return self.wait(spec, &before, false).await,
        };
        let message = if verdict == Verdict::AlreadyRunning { None } else { message };
        Ok(self.outcome(verdict, message, &spec, &before.service, &before.tasks, &nodes).await)
    }
}

fn version(service: &Value) -> u64 {
    service["Version"]["Index"].as_u64().unwrap_or_default()
}

/// What the engine says of an update that is going on.
pub(super) fn going_on(service: &Value) -> Option<String> {
    let status = &service["UpdateStatus"];
    let is_going_on = matches!(status["State"].as_str(), Some("updating" | "rollback_started"));
    is_going_on.then(|| status["Message"].as_str().unwrap_or_default().to_owned())
}

/// The engine's words for a version that is not the newest any more. It answers with the status 500.
fn is_out_of_sequence(error: &engine::Error) -> bool {
    matches!(error, engine::Error::Status { message, .. } if message.contains("out of sequence"))
}

/// Whether the service ran what it should before it was changed.
fn runs_well(before: &Look) -> bool {
    let (running, wanted) = count(&before.spec(), &before.tasks);
    running >= wanted && wanted > 0
}
