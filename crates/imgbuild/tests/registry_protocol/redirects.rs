//! Redirects: which are followed, and what goes along.

use imgbuild::blob::Blob;
use imgbuild::event::Outcome;
use imgbuild::registry::Error;
use imgbuild_testkit::registry::{Answer, Registry, What, When};

use crate::support::{blob_error, builder, image, layer, noise, reference, remote, tokens, user};

#[tokio::test]
async fn reading_follows_every_kind_of_redirect() {
    let bytes = noise(1_000, 1);
    for status in [301, 302, 303, 307, 308] {
        let registry = Registry::start();
        let client = builder().build();
        let blob = remote(&client, &registry, "other/place", &bytes);
        let image = image(10);
        registry.put_manifest("other/place", image.index.0.media_type.as_str(), image.index.1.clone());
        registry.tag("other/place", "1", image.index.0.digest.as_str());
        for what in [format!("blobs/{}", blob.digest()), "manifests/1".to_owned()] {
            let answer = Answer::bare(status).header("location", &format!("/v2/other/place/{what}"));
            registry.inject(When::request("*", &format!("/a/b/{what}")).then(What::Answer(answer)));
        }
        let moved = client.blob(&reference(&registry, "a/b"), blob.descriptor().clone());
        assert_eq!(moved.read(1 << 20).await.unwrap(), bytes, "{status}");
        assert_eq!(client.head(&reference(&registry, "a/b:1")).await.unwrap().unwrap().digest, image.index.0.digest, "{status}");
        assert_eq!(registry.count("GET", "/manifests/"), 0, "{status}: a HEAD stays a HEAD");
    }
}

#[tokio::test]
async fn writing_follows_only_what_keeps_its_method_and_its_host() {
    let blob = layer(noise(10_000, 1));
    for status in [307, 308] {
        let registry = Registry::start();
        let answer = Answer::bare(status).header("location", "/v2/a/b/blobs/uploads/");
        registry.inject(When::request("POST", "/blobs/uploads/").nth(1).then(What::Answer(answer)));
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.push_blob(&blob).await.unwrap(), Outcome::Sent, "{status}");
        assert_eq!(registry.count("POST", "/blobs/uploads/"), 2, "{status}");
    }
    let elsewhere = Registry::start();
    for (status, location) in [(301, "/x"), (302, "/x"), (303, "/x"), (307, elsewhere.url().as_str()), (308, elsewhere.url().as_str())] {
        let registry = Registry::start();
        let answer = Answer::bare(status).header("location", location);
        registry.inject(When::request("POST", "/blobs/uploads/").then(What::Answer(answer)));
        let error = builder().build().pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
        assert_eq!((error.status(), registry.count("*", "/x"), elsewhere.requests().len()), (Some(status), 0, 0), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_in_a_circle_ends() {
    let registry = Registry::start();
    registry.inject(When::request("HEAD", "*").then(What::Answer(Answer::bare(307).header("location", "/v2/a/b/manifests/1"))));
    let error = builder().build().head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");
    assert_eq!(registry.count("HEAD", "*"), 6);
}

#[tokio::test]
async fn a_storage_that_refuses_says_nothing_of_our_credentials() {
    for status in [401, 403] {
        let registry = Registry::builder()
            .tokens(tokens())
            .storage()
            .fault(When::request("GET", "/blobs/").authorized().then(What::RedirectToStorage))
            .start();
        let challenge = format!("Bearer realm=\"{}/token\",service=\"registry.test\"", registry.url());
        registry
            .inject_into_storage(When::request("GET", "*").then(What::Answer(Answer::bare(status).header("www-authenticate", &challenge))));
        let client = user(&registry, "reader", "readpw").build();
        let blob: Blob = remote(&client, &registry, "a/b", &noise(10, 1));
        let error = blob_error(blob.read(100).await.unwrap_err());
        assert!(matches!(error, Error::Status { .. }) && error.status() == Some(status), "{error:?}");
        assert_eq!((registry.token_requests().len(), registry.storage_log().unwrap().requests().len()), (1, 1), "{status}");
    }
}
