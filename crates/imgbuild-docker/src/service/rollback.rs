//! Brings a service back to what it was before.

use imgbuild::Reference;
use serde_json::Value;

use super::outcome::Outcome;
use super::spec::Spec;
use super::{Changes, Error, Event, LAST_GOOD_LABEL, Service};

impl Service {
    /// Brings the specification from before the last change back. Where Swarm has none any more, because it rolled back by
    /// itself, the last image that ran well before the present one is rolled out.
    ///
    /// # Errors
    /// When there is nothing to go back to, or as [`update`](Self::update).
    pub async fn rollback(&self) -> Result<Outcome, Error> {
        let before = self.look().await?;
        let previous = Spec(before.service["PreviousSpec"].clone());
        if previous.0.is_object() {
            self.send(&before.service, &before.spec(), None, true).await?;
            return self.follow(&previous, &before, true).await;
        }
        let spec = before.spec();
        let Some(good) = spec.label(LAST_GOOD_LABEL) else { return Err(Error::NoPrevious(self.name().to_owned())) };
        let image: Reference = good.parse().map_err(|_| Error::Remembered { name: self.name().to_owned(), value: good.to_owned() })?;
        if spec.runs(&image) {
            return Err(Error::NoPrevious(self.name().to_owned()));
        }
        self.events().emit(&Event::Warning {
            message: format!("Swarm keeps no earlier state of `{}`; going back to the last image that ran well, `{good}`", self.name()),
            hint: None,
        });
        Box::pin(self.update(Some(&image), &Changes::default())).await
    }

    /// The last image that ran well before the present one, where it is remembered.
    pub(super) fn last_good(service: &Value) -> Option<String> {
        service["Spec"]["Labels"][LAST_GOOD_LABEL].as_str().map(str::to_owned)
    }
}
