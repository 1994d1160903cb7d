//! Values that must never be shown, and URLs without their secret parts.

use std::fmt;

use url::Url;

/// A password, a token or a key: it has no `Display`, and `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` from being shown.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that must send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// A URL as it may be shown: without user information, query and fragment, which carry passwords and signatures.
pub(crate) fn redact(url: &Url) -> String {
    let mut shown = url.clone();
    // Both only fail for URLs that cannot carry user information at all.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("canary");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.reveal(), "canary");
    }

    #[test]
    fn urls_are_shown_without_user_query_and_fragment() {
        let url = Url::parse("https://user:canary@h.example:8443/v2/a?sig=canary#canary").unwrap();
        assert_eq!(redact(&url), "https://h.example:8443/v2/a");
    }
}
