//! The next pushes: of the same, and with another config.

use crate::scenario::Scenario;
use crate::transfers::Transfers;

#[test]
fn the_same_again_sends_nothing() {
    let Some(scenario) = Scenario::start() else { return };
    let first = scenario.push();
    scenario.registry.proxy().clear_log();

    let second = scenario.push();
    let transfers = Transfers::new(scenario.registry.proxy().log());
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(second.sent(), [""; 0]);
    assert_eq!(second.metadata["bytesSent"], 0);
    assert_eq!(second.metadata["unchanged"], true);
    assert_eq!(transfers.writes().collect::<Vec<_>>(), Vec::<&_>::new(), "only readings");
}

#[test]
fn the_same_from_an_empty_cache_has_the_same_digest() {
    let Some(scenario) = Scenario::start() else { return };
    let first = scenario.push();
    std::fs::remove_dir_all(scenario.home.folder().join("cache")).unwrap();
    assert_eq!(scenario.push().stdout, first.stdout);
}

#[test]
fn another_config_sends_one_layer_and_the_documents() {
    let Some(scenario) = Scenario::start() else { return };
    let first = scenario.push();
    scenario.registry.proxy().clear_log();

    scenario.home.write_config("from another config");
    let second = scenario.push();
    let transfers = Transfers::new(scenario.registry.proxy().log());
    assert_ne!(second.digest(), first.digest());

    let (before, after) = (first.layers(), second.layers());
    let changed: Vec<_> = after.iter().filter(|layer| !before.contains(layer)).collect();
    assert_eq!(changed.len(), 1, "one layer is new: {after:?}");
    assert_eq!(changed.first(), after.last().as_ref(), "it is the last one");

    let mut blobs: Vec<_> = changed.iter().map(|(_, digest)| *digest).chain(second.platforms("config")).collect();
    blobs.sort_unstable();
    assert_eq!(transfers.uploaded(), blobs);
    assert_eq!(transfers.manifests().len(), 3, "two manifests and the index: {:?}", transfers.manifests());

    let mut documents: Vec<_> = blobs.into_iter().chain(second.platforms("manifest")).chain([second.digest()]).collect();
    documents.sort_unstable();
    assert_eq!(second.sent(), documents, "the metadata file says the same");
    assert!(transfers.bytes() < 50_000, "{} bytes for a changed line", transfers.bytes());
}
