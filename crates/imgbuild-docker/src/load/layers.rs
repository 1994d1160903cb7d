//! Which layers an engine has already.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};
use imgbuild::Digest;
use serde_json::Value;

use crate::engine::{Engine, Error, Request};

/// Images whose layers are looked at. An engine with more is asked about the first ones alone: what is not known to be
/// there is sent.
const MAX_IMAGES: usize = 200;
const AT_ONCE: usize = 8;

/// The layers of an engine's images.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Every image's layers, as digests of their tars, lowest first.
    chains: Vec<Vec<Digest>>,
}

impl Known {
    /// Asks the engine. One that keeps images as containerd does wants every blob again, so nothing is known of it.
    pub(super) async fn ask(engine: &Engine) -> Result<Self, Error> {
        let info = engine.json(Request::get("/info")).await?;
        if is_containerd(&info) {
            return Ok(Self::default());
        }
        let images = engine.list(Request::get("/images/json")).await?;
        let ids: HashSet<String> = images.iter().take(MAX_IMAGES).filter_map(|image| image["Id"].as_str().map(str::to_owned)).collect();
        let ask: Vec<_> = ids.iter().map(|id| engine.find(Request::get(format!("/images/{id}/json")))).collect();
        let images: Vec<_> = stream::iter(ask).buffer_unordered(AT_ONCE).collect().await;
        // What cannot be asked about is sent.
        Ok(Self { chains: images.iter().filter_map(|image| layers(image.as_ref().ok()?.as_ref()?)).collect() })
    }

    /// How many of these layers, lowest first, are there.
    pub(super) fn count(&self, layers: &[Digest]) -> usize {
        let common = |chain: &Vec<Digest>| chain.iter().zip(layers).take_while(|(own, wanted)| own == wanted).count();
        self.chains.iter().map(common).max().unwrap_or_default()
    }
}

fn is_containerd(info: &Value) -> bool {
    let status = info["DriverStatus"].as_array().map(Vec::as_slice).unwrap_or_default();
    status.iter().any(|pair| pair[0] == "driver-type" && pair[1].as_str().is_some_and(|kind| kind.starts_with("io.containerd.")))
}

fn layers(image: &Value) -> Option<Vec<Digest>> {
    image["RootFS"]["Layers"].as_array()?.iter().map(|layer| layer.as_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_counts_only_on_top_of_the_same_layers() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let known = Known { chains: vec![vec![digest("base"), digest("lib")], vec![digest("other"), digest("app")]] };
        assert_eq!(known.count(&[digest("base"), digest("lib"), digest("app")]), 2);
        assert_eq!(known.count(&[digest("base"), digest("app")]), 1);
        assert_eq!(known.count(&[digest("app")]), 0);
    }

    #[test]
    fn containerds_store_is_recognised() {
        let info = serde_json::json!({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]});
        assert!(is_containerd(&info));
        assert!(!is_containerd(&serde_json::json!({"DriverStatus": [["Backing Filesystem", "extfs"]]})));
    }
}
