//! What we must not repeat: a server's error text may quote the password that it was sent, and that text goes into our errors.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use url::form_urlencoded;

use super::auth::Credential;
use super::secret::Secret;

/// What a shorter text says is no secret, and hiding it would garble every message.
const SHORTEST: usize = 4;

/// Every secret that was sent, in all the forms in which a server may say it back.
#[derive(Default)]
pub(crate) struct Veil(Mutex<Vec<String>>);

impl Veil {
    /// Hides this secret from now on.
    pub(crate) fn cover(&self, secret: &Secret) {
        self.add(secret.reveal());
    }

    /// Hides the secret parts of a credential from now on.
    pub(crate) fn cover_credential(&self, credential: &Credential) {
        match credential {
            Credential::Password { user, password } => {
                self.add(&format!("{user}:{}", password.reveal()));
                self.cover(password);
            }
            Credential::IdentityToken(token) | Credential::RegistryToken(token) => self.cover(token),
        }
    }

    fn add(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let escaped = serde_json::Value::from(secret).to_string();
        let mut forms = vec![secret.to_owned(), form_urlencoded::byte_serialize(secret.as_bytes()).collect()];
        forms.push(escaped.trim_matches('"').to_owned());
        // Go escapes these three in every JSON string, other writers the slash.
        forms.push(escaped.trim_matches('"').replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"));
        forms.push(escaped.trim_matches('"').replace('/', "\\/"));
        for engine in [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD] {
            forms.push(engine.encode(secret));
        }
        let mut hidden = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if !hidden.contains(&form) {
                hidden.push(form);
            }
        }
        // The longest first: `user:password` holds the password.
        hidden.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// A text without what is hidden.
    pub(crate) fn over(&self, text: &str) -> String {
        let hidden = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.iter().filter(|form| text.contains(form.as_str())).fold(text.to_owned(), |text, form| text.replace(form.as_str(), "***"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_in_every_form_and_nothing_else_is() {
        let veil = Veil::default();
        veil.cover_credential(&Credential::Password { user: "user".to_owned(), password: Secret::new("Ca<n>a/r+y=") });
        for said in [
            "Ca<n>a/r+y=",
            "user:Ca<n>a/r+y=",
            "Ca%3Cn%3Ea%2Fr%2By%3D",
            "Ca\\u003cn\\u003ea/r+y=",
            "Ca<n>a\\/r+y=",
            "Q2E8bj5hL3IreT0=",
            "dXNlcjpDYTxuPmEvcit5PQ==",
            "dXNlcjpDYTxuPmEvcit5PQ",
        ] {
            let shown = veil.over(&format!("wrong: {said}."));
            assert!(shown == "wrong: ***." || shown == "wrong: user:***.", "{said}: {shown}");
        }
        assert_eq!(veil.over("a user may not do this"), "a user may not do this");
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_is_left() {
        let veil = Veil::default();
        for short in ["", "a", "ban"] {
            veil.cover(&Secret::new(short));
        }
        assert_eq!(veil.over("a banana"), "a banana");
        veil.cover(&Secret::new("bana"));
        assert_eq!(veil.over("a banana"), "a ***na");
    }
}
