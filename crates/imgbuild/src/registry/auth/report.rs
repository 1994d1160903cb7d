//! Which credential and which permissions apply: what `imgbuild auth` shows. Never a secret.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Method;
use reqwest::header::WWW_AUTHENTICATE;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::super::Error;
use super::super::client::Client;
use super::super::transport::Request;
use super::challenge::Challenge;
use super::credentials::Credential;
use super::scope::Scopes;
use super::token::Token;
use crate::oci::Reference;

/// How a registry would see us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Standing {
    /// The repository that was asked about.
    pub repository: String,
    /// The places that were looked at for credentials, in order.
    pub looked: Vec<String>,
    /// Where the credential came from; nothing where there is none.
    pub source: Option<String>,
    /// The user, where the credential names one.
    pub user: Option<String>,
    /// What the registry asks for: `bearer`, `basic`, or nothing.
    pub scheme: Option<String>,
    /// The scopes that a token was asked for.
    pub asked: Vec<String>,
    /// The scopes that were granted, by the token server's word, its token's, or a try.
    pub granted: Option<Vec<String>>,
    /// The scopes that are known to be missing.
    pub missing: Vec<String>,
    /// How long the token is used before it is renewed; seconds in JSON.
    #[serde(rename = "expiresInSeconds", serialize_with = "as_seconds")]
    pub expires_in: Option<Duration>,
    /// The denial, where there was one.
    pub denied: Option<String>,
}

impl Client {
    /// Finds out who we are to the registry of `reference`, and what we may do with its repository.
    ///
    /// Where nothing says what a token is good for, it is tried: for a push an upload session is opened and deleted again.
    ///
    /// # Errors
    /// When credentials cannot be read or the registry cannot be asked. Being denied is an answer.
    pub async fn standing(&self, reference: &Reference, push: bool) -> Result<Standing, Error> {
        let (transport, endpoint) = (self.transport(), self.endpoint(reference));
        let path = reference.path();
        let lookup = endpoint.authorizer.lookup(transport, &endpoint, path).await?;
        let scopes = if push { Scopes::push(path) } else { Scopes::pull(path) };
        let base = endpoint.base(transport).await?;
        let url = base.join("v2/").map_err(|error| Error::Input(error.to_string()))?;
        let answer = transport.send(&endpoint, &Request::new(Method::GET, url)).await?;
        let challenge = Challenge::choose(answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()));
        let mut standing = Standing {
            repository: reference.repository(),
            looked: lookup.looked.clone(),
            source: lookup.found.as_ref().map(|found| found.source.clone()),
            user: lookup.found.as_ref().and_then(|found| match &found.credential {
                Credential::Password { user, .. } => Some(user.clone()),
                _ => None,
            }),
            scheme: challenge.as_ref().map(|challenge| challenge.scheme.clone()),
            asked: Vec::new(),
            granted: None,
            missing: Vec::new(),
            expires_in: None,
            denied: None,
        };
        let Some(challenge) = challenge.filter(|challenge| challenge.scheme == "bearer") else {
            self.try_it(reference, push, &mut standing).await?;
            return Ok(standing);
        };
        standing.asked = scopes.to_strings();
        match endpoint.authorizer.token(transport, &endpoint, &challenge, &scopes, lookup.found.as_ref()).await {
            Ok((token, _)) => {
                standing.expires_in = Some(token.until.saturating_duration_since(Instant::now()));
                if let Some(granted) = granted(&token) {
                    standing.missing = scopes.without(&granted).to_strings();
                    standing.granted = Some(granted.to_strings());
                } else {
                    self.try_it(reference, push, &mut standing).await?;
                }
            }
            Err(Error::Denied(denied)) => {
                standing.missing.clone_from(&denied.missing);
                standing.denied = Some(denied.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(standing)
    }

    /// Finds out by doing what no token and no registry says: reads a manifest, or opens an upload and deletes it.
    async fn try_it(&self, reference: &Reference, push: bool, standing: &mut Standing) -> Result<(), Error> {
        let tried = if push {
            let pusher = self.pusher(reference);
            let tried = pusher.prove_by_session().await;
            pusher.close().await;
            tried
        } else {
            self.head_at(reference, true).await.map(drop)
        };
        match tried {
            Ok(()) => standing.granted = Some(standing.asked.clone()).filter(|asked| !asked.is_empty()),
            Err(Error::Denied(denied)) => {
                standing.missing.clone_from(&denied.missing);
                standing.denied = Some(denied.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[expect(clippy::ref_option, reason = "serde hands references to `serialize_with`")]
fn as_seconds<S: serde::Serializer>(life: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    life.map(|life| life.as_secs()).serialize(serializer)
}

/// What the token server granted: by its own word, else by a look into the token, which is good for nothing but showing it.
fn granted(token: &Token) -> Option<Scopes> {
    if let Some(scope) = &token.granted {
        return Some(Scopes::parse(scope.split(' ')));
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.secret.reveal().split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let scopes: Vec<String> = claims.get("access")?.as_array()?.iter().filter_map(scope_of).collect();
    Some(Scopes::parse(scopes.iter().map(String::as_str)))
}

fn scope_of(claim: &Value) -> Option<String> {
    let actions: Vec<&str> = claim.get("actions")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(format!("{}:{}:{}", claim.get("type")?.as_str()?, claim.get("name")?.as_str()?, actions.join(",")))
}
