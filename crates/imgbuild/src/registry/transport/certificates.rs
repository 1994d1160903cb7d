//! What Docker's `certs.d` folders say of a host.

use std::path::{Path, PathBuf};

use crate::connection::{Authorities, Trust};

/// What the folder `HOST` in each of `folders` says: `*.crt` are authorities, `*.cert` with `*.key` is for us. `ca_file` is
/// trusted for every host.
pub(super) fn trust_of_host(host: &str, folders: &[PathBuf], ca_file: Option<&Path>, anybody: bool) -> Trust {
    let (mut authorities, mut identity): (Vec<PathBuf>, _) = (ca_file.map(Path::to_owned).into_iter().collect(), None);
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder.join(host)) else { continue };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let has = |path: &Path, extension: &str| path.extension().is_some_and(|own| own == extension);
        authorities.extend(paths.iter().filter(|path| has(path, "crt")).cloned());
        let pair = paths.iter().filter(|path| has(path, "cert")).map(|path| (path.clone(), path.with_extension("key")));
        identity = identity.or_else(|| pair.into_iter().next());
    }
    Trust { authorities: Authorities::System { and: authorities }, identity, anybody }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certs_d_gives_a_host_its_authority_and_our_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("registry.example:5000");
        std::fs::create_dir(&place).unwrap();
        for name in ["ca.crt", "client.cert", "client.key"] {
            std::fs::write(place.join(name), "").unwrap();
        }
        let folders = [PathBuf::from("/nonexistent"), folder.path().to_owned()];
        let expected = Trust {
            authorities: Authorities::System { and: vec![PathBuf::from("/ca.pem"), place.join("ca.crt")] },
            identity: Some((place.join("client.cert"), place.join("client.key"))),
            anybody: false,
        };
        assert_eq!(trust_of_host("registry.example:5000", &folders, Some(Path::new("/ca.pem")), false), expected);
        assert_eq!(trust_of_host("registry.example", &folders, None, false), Trust::default(), "another port is another host");
    }
}
