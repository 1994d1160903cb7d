//! Which endpoint a path names (distribution-spec, "Endpoints").

use super::digest::is_name;

/// An endpoint with the names taken from its path; the names are checked, references and digests are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Ping,
    Catalog,
    Tags { name: String },
    Referrers { name: String, digest: String },
    Manifest { name: String, reference: String },
    Blob { name: String, digest: String },
    Uploads { name: String },
    Upload { name: String, id: String },
    InvalidName,
    Unknown,
}

impl Route {
    pub(super) fn of(path: &str) -> Self {
        let path = path.replace("%3A", ":").replace("%3a", ":");
        let Some(rest) = path.strip_prefix("/v2") else { return Self::Unknown };
        if rest.is_empty() || rest == "/" {
            return Self::Ping;
        }
        let Some(rest) = rest.strip_prefix('/') else { return Self::Unknown };
        if rest == "_catalog" {
            return Self::Catalog;
        }
        let segments: Vec<&str> = rest.split('/').collect();
        let (take, make): (usize, fn(String, String) -> Self) = match segments.as_slice() {
            [.., "tags", "list"] => (2, |name, _| Self::Tags { name }),
            [.., "blobs", "uploads", ""] | [.., "blobs", "uploads"] => {
                let take = if rest.ends_with('/') { 3 } else { 2 };
                (take, |name, _| Self::Uploads { name })
            }
            [.., "blobs", "uploads", _] => (3, |name, id| Self::Upload { name, id }),
            [.., "blobs", _] => (2, |name, digest| Self::Blob { name, digest }),
            [.., "manifests", _] => (2, |name, reference| Self::Manifest { name, reference }),
            [.., "referrers", _] => (2, |name, digest| Self::Referrers { name, digest }),
            _ => return Self::Unknown,
        };
        let name = segments[..segments.len() - take].join("/");
        if !is_name(&name) {
            return Self::InvalidName;
        }
        make(name, segments.last().copied().unwrap_or_default().to_owned())
    }

    /// The repository that the endpoint is about.
    pub(super) fn repository(&self) -> Option<&str> {
        match self {
            Self::Tags { name }
            | Self::Referrers { name, .. }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. } => Some(name),
            Self::Ping | Self::Catalog | Self::InvalidName | Self::Unknown => None,
        }
    }
}

/// The decoded parameters of a query string.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(query: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let name = || "a/b".to_owned();
        let cases = [
            ("/v2/", Route::Ping),
            ("/v2", Route::Ping),
            ("/v2/_catalog", Route::Catalog),
            ("/v2/a/b/tags/list", Route::Tags { name: name() }),
            ("/v2/a/b/blobs/uploads/", Route::Uploads { name: name() }),
            ("/v2/a/b/blobs/uploads", Route::Uploads { name: name() }),
            ("/v2/a/b/blobs/uploads/1", Route::Upload { name: name(), id: "1".into() }),
            ("/v2/a/b/blobs/x%3Ay", Route::Blob { name: name(), digest: "x:y".into() }),
            ("/v2/a/b/manifests/t", Route::Manifest { name: name(), reference: "t".into() }),
            ("/v2/a/b/referrers/d", Route::Referrers { name: name(), digest: "d".into() }),
            ("/v2/blobs/tags/list", Route::Tags { name: "blobs".into() }),
            ("/v2/A/manifests/t", Route::InvalidName),
            ("/v2/manifests/t", Route::InvalidName),
            ("/v1/_ping", Route::Unknown),
            ("/v2x", Route::Unknown),
            ("/", Route::Unknown),
        ];
        for (path, route) in cases {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
