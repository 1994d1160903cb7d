//! The in-memory registry against the conformance suite of the OCI distribution specification.

use std::process::Command;

use imgbuild_testkit::registry::{Registry, Tokens};

/// The suite, at the revision that was used; it covers 1.1 and what is in development.
const SUITE: &str = "github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111";

#[test]
#[ignore = "needs Go and the Go module proxy"]
fn the_conformance_suite_passes() {
    let tokens = Tokens::new().user("user", "password", &["*"]);
    for registry in [Registry::start(), Registry::builder().tokens(tokens).start()] {
        for version in ["1.1", "dev"] {
            let results = tempfile::tempdir().unwrap();
            let output = Command::new("go")
                .args(["run", SUITE])
                .env("OCI_REGISTRY", registry.host())
                .env("OCI_TLS", "disabled")
                .env("OCI_VERSION", version)
                .env("OCI_USERNAME", "user")
                .env("OCI_PASSWORD", "password")
                .env("OCI_REPO1", format!("conformance/{version}/one"))
                .env("OCI_REPO2", format!("conformance/{version}/two"))
                .env("OCI_API_BLOBS_UPLOAD_CANCEL", "true")
                .env("OCI_API_BLOBS_DIGEST_HEADER", "true")
                .env("OCI_API_MANIFESTS_DIGEST_HEADER", "true")
                .env("OCI_RESULTS_DIR", results.path())
                .output()
                .unwrap();
            let report = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{version}: {report}");
            assert!(report.contains("Blob chunked"), "the suite ran nothing: {report}");
        }
    }
}
