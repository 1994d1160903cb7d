//! One platform's image taken out of an index by `skopeo`, as other tools see it.

use std::path::Path;

use super::require;

/// Copies one Linux architecture's image from `source` to the OCI layout `destination`, tag `image`; a skip without `skopeo`.
///
/// The source is in skopeo's notation (`docker://…`, `oci:…`). `credentials` are `USER:PASSWORD`.
///
/// # Panics
/// Where skopeo refuses.
#[must_use]
pub fn copy_single(source: &str, architecture: &str, credentials: Option<&str>, destination: &Path) -> Option<()> {
    let skopeo = require("skopeo")?;
    let mut arguments = vec!["--override-os=linux".to_owned(), format!("--override-arch={architecture}")];
    if architecture == "arm64" {
        arguments.push("--override-variant=v8".to_owned());
    }
    arguments.extend(["copy".to_owned(), "--quiet".to_owned()]);
    if source.starts_with("docker://") {
        arguments.push("--src-tls-verify=false".to_owned());
    }
    arguments.extend(credentials.map(|credentials| format!("--src-creds={credentials}")));
    arguments.extend([source.to_owned(), format!("oci:{}:image", destination.display())]);
    skopeo.run(arguments);
    Some(())
}
