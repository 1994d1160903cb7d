//! Authorisation over HTTP: challenges, tokens, denials.

use super::*;

/// The quoted parameter of a challenge.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

async fn fetch_token(registry: &Registry, scopes: &[&str], user: Option<(&str, &str)>) -> Response {
    let mut request = client().get(format!("{}/token", registry.url())).query(&[("service", "registry.test")]);
    for scope in scopes {
        request = request.query(&[("scope", scope)]);
    }
    if let Some((name, password)) = user {
        request = request.basic_auth(name, Some(password));
    }
    request.send().await.unwrap()
}

async fn token_of(response: Response) -> String {
    let body: serde_json::Value = response.json().await.unwrap();
    body["token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

async fn start_upload(registry: &Registry, token: &str) -> Response {
    let uploads = format!("{}/v2/app/blobs/uploads/", registry.url());
    client().post(uploads).bearer_auth(token).send().await.unwrap()
}

fn tokens() -> Tokens {
    Tokens::new().user("writer", "writepw", &["pull", "push"]).user("reader", "readpw", &["pull"]).anonymous("library/*", &["pull"])
}

#[tokio::test]
async fn basic() {
    let users = Users::new().user("u", "p", &["pull"]).anonymous("open", &["pull"]);
    let registry = Registry::builder().basic(users).start();
    seed_image(&registry, "open", "t");
    seed_image(&registry, "shut", "t");
    let get = |path: &str, user: Option<(&str, &str)>| {
        let mut request = client().get(format!("{}{path}", registry.url()));
        if let Some((name, password)) = user {
            request = request.basic_auth(name, Some(password));
        }
        request.send()
    };
    let ping = get("/v2/", None).await.unwrap();
    assert_eq!((ping.status().as_u16(), header(&ping, "www-authenticate")), (401, "Basic realm=\"Registry Realm\""));
    for (path, user, wanted) in [
        ("/v2/", Some(("u", "p")), 200),
        ("/v2/", Some(("u", "wrong")), 401),
        ("/v2/open/manifests/t", None, 200),
        ("/v2/shut/manifests/t", None, 401),
        ("/v2/shut/manifests/t", Some(("u", "p")), 200),
    ] {
        assert_eq!(get(path, user).await.unwrap().status(), wanted, "{path} {user:?}");
    }
    let push = client().post(format!("{}/v2/shut/blobs/uploads/", registry.url())).basic_auth("u", Some("p"));
    assert_eq!(push.send().await.unwrap().status(), 403);
    assert_eq!(registry.requests()[1].authorization_scheme(), Some("Basic"));
}

#[tokio::test]
async fn challenge_token_and_rights() {
    let registry = Registry::builder().tokens(tokens()).start();
    seed_image(&registry, "library/base", "t");
    let refused = client().get(format!("{}/v2/app/tags/list", registry.url())).send().await.unwrap();
    let challenge = header(&refused, "www-authenticate").to_owned();
    assert_eq!(parameter(&challenge, "realm"), Some(format!("{}/token", registry.url())));
    assert_eq!(parameter(&challenge, "scope").as_deref(), Some("repository:app:pull"));

    let anonymous = token_of(fetch_token(&registry, &["repository:library/base:pull"], None).await).await;
    let pull = client().get(format!("{}/v2/library/base/manifests/t", registry.url())).bearer_auth(&anonymous);
    assert_eq!(pull.send().await.unwrap().status(), 200);

    let both = ["repository:app:pull,push", "repository:library/base:pull"];
    let writer = token_of(fetch_token(&registry, &both, Some(("writer", "writepw"))).await).await;
    assert_eq!(start_upload(&registry, &writer).await.status(), 202);
    assert_eq!(start_upload(&registry, &anonymous).await.status(), 401);
    assert_eq!(fetch_token(&registry, &both, Some(("writer", "wrong"))).await.status(), 401);

    let asked = registry.token_requests();
    assert_eq!(asked.len(), 3);
    assert_eq!((asked[1].user.as_deref(), &asked[1].scopes[..]), (Some("writer"), &both.map(str::to_owned)[..]));
    assert_eq!((asked[2].user.as_deref(), asked[2].issued), (None, false));
}

#[tokio::test]
async fn denials() {
    for (denial, token_status, push_status) in
        [(Denial::AtTokenServer, 401, 0), (Denial::InsufficientScope, 200, 401), (Denial::Forbidden, 200, 403)]
    {
        let registry = Registry::builder().tokens(tokens().denial(denial)).start();
        let answer = fetch_token(&registry, &["repository:app:pull,push"], Some(("reader", "readpw"))).await;
        assert_eq!(answer.status(), token_status, "{denial:?}");
        if token_status != 200 {
            continue;
        }
        assert_eq!(registry.token_requests()[0].granted, ["repository:app:pull"]);
        let push = start_upload(&registry, &token_of(answer).await).await;
        assert_eq!(push.status(), push_status);
        if push_status == 401 {
            assert!(header(&push, "www-authenticate").contains("error=\"insufficient_scope\""));
        } else {
            assert_eq!(code(push).await, "DENIED");
        }
    }
}

#[tokio::test]
async fn tokens_end() {
    let scope = ["repository:app:pull,push"];
    let user = Some(("writer", "writepw"));
    let registry = Registry::builder().tokens(tokens().requests_per_token(2)).start();
    let token = token_of(fetch_token(&registry, &scope, user).await).await;
    for wanted in [202, 202, 401] {
        assert_eq!(start_upload(&registry, &token).await.status(), wanted);
    }
    let token = token_of(fetch_token(&registry, &scope, user).await).await;
    registry.revoke_tokens();
    assert_eq!(start_upload(&registry, &token).await.status(), 401);

    let brief = tokens().lifetime(std::time::Duration::from_millis(1)).expires_in(None).field(TokenField::Both);
    let registry = Registry::builder().tokens(brief).start();
    let body: serde_json::Value = fetch_token(&registry, &scope, user).await.json().await.unwrap();
    assert_eq!((&body["token"], body.get("expires_in")), (&body["access_token"], None));
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(start_upload(&registry, body["token"].as_str().unwrap()).await.status(), 401);
}

#[tokio::test]
async fn oauth2_posts_on_a_port_of_their_own() {
    let registry = Registry::builder().tokens(tokens().refresh_token("identity", "reader").on_own_port()).start();
    let refused = client().get(format!("{}/v2/", registry.url())).send().await.unwrap();
    let realm = parameter(header(&refused, "www-authenticate"), "realm").unwrap();
    assert!(!realm.starts_with(&registry.url()));
    let post = |form: &[(&str, &str)]| {
        let common = [("service", "registry.test"), ("client_id", "t"), ("scope", "repository:app:pull,push repository:b:pull")];
        client().post(&realm).form(&[form, &common].concat()).send()
    };
    let password = [("grant_type", "password"), ("username", "writer"), ("password", "writepw"), ("access_type", "offline")];
    let body: serde_json::Value = post(&password).await.unwrap().json().await.unwrap();
    assert_eq!(start_upload(&registry, body["access_token"].as_str().unwrap()).await.status(), 202);
    let refresh = body["refresh_token"].as_str().unwrap();
    for (token, wanted) in [(refresh, 200), ("identity", 200), ("unknown", 401)] {
        let answer = post(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await.unwrap();
        assert_eq!(answer.status(), wanted, "{token}");
    }
    assert_eq!(client().post(&realm).form(&password).send().await.unwrap().status(), 400);
    assert_eq!(registry.token_requests()[0].scopes, ["repository:app:pull,push", "repository:b:pull"]);
    assert_eq!(registry.token_server_log().unwrap().count("POST", "/token"), 5);
    let get_only = Registry::builder().tokens(tokens().refuse_post(405)).start();
    let refused = client().post(format!("{}/token", get_only.url())).form(&password).send().await.unwrap();
    assert_eq!(refused.status(), 405);
}
