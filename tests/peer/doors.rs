//! Several images at once, and the base from place to place, at registries of others.

use imgbuild_testkit::digest;
use imgbuild_testkit::peers::{self, Authentication, Make, Registry, TokenRegistry};

use crate::scenario::{finished, home};
use crate::transfers::Transfers;

#[test]
fn five_services_fetch_the_documents_of_their_base_once() {
    let (Some(jar), Some(registry)) = (peers::jar("boot-3.2.jar"), TokenRegistry::with_base()) else { return };
    let (home, address) = (home(), registry.address());
    let services = ["a", "b", "c", "d", "e"]
        .map(|name| format!("  {name}: {{jar: {}, env: {{NAME: {name}}}, tags: '{address}/koin/{name}:1'}}\n", jar.display()));
    home.write("imgbuild.yaml", format!("base: {address}/library/amazoncorretto:17\nservices:\n{}", services.concat()));
    let output = finished(home.command().env("DOCKER_CONFIG", registry.credentials("writer")).args(["build", "--push"]));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 5);
    let base = "/v2/library/amazoncorretto/manifests/";
    let log = registry.proxy().log();
    let asked = |method: &str| -> Vec<String> {
        let good = log.iter().filter(|access| access.method == method && access.path.starts_with(base) && access.status == 200);
        good.map(|access| access.path[base.len()..].to_owned()).collect()
    };
    assert_eq!(asked("HEAD"), ["17"]);
    let mut documents = asked("GET");
    let count = documents.len();
    documents.sort_unstable();
    documents.dedup();
    assert_eq!((documents.len(), count), (3, 3), "the index and two manifests, each once: {documents:?}");
    assert_eq!(Transfers::new(log).mounted().len(), 5 * 4, "two base layers of two platforms, for each repository");
}

#[test]
fn the_base_goes_from_registry_to_layout_to_archive_to_registry_unchanged() {
    let (Some(base), Some(skopeo)) = (peers::base(), peers::require("skopeo")) else { return };
    let (Some(first), Some(second)) =
        (Registry::of(Make::Debian, &Authentication::None), Registry::of(Make::Distribution, &Authentication::None))
    else {
        return;
    };
    let home = home();
    let path = |name: &str| home.folder().join(name).display().to_string();
    let stops = [
        format!("oci:{}:17", base.display()),
        format!("{}/library/amazoncorretto:17", first.address()),
        format!("oci:{}:17", path("layout")),
        format!("oci-archive:{}:17", path("a.tar")),
        format!("docker-archive:{}:mirror/amazoncorretto:17", path("b.tar")),
        format!("{}/mirror/amazoncorretto:17", second.address()),
    ];
    let seen = |place: &str| {
        let place = if place.contains("127.0.0.1") { format!("docker://{place}") } else { place.to_owned() };
        // The archive in Docker's form is an image layout in a tar as well.
        let place = place
            .strip_prefix("docker-archive:")
            .map_or(place.clone(), |rest| format!("oci-archive:{}:17", rest.split(':').next().unwrap()));
        let raw = finished(skopeo.command().args(["--insecure-policy", "inspect", "--raw", "--tls-verify=false", &place]));
        format!("sha256:{}", digest::sha256_hex(&raw.stdout))
    };
    let wanted = seen(&stops[0]);
    for pair in stops.windows(2) {
        let output = finished(home.command().args(["copy", &pair[0], &pair[1]]));
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(said.ends_with(&format!("@{wanted}")), "{pair:?}: {said}");
        assert_eq!(seen(&pair[1]), wanted, "{pair:?}");
    }
    // Whole, both platforms: skopeo follows every layer.
    let check = format!("dir:{}", path("check"));
    let copied = format!("docker://{}", stops[5]);
    finished(skopeo.command().args(["--insecure-policy", "copy", "--quiet", "--all", "--src-tls-verify=false", &copied, &check]));
}
