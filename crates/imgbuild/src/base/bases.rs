//! What bases' names led to, remembered for as long as several builds belong together.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::oci::{Document, Location};
use crate::source::{Error, Source};

/// What each name led to when it was first asked for: builds that share this all see the same base, even where a tag moves
/// between them. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Bases(Arc<Mutex<Vec<(Location, Document)>>>);

impl Bases {
    /// The document that `source` names, asked for once.
    pub(super) async fn root(&self, source: &Source) -> Result<Document, Error> {
        let mut known = self.0.lock().await;
        if let Some((_, document)) = known.iter().find(|(location, _)| location == source.location()) {
            return Ok(document.clone());
        }
        let document = source.root().await?;
        known.push((source.location().clone(), document.clone()));
        Ok(document)
    }
}
