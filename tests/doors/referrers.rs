//! `copy --referrers` through the binary.

use std::fs;

use imgbuild_testkit::base::Base;
use imgbuild_testkit::registry::{Feature, Registry};
use serde_json::Value;

use crate::home;

#[test]
fn referrers_come_along_where_that_is_asked_for() {
    let (home, registry) = (home(), Registry::builder().without(Feature::Referrers).start());
    let mut image = Base::java().build();
    let root = image.digest().to_owned();
    let sbom = image.refer(&root, "application/spdx+json");
    fs::write(home.path("signed.tar"), image.layout_archive("17")).unwrap();
    let to = registry.reference("mirror/jdk", "17");
    let plain = home.run(["copy", "oci-archive:signed.tar:17", &to]);
    assert_eq!((plain.digest(), registry.tags("mirror/jdk").len()), (image.digest(), 1));
    let copied = home.run(["copy", "--referrers", "--json", "oci-archive:signed.tar:17", &to]);
    let copied: Value = serde_json::from_str(&copied.stdout).unwrap();
    assert_eq!(copied["referrers"], serde_json::json!([sbom]));
    assert_eq!(registry.tags("mirror/jdk"), ["17", &root.replace(':', "-")]);
    let refused = home.run(["copy", "--referrers", &to, "docker-daemon:koin/jdk:17"]);
    assert!(refused.refused(2).contains("which keeps none"), "{}", refused.stderr);
}
