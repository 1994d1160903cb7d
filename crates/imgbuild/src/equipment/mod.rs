//! What every operation works with: the client for registries, the cache, who is told what happens, and what stops it.
//!
//! A build, a copy and a comparison are equipped alike. The room refuses to know what they do.

mod cancel;

use crate::cache::{self, Cache};
use crate::event::Events;
use crate::registry::Client;

pub use cancel::Cancel;

/// What an operation works with. What was not handed in is made where it is needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Equipment {
    pub(crate) client: Option<Client>,
    pub(crate) cache: Option<Cache>,
    pub(crate) events: Events,
    pub(crate) cancel: Cancel,
}

impl Equipment {
    /// The client that was handed in, else one with Docker's credentials that reports to the same observer.
    pub(crate) fn client(&self) -> Client {
        self.client.clone().unwrap_or_else(|| Client::builder().events(self.events.clone()).build())
    }

    /// The cache that was handed in, else one that is gone with its last clone.
    pub(crate) fn cache(&self) -> Result<Cache, cache::Error> {
        self.cache.clone().map_or_else(Cache::temporary, Ok)
    }
}

/// The setters of an operation that has an `equipment`; those of a trait would have to be imported by whoever embeds imgbuild.
macro_rules! equipped {
    ($operation:ty) => {
        impl $operation {
            /// Talks to registries with this client.
            pub fn registry(mut self, client: $crate::registry::Client) -> Self {
                self.equipment.client = Some(client);
                self
            }

            /// Keeps what was fetched in this cache, so that what is started again goes on where it stopped.
            pub fn cache(mut self, cache: $crate::cache::Cache) -> Self {
                self.equipment.cache = Some(cache);
                self
            }

            /// Reports events to `observer`, from several threads.
            pub fn on_event(mut self, observer: impl Fn(&$crate::event::Event) + Send + Sync + 'static) -> Self {
                self.equipment.events = $crate::event::Events::to(observer);
                self
            }
        }
    };
}

/// The setter of an operation that publishes: what is cancelled must be told from what was published.
macro_rules! cancellable {
    ($operation:ty) => {
        impl $operation {
            /// Stops when `cancel` is cancelled: [`run`](Self::run) then ends with an error that says so, and whether a tag may have
            /// moved.
            pub fn cancel(mut self, cancel: $crate::equipment::Cancel) -> Self {
                self.equipment.cancel = cancel;
                self
            }
        }
    };
}

pub(crate) use {cancellable, equipped};
